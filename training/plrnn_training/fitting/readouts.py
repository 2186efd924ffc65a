"""Where a linear readout begins."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .series import Series
from .windows import Standardisation

__all__ = ["principal_readout"]

# Share of the variance that a linear readout begins with.
CARRIED = 0.995


def principal_readout(training: Series, standardisation: Standardisation, n_units: int, pwl_units: int) -> Tensor:
    """Channels (N, q) from standardised principal components: as many as carry 99.5 % of the variance."""
    x = (np.concatenate(training.trials) - standardisation.mean) / standardisation.scale
    sizes, directions = np.linalg.eigh(np.cov(np.where(np.isfinite(x), x, 0.0).T, bias=True).reshape(x.shape[1], -1))
    sizes, directions = np.maximum(sizes[::-1], 1e-12), directions[:, ::-1]
    q = 1 + int(np.searchsorted(np.cumsum(sizes) / sizes.sum(), CARRIED))
    q = max(1, min(q, len(sizes), n_units - pwl_units))
    return torch.as_tensor(directions[:, :q] * np.sqrt(sizes[:q]), dtype=torch.float32)
