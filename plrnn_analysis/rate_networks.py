"""What computational neuroscience writes beside the weights of a rate network: leak, mask, Dale's law, low rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._signatures import checked
from ._validation import as_array
from .errors import ModelError

__all__ = ["LEAKY_FORMS", "constrained_weights", "leak", "low_rank_weights"]

#: Where the activation stands in a leaky network, and the architecture that this is.
LEAKY_FORMS = {"rate": "leaky_rnn", "current": "leaky_rnn_current", "outer": "leaky_rnn_outer"}


@checked
def leak(alpha: Any = None, dt: Any = None, tau: Any = None) -> np.ndarray:
    """The leak alpha of a step, or dt / tau.

    Parameters
    ----------
    alpha : float or (M,) array_like, optional
    dt : float, optional
        Time step.
    tau : float or (M,) array_like, optional
        Time constants, in the unit of `dt`.

    Returns
    -------
    () or (M,) ndarray

    Raises
    ------
    ModelError
        If neither `alpha` nor both of `dt` and `tau` are given, or all are; if one is not a positive number.

    Examples
    --------
    >>> leak(dt=20, tau=[100.0, 200.0])
    array([0.2, 0.1])
    """
    if alpha is None and (dt is None or tau is None):
        raise ModelError(
            "a leaky network needs its leak, which is not in the weights: give alpha, or dt and tau (alpha = dt / tau)"
        )
    if alpha is not None and not (dt is None and tau is None):
        raise ModelError("give alpha, or dt and tau (alpha = dt / tau), not both")
    if alpha is not None:
        return _positive("alpha", alpha)
    step, constants = _positive("dt", dt), _positive("tau", tau)
    if step.ndim:
        raise ModelError(f"dt must be one number, got an array of shape {step.shape}")
    return step / constants


def _positive(name: str, value: Any) -> np.ndarray:
    array = as_array(name, value, (None,) if np.ndim(value) else (), "one number, or one per unit")
    if np.any(array <= 0.0):
        raise ModelError(f"{name} must be positive, got {array.min():g}")
    return array


@checked
def constrained_weights(W: Any, mask: Any = None, dale: Any = None) -> np.ndarray:
    """The weights a step uses, of weights that are trained under a mask and Dale's law.

    Parameters
    ----------
    W : (M, M) array_like
        Row i is what unit i receives, as in PyTorch.
    mask : (M, M) array_like, optional
        Factor of each weight, usually 0 or 1.
    dale : (M,) array_like, optional
        +1 for a unit that excites, -1 for one that inhibits.

    Returns
    -------
    (M, M) ndarray
        ``W * mask``; with `dale` it is ``|W| * mask * dale``, where the sign is that of the sender, so of a column.

    Raises
    ------
    ModelError
        On a wrong shape, an entry of `dale` other than +1 and -1, or a negative entry of the mask beside `dale`.

    Notes
    -----
    The modulus is that of PsychRNN and of the PyTorch implementations after Yang & Wang (2020,
    doi:10.1016/j.neuron.2020.09.005). Song, Yang & Wang (2016, doi:10.1371/journal.pcbi.1004792) rectify instead: give
    ``np.maximum(W, 0)`` for that.

    Examples
    --------
    >>> constrained_weights([[0.5, 2.0], [-1.0, -3.0]], mask=[[0, 1], [1, 1]], dale=[1, -1])
    array([[ 0., -2.],
           [ 1., -3.]])
    """
    W = as_array("W_hh", W, (None, None), "(M, M)")
    M = W.shape[0]
    W = as_array("W_hh", W, (M, M), "(M, M)")
    factors = None if mask is None else as_array("mask", mask, (M, M), "(M, M), the shape of W_hh")
    if dale is not None:
        signs = as_array("dale", dale, (M,), "(M,), +1 or -1 for every unit")
        if np.any(np.abs(signs) != 1.0):
            other = signs[np.abs(signs) != 1.0][0]
            raise ModelError(f"dale must hold +1 for units that excite and -1 for units that inhibit, got {other:g}")
        if factors is not None and np.any(factors < 0.0):
            raise ModelError("mask holds negative entries, but the signs come from dale: give one of them")
        W = np.abs(W) * signs
    return W if factors is None else W * factors + 0.0


@checked
def low_rank_weights(m: Any, n: Any, scale: float = 1.0) -> np.ndarray:
    """Recurrent weights ``scale * m n^T``.

    Parameters
    ----------
    m, n : (M, R) or (M,) array_like
        Where the recurrent input points, and what it selects; R is the rank.
    scale : float, optional
        1 / M for networks defined by ``m n^T / M``.

    Returns
    -------
    (M, M) ndarray

    Raises
    ------
    ModelError
        If the shapes differ.

    Examples
    --------
    >>> low_rank_weights([1.0, 2.0], [0.5, 1.0])
    array([[0.5, 1. ],
           [1. , 2. ]])
    """
    columns = [
        as_array(name, value, (None,) * max(np.ndim(value), 1), "(M, R), one column a rank")
        for name, value in zip("mn", (m, n), strict=True)
    ]
    left, right = (c[:, None] if c.ndim == 1 else c for c in columns)
    if left.ndim != 2 or left.shape != right.shape:
        raise ModelError(f"m and n must have one shape (M, R), got {columns[0].shape} and {columns[1].shape}")
    factor = as_array("scale", scale, (), "one number")
    return factor * (left @ right.T)
