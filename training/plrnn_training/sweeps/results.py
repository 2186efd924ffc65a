"""The results of a sweep: one row per model, and what stands beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, ClassVar

from plrnn_analysis._frozen import Frozen
from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import one_of
from plrnn_analysis.errors import CheckpointError
from plrnn_analysis.tables import ResultSequence

from ..record_files import fields_of
from .row import SweepRow
from .storage import SETTINGS, SweepDirectory

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Curve", "Sweep", "SweepRow", "read_sweep"]


@dataclass(frozen=True, eq=False)
class Curve(Frozen):
    """Models of one kind that differ in their seed.

    Attributes
    ----------
    model : str
    pwl_units : int or None
    samples : int or None
    lr : float
        Of those that were tried, the one whose models have the best median score on the validation trials.
    scores : tuple of float
        On the test trials, one per seed.
    """

    model: str
    pwl_units: int | None
    samples: int | None
    lr: float
    scores: tuple[float, ...]

    @property
    def median(self) -> float:
        """Of the scores; NaN if more than half of the models have none."""
        return _median(self.scores)


@dataclass(frozen=True, eq=False)
class Sweep(ResultSequence[SweepRow]):
    """The finished models of a sweep, in the order of its grid.

    Attributes
    ----------
    task, variant : str
    metric : str
        What the scores measure.
    higher_is_better : bool
        Of the scores.
    n_units : int
        M.
    floor : float or None
        What the best affine predictor scores, see :class:`plrnn_training.floors.Floor`.
    floor_from : str
        How it was got; empty where it is not known.
    chance : float or None
        The score of an answer that does not look at the inputs.
    wanted : int
        Models of the whole sweep.
    floor_conditions : dict of str to float
        `floor` by kind of trial, where it is known.
    simple_baselines : dict of str to float
        Scores of simple models that are no networks, such as ``"bag_of_words"``.
    """

    _items: tuple[SweepRow, ...]
    task: str
    variant: str
    metric: str
    higher_is_better: bool
    n_units: int
    floor: float | None
    floor_from: str
    chance: float | None
    wanted: int
    floor_conditions: dict[str, float] = field(default_factory=dict)
    simple_baselines: dict[str, float] = field(default_factory=dict)

    columns: ClassVar[tuple[str, ...]] = (
        "model", "pwl_units", "seed", "samples", "lr", "score", "validation", "loss", "seconds", "checkpoint",
    )  # fmt: skip
    optional_columns: ClassVar[tuple[str, ...]] = ("samples",)

    @property
    def claim(self) -> str:
        """The best median, and how many models there are to be if some are not finished."""
        done = f"of {self.wanted} models; " if len(self) < self.wanted else ""
        curves = [c for c in self.curves() if not math.isnan(c.median)]
        if not curves:
            return f"{done}no scores yet"
        best = (max if self.higher_is_better else min)(curves, key=lambda c: c.median)
        name = f"P={best.pwl_units}" if best.model == "al_rnn" else best.model
        return f"{done}best median {self.metric} {best.median:.4g} at {name}"

    @property
    def sizes(self) -> tuple[int | None, ...]:
        """Data sizes, from the smallest; None, where trials are drawn as the task draws them, is the last."""
        found = {row.samples for row in self}
        return tuple(sorted(found, key=lambda n: math.inf if n is None else n))

    @property
    def conditions(self) -> tuple[str, ...]:
        """Kinds of trials that have scores of their own."""
        return tuple(dict.fromkeys(name for row in self for name in row.conditions))

    @checked
    def curves(self, condition: str | None = None) -> tuple[Curve, ...]:
        """For every kind of model and data size the scores of its seeds, at its best learning rate.

        Parameters
        ----------
        condition : str, optional
            A kind of trials; all trials by default. The learning rate is chosen by the score on all of them.

        Returns
        -------
        tuple of Curve
            Sorted by model, data size and P.
        """
        if condition is not None:
            one_of("condition", condition, self.conditions)
        groups: dict[tuple[Any, ...], dict[float, list[SweepRow]]] = {}
        for row in self:
            groups.setdefault((row.model, row.samples, row.pwl_units), {}).setdefault(row.lr, []).append(row)
        sign = 1 if self.higher_is_better else -1
        curves = []
        for (model, samples, pwl_units), by_rate in groups.items():
            # A median that is no number loses.
            quality = {lr: sign * _median([r.validation for r in rows]) for lr, rows in by_rate.items()}
            lr = max(quality, key=lambda rate: -math.inf if math.isnan(quality[rate]) else quality[rate])
            rows = by_rate[lr]
            scores = [r.score if condition is None else r.conditions.get(condition, math.nan) for r in rows]
            curves.append(Curve(model, pwl_units, samples, lr, tuple(scores)))
        return tuple(sorted(curves, key=_place))

    def plot(self, **options: Any) -> Figure:
        """The P-curve: medians and seeds against P, beside floor, chance and baselines; a panel for each data size.

        Parameters
        ----------
        **options
            Of :func:`plrnn_training.sweeps.figure.p_curve`.

        Returns
        -------
        Figure
        """
        from .figure import p_curve

        return p_curve(self, **options)


def _median(values: Sequence[float]) -> float:
    """NaN counts as worse than any number, so a minority of diverged models does not hide the others."""
    finite = [v for v in values if not math.isnan(v)]
    return median(finite) if 2 * len(finite) > len(values) else math.nan


def _place(curve: Curve) -> tuple[bool, str, float, float]:
    samples = math.inf if curve.samples is None else curve.samples
    return curve.model != "al_rnn", curve.model, samples, -1 if curve.pwl_units is None else curve.pwl_units


@checked
def read_sweep(path: Path | str) -> Sweep:
    """The results so far in the directory of a sweep.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    Sweep

    Raises
    ------
    CheckpointError
        If there is no sweep, or a file is damaged.
    """
    directory = SweepDirectory(Path(path))
    settings = directory.read_settings()
    if settings is None:
        raise CheckpointError(f"{path} holds no sweep: there is no sweep.json")
    found = [directory.read_result(name) for name in settings["models"]]
    about = fields_of(Sweep, settings["about"], directory.path / SETTINGS, but=("_items", "wanted"))
    return Sweep(tuple(row for row in found if row is not None), wanted=len(found), **about)
