"""``plrnn bifurcations``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..checkpoint_options import Checkpoint, InputOption, parse_numbers, takes_checkpoints
from ..display.abbreviation import count_words
from ..errors import ModelError
from ..trial_choice import held_input
from .shared import (
    FigureOption,
    JsonOption,
    TimeLimit,
    channel,
    check_outputs,
    draw,
    end,
    interruptible,
    nothing_known,
    write_json,
)

if TYPE_CHECKING:
    import numpy as np

    from ..bifurcations import CheckpointPath
    from ..model import PLRNN

__all__ = ["bifurcations"]

# Values of a parameter where nobody says how many.
POINTS = 41
# NAME[I], NAME[I,J], or NAME:I,J where a shell reads brackets.
_PARAMETER = re.compile(r"(?P<name>\w+)(?:\[(?P<index>.+)\]|:(?P<other>.+))")


@takes_checkpoints
def bifurcations(
    checkpoints: list[Checkpoint],
    parameter: Annotated[
        str | None,
        typer.Option(
            "--parameter",
            metavar="NAME[I,J]",
            help="An entry of a weight or offset, such as W[0,1] or h[2], or an input by name or number, such as "
            "input[0]. In quotes, or as W:0,1, where the shell reads brackets.",
        ),
    ] = None,
    start: Annotated[float | None, typer.Option("--from", help="Its lowest value.")] = None,
    stop: Annotated[float | None, typer.Option("--to", help="Its highest value.")] = None,
    points: Annotated[
        int | None,
        typer.Option(
            "--points", min=2, metavar="N", help="Number of values searched.", show_default=f"{POINTS}; the checkpoints"
        ),
    ] = None,
    max_period: Annotated[int, typer.Option("--max-period", min=1, metavar="N", help="Longest cycle followed.")] = 1,
    constant_input: InputOption = None,
    time_limit: TimeLimit = 300.0,
    json_file: JsonOption = None,
    figure: FigureOption = None,
    unit: Annotated[
        int | None, typer.Option("--unit", min=0, metavar="I", help="Draw this unit; by default the first output.")
    ] = None,
    output: Annotated[str | None, typer.Option("--output", metavar="NAME", help="Draw this output.")] = None,
) -> None:
    """Follow fixed points and cycles through a parameter, and find where they appear, vanish and change stability.

    Of several checkpoints, such as those of a training run, the parameter is the way from each to the next: 0 is the
    first, 1 the second, and so on.

    Exit codes are those of plrnn analyze.

    Example: plrnn bifurcations rnn.safetensors --parameter "W[0,1]" --from -1 --to 1 --points 41 --figure branches.svg

    Example: plrnn bifurcations run/snapshots/*.safetensors --json training.json
    """
    check_outputs(json_file, figure)
    with interruptible() as ctrl_c:
        from .. import terminal
        from ..terminal.printing import say

        held = parse_numbers(constant_input, "--input", float)
        models = [checkpoint.load() for checkpoint in checkpoints]
        at = held_input(models[0], held, "--input")
        along = _along(models, [checkpoint.path for checkpoint in checkpoints], parameter)
        if parameter is not None and (start is None or stop is None):
            raise ModelError("--parameter needs a range: --from and --to")
        values = _values(models, start, stop, points)
        coordinate, label = _drawn(models[0], unit, output)
        if json_file != "-":
            terminal.print_model(models[0], checkpoints[0].path, held, driven=held is None)
            if len(models) > 1:
                say(f"{len(models):,} checkpoints, the last {checkpoints[-1].path}")
        with nothing_known("fixed points and cycles"):
            found = models[0].bifurcations(
                along, values, max_period=max_period, constant_input=at, time_limit=time_limit, progress=ctrl_c.progress
            )
        if json_file != "-":
            terminal.print_bifurcations(found)
        write_json(json_file, lambda: found.to_json(indent=2))

        def plot() -> Any:
            from ..plotting import plot_bifurcation_diagram

            return plot_bifurcation_diagram(found, coordinate, label=label)

        draw(figure, plot, ctrl_c, json_file == "-")
    end(ctrl_c, found.complete)


def _along(models: list[PLRNN], paths: list[Path], parameter: str | None) -> tuple[Any, ...] | CheckpointPath[PLRNN]:
    """What the library calls the parameter."""
    from ..bifurcations import path_through
    from ..bifurcations.parameters import family_of

    if len(models) > 1:
        if parameter is not None:
            raise ModelError("--parameter is for one checkpoint; of several, the way through them is the parameter")
        try:
            return path_through(models)
        except ModelError as error:
            raise ModelError(f"{error}; model 0 is {paths[0]}") from error
    if parameter is None:
        raise ModelError("say what is to change: --parameter, such as W[0,1], or several checkpoints of one network")
    found = _PARAMETER.fullmatch(parameter.replace(" ", ""))
    if found is None:
        raise ModelError(f"--parameter takes a name with an index, such as W[0,1], h[2] or input[0]; got {parameter!r}")
    name, index = found["name"], found["index"] or found["other"]
    if name == "input":
        return name, channel(models[0], index, "--parameter")
    try:
        numbers = [int(part) for part in index.split(",")]
        family_of(models[0], (name, *numbers))
    except ModelError as error:
        raise ModelError(f"--parameter {parameter}: {error}") from error
    except ValueError:
        raise ModelError(f"--parameter {parameter}: an index is a whole number, counted from 0") from None
    return name, *numbers


def _values(models: list[PLRNN], start: float | None, stop: float | None, points: int | None) -> np.ndarray:
    import numpy as np

    if len(models) == 1:
        assert start is not None and stop is not None  # see _along
    low = 0.0 if start is None else start
    high = float(len(models) - 1) if stop is None else stop
    if not low < high:
        raise ModelError(f"--from must be less than --to, got {low:g} and {high:g}")
    if len(models) > 1 and (low < 0 or high > len(models) - 1):
        raise ModelError(
            f"the way through {len(models)} checkpoints goes from 0 to {len(models) - 1}: mend --from or --to"
        )
    if points is None and len(models) > 1:
        inside = np.arange(np.ceil(low), np.floor(high) + 1.0)
        return np.unique(np.concatenate([[low], inside, [high]]))
    return np.linspace(low, high, points or POINTS)


def _drawn(model: PLRNN, unit: int | None, output: str | None) -> tuple[Any, str | None]:
    """What a figure shows of a state: a unit, or the weights of an output and its name."""
    from ..results.naming import channel_name

    if unit is not None and output is not None:
        raise ModelError("--unit and --output exclude each other")
    if unit is not None:
        if unit >= model.n_units:
            raise ModelError(f"--unit {unit}: the network has {count_words(model.n_units, 'unit')}, counted from 0")
        return unit, None
    if model.B is None:
        if output is not None:
            channel(model, output, "--output", "output")
        return 0, None
    k = 0 if output is None else channel(model, output, "--output", "output")
    return model.B[k], channel_name(model.output_names, k, "output")
