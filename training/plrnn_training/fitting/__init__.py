"""Fit almost-linear RNNs to time series by teacher forcing."""

from .fit import fit
from .measures import Agreement, FreeRuns
from .reading import read_series
from .recipe import FitRecipe
from .results import Baseline, Fit, FittedModel, Floor
from .series import Series, Split, as_series

__all__ = [
    "Agreement",
    "Baseline",
    "Fit",
    "FitRecipe",
    "FittedModel",
    "Floor",
    "FreeRuns",
    "Series",
    "Split",
    "as_series",
    "fit",
    "read_series",
]
