"""Basins of attraction in a plane through state space."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from .._validation import as_array, check_memory, number, whole
from ..errors import ModelError
from ..network import Network
from .finding import BYTES_A_RUN, find_attractors
from .results import Attractors

__all__ = ["BasinSlice", "basin_slice"]


@dataclass(frozen=True, eq=False)
class BasinSlice(Frozen):
    """Which attractor each state of a planar grid leads to.

    Attributes
    ----------
    labels : (n_second, n_first) ndarray of int
        Indices into `attractors`; rows go with the second direction.
    attractors : Attractors
        Their fractions are those of the grid.
    first, second : ndarray
        Coordinates of the columns and rows, in units of the directions.
    origin : (M,) ndarray
    directions : (2, M) ndarray
    """

    labels: np.ndarray
    attractors: Attractors
    first: np.ndarray
    second: np.ndarray
    origin: np.ndarray
    directions: np.ndarray

    def __repr__(self) -> str:
        return f"<BasinSlice: {self.labels.shape[1]} x {self.labels.shape[0]} states; {repr(self.attractors)[1:-1]}>"


@checked
def basin_slice(
    model: Network,
    constant_input: Any = None,
    *,
    origin: Any = None,
    directions: Any = None,
    extents: Any = 3.0,
    resolution: int | tuple[int, int] = 100,
    **options: Any,
) -> BasinSlice:
    """Find the attractor of each state of a grid ``origin + a directions[0] + b directions[1]``.

    Parameters
    ----------
    model : PLRNN
    constant_input : (K,) array_like, optional
    origin : (M,) array_like, optional
        Zero by default.
    directions : (2, M) array_like, optional
        The first two units by default.
    extents : float, or ((low, high), (low, high)), optional
        Range of a and of b; one number is the half-width of both.
    resolution : int or pair of int, optional
        Number of values of a and of b.
    **options
        ``steps``, ``time_limit``, ... of :func:`plrnn_analysis.attractors.find_attractors`.

    Returns
    -------
    BasinSlice

    Raises
    ------
    ModelError
        On arguments of the wrong shape, parallel directions, or a model of one unit without directions.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> switch = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)
    >>> basin_slice(switch, resolution=(20, 10)).labels.shape
    (10, 20)
    """
    m = model.n_units
    for name in ("states", "box", "n", "seed"):
        if name in options:
            raise ModelError(f"{name} is set by the grid; leave it out")
    if directions is None and m < 2:
        raise ModelError("a model of one unit has no plane of states; use find_attractors(states=...)")
    centre = np.zeros(m) if origin is None else as_array("origin", origin, (m,), "(M,)")
    rows = np.eye(m)[:2] if directions is None else as_array("directions", directions, (2, m), "(2, M)")
    if np.linalg.matrix_rank(rows) < 2:
        raise ModelError("directions must be two vectors that are not parallel")
    if isinstance(extents, Real):
        extents = [[-number("extents", extents, above=0.0), number("extents", extents)]] * 2
    limits = as_array("extents", extents, (2, 2), "((low, high), (low, high)), or one number")
    if np.any(limits[:, 0] >= limits[:, 1]):
        raise ModelError(f"extents must be ranges (low, high) with low below high, got {limits.tolist()}")
    counts: tuple[Any, ...] = tuple(resolution) if isinstance(resolution, (tuple, list)) else (resolution, resolution)
    if len(counts) != 2:
        raise ModelError(f"resolution must be one or two whole numbers of at least 2, got {resolution!r}")
    counts = tuple(whole("resolution", count, 2) for count in counts)
    size = counts[0] * counts[1] * (BYTES_A_RUN + 24 * m)
    check_memory("the grid", size, "take a smaller resolution")
    first = np.linspace(limits[0, 0], limits[0, 1], int(counts[0]))
    second = np.linspace(limits[1, 0], limits[1, 1], int(counts[1]))
    a, b = np.meshgrid(first, second)
    grid = centre + a.reshape(-1, 1) * rows[0] + b.reshape(-1, 1) * rows[1]
    found = find_attractors(model, constant_input, states=grid, **options)
    return BasinSlice(found.assignment.reshape(a.shape).copy(), found, first, second, centre, rows)
