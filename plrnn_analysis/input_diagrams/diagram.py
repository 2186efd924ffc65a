"""Input diagrams: all fixed points as exact piecewise-linear functions of one or two inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .._signatures import checked
from .._validation import as_array, one_of, whole
from ..display.abbreviation import count_words
from ..engines import singular as singular_regions
from ..engines.budget import Budget
from ..engines.coverage import coverage_of
from ..engines.description import describe_points
from ..engines.examination import examine
from ..engines.stability import jacobian_stabilities
from ..engines.verification import Checker
from ..errors import ModelError
from ..network import Network
from ..progress import ProgressOption, reports
from ..readouts import with_outputs
from ..results import Coverage, FixedPoints, ResultSequence, Table
from .branches import find_meetings, find_pieces
from .parametric import ParametricMap, candidate_patterns
from .results import (
    FixedPointBranch,
    InputCollision,
    InputContinuum,
    describe_branch,
    describe_collision,
    describe_continua,
)
from .solutions import CLOSE, Piece, Sheet, as_floats

__all__ = ["InputDiagram", "input_diagram"]

METHODS = ("auto", "enumeration", "linear programs")
# All subregions are listed for this many ReLUs at most.
LARGEST_ENUMERATION = 16


@dataclass(frozen=True, eq=False)
class InputDiagram(ResultSequence[FixedPointBranch]):
    """Every branch of fixed points over a range of inputs, and what was proved; ordered by bitcode.

    Attributes
    ----------
    inputs : tuple of int
        The input coordinates that vary.
    ranges : (d, 2) ndarray
    base : (K,) ndarray
        The values of the other inputs; those that vary are 0 here.
    network : Network
        The one that the diagram is of.
    complete : bool
        True only if all 2**H subregions were decided: then there is no other fixed point for any input in the range.
    collisions : tuple of InputCollision
        Ordered by place.
    continua : tuple of InputContinuum
    coverage : Coverage
    """

    columns = ("bitcode", "stability", "spectral_radius", "corners", "offset", "slope")

    _items: tuple[FixedPointBranch, ...]
    inputs: tuple[int, ...]
    ranges: np.ndarray
    base: np.ndarray
    complete: bool
    collisions: tuple[InputCollision, ...]
    continua: tuple[InputContinuum, ...]
    coverage: Coverage
    network: Network = field(repr=False)
    _sheets: tuple[Sheet, ...] = field(repr=False)
    _pieces: tuple[Piece, ...] = field(repr=False)
    _stable: tuple[bool, ...] = field(repr=False)

    def input_at(self, values: Any) -> np.ndarray:
        """The whole input (K,) with the varying coordinates at `values`.

        Raises
        ------
        ModelError
            If a value lies outside the range.
        """
        s = as_array("values", np.atleast_1d(values), (len(self.inputs),), "(d,), one per varying input")
        outside = (s < self.ranges[:, 0]) | (s > self.ranges[:, 1])
        if np.any(outside):
            low, high = self.ranges[int(np.argmax(outside))]
            raise ModelError(
                f"the diagram covers {low:g} to {high:g}, got {s[np.argmax(outside)]:g}: compute a wider one"
            )
        whole = self.base.copy()
        whole[list(self.inputs)] = s
        return whole

    def at(self, values: Any) -> FixedPoints:
        """All fixed points for one input, in the form of a search; only the branches that reach it are evaluated.

        Parameters
        ----------
        values : float or (d,) array_like

        Raises
        ------
        ModelError
            If it lies outside the range.

        Notes
        -----
        Each point is solved anew in its subregion, so that residuals and flags are those of
        :func:`plrnn_analysis.fixed_points.find_fixed_points`. Points and continua have the output of a network with a
        readout. ``coverage`` is that of the diagram.
        """
        map = self.network.map.with_input(self.input_at(values))
        t = self._scaled(np.atleast_1d(np.asarray(values, dtype=np.float64))[None])[0]
        words = [
            sheet.point.bits for sheet, inside in zip(self._sheets, self._margins(t[None])[1][0], strict=True) if inside
        ]
        words += [piece.bits for piece in self._pieces if piece.near(t)]
        found = examine(Checker([map]), words, Budget(None, None))
        points = list(describe_points(map, found.hits))
        listed = FixedPoints(
            _items=tuple(sorted(points, key=lambda point: point.bitcode)),
            complete=self.complete,
            continua=tuple(singular_regions.continuum_of(map, piece) for piece in found.pieces),
            coverage=self.coverage,
        )
        return with_outputs(listed, self.network)

    # A sequence's own count(item) has no use here: no two branches are equal.
    def count(self, values: Any, stable_only: bool = False) -> Any:
        """How many isolated fixed points there are.

        Parameters
        ----------
        values : float, (n,) or (n, d) array_like
            Inputs. For two varying inputs (2,) is a single point.
        stable_only : bool, optional
            Count stable ones only.

        Returns
        -------
        int or (n,) ndarray of int

        Raises
        ------
        ModelError
            On a wrong shape, or if some value lies outside the range.
        """
        d = len(self.inputs)
        if np.ndim(values) == d - 1:
            return int(self.count(np.reshape(values, (1, d)), stable_only)[0])
        given = np.reshape(values, (-1, 1)) if d == 1 and np.ndim(values) == 1 else values
        s = as_array("values", given, (None, d), "(n, d)")
        for extreme in s[[*s.argmin(axis=0), *s.argmax(axis=0)]] if len(s) else s:
            self.input_at(extreme)
        t = self._scaled(s)
        sure, near = self._margins(t)
        counted = sure & np.array(self._stable, dtype=bool) if stable_only else sure
        numbers = counted.sum(axis=1)
        doubt = np.any(sure != near, axis=1)
        for piece in self._pieces:
            doubt |= np.array([piece.near(row) for row in t], dtype=bool)
        for i in np.flatnonzero(doubt):
            numbers[i] = sum(1 for point in self.at(s[i]) if not stable_only or point.stability.startswith("stable"))
        return numbers.astype(np.intp)

    def intervals(self) -> Table:
        """For one input: between which values how many fixed points exist, and how many of them are stable.

        Returns
        -------
        Table
            Columns ``low``, ``high``, ``fixed_points``, ``stable``; neighbours with equal numbers are joined.

        Raises
        ------
        ModelError
            If two inputs vary.
        """
        if len(self.inputs) != 1:
            raise ModelError("intervals are for one varying input; use count(values) for two")
        ends = [as_floats(sheet.corners)[:, 0] for sheet in self._sheets if sheet.wide] + [
            p.corners[:, 0] for p in self._pieces
        ]
        t = np.unique(np.concatenate([np.array([0.0, 1.0]), *ends]))
        t = t[np.concatenate([[True], np.diff(t) > CLOSE])]
        t[-1] = 1.0
        (low, high), middle = self.ranges[0], (t[:-1] + t[1:]) / 2.0
        s = low + (high - low) * t
        inside = low + (high - low) * middle
        rows: list[list[float]] = []
        for a, b, n, k in zip(s[:-1], s[1:], self.count(inside), self.count(inside, stable_only=True), strict=True):
            if rows and rows[-1][2:] == [n, k]:
                rows[-1][1] = float(b)
            else:
                rows.append([float(a), float(b), int(n), int(k)])
        names = ("low", "high", "fixed_points", "stable")
        return Table({name: [row[i] for row in rows] for i, name in enumerate(names)})

    def sentences(self) -> list[str]:
        """What the inputs do, in words."""
        which = " and ".join(
            f"input {k} from {a:g} to {b:g}" for k, (a, b) in zip(self.inputs, self.ranges, strict=True)
        )
        stable = sum(branch.stability.startswith("stable") for branch in self)
        proof = "there are no others" if self.complete else "there may be others"
        branches = count_words(len(self), "branch of fixed points", "branches of fixed points")
        text = [f"{which[0].upper()}{which[1:]}: {branches}, {stable} stable; {proof}."]
        if len(self.inputs) == 1:
            table = self.intervals()
            for low, high, n, k in zip(*table.values(), strict=True):
                text.append(f"Between {low:.6g} and {high:.6g}: {_counted(n, k)}.")
            for collision in self.collisions:
                if collision.kind != "persistence":
                    codes = ", ".join([*collision.below, *collision.above])
                    what = {"continuum": "ends in a continuum", "degenerate": "degenerate collision"}
                    kind = what.get(collision.kind, collision.kind)
                    text.append(f"At {collision.location[0, 0]:.6g}: {kind}, subregions {codes}.")
        for continuum in self.continua:
            text.append(f"Subregion {continuum.bitcode} holds a continuum of dimension {continuum.dimension}.")
        return text

    def __repr__(self) -> str:
        proof = "complete" if self.complete else f"NOT complete, stopped by {self.coverage.stopped_by}"
        folds = sum(collision.kind == "nonsmooth fold" for collision in self.collisions)
        found = count_words(len(self), "branch", "branches")
        found += f", {count_words(len(self.continua), 'continuum', 'continua')}" if self.continua else ""
        collisions = f"border collisions: {len(self.collisions)}, of them nonsmooth folds: {folds}"
        return f"<InputDiagram: {found}; {collisions}; {proof}>"

    def _notes(self) -> list[str]:
        return [f"Note: {note}." for note in self.coverage.notes]

    def _scaled(self, s: np.ndarray) -> np.ndarray:
        result: np.ndarray = (s - self.ranges[:, 0]) / (self.ranges[:, 1] - self.ranges[:, 0])
        return result

    def _margins(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For parameters (n, d), which branches are there for certain, and which to rounding; (n, sheets) each."""
        sure = np.zeros((len(t), len(self._sheets)), dtype=bool)
        near = sure.copy()
        for k, sheet in enumerate(self._sheets):
            constants, slopes = sheet.point.inside[:, 0], sheet.point.inside[:, 1:]
            give = sheet.point.y_error + CLOSE * np.abs(slopes).sum(axis=1)
            moving = np.any(sheet.point.inside != 0.0, axis=1)
            y = t @ slopes.T + constants
            near[:, k] = np.all(y >= -give, axis=1)
            sure[:, k] = np.all(y[:, moving] > give[moving], axis=1) & near[:, k] & sheet.wide
        return sure, near


