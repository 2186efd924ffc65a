"""How well a free run reproduces recorded data: by its geometry and by its spectra."""

from .divergence import state_space_divergence
from .spectra import power_spectra, power_spectrum_distance

__all__ = ["power_spectra", "power_spectrum_distance", "state_space_divergence"]
