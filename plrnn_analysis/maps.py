"""The canonical map: the one form every architecture takes before anything is computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ._frozen import Frozen
from ._signatures import checked
from ._validation import as_array, rows, shown
from .errors import ModelError

__all__ = ["CanonicalMap", "bits_from_string", "bits_to_string", "distinct_patterns", "ring_map"]

# Products within these bounds, and their parts, neither over- nor underflow.
SMALLEST, LARGEST = 2.0**-700, 2.0**900


@checked
def bits_to_string(bits: Sequence[Any] | np.ndarray) -> str:
    """Name a subregion: one character a ReLU, ``"1"`` where it is active.

    Parameters
    ----------
    bits : (H,) array_like of bool or int

    Returns
    -------
    str
        ``"-"`` for the single subregion of a model without ReLU.

    Examples
    --------
    >>> bits_to_string([True, False, True])
    '101'
    >>> bits_to_string([])
    '-'
    """
    return "".join("1" if b else "0" for b in as_bits(bits).tolist()) or "-"


def as_bits(bits: Any) -> np.ndarray:
    """Truth values (...,) from truth values or from the numbers 0 and 1.

    Raises
    ------
    ModelError
        If they are anything else, such as a text.
    """
    try:
        given = np.asarray(bits)
    except ValueError as error:
        raise ModelError(f"bits must be a sequence of 0 and 1, got {shown(bits)}") from error
    if given.ndim != 1 or (given.size and (given.dtype.kind not in "biuf" or not np.all((given == 0) | (given == 1)))):
        raise ModelError(f"bits must be a sequence of 0 and 1, got {shown(bits)}")
    return given.astype(bool)


def distinct_patterns(bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each different row first stands, in lexicographic order of the rows, and which of them each row is.

    Parameters
    ----------
    bits : (n, H) ndarray of bool

    Returns
    -------
    first : (k,) ndarray of int
    places : (n,) ndarray of int

    Notes
    -----
    ``O(n log n)`` for each 64 ReLUs; ``np.unique`` of rows compares them byte by byte, which takes a hundred times as
    long.

    Examples
    --------
    >>> distinct_patterns(np.array([[True, False], [False, True], [True, False]]))
    (array([1, 0]), array([1, 0, 1]))
    """
    n = len(bits)
    packed = np.packbits(bits, axis=1)
    packed = np.pad(packed, ((0, 0), (0, max(-packed.shape[1] % 8, 8 * (packed.shape[1] == 0)))))
    keys = packed.view(">u8").astype(np.uint64)
    order = np.lexsort(keys.T[::-1])
    new = np.ones(n, dtype=bool)
    new[1:] = np.any(keys[order[1:]] != keys[order[:-1]], axis=1)
    places = np.empty(n, dtype=np.intp)
    places[order] = np.cumsum(new) - 1
    # The sort keeps the order of equal rows.
    return order[new], places


@checked
def bits_from_string(code: str, n_relu: int) -> np.ndarray:
    """Inverse of :func:`bits_to_string`.

    Parameters
    ----------
    code : str
        A bitcode such as ``"010"``, or ``"-"`` where `n_relu` is 0.
    n_relu : int
        Number of ReLUs H of the model.

    Returns
    -------
    (H,) ndarray of bool

    Raises
    ------
    ModelError
        If the string is not a bitcode of `n_relu` characters.
    """
    text = "" if code == "-" and n_relu == 0 else code
    if not isinstance(text, str) or len(text) != n_relu or set(text) - {"0", "1"}:
        raise ModelError(f"a bitcode of this model has {n_relu} characters, each 0 or 1; got {code!r}")
    return np.array([ch == "1" for ch in text], dtype=bool)


