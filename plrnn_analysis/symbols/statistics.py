"""How time is shared among subregions, and how long each stay lasts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from .._validation import number
from ..results import ResultSequence, Table
from .estimates import Estimate, confidence_level, entropy_without, estimate, units_of
from .sequences import symbol_sequences

__all__ = ["DwellTime", "DwellTimes", "Occupancy", "SubregionOccupancy", "dwell_times", "occupancy"]


@dataclass(frozen=True)
class SubregionOccupancy(Frozen):
    """Time spent in one subregion.

    Attributes
    ----------
    bitcode : str
    visits : int
        Steps spent there.
    frequency : float
        The same as a share of all steps.
    cumulative : float
        Share of all steps that this subregion and those visited more hold together.
    """

    bitcode: str
    visits: int
    frequency: float
    cumulative: float


@dataclass(frozen=True, eq=False)
class Occupancy(ResultSequence[SubregionOccupancy]):
    """Visited subregions, the most visited first.

    Attributes
    ----------
    n_trials, n_steps : int
        What was counted: trials, and steps of all of them.
    effective_number : Estimate
        Perplexity ``exp(H)`` of the frequencies: the number of equally visited subregions of the same entropy.
    """

    columns = ("bitcode", "visits", "frequency", "cumulative")

    _items: tuple[SubregionOccupancy, ...]
    n_trials: int
    n_steps: int
    effective_number: Estimate

    @property
    def frequencies(self) -> np.ndarray:
        """Shares of time, largest first."""
        return np.array([item.frequency for item in self])

    @property
    def curve(self) -> np.ndarray:
        """Occupancy curve: entry k - 1 is the share of time in the k most visited subregions."""
        return np.array([item.cumulative for item in self])

    def n_for(self, share: float) -> int:
        """How many subregions hold at least this share of all steps.

        Parameters
        ----------
        share : float
            In (0, 1].

        Raises
        ------
        ModelError
            If `share` is no such number.
        """
        share = number("share", share, above=0.0, most=1.0)
        held = np.cumsum([item.visits for item in self])
        # Whole numbers: a share of 0.9 is not lost to 0.8999999.
        need = math.ceil(round(share * self.n_steps, 6))
        return int(np.searchsorted(held, max(need, 1))) + 1

    def __repr__(self) -> str:
        held = ", ".join(f"{100 * share:g} %: {self.n_for(share)}" for share in (0.5, 0.9, 0.95, 0.99))
        return (
            f"<Occupancy: {len(self)} visited subregions in {self.n_steps} steps, effective number "
            f"{self.effective_number.plug_in:.4g}; share of time held by the most visited: {held}>"
        )


@checked
def occupancy(source: Any, *, discard: int = 0, confidence: float = 0.95) -> Occupancy:
    """Frequencies of subregions, the effective number of them, and the occupancy curve.

    Parameters
    ----------
    source : Trajectory or array_like
        See :func:`symbol_sequences`.
    discard : int, optional
        Leave out this many steps at the beginning of each trial.
    confidence : float, optional
        Of the interval of the effective number.

    Returns
    -------
    Occupancy

    Raises
    ------
    ModelError
        If `source` is no trajectory, bitcodes or symbols.

    Notes
    -----
    The interval of the effective number is that of the entropy (jackknife over trials or blocks, see
    :func:`block_entropies`), exponentiated (Hill 1973, doi:10.2307/1934352, number of order 1).

    Examples
    --------
    >>> found = occupancy([0, 0, 0, 1, 0, 0, 1, 0, 2, 0])
    >>> found.table()["bitcode"], found.frequencies.tolist(), found.n_for(0.9)
    (['0', '1', '2'], [0.7, 0.2, 0.1], 2)
    """
    confidence = confidence_level(confidence)
    sequences = symbol_sequences(source, discard)
    visits = np.bincount(sequences.codes, minlength=sequences.n_symbols)
    order = np.argsort(-visits, kind="stable")
    held = np.cumsum(visits[order])
    n = sequences.n_steps
    items = tuple(
        SubregionOccupancy(sequences.names[i], int(visits[i]), int(visits[i]) / n, int(c) / n)
        for i, c in zip(order, held, strict=True)
    )
    units = units_of(sequences)
    plug_in, without = entropy_without(sequences.codes, sequences.n_symbols, units.index, units.n)
    parameters = sequences.n_symbols - 1
    found = estimate(plug_in, without, parameters=parameters, samples=n, sign=-1, confidence=confidence)
    value = math.exp(found.value)
    number = Estimate(
        value,
        math.exp(found.lower),
        math.exp(found.upper),
        value * found.standard_error,
        math.exp(plug_in),
        "",
        confidence,
    )
    return Occupancy(items, sequences.n_trials, n, number)


@dataclass(frozen=True, eq=False)
class DwellTime(Frozen):
    """Stays in one subregion, in steps.

    Attributes
    ----------
    bitcode : str
    complete : ndarray of int64
        Stays seen from entering to leaving.
    first : ndarray of int64
        Stays a trial began with: their true beginning was not seen, unless a trial begins with a reset.
    last : ndarray of int64
        Stays a trial ended in: they would have gone on, so these are lower bounds.
    whole : ndarray of int64
        Trials that never left.
    """

    bitcode: str
    complete: np.ndarray
    first: np.ndarray
    last: np.ndarray
    whole: np.ndarray

    @property
    def mean(self) -> float:
        """Mean of the complete stays; too small where trials are not much longer than stays. NaN without any."""
        return float(self.complete.mean()) if self.complete.size else math.nan

    @property
    def mean_memoryless(self) -> float:
        """Steps per leaving, all stays counted: the maximum-likelihood mean if leaving has no memory.

        Cut stays count with the steps after which it was seen whether it was left, so cutting does not bias it;
        infinite if it was never left.
        """
        leavings = self.complete.size + self.first.size
        steps = sum(int(stays.sum()) for stays in (self.complete, self.first, self.last, self.whole))
        unknown = self.last.size + self.whole.size
        return (steps - unknown) / leavings if leavings else math.inf

    def survival(self) -> np.ndarray:
        """Kaplan-Meier estimate: entry d is the probability that a stay lasts longer than d steps.

        From complete stays, and those a trial ended in as censored (Kaplan & Meier 1958,
        doi:10.1080/01621459.1958.10501452). Stays a trial began with are left out, since how long they had lasted is
        unknown. Entry 0 is 1; entries end where the longest stay does. Empty if there is no such stay.
        """
        if not (self.complete.size or self.last.size):
            return np.zeros(0)
        # Of a stay cut after d steps it is known that it was not left after d - 1.
        cut = self.last - 1
        longest = max(int(self.complete.max(initial=0)), int(cut.max(initial=0)))
        left = np.bincount(self.complete, minlength=longest + 1).astype(np.float64)
        ended = np.bincount(cut, minlength=longest + 1)
        at_risk = np.cumsum((left + ended)[::-1])[::-1]
        return np.cumprod(1.0 - left / np.maximum(at_risk, 1))


@dataclass(frozen=True, eq=False)
class DwellTimes(ResultSequence[DwellTime]):
    """Stays in each visited subregion, ordered by bitcode.

    Attributes
    ----------
    n_trials, n_steps : int
        What was counted: trials, and steps of all of them.
    """

    _items: tuple[DwellTime, ...]
    n_trials: int
    n_steps: int

    def __getitem__(self, index: Any) -> Any:
        """A stay's statistics by place, or by bitcode."""
        if isinstance(index, str):
            for item in self._items:
                if item.bitcode == index:
                    return item
            raise KeyError(index)
        return self._items[index]

    def table(self) -> Table:
        """One row per subregion.

        Columns ``bitcode``, ``complete``, ``cut`` (numbers of stays), ``mean``, ``median``, ``longest`` (of the
        complete ones) and ``mean_memoryless``.
        """
        return Table(
            bitcode=[d.bitcode for d in self],
            complete=[int(d.complete.size) for d in self],
            cut=[int(d.first.size + d.last.size + d.whole.size) for d in self],
            mean=[d.mean for d in self],
            median=[float(np.median(d.complete)) if d.complete.size else math.nan for d in self],
            longest=[int(d.complete.max(initial=0)) for d in self],
            mean_memoryless=[d.mean_memoryless for d in self],
        )

    def __repr__(self) -> str:
        complete = sum(d.complete.size for d in self)
        cut = sum(d.first.size + d.last.size + d.whole.size for d in self)
        return (
            f"<DwellTimes: {len(self)} visited subregions, {complete} complete stays, {cut} cut by the ends of trials>"
        )


