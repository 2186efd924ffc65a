"""Commands that do one thing each: ``plrnn info``, ``plrnn cycles`` and ``plrnn attractors``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ._files import check_file, write_atomically
from .checkpoint_options import Checkpoint, InputOption, parse_numbers, takes_checkpoint
from .interruption import INTERRUPTED, Interruption
from .statuses import StoppedBy
from .trial_choice import held_input

__all__ = ["add_search_commands"]

TimeLimit = Annotated[
    float, typer.Option("--time-limit", min=0.0, metavar="SECONDS", help="End the search after this many seconds.")
]
JsonOption = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON; - prints it instead.")
]


def add_search_commands(app: typer.Typer) -> None:
    """Let an application have them.

    Parameters
    ----------
    app : typer.Typer
    """
    for command in (info, cycles, attractors):
        app.command()(takes_checkpoint(command))


def info(checkpoint: Checkpoint, json_file: JsonOption = None) -> None:
    """Say what is in a checkpoint: architecture, sizes, names, trials, and how it was trained.

    Example: plrnn info rnn.safetensors

    Example: plrnn info rnn.pt --architecture leaky_rnn --alpha 0.2 --json -
    """
    _check(json_file)
    model = checkpoint.load()
    trials = model.trials
    about: dict[str, Any] = {
        "checkpoint": str(checkpoint.path),
        "architecture": model.architecture,
        "n_units": model.n_units,
        "pwl_units": model.pwl_units,
        "input_names": list(model.input_names),
        "output_names": list(model.output_names),
        "n_inputs": model.n_inputs,
        "n_outputs": model.n_outputs,
        "trials": 0 if trials is None else trials.n_trials,
        "conditions": [] if trials is None else list(trials.condition_names),
        "metadata": model.metadata,
    }
    if json_file != "-":
        from . import terminal

        terminal.print_model(model, checkpoint.path, None, driven=True)
        terminal.print_contents(model)
    _write(json_file, json.dumps(about, indent=2, ensure_ascii=False, default=str))


def cycles(
    checkpoint: Checkpoint,
    max_period: Annotated[int, typer.Option("--max-period", min=2, help="Longest period.")] = 8,
    constant_input: InputOption = None,
    max_nodes: Annotated[
        int | None, typer.Option("--max-nodes", min=1, help="End the search after this many nodes.")
    ] = None,
    time_limit: TimeLimit = 60.0,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Threads of the search.")] = 1,
    json_file: JsonOption = None,
) -> None:
    """Find every cycle up to a period, and say what was proved. The JSON record holds the fixed points as well.

    Exit codes are those of plrnn analyze.

    Example: plrnn cycles rnn.safetensors --max-period 6 --input 1,0 --json cycles.json
    """
    _check(json_file)
    limits: dict[str, Any] = {"max_nodes": max_nodes, "time_limit": time_limit, "workers": workers}
    with Interruption(sys.stderr.isatty()) as ctrl_c:
        from . import terminal

        held = parse_numbers(constant_input, "--input", float)
        model = checkpoint.load()
        at = held_input(model, held, "--input")
        if json_file != "-":
            terminal.print_model(model, checkpoint.path, held)
        found = model.cycles(max_period, constant_input=at, progress=ctrl_c.progress, **limits)
        if json_file != "-":
            terminal.print_cycles(found)
        _write(json_file, found.to_json(indent=2))
    _end(ctrl_c, found.complete)


def attractors(
    checkpoint: Checkpoint,
    constant_input: InputOption = None,
    n: Annotated[int, typer.Option("--states", "-n", min=1, help="Number of initial states, standard normal.")] = 100,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps for which each is followed.")] = 10_000,
    max_period: Annotated[int, typer.Option("--max-period", min=1, help="Longest cycle looked for.")] = 10_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the initial states.")] = 0,
    time_limit: TimeLimit = 60.0,
    json_file: JsonOption = None,
) -> None:
    """Follow free runs to their ends: fixed points and cycles, exactly, and what is neither.

    Exit codes are those of plrnn analyze.

    Example: plrnn attractors rnn.safetensors --states 500 --input 1,0 --json attractors.json
    """
    _check(json_file)
    asked: dict[str, Any] = {"n": n, "steps": steps, "max_period": max_period, "seed": seed, "time_limit": time_limit}
    with Interruption(sys.stderr.isatty()) as ctrl_c:
        from . import terminal
        from .story import where_runs_end

        held = parse_numbers(constant_input, "--input", float)
        model = checkpoint.load()
        at = held_input(model, held, "--input")
        if json_file != "-":
            terminal.print_model(model, checkpoint.path, held)
        found = model.attractors(at, progress=ctrl_c.progress, **asked)
        if json_file != "-":
            terminal.print_section(where_runs_end(found))
        _write(json_file, found.to_json(indent=2))
    _end(ctrl_c, found.stopped_by == StoppedBy.NOTHING)


def _check(json_file: str | None) -> None:
    if json_file not in (None, "-"):
        check_file(Path(str(json_file)), "--json")


def _write(json_file: str | None, record: str) -> None:
    if json_file == "-":
        typer.echo(record)
    elif json_file is not None:
        write_atomically(json_file, (record + "\n").encode())
        typer.echo(f"Written: {json_file}")


def _end(ctrl_c: Interruption, complete: bool) -> None:
    from .analyze_command import INCOMPLETE

    if ctrl_c.seen:
        raise typer.Exit(INTERRUPTED)
    if not complete:
        raise typer.Exit(INCOMPLETE)
