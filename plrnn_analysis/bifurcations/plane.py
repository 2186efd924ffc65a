"""Number and stability of fixed points and cycles over two parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._signatures import checked
from .._validation import whole
from ..engines.budget import Budget
from ..errors import ModelError
from ..network import Network
from ..progress import ProgressOption, reports
from ..statuses import StoppedBy
from .diagram import checked_values, trace
from .parameters import Family, family_of
from .results import BifurcationPlane, Bifurcations
from .searches import Search, search_at

__all__ = ["bifurcation_plane"]


@reports("bifurcation plane")
@checked
def bifurcation_plane(
    model: Network,
    parameters: Any,
    values1: Any,
    values2: Any,
    *,
    max_period: int = 1,
    constant_input: Any = None,
    lines: bool = True,
    time_limit: float | None = 300.0,
    progress: ProgressOption = None,
) -> BifurcationPlane:
    """Fixed points and cycles at every point of a grid over two parameters, and the events on its lines.

    Parameters
    ----------
    model : PLRNN
    parameters : pair, or callable
        Two parameters as in :func:`bifurcations` (tuples), or one function of two numbers that returns a model.
    values1, values2 : (n1,), (n2,) array_like
        Increasing.
    max_period : int, optional
    constant_input : (K,) array_like, optional
        The input held on; zero by default.
    lines : bool, optional
        Follow branches along the lines of the grid too: every place where a bifurcation curve crosses a grid line is
        then located by root finding.
    time_limit : float, optional
        Seconds for everything together; None for no limit.
    progress : bool or callable, optional
        True shows how far the search is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.

    Returns
    -------
    BifurcationPlane

    Raises
    ------
    ModelError
        As :func:`bifurcations`; or if both parameters are the same.

    Notes
    -----
    Costs n1 n2 searches, and n1 + n2 diagrams without recount if `lines`.

    Examples
    --------
    The skew tent map with slopes a (left) and b (right) and offset 1: no fixed point where a < 1 < b, one where
    both are below 1 or both above, two where b < 1 < a.

    >>> from plrnn_analysis import PLRNN
    >>> tent = lambda a, b: Network.al_rnn(A=[a], W=[[b - a]], h=[1.0], pwl_units=1)
    >>> plane = bifurcation_plane(tent(0.0, 0.0), tent, [0.5, 1.5], [-0.5, 1.5])
    >>> plane.counts[:, :, 0].tolist()
    [[1, 0], [2, 1]]
    >>> [(x, round(y, 9), e.kind) for x, y, e in plane.events() if x == 0.5]
    [(0.5, 1.0, 'through infinity')]
    """
    across, along, labels = _families(model, parameters, constant_input)
    longest = whole("max_period", max_period, 1)
    first = checked_values("values1", values1, Family(labels[0], across(0.0).model_at, True))
    budget = Budget(None, time_limit, progress)
    columns = [along(float(x)) for x in first]
    second = checked_values("values2", values2, columns[0])
    searches: list[list[Search | None]] = [[None] * len(second) for _ in first]
    found: tuple[list[Bifurcations], list[Bifurcations]] = ([], [])
    budget.reporter.say(total=len(first) * len(second))
    try:
        for i, column in enumerate(columns):
            for j, y in enumerate(second):
                budget.reporter.say(done=i * len(second) + j)
                if budget.take(1):
                    searches[i][j] = search_at(column.map_at(float(y)), longest, budget)
        if lines:
            for j, y in enumerate(second):
                if budget.take(1):
                    made = [row[j] for row in searches]
                    found[0].append(trace(across(float(y)), first, longest, budget, recount=False, searches=made))
            for column, row in zip(columns, searches, strict=True):
                if budget.take(1):
                    found[1].append(trace(column, second, longest, budget, recount=False, searches=row))
    except KeyboardInterrupt:
        budget.stop("interrupt")
    flat = [search for row in searches for search in row]
    shape = (len(first), len(second))
    missing = np.full(longest, -1, dtype=np.int64)
    complete = np.array([s is not None and s.complete for s in flat]).reshape(shape)
    notes = [
        f"all fixed points and cycles up to period {longest} are known at {complete.sum()} of {complete.size} points"
    ]
    if budget.stopped_by:
        notes.append(StoppedBy(budget.stopped_by).reason)
    notes += sorted({note for line in (*found[0], *found[1]) for note in line.notes[1:]})
    return BifurcationPlane(
        parameters=labels,
        values=(first, second),
        counts=np.array([missing if s is None else s.counts for s in flat]).reshape(*shape, longest),
        stable=np.array([missing if s is None else s.stable for s in flat]).reshape(*shape, longest),
        continua=np.array([0 if s is None else s.continua for s in flat]).reshape(shape),
        complete=complete,
        lines=(tuple(found[0]), tuple(found[1])),
        notes=tuple(notes),
    )


def _families(
    model: Network, parameters: Any, constant_input: Any
) -> tuple[Callable[[float], Family], Callable[[float], Family], tuple[str, str]]:
    """The family along the first parameter for a value of the second, that along the second, and labels."""
    if callable(parameters):
        return (
            lambda y: family_of(model, lambda x: parameters(x, y), constant_input),
            lambda x: family_of(model, lambda y: parameters(x, y), constant_input),
            ("first parameter", "second parameter"),
        )
    if not isinstance(parameters, (tuple, list)) or len(parameters) != 2 or any(callable(p) for p in parameters):
        raise ModelError(
            'parameters must be a pair such as (("W", 0, 1), ("h", 0)), or one function of two numbers, '
            f"got {parameters!r}"
        )
    one, two = (family_of(model, p, constant_input) for p in parameters)
    if one.label == two.label:
        raise ModelError(f"the two parameters are the same: {one.label}")

    def fixed(other: Family, parameter: Any) -> Callable[[float], Family]:
        def family(value: float) -> Family:
            moved, held = other.model_at(value)
            return family_of(moved, parameter, held)

        return family

    return fixed(two, parameters[0]), fixed(one, parameters[1]), (one.label, two.label)
