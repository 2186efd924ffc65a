"""Cuts of a branch and bound, handed on as proposals for a proof."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

__all__ = ["Cuts"]


@dataclass(frozen=True, eq=False)
class Cuts:
    """Subtrees that a search cut off, and why.

    Attributes
    ----------
    bits : (K, n) ndarray of int8
        Decisions of each: 0 for units whose x is zero, 1 for units whose s is zero, -1 for open ones.
    multipliers : (K, m) ndarray of float32
        Of the rows ``s = (I - G) x - g``, and of conditions where the search had some: positive multiples of rows that
        are not negative, and multiples of rows that are zero, add up to a contradiction, to rounding. The largest is 1
        in modulus.
    """

    bits: np.ndarray
    multipliers: np.ndarray

    @classmethod
    def of(cls, kept: Iterable[tuple[np.ndarray, np.ndarray]], n: int, m: int) -> Cuts:
        """From chunks of multipliers and of what was set to zero, as the kernel hands them over: those of m rows."""
        multipliers, bits = [np.zeros((0, m), dtype=np.float32)], [np.zeros((0, n), dtype=np.int8)]
        for u, fixed in kept:
            # Proposals need few digits, and there may be very many.
            largest = np.max(np.abs(u[:, :m]), axis=1, keepdims=True)
            multipliers.append((u[:, :m] / np.where(largest > 0.0, largest, 1.0)).astype(np.float32))
            bits.append(np.where(fixed[:, :n] != 0, 0, np.where(fixed[:, n : 2 * n] != 0, 1, -1)).astype(np.int8))
        return cls(np.concatenate(bits), np.concatenate(multipliers))
