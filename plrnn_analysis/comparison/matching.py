"""Two networks side by side: whether they are one in other coordinates, and what they share."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._validation import freeze
from ..engines.budget import Budget
from ..engines.stability import ordered_eigenvalues
from ..errors import ModelError
from ..fixed_points import find_fixed_points
from ..maps import CanonicalMap, bits_from_string, bits_to_string
from ..network import Network
from ..regions import find_subregions
from ..results import FixedPoint, FixedPoints
from .permutations import best_assignment, exact_candidates
from .realisation import DAMPING, LinearSystem, Match, match_systems, settled_part, unseen_modes
from .results import Comparison, FixedPointMatch, SubregionMatch
from .scales import fit_scales

__all__ = ["compare", "spectral_distance"]

# So many permutations that prove the equivalence are listed.
MAX_ALTERNATIVES = 24
# Candidates that are looked at.
MAX_NODES = 200_000


def compare(
    model_a: Network,
    model_b: Network,
    *,
    constant_input: Any = None,
    readout: bool = True,
    tolerance: float = 1e-6,
    max_subregions: int = 256,
    time_limit: float | None = 60.0,
) -> Comparison:
    """Match the ReLUs, subregions and fixed points of two networks; prove that they are equivalent where they are.

    Parameters
    ----------
    model_a, model_b : PLRNN
        Of any architecture and size.
    constant_input : (K,) array_like, optional
        Input under which fixed points are compared; None stands for zero input.
    readout : bool, optional
        Whether readouts of the same number of outputs must agree as well.
    tolerance : float, optional
        Largest relative difference between equivalent networks. Weights stored in single precision agree to 1e-7.
    max_subregions : int, optional
        At most so many subregions are matched.
    time_limit : float, optional
        Seconds for the search for a match, and again for the fixed points of each network; None for no limit.

    Returns
    -------
    Comparison

    Raises
    ------
    ModelError
        If there is nothing to compare: no ReLU and no readout of the same size; or an option is out of range.

    Notes
    -----
    Between the ReLUs the network is a linear system with the ReLU outputs as inputs and the ReLU arguments as
    outputs. A change of the state's coordinates leaves the behaviour of that system alone; a ReLU commutes with a
    positive scale and ReLUs may be numbered in another order. So two networks are one if, for some order and some
    scales, their linear systems have the same Markov parameters ``V A^k W`` (and those of input and readout), the
    same free responses and the same offsets up to a shift of the origin. Two systems of orders M_a and M_b agree in
    all lags if they agree in the first M_a + M_b (Ho and Kalman 1966). All are compared relative to their norms;
    directions weaker than 1e-10 of the strongest count as unseen.

    The order is searched by scale-free invariants with backtracking. Where none works, the best order is the one with
    the smallest squared difference of the Markov parameters: over all orders up to 8 ReLUs, beyond by
    assignment and exchange, which need not find the best. ReLUs that do the same as two others together, or none of
    the state's doing, are not recognised: networks with different numbers of ReLUs always count as different.

    References
    ----------
    B. L. Ho, R. E. Kalman, *Effective construction of linear state-variable models from input/output functions*,
    Regelungstechnik 14, 1966, doi:10.1524/auto.1966.14.112.545.

    Examples
    --------
    The same network with its units in another order and other scales:

    >>> from plrnn_analysis import PLRNN
    >>> a = PLRNN.al_rnn(A=[0.5, 0.4], W=[[0, -1], [-1.5, 0]], h=[1, 2], pwl_units=2)
    >>> b = PLRNN.al_rnn(A=[0.4, 0.5], W=[[0, -3], [-0.5, 0]], h=[4, 1], pwl_units=2)
    >>> found = compare(a, b)
    >>> found.relation, found.permutation, found.scales.round(6).tolist()
    ('conjugate', (1, 0), [1.0, 2.0])
    """
    if not tolerance > 0.0 or max_subregions < 0:
        raise ModelError("tolerance must be positive and max_subregions at least 0")
    budget = Budget(MAX_NODES, time_limit)
    notes: list[str] = []
    a, b, compared = _systems(model_a, model_b, readout, notes)
    order, match, relation, alternatives, exhausted = _search(a, b, tolerance, budget)
    n_a, n_b = model_a.pwl_units, model_b.pwl_units
    if n_a != n_b:
        notes.append(f"{abs(n_a - n_b)} ReLUs of the larger network have no partner: they are left out of the mismatch")
    if not exhausted:
        notes.append("not every assignment of the ReLUs was looked at")
    scales = np.full(n_a, np.nan)
    own = np.flatnonzero(order >= 0)
    scales[own] = fit_scales(a.relus(own), b.relus(order[own]))
    settling = [settled_part(system)[1] for system in (a, b)]
    unseen = [unseen_modes(system) for system in (a, b)]
    if relation == "conjugate" and (unseen[0].size or unseen[1].size):
        relation = "same observable part"
    for name, modes, what in (
        ("first", unseen[0], "no ReLU or readout sees"),
        ("second", unseen[1], "no ReLU or readout sees"),
        ("first", settling[0], "nothing excites"),
        ("second", settling[1], "nothing excites"),
    ):
        if modes.size:
            notes.append(
                f"the {name} network has {modes.size} mode(s) that {what}, |λ| up to {np.abs(modes).max():.3g}"
            )
    found_a = find_fixed_points(_held(model_a, constant_input), time_limit=time_limit)
    found_b = find_fixed_points(_held(model_b, constant_input), time_limit=time_limit)
    pairs, left_a, left_b = _match_fixed_points(model_a, model_b, found_a, found_b, order, "readouts" in compared)
    subregions, all_listed = _match_subregions(
        _held(model_a, constant_input), _held(model_b, constant_input), order, max_subregions
    )
    if not all_listed:
        notes.append(f"only {len(subregions)} subregions were matched")
    same = relation in ("conjugate", "same observable part")
    return Comparison(
        _items=pairs,
        relation=relation,
        mismatch=match.mismatch,
        tolerance=float(tolerance),
        details=match,
        permutation=tuple(int(k) for k in order),
        scales=freeze(scales),
        alternatives=alternatives,
        T=freeze(match.T) if same else None,
        t=freeze(match.t) if same else None,
        unseen_a=freeze(unseen[0]),
        unseen_b=freeze(unseen[1]),
        settling_a=freeze(settling[0]),
        settling_b=freeze(settling[1]),
        subregions=subregions,
        unmatched_a=left_a,
        unmatched_b=left_b,
        fixed_points_complete=found_a.complete and found_b.complete,
        compared=compared,
        exhausted=exhausted,
        notes=tuple(notes),
    )


def _held(model: Network, constant_input: Any) -> CanonicalMap:
    return model.map.with_input(constant_input)


def _systems(
    model_a: Network, model_b: Network, readout: bool, notes: list[str]
) -> tuple[LinearSystem, LinearSystem, tuple[str, ...]]:
    inputs = model_a.n_inputs == model_b.n_inputs > 0
    readouts = readout and model_a.n_outputs == model_b.n_outputs > 0
    if model_a.n_inputs != model_b.n_inputs:
        notes.append(f"inputs are not compared: the networks have {model_a.n_inputs} and {model_b.n_inputs}")
    if readout and model_a.n_outputs != model_b.n_outputs:
        notes.append(
            f"readouts are not compared: the networks have {model_a.n_outputs} and {model_b.n_outputs} outputs"
        )
    if not readouts and model_a.pwl_units == model_b.pwl_units == 0:
        raise ModelError(
            "two networks without ReLU and without readouts of the same size: nothing is seen of their states. Give "
            "both a readout B, or compare the eigenvalues of A"
        )
    systems = []
    for model in (model_a, model_b):
        map, k = model.map, model.n_inputs if inputs else 0
        B = np.zeros((0, map.n_units)) if not readouts or model.B is None else model.B
        b = np.zeros(len(B)) if not readouts or model.b is None else model.b
        systems.append(LinearSystem(map.A, map.W, map.h, map.C[:, :k], map.V, map.c, map.E[:, :k], B, b))
    names = (("ReLUs", True), ("inputs", inputs), ("readouts", readouts))
    return systems[0], systems[1], tuple(name for name, used in names if used)


def _search(
    a: LinearSystem, b: LinearSystem, tolerance: float, budget: Budget
) -> tuple[np.ndarray, Match, str, tuple[tuple[int, ...], ...], bool]:
    """Order of the ReLUs, how well it matches, the relation, other orders that prove it, whether all were seen."""
    n_a, n_b = a.V.shape[0], b.V.shape[0]
    proofs: list[tuple[np.ndarray, Match, str]] = []
    if n_a == n_b:
        settled_a, settled_b = settled_part(a)[0], settled_part(b)[0]
        for order in exact_candidates(a, b, tolerance, budget):
            d = fit_scales(a, b.relus(order))
            match, relation = match_systems(a.scaled(d), b.relus(order)), "conjugate"
            if match.mismatch > tolerance:
                match = match_systems(settled_a.scaled(d), settled_b.relus(order))
                relation = "same minimal part"
            if match.mismatch <= tolerance:
                proofs.append((order, match, relation))
                if len(proofs) == MAX_ALTERNATIVES:
                    break
    if proofs:
        rank = {"conjugate": 0, "same minimal part": 1}
        proofs.sort(key=lambda proof: rank[proof[2]])
        order, match, relation = proofs[0]
        return order, match, relation, tuple(tuple(int(k) for k in p[0]) for p in proofs[1:]), True
    ruled_out = not budget.stopped_by
    small, large = (a, b) if n_a <= n_b else (b, a)
    chosen, every = best_assignment(small, large, Budget(1000, budget.remaining if budget.deadline else None))
    order = np.full(n_a, -1)
    if n_a <= n_b:
        order[:] = chosen
    else:
        order[chosen] = np.arange(n_b)
    own = np.flatnonzero(order >= 0)
    one, other = a.relus(own), b.relus(order[own])
    one = one.scaled(fit_scales(one, other))
    match = match_systems(one, other, DAMPING)
    if match.mismatch <= tolerance:
        match = match_systems(one, other)
        if n_a == n_b and match.mismatch <= tolerance:
            return order, match, "conjugate", (), True
    return order, match, "different", (), (ruled_out or every) if n_a == n_b else every


def spectral_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Largest difference of two sets of eigenvalues in their best matching (least sum), of as many as the smaller has.

    Examples
    --------
    >>> spectral_distance(np.array([1.0, 0.5]), np.array([0.5, 1.25]))
    0.25
    """
    from scipy.optimize import linear_sum_assignment

    gaps = np.abs(np.asarray(first)[:, None] - np.asarray(second)[None, :])
    return float(gaps[linear_sum_assignment(gaps)].max(initial=0.0))


