"""Whole multipliers of the equations that refute a node, or force unknowns of it to be zero.

A combination of the equations is ``alpha @ x + beta @ s + gamma = 0``. Where no coefficient of an unknown that may be
positive is negative, ``gamma > 0`` is a contradiction, and ``gamma = 0`` makes every unknown with a positive
coefficient zero (Farkas). Floats propose; what is returned was verified in whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd, lcm

import numpy as np
from flint import fmpq, fmpz_mat

from ..numerics import EPS
from ..polytopes.programs import propose
from ..polytopes.rational import Flat, flat_of, relative_interior, some_point
from .equations import Equations

__all__ = ["Force", "forcing", "positive_part", "refuting", "refuting_exactly", "refuting_near", "rounded_to_refute"]

# Multipliers are rounded to this many bits, one number after the other: the fewest that still prove it are written.
BITS = (7, 10, 14, 20, 28, 40, 52)
# A margin that is worth rounding, relative to the size of the rows.
MARGIN = 1e-13
# Coefficients of a vertex below this, relative to the largest, are meant to be zero.
TIGHT = 1e-9

Force = tuple[list[int], np.ndarray]


def rounded_to_refute(equations: Equations, proposals: np.ndarray, open_columns: np.ndarray) -> list[list[int] | None]:
    """Whole multipliers near proposals that refute nodes.

    Parameters
    ----------
    equations : Equations
    proposals : (K, R) ndarray
    open_columns : (K, 2 H + U) ndarray of bool
        The unknowns that may be positive in each node.

    Returns
    -------
    list of lists of int, or None
        None where no number of bits gave a refutation.

    Notes
    -----
    About 2 H R operations in floats for each node and number of bits; signs that their error bound leaves open are
    settled in whole numbers.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        proposals = proposals / np.max(np.abs(proposals), axis=1, initial=0.0, keepdims=True)
    if equations.solved:
        proposals = np.where(open_columns[:, equations.dependent], np.maximum(proposals, 0.0), proposals)
    sizes = np.abs(equations.floats)
    result: list[list[int] | None] = [None] * len(proposals)
    left = np.flatnonzero(np.all(np.isfinite(proposals), axis=1))
    for bits in BITS:
        rounded = np.rint(np.ldexp(proposals[left], bits))
        values = rounded @ equations.floats
        error = 4.0 * EPS * (rounded.shape[1] + 2) * (np.abs(rounded) @ sizes)
        # Sums without a term are exact.
        clear = np.all(~open_columns[left] | (values >= error)[:, :-1], axis=1) & (values > error)[:, -1]
        likely = np.all(~open_columns[left] | (values >= -error)[:, :-1], axis=1) & (values > -error)[:, -1]
        for at in np.flatnonzero(likely).tolist():
            whole = [int(v) for v in rounded[at].tolist()]
            if clear[at] or _refutes(equations, whole, open_columns[left[at]]):
                result[left[at]] = whole
        left = np.array([k for k in left.tolist() if result[k] is None], dtype=np.int64)
        if not len(left):
            break
    return result


def _refutes(equations: Equations, whole: Sequence[int], open_columns: np.ndarray) -> bool:
    found = equations.combination(whole)
    return found[-1] > 0 and not any(v < 0 and o for v, o in zip(found[:-1], open_columns.tolist(), strict=True))


def refuting(equations: Equations, open_columns: np.ndarray) -> list[int] | None:
    """Whole multipliers that refute a node, as short as a margin allows; None if none were found.

    Costs one linear program in as many unknowns as there are equations, or two.
    """
    columns = np.append(open_columns, True)
    found = _widest(equations.floats, columns)
    if found is not None:
        (whole,) = rounded_to_refute(equations, found[None], open_columns[None])
        if whole is not None:
            return whole
    return _at_a_vertex(equations, open_columns)


def _widest(floats: np.ndarray, columns: np.ndarray) -> np.ndarray | None:
    """Multipliers that make all these columns positive by the widest margin; None if there is none."""
    rows = floats[:, columns].T
    size = np.abs(rows).sum(axis=1)
    rows, size = rows[size > 0.0], size[size > 0.0]
    k = floats.shape[0]
    if not len(rows) or not np.all(np.isfinite(rows)):
        return None
    system = np.hstack([rows / size[:, None], -np.ones((len(rows), 1))])
    found = propose(np.append(np.zeros(k), -1.0), system, np.zeros(len(rows)), np.append(-np.ones(k), 0.0), 1.0).point
    return found[:k] if found is not None and found[k] > MARGIN else None


