"""What came of a fit: the networks, the baselines beside them, and how good a figure can be at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from plrnn_analysis._frozen import Frozen
from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole
from plrnn_analysis.errors import ModelError
from plrnn_analysis.model import PLRNN
from plrnn_analysis.tables import ResultSequence, Table

from .measures import Agreement, FreeRuns, free_runs
from .recipe import FitRecipe
from .series import Split

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Baseline", "Fit", "FitFloor", "FittedModel"]

SHOWN_STEPS = 20_000


@dataclass(frozen=True, eq=False)
class FittedModel(Frozen):
    """One network and its figures against the held-out data.

    Attributes
    ----------
    pwl_units, seed : int
    interval : int or None
        Of sparse forcing.
    alpha : float or None
        Of generalised forcing.
    validation_score : float
        By which it was chosen; smaller is better.
    agreement : Agreement
        Against the held-out data.
    iteration : int
        Of the state that was kept.
    reinitialised : int
        How often it diverged and was started again.
    model : PLRNN
        In the units of the data.
    checkpoint : str
        Name of its file.
    shown : bool
        Whether it is the one with the best validation score.
    """

    pwl_units: int
    seed: int
    interval: int | None
    alpha: float | None
    validation_score: float
    agreement: Agreement
    iteration: int
    reinitialised: int
    model: PLRNN
    checkpoint: str
    shown: bool

    @property
    def d_stsp(self) -> float:
        """Divergence of visited states."""
        return self.agreement.d_stsp

    @property
    def d_h(self) -> float:
        """Distance of power spectra."""
        return self.agreement.d_h

    @property
    def lambda_max(self) -> float | None:
        """Largest Lyapunov exponent per unit of time."""
        return self.agreement.lambda_max

    @property
    def error_1(self) -> float:
        """Error of forecasts one step ahead, in standard deviations."""
        return self.agreement.errors[1]

    @property
    def error_10(self) -> float:
        """The same ten steps ahead."""
        return self.agreement.errors[10]

    @property
    def error_100(self) -> float:
        """The same a hundred steps ahead."""
        return self.agreement.errors[100]


@dataclass(frozen=True, eq=False)
class Baseline(Frozen):
    """A model that a fit must be better than.

    Attributes
    ----------
    name : str
    model : PLRNN
    agreement : Agreement
    checkpoint : str
        Name of its file.
    """

    name: str
    model: PLRNN
    agreement: Agreement
    checkpoint: str


@dataclass(frozen=True)
class FitFloor(Frozen):
    """What the same measures give between data and data: no model should be expected below.

    Attributes
    ----------
    kind : str
        Between what.
    d_stsp, d_h : float
    lambda_max : float or None
        Known exponent per unit of time.
    """

    kind: str
    d_stsp: float
    d_h: float
    lambda_max: float | None


@dataclass(frozen=True, eq=False)
class Fit(ResultSequence[FittedModel]):
    """Networks fitted to a time series, in the order in which they were trained.

    Attributes
    ----------
    data : Split or None
        Training, validation and held-out data; None for a fit that was read from its directory, which has none.
    baselines : tuple of Baseline
    floor : FitFloor
    recipe : FitRecipe
    n_units : int
    choice : dict
        For every P the intervals or values of α that were tried, with the median score by which one was kept; empty
        where it was given.
    seconds : float
        Of training.
    """

    _items: tuple[FittedModel, ...]
    data: Split | None
    baselines: tuple[Baseline, ...]
    floor: FitFloor
    recipe: FitRecipe
    n_units: int
    choice: dict[int, dict[float, float]]
    seconds: float

    columns: ClassVar[tuple[str, ...]] = (
        "pwl_units", "seed", "interval", "alpha", "d_stsp", "d_h", "lambda_max", "error_1", "error_10", "error_100",
        "validation_score", "shown",
    )  # fmt: skip
    optional_columns: ClassVar[tuple[str, ...]] = ("interval", "alpha", "lambda_max")

    @property
    def best(self) -> FittedModel:
        """The model with the best validation score."""
        return next(m for m in self if m.shown)

    @property
    def claim(self) -> str:
        """The figures of the best model."""
        best = self.best
        return f"best P={best.pwl_units} seed {best.seed}: D_stsp {best.d_stsp:.3g}, D_H {best.d_h:.3g}"

    @property
    def known_data(self) -> Split:
        """The data.

        Raises
        ------
        ModelError
            If the fit was read from its directory.
        """
        if self.data is None:
            raise ModelError(
                "the data are not kept in the directory of a fit, and text, figure and free runs need them: fit.md and "
                "fit.png are there; to keep all of a fit, write it with to_json()"
            )
        return self.data

    def compared(self) -> Table:
        """Models, baselines and floor in one table."""
        rows: list[tuple[Any, ...]] = []
        for m in self:
            name = f"P={m.pwl_units} seed {m.seed}" + (" (shown)" if m.shown else "")
            rows.append((name, *_figures(m.agreement), m.validation_score))
        rows += [(b.name, *_figures(b.agreement), None) for b in self.baselines]
        rows.append((self.floor.kind, self.floor.d_stsp, self.floor.d_h, self.floor.lambda_max, *[None] * 4))
        names = ("model", "d_stsp", "d_h", "lambda_max", "error_1", "error_10", "error_100", "validation_score")
        table = Table({name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})
        table.claim = self.claim
        return table

    @checked
    def runs(self, model: FittedModel | None = None, steps: int = SHOWN_STEPS) -> FreeRuns:
        """Free runs of a model beside the held-out data.

        Parameters
        ----------
        model : FittedModel, optional
            The best by default.
        steps : int, optional
            Of all runs together, where the data are a motion that goes on.

        Returns
        -------
        FreeRuns

        Raises
        ------
        ModelError
            If the data are not there.
        """
        whole("steps", steps, 2)
        chosen = self.best if model is None else model
        return free_runs(chosen.model, self.known_data.held_out, steps, 1.0 if chosen.alpha is None else chosen.alpha)

    def text(self) -> str:
        """Data, table and what the best network does, in Markdown."""
        from .story import fit_text

        return fit_text(self)

    def figure(self) -> Figure:
        """Data and free run in the same axes, their spectra, and the subregions in colour."""
        from .figure import fit_figure

        return fit_figure(self)


def _figures(found: Agreement) -> tuple[float | None, ...]:
    return found.d_stsp, found.d_h, found.lambda_max, *(found.errors[h] for h in sorted(found.errors))
