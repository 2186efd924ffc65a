"""The door of the search for attractors: arguments in, result out."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._signatures import checked
from .._validation import as_array, check_memory, number, random_generator, whole
from ..engines.budget import Budget
from ..errors import ModelError
from ..network import Network
from ..numerics import BOUNDARY
from ..polytopes.boxes import read_box
from ..progress import ProgressOption, reports
from ..progress.reporting import OutOfTime
from ..readouts import with_outputs
from ..results import FixedPoints, Trajectory
from .following import follow
from .ledger import End, Ledger, Open
from .proving import prove_attractors
from .remaining import close, settle_rest
from .results import Attractor, Attractors, EndKind
from .search import Search
from .task import Task

__all__ = ["BYTES_A_RUN", "MAX_PERIOD", "find_attractors"]

# Initial states that are followed together.
BATCH = 500
#: The default of `max_period`, the longest repetition that is recognised.
MAX_PERIOD = 10_000
#: Bytes that a run takes beside its states.
BYTES_A_RUN = 500
# Quantile of the normal distribution of a two-sided interval of 95 %.
QUANTILE = 1.959963984540054


@reports("attractors")
@checked
def find_attractors(
    model: Network,
    constant_input: Any = None,
    *,
    states: Any = None,
    n: int = 200,
    box: Any = None,
    steps: int = 10_000,
    max_period: int = MAX_PERIOD,
    fixed_points: FixedPoints | None = None,
    boundary_tolerance: float = BOUNDARY,
    verify: str | None = None,
    seed: int | None = 0,
    time_limit: float | None = 60.0,
    progress: ProgressOption = None,
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
        Steps that every trajectory is followed before anything but a fixed point or a cycle is named. What is not
        clear by then is followed 20 times as long.
    max_period : int, optional
        Longest repetition looked for in the sequence of subregions. A trajectory shows it after two of them.
    fixed_points : FixedPoints, optional
        Fixed points of the model under this input, if they are known; otherwise they are found on the way.
    boundary_tolerance : float, optional
        Relative distance to a boundary below which a point counts as lying on it.
    verify : str, optional
        ``"rigorous"`` proves of every fixed point, cycle and continuum, from the given doubles, that it exists where it
        is listed and attracts; see :class:`plrnn_analysis.attractors.AttractorProof`. What is chaotic or
        quasi-periodic stays measured. The time limit holds for the search and the proofs together.
    seed : int or None, optional
    time_limit : float, optional
        Seconds; None for no limit. What was not decided by then is ``"undecided"``.
    progress : bool or callable, optional
        True shows how far the search is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.

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
    linear dynamics cannot carry it across a boundary any more. Trajectories on the same word are on the same cycle,
    wherever on it they are. Where multipliers are one, the object is a family, a continuum.

    A trajectory that moves along a straight line (its step is multiplied by one factor from period to period, as on a
    ramp or a timer) is taken to the boundary ahead without the steps on the way. It is divergent if no boundary lies
    ahead, or when it is 1e12 times as far out as it began and still growing, unless all multipliers of the word that it
    repeats are smaller than one: what is far from normal grows for a while and then decays.

    What repeats no word is followed on. Where it comes back close to a state after p steps, a cycle of period p is
    looked for by Newton's method: a motion that locks slowly has one nearby. Of what still moves, tails that fill the
    same set are one attractor (the median distance to the nearest state of the other tail is at most three times that
    within it), and the Lyapunov exponents of one of them say which: chaotic where the largest is positive by three
    standard errors, quasi-periodic where it is zero within them, undecided where it is negative: then the motion
    contracts onto a cycle that was not reached or is longer than `max_period`. Some of the chaotic trajectories are
    followed on as well; where any of them leaves, or others diverged late, the note says that the rest may be a
    transient, too.

    O(n · steps · M (M + H)) operations. Memory: about 500 + 24 M bytes for each initial state, and up to 300 MB for the
    runs that are followed at once.

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
    n, steps, max_period = whole("n", n, 1), whole("steps", steps, 1), whole("max_period", max_period, 1)
    boundary_tolerance = number("boundary_tolerance", boundary_tolerance, least=0.0)
    initial = _initial(model.n_units, states, n, box, seed)
    if verify not in (None, "rigorous"):
        raise ModelError(f'verify must be "rigorous" or None, got {verify!r}')
    given = model.map.with_input(constant_input)
    task = Task.of(given, initial, steps, max_period, boundary_tolerance, Budget(None, time_limit, progress))
    own = initial / task.units.state
    search = Search.of(task)
    ledger = search.ledger
    task.budget.reporter.say(
        done=lambda: len(ledger.owners) - len(ledger.open), total=len(own), found=lambda: len(ledger.ends)
    )
    try:
        search.catalogue.take(fixed_points)
        for start in range(0, len(own), BATCH):
            _follow_batch(search, own[start : start + BATCH])
            if task.budget.stopped_by:
                break
        settle_rest(search)
    except OutOfTime:
        task.budget.stop("time_limit")
    except KeyboardInterrupt:
        task.budget.stop("interrupt")
    close(search, own[len(ledger.owners) :])
    found = _collected(model, initial, search.ledger, task)
    if verify is None:
        return found
    return prove_attractors(found, given, task.budget.portion(1.0))


def _follow_batch(search: Search, initial: np.ndarray) -> None:
    offset = float(np.max(np.abs(search.task.map.h)))
    runs = search.ledger.enter([Open(z, float(np.max(np.abs(z))) + offset + 1e-300) for z in initial])
    follow(search, runs, search.task.steps)


def _collected(model: Network, initial: np.ndarray, ledger: Ledger, task: Task) -> Attractors:
    owners, kinds = np.array(ledger.owners), list(EndKind)
    counts = np.bincount(owners, minlength=len(ledger.ends))
    used = [i for i in range(len(ledger.ends)) if counts[i]]
    used.sort(key=lambda i: (kinds.index(ledger.ends[i].kind) >= kinds.index(EndKind.DIVERGENT), -counts[i], i))
    total = len(initial)
    items = tuple(_attractor(model, ledger.ends[i], task.units.state, int(counts[i]), total) for i in used)
    place = np.zeros(len(ledger.ends), dtype=np.int64)
    place[used] = np.arange(len(used))
    return Attractors(items, place[owners], initial, ledger.longest, task.budget.stopped_by, model.output_names)


def _attractor(model: Network, end: End, units: np.ndarray, count: int, total: int) -> Attractor:
    return Attractor(
        kind=end.kind,
        object=with_outputs(end.object, model),
        count=count,
        fraction=count / total,
        interval=_wilson(count, total),
        bitcodes=end.bitcodes,
        state=end.state * units,
        exponents=end.exponents,
        exponents_error=end.exponents_error,
        proved=end.proved,
        note=end.note,
        near_boundary=end.near_boundary,
    )


def _wilson(count: int, total: int) -> tuple[float, float]:
    share, square = count / total, QUANTILE**2
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = QUANTILE / (1 + square / total) * np.sqrt(share * (1 - share) / total + square / (4 * total**2))
    # At a share of 0 or 1 one end is that share itself, but for rounding.
    low = 0.0 if count == 0 else max(0.0, float(middle - half))
    return low, 1.0 if count == total else min(1.0, float(middle + half))


def _initial(m: int, states: Any, n: int, box: Any, seed: int | None) -> np.ndarray:
    if states is not None:
        if box is not None:
            raise ModelError("give either states or a box to draw them from, not both")
        if isinstance(states, Trajectory):
            flat = states.visited()
            states = flat[np.linspace(0, len(flat) - 1, min(n, len(flat))).astype(int)]
        given = as_array("states", states, (None, m), "(n, M), one row an initial state")
        if not len(given):
            raise ModelError("states must hold at least one state")
        return given
    check_memory("the initial states", n * (BYTES_A_RUN + 24 * m), "take a smaller n")
    random = random_generator(seed)
    if box is None:
        return random.standard_normal((n, m))
    corners = read_box(box, m, flat=True)
    return random.uniform(corners.low, corners.high, (n, m))
