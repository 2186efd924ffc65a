"""A few characters that tell one set of data from another."""

from __future__ import annotations

import hashlib

import numpy as np

__all__ = ["fingerprint"]


def fingerprint(*arrays: np.ndarray) -> str:
    """Of all numbers in some arrays, in their order; shapes do not count.

    Examples
    --------
    >>> fingerprint(np.arange(3)) == fingerprint(np.arange(3)) != fingerprint(np.arange(4))
    True
    """
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
