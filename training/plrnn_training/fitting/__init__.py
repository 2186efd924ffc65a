"""Fit almost-linear RNNs to time series by teacher forcing."""

from .fit import fit
from .measures import Agreement, FreeRuns
from .reading import read_series
from .recipe import FitRecipe
from .record import read_fit
from .results import Baseline, Fit, FitFloor, FittedModel
from .series import Series, Split, as_series

__all__ = [
    "Agreement",
    "Baseline",
    "Fit",
    "FitFloor",
    "FitRecipe",
    "FittedModel",
    "FreeRuns",
    "Series",
    "Split",
    "as_series",
    "fit",
    "read_fit",
    "read_series",
]
