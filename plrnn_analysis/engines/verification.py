"""Candidates checked in the original coordinates, and described."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .._validation import freeze
from ..maps import CanonicalMap, bits_to_string
from ..results import FixedPoint
from .reduction import DATA_ULPS, EPS

__all__ = [
    "Hit",
    "SINGULAR_RCOND",
    "classify",
    "describe",
    "ordered_eigenvalues",
    "solve_region",
    "solve_regions",
    "unique_hits",
]

# Reciprocal condition of I - J below which a subregion counts as singular.
SINGULAR_RCOND = 1e-13
# Matrix entries solved at once.
BATCH_ENTRIES = 1_000_000
# Moduli this close to one are called marginal.
MARGINAL = 1e-9


@dataclass(frozen=True, eq=False)
class Hit:
    """A fixed point with its rounding bounds.

    Attributes
    ----------
    z : (M,) ndarray
    bits : (H,) ndarray of bool
        Its subregion; ReLUs whose argument is zero to rounding count as inactive.
    y : (H,) ndarray
        ReLU arguments.
    z_error, y_error : ndarray
        How far z and y move if the weights move by `DATA_ULPS` units in the last place.
    """

    z: np.ndarray
    bits: np.ndarray
    y: np.ndarray
    z_error: np.ndarray
    y_error: np.ndarray


def solve_region(map: CanonicalMap, bits: np.ndarray) -> Hit | str:
    """The fixed point of one subregion; see :func:`solve_regions`."""
    return next(solve_regions(map, np.asarray(bits, dtype=bool)[None]))


def solve_regions(map: CanonicalMap, patterns: np.ndarray) -> Iterator[Hit | str]:
    """The fixed points of many subregions, solved in batches.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    patterns : (n, H) ndarray of bool

    Yields
    ------
    Hit or str
        For each pattern its point; ``"virtual"`` if that lies outside by more than its rounding bounds,
        ``"singular"`` if I - J has no reliable inverse.
    """
    batch = max(1, BATCH_ENTRIES // (map.n_units * max(map.n_units, map.n_relu, 1)))
    for start in range(0, len(patterns), batch):
        yield from _solve_batch(map, patterns[start : start + batch])


def _solve_batch(map: CanonicalMap, patterns: np.ndarray) -> Iterator[Hit | str]:
    abs_A, abs_W, abs_V, abs_c, abs_h = (np.abs(a) for a in (map.A, map.W, map.V, map.c, map.h))
    K = np.eye(map.n_units) - map.A - (map.W[None] * patterns[:, None, :]) @ map.V
    rhs = map.h + (patterns * map.c) @ map.W.T
    try:
        inverse = np.linalg.inv(K)
    except np.linalg.LinAlgError:
        if len(patterns) == 1:
            yield "singular"
            return
        for pattern in patterns:
            yield from _solve_batch(map, pattern[None])
        return
    with np.errstate(all="ignore"):
        rcond = 1.0 / (np.abs(K).sum(axis=1).max(axis=1) * np.abs(inverse).sum(axis=1).max(axis=1))
        z = (inverse @ rhs[..., None])[..., 0]
        # One refinement with a residual in the longest floats there are.
        residual = rhs.astype(np.longdouble) - np.einsum("bij,bj->bi", K.astype(np.longdouble), z.astype(np.longdouble))
        z = z + (inverse @ residual.astype(np.float64)[..., None])[..., 0]
        y = map.preactivation(z)
        x = np.where(patterns, np.abs(y), 0.0)
        magnitude = np.abs(z) @ abs_A.T + x @ abs_W.T + abs_h + np.abs(z)
        z_error = DATA_ULPS * EPS * (np.abs(inverse) @ magnitude[..., None])[..., 0]
        y_error = z_error @ abs_V.T + DATA_ULPS * EPS * (np.abs(z) @ abs_V.T + abs_c)
        outside = np.any(np.where(patterns, -y, y) > y_error, axis=1)
    for i in range(len(patterns)):
        if not rcond[i] > SINGULAR_RCOND:
            yield "singular"
        elif outside[i]:
            yield "virtual"
        else:
            yield Hit(z[i], patterns[i] & (y[i] > y_error[i]), y[i], z_error[i], y_error[i])


def unique_hits(hits: list[Hit]) -> list[Hit]:
    """Drop the copies that several words give of one point on a boundary; sorted by bitcode."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: hit.bits.tolist()):
        for other in kept:
            if np.all(np.abs(hit.z - other.z) <= 2.0 * (hit.z_error + other.z_error)) and (
                np.array_equal(hit.bits, other.bits)
                or (np.any(np.abs(hit.y) <= hit.y_error) and np.any(np.abs(other.y) <= other.y_error))
            ):
                break
        else:
            kept.append(hit)
    return kept


def ordered_eigenvalues(matrix: np.ndarray) -> np.ndarray:
    """Eigenvalues of a square matrix, largest modulus first."""
    values = np.linalg.eigvals(matrix).astype(np.complex128)
    return values[np.lexsort((-values.imag, -values.real, -np.round(np.abs(values), 12)))]


def classify(eigenvalues: np.ndarray) -> str:
    """Name the stability that multipliers, largest modulus first, give.

    Examples
    --------
    >>> classify(np.array([0.5, 0.1]))
    'stable node'
    >>> classify(np.array([1.5, 0.1]))
    'saddle'
    """
    modulus = np.abs(eigenvalues)
    if np.any(np.abs(modulus - 1.0) <= MARGINAL):
        return "marginal"
    kind = "spiral" if abs(eigenvalues[0].imag) > MARGINAL * modulus[0] else "node"
    if np.all(modulus < 1.0):
        return f"stable {kind}"
    return f"unstable {kind}" if np.all(modulus > 1.0) else "saddle"


def describe(map: CanonicalMap, hit: Hit, boundary_tolerance: float) -> FixedPoint:
    """Turn a hit into the public result: eigenvalues, stability, residual, distance to boundaries."""
    eigenvalues = ordered_eigenvalues(map.jacobian(hit.bits))
    norms = np.linalg.norm(map.V, axis=1)
    real = norms > 0.0
    distance = float(np.min(np.abs(hit.y[real]) / norms[real])) if np.any(real) else np.inf
    scale = np.abs(map.V) @ np.abs(hit.z) + np.abs(map.c)
    near = np.abs(hit.y) <= np.maximum(hit.y_error, boundary_tolerance * scale)
    return FixedPoint(
        z=freeze(hit.z.copy()),
        bitcode=bits_to_string(hit.bits),
        eigenvalues=freeze(eigenvalues),
        spectral_radius=float(np.abs(eigenvalues[0])),
        stability=classify(eigenvalues),
        residual=float(np.max(np.abs(map.step(hit.z) - hit.z))),
        boundary_distance=distance,
        on_boundary=bool(np.any(near & real)),
    )
