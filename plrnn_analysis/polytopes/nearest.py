"""The smallest norm of an affine function over a polytope, with a lower bound that holds whatever the solver did.

``min |K x + d|`` subject to ``G x + g >= 0`` and ``lower <= x <= upper``. Weak duality gives the bound: for every v of
norm at most 1 and every m >= 0, ``|K x + d| >= v·(K x + d) - m·(G x + g)``, whose minimum over the box is a sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..numerics import EPS
from .programs import propose

__all__ = ["LeastNorm", "least_norm"]

# In a polytope whose widest ball is thinner, in units of its box, rounding leaves no room for a walk.
THIN = 1e-9
# The solver ends where value and bound agree to this share of the value, or the value is this share of K and d.
RELATIVE, ZERO = 1e-10, 1e-15
MOST_STEPS = 80
# Slack that rounding may take from a constraint, in units of the box.
FEASIBLE = 1e-13


@dataclass(frozen=True, eq=False)
class LeastNorm:
    """A point, its value, and a proven lower bound.

    Attributes
    ----------
    x : (n,) ndarray
        In the box; the constraints hold up to rounding.
    value : float
        ``|K x + d|`` there.
    bound : float
        No point of the polytope has a smaller value; rounding is subtracted.
    """

    x: np.ndarray
    value: float
    bound: float


@dataclass(frozen=True, eq=False)
class _Problem:
    """The same in units of the box: ``|K u + d|`` with ``G u + g >= 0`` (rows of length 1) and ``|u| <= 1``."""

    K: np.ndarray
    d: np.ndarray
    G: np.ndarray
    g: np.ndarray
    size_d: np.ndarray
    size_g: np.ndarray

    def value(self, u: np.ndarray) -> float:
        return float(np.linalg.norm(self.K @ u + self.d))

    def slack(self, u: np.ndarray) -> np.ndarray:
        """Of the rows, of the upper and of the lower ends of the box."""
        return np.concatenate([self.G @ u + self.g, 1.0 - u, 1.0 + u])

    def normals(self) -> np.ndarray:
        unit = np.eye(self.K.shape[1])
        return np.vstack([self.G, -unit, unit])

    def bound(self, direction: np.ndarray, multipliers: np.ndarray) -> float:
        """What duality proves with a direction of the residual and multipliers of the rows, clipped at 0.

        The multipliers belong to the direction as it comes; both are scaled to norm 1 here.
        """
        length = float(np.linalg.norm(direction))
        if length == 0.0:
            return 0.0
        v = direction * ((1.0 - 8.0 * EPS * (1 + len(direction))) / length)
        m = np.maximum(multipliers[: len(self.g)], 0.0) / length
        free = np.abs(self.K.T @ v - self.G.T @ m)
        total = float(v @ self.d - m @ self.g - free.sum())
        terms = np.abs(v) @ (self.size_d + np.abs(self.K).sum(axis=1)) + m @ (self.size_g + np.abs(self.G).sum(axis=1))
        return max(total - 4.0 * (len(v) + len(m) + 4) * EPS * float(terms), 0.0)


def _inner_point(G: np.ndarray, g: np.ndarray) -> np.ndarray | None:
    """A point with ``G u + g > 0`` (rows of length 1) and ``|u| < 1``, well inside; None if none was found."""
    n = G.shape[1]
    unit, ones = np.eye(n), np.ones((len(g) + 2 * n, 1))
    proposal = propose(
        np.append(np.zeros(n), -1.0),
        np.hstack([np.vstack([G, -unit, unit]), -ones]),
        np.concatenate([g, np.ones(2 * n)]),
        high=np.append(np.full(n, np.inf), 1.0),
    )
    if proposal.point is None or proposal.point[-1] <= THIN:
        return None
    u = proposal.point[:n]
    inside = min(float(np.min(G @ u + g, initial=1.0)), 1.0 - float(np.max(np.abs(u), initial=0.0)))
    return u if inside > 0.0 else None


def least_norm(
    K: np.ndarray, d: np.ndarray, G: np.ndarray, g: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> LeastNorm | None:
    """Minimise ``|K x + d|`` over a polytope.

    Parameters
    ----------
    K : (m, n) ndarray
        Of any rank.
    d : (m,) ndarray
    G : (p, n) ndarray
    g : (p,) ndarray
    lower, upper : (n,) ndarray
        Finite; equal ends fix a coordinate.

    Returns
    -------
    LeastNorm or None
        None if no inner point was found: the polytope is empty, thinner than 1e-9 of its box, or the solver of linear
        programs failed. It proves nothing.

    Notes
    -----
    A primal-dual interior point method (Mehrotra's predictor and corrector) whose Newton steps are least squares
    problems, so that the condition of K is never squared; then one solve with the constraints that are active. About
    30 factorisations of size (m + p + 2 n) x n.

    References
    ----------
    J. Nocedal, S. J. Wright, *Numerical Optimization*, Springer 2006, section 16.6, doi:10.1007/978-0-387-40065-5.
    """
    centre, half = (lower + upper) / 2.0, (upper - lower) / 2.0
    free = half > 0.0
    x = centre.copy()
    rows, constants = G[:, free] * half[free], G @ centre + g
    size_g = np.abs(G) @ np.abs(centre) + np.abs(g)
    length = np.linalg.norm(rows, axis=1)
    moving = length > 16.0 * EPS * size_g
    if np.any(constants[~moving] < -16.0 * EPS * (1 + len(x)) * size_g[~moving]):
        return None
    needed = moving & (constants < np.abs(rows).sum(axis=1) * (1.0 + 1e-9))
    unit = length[needed]
    problem = _Problem(
        K=K[:, free] * half[free],
        d=K @ centre + d,
        G=rows[needed] / unit[:, None],
        g=constants[needed] / unit,
        size_d=np.abs(K) @ np.abs(centre) + np.abs(d),
        size_g=size_g[needed] / unit,
    )
    if not np.any(free):
        return LeastNorm(x, problem.value(x[free]), problem.bound(problem.d, np.zeros(0)))
    start = _inner_point(problem.G, problem.g)
    if start is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):  # such steps are not taken
        u, bound = _polish(problem, *_interior_point(problem, start))
    x[free] += half[free] * u
    x = np.clip(x, lower, upper)
    value = float(np.linalg.norm(K @ x + d))
    return LeastNorm(x, value, min(bound, value))


def _interior_point(problem: _Problem, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """A nearly optimal point, its multipliers, and the best bound on the way."""
    scale = float(np.linalg.norm(problem.K)) + float(np.linalg.norm(problem.d))
    normals, best = problem.normals(), 0.0
    s = problem.slack(u)
    if scale == 0.0:
        return u, np.zeros(len(s)), 0.0
    K = problem.K / scale
    residual = (problem.K @ u + problem.d) / scale
    mu = max(float(residual @ residual), 1e-8) / s
    for _ in range(MOST_STEPS):
        value = float(np.linalg.norm(residual))
        best = max(best, problem.bound(residual, mu * scale))
        gap = float(s @ mu) / len(s)
        if scale * value - best <= RELATIVE * scale * value or value <= ZERO or len(s) * gap <= 1e-14 * value**2:
            break
        weight = np.sqrt(mu / s)
        Q, R = np.linalg.qr(np.vstack([K, weight[:, None] * normals]))
        if np.min(np.abs(np.diag(R))) == 0.0:
            break
        _, ds, dmu = _newton(Q, R, residual, s, mu, np.zeros(len(s)), normals)
        step = min(_longest(s, ds), _longest(mu, dmu))
        affine = float((s + step * ds) @ (mu + step * dmu)) / len(s)
        # Mehrotra's corrector can cycle: where it makes a short step, first back to the centre.
        for target in ((affine / gap) ** 3 * gap - ds * dmu, np.full(len(s), 0.3 * gap), np.full(len(s), gap)):
            du, ds, dmu = _newton(Q, R, residual, s, mu, target, normals)
            # One step length: the residual depends on u and the dual equation couples both.
            step = 0.995 * min(_longest(s, ds), _longest(mu, dmu), 1.0 / 0.995)
            if step > 0.5:
                break
        if not (np.all(np.isfinite(du)) and np.all(np.isfinite(dmu))):
            break
        if step < 1e-14:
            break
        # Slacks are updated, not computed anew: the small ones keep their digits.
        u, s, mu = u + step * du, s + step * ds, mu + step * dmu
        residual = (problem.K @ u + problem.d) / scale
    return u, mu, best


def _newton(
    Q: np.ndarray,
    R: np.ndarray,
    residual: np.ndarray,
    s: np.ndarray,
    mu: np.ndarray,
    target: np.ndarray,
    normals: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The step towards ``s mu = target`` with the optimality equations of the norm squared."""
    from scipy.linalg import solve_triangular

    du = solve_triangular(R, Q.T @ np.concatenate([-residual, target / np.sqrt(s * mu)]), check_finite=False)
    ds = normals @ du
    return du, ds, (target - s * mu - mu * ds) / s


def _longest(values: np.ndarray, change: np.ndarray) -> float:
    """The longest step, up to 1, that keeps positive values from turning negative."""
    falling = change < 0.0
    return min(1.0, float(np.min(-values[falling] / change[falling], initial=1.0)))


def _polish(problem: _Problem, u: np.ndarray, mu: np.ndarray, best: float) -> tuple[np.ndarray, float]:
    """One solve with the active constraints as equations: a point no worse, and the best bound.

    Which constraints are active is guessed in several ways; a wrong guess costs nothing.
    """
    s = np.maximum(problem.slack(u), 0.0)
    guesses = [s < 1e-11, s < 1e-8, s < 1e-5, mu > s, mu > 1e-3 * s * float(np.max(mu, initial=0.0))]
    tried: list[bytes] = []
    for active in guesses:
        if active.tobytes() in tried or np.sum(active) > 4 * len(u):
            continue
        tried.append(active.tobytes())
        moved, bound = _solve_active(problem, u, active)
        best = max(best, bound)
        if np.min(problem.slack(moved)) >= -FEASIBLE and problem.value(moved) < problem.value(u):
            u = moved
        if problem.value(u) - best <= RELATIVE * problem.value(u):
            break
    return u, best


def _solve_active(problem: _Problem, u: np.ndarray, active: np.ndarray) -> tuple[np.ndarray, float]:
    """The smallest step to the least norm on the face of the active constraints, and what that proves."""
    s = problem.slack(u)
    normals = problem.normals()[active]
    null = np.eye(len(u))
    moved = u
    if len(normals):
        moved = u + np.linalg.lstsq(normals, -s[active], rcond=1e-12)[0]
        _, sigma, Vt = np.linalg.svd(normals)
        null = Vt[int(np.sum(sigma > 1e-12 * sigma[0])) :].T
    residual = problem.K @ moved + problem.d
    if null.shape[1]:
        U, sigma, Vt = np.linalg.svd(problem.K @ null, full_matrices=False)
        used = sigma > 1e-14 * max(float(sigma[0]), 1e-300)
        U, sigma, Vt = U[:, used], sigma[used], Vt[used]
        moved = moved - null @ (Vt.T @ ((U.T @ residual) / sigma))
        # Twice, so that the direction is orthogonal to what is free to the last digit, however short it is.
        for _ in range(2):
            residual = residual - U @ (U.T @ residual)
    multipliers = np.zeros(len(s))
    if len(normals):
        multipliers[active] = np.linalg.lstsq(normals.T, problem.K.T @ residual, rcond=1e-12)[0]
    return moved, problem.bound(residual, multipliers)
