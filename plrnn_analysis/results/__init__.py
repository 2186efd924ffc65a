"""Result types: frozen, read-only, each with its proof."""

from __future__ import annotations

from ..tables import ResultSequence, Table
from .coverage import Coverage
from .cycles import Cycle, CycleContinuum, Cycles
from .fixed_points import Continuum, FixedPoint, FixedPoints, UniquenessCertificate
from .pairing import FixedPointPair, FixedPointPairing, pair_fixed_points
from .proof import Proof
from .subregions import Subregion, Subregions
from .trajectory import Trajectory
from .whole_proof import WholeProof

__all__ = [
    "Continuum",
    "Cycle",
    "CycleContinuum",
    "Cycles",
    "Coverage",
    "FixedPoint",
    "FixedPointPair",
    "FixedPointPairing",
    "FixedPoints",
    "Proof",
    "ResultSequence",
    "Subregion",
    "Subregions",
    "Table",
    "Trajectory",
    "UniquenessCertificate",
    "WholeProof",
    "pair_fixed_points",
]
