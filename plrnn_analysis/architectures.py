"""Named architectures, each one function from its own parameters to the canonical map.

To add an architecture, write such a function and enter it in :data:`ARCHITECTURES`; checkpoints,
searches and graphs then work for it without further change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._validation import as_array, as_index_tuple
from .errors import ModelError
from .maps import CanonicalMap

__all__ = ["ARCHITECTURES", "Architecture", "canonical_map"]

Parameters = Mapping[str, Any]


def _self_weights(value: Any, n_units: int) -> np.ndarray:
    """Accept a diagonal (M,) or a full matrix (M, M)."""
    if np.ndim(value) == 1:
        return np.diag(as_array("A", value, (n_units,), "(M,), the diagonal"))
    return as_array("A", value, (n_units, n_units), "(M,) or (M, M)")


def al_rnn(p: Parameters, relu_units: Sequence[int]) -> CanonicalMap:
    """AL-RNN ``z' = A z + W phi(z) + C s + h``, phi = ReLU on `relu_units`, identity elsewhere.

    With all units in `relu_units` this is the PLRNN, with none a linear RNN.
    Source: Brenner et al., NeurIPS 2024, arXiv:2410.14240.
    """
    W = as_array("W", p["W"], (None, None), "(M, M)")
    m = W.shape[0]
    W = as_array("W", W, (m, m), "(M, M)")
    units = np.array(as_index_tuple("relu_units", relu_units, m), dtype=np.intp)
    linear = W.copy()
    linear[:, units] = 0.0
    V = np.zeros((units.size, m))
    V[np.arange(units.size), units] = 1.0
    A = _self_weights(p["A"], m) + linear
    return CanonicalMap.build(A, W[:, units], V, np.zeros(units.size), p["h"], p.get("C"))


def shallow(p: Parameters, relu_units: Sequence[int]) -> CanonicalMap:
    """Shallow PLRNN ``z' = A z + W1 relu(W2 z + h2 + E s) + h1 + C s``; published without the input inside, E = 0.

    Source: Hess et al., ICML 2023, arXiv:2306.04406.
    """
    W1 = as_array("W1", p["W1"], (None, None), "(M, H)")
    m, n_hidden = W1.shape
    W2 = as_array("W2", p["W2"], (n_hidden, m), "(H, M), the transpose of W1's shape")
    h2 = as_array("h2", p["h2"], (n_hidden,), "(H,)")
    h1 = as_array("h1", p["h1"], (m,), "(M,)")
    return CanonicalMap.build(_self_weights(p["A"], m), W1, W2, h2, h1, p.get("C"), p.get("E"))


def clipped_shallow(p: Parameters, relu_units: Sequence[int]) -> CanonicalMap:
    """Clipped shallow PLRNN ``z' = A z + W1 [relu(W2 z + h2) - relu(W2 z)] + h1 + C s``.

    The first H ReLUs are the shifted ones, the last H the unshifted.
    Source: Hess et al., ICML 2023, arXiv:2306.04406.
    """
    plain = shallow(p, relu_units)
    return CanonicalMap.build(
        plain.A,
        np.hstack([plain.W, -plain.W]),
        np.vstack([plain.V, plain.V]),
        np.concatenate([plain.c, np.zeros(plain.n_relu)]),
        plain.h,
        p.get("C"),
    )


def dendritic(p: Parameters, relu_units: Sequence[int]) -> CanonicalMap:
    """Dendritic PLRNN ``z' = A z + W sum_b alpha_b relu(z - theta_b) + h + C s``.

    `alphas` is (B,), signed; `thetas` is (M, B), one column per basis. ReLUs are ordered basis by
    basis, units fastest. Source: Brenner et al., ICML 2022, arXiv:2207.02542.
    """
    W = as_array("W", p["W"], (None, None), "(M, M)")
    m = W.shape[0]
    W = as_array("W", W, (m, m), "(M, M)")
    alphas = as_array("alphas", p["alphas"], (None,), "(B,), one a basis")
    thetas = as_array("thetas", p["thetas"], (m, alphas.size), "(M, B), one column per basis")
    return CanonicalMap.build(
        _self_weights(p["A"], m),
        np.hstack([alpha * W for alpha in alphas]) if alphas.size else np.zeros((m, 0)),
        np.tile(np.eye(m), (alphas.size, 1)),
        -thetas.T.ravel(),
        p["h"],
        p.get("C"),
    )


def relu_rnn(p: Parameters, relu_units: Sequence[int]) -> CanonicalMap:
    """One layer of ``torch.nn.RNN(nonlinearity="relu")``: ``z' = relu(W_hh z + W_ih s + bias)``."""
    W_hh = as_array("W_hh", p["W_hh"], (None, None), "(M, M)")
    m = W_hh.shape[0]
    W_hh = as_array("W_hh", W_hh, (m, m), "(M, M)")
    bias = as_array("bias", p["bias"], (m,), "(M,), b_ih + b_hh")
    return CanonicalMap.build(np.zeros((m, m)), np.eye(m), W_hh, bias, np.zeros(m), None, p.get("W_ih"))


@dataclass(frozen=True)
class Architecture:
    """What a named architecture needs and how it becomes a canonical map."""

    to_map: Callable[[Parameters, Sequence[int]], CanonicalMap]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ("C",)
    has_relu_units: bool = False


ARCHITECTURES: dict[str, Architecture] = {
    "al_rnn": Architecture(al_rnn, ("A", "W", "h"), has_relu_units=True),
    "shallow": Architecture(shallow, ("A", "W1", "W2", "h1", "h2"), ("C", "E")),
    "clipped_shallow": Architecture(clipped_shallow, ("A", "W1", "W2", "h1", "h2")),
    "dendritic": Architecture(dendritic, ("A", "W", "h", "alphas", "thetas")),
    "relu_rnn": Architecture(relu_rnn, ("W_hh", "bias"), ("W_ih",)),
}


def canonical_map(architecture: str, parameters: Parameters, relu_units: Sequence[int] = ()) -> CanonicalMap:
    """Canonical map of a named architecture.

    Parameters
    ----------
    architecture : str
        A key of :data:`ARCHITECTURES`.
    parameters : mapping of str to array_like
        The parameters in the architecture's own names.
    relu_units : sequence of int
        The ReLU units, for architectures that choose them.

    Raises
    ------
    ModelError
        On an unknown architecture, a missing or unknown parameter, a wrong shape, NaN or infinity.
    """
    if architecture not in ARCHITECTURES:
        raise ModelError(f"unknown architecture {architecture!r}; known: {', '.join(sorted(ARCHITECTURES))}")
    kind = ARCHITECTURES[architecture]
    missing = [name for name in kind.required if name not in parameters]
    unknown = [name for name in parameters if name not in kind.required + kind.optional]
    if missing or unknown:
        raise ModelError(
            f"{architecture} needs {', '.join(kind.required)} (optional: {', '.join(kind.optional)}); "
            f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
        )
    return kind.to_map(parameters, relu_units)
