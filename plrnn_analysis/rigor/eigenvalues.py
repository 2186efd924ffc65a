"""Listed eigenvalues and stability classes, compared with enclosures of the exact eigenvalues."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..engines.unit_circle import Enclosure
from ..numerics import EPS

__all__ = ["distances_to"]


def distances_to(listed: np.ndarray, enclosures: Sequence[Enclosure]) -> np.ndarray:
    """Bounds of the distances between listed eigenvalues and exact ones, each of which is taken once.

    Parameters
    ----------
    listed : (M,) ndarray of complex
    enclosures : sequence of Enclosure
        Of all M eigenvalues.

    Returns
    -------
    (M,) ndarray
    """
    centres = np.array([e.value for e in enclosures for _ in range(e.count)], dtype=np.complex128)
    radii = np.array([e.radius for e in enclosures for _ in range(e.count)])
    if len(centres) != len(listed) or not np.all(np.isfinite(listed)):
        return np.full(len(listed), np.inf)
    with np.errstate(over="ignore", under="ignore"):
        gaps = np.abs(listed[:, None] - centres[None])
        # Which assignment is taken only matters for how small the bounds are.
        rows, columns = linear_sum_assignment(np.where(np.isfinite(gaps), gaps, np.finfo(float).max))
        apart, radii = gaps[rows, columns], radii[columns]
        bounds = np.where(apart > 0.0, np.nextafter(apart * (1.0 + 8.0 * EPS), np.inf), 0.0)
        bounds = np.where(radii > 0.0, np.nextafter((bounds + radii) * (1.0 + 8.0 * EPS), np.inf), bounds)
    result = np.empty(len(listed))
    result[rows] = bounds
    return result
