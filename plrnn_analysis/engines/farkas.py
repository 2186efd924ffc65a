"""Cuts of the branch and bound re-checked in exact arithmetic.

A cut claims that a node, the rows ``s = N x + q`` with signs and decisions, has no solution. By Farkas' lemma the
proof is a vector u of multipliers: ``u . q < 0``, ``u_i >= 0`` for every row that must not be negative (rows set
to zero may have any sign) and ``u . N_j <= 0`` for every column that must not be negative. Floating-point multipliers
often miss a sign by rounding; then a strictly signed vector is looked for by a linear program. Either way what
is accepted has been checked in integers.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..polytopes.programs import propose
from .budget import Budget

__all__ = ["check_cuts"]

# Multipliers are rounded to this many bits after the point: any u will do, so rounding costs nothing.
BITS = 60


def _integers(values: np.ndarray, bits: int) -> np.ndarray:
    """Floats times 2**bits as Python integers, exactly; `bits` must be large enough."""
    out = np.empty(values.shape, dtype=object)
    for index, value in np.ndenumerate(values):
        numerator, denominator = float(value).as_integer_ratio()
        out[index] = numerator * (1 << bits) // denominator
    return out


def _bits_needed(values: np.ndarray) -> int:
    return max((float(v).as_integer_ratio()[1].bit_length() - 1 for v in values.flat), default=0)


def _proves(N: np.ndarray, q: np.ndarray, u: np.ndarray, fixed: np.ndarray) -> bool:
    """Whether u, rounded, refutes the node in integer arithmetic."""
    n = N.shape[0]
    multipliers = _integers(np.round(u * 2.0**BITS), 0)
    if any(m < 0 for m, f in zip(multipliers, fixed[n:], strict=True) if not f):
        return False
    if not multipliers @ q < 0:
        return False
    return all(N[j] @ multipliers <= 0 for j in range(n) if not fixed[j])


def _strict(N: np.ndarray, q: np.ndarray, fixed: np.ndarray) -> np.ndarray | None:
    """Multipliers whose signs hold by a margin, if there are any."""
    n, m = N.shape
    open_columns = fixed[:n] == 0
    size = 1.0 + np.abs(N).sum(axis=1)
    rows = np.vstack([np.hstack([N, size[:, None]])[open_columns], np.append(q, 1.0)[None]])
    low = np.append(np.where(fixed[n:] != 0, -1.0, 0.0), 0.0)
    found = propose(np.append(np.zeros(m), -1.0), -rows, np.zeros(len(rows)), low, 1.0).point
    return found[:m] if found is not None and found[m] > 1e-12 else None


def check_cuts(
    N: np.ndarray, q: np.ndarray, cuts: Iterable[tuple[np.ndarray, np.ndarray]], budget: Budget
) -> tuple[int, int]:
    """Prove cuts in exact arithmetic.

    Parameters
    ----------
    N : (n, m) ndarray
        ``N[j, i]`` multiplies x_j in row i.
    q : (m,) ndarray
    cuts : iterable of ((m,) ndarray, (n + m,) ndarray)
        Multipliers, and which of x and of the rows the node had set to zero.
    budget : Budget
        The check ends with its time.

    Returns
    -------
    checked, proven : int

    Notes
    -----
    n m multiplications of integers of about a hundred bits per cut, and a linear program for some.
    """
    bits = max(_bits_needed(N), _bits_needed(q))
    exact_N, exact_q = _integers(N, bits), _integers(q, bits)
    checked = proven = 0
    budget.reporter.say(step="checking cuts", done=lambda: checked)
    try:
        for u, fixed in cuts:
            budget.reporter.tick()
            if budget.overdue:
                break
            checked += 1
            scale = float(np.max(np.abs(u))) or 1.0
            if _proves(exact_N, exact_q, u / scale, fixed):
                proven += 1
                continue
            strict = _strict(N, q, fixed)
            proven += strict is not None and _proves(exact_N, exact_q, strict, fixed)
    except KeyboardInterrupt:
        budget.stop("interrupt")
    return checked, proven