@dataclass(frozen=True, eq=False)
class CanonicalMap(Frozen):
    """Piecewise-linear map ``F(z, s) = A z + W relu(V z + c + E s) + h + C s``.

    Attributes
    ----------
    A : (M, M) ndarray
        Linear part, a full matrix.
    W : (M, H) ndarray
        What each ReLU writes into the state.
    V : (H, M) ndarray
        What each ReLU reads from the state.
    c : (H,) ndarray
        ReLU offsets.
    h : (M,) ndarray
        State offset.
    C : (M, K) ndarray
        Input outside the ReLU.
    E : (H, K) ndarray
        Input inside the ReLU (zero for all architectures but ``torch.nn.RNN``).

    Notes
    -----
    ReLU i is *active* where ``V_i z + c_i + E_i s > 0``; the bitcode is the vector of these truth
    values, and inside the subregion of bitcode b the Jacobian is ``J_b = A + W diag(b) V``.
    """

    A: np.ndarray
    W: np.ndarray
    V: np.ndarray
    c: np.ndarray
    h: np.ndarray
    C: np.ndarray
    E: np.ndarray

    @classmethod
    def build(cls, A: Any, W: Any, V: Any, c: Any, h: Any, C: Any = None, E: Any = None) -> CanonicalMap:
        """Check shapes and finiteness and build the map.

        Parameters
        ----------
        A, W, V, c, h : array_like
            As in the class description; M is taken from `A`, H from `V`.
        C, E : array_like, optional
            Input matrices; None means that the input does not enter there. K is taken from
            whichever is given.

        Raises
        ------
        ModelError
            On a wrong shape, or NaN or infinity.
        """
        A = as_array("A", A, (None, None), "(M, M)")
        m = A.shape[0]
        if A.shape[1] != m or m == 0:
            raise ModelError(f"A must be square with at least one unit, got {A.shape}")
        V = as_array("V", V, (None, m), "(H, M)")
        n_relu = V.shape[0]
        W = as_array("W", W, (m, n_relu), "(M, H)")
        c = as_array("c", c, (n_relu,), "(H,)")
        h = as_array("h", h, (m,), "(M,)")
        if C is not None:
            C = as_array("C", C, (m, None), "(M, K), one column an input")
        if E is not None:
            E = as_array("E", E, (n_relu, None if C is None else C.shape[1]), "(H, K), one column an input")
        n_inputs = C.shape[1] if C is not None else (E.shape[1] if E is not None else 0)
        C = np.zeros((m, n_inputs)) if C is None else C
        E = np.zeros((n_relu, n_inputs)) if E is None else E
        return cls(*(a for a in (A, W, V, c, h, C, E)))

    @property
    def n_units(self) -> int:
        """Dimension M of the state."""
        return int(self.A.shape[0])

    @property
    def n_relu(self) -> int:
        """Number H of ReLUs; there are at most ``2**H`` subregions."""
        return int(self.V.shape[0])

    @property
    def n_inputs(self) -> int:
        """Dimension K of the input."""
        return int(self.C.shape[1])

    def with_input(self, s: Any = None) -> CanonicalMap:
        """The autonomous map under the constant input `s`.

        Parameters
        ----------
        s : (K,) array_like, optional
            None stands for zero input.

        Returns
        -------
        CanonicalMap
            A map without input (K = 0) whose offsets contain `s`.

        Raises
        ------
        ModelError
            If `s` does not have K entries.

        Notes
        -----
        The offsets ``c + E s`` and ``h + C s`` are the doubles nearest to the exact sums, so that they are the same on
        every machine.
        """
        if not self.n_inputs and s is None:
            return self
        c, h = self.c, self.h
        if s is not None:
            s = as_array("constant_input", s, (self.n_inputs,), "(K,)")
            c, h = _rounded_sums(c, self.E, s), _rounded_sums(h, self.C, s)
        return CanonicalMap.build(self.A, self.W, self.V, c, h)

    def preactivation(self, z: np.ndarray, s: np.ndarray | None = None) -> np.ndarray:
        """ReLU arguments ``V z + c + E s``; `z` is (..., M), the result (..., H)."""
        y = rows("z", z, self.n_units) @ self.V.T + self.c
        return y if s is None else y + rows("s", s, self.n_inputs) @ self.E.T

    def bits(self, z: np.ndarray, s: np.ndarray | None = None) -> np.ndarray:
        """Bitcodes of states as truth values; `z` is (..., M), the result (..., H)."""
        return self.preactivation(z, s) > 0.0

    def step(self, z: np.ndarray, s: np.ndarray | None = None) -> np.ndarray:
        """Apply the map once; `z` is (..., M), `s` (..., K)."""
        z = rows("z", z, self.n_units)
        out = z @ self.A.T + np.maximum(self.preactivation(z, s), 0.0) @ self.W.T + self.h
        return out if s is None else out + rows("s", s, self.n_inputs) @ self.C.T

    def jacobian(self, bits: Any) -> np.ndarray:
        """Jacobian ``A + W diag(b) V`` (M, M) inside the subregion with these bits (H,)."""
        bits = self._bits(bits)
        return self.A + self.W[:, bits] @ self.V[bits]

    def offset(self, bits: Any) -> np.ndarray:
        """Offset ``h + W diag(b) c`` (M,): inside the subregion ``F(z) = J_b z + offset``."""
        bits = self._bits(bits)
        return self.h + self.W[:, bits] @ self.c[bits]

    def _bits(self, bits: Any) -> np.ndarray:
        given = np.asarray(as_bits(bits))
        if given.shape != (self.n_relu,):
            raise ModelError(f"bits must have shape ({self.n_relu},), got {given.shape}")
        return given


