"""States that a model went through."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .._frozen import Frozen
from ..maps import CanonicalMap

__all__ = ["Trajectory"]


@dataclass(frozen=True, eq=False)
class Trajectory(Frozen):
    """States that a model went through, with the subregion of each.

    Attributes
    ----------
    states : (batch, T, M) ndarray
        ``states[:, t]`` is the state after input ``t``.
    bitcodes : (batch, T, H) ndarray of bool
        Subregion of each state. Where the input enters inside the ReLU (``torch.nn.RNN``) it is the
        subregion that step t used, since a state alone does not have one.
    outputs : (batch, T, N) ndarray or None
        Readout ``B z + b`` of each state, None for a model without readout.
    initial : (batch, M) ndarray
        State before the first step.
    inputs : (batch, T, K) ndarray or None
    map : CanonicalMap
        The map that made it.
    """

    states: np.ndarray
    bitcodes: np.ndarray
    outputs: np.ndarray | None
    initial: np.ndarray
    inputs: np.ndarray | None
    map: CanonicalMap = field(repr=False)

    @property
    def n_steps(self) -> int:
        """Number of steps T."""
        return int(self.states.shape[1])
