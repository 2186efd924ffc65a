"""A map in its own units: the same map, with states and ReLU arguments measured so that its numbers are of one size.

Nothing about a map depends on the units of its states, but floating-point decisions do as soon as some tolerance is
absolute or some norm adds up coordinates. So every search brings its map to balanced units first. All factors are
powers of two: the change is exact, and so is the way back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ._frozen import Frozen
from ._signatures import checked
from ._validation import as_array
from .errors import ModelError
from .maps import CanonicalMap, ring_map

__all__ = ["Units", "balanced", "balanced_ring", "in_units", "is_safe"]

# A reducible map can be balanced for ever.
MOST_BINARY_ORDERS = 200
LARGEST_ORDER = 1000
# A map whose rows and columns agree within this factor is balanced well enough.
NEAR = 64.0
# Products of three numbers of this range, and sums of them, are ordinary doubles.
SMALLEST, LARGEST = 2.0**-250, 2.0**250


@dataclass(frozen=True, eq=False)
class Units(Frozen):
    """A map in balanced units, and the factors that lead back.

    Attributes
    ----------
    map : CanonicalMap
        Without input: ``z' = F(z)`` in balanced units.
    state : (M,) ndarray
        Powers of two: a state in the user's units is ``state * z``.
    relu : (H,) ndarray
        Powers of two: a ReLU argument in the user's units is ``relu * y``.
    safe : bool
        Whether products of a few of the numbers can neither overflow nor underflow, which error bounds of
        floating-point arithmetic rest on.
    first : CanonicalMap
        The first map of a ring alone; `map` itself where the ring has one step.
    """

    map: CanonicalMap
    state: np.ndarray
    relu: np.ndarray
    safe: bool
    first: CanonicalMap


def _exponents(map: CanonicalMap) -> tuple[np.ndarray, np.ndarray]:
    """Binary exponents of units of states and ReLU arguments that balance [[A, W], [V, 0]]."""
    m, n = map.n_units, map.n_relu
    block = np.zeros((m + n, m + n))
    block[:m, :m], block[:m, m:], block[m:, :m] = map.A, map.W, map.V
    np.abs(block, out=block)
    rows, columns = block.sum(axis=1), block.sum(axis=0)
    if np.all((rows <= NEAR * columns) & (columns <= NEAR * rows)):
        return np.zeros(m, dtype=np.int64), np.zeros(n, dtype=np.int64)
    from scipy.linalg import matrix_balance

    with np.errstate(invalid="ignore"):  # SciPy makes whole numbers of scales too
        _, (scales, _) = matrix_balance(block, permute=False, separate=True)
    orders = np.log2(scales).round().astype(np.int64)
    np.clip(orders, -MOST_BINARY_ORDERS, MOST_BINARY_ORDERS, out=orders)
    return orders[:m], orders[m:]


@checked
def balanced(map: CanonicalMap) -> Units:
    """Bring a map to balanced units.

    Parameters
    ----------
    map : CanonicalMap
        Inputs, if it has any, are set to zero.

    Returns
    -------
    Units

    Notes
    -----
    With ``z = D z'`` and ``y = S y'``, D and S diagonal and positive, F becomes
    ``D^-1 A D z' + D^-1 W S relu(y') + D^-1 h`` with ``y' = S^-1 V D z' + S^-1 c``, since relu(S y') = S relu(y').
    D and S balance the block matrix of A, W and V (rows and columns of equal norm; James, Langou, Lowery 2014,
    arXiv:1401.5766); a common factor then makes the largest offset one, which is possible since F is homogeneous in
    state and offsets. A few passes over (M + H)^2 entries.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -2.0**-21], [-(2.0**21), 0]], h=[1, 2.0**21], pwl_units=2)
    >>> balanced(model.map).map.W
    array([[ 0., -1.],
           [-1.,  0.]])
    """
    return balanced_ring([map])


def balanced_ring(maps: Sequence[CanonicalMap]) -> Units:
    """Bring maps that differ in their offsets alone, as those of a periodic input, to the same balanced units.

    Parameters
    ----------
    maps : sequence of k CanonicalMap

    Returns
    -------
    Units
        Its `map` is the map of the ring (:func:`plrnn_analysis.maps.ring_map`), in k M units and k H ReLUs.
    """
    maps = [map.with_input(None) if map.n_inputs else map for map in maps]
    state, relu = _exponents(maps[0])
    with np.errstate(over="ignore", under="ignore"):
        offsets = [np.ldexp(np.abs(a), -orders) for map in maps for a, orders in ((map.h, state), (map.c, relu))]
    largest = float(np.max(np.concatenate(offsets), initial=0.0))
    if 0.0 < largest < np.inf:
        common = int(np.frexp(largest)[1]) - 1
        state, relu = state + common, relu + common
    # Factors and their reciprocals are ordinary doubles, whatever the offsets are.
    state, relu = (np.clip(orders, -LARGEST_ORDER, LARGEST_ORDER) for orders in (state, relu))
    factors = np.ldexp(1.0, state), np.ldexp(1.0, relu)
    scaled = [in_units(map, *factors) for map in maps]
    # Numbers of an ordinary size lose nothing; the others are looked at.
    if not all(_is_safe(map) for map in maps) and not all(
        _is_same(in_units(one, 1.0 / factors[0], 1.0 / factors[1]), map) for one, map in zip(scaled, maps, strict=True)
    ):
        # Some number would lose bits: better no change at all.
        scaled, factors = list(maps), (np.ones(len(state)), np.ones(len(relu)))
    return Units(
        ring_map(scaled),
        np.tile(factors[0], len(maps)),
        np.tile(factors[1], len(maps)),
        all(_is_safe(map) for map in scaled),
        scaled[0],
    )


def _is_same(one: CanonicalMap, other: CanonicalMap) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in "AWVch")


def is_safe(array: np.ndarray) -> bool:
    """Whether products of a few of the numbers can neither overflow nor underflow."""
    sizes = np.abs(array[array != 0.0])
    return not sizes.size or bool(SMALLEST <= float(sizes.min()) <= float(sizes.max()) <= LARGEST)


def _is_safe(map: CanonicalMap) -> bool:
    return is_safe(np.concatenate([array.ravel() for array in (map.A, map.W, map.V, map.c, map.h)]))


@checked
def in_units(map: CanonicalMap, state: np.ndarray, relu: np.ndarray) -> CanonicalMap:
    """The map with its states and ReLU arguments measured in other units.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    state, relu : (M,), (H,) ndarray
        Powers of two, as in :class:`Units`: a state in the old units is ``state * z``.

    Returns
    -------
    CanonicalMap

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1).map
    >>> in_units(tent, np.array([0.5]), np.array([0.25])).h
    array([2.])
    """
    state, relu = as_array("state", state, (map.n_units,), "(M,)"), as_array("relu", relu, (map.n_relu,), "(H,)")
    if np.any(state <= 0.0) or np.any(relu <= 0.0):
        raise ModelError("units must be positive")
    with np.errstate(over="ignore", under="ignore"):
        return CanonicalMap(
            A=map.A * (state / state[:, None]),
            W=map.W * (relu / state[:, None]),
            V=map.V * (state / relu[:, None]),
            c=map.c / relu,
            h=map.h / state,
            C=map.C,
            E=map.E,
        )
