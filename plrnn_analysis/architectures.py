"""Named architectures, each one function from its own parameters to the canonical map.

To add an architecture, write such a function and enter it in :data:`ARCHITECTURES`; checkpoints,
searches and graphs then work for it without further change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._signatures import checked
from ._validation import as_array, as_index_tuple, shown
from .activations import ACTIVATIONS, Activation
from .errors import ModelError
from .maps import CanonicalMap

__all__ = ["ARCHITECTURES", "Architecture", "canonical_map", "through_activation"]

Parameters = Mapping[str, Any]


def _self_weights(value: Any, n_units: int) -> np.ndarray:
    """Accept a diagonal (M,) or a full matrix (M, M)."""
    if np.ndim(value) == 1:
        return np.diag(as_array("A", value, (n_units,), "(M,), the diagonal"))
    return as_array("A", value, (n_units, n_units), "(M,) or (M, M)")


def _square(name: str, value: Any) -> np.ndarray:
    """A matrix (M, M)."""
    W = as_array(name, value, (None, None), "(M, M)")
    return as_array(name, W, (W.shape[0],) * 2, "(M, M)")


def al_rnn(p: Parameters, relu_units: Sequence[int]) -> CanonicalMap:
    """AL-RNN ``z' = A z + W phi(z) + C s + h``, phi = ReLU on `relu_units`, identity elsewhere.

    With all units in `relu_units` this is the PLRNN, with none a linear RNN.
    Source: Brenner et al., NeurIPS 2024, arXiv:2410.14240.
    """
    W = _square("W", p["W"])
    m = W.shape[0]
    units = np.array(as_index_tuple("relu_units", relu_units, m), dtype=np.intp)
    linear = W.copy()
    linear[:, units] = 0.0
    V = np.zeros((units.size, m))
    V[np.arange(units.size), units] = 1.0
    A = _self_weights(p["A"], m) + linear
    return CanonicalMap.build(A, W[:, units], V, np.zeros(units.size), p["h"], p.get("C"))


def _activation(p: Parameters) -> Activation:
    """The activation among the parameters: ReLU where there is none."""
    names = [name for name in ("kinks", "slopes", "offset") if name in p]
    if not names:
        return ACTIVATIONS["relu"]
    if not {"kinks", "slopes"} <= set(names):
        raise ModelError(f"an activation is given by kinks and slopes, perhaps with an offset; got {', '.join(names)}")
    return Activation(**{name: p[name] for name in names})


@checked
def through_activation(
    activation: Activation,
    A: np.ndarray,
    W: np.ndarray,
    V: np.ndarray,
    c: np.ndarray,
    h: np.ndarray,
    C: Any = None,
    E: Any = None,
) -> CanonicalMap:
    """Canonical map of ``z' = A z + W phi(V z + c + E s) + h + C s`` for a piecewise-linear phi.

    Parameters
    ----------
    activation : Activation
        phi, with n kinks.
    A, W, V, c, h, C, E : array_like
        As in :class:`~plrnn_analysis.CanonicalMap`, for one phi in the place of each ReLU.

    Returns
    -------
    CanonicalMap
        With n ReLUs in the place of each phi, ordered kink by kink, units fastest. The leftmost line of phi goes into
        A, h and C.
    """
    slope, jumps = activation.slopes[0], activation.jumps
    V = as_array("V", V, (None, None), "(H, M)")
    n, (H, m) = len(jumps), V.shape
    W, c = as_array("W", W, (m, H), "(M, H)"), as_array("c", c, (H,), "(H,)")
    h = as_array("h", h, (m,), "(M,)")
    if E is not None:
        E = as_array("E", E, (H, None), "(H, K), one column an input")
    if activation.offset != 0.0:
        h = h + activation.offset * W.sum(axis=1)
    if slope != 0.0:
        A, h = as_array("A", A, (m, m), "(M, M)") + slope * (W @ V), h + slope * (W @ c)
        if E is not None:
            straight = slope * (W @ E)
            C = straight if C is None else as_array("C", C, straight.shape, "(M, K)") + straight
    return CanonicalMap.build(
        A,
        np.hstack([np.zeros((m, 0)), *(jump * W for jump in jumps)]),
        np.tile(V, (n, 1)),
        np.concatenate([np.zeros(0), *(c - kink for kink in activation.kinks)]),
        h,
        C,
        None if E is None else np.tile(E, (n, 1)),
    )


def shallow(p: Parameters, relu_units: Sequence[int]) -> CanonicalMap:
    """Shallow PLRNN ``z' = A z + W1 phi(W2 z + h2 + E s) + h1 + C s``; published with phi = ReLU and E = 0.

    Source: Hess et al., ICML 2023, arXiv:2306.04406.
    """
    W1 = as_array("W1", p["W1"], (None, None), "(M, H)")
    m, n_hidden = W1.shape
    W2 = as_array("W2", p["W2"], (n_hidden, m), "(H, M), the transpose of W1's shape")
    h2 = as_array("h2", p["h2"], (n_hidden,), "(H,)")
    h1 = as_array("h1", p["h1"], (m,), "(M,)")
    return through_activation(_activation(p), _self_weights(p["A"], m), W1, W2, h2, h1, p.get("C"), p.get("E"))


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
    W = _square("W", p["W"])
    m = W.shape[0]
    alphas = as_array("alphas", p["alphas"], (None,), "(B,), one per basis")
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
    return rnn(p, relu_units)


def rnn(p: Parameters, relu_units: Sequence[int]) -> CanonicalMap:
    """One layer with a piecewise-linear activation: ``z' = phi(W_hh z + W_ih s + bias)``."""
    W_hh = _square("W_hh", p["W_hh"])
    m = W_hh.shape[0]
    bias = as_array("bias", p["bias"], (m,), "(M,), b_ih + b_hh")
    W_ih = _input_weights("W_ih", p, m)
    return through_activation(_activation(p), np.zeros((m, m)), np.eye(m), W_hh, bias, np.zeros(m), None, W_ih)


