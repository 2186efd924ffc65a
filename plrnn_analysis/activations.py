"""Piecewise-linear activations: one value each, a list of kinks and slopes.

A name is a row of :data:`ACTIVATIONS`; to add one, enter it there. What becomes of an activation in the canonical map
is in :mod:`plrnn_analysis.architectures`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._signatures import checked
from ._validation import as_array, number
from .errors import ModelError

__all__ = ["ACTIVATIONS", "Activation", "as_activation", "hardtanh", "leaky_relu", "names_activation", "softshrink"]


@dataclass(frozen=True)
class Activation:
    """A continuous piecewise-linear function of one number.

    Attributes
    ----------
    kinks : tuple of float
        Where the slope changes, ascending.
    slopes : tuple of float
        One more than `kinks`: left of the first kink, between the first and the second, and so on.
    offset : float
        Left of the first kink the function is ``offset + slopes[0] x``.

    Raises
    ------
    ModelError
        If the kinks do not ascend, the numbers of kinks and slopes do not fit, or one is NaN or infinite.

    Notes
    -----
    With the changes of slope ``d_k = slopes[k + 1] - slopes[k]`` it is a sum of ReLUs,
    ``phi(x) = offset + slopes[0] x + sum_k d_k relu(x - kinks[k])``. So every kink of every unit is one ReLU of the
    canonical map.

    Examples
    --------
    >>> clip = Activation(kinks=(0, 1), slopes=(0, 1, 0))
    >>> clip([-1.0, 0.25, 7.0])
    array([0.  , 0.25, 1.  ])
    """

    kinks: tuple[float, ...]
    slopes: tuple[float, ...]
    offset: float = 0.0

    def __post_init__(self) -> None:
        """Check, and keep plain numbers."""
        kinks = as_array("kinks", self.kinks, (None,), "(n_kinks,), ascending")
        if np.any(np.diff(kinks) <= 0.0):
            raise ModelError(f"the kinks of an activation must ascend, got {kinks.tolist()}")
        slopes = as_array("slopes", self.slopes, (kinks.size + 1,), "(n_kinks + 1,), one between two kinks")
        offset = as_array("offset", self.offset, (), "the value that the leftmost line has at 0")
        for name, value in (("kinks", tuple(kinks.tolist())), ("slopes", tuple(slopes.tolist()))):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "offset", float(offset))

    @property
    def jumps(self) -> tuple[float, ...]:
        """By how much the slope changes at each kink."""
        return tuple(np.diff(self.slopes).tolist())

    def __call__(self, x: Any) -> np.ndarray:
        """Values at the points `x`, an array of any shape."""
        x = np.asarray(x, dtype=np.float64)
        value = self.offset + self.slopes[0] * x
        for kink, jump in zip(self.kinks, self.jumps, strict=True):
            value = value + jump * np.maximum(x - kink, 0.0)
        return value

    def parameters(self) -> dict[str, np.ndarray]:
        """The arrays ``kinks``, ``slopes`` and ``offset``, as a network with this activation holds them."""
        return {"kinks": np.array(self.kinks), "slopes": np.array(self.slopes), "offset": np.array(self.offset)}


@checked
def leaky_relu(slope: float = 0.01) -> Activation:
    """``max(x, 0) + slope min(x, 0)``.

    Parameters
    ----------
    slope : float, optional
        On the negative side. PyTorch and JAX have 0.01, Keras and TensorFlow 0.2.

    Returns
    -------
    Activation

    Examples
    --------
    >>> leaky_relu(0.25)([-4.0, 4.0])
    array([-1.,  4.])
    """
    return Activation((0.0,), (number("slope", slope), 1.0))


@checked
def hardtanh(low: float = -1.0, high: float = 1.0) -> Activation:
    """``x`` clipped to the range from `low` to `high`.

    Parameters
    ----------
    low, high : float, optional

    Returns
    -------
    Activation

    Raises
    ------
    ModelError
        If `high` is not above `low`.

    Examples
    --------
    >>> hardtanh()([-4.0, 0.5, 4.0])
    array([-1. ,  0.5,  1. ])
    """
    low = number("low", low)
    return Activation((low, number("high", high, above=low)), (0.0, 1.0, 0.0), low)


@checked
def softshrink(width: float = 0.5) -> Activation:
    """``x`` moved towards zero by `width`, and zero where that would change its sign.

    Parameters
    ----------
    width : float, optional
        Positive.

    Returns
    -------
    Activation

    Examples
    --------
    >>> softshrink()([-2.0, 0.25, 2.0])
    array([-1.5,  0. ,  1.5])
    """
    width = number("width", width, above=0.0)
    return Activation((-width, width), (1.0, 0.0, 1.0), width)


#: Activations by name. ``hard_sigmoid`` is ``relu6(x + 3) / 6``, as in PyTorch, JAX and Keras 3; Keras 2 and Theano
#: have 0.2 x + 0.5 clipped to 0..1, here ``hard_sigmoid_keras2``.
ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation((0.0,), (0.0, 1.0)),
    "leaky_relu": leaky_relu(),
    "relu6": hardtanh(0.0, 6.0),
    "hardtanh": hardtanh(),
    "hard_sigmoid": Activation((-3.0, 3.0), (0.0, 1.0 / 6.0, 0.0)),
    "hard_sigmoid_keras2": Activation((-2.5, 2.5), (0.0, 0.2, 0.0)),
    "abs": Activation((0.0,), (-1.0, 1.0)),
    "softshrink": softshrink(),
    "saturated_relu": hardtanh(0.0, 1.0),
    "identity": Activation((), (1.0,)),
}

# Other words for the same, MATLAB's among them; case, hyphens and underscores do not count.
_ALIASES = {
    "hardsigmoid": "hard_sigmoid",
    "htanh": "hardtanh",
    "satlins": "hardtanh",
    "satlin": "saturated_relu",
    "poslin": "relu",
    "rectify": "relu",
    "rectlinear": "relu",
    "rectifiedlinear": "relu",
    "thresholdlinear": "relu",
    "absolute": "abs",
    "linear": "identity",
    "purelin": "identity",
    "none": "identity",
}

# Smooth functions, and for each the piecewise-linear one that is trained in its place.
_SMOOTH = {
    **dict.fromkeys(("tanh", "softsign", "atan", "arctan", "erf", "tansig", "retanh", "recttanh"), "hardtanh"),
    **dict.fromkeys(("sigmoid", "logistic", "logsig", "expit"), "hard_sigmoid"),
    **dict.fromkeys(("softplus", "gelu", "silu", "swish", "mish", "hardswish", "hardsilu", "quickgelu"), "relu"),
    **dict.fromkeys(("elu", "selu", "celu", "logsigmoid", "exponential", "exp"), "leaky_relu"),
    **dict.fromkeys(
        ("sin", "cos", "square", "softmax", "tanhshrink", "relu2", "squaredrelu", "power", "powerlaw"), "relu"
    ),
}
_WITH_JUMPS = ("step", "heaviside", "sign", "hardshrink", "threshold", "hardlim", "binarystep")

# Modules of PyTorch whose parameters are attributes.
_MODULES: dict[str, tuple[Callable[..., Activation], tuple[str, ...]]] = {
    "leakyrelu": (leaky_relu, ("negative_slope",)),
    "hardtanh": (hardtanh, ("min_val", "max_val")),
    "softshrink": (softshrink, ("lambd",)),
}


@checked
def names_activation(word: str) -> bool:
    """Whether a word is the name of an activation, piecewise linear or not, as any library spells it.

    Parameters
    ----------
    word : str

    Returns
    -------
    bool

    Examples
    --------
    >>> names_activation("Softplus"), names_activation("adam")
    (True, False)
    """
    key = _plain(word)
    return key in _SMOOTH or key in _WITH_JUMPS or key in _ALIASES or key in map(_plain, ACTIVATIONS)


def _plain(word: str) -> str:
    """The word without its case, hyphens and underscores."""
    return "".join(letter for letter in word.lower() if letter.isalnum())


@checked
def as_activation(value: Any) -> Activation:
    """The activation that a user means.

    Parameters
    ----------
    value : str, Activation, pair or mapping, or callable
        A name in :data:`ACTIVATIONS`, also as other libraries spell it; ``(kinks, slopes)`` or ``(kinks, slopes,
        offset)``, or a mapping with these keys; a function or module of PyTorch, which is taken by its name and its
        parameters and never called.

    Returns
    -------
    Activation

    Raises
    ------
    ModelError
        If it is smooth, or jumps, or is not known; the message says what would serve.

    Examples
    --------
    >>> as_activation("ReLU6") == hardtanh(0, 6)
    True
    >>> as_activation("tanh")
    Traceback (most recent call last):
    plrnn_analysis.errors.ModelError: the activation tanh is smooth, and what is computed here is exact only for ...
    """
    if isinstance(value, Activation):
        return value
    if isinstance(value, Mapping):
        if not {"kinks", "slopes"} <= set(value) <= {"kinks", "slopes", "offset"}:
            raise ModelError(f"an activation has kinks, slopes and perhaps an offset; got the keys {list(value)}")
        return Activation(**value)
    if isinstance(value, (tuple, list)) and len(value) in (2, 3):
        return Activation(*value)
    name = value if isinstance(value, str) else getattr(value, "__name__", type(value).__name__)
    key = _plain(name)
    if not isinstance(value, str) and key in _MODULES:
        make, attributes = _MODULES[key]
        given = [getattr(value, attribute, None) for attribute in attributes]
        # Functions have no such attributes, and defaults of their own, which are those here.
        return make() if None in given else make(*given)
    known = {_plain(row): row for row in ACTIVATIONS}
    row = known.get(key) or _ALIASES.get(key)
    if row is not None:
        return ACTIVATIONS[row]
    if key in _SMOOTH:
        raise ModelError(
            f"the activation {name} is smooth, and what is computed here is exact only for piecewise-linear networks. "
            "FixedPointFinder searches smooth networks by gradient, without a proof that nothing is missing; or train "
            f"the network with {_SMOOTH[key]!r} in place of {name} and analyse that"
        )
    if key in _WITH_JUMPS:
        raise ModelError(f"the activation {name} jumps: a sum of ReLUs is continuous and cannot represent it")
    raise ModelError(
        f"activation must be one of {', '.join(map(repr, ACTIVATIONS))}, or its kinks and slopes as "
        f"Activation(kinks, slopes, offset); got {value!r}"
    )
