"""The linear subregions that are not empty, with the dynamics inside each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ._signatures import checked
from .engines.budget import Budget
from .engines.description import together
from .engines.stability import spectral_radii
from .engines.verification import Checker, Hit
from .errors import ModelError
from .maps import CanonicalMap, bits_to_string
from .polytopes.cells import Cell, Cells, Planes, enumerate_cells, inner_double
from .progress import ProgressOption, reports
from .results import Subregion, Subregions

__all__ = ["find_subregions"]

# Share of the time after which no further subregion is looked for: what the map does in those found takes time, too.
LISTING = 0.7
# Bytes that the Jacobians of all subregions may take.
JACOBIANS = 1 << 31
# Subregions between two looks at the clock.
CHUNK = 64


@reports("subregions")
@checked
def find_subregions(
    map: CanonicalMap, *, max_regions: int = 1 << 14, time_limit: float | None = 60.0, progress: ProgressOption = None
) -> Subregions:
    """Enumerate the subregions that contain a state.

    Parameters
    ----------
    map : CanonicalMap
        Without input; ``map.with_input(s)`` holds an input on.
    max_regions : int, optional
        Stop after this number of subregions, or where their Jacobians take 2 GB; the result is then not ``complete``.
    time_limit : float, optional
        Stop after this number of seconds; None for no limit.
    progress : bool or callable, optional
        True shows how far the search is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.

    Returns
    -------
    Subregions
        Ordered by bitcode.

    Raises
    ------
    ModelError
        If `max_regions` is not positive.

    Notes
    -----
    A subregion is listed if some state has its bitcode and no ReLU argument of zero, except where that is zero for
    all states. The boundaries are H hyperplanes in M dimensions. With independent normals, as in every AL-RNN, all
    2**H sign patterns occur; else at most ``sum_k<=M binomial(H, k)`` do, and they are found by adding one
    hyperplane at a time. Whether a piece is empty is decided exactly, on the given weights as rational numbers. The
    interior points lie strictly inside; a subregion so thin that no float was found in it is left out, and the
    result then is not ``complete``.

    Examples
    --------
    Three lines in general position cut the plane into seven pieces of eight sign patterns.

    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.shallow(A=[0.5, 0.5], W1=[[1, 0, 0], [0, 1, 0]], W2=[[1, 0], [0, 1], [1, 1]],
    ...                       h1=[0, 0], h2=[0, 0, -1])
    >>> regions = find_subregions(model.map)
    >>> len(regions), regions.complete
    (7, True)
    """
    if map.n_inputs:
        map = map.with_input(None)
    if not max_regions > 0:
        raise ModelError(f"max_regions must be positive, got {max_regions!r}")
    budget = Budget(None, time_limit, progress)
    planes = Planes.of(map.V, map.c, map.n_units)
    cells = Cells()
    regions: list[Subregion] = []
    budget.reporter.say(found=lambda: len(cells.found))
    listing = budget.portion(LISTING)
    most = min(max_regions, max(1, JACOBIANS // (8 * map.n_units**2)))
    try:
        enumerate_cells(planes, most=most, deadline=listing.deadline, go_on=listing.go_on, into=cells)
    except KeyboardInterrupt:
        budget.stop("interrupt")
    try:
        for region in _described(map, planes, cells.found, budget):
            regions.append(region)
    except KeyboardInterrupt:
        budget.stop("interrupt")
    return Subregions(tuple(regions), complete=cells.complete and len(regions) == len(cells.found))


def _described(map: CanonicalMap, planes: Planes, cells: list[Cell], budget: Budget) -> Iterator[Subregion]:
    """Cells with a float inside and what the map does there, as far as the time allows."""
    checker = Checker([map])
    bits = np.array([cell.bits for cell in cells], dtype=bool).reshape(len(cells), map.n_relu)
    done = 0
    budget.reporter.say(step="what the map does there", done=lambda: done, total=len(cells))
    for cell, (real, affine, radius) in zip(cells, _solved(checker, map, bits, budget), strict=False):
        budget.reporter.tick()
        if budget.overdue:
            break
        done += 1
        point = inner_double(planes, cell)
        if point is None:
            continue
        is_inside = isinstance(real, Hit) and np.array_equal(real.bits, cell.bits)
        z = real.z if isinstance(real, Hit) and is_inside else affine
        yield Subregion(
            bitcode=bits_to_string(cell.bits),
            jacobian=map.jacobian(cell.bits),
            spectral_radius=radius,
            interior_point=point,
            fixed_point=None if z is None else z.copy(),
            contains_fixed_point=is_inside,
        )


def _solved(
    checker: Checker, map: CanonicalMap, bits: np.ndarray, budget: Budget
) -> Iterator[tuple[object, np.ndarray | None, float]]:
    """What solves each subregion, its affine map's fixed point, and the spectral radius; some at a time."""
    size = min(CHUNK, together(map.n_units))
    for start in range(0, len(bits), size):
        some = bits[start : start + size]
        radii = spectral_radii(map, some).tolist()
        yield from zip(checker.solve(some, budget.overtime_ends), checker.affine_points(some), radii, strict=True)
