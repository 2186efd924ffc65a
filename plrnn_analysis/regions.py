"""The linear subregions that are not empty, with the dynamics inside each."""

from __future__ import annotations

import numpy as np

from ._validation import freeze
from .engines.budget import Budget
from .engines.stability import ordered_eigenvalues
from .engines.verification import Hit, solve_region
from .errors import ModelError
from .exact import ExactRing, to_array
from .maps import CanonicalMap, bits_to_string
from .polytopes.cells import Cells, Planes, enumerate_cells, inner_double
from .results import Subregion, Subregions

__all__ = ["find_subregions"]


def find_subregions(map: CanonicalMap, *, max_regions: int = 1 << 14, time_limit: float | None = 60.0) -> Subregions:
    """Enumerate the subregions that contain a state.

    Parameters
    ----------
    map : CanonicalMap
        Without input; ``map.with_input(s)`` holds an input on.
    max_regions : int, optional
        Stop after so many subregions; the result then is not ``complete``.
    time_limit : float, optional
        Stop after so many seconds; None for no limit.

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
    budget = Budget(None, time_limit)
    planes = Planes.of(map.V, map.c, map.n_units)
    regions: list[Subregion] = []
    cells = Cells()
    left_out = 0
    try:
        enumerate_cells(
            planes, most=max_regions, deadline=budget.deadline, go_on=lambda: bool(budget.take(1)), into=cells
        )
    except KeyboardInterrupt:
        budget.stop("interrupt")
    for cell in cells.found:
        point = inner_double(planes, cell)
        if point is None:
            left_out += 1
        else:
            regions.append(_subregion(map, cell.bits, point))
    return Subregions(tuple(regions), complete=cells.complete and not left_out)


def _subregion(map: CanonicalMap, bits: np.ndarray, point: np.ndarray) -> Subregion:
    J = map.jacobian(bits)
    solved = solve_region(map, bits)
    if isinstance(solved, Hit):
        z: np.ndarray | None = solved.z
    else:
        # No fixed point inside: the one of the affine map, wherever it is, if there is exactly one.
        virtual = ExactRing([map]).affine_point(bits)
        z = None if virtual is None else to_array(virtual)
    return Subregion(
        bitcode=bits_to_string(bits),
        jacobian=freeze(J),
        spectral_radius=float(np.abs(ordered_eigenvalues(J)[0])),
        interior_point=freeze(point.copy()),
        fixed_point=None if z is None else freeze(z),
        contains_fixed_point=isinstance(solved, Hit) and np.array_equal(solved.bits, bits),
    )
