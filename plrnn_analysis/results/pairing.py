"""The fixed points of two networks, paired one to one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from .._validation import as_array, number, one_of
from .._wording import with_article
from ..display.abbreviation import count_words
from ..errors import ModelError
from ..statuses import Stability
from ..tables import ResultSequence, Table
from .fixed_points import Continuum, FixedPoint, FixedPoints
from .naming import place_in_words, point_noun
from .trajectory import Trajectory

__all__ = ["FixedPointPair", "FixedPointPairing", "pair_fixed_points"]

# Of pairings that are equally close the one that keeps more stabilities counts as closer by this, in scales squared.
TIE = 1e-9
# Points that a sentence lists.
LISTED = 4


@dataclass(frozen=True, eq=False)
class FixedPointPair(Frozen):
    """A fixed point of one network and its partner in another.

    Attributes
    ----------
    a, b : FixedPoint
    distance : float
        Euclidean distance in the space in which they were compared.
    relative_distance : float
        The same in scales, see :class:`FixedPointPairing`.
    """

    a: FixedPoint
    b: FixedPoint
    distance: float
    relative_distance: float

    @property
    def same_stability(self) -> bool:
        """Whether both have the same number of unstable directions, or both are marginal.

        A node that becomes a spiral keeps its stability; where it is undecided, nothing is kept.
        """
        return _unstable(self.a) is not None and _unstable(self.a) == _unstable(self.b)


def _unstable(point: FixedPoint) -> int | None:
    """Number of unstable directions; -1 for a marginal point, None where it is not decided."""
    if point.stability == Stability.UNDECIDED:
        return None
    if point.stability == Stability.MARGINAL:
        return -1
    m = len(point.eigenvalues)
    above = int(np.count_nonzero(np.abs(point.eigenvalues) > 1.0))
    if point.stability == Stability.SADDLE:
        return min(max(above, 1), m - 1)
    return 0 if point.stability in (Stability.STABLE_NODE, Stability.STABLE_SPIRAL) else m


@dataclass(frozen=True, eq=False)
class FixedPointPairing(ResultSequence[FixedPointPair]):
    """The fixed points of two networks, paired one to one; a sequence of pairs in the order of the first network.

    Attributes
    ----------
    unmatched_a, unmatched_b : tuple of FixedPoint
        Points without a partner.
    continua_a, continua_b : tuple of Continuum
        Continua of each; they are not paired.
    by : str
        ``"states"`` or ``"outputs"``: where distances were measured.
    scale : (D,) ndarray
        What differences of each coordinate were divided by.
    tolerance : float
        Largest distance of partners, in scales.
    complete : bool
        Whether both lists of fixed points are proved complete. If not, a partner may be missing because it was not
        found.
    output_names : tuple of str
    """

    _items: tuple[FixedPointPair, ...]
    unmatched_a: tuple[FixedPoint, ...]
    unmatched_b: tuple[FixedPoint, ...]
    continua_a: tuple[Continuum, ...]
    continua_b: tuple[Continuum, ...]
    by: str
    scale: np.ndarray
    tolerance: float
    complete: bool
    output_names: tuple[str, ...] = ()

    @property
    def kept(self) -> int:
        """Number of pairs whose points have the same stability."""
        return sum(pair.same_stability for pair in self)

    @property
    def all_kept(self) -> bool:
        """Whether every point of either network has a partner of the same stability, and neither has a continuum."""
        unpaired = self.unmatched_a or self.unmatched_b or self.continua_a or self.continua_b
        return not unpaired and self.kept == len(self)

    @property
    def claim(self) -> str:
        """What was found, in a few words."""
        sizes = (len(self) + len(self.unmatched_a), len(self) + len(self.unmatched_b))
        proof = "both lists complete" if self.complete else "NOT both lists complete"
        return f"{len(self)} of {sizes[0]} and {sizes[1]} points paired, {self.kept} with the same stability; {proof}"

    def table(self) -> Table:
        """One row per pair, then the points without a partner, whose other columns are None.

        Columns ``bitcode_a``, ``bitcode_b``, ``stability_a``, ``stability_b``, ``same_stability``, ``distance``,
        ``relative_distance``; where points have outputs ``output_a`` and ``output_b``.
        """
        rows: list[tuple[FixedPoint | None, FixedPoint | None, FixedPointPair | None]] = []
        rows += [(pair.a, pair.b, pair) for pair in self]
        rows += [(point, None, None) for point in self.unmatched_a]
        rows += [(None, point, None) for point in self.unmatched_b]
        table = Table()
        for name in ("bitcode", "stability"):
            for side, letter in enumerate("ab"):
                table[f"{name}_{letter}"] = [getattr(row[side], name, None) for row in rows]
        for name in ("same_stability", "distance", "relative_distance"):
            table[name] = [getattr(row[2], name, None) for row in rows]
        for side, letter in enumerate("ab"):
            outputs = [getattr(row[side], "output", None) for row in rows]
            if any(output is not None for output in outputs):
                table[f"output_{letter}"] = outputs
        table.claim = self.claim
        return table

    def sentences(self) -> list[str]:
        """The result in words."""
        sizes = (len(self) + len(self.unmatched_a), len(self) + len(self.unmatched_b))
        pairs = "no pair" if not len(self) else "1 pair" if len(self) == 1 else f"{count_words(len(self), 'pair')}"
        those = f"{sizes[0]} fixed point{'' if sizes[0] == 1 else 's'}"
        kept = f", {self.kept} of them with the same stability" if len(self) else ""
        said = [f"The first network has {those}, the second {sizes[1]}: {pairs}{kept}."]
        if len(self):
            largest = max(pair.relative_distance for pair in self)
            said.append(f"Partners are at most {largest:.2g} scales apart (allowed are {self.tolerance:g}).")
        changed = [pair for pair in self if not pair.same_stability]
        for pair in changed[:LISTED]:
            noun = point_noun(pair.b.stability)
            said.append(f"{self._named(pair.a, 'The')} has {with_article(noun)} as its partner.")
        if len(changed) > LISTED:
            said.append(f"{len(changed) - LISTED} further pairs differ in their stability.")
        for points, which in ((self.unmatched_a, "first"), (self.unmatched_b, "second")):
            if points:
                named = ", ".join(self._named(point, "the") for point in points[:LISTED])
                more = f" and {len(points) - LISTED} more" if len(points) > LISTED else ""
                said.append(f"Without a partner in the {which} network: {named}{more}.")
        if self.continua_a or self.continua_b:
            said.append(
                f"Continua are not paired; the first network has {len(self.continua_a)}, the second "
                f"{len(self.continua_b)}."
            )
        if not self.complete:
            said.append("A search was not complete: a partner may be missing because it was not found.")
        return said

    def _named(self, point: FixedPoint, article: str) -> str:
        return (
            f"{article} {point_noun(point.stability)}{place_in_words(point.bitcode, point.output, self.output_names)}"
        )

    def __repr__(self) -> str:
        return f"<FixedPointPairing: {self.claim}>"


@checked
def pair_fixed_points(
    a: FixedPoints,
    b: FixedPoints,
    *,
    by: str = "auto",
    state_map: Callable[[np.ndarray], Any] | Any = None,
    scale: Any = None,
    tolerance: float = 0.5,
) -> FixedPointPairing:
    """Pair the fixed points of two networks one to one, the closest together.

    Parameters
    ----------
    a, b : FixedPoints
    by : {"auto", "states", "outputs"}, optional
        Where distances are measured. ``"auto"``: between states if both networks have as many units or a `state_map`
        is given, else between outputs, which points have that a model with a readout found.
    state_map : (M_b, M_a) array_like or callable, optional
        Takes a state (M_a,) of the first network to one (M_b,) of the second.
    scale : float, (D,) array_like or Trajectory, optional
        What a difference is measured by, one number for all coordinates or one each. Of a trajectory of the second
        network it is the root mean square distance of its states (or outputs) from their mean. By default the median
        distance of a network's points from their median, the larger of the two networks'; of single points their
        distance from the origin.
    tolerance : float, optional
        Points further apart than this number of scales are not paired.

    Returns
    -------
    FixedPointPairing

    Raises
    ------
    ModelError
        If the points cannot be compared as asked, or an option is out of range.

    Notes
    -----
    The pairing minimises the sum over pairs of the squared distance, where a point without a partner costs as much as
    one at the tolerance. Squares keep the order of points that all moved a little, such as those about to meet in a
    fold. Of equally close pairings the one that keeps more stabilities is taken. ``O((n_a + n_b)^3)``.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> def switch(h):
    ...     return PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=h, pwl_units=2)
    >>> pairs = pair_fixed_points(switch([1, 1]).fixed_points(), switch([1.1, 1]).fixed_points())
    >>> pairs
    <FixedPointPairing: 3 of 3 and 3 points paired, 3 with the same stability; both lists complete>
    >>> [round(pair.distance, 3) for pair in pairs]
    [0.2, 0.447, 0.149]
    """
    tolerance = number("tolerance", tolerance, above=0.0, infinite=True)
    by = one_of("by", by, ("auto", "states", "outputs"))
    if by == "outputs" and state_map is not None:
        raise ModelError("a state_map compares states; give it or by='outputs', not both")
    if by == "auto":
        units = {len(point.z) for point in (*a, *b)}
        by = "states" if len(units) < 2 or state_map is not None else "outputs"
    places = [np.zeros((0, 0)), np.zeros((0, 0))]
    if len(a) and len(b):
        places = [np.array(one) for one in (_states(a, b, state_map) if by == "states" else _outputs(a, b))]
    sizes = _scale(scale, places, by)
    pairs = _paired(a, b, places, sizes, tolerance)
    used_a, used_b = ({id(pair.a) for pair in pairs}, {id(pair.b) for pair in pairs})
    return FixedPointPairing(
        _items=tuple(pairs),
        unmatched_a=tuple(point for point in a if id(point) not in used_a),
        unmatched_b=tuple(point for point in b if id(point) not in used_b),
        continua_a=a.continua,
        continua_b=b.continua,
        by=by,
        scale=sizes,
        tolerance=tolerance,
        complete=a.complete and b.complete,
        output_names=a.output_names or b.output_names,
    )


def _states(
    a: FixedPoints, b: FixedPoints, state_map: Callable[[np.ndarray], Any] | Any
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """States of both in the space of the second network."""
    m_a, m_b = len(a[0].z), len(b[0].z)
    second = [point.z for point in b]
    if state_map is None:
        if m_a != m_b:
            raise ModelError(
                f"the networks have {m_a} and {m_b} units: give a state_map from the first to the second, or "
                "by='outputs'"
            )
        return [point.z for point in a], second
    if callable(state_map):
        what = f"a state of the second network ({m_b},), what state_map must return"
        return [as_array("state_map(z)", state_map(point.z), (m_b,), what) for point in a], second
    matrix = as_array("state_map", state_map, (m_b, m_a), "(M_b, M_a), or a function from state to state")
    return [matrix @ point.z for point in a], second


def _outputs(a: FixedPoints, b: FixedPoints) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Outputs of both."""
    found: list[list[np.ndarray]] = []
    for points, which in ((a, "first"), (b, "second")):
        found.append([point.output for point in points if point.output is not None])
        if len(found[-1]) < len(points):
            raise ModelError(
                f"the fixed points of the {which} network have no outputs to compare: find them with "
                "model.fixed_points() of a model with a readout B, or give a state_map"
            )
    n_a, n_b = len(found[0][0]), len(found[1][0])
    if n_a != n_b:
        raise ModelError(f"the networks have {n_a} and {count_words(n_b, 'output')}: they cannot be compared")
    return found[0], found[1]


