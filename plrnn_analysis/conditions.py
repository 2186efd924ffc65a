"""What a network does in each condition of its trials: subregions, fixed points, outputs, and how much they share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._frozen import Frozen
from ._signatures import checked
from ._validation import number, shown
from ._wording import in_a_line
from .display.abbreviation import count_words
from .errors import ModelError
from .maps import bits_to_string
from .results import FixedPoints, ResultSequence, Table, Trajectory
from .symbols import DivergenceMatrix, compare_conditions, occupancy

__all__ = ["ConditionUse", "ConditionVisits", "condition_use", "mark_conditions"]


@dataclass(frozen=True, eq=False)
class ConditionVisits(Frozen):
    """What the trials of one condition do.

    Attributes
    ----------
    condition : str
    n_trials, n_steps : int
        Trials, and steps of all of them without padding.
    bitcodes : tuple of str
        The subregions they visit, the most visited first.
    frequencies : (n,) ndarray
        Share of the steps in each of them.
    effective_number : float
        Perplexity of these shares: the number of equally visited subregions of the same entropy.
    fixed_points : tuple of int
        Which fixed points lie in a subregion that they enter, by their place in the list.
    mean_output : (N,) ndarray or None
        Mean over the trials of the output at their last step; None for a network without readout.
    """

    condition: str
    n_trials: int
    n_steps: int
    bitcodes: tuple[str, ...]
    frequencies: np.ndarray
    effective_number: float
    fixed_points: tuple[int, ...]
    mean_output: np.ndarray | None

    @property
    def subregions(self) -> int:
        """How many subregions they visit."""
        return len(self.bitcodes)

    def held_by(self, share: float) -> int:
        """How many subregions, the most visited first, hold at least this share of the steps."""
        share = number("share", share, above=0.0, most=1.0)
        return int(np.searchsorted(np.cumsum(self.frequencies), share - 1e-12)) + 1


@dataclass(frozen=True, eq=False)
class ConditionUse(ResultSequence[ConditionVisits]):
    """The conditions of a set of trials, one after another.

    Attributes
    ----------
    divergences : DivergenceMatrix or None
        Jensen-Shannon divergences between the bitcode frequencies of the conditions; None with fewer than two.
    fixed_points : tuple of str
        Subregions of the fixed points that were looked for.
    output_names : tuple of str
        One name an output, where the network has them; else empty.
    """

    columns = ("condition", "n_trials", "n_steps", "subregions", "effective_number", "fixed_points", "mean_output")
    optional_columns = ("mean_output",)

    _items: tuple[ConditionVisits, ...]
    divergences: DivergenceMatrix | None
    fixed_points: tuple[str, ...]
    output_names: tuple[str, ...]

    def usage(self) -> Table:
        """How the steps of each condition are shared among subregions.

        Returns
        -------
        Table
            One row per subregion, the most used first: ``bitcode``, and a column per condition with the share of its
            steps. The order is that of the sums of the row, so that every condition weighs the same.
        """
        shares = {c.condition: dict(zip(c.bitcodes, c.frequencies.tolist(), strict=True)) for c in self}
        total: dict[str, float] = {}
        for own in shares.values():
            for code, share in own.items():
                total[code] = total.get(code, 0.0) + share
        codes = sorted(total, key=lambda code: (-total[code], code))
        columns = {name: [own.get(code, 0.0) for code in codes] for name, own in shares.items()}
        return Table({"bitcode": codes, **{_column(name): shares for name, shares in columns.items()}})

    def __repr__(self) -> str:
        span = "" if self.divergences is None else f"; divergences {repr(self.divergences).rpartition('; ')[2][:-1]}"
        several = [c.subregions for c in self]
        visit = f"{min(several)} to {max(several)} subregions each" if several else "no trials"
        return f"<ConditionUse: {count_words(len(self), 'condition')}, {visit}{span}>"


def _column(name: str) -> str:
    """A condition as the name of a column beside the bitcodes."""
    return f"condition {name}" if name == "bitcode" else name


@checked
def condition_use(
    trajectory: Trajectory,
    labels: Any,
    fixed_points: FixedPoints | None = None,
    *,
    n_resamples: int = 0,
    n_permutations: int = 499,
    seed: int = 0,
) -> ConditionUse:
    """What the trials of each condition visit, where they end, and how alike the conditions are.

    Parameters
    ----------
    trajectory : Trajectory
        Of driven trials.
    labels : (batch,) array_like
        The condition of each trial, text or whole numbers, such as ``model.trials.labels``.
    fixed_points : FixedPoints, optional
        Of the same network; which of their subregions does each condition enter?
    n_resamples, n_permutations, seed : int, optional
        For the divergences, see :func:`plrnn_analysis.symbols.compare_conditions`.

    Returns
    -------
    ConditionUse
        Conditions in the order of their first trials. Steps of padding count nowhere.

    Raises
    ------
    ModelError
        If labels do not fit, or a trial diverges.

    Notes
    -----
    O(N log N) for N steps, and the cost of the divergences.

    Examples
    --------
    >>> import numpy as np
    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5], W=[[0.2]], h=[0.0], C=[[1.0]], pwl_units=1)
    >>> run = model.run(np.repeat([-1.0, -1.0, 1.0, 1.0], 6).reshape(4, 6, 1))
    >>> found = condition_use(run, ["left", "left", "right", "right"])
    >>> [(c.condition, c.bitcodes) for c in found]
    [('left', ('0',)), ('right', ('1',))]
    >>> float(found.divergences.matrix[0, 1])
    1.0
    """
    parts = _parts(trajectory, labels)
    visits = [_visits(name, part, fixed_points) for name, part in parts.items()]
    divergences = None
    if len(parts) > 1:
        options: dict[str, Any] = {"n_resamples": n_resamples, "n_permutations": n_permutations, "seed": seed}
        divergences = compare_conditions(parts, **options)
    codes = () if fixed_points is None else tuple(point.bitcode for point in fixed_points)
    return ConditionUse(tuple(visits), divergences, codes, trajectory.output_names)


@checked
def mark_conditions(graph: Any, trajectory: Trajectory, labels: Any, discard: int = 0) -> None:
    """Enter into a transition graph how often each condition visits its nodes and takes its edges.

    Parameters
    ----------
    graph : networkx.DiGraph
        From :func:`plrnn_analysis.transitions.transition_graph` of the same trajectory.
    trajectory : Trajectory
    labels : (batch,) array_like
        The condition of each trial.
    discard : int, optional
        As for the graph.

    Raises
    ------
    ModelError
        If labels do not fit.

    Notes
    -----
    Nodes get ``visits_NAME`` and edges ``count_NAME`` (int) for every condition NAME, 0 included; over the conditions
    they add up to ``visits`` and ``count``. Control characters in names, which GraphML does not have, are escaped. The
    graph gets ``conditions``, the names separated by ``"; "``.

    Examples
    --------
    >>> import numpy as np
    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5], W=[[0.2]], h=[0.0], C=[[1.0]], pwl_units=1)
    >>> run = model.run(np.repeat([-1.0, 1.0], 6).reshape(2, 6, 1))
    >>> graph = model.transition_graph(run)
    >>> mark_conditions(graph, run, ["left", "right"])
    >>> graph.nodes["0"]["visits_left"], graph.nodes["0"]["visits_right"], graph.edges["1", "1"]["count_right"]
    (6, 0, 5)
    """
    from .transitions import count_transitions

    if not (hasattr(graph, "nodes") and hasattr(graph, "edges")):
        raise ModelError(f"graph must be a transition graph, got {shown(graph)}")
    parts = _parts(trajectory, labels)
    names = _escaped(parts)
    for name, part in zip(names, parts.values(), strict=True):
        for _, data in graph.nodes(data=True):
            data[f"visits_{name}"] = 0
        for *_, data in graph.edges(data=True):
            data[f"count_{name}"] = 0
        longest = part.n_steps if part.lengths is None else int(part.lengths.max())
        if discard >= longest:
            continue
        counts = count_transitions(part.bitcodes, discard, part.lengths)
        codes = [bits_to_string(bits) for bits in counts.bitcodes]
        for code, visits in zip(codes, counts.visits.tolist(), strict=True):
            graph.nodes[code][f"visits_{name}"] = visits
        for i, j, count in zip(counts.source, counts.target, counts.count.tolist(), strict=True):
            graph.edges[codes[i], codes[j]][f"count_{name}"] = count
    graph.graph["conditions"] = "; ".join(names)


def _escaped(names: Iterable[str]) -> list[str]:
    """Names without control characters, and still different."""
    escaped: list[str] = []
    for name in names:
        text = in_a_line(name)
        while text in escaped:
            text += "'"
        escaped.append(text)
    return escaped


def _parts(trajectory: Trajectory, labels: Any) -> dict[str, Trajectory]:
    """The trials of each condition, in the order of their first trials."""
    given = np.asarray(labels)
    n = len(trajectory.states)
    if given.shape != (n,) or given.dtype.kind not in "iubU":
        raise ModelError(f"labels must be text or whole numbers, one for each of {n} trials; got {given.shape}")
    names = given.astype(str)
    return {name: trajectory.select(np.flatnonzero(names == name)) for name in dict.fromkeys(names.tolist())}


def _visits(name: str, part: Trajectory, fixed_points: FixedPoints | None) -> ConditionVisits:
    found = occupancy(part)
    entered: tuple[int, ...] = ()
    if fixed_points is not None and len(fixed_points):
        entered = tuple(np.flatnonzero(fixed_points.visited(part)).tolist())
    output = None
    if part.outputs is not None:
        n = len(part.states)
        last = np.full(n, part.n_steps) if part.lengths is None else part.lengths
        output = part.outputs[np.arange(n), last - 1].mean(axis=0)
    return ConditionVisits(
        condition=name,
        n_trials=found.n_trials,
        n_steps=found.n_steps,
        bitcodes=tuple(item.bitcode for item in found),
        frequencies=found.frequencies,
        effective_number=found.effective_number.plug_in,
        fixed_points=entered,
        mean_output=output,
    )
