"""``plrnn reduce``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._files import check_file
from ..checkpoint_options import Checkpoint, InputOption, InputsOption, parse_numbers, takes_checkpoint
from ..display.abbreviation import count_words
from ..errors import CertificateError, ModelError
from ..trial_choice import STORY_TRIALS, driving_trials, held_input
from .shared import (
    JsonOption,
    TimeLimit,
    check_outputs,
    corners,
    end,
    interruptible,
    nothing_known,
    write_json,
    written,
)

if TYPE_CHECKING:
    import numpy as np

    from ..model import PLRNN
    from ..reduce import ReducedModel
    from ..results import Trajectory

__all__ = ["reduce"]

# Formats in which a checkpoint is written.
FORMATS = (".safetensors", ".npz", ".mat")
# Free runs that get this many times as far out as they began are left out.
RUN_AWAY = 1e6


@takes_checkpoint
def reduce(
    checkpoint: Checkpoint,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write the smaller network (.safetensors, .npz or .mat)."),
    ] = None,
    inputs: InputsOption = None,
    free: Annotated[bool, typer.Option("--free", help="Take free runs although there are trials.")] = False,
    box: Annotated[
        str | None,
        typer.Option("--box", metavar="LOW,HIGH", help="Take all states whose units lie in this range, instead."),
    ] = None,
    constant_input: InputOption = None,
    steps: Annotated[int, typer.Option("--steps", min=1, metavar="N", help="Steps of a free run.")] = 2_000,
    states: Annotated[
        int,
        typer.Option("--states", "-n", min=1, metavar="N", help="Number of free runs, from standard normal states."),
    ] = 100,
    inflate: Annotated[
        float, typer.Option("--inflate", min=0.0, metavar="SHARE", help="Widen what runs reach by this share.")
    ] = 0.1,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            min=0.0,
            metavar="ERROR",
            help="Also replace ReLUs that switch, while no output changes by more than this within --horizon steps.",
        ),
    ] = None,
    horizon: Annotated[
        int, typer.Option("--horizon", min=1, metavar="N", help="Steps that errors are bounded for.")
    ] = 1,
    reachable: Annotated[
        bool,
        typer.Option("--reachable", help="Take all that can be reached from the domain, at any later time."),
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of initial states and trials.")] = 0,
    time_limit: TimeLimit = 60.0,
    json_file: JsonOption = None,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", metavar="FILE", help="Write a proof that plrnn verify checks (.cert.json.gz)."),
    ] = None,
) -> None:
    """Remove every ReLU that provably is not needed, and write the smaller network.

    The two networks agree on a domain: the states that trials reach, those in --inputs or in the checkpoint; or free
    runs, where there are none; or a box.

    Exit codes are those of plrnn analyze.

    Example: plrnn reduce rnn.safetensors -o smaller.safetensors

    Example: plrnn reduce rnn.safetensors --box -2,2 --tolerance 0.01 --horizon 10 --json reduced.json
    """
    check_outputs(json_file)
    if out is not None:
        if out.suffix.lower() not in FORMATS:
            raise ModelError(f"--out {out}: a checkpoint is written as {', '.join(FORMATS)}; give a name with one")
        check_file(out, "--out")
    if certificate is not None:
        check_file(certificate, "--certificate")
    with interruptible() as ctrl_c:
        from .. import terminal
        from ..checkpoint import save
        from ..terminal.printing import say

        held = parse_numbers(constant_input, "--input", float)
        model = checkpoint.load()
        at = held_input(model, held, "--input")
        domain, sentence = _domain(model, at, inputs, free or held is not None, box, steps, states, seed)
        if json_file != "-":
            terminal.print_model(model, checkpoint.path, held, driven=held is None)
            say(sentence)
        with nothing_known("the ReLUs"):
            found, refused = _reduced(
                model,
                domain,
                inputs=None if at is None else (at, at),
                inflate=inflate,
                tolerance=tolerance,
                horizon=horizon,
                reachable=reachable,
                seed=seed,
                time_limit=time_limit,
                progress=ctrl_c.progress,
                certificate=certificate,
            )
        if json_file != "-":
            terminal.print_reduction(found)
        if out is not None:
            save(found.model, out)
            written(out, json_file == "-")
        if refused is not None:
            typer.echo(f"plrnn: {refused}", err=True)
        elif certificate is not None:
            written(certificate, json_file == "-")
        write_json(json_file, lambda: found.to_json(indent=2))
    end(ctrl_c, found.complete and refused is None)


def _reduced(model: PLRNN, domain: Any, **options: Any) -> tuple[ReducedModel[PLRNN], CertificateError | None]:
    """The smaller model, and why there is no certificate where there is none."""
    try:
        return model.reduce(domain, **options), None
    except CertificateError as error:
        return error.found, error


def _domain(
    model: PLRNN,
    held: np.ndarray | None,
    inputs: Path | None,
    free: bool,
    box: str | None,
    steps: int,
    states: int,
    seed: int,
) -> tuple[Any, str]:
    """Where the two networks are to agree, and a sentence on it."""
    if box is not None:
        if inputs is not None:
            raise ModelError("--box and --inputs exclude each other")
        low, high = corners(box, model.n_units)
        return (low, high), f"Domain: all states whose units lie between {low[0]:g} and {high[0]:g}."
    trials = driving_trials(model, inputs, free, STORY_TRIALS, seed)
    if trials is not None:
        run = model.run(trials)
        n = count_words(len(run.states), "trial")
        return run, f"Domain: the range of the states in {n}, widened."
    run, lost = _bounded(model.simulate(steps, n=states, constant_input=held, seed=seed))
    left_out = f"; {lost} others grow without bound and are left out" if lost else ""
    n = count_words(len(run.states), "free run")
    return run, f"Domain: the range of the states in {n} of {count_words(steps, 'step')}, widened{left_out}."


def _bounded(run: Trajectory) -> tuple[Trajectory, int]:
    """The runs that stay where they are, and how many do not."""
    import numpy as np

    far = RUN_AWAY * (1.0 + float(np.max(np.abs(run.initial))))
    stay = np.all(np.abs(run.states) < far, axis=(1, 2))
    if not stay.any():
        raise ModelError("all free runs grow without bound: give --inputs FILE or --box LOW,HIGH")
    return run.select(stay), int(np.count_nonzero(~stay))
