"""Numba kernels: arrays in, arrays and status codes out. Nothing here raises or knows an object."""

from ._jit import kernel as kernel
