"""Models and results on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from ._wording import printable
from .checkpoint_options import in_options
from .display.abbreviation import count_words, short_bitcode, short_state, short_word
from .graph_summary import summarize_graph
from .results.naming import LISTED_OUTPUTS, LONGEST_NAME
from .summary import coverage_sentences, cycle_sentences

if TYPE_CHECKING:
    import networkx

    from .conditions import ConditionUse
    from .explain import Ablation, Explanation
    from .model import PLRNN
    from .results import Cycles, FixedPoints, Trajectory
    from .story import Section

__all__ = [
    "print_ablations",
    "print_conditions",
    "print_contents",
    "print_cycles",
    "print_explanation",
    "print_fixed_points",
    "print_graph",
    "print_model",
    "print_section",
    "print_subregions",
]

# Subregions are listed one by one up to this many ReLUs, graph nodes up to this many rows.
LISTED_RELUS = 4
LISTED_ROWS = 20
# Inputs, or subregions, that stand beside each other in a table of events.
EVENT_COLUMNS = 4
# Columns of text.
LEFT = (
    "bitcode", "word", "steps of the first trial", "replaced by", "stability", "z", "output", "mean output",
    "fixed points", "followed by", "condition", "input",
)  # fmt: skip
# A trajectory that ends this many times further out than it began is called growing.
GROWN = 1e4
# Beyond this p-value two conditions may not differ at all.
DOUBTFUL = 0.05
# |eigenvalue - 1| below this is called slow.
SLOW = 1e-2


def _print(*texts: str | Table, style: str | None = None) -> None:
    # File names and bitcodes are no markup. A console a call: tests and callers redirect stdout.
    shown = [printable(text) if isinstance(text, str) else text for text in texts]
    Console(markup=False, highlight=False).print(*shown, style=style)


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name in columns:
        table.add_column(name, justify="left" if name in LEFT else "right", overflow="fold")
    return table


def _outputs(output: np.ndarray | None) -> list[str]:
    """A cell of the outputs, the first of them; none where there is no readout."""
    if output is None:
        return []
    return [", ".join(f"{x:.4g}" for x in output[:LISTED_OUTPUTS]) + (", ..." if len(output) > LISTED_OUTPUTS else "")]


def print_model(model: PLRNN, checkpoint: Path, constant_input: Sequence[float] | None, driven: bool = False) -> None:
    """Where a model comes from and how large it is.

    Parameters
    ----------
    model : PLRNN
    checkpoint : Path
    constant_input : sequence of float or None
    driven : bool, optional
        Whether trials drive the model, so that there is no constant input to speak of.
    """
    n = model.pwl_units
    sizes = [count_words(model.n_units, "unit"), count_words(n, "ReLU"), f"at most 2^{n} subregions"]
    sizes += [count_words(model.n_inputs, "input"), count_words(model.n_outputs, "output")]
    _print(str(checkpoint), style="bold")
    _print(f"{model.architecture}: {', '.join(sizes)}")
    if model.n_inputs and not driven:
        held = "zero" if constant_input is None else ", ".join(f"{s:g}" for s in constant_input)
        _print(f"constant input: {held}")
    for note in model.notes:
        _print(f"Note: {in_options(note)}.")


def print_contents(model: PLRNN) -> None:
    """What a checkpoint brings beside the weights: names, trials, and how the model was trained.

    Parameters
    ----------
    model : PLRNN
    """
    for what, names in (("inputs", model.input_names), ("outputs", model.output_names)):
        if names:
            _print(f"{what}: {', '.join(names)}")
    if model.trials is not None:
        _print(f"trials: {repr(model.trials)[1:-1].partition(': ')[2]}")
    if model.training:
        _print(f"training: {', '.join(f'{name} {value}' for name, value in model.training.items())}")


def print_subregions(model: PLRNN, constant_input: Sequence[float] | None) -> None:
    """The subregions of a model, if they are few.

    Parameters
    ----------
    model : PLRNN
    constant_input : sequence of float or None
    """
    if model.pwl_units > LISTED_RELUS:
        _print(f"(subregions are listed for up to {LISTED_RELUS} ReLUs only)")
        return
    table = _table("Subregions", "bitcode", "spectral radius", "fixed point inside")
    for region in model.regions(constant_input=constant_input):
        inside = "yes" if region.contains_fixed_point else "no" if region.fixed_point is not None else "singular"
        table.add_row(region.bitcode, f"{region.spectral_radius:.6g}", inside)
    _print(table)


def print_fixed_points(result: FixedPoints) -> None:
    """Fixed points, continua, and what was proved about them.

    Parameters
    ----------
    result : FixedPoints
    """
    if len(result):
        read = any(point.output is not None for point in result)
        columns = ("bitcode", "stability", "spectral radius", "to boundary", "residual", "z")
        table = _table("Fixed points", *columns, *(["output"] if read else []))
        for point in result:
            distance = "on boundary" if point.on_boundary else f"{point.boundary_distance:.4g}"
            numbers = (f"{point.spectral_radius:.6g}", distance, f"{point.residual:.1e}", short_state(point.z))
            table.add_row(short_bitcode(point.bitcode), point.stability, *numbers, *_outputs(point.output))
        _print(table)
    if result.continua:
        table = _table("Continua of fixed points", "bitcode", "dimension", "extent", "residual", "z")
        for piece in result.continua:
            extent = "" if piece.interval is None else f"{piece.interval[0]:.4g} .. {piece.interval[1]:.4g}"
            numbers = (str(piece.dimension), extent, f"{piece.residual:.1e}", short_state(piece.anchor))
            table.add_row(short_bitcode(piece.bitcode), *numbers)
        _print(table)
    _print()
    for sentence in coverage_sentences(result):
        _print(sentence)
    if any(abs(value - 1.0) < SLOW for point in result for value in point.eigenvalues):
        _print(
            f"Note: an eigenvalue within {SLOW:g} of 1 is a slow direction, such as the memory of an integrator. "
            "The fixed point of so slow a subregion can lie far outside the states the network visits."
        )


def print_section(section: Section) -> None:
    """A section of a story.

    Parameters
    ----------
    section : Section
    """
    _print(f"\n{section.title}", style="bold")
    for sentence in section.sentences:
        _print(sentence)


def print_cycles(result: Cycles) -> None:
    """Cycles beyond the fixed points, shortest first, and what was proved about them.

    Parameters
    ----------
    result : Cycles
    """
    longer = [cycle for cycle in result if cycle.period > 1]
    if longer:
        table = _table("Cycles", "period", "word", "stability", "spectral radius", "to boundary", "residual")
        for cycle in longer[:LISTED_ROWS]:
            distance = "on boundary" if cycle.on_boundary else f"{cycle.boundary_distance:.4g}"
            numbers = (f"{cycle.spectral_radius:.6g}", distance, f"{cycle.residual:.1e}")
            table.add_row(str(cycle.period), short_word(cycle.word), cycle.stability, *numbers)
        _print(table)
        if len(longer) > LISTED_ROWS:
            _print(f"({len(longer) - LISTED_ROWS:,} further cycles are in the JSON record, --json)")
    _print()
    for sentence in cycle_sentences(result):
        _print(sentence)


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
    _print(f"{trajectories} of {most}{count_words(about['n_steps'], 'step')}{left_out}")
    _print(
        f"{count_words(len(summary), 'subregion')} visited of at most 2^{about['pwl_units']}, "
        f"{count_words(summary.n_transitions, 'transition')} seen"
    )
    _print(
        f"entropy of the subregion visited {summary.entropy:.3g} bits, "
        f"entropy rate {summary.entropy_rate:.3g} bits a step"
    )
    _print(f"states visited: |z| from {kept.min():.4g} to {kept.max():.4g}")
    table = _table("Subregions by visits", "bitcode", "frequency", "spectral radius", "fixed points", "followed by")
    for node in summary[:LISTED_ROWS]:
        following = ", ".join(f"{short_bitcode(code)} {share:.3g}" for code, share in node.followed_by.items())
        radius = f"{node.spectral_radius:.6g}"
        table.add_row(short_bitcode(node.bitcode), f"{node.frequency:.4g}", radius, node.stability or "none", following)
    _print(table)
    if len(summary) > LISTED_ROWS:
        _print(f"({len(summary) - LISTED_ROWS:,} further subregions are in the file)")
    _print()
    growing = int(np.count_nonzero(norms[:, -1] > GROWN * (1.0 + np.linalg.norm(run.initial, axis=-1))))
    if growing and run.inputs is None:
        who = count_words(growing, "trajectory", "trajectories")
        _print(
            f"Note: {who} grew more than {GROWN:g} times: started there the model is unstable, and the graph "
            "shows its escape. From Python, model.simulate(steps, z0) starts elsewhere."
        )
    if about["fixed_points_unvisited"]:
        elsewhere = count_words(about["fixed_points_unvisited"], "fixed point or continuum", "fixed points or continua")
        _print(f"Note: {elsewhere} in subregions that no trajectory visited.")
    if not about["fixed_points_complete"]:
        _print("Note: the search for fixed points was not complete; there may be more than the table shows.")


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
    table = _table("Conditions", *columns, *(["fixed points there"] if points else []))
    for number, c in enumerate(shown, start=1):
        cells = [str(number), c.condition, str(c.n_trials), str(c.subregions), str(c.held_by(0.5))]
        entered = [f"{len(c.fixed_points)} of {points}"] if points else []
        table.add_row(*cells, f"{c.effective_number:.4g}", *entered)
    _print(table)
    numbers = [str(number) for number in range(1, len(shown) + 1)]
    usage = found.usage()
    names = list(usage)
    table = _table("Share of the steps of each condition", "bitcode", *numbers)
    for row in range(min(usage.n_rows, LISTED_ROWS)):
        cells = [f"{usage[names[1 + i]][row]:.2g}".replace("0.", ".") for i in order]
        table.add_row(short_bitcode(usage["bitcode"][row]), *cells)
    _print(table)
    if usage.n_rows > LISTED_ROWS:
        _print(f"({usage.n_rows - LISTED_ROWS:,} further subregions are in the graph)")
    if found.divergences is None:
        return
    divergences = found.divergences
    table = _table("Jensen-Shannon divergence (bits; ○ shuffled trials give as much)", "", "condition", *numbers)
    for name, i in zip(numbers, order, strict=True):
        cells = ["" if i == j else _divergence(divergences.matrix[i, j], divergences.p_value[i, j]) for j in order]
        table.add_row(name, divergences.conditions[i], *cells)
    _print(table)


def _divergence(value: float, p_value: float) -> str:
    return f"{value:.2f}".replace("0.", ".") + ("○" if p_value > DOUBTFUL else "")


def print_explanation(found: Explanation, inputs: np.ndarray, input_names: Sequence[str] = ()) -> None:
    """The modes of the visited subregions, and the steps that visit them.

    Parameters
    ----------
    found : Explanation
    inputs : (batch, T, K) ndarray
        What drove the trajectory.
    input_names : sequence of str, optional
        Of the K channels; their numbers by default.
    """
    channels = list(input_names) or [f"input {k}" for k in range(inputs.shape[2])]
    trials = count_words(found.n_trials, "trial")
    most = "up to " if np.any(found.codes == "") else ""
    _print(f"{trials} of {most}{count_words(found.n_steps, 'step')}: {count_words(len(found), 'subregion')} described")
    # A network without a readout has no gain to it.
    read_out = any(np.isfinite(mode.readout_gain) for region in found for mode in region.modes)
    gain_names = ("input gain", "readout gain") if read_out else ("input gain",)
    table = _table("Slowest modes", "bitcode", "eigenvalue", "time constant", *gain_names)
    for region in found:
        for number, mode in enumerate(region.modes):
            value = mode.eigenvalue
            text = f"{value.real:.5f}" if value.imag == 0 else f"{value.real:.5f} ± {value.imag:.5f}i"
            gains = (f"{mode.input_gain:.3g}", *([f"{mode.readout_gain:.3g}"] if read_out else []))
            bitcode = short_bitcode(region.bitcode) if number == 0 else ""
            table.add_row(bitcode, text, _time_constant(mode.time_constant), *gains)
    _print(table)
    events = [k for k in range(inputs.shape[2]) if set(np.unique(inputs[..., k]).tolist()) == {0.0, 1.0}]
    # More do not fit beside each other.
    beside = events if len(events) <= EVENT_COLUMNS else []
    names = [f"after an event on {channels[k]}" for k in beside]
    # Where bitcodes are too long to be read, outputs tell subregions apart.
    read = any(region.mean_output is not None and len(region.bitcode) > LONGEST_NAME for region in found)
    columns = ("bitcode", "all steps", *names, *(["mean output"] if read else []), "steps of the first trial")
    table = _table("Visits", *columns)
    for region in found:
        inside = found.codes == region.bitcode
        shares = [f"{inside[inputs[..., k] == 1.0].mean():.4f}" for k in beside]
        outputs = _outputs(region.mean_output) if read else []
        visits = (f"{region.frequency:.4f}", *shares, *outputs, _ranges(found, region.bitcode))
        table.add_row(short_bitcode(region.bitcode), *visits)
    _print(table)
    if not beside and events:
        _print_event_shares(found, inputs, {channels[k]: k for k in events})
    for k in beside:
        steps = [str(t + 1) for t in np.flatnonzero(inputs[0, :, k])]
        if steps:
            when = ", ".join(steps[:10]) + (f" and {len(steps) - 10} more" if len(steps) > 10 else "")
            _print(f"events on {channels[k]} in the first trial: step{'s' * (len(steps) > 1)} {when}")


def _print_event_shares(found: Explanation, inputs: np.ndarray, events: Mapping[str, int]) -> None:
    """One row an input, for there are many."""
    regions = found[:EVENT_COLUMNS]
    table = _table("Share of the steps after an event", "input", *(short_bitcode(region.bitcode) for region in regions))
    for name, k in events.items():
        on = inputs[..., k] == 1.0
        table.add_row(name, *(f"{(found.codes[on] == region.bitcode).mean():.4f}" for region in regions))
    _print(table)


def _time_constant(steps: float) -> str:
    return f"grows, {-steps:.4g}" if steps < 0 else f"{steps:.4g}"


def _ranges(found: Explanation, bitcode: str, limit: int = 8) -> str:
    stays = found.step_ranges(bitcode)
    texts = [f"{a}" if a == b else f"{a}-{b}" for a, b in stays[:limit]]
    return ", ".join(texts) + (f" and {len(stays) - limit} more" if len(stays) > limit else "")


def print_ablations(table: Sequence[Ablation]) -> None:
    """The error of a model with its ReLUs replaced, and which are needed.

    Parameters
    ----------
    table : sequence of Ablation
    """
    from .explain import NEEDED_FACTOR, gate_units

    shown = _table("Ablations", "unit", "replaced by", "MSE", "times the intact MSE")
    intact = table[0].mse
    words = {"none": "(intact)", "linear": "linear", "off": "always off", "on": "always on (= linear)"}
    single = [row for row in table if len(row.units) == 1]
    for row in table:
        units = "" if not row.units else str(row.units[0]) if len(row.units) == 1 else "all"
        ratio = f"{row.mse / intact:.4g}" if intact > 0 else ""
        shown.add_row(units, words[row.replacement], f"{row.mse:.3e}", ratio)
    _print(shown)
    _print()
    if not single:
        return
    needed = gate_units(table)
    factor = f"more than {NEEDED_FACTOR:g} times the intact error, whether it is linear or off"
    if needed:
        which = f"unit {needed[0]}" if len(needed) == 1 else f"each of the units {', '.join(map(str, needed))}"
        _print(f"Needed: the ReLU of {which} ({factor}).")
    else:
        _print(f"No single ReLU is needed ({factor} would be the sign).")
