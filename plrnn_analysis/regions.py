"""The linear subregions that are not empty, with the dynamics inside each."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from ._validation import freeze
from .engines.budget import Budget
from .engines.verification import SINGULAR_RCOND, Hit, ordered_eigenvalues, solve_region
from .errors import ModelError, PLRNNError
from .maps import CanonicalMap, bits_to_string
from .results import Subregion, Subregions

__all__ = ["find_subregions"]

# Distance from its boundaries, relative to the arrangement's size, that a subregion's widest point must have.
THIN = 1e-9


def find_subregions(map: CanonicalMap, *, max_regions: int = 1 << 14, time_limit: float | None = 60.0) -> Subregions:
    """Enumerate the subregions that contain a state.

    Parameters
    ----------
    map : CanonicalMap
        Without input; ``map.with_input(s)`` holds an input on.
    max_regions : int, optional
        Stop after so many subregions; the result then is not ``complete``.
    time_limit : float, optional
        Stop after so many seconds; None for no limit.

    Returns
    -------
    Subregions
        Ordered by bitcode.

    Raises
    ------
    ModelError
        If `max_regions` is not positive.

    Notes
    -----
    The boundaries are H hyperplanes in M dimensions. With independent normals, as in every AL-RNN, all
    2**H sign patterns occur; else at most ``sum_k<=M binomial(H, k)`` do, and they are found by adding one
    hyperplane at a time, one small linear program for each new piece that a known interior point does
    not settle. Pieces thinner than 1e-9 of the arrangement's size count as empty.

    Examples
    --------
    Three lines in general position cut the plane into seven pieces of eight sign patterns.

    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.shallow(A=[0.5, 0.5], W1=[[1, 0, 0], [0, 1, 0]], W2=[[1, 0], [0, 1], [1, 1]],
    ...                       h1=[0, 0], h2=[0, 0, -1])
    >>> regions = find_subregions(model.map)
    >>> len(regions), regions.complete
    (7, True)
    """
    if map.n_inputs:
        map = map.with_input(None)
    if not max_regions > 0:
        raise ModelError(f"max_regions must be positive, got {max_regions!r}")
    budget = Budget(None, time_limit)
    normals = np.linalg.norm(map.V, axis=1)
    unit = np.where(normals > 0.0, normals, 1.0)
    V, c = map.V / unit[:, None], map.c / unit
    size = max(float(np.max(np.abs(c), initial=0.0)), 1.0 if not np.any(c) else 0.0)
    independent = map.n_relu <= map.n_units and (map.n_relu == 0 or np.linalg.matrix_rank(V, tol=1e-10) == map.n_relu)
    right_inverse = np.linalg.pinv(V) if independent else None
    found: list[tuple[np.ndarray, np.ndarray]] = []
    # Depth first, inactive side first: leaves come out ordered by bitcode.
    stack: list[tuple[np.ndarray, np.ndarray]] = [(np.zeros(0, dtype=bool), np.zeros(map.n_units))]
    try:
        while stack:
            if len(found) >= max_regions or budget.take(1) == 0:
                break
            bits, point = stack.pop()
            i = len(bits)
            if i == map.n_relu:
                found.append((bits, point))
                continue
            for bit in (True, False):
                child = np.append(bits, bit)
                inner = _interior_point(V[: i + 1], c[: i + 1], child, point, size, right_inverse)
                if inner is not None:
                    stack.append((child, inner))
    except KeyboardInterrupt:
        budget.stop("interrupt")
    return Subregions(tuple(_subregion(map, bits, point) for bits, point in found), complete=not stack)


def _interior_point(
    V: np.ndarray,
    c: np.ndarray,
    bits: np.ndarray,
    point: np.ndarray,
    size: float,
    right_inverse: np.ndarray | None,
) -> np.ndarray | None:
    """A point well inside the cell `bits` of the first hyperplanes (unit normals V), None if it is empty."""
    sign = np.where(bits, 1.0, -1.0)
    if right_inverse is not None:
        return (
            np.asarray(right_inverse[:, : len(bits)] @ (sign * size - c))
            if len(bits) == right_inverse.shape[1]
            else point
        )
    if np.min(sign * (V @ point + c)) > 1e-3 * size:
        return point
    moving = np.any(V != 0.0, axis=1)
    if np.any(sign[~moving] * c[~moving] < 0.0) or np.any(bits[~moving] & (c[~moving] == 0.0)):
        return None
    rows = sign[:, None] * V
    result = linprog(
        np.append(np.zeros(V.shape[1]), -1.0),
        A_ub=np.hstack([-rows, np.ones((len(rows), 1))])[moving],
        b_ub=(sign * c)[moving],
        bounds=[(None, None)] * V.shape[1] + [(None, size)],
        method="highs",
    )
    if result.status not in (0, 2):
        raise PLRNNError(f"the linear program of subregion {bits_to_string(bits)}... failed: {result.message}")
    if result.status == 2 or -result.fun <= THIN * size:
        return None
    return np.asarray(result.x[:-1])


def _subregion(map: CanonicalMap, bits: np.ndarray, point: np.ndarray) -> Subregion:
    J = map.jacobian(bits)
    K = np.eye(map.n_units) - J
    solved = solve_region(map, bits)
    if isinstance(solved, Hit):
        z: np.ndarray | None = solved.z
    elif np.linalg.cond(K, 1) < 1.0 / SINGULAR_RCOND:
        z = np.linalg.solve(K, map.offset(bits))
    else:
        z = None
    return Subregion(
        bitcode=bits_to_string(bits),
        jacobian=freeze(J),
        spectral_radius=float(np.abs(ordered_eigenvalues(J)[0])),
        interior_point=freeze(point.copy()),
        fixed_point=None if z is None else freeze(z),
        contains_fixed_point=isinstance(solved, Hit) and np.array_equal(solved.bits, bits),
    )