def _at_a_vertex(equations: Equations, open_columns: np.ndarray) -> list[int] | None:
    """Multipliers some of whose coefficients must be zero, exactly."""
    rows = equations.floats[:, :-1][:, open_columns].T
    constant = equations.floats[:, -1]
    k = len(constant)
    if not k or not np.all(np.isfinite(rows)) or not np.any(constant):
        return None
    scale = float(np.max(np.abs(constant)))
    point = propose(-constant / scale, rows, np.zeros(len(rows)), -np.ones(k), np.ones(k)).point
    if point is None or constant @ point <= MARGIN * scale:
        return None
    return refuting_near(equations, open_columns, point)


def refuting_near(
    equations: Equations, open_columns: np.ndarray, point: np.ndarray, tight: float = TIGHT
) -> list[int] | None:
    """Whole multipliers near a proposal (R,), with the coefficients that nearly vanish made to vanish exactly.

    Coefficients below `tight`, relative to the sizes of their terms, are meant to be zero. None if that refutes
    nothing.
    """
    rows = equations.floats[:, :-1][:, open_columns].T
    size = np.abs(rows).sum(axis=1) * max(float(np.max(np.abs(point), initial=0.0)), EPS)
    vanishing = np.flatnonzero(open_columns)[np.abs(rows @ point) <= tight * size]
    basis = _left_null_space(equations, vanishing.tolist())
    if not basis:
        return None
    for weights in _near(basis, point):
        whole = _combined(basis, weights)
        if _refutes(equations, whole, open_columns):
            return whole
    return None


def refuting_exactly(equations: Equations, open_columns: np.ndarray) -> list[int] | None:
    """Whole multipliers that refute a node, found in rational arithmetic alone; None if the node is not empty.

    Long numbers: this is for the few nodes about which floats say nothing. Costs two exact solutions of as many
    equations as there are ReLUs, and a rational linear program where the node leaves unknowns undetermined.
    """
    columns = np.flatnonzero(open_columns).tolist()
    rows = [[fmpq(v) for v in row] for row in equations.exact.tolist()]
    constant = [row[-1] for row in rows]
    flat = flat_of([[row[j] for j in columns] for row in rows], constant, len(columns))
    if flat is None:
        for v in _left_null_space(equations, columns):
            gamma = sum((a * b for a, b in zip(v, constant, strict=True)), fmpq(0))
            if gamma != 0:
                return v if gamma > 0 else [-a for a in v]
    # The unknowns are origin + directions @ t. Non-negative weights of them that cancel t and leave something negative:
    assert flat is not None
    origin = flat.origin.entries()
    weights = _cancelling(flat, origin)
    if weights is None:
        return None
    # Multipliers that give the unknowns these coefficients.
    solved = flat_of([[row[j] for row in rows] for j in columns], [-w for w in weights], len(rows))
    return None if solved is None else _as_whole(solved.origin.entries())


def _cancelling(flat: Flat, origin: Sequence[fmpq]) -> list[fmpq] | None:
    """Weights w >= 0 with ``w @ directions = 0`` and ``w @ origin < 0``; None if there are none."""
    if not flat.directions.ncols():
        least = min(origin, default=fmpq(0))
        at = [fmpq(int(value == least)) for value in origin]
        return at if least < 0 else None
    null = flat_of(flat.directions.transpose().tolist(), [fmpq(0)] * flat.directions.ncols(), len(origin))
    assert null is not None  # zero is a solution
    rows = null.directions.tolist()
    if not null.directions.ncols():
        return None
    slope = [-sum((o * row[j] for o, row in zip(origin, rows, strict=True)), fmpq(0)) for j in range(len(rows[0]))]
    point = some_point([*rows, slope], [*([fmpq(0)] * len(rows)), fmpq(-1)], [False] * (len(rows) + 1))
    return None if point is None else null.point(point)


