"""The pull of some units towards perfect integrators."""

from __future__ import annotations

from torch import Tensor

__all__ = ["manifold_attractor_penalty"]


def manifold_attractor_penalty(A: Tensor, W: Tensor, h: Tensor, n_regularised: int) -> Tensor:
    """Σ over the first units of (d_i - 1)² + Σ_{j≠i} W_ij² + h_i², one value per model.

    Parameters
    ----------
    A, h : (E, M) Tensor
    W : (E, M, M) Tensor
    n_regularised : int
        How many units, from the first, are drawn towards perfect integrators.

    Returns
    -------
    (E,) Tensor

    Notes
    -----
    d_i = A_i + W_ii is the total self-weight. Source: Schmidt et al., ICLR 2021, arXiv:1910.03471.
    """
    own = W.diagonal(dim1=1, dim2=2)
    rows = W.square().sum(2) - own.square()
    return ((A + own - 1).square() + rows + h.square())[:, :n_regularised].sum(1)
