"""Fixed points and subregions of two networks whose ReLUs are matched."""

from __future__ import annotations

import numpy as np

from .._signatures import checked
from ..engines.budget import Budget
from ..engines.stability import jacobian_stability
from ..errors import ModelError
from ..maps import CanonicalMap, bits_from_string, bits_to_string
from ..network import Network
from ..regions import find_subregions
from ..results import FixedPoint, FixedPoints
from .results import FixedPointMatch, SubregionMatch

__all__ = ["match_fixed_points", "match_subregions", "spectral_distance"]


@checked
def spectral_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Largest difference of two sets of eigenvalues in their best matching (least sum), of as many as the smaller has.

    Parameters
    ----------
    first, second : (n,) ndarray
        Eigenvalues, real or complex; their numbers may differ.

    Returns
    -------
    float
        The largest modulus of a difference between partners.

    Examples
    --------
    >>> spectral_distance(np.array([1.0, 0.5]), np.array([0.5, 1.25]))
    0.25
    """
    from scipy.optimize import linear_sum_assignment

    sets = [np.asarray(values) for values in (first, second)]
    if any(v.ndim != 1 or v.dtype.kind not in "fiuc" or not np.all(np.isfinite(v)) for v in sets):
        raise ModelError("first and second must be lists of eigenvalues, finite numbers")
    gaps = np.abs(sets[0][:, None] - sets[1][None, :])
    return float(gaps[linear_sum_assignment(gaps)].max(initial=0.0))


def match_fixed_points(
    model_a: Network,
    model_b: Network,
    a: FixedPoints,
    b: FixedPoints,
    order: np.ndarray,
    readouts: bool,
    budget: Budget,
) -> tuple[tuple[FixedPointMatch, ...], tuple[FixedPoint, ...], tuple[FixedPoint, ...]]:
    """Pairs in corresponding subregions, closest spectra first, and the points of each that have no partner.

    Points that there was no time for have none.
    """
    from scipy.optimize import linear_sum_assignment

    own = np.flatnonzero(order >= 0)
    # Only points in corresponding subregions may be partners: one small assignment for each pair of subregions.
    there: dict[bytes, list[FixedPoint]] = {}
    for point in b:
        there.setdefault(bits_from_string(point.bitcode, model_b.pwl_units)[order[own]].tobytes(), []).append(point)
    here: dict[bytes, list[FixedPoint]] = {}
    for point in a:
        here.setdefault(bits_from_string(point.bitcode, model_a.pwl_units)[own].tobytes(), []).append(point)
    pairs = []
    for key, points in here.items():
        others = there.get(key, [])
        if budget.is_over():
            break
        gaps = np.array([[spectral_distance(p.eigenvalues, q.eigenvalues) for q in others] for p in points])
        for i, j in zip(*linear_sum_assignment(gaps.reshape(len(points), len(others))), strict=True):
            first, second = points[int(i)], others[int(j)]
            apart = float("nan")
            if readouts and first.output is not None and second.output is not None:
                apart = float(np.abs(first.output - second.output).max())
            pairs.append(FixedPointMatch(first, second, float(gaps[i, j]), apart))
    used_a, used_b = ({id(point) for point in points} for points in ([m.a for m in pairs], [m.b for m in pairs]))
    return (
        tuple(sorted(pairs, key=lambda match: match.distance)),
        tuple(point for point in a if id(point) not in used_a),
        tuple(point for point in b if id(point) not in used_b),
    )


def match_subregions(
    a: CanonicalMap, b: CanonicalMap, order: np.ndarray, most: int, budget: Budget
) -> tuple[tuple[SubregionMatch, ...], bool]:
    """Subregions of both, ReLUs without partner inactive; closest spectra first."""
    if most == 0 or budget.is_over():
        return (), False
    listed, others = (
        find_subregions(map, max_regions=most, time_limit=budget.portion(0.5).limit, progress=budget.reporter)
        for map in (a, b)
    )
    exist = {region.bitcode for region in others}
    own = np.flatnonzero(order >= 0)
    found = []
    for region in listed:
        if budget.is_over():
            return (), False
        bits = bits_from_string(region.bitcode, a.n_relu)
        if np.any(bits[order < 0]):
            continue
        partner = np.zeros(b.n_relu, dtype=bool)
        partner[order[own]] = bits[own]
        code = bits_to_string(partner)
        if others.complete and code not in exist:
            continue
        (values_a, _), (values_b, _) = jacobian_stability([a], bits[None]), jacobian_stability([b], partner[None])
        found.append(
            SubregionMatch(
                region.bitcode,
                code,
                float(np.abs(values_a[0])),
                float(np.abs(values_b[0])),
                spectral_distance(values_a, values_b),
            )
        )
    return tuple(sorted(found, key=lambda match: match.distance)), listed.complete and others.complete
