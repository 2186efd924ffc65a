"""Training of a stack of networks on windows of a series, by teacher forcing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from plrnn_analysis.model import PLRNN

from ..initialisation import initial_weights
from ..model import ALRNN
from ..optimisation import clip_gradients, forget_moments
from ..recipe import learning_rate
from ..regularisation import manifold_attractor_penalty
from ..running import check_configuration, run_to_the_end
from ..seeds import generator_for
from ..sequence import Forcing
from ..state import load_state, taking_over
from .conversion import Given, in_units_of_data, own_standardisation
from .measures import HOPELESS, validation_score
from .members import FitHistory, FitMember
from .readouts import principal_readout
from .recipe import FitRecipe
from .series import Split, together
from .windows import Standardisation, WindowBatch, Windows

__all__ = ["Fitter"]


class Fitter:
    """Trains all members at once and keeps of each the best state.

    Parameters
    ----------
    data : Split
        Its held-out part is not looked at.
    members : sequence of FitMember
        With one number P. Where their forcing differs, one interval or α is kept on the way.
    n_units : int
    recipe : FitRecipe
    device : torch.device or str, optional
    networks : sequence of PLRNN, optional
        AL-RNNs in the units of the data to go on from, one a member, instead of new ones. Where their readout is the
        identity but for the units of each channel, it stays as it is.

    Attributes
    ----------
    members : tuple of FitMember
        Those that are still trained.
    iteration : int
    reinitialised : list of int
        How often each was started again because its loss or gradient was not finite.
    choice : dict of float to float
        Median score of each interval or α that was tried, at the time of the choice.
    history : FitHistory
    best_scores : list of float
        Of each the best score so far.
    best_iterations : list of int
        When it had it.
    """

    def __init__(
        self,
        data: Split,
        members: Sequence[FitMember],
        n_units: int,
        recipe: FitRecipe,
        device: torch.device | str = "cpu",
        *,
        networks: Sequence[PLRNN] | None = None,
    ) -> None:
        self.data, self.members, self.n_units, self.recipe = data, tuple(members), n_units, recipe
        self.device = torch.device(device)
        self.standardisation = Standardisation.of(data.training)
        if networks is not None:
            self.standardisation = own_standardisation(networks[0], self.standardisation)
        self.windows = Windows(data.training, self.standardisation, recipe.window, self.device)
        self._seen = together(data.training, data.validation)
        self._first_members = self.members
        self._generators = [generator_for(m.seed, "weights") for m in self.members]
        self._window_generators = [generator_for(m.seed, "windows") for m in self.members]
        self._noise_generators = [generator_for(m.seed, "noise") for m in self.members]
        n, k = data.training.n_channels, data.training.n_inputs
        self._given = None if networks is None else [Given.of(network, self.standardisation) for network in networks]
        if self._given is None:
            self.model = ALRNN(
                n_units, [m.pwl_units for m in self.members], k, n, init="data_gates", generators=self._generators
            )
            self._n_fixed = n if recipe.readout == "identity" else 0
        else:
            self.model = ALRNN.from_networks([given.network for given in self._given])
            self._n_fixed = n if self._given[0].identity else 0
        self.model.to(self.device)
        self._begin = nn.Parameter(torch.zeros(len(self.members), n_units, n, device=self.device))
        self._begin_offset = nn.Parameter(torch.zeros(len(self.members), n_units, device=self.device))
        if self._given is None and recipe.readout == "linear":
            self._principal = principal_readout(data.training, self.standardisation, n_units, self.members[0].pwl_units)
        for index in range(len(self.members)):
            self._begin_member(index)
        self.optimiser = self._new_optimiser()
        self.iteration, self.seconds = 0, 0.0
        self.reinitialised = [0] * len(self.members)
        self.choice: dict[float, float] = {}
        self.history = FitHistory([], [], [])
        self.best_scores = [HOPELESS] * len(self.members)
        self._best = [self._weights(index) for index in range(len(self.members))]
        self.best_iterations = [0] * len(self.members)
        self._loss = torch.zeros(len(self.members), device=self.device)
        self._evaluate_every = max(1, recipe.iterations // recipe.evaluations)
        self._choose_at = max(1, round(recipe.trial_share * recipe.iterations))
        self._gain = self._forcing_pattern()

    @property
    def finished(self) -> bool:
        """Whether all iterations are done, or no model has become better for long enough."""
        if self.iteration >= self.recipe.iterations:
            return True
        patience = self.recipe.patience
        late = [self.iteration - best for best in self.best_iterations]
        return patience is not None and not self.undecided and min(late) >= patience * self._evaluate_every

    @property
    def undecided(self) -> bool:
        """Whether several intervals or values of α are still tried."""
        return len({m.strength for m in self.members}) > 1

    def step(self) -> None:
        """One iteration: windows, gradients, clipping by model, one step of Adam."""
        batch = self.windows.draw(self._window_generators, self.recipe.batch)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.recipe, self.iteration)
        self.optimiser.zero_grad(set_to_none=True)
        losses = self._losses(batch)
        penalised = losses
        if self.recipe.tau and self.recipe.regularised_units:
            model = self.model
            penalty = manifold_attractor_penalty(model.A, model.W, model.h, self.recipe.regularised_units)
            penalised = losses + self.recipe.tau * penalty
        penalised.sum().backward()
        diverged = clip_gradients(self._trained, penalised.detach(), self.recipe.clip)
        self.optimiser.step()
        # After the optimiser's step, or its moments would be written again.
        for index in diverged:
            self._begin_member(index, again=True)
            forget_moments(self.optimiser, index)
            self.reinitialised[index] += 1
        self._loss = losses.detach()
        self.iteration += 1
        choose = self.undecided and self.iteration >= self._choose_at
        if choose or self.iteration % self._evaluate_every == 0 or self.iteration >= self.recipe.iterations:
            self._evaluate()
        if choose:
            self._choose()

    def network(self, index: int, best: bool = True) -> PLRNN:
        """One member for analysis, in the units of the data.

        Parameters
        ----------
        index : int
        best : bool, optional
            Its best state so far, or else the present one.

        Returns
        -------
        PLRNN
            As :func:`plrnn_training.fitting.conversion.in_units_of_data` makes it.
        """
        weights = self._best[index] if best else self._weights(index)
        return in_units_of_data(weights, self.model.relu_units_of(index), self.standardisation, self.data.training)

    def gain(self, index: int) -> float:
        """How strongly data steer a member where they steer it at every step."""
        alpha = self.members[index].alpha
        return 1.0 if alpha is None else alpha

    def run(
        self,
        state_path: Path | None = None,
        on_progress: Callable[[Fitter], None] | None = None,
        save_every: float = 30.0,
    ) -> bool:
        """Train until done or asked to stop (Ctrl-C, SIGTERM).

        Parameters
        ----------
        state_path : Path, optional
            Where to keep the state: every `save_every` seconds, when stopped, and at the end.
        on_progress : callable, optional
            Called with the fitter after each iteration.
        save_every : float, optional

        Returns
        -------
        bool
            Whether training is finished; False means stopped early, with the state saved.
        """
        products = len(self.members) * self.recipe.batch * self.n_units**2
        return run_to_the_end(self, products, self.device, state_path, on_progress, save_every)

    def progress_text(self) -> str:
        """A few words about the last evaluation."""
        if not self.history.iteration:
            return ""
        return f"score best {min(self.best_scores):.2f}, median {median(self.best_scores):.2f}"

    def state(self) -> dict[str, Any]:
        """Everything that a later :meth:`restore` needs to go on as if never interrupted."""
        return {
            "configuration": self._configuration(),
            "kept": [self._first_members.index(m) for m in self.members],
            "iteration": self.iteration,
            "seconds": self.seconds,
            "model": self.model.state_dict(),
            "begin": [self._begin.detach(), self._begin_offset.detach()],
            "optimiser": self.optimiser.state_dict(),
            "generators": [[g.get_state() for g in own] for own in self._all_generators()],
            "reinitialised": list(self.reinitialised),
            "choice": [list(item) for item in self.choice.items()],
            "history": asdict(self.history),
            "best_scores": list(self.best_scores),
            "best_iterations": list(self.best_iterations),
            "best": self._best,
        }

    def restore(self, path: Path) -> None:
        """Take over the state in a file.

        Parameters
        ----------
        path : Path

        Raises
        ------
        CheckpointError
            If the file is no training state, or one of a run with other settings or data.
        """
        state = load_state(path)
        with taking_over(path):
            check_configuration(path, state["configuration"], self._configuration())
            self._take_over(state)

    def _take_over(self, state: dict[str, Any]) -> None:
        if len(state["kept"]) < len(self.members):
            self._keep(state["kept"])
        self.model.load_state_dict(state["model"])
        with torch.no_grad():
            self._begin.copy_(state["begin"][0])
            self._begin_offset.copy_(state["begin"][1])
        self.optimiser.load_state_dict(state["optimiser"])
        for own, states in zip(self._all_generators(), state["generators"], strict=True):
            for generator, value in zip(own, states, strict=True):
                generator.set_state(value)
        self.iteration, self.seconds = state["iteration"], state["seconds"]
        self.reinitialised = list(state["reinitialised"])
        self.choice = dict(state["choice"])
        self.history = FitHistory(**state["history"])
        self.best_scores, self.best_iterations = list(state["best_scores"]), list(state["best_iterations"])
        self._best = [{name: value.to(self.device) for name, value in w.items()} for w in state["best"]]

    def _configuration(self) -> dict[str, Any]:
        recipe = {name: value for name, value in asdict(self.recipe).items() if name != "betas"}
        members = [[m.pwl_units, m.seed, m.strength] for m in self._first_members]
        data = [[part.n_steps, float(np.nansum(np.concatenate(part.trials)))] for part in vars(self.data).values()]
        return {**recipe, "units": self.n_units, "members": members, "data": data}

    def _all_generators(self) -> list[list[torch.Generator]]:
        return [self._generators, self._window_generators, self._noise_generators]

    @property
    def _trained(self) -> list[nn.Parameter]:
        names = ("A", "W", "C", "h", *(() if self._n_fixed else ("B", "b")))
        return [*(getattr(self.model, name) for name in names), self._begin, self._begin_offset]

    def _new_optimiser(self) -> torch.optim.Adam:
        return torch.optim.Adam(self._trained, lr=self.recipe.lr, betas=self.recipe.betas)

    def _begin_member(self, index: int, again: bool = False) -> None:
        """First weights of the map from an observation to a state, and of a linear readout; `again`: of all."""
        if self._given is not None:
            self._begin_as_given(index, again)
            return
        if again:
            self.model.reinitialise(index, "data_gates", self._generators[index])
        with torch.no_grad():
            if self.recipe.readout == "linear":
                # The units that begin as principal components take the place of observed ones.
                q, p = self._principal.shape[1], self.members[index].pwl_units
                weights = initial_weights(
                    "data_gates", self.n_units, p, self.model.n_inputs, q, self._generators[index]
                )
                for name in ("A", "W", "C", "h"):
                    getattr(self.model, name)[index].copy_(weights[name])
                self.model.B[index].zero_()
                self.model.B[index][:, :q].copy_(self._principal)
            self._begin[index].copy_(torch.linalg.pinv(self.model.B[index]))
            self._begin_offset[index].zero_()

    def _begin_as_given(self, index: int, again: bool) -> None:
        assert self._given is not None
        given = self._given[index]
        with torch.no_grad():
            if again:
                same = ALRNN.from_networks([given.network])
                for name, value in same.named_parameters():
                    getattr(self.model, name)[index].copy_(value[0])
            self._begin[index].copy_(torch.from_numpy(given.begin))
            self._begin_offset[index].copy_(torch.from_numpy(given.begin_offset))

    def _forcing_pattern(self) -> Tensor:
        """Gain (E, T, 1, 1) of each member at each step of a window."""
        gain = torch.zeros(len(self.members), self.windows.length, 1, 1)
        for row, member in zip(gain, self.members, strict=True):
            if member.interval is None:
                row[:] = member.strength
                row[0] = 1.0
            else:
                row[:: member.interval] = 1.0
        return gain.to(self.device)

    def _losses(self, batch: WindowBatch) -> Tensor:
        """Mean squared error of one-step predictions, by model."""
        model, x = self.model, batch.observations
        forcing_x, present = x[:, :-1], batch.present
        gain = self._gain.expand(*forcing_x.shape)
        if present is not None:
            gain = gain * present[:, :-1]
        if self.recipe.noise:
            shape = forcing_x.shape[1:]
            noise = torch.stack([torch.randn(*shape, generator=g) for g in self._noise_generators])
            forcing_x = forcing_x + self.recipe.noise * noise.to(self.device)
        B, b = model.B.detach(), model.b.detach()
        back = B.mT if self._n_fixed else torch.linalg.pinv(B)
        rows = torch.arange(self.n_units, device=self.device) < self._n_fixed
        begin = torch.where(rows[:, None], B.mT, self._begin) if self._n_fixed else self._begin
        offset = torch.where(rows, 0.0, self._begin_offset)
        z0 = x[:, 0] @ begin.mT + offset.unsqueeze(1)
        forcing = Forcing(gain.contiguous(), forcing_x.contiguous(), B, b, back)
        states = model.states(batch.inputs, z0, forcing=forcing).transpose(1, 2)
        if self._n_fixed:
            outputs = states[..., : self._n_fixed]
        else:
            outputs = states @ model.B.mT.unsqueeze(1) + model.b[:, None, None]
        errors = (outputs - x[:, 1:]).square()
        if present is None:
            return errors.mean((1, 2, 3))
        there = present[:, 1:]
        return (errors * there).sum((1, 2, 3)) / there.sum((1, 2, 3)).clamp(min=1.0)

    def _weights(self, index: int) -> dict[str, Tensor]:
        w = {name: getattr(self.model, name)[index].detach().clone() for name in ("A", "W", "C", "h", "B", "b")}
        w["begin"], w["begin_offset"] = self._begin[index].detach().clone(), self._begin_offset[index].detach().clone()
        w["begin"][: self._n_fixed] = w["B"].mT[: self._n_fixed]
        w["begin_offset"][: self._n_fixed] = 0.0
        return w

    def _evaluate(self) -> None:
        scores = []
        for index in range(len(self.members)):
            weights = self._weights(index)
            if not all(bool(torch.isfinite(value).all()) for value in weights.values()):
                scores.append(HOPELESS)
                continue
            score = validation_score(
                self.network(index, best=False), self._seen, self.data.validation, self.standardisation.scale,
                self.gain(index),
            )  # fmt: skip
            scores.append(score)
            if score < self.best_scores[index]:
                self.best_scores[index], self._best[index] = score, weights
                self.best_iterations[index] = self.iteration
        self.history.iteration.append(self.iteration)
        self.history.score.append(scores)
        self.history.loss.append([float(value) for value in self._loss.cpu()])

    def _choose(self) -> None:
        """Go on with the interval or α whose models score best in the median."""
        tried = sorted({m.strength for m in self.members})
        self.choice = {
            value: median(s for m, s in zip(self.members, self.best_scores, strict=True) if m.strength == value)
            for value in tried
        }
        chosen = min(tried, key=lambda value: self.choice[value])
        self._keep([i for i, m in enumerate(self.members) if m.strength == chosen])

    def _keep(self, indices: Sequence[int]) -> None:
        """Go on with some of the members alone."""
        old, moments = self._trained, self.optimiser.state
        places = list(indices)
        self.model = self.model.members(places)
        self._begin = nn.Parameter(self._begin.detach()[places].clone())
        self._begin_offset = nn.Parameter(self._begin_offset.detach()[places].clone())
        self.optimiser = self._new_optimiser()
        for before, now in zip(old, self._trained, strict=True):
            if before in moments:
                self.optimiser.state[now] = {
                    name: value if value.ndim == 0 else value[places].clone() for name, value in moments[before].items()
                }
        if self._given is not None:
            self._given = [self._given[i] for i in places]
        for name in ("_generators", "_window_generators", "_noise_generators", "reinitialised", "best_scores"):
            setattr(self, name, [getattr(self, name)[i] for i in places])
        self._best, self.best_iterations = [self._best[i] for i in places], [self.best_iterations[i] for i in places]
        self.members = tuple(self.members[i] for i in places)
        self._gain = self._forcing_pattern()
