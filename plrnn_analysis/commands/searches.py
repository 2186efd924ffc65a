"""``plrnn cycles`` and ``plrnn attractors``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..checkpoint_options import Checkpoint, InputOption, parse_numbers, takes_checkpoint
from ..statuses import StoppedBy
from ..trial_choice import held_input
from .shared import JsonOption, MaxNodes, Rigorous, TimeLimit, Workers, check_outputs, end, interruptible, write_json

__all__ = ["attractors", "cycles"]


@takes_checkpoint
def cycles(
    checkpoint: Checkpoint,
    max_period: Annotated[int, typer.Option("--max-period", min=2, metavar="N", help="Longest period.")] = 8,
    constant_input: InputOption = None,
    max_nodes: MaxNodes = None,
    time_limit: TimeLimit = 60.0,
    workers: Workers = 1,
    rigorous: Rigorous = False,
    json_file: JsonOption = None,
) -> None:
    """Find every cycle up to a period, and say what was proved. The JSON record holds the fixed points as well.

    Exit codes are those of plrnn analyze.

    Example: plrnn cycles rnn.safetensors --max-period 6 --input 1,0 --json cycles.json
    """
    check_outputs(json_file)
    limits: dict[str, Any] = {"max_nodes": max_nodes, "time_limit": time_limit, "workers": workers}
    verify = "rigorous" if rigorous else None
    with interruptible() as ctrl_c:
        from .. import terminal

        held = parse_numbers(constant_input, "--input", float)
        model = checkpoint.load()
        at = held_input(model, held, "--input")
        if json_file != "-":
            terminal.print_model(model, checkpoint.path, held)
        found = model.cycles(max_period, constant_input=at, progress=ctrl_c.progress, verify=verify, **limits)
        if json_file != "-":
            terminal.print_cycles(found)
        write_json(json_file, lambda: found.to_json(indent=2))
    end(ctrl_c, found.complete and (found.rigorous or not rigorous))


@takes_checkpoint
def attractors(
    checkpoint: Checkpoint,
    constant_input: InputOption = None,
    n: Annotated[
        int, typer.Option("--states", "-n", min=1, metavar="N", help="Number of initial states, standard normal.")
    ] = 100,
    steps: Annotated[
        int, typer.Option("--steps", min=1, metavar="N", help="Steps for which each is followed.")
    ] = 10_000,
    max_period: Annotated[
        int, typer.Option("--max-period", min=1, metavar="N", help="Longest cycle looked for.")
    ] = 10_000,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of the initial states.")] = 0,
    rigorous: Rigorous = False,
    time_limit: TimeLimit = 60.0,
    json_file: JsonOption = None,
) -> None:
    """Follow free runs to their ends: fixed points and cycles, exactly, and what is neither.

    Exit codes are those of plrnn analyze.

    Example: plrnn attractors rnn.safetensors --states 500 --input 1,0 --json attractors.json
    """
    check_outputs(json_file)
    asked: dict[str, Any] = {"n": n, "steps": steps, "max_period": max_period, "seed": seed, "time_limit": time_limit}
    asked["verify"] = "rigorous" if rigorous else None
    with interruptible() as ctrl_c:
        from .. import terminal
        from ..story import where_runs_end

        held = parse_numbers(constant_input, "--input", float)
        model = checkpoint.load()
        at = held_input(model, held, "--input")
        if json_file != "-":
            terminal.print_model(model, checkpoint.path, held)
        found = model.attractors(at, progress=ctrl_c.progress, **asked)
        if json_file != "-":
            terminal.print_section(where_runs_end(found))
        write_json(json_file, lambda: found.to_json(indent=2))
    proven = found.proof is None or found.proof.proven == found.proof.exact
    end(ctrl_c, found.stopped_by == StoppedBy.NOTHING and proven)
