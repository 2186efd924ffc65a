"""``plrnn compare``."""

from __future__ import annotations

from typing import Annotated

import typer

from ..checkpoint_options import Checkpoint, InputOption, parse_numbers, takes_two_checkpoints
from ..trial_choice import held_input
from .shared import JsonOption, TimeLimit, check_outputs, end, interruptible, nothing_known, write_json

__all__ = ["compare"]


@takes_two_checkpoints
def compare(
    checkpoints: tuple[Checkpoint, Checkpoint],
    constant_input: InputOption = None,
    readout_matters: Annotated[
        bool, typer.Option("--outputs/--no-outputs", help="Whether the outputs must agree as well.")
    ] = True,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            metavar="SHARE",
            help="Largest relative difference between equal networks.",
            show_default="1e-8; 1e-6 for single precision",
        ),
    ] = None,
    time_limit: TimeLimit = 60.0,
    json_file: JsonOption = None,
) -> None:
    """Say whether two networks are the same up to the order and scale of their ReLUs, and what they share.

    Options that say how a file is to be read hold for both networks. For the second alone, put b- before the name:
    --b-architecture, --b-pwl-units, and so on.

    Exit codes are those of plrnn analyze; they do not depend on whether the networks are the same.

    Example: plrnn compare rnn.safetensors smaller.safetensors

    Example: plrnn compare old.pt new.pt --pwl-units 10 --b-pwl-units 5 --no-outputs --json same.json
    """
    check_outputs(json_file)
    with interruptible() as ctrl_c:
        from .. import terminal
        from ..comparison import compare as find
        from ..terminal.printing import say

        held = parse_numbers(constant_input, "--input", float)
        first, second = (checkpoint.load() for checkpoint in checkpoints)
        at = held_input(first, held, "--input")
        held_input(second, held, "--input")
        if json_file != "-":
            for name, model, checkpoint in zip("AB", (first, second), checkpoints, strict=True):
                say(f"Network {name}")
                terminal.print_model(model, checkpoint.path, held, driven=held is None)
        with nothing_known("the two networks"):
            found = find(
                first,
                second,
                constant_input=at,
                readout=readout_matters,
                tolerance=tolerance,
                time_limit=time_limit,
                progress=ctrl_c.progress,
            )
        if json_file != "-":
            terminal.print_comparison(found)
        write_json(json_file, lambda: found.to_json(indent=2))
    end(ctrl_c, found.fixed_points_complete and found.exhausted)
