"""Where trajectories end up, decided against exact fixed points and cycles, and how many of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._validation import as_array, freeze, is_whole
from ..engines.budget import Budget
from ..errors import ModelError
from ..network import Network
from ..results import Continuum, Cycle, CycleContinuum, FixedPoint, FixedPoints, ResultSequence, Table, Trajectory
from .following import KINDS, End, Search

__all__ = ["Attractor", "Attractors", "find_attractors"]

# Initial states that are simulated together.
_BATCH = 500
# Quantile of the normal distribution of a two-sided interval of 95 %.
_QUANTILE = 1.959963984540054


@dataclass(frozen=True, eq=False)
class Attractor:
    """What some of the initial states lead to.

    Attributes
    ----------
    kind : str
        ``"fixed point"``, ``"cycle"``, ``"continuum"`` (of fixed points or of cycles; neutral along it),
        ``"quasi-periodic"``, ``"chaotic"``, ``"divergent"`` or ``"undecided"``. The last two are no attractors, but
        initial states that lead there are counted too.
    object : FixedPoint, Cycle, Continuum, CycleContinuum or None
        The exact object, where there is one.
    count : int
        Initial states that lead to it.
    fraction : float
        Their share.
    interval : tuple of float
        Of the share, 95 %, by Wilson (1927, doi:10.1080/01621459.1927.10502953). It holds for random initial states.
    bitcodes : tuple of str
        Subregions visited on it, the most frequent first; empty for what diverges or is undecided.
    state : (M,) ndarray
        The last state computed of the first of these trajectories.
    exponents : (N,) ndarray or None
        Lyapunov exponents, of quasi-periodic and chaotic motion.
    exponents_error : (N,) ndarray or None
        Their standard errors.
    proved : int
        How many of `count` are proven to converge (or to diverge), up to rounding: by the distance from which the
        object attracts. The others were followed until they had reached it to the tolerance.
    note : str
    """

    kind: str
    object: FixedPoint | Cycle | Continuum | CycleContinuum | None
    count: int
    fraction: float
    interval: tuple[float, float]
    bitcodes: tuple[str, ...]
    state: np.ndarray
    exponents: np.ndarray | None
    exponents_error: np.ndarray | None
    proved: int
    note: str

    @property
    def period(self) -> int | None:
        """1 for fixed points and their continua, the period for cycles, else None."""
        if isinstance(self.object, (Cycle, CycleContinuum)):
            return self.object.period
        return None if self.object is None else 1

    @property
    def multipliers(self) -> np.ndarray | None:
        """Eigenvalues or multipliers of a fixed point or cycle, largest modulus first."""
        if isinstance(self.object, Cycle):
            return self.object.multipliers
        return None if self.object is None or isinstance(self.object, CycleContinuum) else self.object.eigenvalues


@dataclass(frozen=True, eq=False)
class Attractors(ResultSequence[Attractor]):
    """What initial states lead to, the largest share first; what diverges and what is undecided come last.

    Attributes
    ----------
    assignment : (n,) ndarray of int
        For each initial state, the index of what it leads to.
    initial : (n, M) ndarray
    steps : int
        Most steps that a trajectory was followed.
    stopped_by : str
        Empty, or ``"time_limit"`` or ``"interrupt"``; then some are undecided for that reason.

    Notes
    -----
    Only what one of the initial states leads to is here: the search proves nothing about attractors that none leads
    to. ``model.fixed_points()`` and ``model.cycles()`` do.
    """

    _items: tuple[Attractor, ...]
    assignment: np.ndarray
    initial: np.ndarray
    steps: int
    stopped_by: str

    @property
    def undecided(self) -> int:
        """Initial states about which nothing is claimed."""
        return sum(item.count for item in self if item.kind == "undecided")

    def table(self) -> Table:
        """Columns ``kind``, ``period``, ``count``, ``fraction``, ``low``, ``high``, ``leading`` (spectral radius, or
        the exponential of the largest exponent), ``bitcodes`` (how many) and ``note``."""
        return Table(
            kind=[a.kind for a in self],
            period=[a.period for a in self],
            count=[a.count for a in self],
            fraction=[a.fraction for a in self],
            low=[a.interval[0] for a in self],
            high=[a.interval[1] for a in self],
            leading=[_leading(a) for a in self],
            bitcodes=[len(a.bitcodes) for a in self],
            note=[a.note for a in self],
        )

    def __repr__(self) -> str:
        parts = []
        for item in self:
            name = f"{item.period}-cycle" if item.kind == "cycle" else item.kind
            parts.append(f"{name} {item.count}")
        stopped = f"; STOPPED by {self.stopped_by}" if self.stopped_by else ""
        return f"<Attractors of {len(self.assignment)} initial states: {', '.join(parts)}{stopped}>"


def find_attractors(
    model: Network,
    constant_input: Any = None,
    *,
    states: Any = None,
    n: int = 200,
    box: Any = None,
    steps: int = 10_000,
    max_period: int = 2000,
    fixed_points: FixedPoints | None = None,
    boundary_tolerance: float = 1e-9,
    seed: int | None = 0,
    time_limit: float | None = 60.0,
) -> Attractors:
    """Follow initial states until it is decided where they end up.

    Parameters
    ----------
    model : PLRNN
    constant_input : (K,) array_like, optional
        The input held on; None stands for zero input.
    states : (n, M) array_like or Trajectory, optional
        Initial states. Of a trajectory `n` of its states, evenly spaced, are taken.
    n : int, optional
        Number of initial states where they are drawn: uniform in the box, or standard normal without one.
    box : float, or pair of (M,) array_like, optional
        Half-width, or lower and upper corner.
    steps : int, optional
        Most steps that a trajectory is followed.
    max_period : int, optional
        Longest repetition looked for in the sequence of subregions. A trajectory shows it after two of them.
    fixed_points : FixedPoints, optional
        Fixed points of the model under this input, if they are known; otherwise they are found on the way.
    boundary_tolerance : float, optional
        Relative distance to a boundary below which a point counts as lying on it.
    seed : int or None, optional
    time_limit : float, optional
        Seconds; None for no limit. What was not decided by then is ``"undecided"``.

    Returns
    -------
    Attractors

    Raises
    ------
    ModelError
        On arguments out of range or of the wrong shape.

    Notes
    -----
    Once the subregions of a trajectory repeat a word, the affine maps along that word are composed and their fixed
    point is solved for. It counts if it follows the word itself and all multipliers are smaller than one: then it is
    the exact fixed point or cycle, whatever the period, and a trajectory is assigned to it when it is so near that the
    linear dynamics cannot carry it across a boundary any more. Where multipliers are one, the object is a family, a
    continuum. Of what repeats no word, tails that fill the same set are one attractor (the median distance to the
    nearest state of the other tail is at most three times that within it), and the Lyapunov exponents of one of them
    say which: chaotic where the largest is positive by three standard errors, quasi-periodic where it is zero within
    the resolution of 5 over the steps averaged. A chaotic transient that outlasts `steps` looks like an attractor.

    A trajectory is divergent when it is 1e12 times as far out as it began and still growing, or repeats a word on which
    it provably moves on for ever.

    O(n · steps · M (M + H)) operations.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> switch = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)
    >>> found = find_attractors(switch, box=3.0, n=100)
    >>> found
    <Attractors of 100 initial states: fixed point 52, fixed point 48>
    >>> found[0].object.z.round(9), found[0].proved
    (array([ 2., -2.]), 52)
    """
    for name, value in (("n", n), ("steps", steps), ("max_period", max_period)):
        if not is_whole(value, 1):
            raise ModelError(f"{name} must be a whole number of at least 1, got {value!r}")
    if not boundary_tolerance >= 0.0:
        raise ModelError(f"boundary_tolerance must be >= 0, got {boundary_tolerance!r}")
    initial = _initial(model.n_units, states, int(n), box, seed)
    search = Search(model, constant_input, int(steps), int(max_period), boundary_tolerance, Budget(None, time_limit))
    search.know(fixed_points)
    for start in range(0, len(initial), _BATCH):
        search.follow(initial[start : start + _BATCH])
    search.tell_apart()
    return _collected(initial, search)


def _collected(initial: np.ndarray, search: Search) -> Attractors:
    owners = np.array(search.owners)
    counts = np.bincount(owners, minlength=len(search.ends))
    used = [i for i in range(len(search.ends)) if counts[i]]
    used.sort(key=lambda i: (KINDS.index(search.ends[i].kind) >= KINDS.index("divergent"), -counts[i], i))
    total = len(initial)
    items = tuple(_attractor(search.ends[i], int(counts[i]), total) for i in used)
    place = np.zeros(len(search.ends), dtype=np.int64)
    place[used] = np.arange(len(used))
    return Attractors(items, freeze(place[owners]), freeze(initial), search.longest, search.budget.stopped_by)


def _attractor(end: End, count: int, total: int) -> Attractor:
    return Attractor(
        kind=end.kind,
        object=end.object,
        count=count,
        fraction=count / total,
        interval=_wilson(count, total),
        bitcodes=end.bitcodes,
        state=freeze(end.state),
        exponents=end.exponents,
        exponents_error=end.exponents_error,
        proved=end.proved,
        note=end.note,
    )


def _leading(attractor: Attractor) -> float | None:
    if attractor.multipliers is not None:
        return float(np.abs(attractor.multipliers[0]))
    return None if attractor.exponents is None else float(np.exp(attractor.exponents[0]))


def _wilson(count: int, total: int) -> tuple[float, float]:
    share, square = count / total, _QUANTILE**2
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = _QUANTILE / (1 + square / total) * np.sqrt(share * (1 - share) / total + square / (4 * total**2))
    # At a share of 0 or 1 one end is that share itself, but for rounding.
    low = 0.0 if count == 0 else max(0.0, float(middle - half))
    return low, 1.0 if count == total else min(1.0, float(middle + half))


def _initial(m: int, states: Any, n: int, box: Any, seed: int | None) -> np.ndarray:
    if states is not None:
        if box is not None:
            raise ModelError("give either states or a box to draw them from, not both")
        if isinstance(states, Trajectory):
            flat = states.states.reshape(-1, states.states.shape[2])
            states = flat[np.linspace(0, len(flat) - 1, min(n, len(flat))).astype(int)]
        given = as_array("states", states, (None, m), "(n, M), one row an initial state")
        if not len(given):
            raise ModelError("states must hold at least one state")
        return given
    random = np.random.default_rng(seed)
    if box is None:
        return random.standard_normal((n, m))
    if np.ndim(box) == 0:
        if not 0.0 < float(box) < np.inf:
            raise ModelError(f"box must be positive, or a pair of corners, got {box!r}")
        return random.uniform(-float(box), float(box), (n, m))
    if len(box) != 2:
        raise ModelError(f"box must be a number or a pair (low, high) of ({m},) arrays, got {len(box)} items")
    low = as_array("box[0]", box[0], (m,), "(M,), the lower corner")
    high = as_array("box[1]", box[1], (m,), "(M,), the upper corner")
    if np.any(low > high):
        raise ModelError("box[0] must not be above box[1] in any coordinate")
    return random.uniform(low, high, (n, m))