@checked
def dwell_times(source: Any, *, discard: int = 0) -> DwellTimes:
    """How many steps each stay in each subregion lasts.

    Parameters
    ----------
    source : Trajectory or array_like
        See :func:`symbol_sequences`.
    discard : int, optional
        Leave out this many steps at the beginning of each trial.

    Returns
    -------
    DwellTimes
        With the stays that the beginning or the end of a trial cuts kept apart.

    Raises
    ------
    ModelError
        If `source` is no trajectory, bitcodes or symbols.

    Examples
    --------
    >>> found = dwell_times([0, 0, 1, 1, 1, 0, 1])
    >>> [(d.bitcode, d.complete.tolist(), d.first.tolist(), d.last.tolist()) for d in found]
    [('0', [1], [2], []), ('1', [3], [], [1])]
    """
    sequences = symbol_sequences(source, discard)
    codes = sequences.codes
    begins = np.ones(codes.size, dtype=bool)
    begins[1:] = codes[1:] != codes[:-1]
    begins[sequences.offsets[:-1]] = True
    # A stay is cut if the trial begins or ends with it, whatever came before or would have come after.
    at = np.flatnonzero(begins)
    stays = np.diff(np.append(at, codes.size))
    first = np.isin(at, sequences.offsets[:-1])
    last = np.isin(at + stays, sequences.offsets[1:])
    # One sort instead of a search for each of many subregions.
    kind = codes[at] * 4 + 2 * first + last
    order = np.argsort(kind, kind="stable")
    limits = np.searchsorted(kind[order], np.arange(4 * sequences.n_symbols + 1))
    stays = stays[order].astype(np.int64)

    def part(symbol: int, which: int) -> np.ndarray:
        return stays[limits[4 * symbol + which] : limits[4 * symbol + which + 1]]

    items = tuple(
        DwellTime(name, complete=part(i, 0), first=part(i, 2), last=part(i, 1), whole=part(i, 3))
        for i, name in enumerate(sequences.names)
    )
    return DwellTimes(items, sequences.n_trials, sequences.n_steps)
