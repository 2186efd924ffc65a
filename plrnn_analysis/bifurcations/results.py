"""What following fixed points and cycles through a parameter gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._frozen import Frozen
from ..border_collisions import BorderCollision
from ..display.abbreviation import count_words
from ..results import ResultSequence
from ..statuses import BifurcationKind, Stability

__all__ = ["Bifurcation", "BifurcationPlane", "Bifurcations", "Branch", "Recount"]

Word = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Recount(Frozen):
    """What the exact search found a little below and a little above an event.

    Attributes
    ----------
    step : float
        The searches were made at the event's value minus and plus this.
    below, above : dict of int to int
        Number of isolated fixed points and cycles for each period searched: the event's, and twice it.
    agrees : bool
        Whether these numbers differ as the event (with others at the same value, if any) says they must.
    """

    step: float
    below: dict[int, int]
    above: dict[int, int]
    agrees: bool


@dataclass(frozen=True, eq=False)
class Bifurcation(Frozen):
    """One event on the way through the parameter.

    Attributes
    ----------
    value : float
        Of the parameter.
    kind : BifurcationKind
        A border collision: ``"persistence"``, ``"nonsmooth fold"``, either with ``" + 2-cycle"``, or
        ``"degenerate border collision"``. Inside a subregion: ``"degenerate flip"`` (a multiplier passes -1; at the
        value itself 2-cycles fill a segment), ``"degenerate Neimark-Sacker"`` (a complex pair passes the unit
        circle; at the value itself the point is a centre), ``"through infinity"`` or ``"continuum"`` (a multiplier
        passes 1).
    period : int
        Of the orbit: 1 for a fixed point. "2-cycle" in `kind` means twice this period.
    points : (period, M) ndarray
        The orbit at the event; NaN where it is at infinity.
    relus : tuple of int
        The ReLUs whose argument vanishes; empty inside a subregion.
    before, after : tuple of words
        Words of the branches that meet here, below and above the value; each a tuple of bitcodes.
    words : pair of words
        The word on each side of the boundary, first that with the ReLU off; the same word twice inside a subregion.
    multipliers : pair of (M,) ndarray of complex
        On the two sides of the boundary, in the order of `words`; just below and above the value inside a subregion.
    stability : pair of Stability
        Of those.
    collision : BorderCollision or None
        The counts of Feigin's rule, for border collisions on a single boundary.
    recount : Recount or None
        The exact search on both sides; None if not asked for or not finished.
    note : str
        What is degenerate, and other remarks.
    """

    value: float
    kind: BifurcationKind
    period: int
    points: np.ndarray
    relus: tuple[int, ...]
    before: tuple[Word, ...]
    after: tuple[Word, ...]
    words: tuple[Word, Word]
    multipliers: tuple[np.ndarray, np.ndarray]
    stability: tuple[Stability, Stability]
    collision: BorderCollision | None = None
    recount: Recount | None = None
    note: str = ""

    @property
    def agrees(self) -> bool | None:
        """Whether the exact search on both sides agrees; None where it was not made."""
        return None if self.recount is None else self.recount.agrees

    @property
    def at_border(self) -> bool:
        """Whether it is a border collision."""
        return bool(self.relus)

    @property
    def degenerate(self) -> bool:
        """Whether an arbitrarily small change of other weights would alter what happens."""
        return not self.at_border or self.kind.startswith("degenerate")

    def __repr__(self) -> str:
        relus = f", ReLU {', '.join(map(str, self.relus))}" if self.relus else ""
        period = f", period {self.period}" if self.period > 1 else ""
        return f"<Bifurcation at {self.value:.6g}: {self.kind}{period}{relus}>"


@dataclass(frozen=True, eq=False)
class Branch(Frozen):
    """A fixed point or cycle with one word, over the largest interval on which it exists.

    Attributes
    ----------
    word : tuple of str
        Bitcodes around the cycle; one for a fixed point.
    start, stop : float
        The interval. Inside the range of values it ends at events only.
    values : (n,) ndarray
        Parameter values of the samples, increasing.
    points : (n, period, M) ndarray
    multipliers : (n, M) ndarray of complex
        Largest modulus first.
    stable : (n,) ndarray of bool
        Whether all of them lie inside the unit circle.
    on_border : bool
        True for a point that lies on a boundary for all values (as the origin does if there is no bias): multipliers
        are then one-sided.
    """

    word: Word
    start: float
    stop: float
    values: np.ndarray
    points: np.ndarray
    multipliers: np.ndarray
    stable: np.ndarray
    on_border: bool = False

    @property
    def period(self) -> int:
        """Number of points of the cycle."""
        return len(self.word)

    def __repr__(self) -> str:
        share = "stable" if self.stable.all() else "unstable" if not self.stable.any() else "partly stable"
        return f"<Branch {' '.join(self.word)} from {self.start:.6g} to {self.stop:.6g}: {share}>"


@dataclass(frozen=True, eq=False)
class Bifurcations(ResultSequence[Bifurcation]):
    """The events met by fixed points and cycles through a parameter, ordered by its value.

    Attributes
    ----------
    parameter : str
    values : (n,) ndarray
        Where the exact search was made.
    max_period : int
    branches : tuple of Branch
    counts : (n, max_period) ndarray of int
        Isolated fixed points and cycles of each period that the exact search found; -1 where it was not made.
    complete_at : (n,) ndarray of bool
        At which values the search was exhausted: there are no other fixed points and cycles there.
    continua : (n,) ndarray of int
        Number of continua at each value; these are not followed.
    complete : bool
        Whether all of `complete_at` are, every branch was followed to its ends, and all branches agree with the
        counts. Between two values there can still be fixed points and cycles that appear and vanish without
        touching any branch listed.
    notes : tuple of str
        What is proved, and what is not.
    """

    columns = ("value", "kind", "period", "relus", "before", "after", "stability", "agrees")

    _items: tuple[Bifurcation, ...]
    parameter: str
    values: np.ndarray
    max_period: int
    branches: tuple[Branch, ...]
    counts: np.ndarray
    complete_at: np.ndarray
    continua: np.ndarray
    complete: bool
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        done = int(np.count_nonzero(self.complete_at))
        proof = "complete at all values" if self.complete else f"NOT complete (done: {done} of {len(self.values)})"
        found = f"{count_words(len(self), 'event')}, {count_words(len(self.branches), 'branch', 'branches')}"
        return f"<Bifurcations along {self.parameter}: {found}; {proof}>"


@dataclass(frozen=True, eq=False)
class BifurcationPlane(Frozen):
    """Number and stability of fixed points and cycles over two parameters.

    Attributes
    ----------
    parameters : pair of str
    values : pair of ndarray
        The grid, (n1,) and (n2,).
    counts : (n1, n2, max_period) ndarray of int
        Isolated fixed points (first) and cycles of each period; -1 where nothing was searched.
    stable : (n1, n2, max_period) ndarray of int
        How many of them are stable.
    continua : (n1, n2) ndarray of int
    complete : (n1, n2) ndarray of bool
        Where the search was exhausted.
    lines : pair of tuple of Bifurcations
        Along the first parameter, one for each value of the second; and along the second, one for each value of the
        first. Empty where not asked for.
    notes : tuple of str
    """

    parameters: tuple[str, str]
    values: tuple[np.ndarray, np.ndarray]
    counts: np.ndarray
    stable: np.ndarray
    continua: np.ndarray
    complete: np.ndarray
    lines: tuple[tuple[Bifurcations, ...], tuple[Bifurcations, ...]]
    notes: tuple[str, ...]

    def events(self) -> list[tuple[float, float, Bifurcation]]:
        """Both parameter values and the event, for every event on a line of the grid."""
        across, along = self.lines
        # Lines that time did not allow are missing at the end.
        first = [(e.value, float(y), e) for y, line in zip(self.values[1], across, strict=False) for e in line]
        return first + [(float(x), e.value, e) for x, line in zip(self.values[0], along, strict=False) for e in line]

    def __repr__(self) -> str:
        n1, n2 = self.complete.shape
        done = int(np.count_nonzero(self.complete))
        return f"<BifurcationPlane {' x '.join(self.parameters)}: {n1} x {n2} values, {done} of {n1 * n2} complete>"
