"""What no linear model can do: exact limits of addition, a certificate, and the affine floor of any task."""

from .addition import (
    MARKS,
    addition_floor,
    addition_trials,
    exact_addition_solver,
    mark_range,
    population_mse,
    readout_floor,
)
from .affine import AffineFloor, affine_floor
from .superposition import SuperpositionCertificate, superposition_certificate, superposition_gap

__all__ = [
    "MARKS",
    "AffineFloor",
    "SuperpositionCertificate",
    "addition_floor",
    "addition_trials",
    "affine_floor",
    "exact_addition_solver",
    "mark_range",
    "population_mse",
    "readout_floor",
    "superposition_certificate",
    "superposition_gap",
]
