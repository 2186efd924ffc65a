"""The door of input diagrams: arguments in, result out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._signatures import checked
from .._validation import as_array, one_of, thread_count
from ..display.abbreviation import count_words
from ..engines.budget import Budget
from ..engines.coverage import coverage_of
from ..engines.stability import jacobian_stabilities
from ..errors import ModelError
from ..network import Network
from ..progress import ProgressOption, reports
from .branches import find_meetings, find_pieces
from .diagram import InputDiagram
from .parametric import ParametricMap, candidate_patterns
from .proving import prove_diagram
from .results import describe_branch, describe_collision, describe_continua

__all__ = ["input_diagram"]

METHODS = ("auto", "enumeration", "linear programs")
# All subregions are listed for this many ReLUs at most.
LARGEST_ENUMERATION = 16


@reports("input diagram")
@checked
def input_diagram(
    model: Network,
    inputs: int | Sequence[int],
    ranges: Any,
    *,
    base: Any = None,
    method: str = "auto",
    verify: str | None = None,
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
    verify : str, optional
        ``"rigorous"`` proves what was found, from the given doubles as rational numbers: each branch and continuum and
        that nothing else exists. The time limit holds for the search and the proofs together; what it leaves out is
        said not to be proven.
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
    if verify not in (None, "rigorous"):
        raise ModelError(f'verify must be "rigorous" or None, got {verify!r}')
    if method == "enumeration" and model.map.n_relu > LARGEST_ENUMERATION:
        raise ModelError(f'enumeration is for up to {LARGEST_ENUMERATION} ReLUs, use method="linear programs"')
    workers = thread_count(workers)
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
    words = np.array([sheet.point.bits for sheet in found.sheets], dtype=bool).reshape(len(found.sheets), 1, map.n_relu)
    eigenvalues, classes = jacobian_stabilities([map], words)
    described = zip(found.sheets, eigenvalues, classes, strict=True)
    meetings = find_meetings(wide, budget)
    coverage = coverage_of(outcome, map.n_relu, engine, budget, undecided=found.unchecked, notes=notes)
    diagram = InputDiagram(
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
    if verify is None:
        return diagram
    return prove_diagram(diagram, budget.portion(1.0))


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