@reports("input diagram")
@checked
def input_diagram(
    model: Network,
    inputs: int | Sequence[int],
    ranges: Any,
    *,
    base: Any = None,
    method: str = "auto",
    max_nodes: int | None = None,
    time_limit: float | None = 60.0,
    progress: ProgressOption = None,
    workers: int = 1,
) -> InputDiagram:
    """All fixed points, for every value of one or two inputs in a range.

    Parameters
    ----------
    model : PLRNN
    inputs : int or pair of int
        Which input coordinates vary.
    ranges : pair of float, or pair of pairs
        From where to where, for each.
    base : (K,) array_like, optional
        The values of the other inputs, zero by default; entries of inputs that vary do not matter.
    method : str, optional
        ``"enumeration"`` solves all 2**H subregions, ``"linear programs"`` searches them as a tree; ``"auto"`` takes
        the first for up to 12 ReLUs.
    max_nodes : int, optional
        Ends the search after about this number of nodes.
    time_limit : float, optional
        Ends it after this number of seconds; None for no limit.
    progress : bool or callable, optional
        True shows how far the search is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.
    workers : int, optional
        Threads of the tree.

    Returns
    -------
    InputDiagram
        No grid is used: every branch with its exact ends.

    Raises
    ------
    ModelError
        If an input does not exist, a range is empty or not finite, or an option is out of range.

    Notes
    -----
    Under the input s the fixed point of subregion b is ``(I - J_b) z = h_b + C_b s``, an affine function of s, and it
    is real where ``y_i(s) > 0`` for the ReLUs in b and ``y_i(s) <= 0`` for the others: on an interval, or in a convex
    polygon. Fixed points move from one subregion to another, or vanish in pairs, only where such a y_i(s) is zero. For
    many ReLUs the inputs become further unknowns of the tree search of
    :func:`plrnn_analysis.fixed_points.find_fixed_points`, whose cuts then hold for all of the range at once; the
    remarks there on rounding apply. What is left is solved exactly, on the given weights, inputs and ranges as rational
    numbers: which branches and continua exist does not depend on units. Fixed points that exist for single inputs
    or lines of inputs only are no branches; where there are some ``coverage.notes`` says so, and
    :meth:`InputDiagram.at` finds them.

    This is a parametric linear complementarity problem: R. W. Cottle, J.-S. Pang, R. E. Stone, *The Linear
    Complementarity Problem*, SIAM 2009, doi:10.1137/1.9780898719000. Persistence and nonsmooth fold as in M. di
    Bernardo et al., *Piecewise-smooth Dynamical Systems*, Springer 2008, doi:10.1007/978-1-84628-708-4.

    Examples
    --------
    ``z' = z/2 + 3/2 relu(z) + s`` has two fixed points, which meet at s = 0, or none.

    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5], W=[[1.5]], h=[0.0], pwl_units=1, C=[[1.0]])
    >>> diagram = input_diagram(model, 0, (-1, 1))
    >>> diagram
    <InputDiagram: 2 branches; border collisions: 1, of them nonsmooth folds: 1; complete>
    >>> [(branch.bitcode, branch.interval, branch.stability) for branch in diagram]
    [('0', (-1.0, 0.0), 'stable node'), ('1', (-1.0, 0.0), 'unstable node')]
    >>> diagram.count([-0.5, 0.5])
    array([2, 0])
    """
    chosen = _chosen(model, inputs)
    spans = _spans(ranges, len(chosen))
    one_of("method", method, METHODS)
    if method == "enumeration" and model.map.n_relu > LARGEST_ENUMERATION:
        raise ModelError(f'enumeration is for up to {LARGEST_ENUMERATION} ReLUs, use method="linear programs"')
    workers = whole("workers", workers, 1)
    held = np.zeros(model.n_inputs) if base is None else as_array("base", base, (model.n_inputs,), "(K,)")
    held[list(chosen)] = 0.0
    map = model.map
    problem = ParametricMap.of(map, held, chosen, spans)
    budget = Budget(max_nodes, time_limit, progress)
    outcome, engine, notes = candidate_patterns(problem, budget, workers, method)
    patterns = np.array(outcome.words, dtype=bool).reshape(len(outcome.words), map.n_relu)
    found = find_pieces(problem, patterns, budget)
    if found.unchecked:
        notes.append(
            f"not decided before the search was stopped: {count_words(found.unchecked, 'candidate subregion')}"
        )
    wide = [sheet for sheet in found.sheets if sheet.wide]
    thin = len(found.sheets) - len(wide) + sum(not piece.dimension for piece in found.pieces)
    if thin:
        notes.append(f"fixed points for single inputs, or lines of inputs, alone: in {count_words(thin, 'subregion')}")
    # The tree counts patterns of a problem with more ReLUs, the parameters being some: all of it is all of ours.
    counts = {name: count for name, count in outcome.counts.items() if not name.startswith("cuts")}
    decided = 1 << map.n_relu if outcome.exhausted else outcome.decided
    outcome = replace(outcome, decided=decided, counts=counts)
    coverage = coverage_of(outcome, map.n_relu, engine, budget, undecided=found.unchecked, notes=notes)
    words = np.array([sheet.point.bits for sheet in found.sheets], dtype=bool).reshape(len(found.sheets), 1, map.n_relu)
    eigenvalues, classes = jacobian_stabilities([map], words)
    described = zip(found.sheets, eigenvalues, classes, strict=True)
    meetings = find_meetings(wide, budget.report)
    return InputDiagram(
        _items=tuple(describe_branch(sheet, spans, *rest) for sheet, *rest in described if sheet.wide),
        inputs=chosen,
        ranges=spans,
        base=held,
        complete=not coverage.stopped_by,
        collisions=tuple(describe_collision(wide, found.pieces, meeting, spans) for meeting in meetings),
        continua=describe_continua(found.pieces, spans),
        coverage=coverage,
        network=model,
        _sheets=tuple(found.sheets),
        _pieces=tuple(found.pieces),
        _stable=tuple(name.startswith("stable") for name in classes),
    )


