"""What a computation of Lyapunov exponents found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._frozen import Frozen
from ..results import Table

__all__ = ["LyapunovSpectrum"]


@dataclass(frozen=True, eq=False)
class LyapunovSpectrum(Frozen):
    """Lyapunov exponents, largest first, in nats per step.

    Attributes
    ----------
    exponents : (N,) ndarray
        Mean over the trajectories that did not diverge; minus infinity where a Jacobian on the way has no rank for
        more.
    standard_error : (N,) ndarray
        Of that mean: from the means of blocks of the way, combined over trajectories. NaN with fewer than 2 blocks,
        0 beside an infinite exponent.
    spread : (N,) ndarray
        Largest minus smallest of the trajectories. Much more than the standard error says that they are on different
        attractors.
    per_trajectory : (n, N) ndarray
        NaN for a trajectory that diverged.
    diverged : (n,) ndarray of bool
        Trajectories that left every bound, so that there is nothing to average.
    steps, transient : int
        Steps averaged over, and steps left out before them.
    log_volume : float
        Mean of log abs(det J) along the way: what all M exponents sum to. Minus infinity where some J is singular; NaN
        unless all M exponents were computed.
    n_orthonormalisations : int
        In all trajectories, the transient included.
    numerical_error : float
        Error of the exponents from rounding, largest over the trajectories: an enclosure where the exponents are
        logarithms of exact eigenvalues (a note says so), else an estimate, the rounding in products of Jacobians times
        the condition number of the exponents. It says nothing about how long the average is.
    tolerance : float
        What `numerical_error` was to stay below.
    notes : tuple of str
        What a reader should know.
    """

    exponents: np.ndarray
    standard_error: np.ndarray
    spread: np.ndarray
    per_trajectory: np.ndarray
    diverged: np.ndarray
    steps: int
    transient: int
    log_volume: float
    n_orthonormalisations: int
    numerical_error: float
    tolerance: float
    n_units: int
    notes: tuple[str, ...] = ()

    @property
    def leading(self) -> float:
        """The largest exponent."""
        return float(self.exponents[0])

    @property
    def total(self) -> float:
        """Sum of the exponents computed."""
        return float(np.sum(self.exponents))

    @property
    def volume_mismatch(self) -> float:
        """Distance of the sum from `log_volume`, a check of the whole computation; NaN where that is not finite."""
        return abs(self.total - self.log_volume) if np.isfinite(self.log_volume) else float("nan")

    @property
    def kaplan_yorke_dimension(self) -> float | None:
        """``j + (λ_1 + ... + λ_j) / |λ_{j+1}|`` with the largest j whose sum is not negative.

        M where no sum is, None where more exponents are needed to tell (Kaplan & Yorke 1979, doi:10.1007/BFb0064319).
        """
        sums = np.cumsum(self.exponents)
        negative = np.flatnonzero(sums < 0.0)
        if not len(negative):
            return float(self.n_units) if len(sums) == self.n_units else None
        j = int(negative[0])
        return j if j == 0 else float(j + sums[j - 1] / abs(self.exponents[j]))

    def table(self) -> Table:
        """Columns ``exponent``, ``standard_error`` and ``spread``, a row each exponent."""
        return Table(
            exponent=self.exponents.tolist(), standard_error=self.standard_error.tolist(), spread=self.spread.tolist()
        )

    def __repr__(self) -> str:
        first = ", ".join(f"{value:.4g}" for value in self.exponents[:3])
        more = ", ..." if len(self.exponents) > 3 else ""
        n = len(self.diverged)
        lost = f"; {np.count_nonzero(self.diverged)} of {n} trajectories DIVERGED" if np.any(self.diverged) else ""
        return f"<LyapunovSpectrum: {first}{more} nats per step; {self.steps} steps of {n}{lost}>"