def _input_weights(name: str, p: Parameters, m: int) -> np.ndarray | None:
    return as_array(name, p[name], (m, None), "(M, K), one column an input") if name in p else None


def _leaky(p: Parameters) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """W_hh, bias, alpha as a vector, and W_in or None."""
    W_hh = _square("W_hh", p["W_hh"])
    m = W_hh.shape[0]
    alpha = p["alpha"]
    alpha = np.broadcast_to(
        as_array("alpha", alpha, (m,) if np.ndim(alpha) else (), "one number, or one per unit"), (m,)
    )
    if np.any(alpha <= 0.0) or np.any(alpha > 1.0):
        worst = alpha[(alpha <= 0.0) | (alpha > 1.0)][0]
        raise ModelError(
            f"alpha = dt / tau must lie in (0, 1], got {worst:g}; time constants are given as dt= and tau="
        )
    return W_hh, as_array("bias", p["bias"], (m,), "(M,)"), alpha, _input_weights("W_in", p, m)


def leaky_rnn(p: Parameters, relu_units: Sequence[int]) -> CanonicalMap:
    """Leaky rate RNN ``h' = (1 - alpha) h + alpha phi(W_hh h + W_in s + bias)``."""
    W_hh, bias, alpha, W_in = _leaky(p)
    return through_activation(
        _activation(p), np.diag(1.0 - alpha), np.diag(alpha), W_hh, bias, np.zeros(bias.size), None, W_in
    )


def leaky_rnn_current(p: Parameters, relu_units: Sequence[int]) -> CanonicalMap:
    """Leaky RNN of currents ``x' = (1 - alpha) x + alpha (W_hh phi(x) + W_in s + bias)``.

    Source: Euler's method for ``tau dx/dt = -x + J phi(x) + I`` (Sompolinsky, Crisanti & Sommers 1988,
    doi:10.1103/PhysRevLett.61.259).
    """
    W_hh, bias, alpha, W_in = _leaky(p)
    m = bias.size
    C = None if W_in is None else alpha[:, None] * W_in
    return through_activation(
        _activation(p), np.diag(1.0 - alpha), alpha[:, None] * W_hh, np.eye(m), np.zeros(m), alpha * bias, C
    )


def leaky_rnn_outer(p: Parameters, relu_units: Sequence[int]) -> CanonicalMap:
    """Leaky RNN with the activation outside ``h' = phi((1 - alpha) h + alpha (W_hh h + W_in s + bias))``."""
    W_hh, bias, alpha, W_in = _leaky(p)
    m = bias.size
    E = None if W_in is None else alpha[:, None] * W_in
    V = np.diag(1.0 - alpha) + alpha[:, None] * W_hh
    return through_activation(_activation(p), np.zeros((m, m)), np.eye(m), V, alpha * bias, np.zeros(m), None, E)


@dataclass(frozen=True)
class Architecture:
    """What a named architecture needs and how it becomes a canonical map."""

    to_map: Callable[[Parameters, Sequence[int]], CanonicalMap]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ("C",)
    has_relu_units: bool = False


#: The activation as three arrays, see :class:`plrnn_analysis.activations.Activation`; ReLU where they are absent.
_PHI = ("kinks", "slopes", "offset")

ARCHITECTURES: dict[str, Architecture] = {
    "al_rnn": Architecture(al_rnn, ("A", "W", "h"), has_relu_units=True),
    "shallow": Architecture(shallow, ("A", "W1", "W2", "h1", "h2"), ("C", "E", *_PHI)),
    "clipped_shallow": Architecture(clipped_shallow, ("A", "W1", "W2", "h1", "h2")),
    "dendritic": Architecture(dendritic, ("A", "W", "h", "alphas", "thetas")),
    "relu_rnn": Architecture(relu_rnn, ("W_hh", "bias"), ("W_ih",)),
    "rnn": Architecture(rnn, ("W_hh", "bias", "kinks", "slopes"), ("offset", "W_ih")),
    "leaky_rnn": Architecture(leaky_rnn, ("W_hh", "bias", "alpha"), ("W_in", *_PHI)),
    "leaky_rnn_current": Architecture(leaky_rnn_current, ("W_hh", "bias", "alpha"), ("W_in", *_PHI)),
    "leaky_rnn_outer": Architecture(leaky_rnn_outer, ("W_hh", "bias", "alpha"), ("W_in", *_PHI)),
}


@checked
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

    Returns
    -------
    CanonicalMap

    Raises
    ------
    ModelError
        On an unknown architecture, a missing or unknown parameter, a wrong shape, NaN or infinity.
    """
    if architecture not in ARCHITECTURES:
        raise ModelError(f"unknown architecture {architecture!r}; known: {', '.join(sorted(ARCHITECTURES))}")
    kind = ARCHITECTURES[architecture]
    if not isinstance(parameters, Mapping):
        raise ModelError(f"parameters must be a mapping from names to arrays, got {shown(parameters)}")
    missing = [name for name in kind.required if name not in parameters]
    unknown = [name for name in parameters if name not in kind.required + kind.optional]
    if missing or unknown:
        raise ModelError(
            f"{architecture} needs {', '.join(kind.required)} (optional: {', '.join(kind.optional)}); "
            f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
        )
    return kind.to_map(parameters, relu_units)
