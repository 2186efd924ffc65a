"""``plrnn input-diagram``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..checkpoint_options import Checkpoint, InputOption, parse_numbers, takes_checkpoint
from ..errors import ModelError
from ..trial_choice import held_input
from .shared import (
    FigureOption,
    JsonOption,
    MaxNodes,
    Rigorous,
    TimeLimit,
    Workers,
    channel,
    check_outputs,
    draw,
    end,
    interruptible,
    nothing_known,
    write_json,
)

if TYPE_CHECKING:
    from ..model import PLRNN

__all__ = ["input_diagram"]


@takes_checkpoint
def input_diagram(
    checkpoint: Checkpoint,
    vary: Annotated[
        list[str],
        typer.Option(
            "--vary",
            metavar="INPUT=LOW,HIGH",
            help="An input by name or number, and its range; twice for two inputs.",
        ),
    ],
    constant_input: InputOption = None,
    max_nodes: MaxNodes = None,
    time_limit: TimeLimit = 60.0,
    workers: Workers = 1,
    rigorous: Rigorous = False,
    json_file: JsonOption = None,
    figure: FigureOption = None,
    output: Annotated[
        str | None,
        typer.Option("--output", metavar="NAME", help="Draw this output; by default the first, or else unit 0."),
    ] = None,
    stable_only: Annotated[
        bool, typer.Option("--stable-only", help="Colour the plane of two inputs by the stable fixed points alone.")
    ] = False,
) -> None:
    """Find all fixed points for every value of one or two inputs in a range. The other inputs are those of --input.

    Exit codes are those of plrnn analyze.

    Example: plrnn input-diagram rnn.safetensors --vary 0=-1,1 --figure diagram.svg

    Example: plrnn input-diagram rnn.safetensors --vary motion=-1,1 --vary colour=-1,1 --input 0,0,1 --json plane.json
    """
    check_outputs(json_file, figure)
    limits: dict[str, Any] = {"max_nodes": max_nodes, "time_limit": time_limit, "workers": workers}
    limits["verify"] = "rigorous" if rigorous else None
    with interruptible() as ctrl_c:
        from .. import terminal

        held = parse_numbers(constant_input, "--input", float)
        model = checkpoint.load()
        at = held_input(model, held, "--input")
        inputs, ranges = _varied(model, vary)
        weights = _drawn(model, output)
        if json_file != "-":
            terminal.print_model(model, checkpoint.path, held, driven=held is None)
        with nothing_known("fixed points"):
            found = model.input_diagram(inputs, ranges, base=at, progress=ctrl_c.progress, **limits)
        if json_file != "-":
            terminal.print_input_diagram(found, model.input_names)
        write_json(json_file, lambda: found.to_json(indent=2))

        def plot() -> Any:
            from ..plotting import plot_fixed_point_count, plot_input_diagram

            if len(inputs) == 2:
                return plot_fixed_point_count(found, stable_only)
            return plot_input_diagram(found, *weights)

        draw(figure, plot, ctrl_c, json_file == "-")
    end(ctrl_c, found.rigorous if rigorous else found.complete)


def _varied(model: PLRNN, texts: list[str]) -> tuple[list[int], list[tuple[float, float]]]:
    """Numbers and ranges of the inputs that vary."""
    inputs, ranges = [], []
    for text in texts:
        name, sign, numbers = text.rpartition("=")
        if not sign:
            raise ModelError(f"--vary takes an input and its range, such as 0=-1,1; got {text!r}")
        k = channel(model, name.strip(), "--vary")
        ends = parse_numbers(numbers, "--vary", float) or []
        if len(ends) != 2 or not ends[0] < ends[1]:
            raise ModelError(f"--vary {text}: the range is two numbers, the lower first, such as {name}=-1,1")
        if k in inputs:
            raise ModelError(f"--vary names input {k} twice")
        inputs.append(k)
        ranges.append((ends[0], ends[1]))
    if len(inputs) > 2:
        raise ModelError(f"--vary is for one or two inputs, got {len(inputs)}")
    return inputs, ranges


def _drawn(model: PLRNN, output: str | None) -> tuple[Any, str | None]:
    """What a figure of one input shows of a fixed point, and its name."""
    from ..results.naming import channel_name

    if output is None and model.B is None:
        return 0, None
    k = 0 if output is None else channel(model, output, "--output", "output")
    assert model.B is not None  # it has an output
    return model.B[k], channel_name(model.output_names, k, "output")
