"""Fixed points and cycles followed through one parameter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from .._signatures import checked
from .._validation import as_array, whole
from ..display.abbreviation import count_words
from ..engines.budget import Budget
from ..errors import ModelError
from ..network import Network
from ..progress import ProgressOption, reports
from ..progress.reporting import OutOfTime
from ..statuses import StoppedBy
from .branches import find_branches
from .events import find_events
from .following import Followed, follow
from .parameters import Family, family_of
from .recounts import recounted
from .results import Bifurcation, Bifurcations, Branch
from .searches import Search, search_at
from .words import TOGETHER, Stretch

__all__ = ["bifurcations", "checked_values", "trace"]

# How often the words that searches beside events add are followed too.
ROUNDS = 4


@reports("bifurcations")
@checked
def bifurcations(
    model: Network,
    parameter: Any,
    values: Any,
    *,
    max_period: int = 1,
    constant_input: Any = None,
    recount: bool = True,
    time_limit: float | None = 300.0,
    progress: ProgressOption = None,
) -> Bifurcations:
    """Fixed points and cycles followed through a parameter, and every event that they meet.

    Parameters
    ----------
    model : PLRNN
    parameter : tuple or callable
        ``("W", i, j)``, ``("h", i)``, or any other parameter of the architecture with its index: the value of that
        entry (``("A", i)`` is the i-th self-weight). ``("input", k)``: coordinate k of the input that is held on.
        ``("input", direction)`` with a (K,) vector: how much of it is added to `constant_input`. Or a function from
        a number to a model of the same size, such as :func:`path_through` gives.
    values : (n,) array_like
        Increasing, at least two. At each of them all fixed points and cycles are searched for.
    max_period : int, optional
        Longest cycle searched for and followed; 1 for fixed points alone.
    constant_input : (K,) array_like, optional
        The input held on; zero by default.
    recount : bool, optional
        Check each event by the exact search a little below and above it.
    time_limit : float, optional
        Seconds for everything together; None for no limit.
    progress : bool or callable, optional
        True shows how far the search is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.

    Returns
    -------
    Bifurcations
        A sequence of the events, with ``branches``, and in ``complete`` and ``notes`` what is proved.

    Raises
    ------
    ModelError
        If the parameter is unknown, the values do not increase, or an option is out of range.

    Notes
    -----
    A *word* (the bitcodes around a cycle) fixes a linear system, whose solution exists for all parameter values at
    which its matrix is regular, and is a cycle of the map where all ReLU arguments have the signs that the word says.
    Where the weights are affine in the parameter, the values at which an argument vanishes are eigenvalues of a
    matrix pencil of the size of the change (1 for a single entry), so all of them are found, double crossings
    included; for offsets and inputs they are roots of affine functions. Elsewhere (functions) they are found from 65
    samples between two values, then by root finding. From each collision the words with the colliding bits switched
    are followed too, and the longer words made of these. Fixed points and cycles are proved to be all at the values;
    between them, whatever is connected with what was found at a value is found, and a pair that appears and vanishes
    between two values without touching it is not. With n values the cost is n searches, and for each word followed a
    few solves of order M k, one eigenvalue problem for each of its H k ReLU arguments and, where Jacobians change,
    about 20 eigenvalue problems of order M.

    Examples
    --------
    A skew tent map: as its offset passes 0, the fixed point goes from slope 0.4 to slope -1.5.

    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[0.4], W=[[-1.9]], h=[1.0], pwl_units=1)
    >>> found = bifurcations(tent, ("h", 0), [-1.0, -0.3, 0.4, 1.0], max_period=2)
    >>> found[0]
    <Bifurcation at 0: persistence + 2-cycle, ReLU 0>
    >>> found[0].recount.below, found[0].recount.above
    ({1: 1, 2: 0}, {1: 1, 2: 1})
    >>> [branch.word for branch in found.branches]
    [('0',), ('1',), ('0', '1')]
    """
    family = family_of(model, parameter, constant_input)
    longest = whole("max_period", max_period, 1)
    grid = checked_values("values", values, family)
    budget = Budget(None, time_limit, progress)
    return trace(family, grid, longest, budget, recount=recount)


def checked_values(name: str, values: Any, family: Family) -> np.ndarray:
    """Increasing values inside the family's domain, its nodes added."""
    grid = as_array(name, values, (None,), "(n,), increasing")
    if len(grid) < 2 or np.any(np.diff(grid) <= 0.0):
        raise ModelError(f"{name} must be at least two increasing numbers, got {grid!r}")
    low, high = family.domain
    if grid[0] < low or grid[-1] > high:
        raise ModelError(f"{name} must lie in {low:g}..{high:g}, got {grid[0]:g}..{grid[-1]:g}")
    nodes = [node for node in family.nodes if grid[0] < node < grid[-1]]
    return np.unique(np.concatenate([grid, nodes]))


