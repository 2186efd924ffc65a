"""Sweeps over the number of ReLU units, seeds and data sizes, beside floors, chance and baselines."""

from .results import Curve, Sweep, SweepRow, read_sweep
from .running import SweepProgress, sweep

__all__ = ["Curve", "Sweep", "SweepProgress", "SweepRow", "read_sweep", "sweep"]
