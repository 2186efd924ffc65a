"""Which subregions trajectories visit, all in all and in each condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._wording import in_a_line
from ..appearance import by_visits, node_labels
from ..display.abbreviation import count_words, short_bitcode
from ..graph_summary import summarize_graph
from .printing import say
from .tables import LISTED_ROWS, name_cells, named_table, new_table

if TYPE_CHECKING:
    import networkx

    from ..conditions import ConditionUse
    from ..results import Trajectory

__all__ = ["print_conditions", "print_graph"]

# A trajectory that ends this many times further out than it began is called growing.
GROWN = 1e4
# Beyond this p-value two conditions may not differ at all.
DOUBTFUL = 0.05


def print_graph(run: Trajectory, graph: networkx.DiGraph) -> None:
    """Which subregions trajectories visited, most visited first.

    Parameters
    ----------
    run : Trajectory
    graph : networkx.DiGraph
        Its transition graph, with fixed points.
    """
    about, summary = graph.graph, summarize_graph(graph)
    norms = np.linalg.norm(run.states, axis=-1)
    kept = norms[:, about["discard"] :][run.valid[:, about["discard"] :]]
    noun = ("trajectory", "trajectories") if run.inputs is None else ("trial", "trials")
    trajectories = count_words(about["n_trajectories"], *noun)
    most = "" if run.lengths is None else "up to "
    left_out = f", the first {about['discard']:,} left out" if about["discard"] else ""
    say(f"{trajectories} of {most}{count_words(about['n_steps'], 'step')}{left_out}")
    say(
        f"{count_words(len(summary), 'subregion')} visited of at most 2^{about['pwl_units']}, "
        f"{count_words(summary.n_transitions, 'transition')} seen"
    )
    say(
        f"entropy of the subregion visited {summary.entropy:.3g} bits, "
        f"entropy rate {summary.entropy_rate:.3g} bits per step"
    )
    say(f"states visited: |z| from {kept.min():.4g} to {kept.max():.4g}")
    names = node_labels(by_visits(graph))
    columns = ("frequency", "spectral radius", "fixed points", "followed by")
    table = named_table("Subregions by visits", names, *columns)
    for node in summary[:LISTED_ROWS]:
        following = ", ".join(f"{names[code]} {share:.3g}" for code, share in node.followed_by.items())
        radius = f"{node.spectral_radius:.6g}"
        row = (f"{node.frequency:.4g}", radius, node.stability or "none", following)
        table.add_row(*name_cells(node.bitcode, names), *row)
    say(table)
    if len(summary) > LISTED_ROWS:
        say(f"({count_words(len(summary) - LISTED_ROWS, 'further subregion')} in the file)")
    say()
    growing = int(np.count_nonzero(norms[:, -1] > GROWN * (1.0 + np.linalg.norm(run.initial, axis=-1))))
    if growing and run.inputs is None:
        who = count_words(growing, "trajectory", "trajectories")
        say(
            f"Note: {who} grew more than {GROWN:g} times: started there the model is unstable, and the graph "
            "shows its escape. From Python, model.simulate(steps, z0) starts elsewhere."
        )
    if about["fixed_points_unvisited"]:
        elsewhere = count_words(about["fixed_points_unvisited"], "fixed point or continuum", "fixed points or continua")
        say(f"Note: {elsewhere} in subregions that no trajectory visited.")
    if not about["fixed_points_complete"]:
        say("Note: the search for fixed points was not complete; there may be more than the table shows.")


def print_conditions(found: ConditionUse) -> None:
    """What each condition visits, and how alike the conditions are.

    Parameters
    ----------
    found : ConditionUse
    """
    # In the order of the dendrogram, so that conditions that are alike stand together.
    order = range(len(found)) if found.divergences is None else found.divergences.order
    shown = [found[i] for i in order]
    columns = ["", "condition", "trials", "subregions", "half of the time in", "effective number"]
    points = len(found.fixed_points)
    table = new_table("Conditions", *columns, *(["fixed points there"] if points else []))
    for number, c in enumerate(shown, start=1):
        cells = [str(number), in_a_line(c.condition), str(c.n_trials), str(c.subregions), str(c.held_by(0.5))]
        entered = [f"{len(c.fixed_points)} of {points}"] if points else []
        table.add_row(*cells, f"{c.effective_number:.4g}", *entered)
    say(table)
    numbers = [str(number) for number in range(1, len(shown) + 1)]
    usage = found.usage()
    names = list(usage)
    table = new_table("Share of the steps of each condition", "bitcode", *numbers)
    for row in range(min(usage.n_rows, LISTED_ROWS)):
        cells = [f"{usage[names[1 + i]][row]:.2g}".replace("0.", ".") for i in order]
        table.add_row(short_bitcode(usage["bitcode"][row]), *cells)
    say(table)
    if usage.n_rows > LISTED_ROWS:
        say(f"({count_words(usage.n_rows - LISTED_ROWS, 'further subregion')} in the graph)")
    if found.divergences is None:
        return
    divergences = found.divergences
    table = new_table("Jensen-Shannon divergence (bits; ○ shuffled trials give as much)", "", "condition", *numbers)
    for name, i in zip(numbers, order, strict=True):
        cells = ["" if i == j else _divergence(divergences.matrix[i, j], divergences.p_value[i, j]) for j in order]
        table.add_row(name, in_a_line(divergences.conditions[i]), *cells)
    say(table)


def _divergence(value: float, p_value: float) -> str:
    return f"{value:.2f}".replace("0.", ".") + ("○" if p_value > DOUBTFUL else "")
