"""Generations of manifold pieces: images and preimages under the affine maps of the subregions."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from ..engines.budget import Budget
from ..maps import CanonicalMap, bits_from_string, bits_to_string
from ..regions import find_subregions
from ..units import in_units
from .crossings import nearest
from .pieces import (
    Box,
    ManifoldPiece,
    Region,
    clip,
    make_piece,
    measure,
    preimage_in_region,
    simplified,
    split_by_region,
)

__all__ = ["Propagation", "known_bitcodes", "propagation"]

# Preimages are looked for in at most this many subregions.
MAX_REGIONS = 1 << 12
# By how much, relative to the terms, a box around an image is widened: more than rounding can do to it.
SLACK = 1e-10


class Propagation:
    """Pieces found so far and what was cut, collapsed or not represented.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    box : Box
    budget : Budget
        A node is a piece that is followed.
    max_pieces : int
    max_size : float
        Largest total length or area, in the user's units.
    units : (M,) ndarray
        In which `map` and `box` are measured: a state in the user's units is ``units * z``.
    """

    def __init__(
        self, map: CanonicalMap, box: Box, budget: Budget, max_pieces: int, max_size: float, units: np.ndarray
    ) -> None:
        self.map, self.box, self.budget = map, box, budget
        self.max_pieces, self.max_size, self.units = max_pieces, max_size, units
        self.pieces: list[ManifoldPiece] = []
        self.size = 0.0
        self.clipped = False
        self.unfollowed: Counter[str] = Counter()
        self._regions: dict[str, Region] = {}
        self._image_bounds: dict[str, tuple[np.ndarray, np.ndarray] | None] = {}

    def in_users_units(self) -> tuple[ManifoldPiece, ...]:
        """The pieces as the user measures them."""
        return tuple(replace(piece, vertices=piece.vertices * self.units) for piece in self.pieces)

    def region(self, bitcode: str) -> Region:
        """The subregion of that name, made once."""
        if bitcode not in self._regions:
            self._regions[bitcode] = Region.of(self.map, bits_from_string(bitcode, self.map.n_relu))
        return self._regions[bitcode]

    def add(self, vertices: np.ndarray, bitcode: str, iteration: int, parent: int) -> bool:
        """Keep a piece; False, with the reason in the budget, if a limit is reached."""
        if len(self.pieces) >= self.max_pieces:
            self.budget.stop("max_pieces")
            return False
        piece = make_piece(vertices, bitcode, iteration, parent)
        self.pieces.append(piece)
        self.size += measure(piece.vertices * self.units)
        if self.size > self.max_size:
            self.budget.stop("max_size")
            return False
        return True

    def add_split(self, vertices: np.ndarray, iteration: int, parent: int) -> bool:
        """Clip a piece to the box, cut it at the subregion boundaries and keep the parts of its own dimension."""
        tiny = self.box.tiny
        inside = clip(vertices, self.box.half_spaces, tiny)
        self.clipped |= inside is not vertices
        if inside is None or min(len(inside), 3) < min(len(vertices), 3):
            return True  # outside, but for its rim
        for bits, part in split_by_region(self.map, inside, tiny):
            thinner = min(len(part), 3) < min(len(inside), 3)
            if not thinner and not self.add(part, bits_to_string(bits), iteration, parent):
                return False
        return True

    def image(self, index: int, iteration: int) -> bool:
        """Add the image of a piece."""
        piece = self.pieces[index]
        region = self.region(piece.bitcode)
        # A point that has shrunk from a curve stands for more than itself: following it would claim too little.
        if piece.dimension == 0:
            self.unfollowed["that have shrunk to points (a singular Jacobian, or contraction below 1e-12)"] += 1
            return True
        return self.add_split(
            simplified(piece.vertices @ region.J.T + region.offset, self.box.tiny), iteration, parent=index
        )

    def preimages(self, index: int, iteration: int, bitcodes: list[str]) -> bool:
        """Add the preimages of a piece in each of these subregions."""
        piece = self.pieces[index]
        low, high = piece.vertices.min(axis=0) - self.box.tiny, piece.vertices.max(axis=0) + self.box.tiny
        found: list[tuple[str, np.ndarray]] = []
        for bitcode in bitcodes:
            self.budget.reporter.tick()
            bounds = self._bounds_of_image(bitcode)
            if bounds is None or np.any(low > bounds[1]) or np.any(high < bounds[0]):
                continue
            region = self.region(bitcode)
            result = preimage_in_region(piece.vertices, region, self.box)
            if isinstance(result, str):
                self.unfollowed[f"whose preimage is {result}"] += 1
                continue
            # A lower-dimensional result only touches the subregion, but a preimage of a point is a piece of its own.
            if result is None or (len(result) == 1 and piece.dimension > 0):
                continue
            # Thinner than its piece although the map is invertible: the piece only touches this subregion's image.
            if min(len(result), 3) - 1 < piece.dimension and region.rank == self.map.n_units:
                continue
            found.append((bitcode, result))
        for bitcode, result in self._without_repeats(found):
            if not self.add(result, bitcode, iteration, parent=index):
                return False
        return True

    def _bounds_of_image(self, bitcode: str) -> tuple[np.ndarray, np.ndarray] | None:
        """Box around the image of what a subregion has in the box; None where it has nothing there."""
        if bitcode not in self._image_bounds:
            region, low, high = self.region(bitcode), self.box.low, self.box.high
            bounds: tuple[np.ndarray, np.ndarray] | None
            if len(low) > 2:
                # In more than two dimensions clipping the box costs too much; its image is inside this box, which is
                # enough.
                middle, half = region.J @ self.box.centre + region.offset, np.abs(region.J) @ (high - low) / 2.0
                bounds = (middle - half, middle + half)
            else:
                rim = [low, high] if len(low) == 1 else [low, [high[0], low[1]], high, [low[0], high[1]]]
                corners = np.array(rim, dtype=np.float64)
                inside = clip(corners, region.half_spaces, self.box.tiny)
                image = None if inside is None else inside @ region.J.T + region.offset
                bounds = None if image is None else (image.min(axis=0), image.max(axis=0))
            if bounds is not None:
                # Rounding: a little wider than what was computed.
                slack = SLACK * (np.abs(region.J) @ (np.abs(low) + np.abs(high)) + np.abs(region.offset))
                bounds = (bounds[0] - slack, bounds[1] + slack)
            self._image_bounds[bitcode] = bounds
        return self._image_bounds[bitcode]

    def _without_repeats(self, found: list[tuple[str, np.ndarray]]) -> list[tuple[str, np.ndarray]]:
        """Without pieces that lie in others: one in a boundary is seen from both sides, or as the rim of a strip."""
        kept: list[tuple[str, np.ndarray]] = []
        for bitcode, vertices in sorted(found, key=lambda item: -min(len(item[1]), 3)):
            if not any(self._within(vertices, other) for _, other in kept):
                kept.append((bitcode, vertices))
        return sorted(kept, key=lambda item: item[0])

    def _within(self, vertices: np.ndarray, other: np.ndarray) -> bool:
        return all(float(np.linalg.norm(nearest(other, z) - z)) <= 10 * self.box.tiny for z in vertices)

    def on_rim(self) -> bool:
        """Whether a piece ends at the rim of the box."""
        low, high, tiny = self.box.low, self.box.high, 10 * self.box.tiny
        return any(
            bool(np.any(piece.vertices <= low + tiny) or np.any(piece.vertices >= high - tiny)) for piece in self.pieces
        )


def propagation(map: CanonicalMap, box: Box, budget: Budget, max_pieces: int, max_size: float) -> Propagation:
    """Pieces are made in units in which the box is nearly a cube: lengths in it then mean the same in every unit."""
    units = box.units
    own = in_units(map, units, np.ones(map.n_relu))
    return Propagation(own, box.measured_in(units), budget, max_pieces, max_size, units)


def known_bitcodes(map: CanonicalMap, budget: Budget) -> tuple[list[str], bool]:
    """Subregions to look for preimages in, and whether these are all."""
    regions = find_subregions(map, max_regions=MAX_REGIONS, time_limit=budget.limit, progress=budget.reporter)
    return [region.bitcode for region in regions], regions.complete
