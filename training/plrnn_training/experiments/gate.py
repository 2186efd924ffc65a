"""Which subregion answers to the marks, and with which delay: found in the trajectories, not assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plrnn_analysis.plotting.style import bitcode_strings
from plrnn_analysis.results import Trajectory

__all__ = ["Gate", "find_gate"]


@dataclass(frozen=True)
class Gate:
    """The subregion most tied to the marks.

    Attributes
    ----------
    bitcode : str
    lag : int
        Steps between a mark and the state that the subregion holds for; 0 is the state the mark has just entered.
    after_marks, elsewhere : float
        How often the model is in that subregion `lag` steps after a mark, and at all other steps.
    correlation : float
        Between being in the subregion and the mark `lag` steps before, from -1 to 1; negative for a subregion that
        is *left* at the marks.
    """

    bitcode: str
    lag: int
    after_marks: float
    elsewhere: float
    correlation: float


def find_gate(trajectory: Trajectory, mark_channel: int, max_lag: int = 3) -> Gate | None:
    """Search all visited subregions and lags for the strongest correlation with the marks.

    Parameters
    ----------
    trajectory : Trajectory
        Driven by inputs.
    mark_channel : int
        Which input is the mark.
    max_lag : int, optional

    Returns
    -------
    Gate or None
        None if only one subregion is visited.

    Raises
    ------
    ValueError
        If the trajectory has no inputs.
    """
    if trajectory.inputs is None:
        raise ValueError("a gate can only be found in a trajectory that was driven by inputs")
    codes = bitcode_strings(trajectory)
    marked = trajectory.inputs[..., mark_channel] > 0.5
    best: Gate | None = None
    names = np.unique(codes)
    for name in names if names.size > 1 else ():
        inside = codes == name
        for lag in range(min(max_lag + 1, codes.shape[1])):
            x, y = inside[:, lag:].ravel(), marked[:, : codes.shape[1] - lag].ravel()
            if x.all() or not x.any() or y.all() or not y.any():
                continue
            r = float(np.corrcoef(x, y)[0, 1])
            # Strictly stronger, so that ties go to the shorter lag.
            if best is None or abs(r) > abs(best.correlation) + 1e-12:
                best = Gate(str(name), lag, float(x[y].mean()), float(x[~y].mean()), r)
    return best