def _scale(given: Any, places: Sequence[np.ndarray], by: str) -> np.ndarray:
    """What differences are divided by, (D,)."""
    width = places[1].shape[1]
    if isinstance(given, Trajectory):
        values = given.states if by == "states" else given.outputs
        if values is None or (width and values.shape[2] != width):
            raise ModelError(f"scale is a trajectory without the {width} {by} of the second network")
        flat = given.flatten(values)
        spread = float(np.sqrt(np.sum(np.var(flat, axis=0)))) if np.all(np.isfinite(flat)) else np.nan
        if not 0.0 < spread < np.inf:
            raise ModelError("scale is a trajectory that does not move or diverges: it says nothing of distances")
        return np.full(width, spread)
    if given is None:
        several = [_spread(one) for one in places if len(one) > 1]
        alone = [float(np.linalg.norm(one)) for one in places if len(one) == 1]
        return np.full(width, max(several or alone, default=0.0) or 1.0)
    if np.ndim(given) == 0:
        return np.full(width, number("scale", given, above=0.0))
    sizes = as_array("scale", given, (width,) if width else (None,), "(D,), one number a coordinate")
    if np.any(sizes <= 0.0):
        raise ModelError("scale must be positive in every coordinate")
    return sizes


def _spread(points: np.ndarray) -> float:
    """Median distance of points (n, D) from their median."""
    return float(np.median(np.linalg.norm(points - np.median(points, axis=0), axis=1)))


def _paired(
    a: FixedPoints, b: FixedPoints, places: Sequence[np.ndarray], sizes: np.ndarray, tolerance: float
) -> list[FixedPointPair]:
    from scipy.optimize import linear_sum_assignment

    if not len(places[0]) or not len(places[1]):
        return []
    differences = places[0][:, None] - places[1][None]
    distances = np.linalg.norm(differences, axis=2)
    relative = np.linalg.norm(differences / sizes, axis=2)
    unstable = [[_unstable(point) for point in points] for points in (a, b)]
    other = np.array([[p is None or p != q for q in unstable[1]] for p in unstable[0]])
    rows, columns = linear_sum_assignment(np.minimum(relative, tolerance) ** 2 + TIE * other)
    return [
        FixedPointPair(a[int(i)], b[int(j)], float(distances[i, j]), float(relative[i, j]))
        for i, j in zip(rows, columns, strict=True)
        if relative[i, j] <= tolerance
    ]
