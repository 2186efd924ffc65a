"""What two networks share, up to the order of their ReLUs, their scales and the coordinates of the linear units."""

from .correspondence import spectral_distance
from .differences import Match
from .matching import compare
from .results import Comparison, FixedPointMatch, SubregionMatch

__all__ = ["Comparison", "FixedPointMatch", "Match", "SubregionMatch", "compare", "spectral_distance"]
