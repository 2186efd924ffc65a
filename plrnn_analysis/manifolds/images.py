"""Images and preimages of convex pieces after one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._signatures import checked
from .._validation import as_array
from ..engines.budget import Budget
from ..errors import ModelError
from ..maps import CanonicalMap
from ..network import Network
from .pieces import Box, ManifoldPiece, simplified
from .propagation import Propagation, known_bitcodes, propagation
from .results import Pieces

__all__ = ["forward_image", "preimage"]

# A polygon may be so thick, as a share of its size.
FLAT = 1e-9


@checked
def forward_image(model: Network, pieces: Sequence[Any], constant_input: Any = None) -> Pieces:
    """Images of convex pieces after one step, cut at the subregion boundaries.

    Parameters
    ----------
    model : PLRNN
    pieces : sequence of ManifoldPiece or (n, M) array_like
        Points (n = 1), segments (2) or flat convex polygons (vertices in order). They may cross boundaries.
    constant_input : (K,) array_like, optional

    Returns
    -------
    Pieces
        ``parent`` is an index into `pieces`. A singular Jacobian may lower the dimension.

    Raises
    ------
    ModelError
        On vertices of the wrong shape.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)   # z' = 1 - 2 |z|
    >>> [piece.vertices.ravel().tolist() for piece in forward_image(tent, [[[-0.25], [0.75]]])]
    [[0.5, 1.0], [0.0, -0.5], [1.0, 0.0]]
    """
    map = model.map.with_input(constant_input)
    given = _vertices(pieces, map.n_units)
    flow = _helper(map, given, None)
    for index, vertices in enumerate(given):
        start = len(flow.pieces)
        flow.add_split(vertices / flow.units, 0, index)
        for part in flow.pieces[start:]:
            region = flow.region(part.bitcode)
            flow.add_split(simplified(part.vertices @ region.J.T + region.offset, flow.box.tiny), 1, index)
    return Pieces(tuple(piece for piece in flow.in_users_units() if piece.iteration == 1), True, ())


@checked
def preimage(model: Network, pieces: Sequence[Any], box: Any, constant_input: Any = None) -> Pieces:
    """All states inside a box that one step sends into convex pieces, in every subregion.

    Parameters
    ----------
    model : PLRNN
    pieces : sequence of ManifoldPiece or (n, M) array_like
        As in :func:`forward_image`.
    box : float or pair of (M,) array_like
        Under a singular Jacobian a preimage is unbounded, so there must be a box.
    constant_input : (K,) array_like, optional

    Returns
    -------
    Pieces
        ``parent`` is an index into `pieces`; ``complete`` is False, with a note, where a preimage has more than two
        dimensions.

    Raises
    ------
    ModelError
        On vertices or a box of the wrong shape.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)   # z' = 1 - 2 |z|
    >>> [piece.vertices.ravel().tolist() for piece in preimage(tent, [[[0.0], [0.5]]], box=2.0)]
    [[-0.5, -0.25], [0.5, 0.25]]
    """
    map = model.map.with_input(constant_input)
    given = _vertices(pieces, map.n_units)
    flow = _helper(map, given, Box.of(box, map.n_units))
    bitcodes, all_regions = known_bitcodes(map, flow.budget)
    notes = [] if all_regions else [f"preimages were looked for in {len(bitcodes)} subregions only; there are more"]
    flow.pieces = [ManifoldPiece(vertices / flow.units, "", 0, -1) for vertices in given]
    for index in range(len(given)):
        flow.preimages(index, 1, bitcodes)
    notes += [f"{number} pieces {what} were not followed" for what, number in flow.unfollowed.items()]
    return Pieces(flow.in_users_units()[len(given) :], not notes, tuple(notes))


def _vertices(pieces: Sequence[Any], n_units: int) -> list[np.ndarray]:
    found = []
    for piece in pieces:
        vertices = as_array("a piece", getattr(piece, "vertices", piece), (None, n_units), "(n, M) vertices")
        if len(vertices) == 0:
            raise ModelError("a piece needs at least one vertex")
        # Corners of computed polygons are flat to rounding only.
        if len(vertices) > 3:
            singular = np.linalg.svd(vertices - vertices[0], compute_uv=False)
            if np.any(singular[2:] > FLAT * max(float(singular[0]), float(np.abs(vertices).max()))):
                raise ModelError("the vertices of a piece do not lie in one plane: give triangles instead")
        found.append(vertices)
    return found


def _helper(map: CanonicalMap, given: list[np.ndarray], box: Box | None) -> Propagation:
    if box is None:
        # Far beyond what is given and its images, unit by unit, so that nothing is cut.
        corners = np.vstack([*given, np.zeros((1, map.n_units))])
        images = np.vstack([corners, map.step(corners)])
        gain = np.abs(map.A) + np.abs(map.W) @ np.abs(map.V)
        reach = np.abs(images).max(axis=0) + gain @ np.abs(corners).max(axis=0)
        reach[reach == 0.0] = 1.0
        box = Box(-4.0 * reach, 4.0 * reach)
    return propagation(map, box, Budget(None, None), 1 << 30, np.inf)
