"""Stability of fixed points and cycles, exactly: floats where their error bounds decide, else rationals.

The given numbers are rationals, so the eigenvalues of a Jacobian, or of a product of Jacobians along a word, are facts
about them, and so is on which side of the unit circle each lies. Most are clear of it by more than the error bounds
of floating point. The others get the exact characteristic polynomial, whose roots are counted with certificates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..maps import CanonicalMap
from ..numerics import EPS, UNIT_CIRCLE
from ..statuses import Stability
from .exact_jacobians import ExactJacobians
from .spectral_bounds import balanced_matrices, eigenvalue_discs, products_with_error

__all__ = [
    "classify",
    "jacobian_stabilities",
    "jacobian_stability",
    "log_moduli",
    "matrix_stability",
    "ordered_eigenvalues",
    "spectral_radii",
]

# Matrix entries held at once.
BATCH_ENTRIES = 1_000_000
# Eigenvalues whose error bound, relative to the largest, exceeds this are computed again. Bounds of long products are
# a thousand times larger than their errors.
ACCURATE = 1e-6
# Width of an enclosure of a logarithm that is as good as a number.
LOGARITHM = 1e-14
# Blocks of so few and so small matrices are looked for only where the whole does not settle the matter.
FEW, SMALL = 64, 32
# Effort that is spent on better eigenvalues where the class is known, some hundredths of a second.
POLISHING_WORK = 1e9


def jacobian_stability(maps: Sequence[CanonicalMap], words: Any) -> tuple[np.ndarray, Stability]:
    """Eigenvalues and stability class of one fixed point or cycle; see :func:`jacobian_stabilities`.

    Parameters
    ----------
    maps : sequence of k CanonicalMap
    words : (k, H) array_like of bool
        The subregion in which each map acts.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5], W=[[0.5]], h=[0.0], pwl_units=1)
    >>> jacobian_stability([model.map], [[True]])
    (array([1.+0.j]), 'marginal')
    """
    values, names = jacobian_stabilities(maps, np.asarray(words, dtype=bool)[None])
    return values[0], names[0]


def jacobian_stabilities(maps: Sequence[CanonicalMap], words: np.ndarray) -> tuple[np.ndarray, list[Stability]]:
    """Eigenvalues and stability classes of the Jacobian products along many words.

    Parameters
    ----------
    maps : sequence of k CanonicalMap
        The maps that act one after the other; one for fixed points.
    words : (n, k, H) ndarray of bool
        The subregion in which each map acts.

    Returns
    -------
    eigenvalues : (n, M) ndarray of complex
        Of ``J_k ... J_1``, largest modulus first.
    stability : list of n Stability
        ``"marginal"`` means that some modulus is exactly one, ``"undecided"`` that the proof exceeds its budget, a few
        seconds. A spiral is where the largest eigenvalue is not real; of several that are largest the one with the
        largest real part counts.

    Notes
    -----
    Where the error bounds of floating point leave no doubt they decide: O(n k M^3), in batches. Each word in doubt
    takes an exact characteristic polynomial: 1 ms for M = 20, 10 ms for M = 40 and one Jacobian, growing with k.
    """
    words = np.asarray(words, dtype=bool)
    n = len(words)
    m = maps[0].n_units
    A, W, V = (np.stack([getattr(map, name) for map in maps]) for name in ("A", "W", "V"))
    exact: ExactJacobians | None = None
    values = np.zeros((n, m), dtype=np.complex128)
    names: list[Stability] = []
    batch = max(1, BATCH_ENTRIES // (m * max(m, A.shape[0], W.shape[2])))
    for start in range(0, n, batch):
        part = words[start : start + batch]
        with np.errstate(all="ignore"):
            product, error = products_with_error(A, W, V, part)
        at_once = m <= SMALL and len(part) <= FEW
        found, classes, accurate = _classified(*(_discs if at_once else _discs_of_blocks)(product, error))
        doubtful = np.flatnonzero((classes == "") | ~accurate)
        if len(doubtful) and at_once:
            again = _classified(*_discs_of_blocks(product[doubtful], error[doubtful]))
            found[doubtful], classes[doubtful], accurate[doubtful] = again
            doubtful = doubtful[(classes[doubtful] == "") | ~accurate[doubtful]]
        for i in doubtful:
            exact = exact or ExactJacobians(maps)
            if classes[i] and exact.work(part[i]) > POLISHING_WORK:
                continue
            better, name = exact.stability(part[i])
            # What floats have proved stands.
            classes[i] = classes[i] or name
            found[i] = found[i] if better is None else better
        values[start : start + batch] = found
        names.extend(Stability(name) for name in classes.tolist())
    return _ordered(values), names


def spectral_radii(map: CanonicalMap, patterns: np.ndarray) -> np.ndarray:
    """Spectral radius (n,) of the Jacobian of each of the subregions (n, H).

    Examples
    --------
    >>> import numpy as np
    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5], W=[[0.25]], h=[0.0], pwl_units=1)
    >>> spectral_radii(model.map, np.array([[False], [True]]))
    array([0.5 , 0.75])
    """
    return np.abs(jacobian_stabilities([map], patterns[:, None])[0][:, 0])


def log_moduli(maps: Sequence[CanonicalMap], word: Any) -> np.ndarray | None:
    """Logarithms of the moduli of the eigenvalues of ``J_k ... J_1``, each to the last few bits of a double.

    Parameters
    ----------
    maps : sequence of k CanonicalMap
    word : (k, H) array_like of bool

    Returns
    -------
    (M,) ndarray or None
        Largest first, minus infinity for an eigenvalue that is exactly zero; None where the proof exceeds its budget.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> import numpy as np
    >>> shear = PLRNN.al_rnn(A=[[0.5, 1.0], [0.0, 0.5]], W=np.zeros((2, 2)), h=[0.0, 0.0], pwl_units=0)
    >>> log_moduli([shear.map] * 2, np.zeros((2, 0))) / np.log(0.5)
    array([2., 2.])
    """
    enclosures, _ = ExactJacobians(maps).enclosures(np.asarray(word, dtype=bool))
    bounds = [e.log_modulus for e in enclosures for _ in range(e.count)]
    if not bounds or any(high - low > LOGARITHM for low, high in bounds if high > -np.inf):
        return None
    return np.sort([0.5 * (low + high) for low, high in bounds])[::-1]


def matrix_stability(matrix: np.ndarray) -> tuple[np.ndarray, Stability]:
    """Eigenvalues and stability class of one matrix, whose numbers are taken at their word.

    Examples
    --------
    >>> import numpy as np
    >>> matrix_stability(np.array([[-3.0, -3.0, -1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    (array([-1.+0.j, -1.+0.j, -1.+0.j]), 'marginal')
    """
    m = len(matrix)
    linear = CanonicalMap(matrix, np.zeros((m, 0)), np.zeros((0, m)), np.zeros(0), np.zeros(m), np.zeros((m, 0)),
                          np.zeros((0, 0)))  # fmt: skip
    return jacobian_stability([linear], np.zeros((1, 0), dtype=bool))


def ordered_eigenvalues(matrix: np.ndarray) -> np.ndarray:
    """Eigenvalues of a square matrix in floating point, largest modulus first."""
    return _ordered(np.linalg.eigvals(matrix).astype(np.complex128))


def classify(eigenvalues: np.ndarray) -> Stability:
    """Name the stability that rounded multipliers, largest modulus first, suggest.

    For events at a parameter value that is itself rounded; what exact numbers belong to is decided by
    :func:`jacobian_stability`.

    Examples
    --------
    >>> import numpy as np
    >>> classify(np.array([0.5, 0.1]))
    'stable node'
    >>> classify(np.array([1.5, 0.1]))
    'saddle'
    """
    modulus = np.abs(eigenvalues)
    if np.any(np.abs(modulus - 1.0) <= UNIT_CIRCLE):
        return Stability.MARGINAL
    kind = "spiral" if abs(eigenvalues[0].imag) > UNIT_CIRCLE * modulus[0] else "node"
    if np.all(modulus < 1.0):
        return Stability(f"stable {kind}")
    return Stability(f"unstable {kind}") if np.all(modulus > 1.0) else Stability.SADDLE


def _ordered(values: np.ndarray) -> np.ndarray:
    """Sort along the last axis: largest modulus first, of equal ones the largest real part."""
    modulus = np.abs(values)
    largest = np.max(modulus, axis=-1, keepdims=True, initial=0.0)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        rank = np.round(np.divide(modulus, largest, out=np.zeros_like(modulus), where=largest > 0.0), 12)
    return np.take_along_axis(values, np.lexsort((-values.imag, -values.real, -rank), axis=-1), axis=-1)


def _classified(centres: np.ndarray, radii: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eigenvalues of a batch, the classes that their discs allow ("" for none), and which are accurate."""
    modulus = np.abs(centres)
    with np.errstate(invalid="ignore"):
        upper, lower = (modulus + radii) * (1.0 + 8.0 * EPS), (modulus - radii) * (1.0 - 8.0 * EPS)
    inside, outside = np.all(upper < 1.0, axis=1), np.all(lower > 1.0, axis=1)
    saddle = ~inside & ~outside & np.all((upper < 1.0) | (lower > 1.0), axis=1)
    largest = upper >= np.max(lower, axis=1, keepdims=True)
    node = np.all((real == 1) | ~largest, axis=1)
    spiral = np.all((real == 0) | ~largest, axis=1)
    classes = np.full(len(centres), "", dtype="<U16")
    classes[saddle] = "saddle"
    for sides, side in ((inside, "stable"), (outside, "unstable")):
        classes[sides & node] = f"{side} node"
        classes[sides & spiral] = f"{side} spiral"
    accurate = np.max(radii, axis=1, initial=0.0) <= ACCURATE * np.max(modulus, axis=1, initial=0.0)
    return centres, classes, accurate


def _discs(matrices: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Discs of all eigenvalues (n, M), and whether they are real: 1 yes, 0 no, -1 unknown."""
    size = matrices.shape[1]
    middle, radius = eigenvalue_discs(*balanced_matrices(matrices, errors))
    radius[np.isnan(radius)] = np.inf
    middle = np.where(np.isfinite(middle), middle, 0.0)
    gaps = np.abs(middle[:, :, None] - middle[:, None, :]) - radius[:, :, None] - radius[:, None, :]
    gaps[:, np.arange(size), np.arange(size)] = np.inf
    # The matrix is real: an eigenvalue alone in a disc around a real centre is its own conjugate.
    alone = np.all(gaps > EPS * np.abs(middle)[:, :, None], axis=2)
    return middle, radius, np.where(np.abs(middle.imag) > radius, 0, np.where((middle.imag == 0.0) & alone, 1, -1))


def _discs_of_blocks(matrices: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same discs, block by block.

    A unit that no other one drives, or that drives no other one, contributes its diagonal entry, which is real
    for certain; such units are peeled off until none is left. Idle ReLUs make many of them.
    """
    n, m, _ = matrices.shape
    linked = (matrices != 0.0) | (errors != 0.0)
    linked[:, np.arange(m), np.arange(m)] = False
    core = np.ones((n, m), dtype=bool)
    while True:
        driven, driving = np.any(linked, axis=2), np.any(linked, axis=1)
        kept = core & driven & driving
        if np.array_equal(kept, core):
            break
        core = kept
        linked &= core[:, :, None] & core[:, None, :]
    centres = np.einsum("nii->ni", matrices).astype(np.complex128)
    radii = np.einsum("nii->ni", errors).copy()
    real = np.ones((n, m), dtype=np.int8)
    sizes = core.sum(axis=1)
    for size in np.unique(sizes[sizes > 0]):
        rows = np.flatnonzero(sizes == size)
        units = np.nonzero(core[rows])[1].reshape(len(rows), size)
        at = rows[:, None, None], units[:, :, None], units[:, None, :]
        middle, radius, kinds = _discs(matrices[at], errors[at])
        centres[rows[:, None], units] = middle
        radii[rows[:, None], units] = radius
        real[rows[:, None], units] = kinds
    return centres, radii, real
