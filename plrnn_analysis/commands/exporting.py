"""``plrnn export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .._files import check_file
from ..checkpoint_options import Checkpoint, InputOption, parse_numbers, takes_checkpoint
from ..errors import ModelError
from ..trial_choice import held_input
from .shared import TimeLimit, Workers, corners, end, interruptible, nothing_known, written

__all__ = ["export"]


@takes_checkpoint
def export(
    checkpoint: Checkpoint,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A file, .mps, .lp, .vnnlib or .onnx.")],
    constant_input: InputOption = None,
    box: Annotated[
        str | None,
        typer.Option("--box", metavar="LOW,HIGH", help="Ask for fixed points whose units lie in this range."),
    ] = None,
    exclude_found: Annotated[
        bool,
        typer.Option("--exclude-found", help="Find all fixed points first, and ask whether there is another one."),
    ] = False,
    exclude: Annotated[
        str | None,
        typer.Option(
            "--exclude",
            metavar="CODES",
            help="Bitcodes, comma-separated: ask for fixed points outside of these subregions.",
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance", min=0.0, metavar="RESIDUAL", help="Of .vnnlib: what a state may move that counts as fixed."
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision", help="float64 or float32, of .onnx files; by default float64, and float32 beside .vnnlib."
        ),
    ] = None,
    time_limit: TimeLimit = 60.0,
    workers: Workers = 1,
) -> None:
    """Write the question for the fixed points for a solver or verifier of others, or one step of the network.

    The end of the name says what is written: .mps and .lp a mixed-integer program, .vnnlib a property with a network
    beside it, .onnx one step.

    Exit codes are those of plrnn analyze.

    Example: plrnn export rnn.safetensors rnn.mps --box -20,20 --exclude-found

    Example: plrnn export rnn.safetensors rnn.vnnlib --box -20,20 --exclude 01,10

    Example: plrnn export rnn.safetensors rnn.onnx
    """
    from ..exports.suffixes import SUFFIXES

    suffix = out.suffix.lower()
    if suffix not in SUFFIXES:
        raise ModelError(f"OUT {out}: a network is exported as {', '.join(SUFFIXES)}; give a name with one")
    if exclude_found and exclude is not None:
        raise ModelError("--exclude-found and --exclude exclude each other")
    if suffix == ".vnnlib" and box is None:
        raise ModelError("a .vnnlib property needs --box LOW,HIGH: verifiers look for an answer in a box")
    check_file(out, "OUT")
    held = parse_numbers(constant_input, "--input", float)
    model = checkpoint.load()
    at = held_input(model, held, "--input")
    options: dict[str, Any] = {"tolerance": tolerance, "precision": precision}
    options["box"] = None if box is None else corners(box, model.n_units)
    options["exclude"] = None if exclude is None else [code.strip() for code in exclude.split(",")]
    given = {name: value for name, value in options.items() if value is not None}
    complete = True
    with interruptible() as ctrl_c:
        if exclude_found:
            from .. import terminal

            with nothing_known("the fixed points"):
                found = model.fixed_points(at, time_limit=time_limit, workers=workers, progress=ctrl_c.progress)
            terminal.print_fixed_points(found)
            given["exclude"], complete = found, found.complete
        model.export(out, at, **given)
        written(out)
        if suffix == ".vnnlib":
            written(out.with_suffix(".onnx"))
    end(ctrl_c, complete)
