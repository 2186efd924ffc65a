"""Lyapunov exponents of free and of driven motion, from exact Jacobians."""

from .results import LyapunovSpectrum
from .spectrum import lyapunov_spectrum

__all__ = ["LyapunovSpectrum", "lyapunov_spectrum"]
