"""A user's script, as mypy --strict sees it beside the installed package. Run by check_wheel.sh, not by pytest."""

from __future__ import annotations

import numpy as np

import plrnn_analysis as pa
from plrnn_analysis.results import FixedPoint, FixedPoints
from plrnn_analysis.statuses import Stability

STABLE = (Stability.STABLE_NODE, Stability.STABLE_SPIRAL)


def stable_states(model: pa.PLRNN) -> list[np.ndarray]:
    """States in which the network can stay."""
    found: FixedPoints = model.fixed_points(time_limit=60)
    stable: list[FixedPoint] = [point for point in found if point.stability in STABLE]
    codes: list[str] = [point.bitcode for point in stable]
    print(found.complete, codes)
    return [point.z for point in stable]


if __name__ == "__main__":
    print(stable_states(pa.PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)))
