"""The few numbers that say what counts as zero, equal or on a boundary; docs/numerics.md explains them.

A number belongs here if two rooms must agree about it. None of them decides what a search lists: that is decided by
error bounds, and where these do not suffice, in exact arithmetic.
"""

from __future__ import annotations

import numpy as np

from .errors import ModelError

__all__ = ["BOUNDARY", "EPS", "UNIT_CIRCLE", "gamma"]

# Spacing of the doubles at one: twice the unit roundoff, so bounds written with it have a factor of two to spare.
EPS = float(np.finfo(np.float64).eps)
# Share of the terms of a ReLU argument below which a point is *described* as lying on the boundary.
BOUNDARY = 1e-9
# How near one a modulus must be for floats alone to call it marginal, where no exact Jacobian is at hand.
UNIT_CIRCLE = 1e-9


def gamma(terms: int) -> float:
    """Relative error bound of a sum of n products, in any order and with or without fused operations.

    Parameters
    ----------
    terms : int

    Returns
    -------
    float

    References
    ----------
    N. J. Higham, *Accuracy and Stability of Numerical Algorithms*, SIAM 2002, section 3.1,
    doi:10.1137/1.9780898718027.
    """
    if not isinstance(terms, (int, np.integer)) or isinstance(terms, bool) or terms < 0:
        raise ModelError(f"terms must be a whole number >= 0, got {terms!r}")
    return (int(terms) + 2) * EPS
