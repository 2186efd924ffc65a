"""What subregions do, and which ReLUs a task needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..appearance import node_labels
from ..display.abbreviation import count_words
from ..results.naming import LONGEST_NAME, channel_name
from .printing import say
from .tables import name_cells, named_table, new_table, output_cells

if TYPE_CHECKING:
    from ..explain import Ablation, Explanation

__all__ = ["print_ablations", "print_explanation"]

# Inputs, or subregions, that stand beside each other in a table of events.
EVENT_COLUMNS = 4


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
    channels = [channel_name(input_names, k, "input") for k in range(inputs.shape[2])]
    trials = count_words(found.n_trials, "trial")
    most = "up to " if np.any(found.codes == "") else ""
    say(f"{trials} of {most}{count_words(found.n_steps, 'step')}: {count_words(len(found), 'subregion')} described")
    # A network without a readout has no gain to it.
    read_out = any(np.isfinite(mode.readout_gain) for region in found for mode in region.modes)
    gain_names = ("input gain", "readout gain") if read_out else ("input gain",)
    names = node_labels([region.bitcode for region in found])
    table = named_table("Slowest modes", names, "eigenvalue", "time constant", *gain_names)
    for region in found:
        for number, mode in enumerate(region.modes):
            value = mode.eigenvalue
            text = f"{value.real:.5f}" if value.imag == 0 else f"{value.real:.5f} ± {value.imag:.5f}i"
            gains = (f"{mode.input_gain:.3g}", *([f"{mode.readout_gain:.3g}"] if read_out else []))
            which = name_cells(region.bitcode if number == 0 else "", names)
            table.add_row(*which, text, _time_constant(mode.time_constant), *gains)
    say(table)
    events = [k for k in range(inputs.shape[2]) if set(np.unique(inputs[..., k]).tolist()) == {0.0, 1.0}]
    # More do not fit beside each other.
    beside = events if len(events) <= EVENT_COLUMNS else []
    after = [f"after an event on {channels[k]}" for k in beside]
    # Where bitcodes are too long to be read, outputs tell subregions apart.
    read = any(region.mean_output is not None and len(region.bitcode) > LONGEST_NAME for region in found)
    columns = ("all steps", *after, *(["mean output"] if read else []), "steps of the first trial")
    table = named_table("Visits", names, *columns)
    for region in found:
        inside = found.codes == region.bitcode
        shares = [f"{inside[inputs[..., k] == 1.0].mean():.4f}" for k in beside]
        outputs = output_cells(region.mean_output) if read else []
        visits = (f"{region.frequency:.4f}", *shares, *outputs, _ranges(found, region.bitcode))
        table.add_row(*name_cells(region.bitcode, names), *visits)
    say(table)
    if not beside and events:
        _print_event_shares(found, inputs, {k: channels[k] for k in events}, names)
    for k in beside:
        steps = [str(t + 1) for t in np.flatnonzero(inputs[0, :, k])]
        if steps:
            when = ", ".join(steps[:10]) + (f" and {len(steps) - 10} more" if len(steps) > 10 else "")
            say(f"events on {channels[k]} in the first trial: step{'s' * (len(steps) > 1)} {when}")


def _print_event_shares(
    found: Explanation, inputs: np.ndarray, events: Mapping[int, str], names: Mapping[str, str]
) -> None:
    """One row per input, for there are many."""
    regions = found[:EVENT_COLUMNS]
    table = new_table("Share of the steps after an event", "input", *(names[region.bitcode] for region in regions))
    for k, name in events.items():
        on = inputs[..., k] == 1.0
        table.add_row(name, *(f"{(found.codes[on] == region.bitcode).mean():.4f}" for region in regions))
    say(table)


def _time_constant(steps: float) -> str:
    return f"grows, {-steps:.4g}" if steps < 0 else f"{steps:.4g}"


def _ranges(found: Explanation, bitcode: str, limit: int = 8) -> str:
    stays = found.step_ranges(bitcode)
    texts = [f"{a}" if a == b else f"{a}-{b}" for a, b in stays[:limit]]
    return ", ".join(texts) + (f" and {len(stays) - limit} more" if len(stays) > limit else "")


def print_ablations(ablations: Sequence[Ablation]) -> None:
    """The error of a model with its ReLUs replaced, and which are needed.

    Parameters
    ----------
    ablations : sequence of Ablation
    """
    from ..explain import NEEDED_FACTOR, gate_units

    table = new_table("Ablations", "unit", "replaced by", "MSE", "times the intact MSE")
    intact = ablations[0].mse
    words = {"none": "(intact)", "linear": "linear", "off": "always off", "on": "always on (= linear)"}
    single = [row for row in ablations if len(row.units) == 1]
    for row in ablations:
        units = "" if not row.units else str(row.units[0]) if len(row.units) == 1 else "all"
        ratio = f"{row.mse / intact:.4g}" if intact > 0 else ""
        table.add_row(units, words[row.replacement], f"{row.mse:.3e}", ratio)
    say(table)
    say()
    if not single:
        return
    needed = gate_units(ablations)
    factor = f"more than {NEEDED_FACTOR:g} times the intact error, whether it is linear or off"
    if needed:
        which = f"unit {needed[0]}" if len(needed) == 1 else f"each of the units {', '.join(map(str, needed))}"
        say(f"Needed: the ReLU of {which} ({factor}).")
    else:
        say(f"No single ReLU is needed ({factor} would be the sign).")