def trace(
    family: Family,
    grid: np.ndarray,
    max_period: int,
    budget: Budget,
    *,
    recount: bool,
    searches: list[Search | None] | None = None,
) -> Bifurcations:
    """The diagram along a family; `searches` are those made already."""
    # Sizes of orbits and distances between them are compared below: in the user's units one state might hide another.
    family = family.balanced(float(grid[len(grid) // 2]))
    made: list[Search | None] = [None] * len(grid) if searches is None else list(searches)
    whole = True
    stretches: list[Stretch] = []
    followed: list[Followed] = []
    events: list[Bifurcation] = []
    report, clock = budget.reporter.say, _Clock(budget)
    report(step="values searched", total=len(grid))
    try:
        for i, value in enumerate(grid):
            report(done=i, found=len(events))
            if made[i] is None and budget.take(1):
                made[i] = search_at(family.map_at(float(value)), max_period, budget)
        seeds: list[list[np.ndarray]] = []
        for i in range(len(grid) - 1):
            stretches.append(Stretch(family, float(grid[i]), float(grid[i + 1]), clock.check))
            words = [w for search in made[i : i + 2] if search is not None for w in search.words(max_period)]
            # None stands for combinations that were too many to try: what follows from them may be missing.
            whole &= all(word is not None for word in words)
            seeds.append([word for word in words if word is not None])
        report(step="words followed")
        pieces = [follow(s, words, max_period, budget) for s, words in zip(stretches, seeds, strict=True)]
        # Recounting beside events can show words that no search at a value met: follow these too, until none is new.
        for _ in range(ROUNDS):
            followed = [item for found, _ in pieces for item in found]
            with clock.closing():
                events = find_events(followed, (float(grid[0]), float(grid[-1])), budget)
            if not recount:
                break
            events, beside = recounted(events, family, grid, max_period, budget)
            # The searches beside events may have met what no search at a value did.
            unknown = [
                (min(max(int(np.searchsorted(grid, value)) - 1, 0), len(stretches) - 1), word)
                for value, search in beside
                for word in _unknown(search, value, followed, max_period)
            ]
            if not unknown:
                break
            for i in {i for i, _ in unknown}:
                seeds[i] += [word for j, word in unknown if i == j]
                pieces[i] = follow(stretches[i], seeds[i], max_period, budget)
        whole &= all(done for _, done in pieces)
    except OutOfTime:
        budget.stop("time_limit")
    except KeyboardInterrupt:
        budget.stop("interrupt")
    with clock.closing():
        branches = find_branches(followed, budget)
    complete_at = np.array([search is not None and search.complete for search in made])
    continua = np.array([0 if search is None else search.continua for search in made])
    counts = np.array([np.full(max_period, -1) if search is None else search.counts for search in made])
    mismatches = _mismatches(grid, counts, complete_at & (continua == 0), branches, events)
    notes = _proof(grid, complete_at, max_period, stretches)
    notes += _doubts(whole, budget, mismatches, continua, followed, events, recount)
    state = np.ones(1) if family.units is None else family.units[0]
    return Bifurcations(
        _items=tuple(replace(event, points=event.points * state) for event in events),
        parameter=family.label,
        values=grid,
        max_period=max_period,
        branches=tuple(replace(branch, points=branch.points * state) for branch in branches),
        counts=counts,
        complete_at=complete_at,
        continua=continua,
        complete=bool(complete_at.all()) and whole and not mismatches and not budget.stopped_by,
        notes=tuple(notes),
    )


class _Clock:
    """Ends what takes long when the time is up; what makes results of the words that were followed may take longer."""

    def __init__(self, budget: Budget) -> None:
        self._budget, self._closing = budget, False

    def check(self) -> None:
        """Raise OutOfTime if the time is up, KeyboardInterrupt after Ctrl-C."""
        if not self._closing:
            self._budget.check()
            return
        self._budget.reporter.tick()
        if self._budget.overdue:
            raise OutOfTime

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Within the block results are made."""
        self._closing = True
        try:
            yield
        finally:
            self._closing = False


def _unknown(search: Search, value: float, followed: list[Followed], max_period: int) -> list[np.ndarray]:
    """Words found at a value that no piece there has."""
    return [
        word
        for word in search.clear_words()
        if len(word) <= max_period
        and not any(
            np.array_equal(item.path.bits, word) and item.piece.start.value <= value <= item.piece.stop.value
            for item in followed
        )
    ]


def _mismatches(
    grid: np.ndarray, counts: np.ndarray, usable: np.ndarray, branches: list[Branch], events: list[Bifurcation]
) -> list[float]:
    """Values, away from events, at which the branches are not as many as the search found."""
    wrong = []
    width = float(np.min(np.diff(grid)))
    for value, found in zip(grid[usable], counts[usable], strict=True):
        if any(abs(event.value - value) <= TOGETHER * width for event in events):
            continue
        there = np.zeros_like(found)
        for branch in branches:
            # A branch on both sides of a value is one branch, unless an event lies there.
            if branch.start <= value <= branch.stop:
                there[branch.period - 1] += 1
        if np.any(there != found):
            wrong.append(float(value))
    return wrong


def _proof(grid: np.ndarray, complete_at: np.ndarray, max_period: int, stretches: list[Stretch]) -> list[str]:
    what = "fixed points" if max_period == 1 else f"fixed points and cycles up to period {max_period}"
    done = int(np.count_nonzero(complete_at))
    notes = [f"all {what} are known at {done} of {count_words(len(grid), 'value')}"]
    if stretches and all(s.affine for s in stretches):
        known = "" if stretches[0].family.affine else ", as five points between each two values show"
        notes.append(
            f"the weights are affine in the parameter{known}: between values every boundary met by a word that was "
            "followed is found, and every multiplier that passes 1 or -1"
        )
    else:
        notes.append(
            "the weights are not affine in the parameter: between values, boundaries met are found from 65 samples and "
            "multipliers on the unit circle from 17 or more, so two events in a shorter interval may be missed"
        )
    if any(not s.rigid for s in stretches):
        notes.append("complex multipliers are followed by samples: a pair out and back in between two may be missed")
    notes.append(
        "fixed points and cycles that appear and vanish between two values without meeting a branch listed are not "
        "excluded"
    )
    return notes


def _doubts(
    whole: bool,
    budget: Budget,
    mismatches: list[float],
    continua: np.ndarray,
    followed: list[Followed],
    events: list[Bifurcation],
    recount: bool,
) -> list[str]:
    notes = []
    if budget.stopped_by:
        notes.append(f"{StoppedBy(budget.stopped_by).reason}: branches and events are not all there are")
    elif not whole:
        notes.append("more combinations of boundaries met at once than are tried: some branches may be missing")
    if mismatches:
        notes.append(f"branches and exact search disagree at {', '.join(f'{v:.6g}' for v in mismatches)}")
    if np.any(continua > 0):
        notes.append(f"continua at {count_words(int(np.count_nonzero(continua)), 'value')}: counted and not followed")
    if any(np.any(item.path.flat) for item in followed):
        notes.append("a point lies on a boundary for all values; its multipliers are one-sided")
    missing = sum(event.recount is None for event in events)
    if recount and missing:
        notes.append(f"not recounted: {missing} of {count_words(len(events), 'event')}")
    if any(e.recount is not None and not e.recount.agrees for e in events):
        notes.append("the exact search beside an event disagrees with it: see `recount`")
    return notes
