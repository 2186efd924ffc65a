"""Modes of subregions: what decays, turns or stays, what the input writes on it and what the readout takes from it."""

from .eigen import MARGINAL
from .principal import Alignment, PrincipalComponents, principal_components
from .subregions import Mode, SubregionModes, classify_mode, find_modes, modes_table

__all__ = [
    "MARGINAL",
    "Alignment",
    "Mode",
    "PrincipalComponents",
    "SubregionModes",
    "classify_mode",
    "find_modes",
    "modes_table",
    "principal_components",
]
