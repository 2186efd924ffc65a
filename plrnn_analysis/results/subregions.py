"""Linear subregions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._frozen import Frozen
from ..tables import ResultSequence

__all__ = ["Subregion", "Subregions"]


@dataclass(frozen=True, eq=False)
class Subregion(Frozen):
    """A non-empty linear subregion.

    Attributes
    ----------
    bitcode : str
    jacobian : (M, M) ndarray
    spectral_radius : float
    interior_point : (M,) ndarray
        Some state strictly inside.
    fixed_point : (M,) ndarray or None
        The fixed point of the subregion's affine map, None where I - J is singular.
    contains_fixed_point : bool
        Whether that point lies inside (a real fixed point) or outside (a virtual one).
    """

    bitcode: str
    jacobian: np.ndarray
    spectral_radius: float
    interior_point: np.ndarray
    fixed_point: np.ndarray | None
    contains_fixed_point: bool


@dataclass(frozen=True, eq=False)
class Subregions(ResultSequence[Subregion]):
    """The non-empty subregions of a model, ordered by bitcode; `complete` says whether these are all."""

    columns = ("bitcode", "spectral_radius", "contains_fixed_point")

    _items: tuple[Subregion, ...]
    complete: bool

    def __repr__(self) -> str:
        return f"<Subregions: {len(self)} non-empty; {'complete' if self.complete else 'NOT complete'}>"
