"""Where a reproduction runs, how large it is, and the sweeps it shares."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

import plrnn_analysis
from plrnn_analysis.errors import ModelError
from plrnn_analysis.model import PLRNN
from plrnn_analysis.results import Trajectory

from ...seeds import generator_for
from ...sweeps import Sweep, SweepProgress, SweepRow, sweep
from ...tasks.base import Batch, Task
from ...tasks.registry import make_task, task_entry

__all__ = ["Context", "Trained"]


@dataclass(frozen=True)
class Trained:
    """A finished sweep and the directory of its networks.

    Attributes
    ----------
    found : Sweep
    task : Task
    directory : Path
    """

    found: Sweep
    task: Task
    directory: Path

    @property
    def rows(self) -> list[SweepRow]:
        """Its AL-RNNs; a model that diverged, without a score, is left out."""
        return [row for row in self.found if row.model == "al_rnn" and not math.isnan(row.score)]

    @property
    def pwl_units(self) -> list[int]:
        """The values of P, smallest first."""
        return sorted({row.pwl_units for row in self.rows if row.pwl_units is not None})

    def scores(self, pwl_units: int, samples: int | None = None) -> list[float]:
        """Test scores of the networks with that P, on that data size where one is given."""
        rows = [row for row in self.rows if row.pwl_units == pwl_units]
        return [row.score for row in rows if samples is None or row.samples == samples]

    def medians(self, samples: int | None = None) -> dict[int, float]:
        """Median score of each P."""
        told = {p: self.scores(p, samples) for p in self.pwl_units}
        return {p: float(np.median(scores)) for p, scores in told.items() if scores}

    def best(self, rows: Sequence[SweepRow] | None = None) -> SweepRow:
        """The network to show, chosen on the validation trials.

        Raises
        ------
        ModelError
            If there is none.
        """
        chosen = self.rows if rows is None else rows
        if not chosen:
            raise ModelError(f"{self.directory}: no network of this sweep can be shown")
        return (max if self.found.higher_is_better else min)(chosen, key=lambda row: row.validation)

    def networks(self, rows: Sequence[SweepRow] | None = None) -> Iterator[tuple[SweepRow, PLRNN]]:
        """Rows and their networks, from the checkpoints."""
        for row in self.rows if rows is None else rows:
            if row.checkpoint is not None:
                yield row, plrnn_analysis.load(self.directory / row.checkpoint)

    def run(self, network: PLRNN, trials: int, seed: int) -> tuple[Trajectory, Batch]:
        """Held-out trials through a network whose task needs no encoder, and the batch they come from."""
        batch = self.task.held_out("test", trials, generator_for(seed, "reproduce"))
        lengths = None if batch.lengths is None else batch.lengths.numpy()
        return network.run(batch.inputs.numpy().astype(np.float64), lengths=lengths), batch


@dataclass(frozen=True)
class Context:
    """Settings that all figures share.

    Attributes
    ----------
    out : Path
        Directory of figures; sweeps lie below it, so that a second run finds them.
    quick : bool
        The sizes that a laptop trains in minutes; otherwise the defaults of the tasks.
    device : str
    seed : int
        The first of the seeds.
    console : rich.console.Console
    """

    out: Path
    quick: bool
    device: str
    seed: int
    console: Console

    def train(self, task: str, variant: str | None = None, **in_short: Any) -> Trained:
        """Sweep a task, or take what an earlier call has trained.

        Parameters
        ----------
        task : str
        variant : str, optional
        **in_short
            Options of :func:`plrnn_training.sweeps.sweep` for the quick form, beside those of the task's recipe.
        """
        name = task if variant is None else f"{task}-{variant}"
        directory = self.out / "sweeps" / name
        with self.console.status(f"training: {name}") as status:

            def told(progress: SweepProgress) -> None:
                status.update(f"training: {name}, {progress.iterations} of {progress.all_iterations} iterations")

            found = sweep(
                task,
                variant=variant,
                recipe="quick" if self.quick else "default",
                out=directory,
                device=self.device,
                on_progress=told,
                seeds=self._seeds(task, variant),
                **(in_short if self.quick else {}),
            )
        return Trained(found, make_task(task, variant), directory)

    def _seeds(self, task: str, variant: str | None) -> list[int]:
        entry = task_entry(task)
        setting = entry.settings_of(variant or entry.variants[0])["quick" if self.quick else "default"]
        return [self.seed + k for k in range(setting.seeds)]
