"""Networks trained on a task, or on trajectories of the original."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from plrnn_analysis.errors import ModelError
from plrnn_analysis.model import PLRNN

from ..canonical import CanonicalRNN
from ..model import ALRNN
from ..recipe import Member, Recipe
from ..seeds import generator_for
from ..tasks import Task
from ..trainer import Trainer
from .distillation import DistillationTask
from .practice import Practice, Say, State, states_on_the_way
from .replacing import Visited, visited_states
from .settings import SparsifySettings

__all__ = ["TaskPractice"]

BATCH = 64
# Trials or windows on which states are visited, and those of them from which free runs start.
TRIALS, FREE_RUNS = 100, 20


class TaskPractice(Practice):
    """Trains on the trials of a task.

    Parameters
    ----------
    network : PLRNN
        The original, with a readout.
    task : Task
        Its own task, or its trajectories.
    settings : SparsifySettings
    device : torch.device or str

    Raises
    ------
    ModelError
        If the network does not fit the task.
    """

    def __init__(
        self, network: PLRNN, task: Task, settings: SparsifySettings, device: torch.device | str = "cpu"
    ) -> None:
        if (len(task.input_names), len(task.output_names)) != (network.n_inputs, network.n_outputs):
            raise ModelError(
                f"the network has {network.n_inputs} inputs and {network.n_outputs} outputs, the task "
                f"{len(task.input_names)} and {len(task.output_names)}"
            )
        self._original, self._task, self._settings, self._device = network, task, settings, device
        self._distils = isinstance(task, DistillationTask)
        self.name, self.score_name, self.higher_is_better = task.name, task.score_name, task.higher_is_better
        self.threshold, self.chance, self.probes = task.threshold, task.chance, task.probes
        self._trials = task.held_out("validation", TRIALS, generator_for(settings.seed, "visited"))
        if self._distils:
            assert self._trials.initial is not None
            self.free_starts = self._trials.initial[:FREE_RUNS].numpy().astype(np.float64)
        self.init = settings.compare_init or ("data_gates" if self._distils else "leaky")

    def inside(self, network: PLRNN) -> PLRNN:
        """The network in the units of the trials that are drawn."""
        return self._task.in_training_units(network)

    def visited(self, network: PLRNN) -> Visited:
        """States on validation trials."""
        t = self._trials
        initial = None if t.initial is None else t.initial.numpy().astype(np.float64)
        lengths = None if t.lengths is None else t.lengths.numpy()
        return visited_states(self.inside(network), t.inputs.numpy().astype(np.float64), initial, lengths)

    def score(self, network: PLRNN) -> float:
        """The task's, on validation trials."""
        return self._trainer([network], Recipe(iterations=1)).validation_scores()[0]

    def test_score(self, network: PLRNN) -> float:
        """The task's, on test trials."""
        return self._trainer([network], Recipe(iterations=1)).test_scores()[0]

    def train(self, networks: Sequence[PLRNN], what: str, say: Say) -> list[list[State]]:
        """Train on with a falling learning rate."""
        s = self._settings
        recipe = Recipe(
            iterations=s.iterations,
            batch=s.batch or BATCH,
            lr=s.lr,
            hold=0.3,
            final_lr=0.03,
            curriculum=0.0,
            evaluations=1,
        )
        return self._states(self._trainer(networks, recipe), what, say)

    def train_new(
        self, pwl_units: int, seeds: Sequence[int], iterations: int, what: str, say: Say
    ) -> list[list[State]]:
        """From scratch, with the task's curriculum."""
        original = self.inside(self._original)
        stack = ALRNN(
            original.n_units,
            [min(pwl_units, original.n_units)] * len(seeds),
            original.n_inputs,
            original.n_outputs,
            init=self.init,
            generators=[generator_for(seed, "weights") for seed in seeds],
        )
        if self._distils:
            with torch.no_grad():
                stack.B.copy_(torch.from_numpy(np.array(original.B)))
                stack.b.copy_(torch.from_numpy(np.array(original.b)))
        recipe = Recipe(
            iterations=iterations,
            batch=self._settings.batch or BATCH,
            curriculum=0.0 if self._distils else 0.6,
            evaluations=1,
        )
        return self._states(self._trainer_of(stack, seeds, recipe), what, say)

    def _states(self, trainer: Trainer, what: str, say: Say) -> list[list[State]]:
        def look() -> list[tuple[PLRNN, float]]:
            networks = (self._task.in_user_units(trainer.network(i)) for i in range(len(trainer.members)))
            return list(zip(networks, trainer.validation_scores(), strict=True))

        return states_on_the_way(trainer, look, what, say)

    def _trainer(self, networks: Sequence[PLRNN], recipe: Recipe) -> Trainer:
        """A trainer that goes on with given networks, all on the same trials."""
        inner = [self.inside(network) for network in networks]
        model = CanonicalRNN(inner) if inner[0].relu_units is None else ALRNN.from_networks(inner)
        return self._trainer_of(model, [self._settings.seed] * len(inner), recipe)

    def _trainer_of(self, model: ALRNN | CanonicalRNN, seeds: Sequence[int], recipe: Recipe) -> Trainer:
        # What the original's outputs mean must not change where they are the data.
        frozen = ("B", "b") if self._distils else ()
        members = [Member(0, seed) for seed in seeds]
        units = self._original.n_units
        return Trainer(self._task, members, units, recipe, self._device, model=model, frozen=frozen)
