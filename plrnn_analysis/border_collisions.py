"""What happens when a fixed point or cycle meets one subregion boundary: Feigin's rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._frozen import Frozen
from ._signatures import checked
from ._validation import as_array, number
from .engines.stability import matrix_stability
from .errors import ModelError
from .statuses import CollisionKind

__all__ = ["BorderCollision", "classify_border_collision"]

# Relative distance of a multiplier from +1 or -1 below which the rule is not applied.
REGULAR = 1e-9


@dataclass(frozen=True, eq=False)
class BorderCollision(Frozen):
    """Class of a border collision by Feigin's rule, with the counts that decide it.

    Attributes
    ----------
    kind : CollisionKind
        ``"persistence"``, ``"nonsmooth fold"``, either with ``" + 2-cycle"``, or ``"degenerate"``.
    multipliers : pair of (M,) ndarray of complex
        Eigenvalues of the Jacobian on each side of the boundary, largest modulus first.
    above_one : pair of int
        Real multipliers > 1 on each side, with multiplicity.
    below_minus_one : pair of int
        Real multipliers < -1 on each side, with multiplicity.
    margin : float
        Smallest distance of a multiplier of either side from 1, or from -1: how far from degenerate.
    reason : str
        Why it is degenerate; empty otherwise.
    """

    kind: CollisionKind
    multipliers: tuple[np.ndarray, np.ndarray]
    above_one: tuple[int, int]
    below_minus_one: tuple[int, int]
    margin: float
    reason: str = ""

    @property
    def fold(self) -> bool | None:
        """Whether two points meet and vanish (True) or one goes on (False); None if degenerate."""
        return None if self.kind == CollisionKind.DEGENERATE else sum(self.above_one) % 2 == 1

    @property
    def two_cycle(self) -> bool | None:
        """Whether a cycle of twice the period exists on one side; None if degenerate."""
        return None if self.kind == CollisionKind.DEGENERATE else sum(self.below_minus_one) % 2 == 1


@checked
def classify_border_collision(first: Any, second: Any, *, tolerance: float = REGULAR) -> BorderCollision:
    """Class of the collision of a fixed point with one boundary, from the Jacobians on its two sides.

    Parameters
    ----------
    first, second : (M, M) array_like
        Jacobians on the two sides; for a cycle of period k those of the k-th iterate, with the bit of the one
        colliding ReLU at the one colliding time switched between them.
    tolerance : float, optional
        A multiplier closer to 1 or -1 than this, relative to the size of the Jacobians in balanced units of the states,
        makes the collision degenerate.

    Returns
    -------
    BorderCollision

    Raises
    ------
    ModelError
        On wrong shapes, NaN or infinity.

    Notes
    -----
    With sigma+ real multipliers > 1 and sigma- real multipliers < -1 on a side, the fixed points of the two sides
    lie on opposite sides of the parameter value (persistence) if the sum of sigma+ over both sides is even, and on
    the same (nonsmooth fold) if it is odd. Independently, a 2-cycle with one point on each side exists at one side of
    the parameter value if and only if the sum of sigma- is odd. Both follow from the signs of det(I - J) and
    det(I + J), which must not vanish; for the 2-cycle det(I - J1 J2) must not vanish either. The rule says nothing
    about longer cycles, nor about chaos, which can be born at the same collision. It presumes that the point meets
    the boundary at non-zero speed. Costs two eigenvalue problems.

    References
    ----------
    M. di Bernardo, M. I. Feigin, S. J. Hogan, M. E. Homer, Local analysis of C-bifurcations in n-dimensional
    piecewise-smooth dynamical systems, *Chaos, Solitons & Fractals* 10 (1999) 1881-1908,
    doi:10.1016/S0960-0779(98)00317-8. M. di Bernardo et al., *Piecewise-smooth Dynamical Systems*, Springer 2008,
    doi:10.1007/978-1-84628-708-4.

    Examples
    --------
    The slope changes from 0.4 to -1.5: the fixed point goes on, and a 2-cycle is born.

    >>> classify_border_collision([[0.4]], [[-1.5]]).kind
    'persistence + 2-cycle'
    """
    one = as_array("first", first, (None, None), "(M, M)")
    two = as_array("second", second, one.shape, "(M, M), as the first")
    if one.shape[0] != one.shape[1]:
        raise ModelError(f"a Jacobian must be square, got {one.shape}")
    tolerance = number("tolerance", tolerance, least=0.0)
    one, two = _in_common_units(one, two)
    sides = tuple(matrix_stability(J)[0] for J in (one, two))
    size = 1.0 + max(float(np.abs(J).sum(axis=1).max(initial=0.0)) for J in (one, two))
    from_one, from_minus_one = (
        min(float(np.min(np.abs(values - unit), initial=np.inf)) for values in sides) for unit in (1.0, -1.0)
    )
    above, below = (
        tuple(int(np.count_nonzero((values.imag == 0.0) & (sign * values.real > 1.0))) for values in sides)
        for sign in (1.0, -1.0)
    )
    reason = ""
    if from_one <= tolerance * size:
        reason = "a multiplier is 1 on one side"
    elif from_minus_one <= tolerance * size:
        reason = "a multiplier is -1 on one side"
    elif sum(below) % 2 and np.min(np.abs(np.linalg.eigvals(one @ two) - 1.0)) <= tolerance * size**2:
        reason = "a multiplier of the 2-cycle is 1"
    born = " + 2-cycle" if sum(below) % 2 else ""
    kind = CollisionKind(("nonsmooth fold" if sum(above) % 2 else "persistence") + born)
    return BorderCollision(
        kind=CollisionKind.DEGENERATE if reason else kind,
        multipliers=(sides[0], sides[1]),
        above_one=(above[0], above[1]),
        below_minus_one=(below[0], below[1]),
        margin=min(from_one, from_minus_one),
        reason=reason,
    )


def _in_common_units(one: np.ndarray, two: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both Jacobians in units of the states that balance them; multipliers stay the same, norms become comparable."""
    from scipy.linalg import matrix_balance

    _, (units, _) = matrix_balance(np.abs(one) + np.abs(two), permute=False, separate=True)
    return one * units / units[:, None], two * units / units[:, None]