def _match_fixed_points(
    model_a: Network, model_b: Network, a: FixedPoints, b: FixedPoints, order: np.ndarray, readouts: bool
) -> tuple[tuple[FixedPointMatch, ...], tuple[FixedPoint, ...], tuple[FixedPoint, ...]]:
    from scipy.optimize import linear_sum_assignment

    own = np.flatnonzero(order >= 0)
    bits_a = [bits_from_string(p.bitcode, model_a.pwl_units)[own] for p in a]
    bits_b = [bits_from_string(p.bitcode, model_b.pwl_units)[order[own]] for p in b]
    gaps = np.array([[spectral_distance(p.eigenvalues, q.eigenvalues) for q in b] for p in a]).reshape(len(a), len(b))
    allowed = np.array([[np.array_equal(p, q) for q in bits_b] for p in bits_a], dtype=bool).reshape(gaps.shape)
    forbidden = 1.0 + 2.0 * gaps.size * float(gaps.max(initial=0.0))
    rows, columns = linear_sum_assignment(np.where(allowed, gaps, forbidden))
    pairs = []
    for i, j in zip(rows, columns, strict=True):
        if allowed[i, j]:
            apart = float("nan")
            if readouts:
                apart = float(np.abs(_read(model_a, a[int(i)]) - _read(model_b, b[int(j)])).max())
            pairs.append(FixedPointMatch(a[int(i)], b[int(j)], float(gaps[i, j]), apart))
    used_a, used_b = ({id(point) for point in points} for points in ([m.a for m in pairs], [m.b for m in pairs]))
    return (
        tuple(sorted(pairs, key=lambda match: match.distance)),
        tuple(point for point in a if id(point) not in used_a),
        tuple(point for point in b if id(point) not in used_b),
    )


def _read(model: Network, point: FixedPoint) -> np.ndarray:
    assert model.B is not None  # readouts are compared
    return np.asarray(model.B @ point.z + (0.0 if model.b is None else model.b))


def _match_subregions(
    a: CanonicalMap, b: CanonicalMap, order: np.ndarray, most: int
) -> tuple[tuple[SubregionMatch, ...], bool]:
    """Subregions of both, ReLUs without partner inactive; closest spectra first."""
    if most == 0:
        return (), False
    listed = find_subregions(a, max_regions=most)
    others = find_subregions(b, max_regions=most)
    exist = {region.bitcode for region in others}
    own = np.flatnonzero(order >= 0)
    found = []
    for region in listed:
        bits = bits_from_string(region.bitcode, a.n_relu)
        if np.any(bits[order < 0]):
            continue
        partner = np.zeros(b.n_relu, dtype=bool)
        partner[order[own]] = bits[own]
        code = bits_to_string(partner)
        if others.complete and code not in exist:
            continue
        values_a, values_b = ordered_eigenvalues(region.jacobian), ordered_eigenvalues(b.jacobian(partner))
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
