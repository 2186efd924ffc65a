"""Train a stack of models on a task."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import one_of, whole
from plrnn_analysis.errors import ModelError
from plrnn_analysis.model import PLRNN

from .architectures import new_stack
from .device import choose_device
from .exporting import to_plrnn
from .history import History, Performance
from .optimisation import StackedAdam, clip_gradients
from .recipe import Member, Recipe, curriculum_stage, learning_rate
from .regularisation import manifold_attractor_penalty
from .restrictions import initial_states, restrict
from .running import check_configuration, run_to_the_end
from .seeds import generator_for
from .sources import architecture_of, sources_of
from .stacks import NetworkStack, Stack
from .state import load_state, taking_over
from .stopping import Stopping
from .tasks.base import Batch, Task, stack_batches
from .tasks.objectives import Measure

__all__ = ["Trainer"]

_CHECKPOINT_SECONDS = 30.0
_EVALUATION_CHUNK = 250


@checked
class Trainer:
    """Trains all members of a stack at once, each with its own data, gradient norm and random numbers.

    Parameters
    ----------
    task : Task
    members : sequence of Member
        What each model is and what it is trained on. What it learns does not depend on the others, except for rounding.
    n_units : int
        M.
    recipe : Recipe, optional
    device : torch.device or str, optional
    model : Stack, optional
        Models to train on, one a member, instead of new ones.
    frozen : sequence of str, optional
        Weights that stay as they are, e.g. ``("B", "b")``.

    Attributes
    ----------
    model : Stack
        The models.
    iteration : int
        Iterations done.
    reinitialised : list of int
        How often each model was started again because its loss or gradient was not finite.
    history : History
    stopping : Stopping
        Best validation scores, and which models have run out of patience.

    Raises
    ------
    ModelError
        On members or sizes that do not make a model.

    Notes
    -----
    A model whose gradient is not finite gets new initial weights and empty Adam moments and goes on with the schedule
    of the stack; merely skipping its step would leave it stuck. One that was given goes back to the weights it
    came with. Adam's bias correction is shared by the stack, so such a model takes steps up to about twice as large for
    its first 30 iterations.
    """

    def __init__(
        self,
        task: Task,
        members: Sequence[Member],
        n_units: int,
        recipe: Recipe | None = None,
        device: torch.device | str = "cpu",
        *,
        model: Stack | None = None,
        frozen: Sequence[str] = (),
    ) -> None:
        self.task, self.members, self.n_units = task, tuple(members), n_units
        self.recipe = Recipe() if recipe is None else recipe
        self.device = choose_device(str(device))
        self._weight_generators = [generator_for(m.seed, "weights") for m in self.members]
        self._batch_generators = [generator_for(m.seed, "batches") for m in self.members]
        given = model is not None
        if model is None:
            model = new_stack(
                architecture_of(self.members),
                task,
                n_units,
                [m.pwl_units for m in self.members],
                self.recipe.init,
                self._weight_generators,
            )
        self.model = model.to(self.device)
        for name, core in self.model.cores.items():
            if self.recipe.regularised_units > core.n_units:
                raise ModelError(
                    f"regularised_units must be at most the number of units {core.n_units}"
                    f"{f' of the {name}' if name else ''}, got {self.recipe.regularised_units}"
                )
        weights = dict(self.model.named_parameters())
        for name in frozen:
            weights[one_of("frozen", name, weights)].requires_grad_(False)
        restrict(self.model, self.recipe)
        self._parameters = [p for p in self.model.parameters() if p.requires_grad]
        self._start = [p.detach().clone() for p in self._parameters] if given else None
        self.optimiser = StackedAdam(self._parameters, self.recipe.betas, self.recipe.weight_decay)
        self._schedules = [self.recipe if m.lr is None else replace(self.recipe, lr=m.lr) for m in self.members]
        self._stages: list[Task] = [*task.curriculum(), task]
        self._sources = sources_of(self._stages, self.members)
        self.iteration = 0
        self.seconds = 0.0
        self.reinitialised = [0] * len(self.members)
        self.history = History([], [], [])
        self.stopping = Stopping(self.recipe, task.higher_is_better, self._parameters)
        self._validation = task.held_out(
            "validation", self.recipe.validation_trials, generator_for(0, "validation")
        ).to(self.device)
        self._evaluate_every = max(1, self.recipe.iterations // self.recipe.evaluations)

    @property
    def finished(self) -> bool:
        """Whether all iterations are done, or all models have run out of patience."""
        return self.iteration >= self.recipe.iterations or all(self.stopping.stopped)

    @property
    def stage(self) -> Task:
        """The version of the task that the next iteration trains on."""
        return curriculum_stage(self.recipe, self.iteration, self._stages)

    def step(self) -> None:
        """One iteration: a batch for every model, gradients, clipping by model, one Adam step."""
        stage = self.stage
        drawn = [
            curriculum_stage(self.recipe, self.iteration, own).sample(self.recipe.batch, generator)
            for own, generator in zip(self._sources, self._batch_generators, strict=True)
        ]
        batch = stack_batches(drawn).to(self.device)
        self.optimiser.zero_grad()
        initial = self._initial(batch, self.recipe.batch, self._batch_generators)
        losses = stage.loss(self.model(batch.inputs, initial, stage.scored_steps), batch.targets, batch.mask)
        if self.recipe.tau and self.recipe.regularised_units:
            for core in self.model.cores.values():
                penalty = manifold_attractor_penalty(core.A, core.W, core.h, self.recipe.regularised_units)
                losses = losses + self.recipe.tau * penalty
        # The models share no parameter: the gradient of the sum is the gradient of each.
        losses.sum().backward()
        diverged = self._clip_gradients(losses.detach())
        stopped = self.stopping.stopped
        self.optimiser.step(
            [
                0.0 if done else learning_rate(schedule, self.iteration)
                for done, schedule in zip(stopped, self._schedules, strict=True)
            ]
        )
        # After the optimiser's step, or its moments would be written again.
        for index in diverged:
            if not stopped[index]:
                self._restart(index)
        self.iteration += 1
        last = self.iteration >= self.recipe.iterations
        if self.iteration % self._evaluate_every == 0 or last:
            self._record()
        if last:
            self.stopping.finish()

    def evaluate(self, batch: Batch) -> list[float]:
        """Score of every model on the same trials.

        Parameters
        ----------
        batch : Batch
            With inputs (batch, T, ...), on any device.

        Returns
        -------
        list of float
        """
        return self._measure(self.task.score, self._outputs(batch), batch)

    def validation_scores(self, trials: int = 2000) -> list[float]:
        """Score of every model on validation trials, for choosing among them."""
        return self.evaluate(self.task.held_out("selection", trials, generator_for(0, "selection")))

    def test_scores(self) -> list[float]:
        """Score of every model on the test set, which nothing else looks at."""
        return self.evaluate(self._test_trials())

    def condition_scores(self) -> list[dict[str, float]]:
        """Test score of every model by kind of trial, and the task's further scores; both may be missing."""
        return [result.conditions for result in self.test_performance()]

    def test_performance(self) -> list[Performance]:
        """Score, loss, score by kind of trial and the task's further scores of every model on the test set."""
        batch = self._test_trials()
        outputs = self._outputs(batch)
        scores, losses = (self._measure(m, outputs, batch) for m in (self.task.score, self.task.loss))
        found: list[dict[str, float]] = [{} for _ in self.members]
        kinds = torch.zeros(0) if batch.conditions is None else batch.conditions
        for index, name in enumerate(self.task.condition_names):
            chosen = torch.nonzero(kinds == index).flatten()
            if len(chosen):
                own = self._measure(self.task.score, outputs[:, chosen.to(outputs.device)], batch.select(chosen))
                for by_condition, score in zip(found, own, strict=True):
                    by_condition[name] = score
        for name, values in self._further_scores(outputs, batch).items():
            for by_name, score in zip(found, values, strict=True):
                by_name[name] = score
        return [Performance(*values) for values in zip(scores, losses, found, strict=True)]

    def run(
        self,
        state_path: Path | None = None,
        on_progress: Callable[[Trainer], None] | None = None,
        save_every: float = _CHECKPOINT_SECONDS,
    ) -> bool:
        """Train until done or asked to stop (Ctrl-C, SIGTERM).

        Parameters
        ----------
        state_path : Path, optional
            Where to keep the state: every now and then, when stopped, and at the end.
        on_progress : callable, optional
            Called with the trainer after each iteration.
        save_every : float, optional
            Seconds between two saved states.

        Returns
        -------
        bool
            Whether all iterations are done; False means stopped early, with the state saved.
        """
        products = len(self.members) * self.recipe.batch * self.n_units**2
        return run_to_the_end(self, products, self.device, state_path, on_progress, save_every)

    def networks(self, index: int) -> dict[str, PLRNN]:
        """The networks inside one of the models as they are now, by name, for analysis; none for some architectures."""
        index = whole("index", index, 0, len(self.members) - 1, remark=f"(there are {len(self.members)} members)")
        if isinstance(self.model, NetworkStack):
            return {"": self.model.network(index)}
        return {name: to_plrnn(core.member(index)) for name, core in self.model.cores.items()}

    def network(self, index: int) -> PLRNN:
        """One of the models as it is now, for analysis; the first network inside it where there are several.

        Raises
        ------
        ModelError
            If its architecture cannot be analysed.
        """
        networks = self.networks(index)
        if not networks:
            raise ModelError(
                f"a model of the architecture {self.members[index].architecture!r} has no network to analyse"
            )
        return next(iter(networks.values()))

    def progress_text(self) -> str:
        """A few words about the last evaluation: the median validation score of the smallest and the largest P."""
        if not self.history.iteration:
            return ""
        values = sorted({m.pwl_units for m in self.members})
        parts = []
        for p in dict.fromkeys((values[0], values[-1])):
            own = [s for m, s in zip(self.members, self.history.validation[-1], strict=True) if m.pwl_units == p]
            parts.append(f"P={p}: {median(own):.2g}")
        return f"{self.task.score_name} {', '.join(parts)}"

    def state(self) -> dict[str, Any]:
        """Everything that a later :meth:`restore` needs to go on as if never interrupted."""
        return {
            "configuration": self._configuration(),
            "iteration": self.iteration,
            "seconds": self.seconds,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "weight_generators": [g.get_state() for g in self._weight_generators],
            "batch_generators": [g.get_state() for g in self._batch_generators],
            "reinitialised": list(self.reinitialised),
            "history": asdict(self.history),
            "stopping": self.stopping.state_dict(),
        }

    def restore(self, path: Path) -> None:
        """Take over the state in a file.

        Parameters
        ----------
        path : Path

        Raises
        ------
        CheckpointError
            If the file is no training state, or one of a run with other settings.
        """
        state = load_state(path)
        with taking_over(path):
            check_configuration(path, state["configuration"], self._configuration())
            self._take_over(state)

    def _take_over(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        for generators, states in (
            (self._weight_generators, state["weight_generators"]),
            (self._batch_generators, state["batch_generators"]),
        ):
            for generator, value in zip(generators, states, strict=True):
                generator.set_state(value)
        self.iteration, self.seconds = state["iteration"], state["seconds"]
        self.reinitialised = list(state["reinitialised"])
        self.history = History(**state["history"])
        self.stopping.load_state_dict(state["stopping"])

    def _configuration(self) -> dict[str, Any]:
        recipe = asdict(self.recipe)
        recipe["betas"] = list(recipe["betas"])
        members = [asdict(m) for m in self.members]
        return {**self.task.metadata(), **recipe, "units": self.n_units, "members": members}

    @torch.no_grad()
    def _outputs(self, batch: Batch) -> Tensor:
        """Of every model for the same trials, (E, batch, S, N)."""
        parts = [
            torch.arange(start, min(start + _EVALUATION_CHUNK, len(batch.inputs)))
            for start in range(0, len(batch.inputs), _EVALUATION_CHUNK)
        ]
        chosen = (batch.select(part).to(self.device) for part in parts)
        generators = [generator_for(0, "initial states") for _ in self.members]
        return torch.cat(
            [self.model(b.inputs, self._initial(b, len(b.inputs), generators), self.task.scored_steps) for b in chosen],
            dim=1,
        )

    def _initial(self, batch: Batch, trials: int, generators: Sequence[torch.Generator]) -> Tensor | None:
        """States before the first step: those of the task, or as the recipe draws them; None is zero."""
        if batch.initial is not None:
            return batch.initial
        drawn = initial_states(self.recipe, trials, self.n_units, generators)
        return None if drawn is None else drawn.to(self.device)

    @torch.no_grad()
    def _measure(self, measure: Measure, outputs: Tensor, batch: Batch) -> list[float]:
        wanted = batch.to(self.device).expand(len(self.members))
        return [float(value) for value in measure(outputs, wanted.targets, wanted.mask).cpu()]

    @torch.no_grad()
    def _further_scores(self, outputs: Tensor, batch: Batch) -> dict[str, list[float]]:
        wanted = batch.to(self.device).expand(len(self.members))
        found = self.task.further_scores(outputs, wanted.targets, wanted.mask)
        return {name: [float(value) for value in values.cpu()] for name, values in found.items()}

    def _test_trials(self) -> Batch:
        return self.task.held_out("test", self.recipe.test_trials, generator_for(0, "test"))

    def _clip_gradients(self, losses: Tensor) -> list[int]:
        """Scale every model's gradient to at most `clip`; zero and return those that are not finite."""
        return clip_gradients(self._parameters, losses, self.recipe.clip)

    def _restart(self, index: int) -> None:
        if self._start is not None:
            with torch.no_grad():
                for parameter, value in zip(self._parameters, self._start, strict=True):
                    parameter[index].copy_(value[index])
        else:
            self.model.reinitialise(index, self.recipe.init, self._weight_generators[index])
        self.optimiser.forget(index)
        self.stopping.forgive(index)
        self.reinitialised[index] += 1

    def _record(self) -> None:
        scores = self.evaluate(self._validation)
        self.history.iteration.append(self.iteration)
        self.history.validation.append(scores)
        exact = []
        for index in range(len(self.members)):
            networks = self.networks(index)
            score = self.task.exact_score(networks[""]) if "" in networks else None
            exact.append(math.nan if score is None else score)
        self.history.exact.append(exact)
        self.stopping.look(self.iteration, scores, self.stage is self._stages[-1])
