"""Stable and unstable manifolds of fixed points and cycles, as exact piecewise-linear curves and surfaces."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._signatures import checked
from .._validation import number, one_of, whole
from ..display.abbreviation import count_words
from ..engines.budget import Budget
from ..errors import ModelError
from ..network import Network
from ..progress import ProgressOption, reports
from ..results import Cycle, FixedPoint
from ..statuses import StoppedBy
from .local import LocalManifold, local_half_spaces, local_manifold, orbit_of
from .pieces import Box, outside_of
from .propagation import Propagation, known_bitcodes, propagation
from .proving import prove_saddle
from .results import Manifold

__all__ = ["invariant_manifold"]

# Half-width of the default box in units of the saddle's size.
DEFAULT_REACH = 10.0


@reports("manifold")
@checked
def invariant_manifold(
    model: Network,
    saddle: FixedPoint | Cycle,
    kind: str,
    constant_input: Any = None,
    *,
    iterations: int = 20,
    box: Any = None,
    max_pieces: int = 20_000,
    max_size: float | None = None,
    verify: str | None = None,
    time_limit: float | None = 60.0,
    progress: ProgressOption = None,
) -> Manifold:
    """Stable or unstable manifold of a saddle, by exact propagation of its eigenspaces through the subregions.

    Parameters
    ----------
    model : PLRNN
    saddle : FixedPoint or Cycle
        Of this model under this input, not on a subregion boundary. Any with the asked-for directions will do: the
        stable manifold of a stable fixed point in the plane is its basin.
    kind : {"stable", "unstable"}
        The manifold must have 1 or 2 dimensions; the state may have any number.
    constant_input : (K,) array_like, optional
        The input held on; None stands for zero input.
    iterations : int, optional
        Generations of images or preimages.
    box : float or pair of (M,) array_like, optional
        ``|z_i| <= box``, or the two corners. Orbits that leave it are not followed. By default it reaches from the
        saddle ten times as far as its largest coordinate or its nearest boundary.
    max_pieces : int, optional
    max_size : float, optional
        Stop at this total length or area.
    verify : str, optional
        ``"rigorous"`` proves first, from the given doubles, that the saddle exists where it is listed, is alone in its
        subregions and has the directions that the manifold starts along:
        :class:`plrnn_analysis.manifolds.SaddleProof`.
    time_limit : float, optional
        Seconds; None for no limit.
    progress : bool or callable, optional
        True shows how far the search is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.

    Returns
    -------
    Manifold

    Raises
    ------
    ModelError
        If `saddle` is not a saddle of the model, lies on a boundary or outside the box, has no direction of the
        asked-for kind or more than two, or an option is out of range.

    Notes
    -----
    The local piece is the largest part of the eigenspace whose orbit to (or from) the saddle stays in the saddle's
    own subregions. The unstable manifold is what the map makes of it: each piece is mapped by the affine map of its
    subregion and cut at the boundaries. The stable manifold is made of preimages, in *every* subregion, since a
    piecewise-linear map need not be invertible. Under a singular Jacobian the preimage of a piece is a polyhedron
    ``{z in the subregion : J z + d in the piece}``, possibly of more dimensions; up to two are represented, others
    are counted in ``notes``. Pieces are exact to rounding: vertices carry an error of about 1e-16 times the norms of
    the matrices that made them; a Jacobian whose singular values differ by more than 1e10 is treated as singular.
    Multipliers within 1e-9 of modulus 1 belong to neither manifold. The number of pieces may grow exponentially with
    `iterations`.

    References
    ----------
    L. Eisenmann, A. Brändle, Z. Monfared, D. Durstewitz, *Detecting Invariant Manifolds in ReLU-Based RNNs*, ICLR 2026,
    arXiv:2510.03814, for manifolds of piecewise-linear networks.

    Examples
    --------
    One unit leaks; the other goes to the node at 2 from above -1 and escapes from below: the boundary is a line.

    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5, 2.0], W=[[0, 0], [0, -1.5]], h=[0.0, 1.0], pwl_units=1)
    >>> saddle = next(p for p in model.fixed_points() if p.stability == "saddle")
    >>> line = invariant_manifold(model, saddle, "stable", box=3.0)
    >>> line
    <Manifold: stable, 1 piece, length 6; complete in the box>
    """
    one_of("kind", kind, ("stable", "unstable"))
    if not isinstance(saddle, FixedPoint | Cycle):
        raise ModelError(f"saddle must be a FixedPoint or a Cycle, got {type(saddle).__name__}")
    if verify not in (None, "rigorous"):
        raise ModelError(f'verify must be "rigorous" or None, got {verify!r}')
    iterations = whole("iterations", iterations, 0)
    max_pieces = whole("max_pieces", max_pieces, 1)
    if max_size is not None:
        max_size = number("max_size", max_size, above=0.0, infinite=True, remark="or None for no limit")
    map = model.map.with_input(constant_input)
    points, codes = orbit_of(map, saddle)
    bounds = _box(box, points, saddle)
    budget = Budget(None, time_limit, progress)
    flow = propagation(map, bounds, budget, max_pieces, np.inf if max_size is None else max_size)
    regions = [flow.region(code) for code in codes]
    local = local_manifold(points / flow.units, regions, kind == "stable", flow.box)
    proof = None
    if verify is not None:
        proof = prove_saddle(map, saddle, points, codes, kind == "stable", local.bases[0].shape[1], budget)
    notes: list[str] = []
    if local.n_marginal:
        notes.append(
            f"{count_words(local.n_marginal, 'multiplier')} of modulus 1, whose directions belong to neither manifold"
        )
    if not local.settled:
        notes.append("the local piece was not finished: parts of it may lie beyond the manifold")
    bitcodes, all_regions = known_bitcodes(map, budget) if kind == "stable" else ([], True)
    if not all_regions:
        notes.append(f"preimages were looked for in {len(bitcodes)} subregions only; there are more")
    budget.reporter.say(found=lambda: len(flow.pieces))
    done = _grow(flow, local, codes, bitcodes, iterations)
    clipped = flow.clipped or flow.on_rim()
    notes += [f"{number} pieces {what} were not followed" for what, number in flow.unfollowed.items()]
    if clipped:
        notes.append("the box cuts the manifold: orbits that leave it were not followed")
    return Manifold(
        _items=flow.in_users_units(),
        complete=not budget.stopped_by and not flow.unfollowed and all_regions and local.settled,
        notes=tuple(notes),
        kind=kind,
        dimension=local.bases[0].shape[1],
        points=points,
        box=(bounds.low, bounds.high),
        iterations=done,
        stopped_by=StoppedBy(budget.stopped_by),
        clipped=clipped,
        map=map,
        proof=proof,
    )


def _grow(flow: Propagation, local: LocalManifold, codes: list[str], bitcodes: list[str], iterations: int) -> int:
    """Local pieces, then one generation after the other; returns how many were finished."""
    period = len(codes)
    try:
        for j in range(period):
            if not flow.add(local.points[j] + local.pieces[j] @ local.bases[j].T, codes[j], 0, -1):
                return 0
        frontier = list(range(period))
        for iteration in range(1, iterations + 1):
            flow.budget.reporter.say(done=iteration - 1, total=iterations)
            start = len(flow.pieces)
            for index in frontier:
                if flow.budget.take(1) == 0:
                    return iteration - 1
                if not bitcodes:
                    more = _leave(flow, local, index) if iteration == 1 else flow.image(index, iteration)
                else:
                    # What the saddle's own map sends into a local piece is the local piece before it.
                    own = codes[(index - 1) % period] if iteration == 1 else None
                    more = flow.preimages(index, iteration, [code for code in bitcodes if code != own])
                if not more:
                    return iteration - 1
            frontier = list(range(start, len(flow.pieces)))
            if not frontier:
                return iteration
        flow.budget.stop("iterations")
    except KeyboardInterrupt:
        flow.budget.stop("interrupt")
        return max((piece.iteration for piece in flow.pieces), default=1) - 1
    return iterations


def _leave(flow: Propagation, local: LocalManifold, j: int) -> bool:
    """The image of an unstable local piece without the local piece at the next point, which it contains."""
    after = (j + 1) % len(local.points)
    image = local.pieces[j] @ local.steps[j].T
    for part in outside_of(image, local_half_spaces(local.pieces[after]), flow.box.tiny):
        if not flow.add_split(local.points[after] + part @ local.bases[after].T, 1, j):
            return False
    return True


def _box(box: Any, points: np.ndarray, saddle: FixedPoint | Cycle) -> Box:
    m = points.shape[1]
    if box is None:
        near = saddle.boundary_distance if np.isfinite(saddle.boundary_distance) else 0.0
        reach = DEFAULT_REACH * (max(float(np.abs(points).max()), near) or 1.0)
        return Box(points.min(axis=0) - reach, points.max(axis=0) + reach)
    return Box.of(box, m)
