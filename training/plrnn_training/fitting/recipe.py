"""How a series is fitted: settings, and what is chosen where nothing is said."""

from __future__ import annotations

from dataclasses import dataclass

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import number, one_of, whole
from plrnn_analysis.errors import ModelError

from ..optimisation import OptimiserSettings

__all__ = ["FitRecipe", "alphas", "check_sizes", "default_iterations", "default_seeds", "default_units", "intervals"]

# With so few ReLUs the interval of forcing must be long, training too, and fewer seeds succeed.
FEW_RELUS = 3
# Hidden linear units beside those that are observed or have a ReLU, in networks of many channels.
HIDDEN_UNITS = 7


@checked
@dataclass(frozen=True)
class FitRecipe(OptimiserSettings):
    """Settings of a fit; the defaults were measured on Lorenz-63.

    Attributes
    ----------
    iterations, batch, lr, betas, clip, hold, final_lr, tau, regularised_units, evaluations
        As in :class:`plrnn_training.optimisation.OptimiserSettings`. At each evaluation models are run freely; of each
        the best state counts.
    window : int
        Steps of a training window.
    forcing : str
        ``"sparse"``: at intervals the observations replace the outputs; ``"generalised"``: at every step the
        outputs are drawn to the observations by a share α.
    readout : str
        ``"identity"``: the first N units are the channels; ``"linear"``: channels are learnt combinations of units.
    noise : float
        Standard deviation of noise on the observations that force, in standard deviations of each channel.
    patience : int or None
        Stop after this number of evaluations without a better score of any model; None goes on to the end.
    trial_share : float
        Share of the iterations after which one interval or α is kept, where several are tried.

    Raises
    ------
    ModelError
        On a setting out of range.
    """

    iterations: int = 12_000
    batch: int = 16
    lr: float = 5e-3
    hold: float = 0.3
    final_lr: float = 0.01
    evaluations: int = 12
    window: int = 200
    forcing: str = "sparse"
    readout: str = "identity"
    noise: float = 0.0
    patience: int | None = None
    trial_share: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("window", self.window, 1)
        if self.patience is not None:
            whole("patience", self.patience, 1)
        number("trial_share", self.trial_share, least=0.0, most=1.0)
        number("noise", self.noise, least=0.0)
        one_of("forcing", self.forcing, ("sparse", "generalised"))
        one_of("readout", self.readout, ("identity", "linear"))


def default_iterations(pwl_units: int) -> int:
    """How long to train with P ReLUs."""
    return 20_000 if 0 < pwl_units <= FEW_RELUS else 12_000


def default_seeds(pwl_units: int) -> int:
    """How many models to train with P ReLUs."""
    return 8 if 0 < pwl_units <= FEW_RELUS else 5


def default_units(n_channels: int, pwl_units: int, readout: str) -> int:
    """M, for N channels and P ReLUs."""
    return max(20, (n_channels if readout == "identity" else 0) + pwl_units + HIDDEN_UNITS)


def intervals(pwl_units: int, decorrelation: float, window: int) -> list[int]:
    """Intervals of sparse forcing to try, from the time in which the data forget.

    Parameters
    ----------
    pwl_units : int
    decorrelation : float
        In steps, see :func:`plrnn_training.fitting.series.decorrelation_time`.
    window : int

    Returns
    -------
    list of int
        Ascending, at most three.
    """
    factors = (1.5, 2.0) if 0 < pwl_units <= FEW_RELUS else (0.5, 1.0, 1.5)
    longest = max(2, window // 2)
    return sorted({min(longest, max(2, round(factor * decorrelation))) for factor in factors})


def alphas(decorrelation: float) -> list[float]:
    """Shares α of generalised forcing to try: what forgets about as much in the same time."""
    return [min(0.9, round(factor / decorrelation, 4)) for factor in (0.5, 1.0, 2.0)]


def check_sizes(n_channels: int, n_units: int, pwl_units: int, readout: str, regularised_units: int) -> None:
    """Refuse sizes that do not go together.

    Raises
    ------
    ModelError
        If there are more ReLUs than units, or more channels than units to hold them.
    """
    whole("pwl_units", pwl_units, 0, n_units, remark=f"(the model has {n_units} units)")
    if readout == "identity" and n_channels > n_units:
        raise ModelError(
            f"{n_channels} channels need as many units to be read from: give at least {n_channels} units, or the "
            "linear readout"
        )
    if regularised_units > n_units:
        raise ModelError(f"regularised_units must be at most the number of units {n_units}, got {regularised_units}")
