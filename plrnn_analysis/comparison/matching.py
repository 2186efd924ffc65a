"""Two networks side by side: whether they are one in other coordinates, and what they share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._signatures import checked
from .._validation import check_memory, number, whole
from ..display.abbreviation import count_words
from ..engines.budget import Budget
from ..errors import ModelError
from ..fixed_points import find_fixed_points
from ..network import Network
from ..progress import ProgressOption, reports
from ..readouts import with_outputs
from ..statuses import Relation
from ..units import balanced
from .correspondence import match_fixed_points, match_subregions
from .differences import Match, match_systems
from .permutations import best_assignment, exact_candidates
from .realisation import SINGLE, LinearSystem, settled_part, unseen_modes
from .results import Comparison, SubregionMatch
from .scales import fit_scales

__all__ = ["compare"]

# This many permutations that prove the equivalence are listed.
MAX_ALTERNATIVES = 24
# Candidates that are looked at.
MAX_NODES = 200_000
# Largest differences between equivalent networks in double and, if one of them is rounded to it, single precision.
IN_DOUBLE, IN_SINGLE = 1e-8, 1e-6
# Candidates are compared by fewer numbers, whose rounding is not followed: nothing finer is asked of them.
ROUGH = 1e-6


@reports("comparison")
@checked
def compare(
    model_a: Network,
    model_b: Network,
    *,
    constant_input: Any = None,
    readout: bool = True,
    tolerance: float | None = None,
    max_subregions: int = 256,
    time_limit: float | None = 60.0,
    progress: ProgressOption = None,
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
        Largest relative difference between equivalent networks, beyond rounding. By default 1e-8, or 1e-6 if the
        weights of one of them all fit into single precision: it is taken to be rounded to it. Weights that were written
        down with seven digits need 1e-6 as well.
    max_subregions : int, optional
        At most this many subregions are matched.
    time_limit : float, optional
        Seconds for everything together, half of them at most for the search for a match; None for no limit. The linear
        algebra of one match is not limited: some seconds at 100 ReLUs.
    progress : bool or callable, optional
        True shows how far the search is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.

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
    all lags if they agree in the first M_a + M_b (Ho and Kalman 1966). Each number is compared relative to the terms
    that it is the sum of, so that no difference hides behind larger numbers and no choice of units matters; before
    that, both networks are brought to balanced units. Directions weaker than 1e-10 of the strongest count as unseen.
    The two networks may be given in either order: verdict and numbers are the same.

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
    if tolerance is not None:
        tolerance = number("tolerance", tolerance, above=0.0)
    max_subregions = whole("max_subregions", max_subregions, least=0)
    units = model_a.n_units + model_b.n_units
    seen = max(model.pwl_units + model.n_outputs for model in (model_a, model_b))
    size = 20.0 * 8.0 * units * seen * max(units, seen)
    check_memory("the comparison", size, "compare smaller networks, or reduce() them first")
    one, other = _in_own_units(model_a, model_b, readout)
    if tolerance is None:
        tolerance = IN_SINGLE if SINGLE in (one.system.noise, other.system.noise) else IN_DOUBLE
    # The order of the arguments must not decide anything, not even between two matches that are equally good.
    turned = other.key < one.key
    budget = Budget(None, time_limit, progress)
    if turned:
        one, other = other, one
    found = _compare(one, other, constant_input, tolerance, max_subregions, budget, turned)
    return _exchanged(found, other.model.pwl_units) if turned else found


@dataclass(frozen=True, eq=False)
class _Side:
    """One of the two networks.

    Attributes
    ----------
    model : Network
    system : LinearSystem
        What is compared, in units of its own.
    state, relu : (M,), (P,) ndarray
        Powers of two that lead back to the user's units.
    compared : tuple of str
    notes : tuple of str
    """

    model: Network
    system: LinearSystem
    state: np.ndarray
    relu: np.ndarray
    compared: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def key(self) -> tuple[int, int, bytes]:
        """Something to sort by that says all about the system."""
        s = self.system
        arrays = (s.A, s.W, s.h, s.C, s.V, s.c, s.E, s.B, s.b)
        return len(s.V), s.n_units, b"".join(np.ascontiguousarray(a + 0.0).tobytes() for a in arrays)


def _in_own_units(model_a: Network, model_b: Network, readout: bool) -> tuple[_Side, _Side]:
    notes: list[str] = []
    systems = _systems(model_a, model_b, readout, notes)
    sides = []
    for model, system in zip((model_a, model_b), systems[:2], strict=True):
        own = balanced(model.map)
        sides.append(_Side(model, system.in_units(own.state, own.relu), own.state, own.relu, systems[2], tuple(notes)))
    return sides[0], sides[1]


def _compare(
    one: _Side,
    other: _Side,
    constant_input: Any,
    tolerance: float,
    max_subregions: int,
    budget: Budget,
    turned: bool,
) -> Comparison:
    """The comparison of two networks in an order that depends on nothing but the networks."""
    notes = list(one.notes)
    a, b = one.system, other.system
    order, match, relation, alternatives, exhausted = _search(a, b, tolerance, budget.portion(0.5, MAX_NODES))
    n_a, n_b = len(a.V), len(b.V)
    if n_a != n_b:
        alone = count_words(abs(n_a - n_b), "ReLU of the larger network has", "ReLUs of the larger network have")
        notes.append(
            f"{alone} no partner: the difference leaves that out, and networks with different numbers of ReLUs never "
            "count as the same"
        )
    if not exhausted:
        notes.append("not every assignment of the ReLUs was looked at")
    scales = np.full(n_a, np.nan)
    own = np.flatnonzero(order >= 0)
    scales[own] = fit_scales(a.relus(own), b.relus(order[own])) * other.relu[order[own]] / one.relu[own]
    settling = [settled_part(system)[1] for system in (a, b)]
    unseen = [unseen_modes(system) for system in (a, b)]
    if relation == "conjugate" and (unseen[0].size or unseen[1].size):
        relation = "same observable part"
    notes += _mode_notes(unseen, settling, turned)
    held = [side.model.map.with_input(constant_input) for side in (one, other)]
    points = [
        with_outputs(find_fixed_points(map, time_limit=budget.portion(0.4).limit, progress=budget.reporter), side.model)
        for side, map in zip((one, other), held, strict=True)
    ]
    pairs, left_a, left_b = match_fixed_points(
        one.model, other.model, points[0], points[1], order, "readouts" in one.compared, budget
    )
    subregions, all_listed = match_subregions(held[0], held[1], order, max_subregions, budget)
    if not all_listed:
        notes.append(f"only {count_words(len(subregions), 'subregion was', 'subregions were')} matched")
    if budget.stopped_by:
        notes.append(f"{budget.stopped_by.reason}: not all fixed points and subregions were matched")
    same = relation in ("conjugate", "same observable part")
    if relation != "same minimal part":
        match = replace(
            match,
            T=match.T * other.state[:, None] / one.state,
            t=match.t * other.state,
            T_back=match.T_back * one.state[:, None] / other.state,
            t_back=match.t_back * one.state,
        )
    return Comparison(
        _items=pairs,
        relation=Relation(relation),
        mismatch=match.mismatch,
        tolerance=tolerance,
        details=match,
        permutation=tuple(int(k) for k in order),
        scales=scales,
        alternatives=alternatives,
        T=match.T if same else None,
        t=match.t if same else None,
        unseen_a=unseen[0],
        unseen_b=unseen[1],
        settling_a=settling[0],
        settling_b=settling[1],
        subregions=subregions,
        unmatched_a=left_a,
        unmatched_b=left_b,
        fixed_points_complete=points[0].complete and points[1].complete,
        compared=one.compared,
        exhausted=exhausted,
        notes=tuple(notes),
    )


def _mode_notes(unseen: list[np.ndarray], settling: list[np.ndarray], turned: bool) -> list[str]:
    names = ("second", "first") if turned else ("first", "second")
    notes = []
    for found, what in ((unseen, "no ReLU or readout sees"), (settling, "nothing excites")):
        for name, modes in sorted(zip(names, found, strict=True), key=lambda item: item[0]):
            if modes.size:
                largest = np.abs(modes).max()
                number = count_words(modes.size, "mode")
                notes.append(f"the {name} network has {number} that {what}, |λ| up to {largest:.3g}")
    return notes


def _exchanged(found: Comparison, n_relu: int) -> Comparison:
    """The same comparison with the networks named in the other order; `n_relu` of them has the second one."""
    scales, back = np.full(n_relu, np.nan), found.details
    for i, k in enumerate(found.permutation):
        if k >= 0:
            scales[k] = 1.0 / found.scales[i]
    pairs = tuple(replace(match, a=match.b, b=match.a) for match in found)
    subregions = tuple(
        SubregionMatch(match.bitcode_b, match.bitcode_a, match.radius_b, match.radius_a, match.distance)
        for match in found.subregions
    )
    return replace(
        found,
        _items=pairs,
        details=replace(back, T=back.T_back, t=back.t_back, T_back=back.T, t_back=back.t),
        permutation=_inverse(found.permutation, n_relu),
        scales=scales,
        alternatives=tuple(_inverse(order, n_relu) for order in found.alternatives),
        T=None if found.T is None else back.T_back,
        t=None if found.t is None else back.t_back,
        unseen_a=found.unseen_b,
        unseen_b=found.unseen_a,
        settling_a=found.settling_b,
        settling_b=found.settling_a,
        subregions=subregions,
        unmatched_a=found.unmatched_b,
        unmatched_b=found.unmatched_a,
    )


def _inverse(order: tuple[int, ...], n: int) -> tuple[int, ...]:
    inverse = [-1] * n
    for i, k in enumerate(order):
        if k >= 0:
            inverse[k] = i
    return tuple(inverse)


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
        systems.append(LinearSystem.of(map.A, map.W, map.h, map.C[:, :k], map.V, map.c, map.E[:, :k], B, b))
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
        for order in exact_candidates(a, b, max(tolerance, ROUGH), budget):
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
    # The one with fewer ReLUs comes first.
    order, every = best_assignment(a, b, budget.portion(1.0, 1000))
    other = b.relus(order)
    match = match_systems(a.scaled(fit_scales(a, other)), other)
    if n_a == n_b and match.mismatch <= tolerance:
        return order, match, "conjugate", (), True
    return order, match, "different", (), (ruled_out or every) if n_a == n_b else every