def _counted(n: int, stable: int) -> str:
    if n < 2:
        return "no fixed point" if n == 0 else "1 stable fixed point" if stable else "1 fixed point, not stable"
    return f"{count_words(n, 'fixed point')}, {stable} stable"


def _chosen(model: Network, inputs: Any) -> tuple[int, ...]:
    wanted = (inputs,) if isinstance(inputs, (int, np.integer)) and not isinstance(inputs, bool) else inputs
    if not isinstance(wanted, (tuple, list, np.ndarray)) or len(wanted) not in (1, 2):
        raise ModelError(f"inputs must be one or two input coordinates, got {inputs!r}")
    for k in wanted:
        if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 0 <= k < model.n_inputs:
            raise ModelError(f"the model has {count_words(model.n_inputs, 'input')}, numbered from 0; got {k!r}")
    if len(set(wanted)) != len(wanted):
        raise ModelError(f"inputs names a coordinate twice: {inputs!r}")
    return tuple(int(k) for k in wanted)


def _spans(ranges: Any, d: int) -> np.ndarray:
    """The ranges as (d, 2); one pair of numbers will do for one input."""
    try:
        raw = [ranges] if np.ndim(ranges) == 1 else ranges
    except ValueError as error:
        raise ModelError(f"ranges must be a pair of numbers for each input, got {ranges!r}") from error
    spans = as_array("ranges", raw, (d, 2), "(low, high) of each input")
    if np.any(spans[:, 0] >= spans[:, 1]):
        raise ModelError(
            f"a range must go from a lower to a higher value, got {spans.tolist()}; for a single input value use "
            "fixed_points(constant_input=...)"
        )
    return spans
