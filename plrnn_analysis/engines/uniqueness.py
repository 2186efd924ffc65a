"""Proof that there is exactly one fixed point, for any number of ReLUs."""

from __future__ import annotations

import warnings

import numpy as np
from scipy import linalg

from ..kernels import monotone
from ..maps import CanonicalMap
from ..numerics import gamma
from .reduced_problem import Reduction

__all__ = ["CONTRACTING", "contraction_rates", "contracts", "prove_unique", "settle"]

# A bound must be below one by more than its own rounding to prove a contraction.
CONTRACTING = 1.0 - 1e-9
# A bound of a spectral radius is good enough at this share of it.
CLOSE = 1.0 - 1e-3
# Searches try the costlier norm only up to this many units.
QUICK_UNITS = 60


def prove_unique(problem: Reduction) -> np.ndarray | None:
    """Prove that the reduced problem has exactly one solution, whatever g is, and find its pattern.

    Parameters
    ----------
    problem : Reduction

    Returns
    -------
    (n,) ndarray of bool or None
        The pattern of the solution, up to rounding: the caller solves and checks it. None if the
        proof (the symmetric part of I - G is positive definite beyond the error of G) does not go through.

    Notes
    -----
    One Cholesky factorisation and a principal-pivoting run, O(n^3) and O(n^2) a pivot: hundreds of
    ReLUs in well under a second.
    """
    n = len(problem.g)
    tab = np.ascontiguousarray(np.vstack([problem.G.T, problem.g[None, :]]))
    bits = np.zeros(n, np.uint8)
    code = monotone.solve_monotone(tab, problem.error_G.max(axis=1, initial=0.0), problem.error_g.copy(), bits, 0.0)
    return bits.astype(bool) if code in (monotone.UNIQUE, monotone.UNIQUE_IN_DOUBT) else None


def contracts(map: CanonicalMap) -> bool:
    """Whether the quick norms of :func:`contraction_rates` prove a contraction."""
    rates = contraction_rates(map, ellipsoidal=map.n_units <= QUICK_UNITS)
    return min(rates.values()) < CONTRACTING


def contraction_rates(map: CanonicalMap, ellipsoidal: bool = True) -> dict[str, float]:
    """Upper bounds, in several norms, of how much the map can stretch any difference of two states.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    ellipsoidal : bool, optional
        Whether to try the third norm, which costs an eigenvalue problem and a Lyapunov equation.

    Returns
    -------
    dict of str to float
        ``"weighted maximum norm"``: spectral radius of ``|A| + |W| |V|``, which bounds every ``|J_b|`` entry by entry,
        so that all J_b come arbitrarily close to it in some weighted maximum norm. ``"Euclidean norm"``: with
        ``J_b = J_m + W diag(+-1/2) V``, J_m half-way between all and none active,
        ``||J_m|| + ||W D|| ||D^-1 V|| / 2``, D balancing the ReLUs. ``"ellipsoidal norm"``: the same in the coordinates
        in which, by a Lyapunov equation, J_m contracts. A value below 1 proves a contraction.
    """
    middle = map.A + 0.5 * map.W @ map.V
    rates: dict[str, float] = {
        "weighted maximum norm": _nonnegative_radius(np.abs(map.A) + np.abs(map.W) @ np.abs(map.V))
    }
    rates["Euclidean norm"] = _two_norm_bound(middle, map.W, map.V)
    if not ellipsoidal:
        return rates
    ellipsoidal_rate = _ellipsoidal_bound(map, middle)
    if ellipsoidal_rate is not None:
        rates["ellipsoidal norm"] = ellipsoidal_rate
    return rates


def _ellipsoidal_bound(map: CanonicalMap, middle: np.ndarray) -> float | None:
    """The Euclidean bound in coordinates T z in which the middle Jacobian contracts; None where there are none.

    The Lyapunov equation proposes T. For any T with an approximate inverse X the norm of ``T J T^-1`` is at most that
    of ``T J X`` divided by ``1 - |I - T X|``; the rounding of the products is added.
    """
    radius = float(np.max(np.abs(np.linalg.eigvals(middle))))
    if not radius < 1.0 - 1e-6:
        return None
    # P - (J/r)' P (J/r) = I with r between the spectral radius and one makes ||J||_P <= r.
    r = 0.5 * (1.0 + radius)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", linalg.LinAlgWarning)
            P = linalg.solve_discrete_lyapunov((middle / r).T, np.eye(map.n_units))
        root = np.linalg.cholesky(0.5 * (P + P.T)).T
        inverse = np.linalg.inv(root)
    except (np.linalg.LinAlgError, ValueError):
        return None
    size, inverse_size = float(np.linalg.norm(root)), float(np.linalg.norm(inverse))
    unit = gamma(2 * map.n_units + map.n_relu)
    defect = float(np.linalg.norm(np.eye(map.n_units) - root @ inverse)) + unit * size * inverse_size
    if not defect < 0.5:
        return None
    spread = float(np.linalg.norm(map.A)) + 2.0 * float(np.linalg.norm(map.W)) * float(np.linalg.norm(map.V))
    rounding = 2.0 * unit * size * spread * inverse_size
    bound = _two_norm_bound(root @ middle @ inverse, root @ map.W, map.V @ inverse)
    return (bound + rounding) / (1.0 - defect)


def _nonnegative_radius(matrix: np.ndarray) -> float:
    """Upper bound of the spectral radius of a non-negative matrix, by Collatz and Wielandt."""
    x = np.ones(len(matrix))
    best = np.inf
    for _ in range(100):
        y = matrix @ x + 1e-12 * x.sum() / len(x)
        ratio = y / x
        upper, lower = float(ratio.max()), float(ratio.min())
        best = min(best, upper)
        # The radius lies between the two: no bound will fall below the lower one.
        if lower > CLOSE * best or lower > 1.0:
            break
        x = np.maximum(y / y.max(), 1e-9)
    return best


def _two_norm_bound(middle: np.ndarray, W: np.ndarray, V: np.ndarray) -> float:
    if not len(V):
        return float(np.linalg.norm(middle, 2))
    columns, rows = np.linalg.norm(W, axis=0), np.linalg.norm(V, axis=1)
    live = (columns > 0.0) & (rows > 0.0)
    balance = np.sqrt(rows[live] / columns[live])
    spread = (
        np.linalg.norm(W[:, live] * balance, 2) * np.linalg.norm(V[live] / balance[:, None], 2) if live.any() else 0.0
    )
    return float(np.linalg.norm(middle, 2) + 0.5 * spread)


def settle(map: CanonicalMap, steps: int = 10_000) -> np.ndarray:
    """The pattern a contraction's iterates end in."""
    z = np.zeros(map.n_units)
    for _ in range(steps):
        following = map.step(z)
        if np.max(np.abs(following - z)) <= 1e-15 * (1.0 + np.max(np.abs(z))):
            break
        z = following
    return np.asarray(map.bits(z))
