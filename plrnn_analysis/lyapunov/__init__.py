"""Lyapunov exponents of free and of driven motion, from exact Jacobians."""

from .spectrum import LyapunovSpectrum, lyapunov_spectrum

__all__ = ["LyapunovSpectrum", "lyapunov_spectrum"]