def _as_whole(values: Sequence[fmpq]) -> list[int]:
    common = lcm(*(int(v.q) for v in values))
    return [int(v.p) * (common // int(v.q)) for v in values]


def _near(basis: list[list[int]], point: np.ndarray) -> list[list[int]]:
    """Whole coordinates, to some numbers of bits, of the combinations of a basis that lie nearest to a point."""
    matrix = np.array([_unit(row) for row in basis])
    weights, *_ = np.linalg.lstsq(matrix.T, point, rcond=None)
    largest = float(np.max(np.abs(weights)))
    if not 0.0 < largest < np.inf:
        return []
    return [_weights(basis, weights / largest, bits) for bits in BITS]


def _weights(basis: list[list[int]], weights: np.ndarray, bits: int) -> list[int]:
    """Weights of the unit vectors of a basis as whole weights of its vectors."""
    longest = max(_length(row) for row in basis)
    return [round(float(w) * 2.0**bits) << (longest - _length(row)) for w, row in zip(weights, basis, strict=True)]


def _length(row: Sequence[int]) -> int:
    return max(abs(v).bit_length() for v in row)


def _unit(row: Sequence[int]) -> list[float]:
    top = 1 << _length(row)
    return [v / top for v in row]


def _combined(basis: list[list[int]], weights: Sequence[int]) -> list[int]:
    return [sum(w * row[j] for w, row in zip(weights, basis, strict=True)) for j in range(len(basis[0]))]


def _left_null_space(equations: Equations, columns: list[int]) -> list[list[int]]:
    """A basis, in whole numbers, of the multipliers that make some columns zero."""
    rows = equations.exact.tolist()
    k = len(rows)
    if not columns:
        return [[int(i == j) for j in range(k)] for i in range(k)]
    system = fmpz_mat(len(columns), k, [row[j] for j in columns for row in rows])
    null, nullity = system.nullspace()
    basis = [[int(null[i, j]) for i in range(k)] for j in range(nullity)]
    return [[v // gcd(*row) for v in row] for row in basis]


def forcing(equations: Equations, open_columns: np.ndarray, positive: np.ndarray, exactly: bool = True) -> Force | None:
    """Multipliers that force all open unknowns to be zero that are not positive somewhere.

    Parameters
    ----------
    equations : Equations
    open_columns : (2 H + U,) ndarray of bool
        The unknowns that may be positive in the node.
    positive : (2 H + U,) ndarray of bool
        Those of them that are positive at some point of the node; so no multipliers force them.
    exactly : bool, optional
        Whether a rational linear program looks for multipliers where floats propose none that force all the others.

    Returns
    -------
    multipliers : list of int
    forced : (2 H + U,) ndarray of bool
        The unknowns that are zero because of them.

    or None if nothing is forced.
    """
    wanted = open_columns & ~positive
    basis = _left_null_space(equations, [*np.flatnonzero(positive).tolist(), -1])
    if not basis or not np.any(wanted):
        return None
    units = np.array([_unit(row) for row in basis])
    coefficients = units @ equations.floats[:, :-1]
    found = _widest(coefficients, wanted)
    if found is not None:
        largest = float(np.max(np.abs(found)))
        for bits in BITS:
            whole = _combined(basis, _weights(basis, found / largest, bits))
            values = equations.combination(whole)
            if all(v > 0 for v, w in zip(values, wanted.tolist(), strict=False) if w):
                return whole, wanted
    return _forcing_exactly(equations, basis, wanted) if exactly else None


def _forcing_exactly(equations: Equations, basis: list[list[int]], wanted: np.ndarray) -> Force | None:
    """By a rational linear program in as many unknowns as the basis has vectors."""
    matrix = fmpz_mat(basis) * equations.exact
    rows = [[fmpq(matrix[i, j]) for i in range(len(basis))] for j in np.flatnonzero(wanted).tolist()]
    inner = relative_interior(rows, [fmpq(0)] * len(rows), proposal=np.zeros(len(basis)))
    if inner is None or all(inner[1]):
        return None
    whole = _combined(basis, _as_whole(inner[0]))
    values = equations.combination(whole)
    forced = np.array([bool(v > 0 and w) for v, w in zip(values, wanted.tolist(), strict=False)])
    return whole, forced


def positive_part(equations: Equations, open_columns: np.ndarray) -> np.ndarray | None:
    """The unknowns that are positive in the relative interior of a node; None if the node has no point.

    Exact, by a rational linear program in as many unknowns as the node leaves undetermined.
    """
    columns = np.flatnonzero(open_columns).tolist()
    rows = equations.exact.tolist()
    flat = flat_of([[fmpq(row[j]) for j in columns] for row in rows], [fmpq(row[-1]) for row in rows], len(columns))
    if flat is None:
        return None
    origin = flat.origin.entries()
    free = flat.directions.ncols()
    directions = flat.directions.tolist() if free else [[] for _ in columns]
    inner = relative_interior(directions, origin, proposal=np.zeros(free) if not columns else None)
    if inner is None:
        return None
    result = np.zeros(len(open_columns), dtype=bool)
    result[[column for column, gone in zip(columns, inner[1], strict=True) if not gone]] = True
    return result
