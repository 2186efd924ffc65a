"""``plrnn report``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from .._files import check_directory
from .._wording import printable
from ..checkpoint_options import Checkpoint, InputOption, InputsOption, ProbesOption, parse_numbers, takes_checkpoint
from ..trial_choice import held_input, story_trials
from .shared import TimeLimit, end, interruptible, written

__all__ = ["report"]


@takes_checkpoint
def report(
    checkpoint: Checkpoint,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Directory of the report; CHECKPOINT-report by default."),
    ] = None,
    constant_input: InputOption = None,
    time_limit: TimeLimit = 60.0,
    max_period: Annotated[
        int, typer.Option("--max-period", min=1, metavar="N", help="Also find every cycle up to this period.")
    ] = 1,
    steps: Annotated[
        int, typer.Option("--steps", min=1, metavar="N", help="Steps for which free runs are followed.")
    ] = 10_000,
    inputs: InputsOption = None,
    probe: ProbesOption = None,
    free: Annotated[bool, typer.Option("--free", help="Take free runs although there are trials.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of initial states and trials.")] = 0,
) -> None:
    """Write what plrnn analyze finds to one page of HTML, with figures, tables and the transition graph.

    The page is DIR/report.html. It needs nothing outside itself, so that it can be sent to others, and prints on A4.

    Ctrl-C ends the searches; the page is written with what is known by then and says what is missing.

    Exit codes are those of plrnn analyze.

    Example: plrnn report rnn.safetensors -o report

    Example: plrnn report rnn.safetensors --max-period 6 --input 1,0 --inputs trials.npy
    """
    with interruptible() as ctrl_c:
        from ..findings import Wanted
        from ..report.writing import PAGE, Origin, make_report
        from ..summary import coverage_sentences
        from ..terminal.printing import say

        directory = out or Path(f"{checkpoint.path.stem or checkpoint.path.resolve().name}-report")
        check_directory(directory, "--out")
        held = parse_numbers(constant_input, "--input", float)
        probes = [parse_numbers(text, "--probe", float) for text in probe or []]
        model = checkpoint.load()
        wanted = Wanted(
            held=held_input(model, held, "--input"),
            probes=tuple(held_input(model, numbers, "--probe") for numbers in probes),
            trials=story_trials(model, inputs, free, seed),
            max_period=max_period,
            steps=steps,
            seed=seed,
            time_limit=time_limit,
        )
        origin = Origin(checkpoint.path, shlex.join(["plrnn", *sys.argv[1:]]))
        found = make_report(model, wanted, origin, directory, ctrl_c)
        say(coverage_sentences(found.fixed_points)[0])
        written(printable(str(directory / PAGE)))
    end(ctrl_c, found.complete)