def _rounded_sums(offset: np.ndarray, matrix: np.ndarray, s: np.ndarray) -> np.ndarray:
    """``offset + matrix @ s``, each entry rounded once."""
    with np.errstate(over="ignore", under="ignore"):
        products = matrix * s
        sizes = np.concatenate([np.abs(values[values != 0.0]) for values in (products, matrix, s)])
    if sizes.size and not SMALLEST <= float(sizes.min()) <= float(sizes.max()) <= LARGEST:
        rows = [
            sum((Fraction(a) * Fraction(b) for a, b in zip(row, s.tolist(), strict=True)), Fraction(first))
            for first, row in zip(offset.tolist(), matrix.tolist(), strict=True)
        ]
        return np.array([float(total) for total in rows])
    # What the products lost to rounding, exactly (Dekker 1971, doi:10.1007/BF01397083); the sums are rounded once.
    a_high, b_high = _leading(matrix), _leading(s)
    a_low, b_low = matrix - a_high, s - b_high
    lost = a_low * b_low - (((products - a_high * b_high) - a_low * b_high) - a_high * b_low)
    return np.array(
        [
            math.fsum((first, *p, *r))
            for first, p, r in zip(offset.tolist(), products.tolist(), lost.tolist(), strict=True)
        ]
    )


def _leading(values: np.ndarray) -> np.ndarray:
    """The upper half of the bits of doubles."""
    spread = values * (2.0**27 + 1.0)
    return spread - (spread - values)


def ring_map(maps: Sequence[CanonicalMap]) -> CanonicalMap:
    """The map ``(z_0, ..., z_{k-1}) -> (F_0(z_{k-1}), F_1(z_0), ..., F_{k-1}(z_{k-2}))``.

    Parameters
    ----------
    maps : sequence of CanonicalMap
        F_t, without input: the map into position t.

    Returns
    -------
    CanonicalMap
        In M k units and H k ReLUs, those of z_t in block t. Its fixed points are the k-periodic points.
    """
    k = len(maps)
    if k == 1:
        return maps[0]
    m, n = maps[0].n_units, maps[0].n_relu
    A = np.zeros((k, m, k, m))
    W = np.zeros((k, m, k, n))
    V = np.zeros((k, n, k, m))
    c = np.zeros((k, n))
    for t, map in enumerate(maps):
        before = (t - 1) % k
        A[t, :, before] = map.A
        W[t, :, before] = map.W
        V[before, :, before] = map.V
        c[before] = map.c
    h = np.concatenate([map.h for map in maps])
    return CanonicalMap.build(A.reshape(k * m, k * m), W.reshape(k * m, k * n), V.reshape(k * n, k * m), c.ravel(), h)
