"""Where a model moves slowly: approximate line attractors, how long they hold, and the slowest points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from .._validation import as_array, number, whole
from ..display.abbreviation import count_words
from ..engines.budget import Budget
from ..maps import CanonicalMap, bits_from_string, bits_to_string
from ..modes import Mode, find_modes
from ..network import Network
from ..polytopes.nearest import least_norm
from ..polytopes.rational import Undecided
from ..progress import ProgressOption, reports
from ..results import FixedPoint, ResultSequence, Trajectory
from ..statuses import StoppedBy
from .pieces import clip, piece_numbers
from .sentences import manifold_sentence
from .subspace import others_decay, slow_subspace
from .visited import VisitedRange, cells_in_box, visited_range

__all__ = ["SlowManifold", "SlowManifolds", "distance_in_ranges", "find_slow_manifolds"]

# Rounding of a drift, in units in the last place of the terms it is made of.
ULPS = 16.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class SlowManifold(Frozen):
    """The slow motion of one subregion inside the visited range.

    The slow manifold is the affine subspace that the map of the subregion keeps and on which only the k slow
    coordinates move; all others are at rest. ``anchor + t @ directions`` are its points.

    Attributes
    ----------
    bitcode : str
    frequency : float
        Share of the visited states that lie in the subregion; NaN if the range was given as a box.
    modes : tuple of Mode
        The near-marginal modes, marginal rotations included: ``|time constant|`` at least the threshold.
    dimension : int
        k, the number of eigenvalues (with multiplicity) within ``1 / threshold`` of 1. Rotations are not among them:
        their points move.
    directions : (k, M) ndarray
        Orthonormal rows that span the slow space. With k = 1 it points to where the first output grows.
    left : (k, M) ndarray
        ``left @ z`` is the slow coordinate, ``left @ directions.T = I``: what pushes the state along the manifold.
    attracting : bool
        Whether all other eigenvalues have modulus below 1.
    anchor : (M,) ndarray or None
        The point of the piece with the least drift (its middle, if all have the same). None where the slow manifold
        does not pass through subregion and range, or k is 0.
    extents : (k, 2) ndarray or None
        Smallest and largest t of each direction inside subregion and range. With k = 1 this is the piece.
    drift : (k,) ndarray
        What a step adds to t at the anchor; NaN without anchor.
    drift_ends : (2,) ndarray
        k = 1: the same at both ends of the piece. Else NaN.
    least_piece_drift, largest_piece_drift : float
        Least and largest ``|F(z) - z|`` on the piece; for k > 1 the second is an upper bound.
    largest_drift_in_ranges : float
        The largest drift of any unit on the piece, as a share of its visited range.
    output_drift : (N,) ndarray
        The largest drift of each output on the piece, with its sign; for k > 1 an upper bound of its modulus.
    input_slopes : (k, K) ndarray
        What a step adds to t for one unit of each input held on: the slope of integration.
    output_slopes : (N, K) ndarray
        The same in units of the outputs.
    probe_drifts : (n, k) ndarray
        What a step adds to t under each probe input, at the anchor (without one, at the slowest point).
    probe_output_drifts : (n, N) ndarray
        The same in units of the outputs.
    holding_steps : float
        The number of steps for which no unit moves by more than the share `hold` of its visited range, from any point
        of the piece and as long as the subregion is not left. A lower bound for k > 1. NaN without a piece.
    difference_steps : float
        The number of steps for which differences between points of the manifold change by no more than the share `hold`
        of themselves: a drift that all points have in common does not count. A lower bound for k > 1, NaN for k = 0.
    crossing_steps : float
        k = 1: steps from one end of the piece to the other; infinite if a fixed point lies on it. Else NaN.
    slowest : (M,) ndarray
        The point of subregion and range with the least ``|F(z) - z|``, on the slow manifold or not.
    least_drift : float
        ``|F(z) - z|`` there (Euclidean), evaluated with the ReLUs.
    least_drift_bound : float
        Proven, up to a few units in the last place of the weights: no point of subregion and range has less.
    rounding : float
        Drifts up to this are zero to rounding, coordinates being as large as the range.
    """

    bitcode: str
    frequency: float
    modes: tuple[Mode, ...]
    dimension: int
    directions: np.ndarray
    left: np.ndarray
    attracting: bool
    anchor: np.ndarray | None
    extents: np.ndarray | None
    drift: np.ndarray
    drift_ends: np.ndarray
    least_piece_drift: float
    largest_piece_drift: float
    largest_drift_in_ranges: float
    output_drift: np.ndarray
    input_slopes: np.ndarray
    output_slopes: np.ndarray
    probe_drifts: np.ndarray
    probe_output_drifts: np.ndarray
    holding_steps: float
    difference_steps: float
    crossing_steps: float
    slowest: np.ndarray
    least_drift: float
    least_drift_bound: float
    rounding: float

    def __repr__(self) -> str:
        return f"<SlowManifold {self.bitcode}: dimension {self.dimension}, least drift {self.least_drift:.3g}>"


@dataclass(frozen=True, eq=False)
class SlowManifolds(ResultSequence[SlowManifold]):
    """The slow motion of every subregion that meets the visited range, the most visited first.

    Attributes
    ----------
    low, high : (M,) ndarray
        The range looked at, margin included.
    complete : bool
        Whether every subregion with inner points in that range is described.
    chosen : str
        How the subregions were chosen.
    hold : float
        The share meant in ``holding_steps`` and ``difference_steps``.
    time_constant : float
        The threshold.
    input_names, output_names : tuple of str
    stopped_by : StoppedBy
        What ended the search before it had described every subregion chosen.
    """

    columns = (
        "bitcode", "frequency", "dimension", "attracting", "holding_steps", "difference_steps", "crossing_steps",
        "largest_piece_drift", "least_drift", "least_drift_bound", "input_slopes", "output_slopes",
    )  # fmt: skip

    _items: tuple[SlowManifold, ...]
    low: np.ndarray
    high: np.ndarray
    complete: bool
    chosen: str
    hold: float
    time_constant: float
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    stopped_by: StoppedBy = StoppedBy.NOTHING

    def sentences(self) -> list[str]:
        """The result in words: first which subregions were looked at, then a paragraph for each of them.

        Returns
        -------
        list of str
        """
        return [f"{self.chosen[:1].upper()}{self.chosen[1:]}.", *(manifold_sentence(piece, self) for piece in self)]

    def __repr__(self) -> str:
        slow = sum(piece.extents is not None for piece in self)
        return f"<SlowManifolds: {len(self)} subregions, {slow} with a slow manifold in range; {self.chosen}>"


@checked
def distance_in_ranges(points: Iterable[FixedPoint] | FixedPoint | Any, visited: Trajectory | Any) -> np.ndarray:
    """How far points lie outside what a network visits, in units of the visited range.

    Parameters
    ----------
    points : FixedPoints, FixedPoint or (n, M) or (M,) array_like
    visited : Trajectory or pair of (M,) array_like
        Its states, or the lower and upper corner of the box around them.

    Returns
    -------
    (n,) ndarray
        For each point the largest over the units of the distance outside the range of that unit, divided by its
        width: 0 inside, 1000 if some unit is a thousand visited ranges away. A unit that does not move (its range is
        less than 1e-9 of the largest) is measured in the largest range of any unit.

    Raises
    ------
    ModelError
        On wrong shapes, or if the trajectory diverges.

    Examples
    --------
    >>> distance_in_ranges([[0.5, 0.0], [3.0, -1.0]], ([0.0, -2.0], [1.0, 2.0]))
    array([0., 2.])
    """
    if isinstance(points, FixedPoint):
        points = [points]
    if isinstance(points, Iterable) and not isinstance(points, np.ndarray):
        points = [point.z if isinstance(point, FixedPoint) else point for point in points]
        if not points:
            return np.zeros(0)
        if all(isinstance(point, Real) for point in points):
            points = [points]
    z = as_array("points", np.atleast_2d(points) if isinstance(points, np.ndarray) else points, (None, None), "(n, M)")
    box = visited_range(visited, z.shape[1])
    return box.in_widths(np.maximum(np.maximum(box.low - z, z - box.high), 0.0))


@reports("slow manifolds")
@checked
def find_slow_manifolds(
    model: Network,
    visited: Trajectory | Any,
    constant_input: Any = None,
    *,
    probe_inputs: Any = None,
    time_constant: float = 100.0,
    hold: float = 0.1,
    margin: float = 0.1,
    max_subregions: int = 64,
    time_limit: float | None = 60.0,
    progress: ProgressOption = None,
) -> SlowManifolds:
    """The slow manifold and the slowest point of every subregion in the visited range.

    Parameters
    ----------
    model : PLRNN
    visited : Trajectory or pair of (M,) array_like
        States that the model visits, or the lower and upper corner of a box, which is taken as it is.
    constant_input : (K,) array_like, optional
        The input held on; None stands for zero input.
    probe_inputs : (n, K) array_like, optional
        Inputs held on instead, whose drift along the manifold is wanted.
    time_constant : float, optional
        At least 2. A mode is near-marginal if ``|1 / ln|λ||`` is at least this, and slow if ``|λ - 1|`` is at most
        ``1 / time_constant``.
    hold : float, optional
        The share that counts as movement: of the visited range for ``holding_steps``, of a difference for
        ``difference_steps``.
    margin : float, optional
        By this share of its width the range of a trajectory is widened on both sides: what a network approaches
        often lies just beyond what it has reached.
    max_subregions : int, optional
        If more meet the range, only those that the trajectory visits are described, at most this number, the most
        visited first.
    time_limit : float, optional
        Seconds; None for no limit. What is done by then is returned, with ``complete`` False. Ctrl-C does the same.
    progress : bool or callable, optional
        True shows how far the search is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.

    Returns
    -------
    SlowManifolds

    Raises
    ------
    ModelError
        On wrong shapes, a trajectory that diverges, or options out of range.

    Notes
    -----
    Inside a subregion ``F(z) = J z + offset``. An ordered Schur form of J gives the invariant subspace of the
    eigenvalues near 1 (also where they are defective); with all other coordinates at their rest it is an affine
    subspace that the map keeps. The least drift is the minimum of ``|(J - I) z + offset|`` over a polytope, a convex
    quadratic program, solved by an interior point method, singular J - I included; the bound follows from weak
    duality with rounding subtracted and does not depend on how well the solver did. O(M³) a subregion, times about 30.
    Which subregions have inner points in the range is decided exactly; one of which less than 1e-9 of the range's width
    is inside is left out, and the result then not ``complete``.
    Slow points as minima of ``|F(z) - z|`` are due to Sussillo and Barak (2013); here they are global.

    References
    ----------
    D. Sussillo, O. Barak, *Opening the black box: low-dimensional dynamics in high-dimensional recurrent neural
    networks*, Neural Computation 25, 2013, doi:10.1162/NECO_a_00409.

    Examples
    --------
    An integrator that leaks 0.0006 per step.

    >>> from plrnn_analysis import PLRNN
    >>> leaky = PLRNN.al_rnn(A=[0.9994], W=[[0.0]], h=[0.0], pwl_units=0, C=[[1.0]], B=[[2.0]])
    >>> (line,) = find_slow_manifolds(leaky, ([0.5], [1.5]))
    >>> line.dimension, line.holding_steps, line.crossing_steps, line.output_slopes
    (1, 114.0, 1831.0, array([[2.]]))
    """
    time_constant = number("time_constant", time_constant, least=2.0)
    hold, margin = number("hold", hold, least=0.0), number("margin", margin, least=0.0)
    max_subregions = whole("max_subregions", max_subregions, 1)
    k = model.n_inputs
    s = np.zeros(k) if constant_input is None else as_array("constant_input", constant_input, (k,), "(K,)")
    probes = np.zeros((0, k)) if probe_inputs is None else as_array("probe_inputs", probe_inputs, (None, k), "(n, K)")
    box = visited_range(visited, model.n_units)
    pad = margin * box.widths if box.states is not None else 0.0
    low, high = box.low - pad, box.high + pad
    held = model.map.with_input(s)
    budget = Budget(None, time_limit, progress)
    found: list[SlowManifold] = []
    undecided = 0
    try:
        patterns, complete, chosen = _choose(held, box, low, high, max_subregions, budget)
        budget.reporter.say(step="describing", done=lambda: len(found) + undecided, total=len(patterns))
        for code, frequency in patterns:
            if budget.take(1) == 0:
                break
            try:
                found.append(_describe(model, held, code, frequency, box, (low, high), probes, time_constant, hold))
            except Undecided:
                undecided += 1
    except KeyboardInterrupt:
        budget.stop("interrupt")
    if budget.stopped_by:
        complete, chosen = False, f"{count_words(len(found), 'subregion')} described: {budget.stopped_by.reason}"
    if undecided:
        complete = False
        chosen += f"; {undecided} left out, too thin for floats or beyond the solver of linear programs"
    names = (model.input_names, model.output_names)
    return SlowManifolds(tuple(found), low, high, complete, chosen, hold, time_constant, *names, budget.stopped_by)


def _choose(
    map: CanonicalMap, box: VisitedRange, low: np.ndarray, high: np.ndarray, most: int, budget: Budget
) -> tuple[list[tuple[str, float]], bool, str]:
    """Bitcodes with their frequency, whether these are all that meet the range, and in words how they were chosen."""
    cells, complete = cells_in_box(map, low, high, most, budget)
    codes = [bits_to_string(bits) for bits in cells]
    everything = f"all {len(codes)} subregions that meet" if len(codes) != 1 else "the one subregion that meets"
    if box.states is None:
        chosen = f"{everything} the range" if complete else f"only {len(codes)} of the subregions that meet the range"
        return [(code, float("nan")) for code in codes], complete, chosen
    patterns, counts = np.unique(map.bits(box.states), axis=0, return_counts=True)
    visits = {bits_to_string(bits): int(n) / len(box.states) for bits, n in zip(patterns, counts, strict=True)}
    if complete:
        chosen = f"{everything} the visited range"
    else:
        codes = sorted(visits, key=lambda code: (-visits[code], code))[:most]
        chosen = f"only the {len(codes)} most visited of {len(visits)} visited subregions"
    codes.sort(key=lambda code: (-visits.get(code, 0.0), code))
    return [(code, visits.get(code, 0.0)) for code in codes], complete, chosen


def _describe(
    model: Network,
    held: CanonicalMap,
    code: str,
    frequency: float,
    box: VisitedRange,
    corners: tuple[np.ndarray, np.ndarray],
    probes: np.ndarray,
    time_constant: float,
    hold: float,
) -> SlowManifold:
    """Everything about one subregion; Undecided if no inner point of it was found in the range."""
    low, high = corners
    bits = bits_from_string(code, held.n_relu)
    sign = np.where(bits, 1.0, -1.0)
    jacobian, offset = held.jacobian(bits), held.offset(bits)
    K = jacobian - np.eye(held.n_units)
    nearest = least_norm(K, offset, sign[:, None] * held.V, sign * held.c, low, high)
    if nearest is None:
        raise Undecided("no inner point was found")
    (region,) = find_modes(model, code)
    near = tuple(mode for mode in region.modes if abs(mode.time_constant) >= time_constant)
    readout = np.zeros((0, held.n_units)) if model.B is None else model.B
    slow = slow_subspace(jacobian, offset, 1.0 / time_constant).oriented(readout)
    piece = clip(slow, held.V, held.c, sign, low, high)
    anchor = None if piece is None else slow.origin + piece.anchor @ slow.directions
    reads = readout @ slow.directions.T
    slopes = slow.left @ (model.map.C + model.map.W @ (bits[:, None] * model.map.E))
    at = nearest.x if anchor is None else anchor
    probed = [slow.left @ (model.map.with_input(p).offset(bits) + K @ at) for p in probes]
    drifts = np.array(probed).reshape(len(probes), len(slow.drift))
    # Coordinates are known to some units in the last place of the range.
    reach = np.maximum(np.abs(low), np.abs(high))
    inner = np.abs(held.V) @ reach + np.abs(held.c)
    size = np.abs(held.A) @ reach + np.abs(held.W) @ inner + np.abs(held.h) + reach
    return SlowManifold(
        bitcode=code,
        frequency=frequency,
        modes=near,
        dimension=len(slow.drift),
        directions=slow.directions,
        left=slow.left,
        attracting=others_decay(jacobian, len(slow.drift)),
        anchor=None if anchor is None else anchor,
        input_slopes=slopes,
        output_slopes=reads @ slopes,
        probe_drifts=drifts,
        probe_output_drifts=drifts @ reads.T,
        slowest=nearest.x,
        least_drift=float(np.linalg.norm(held.step(nearest.x) - nearest.x)),
        least_drift_bound=nearest.bound,
        rounding=ULPS * float(np.linalg.norm(size)),
        **piece_numbers(slow, piece, box, hold, reads),
    )
