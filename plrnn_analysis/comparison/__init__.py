"""What two networks share, up to the order of their ReLUs, their scales and the coordinates of the linear units."""

from .matching import compare, spectral_distance
from .realisation import Match
from .results import Comparison, FixedPointMatch, SubregionMatch

__all__ = ["Comparison", "FixedPointMatch", "Match", "SubregionMatch", "compare", "spectral_distance"]
