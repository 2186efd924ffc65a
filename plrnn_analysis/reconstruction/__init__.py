"""How well a model reproduces recorded data: the geometry and the spectra of its free runs, and its forecasts."""

from .divergence import state_space_divergence
from .prediction import prediction_errors, start_states, synchronised_states
from .spectra import power_spectra, power_spectrum_distance

__all__ = [
    "power_spectra",
    "power_spectrum_distance",
    "prediction_errors",
    "start_states",
    "state_space_divergence",
    "synchronised_states",
]
