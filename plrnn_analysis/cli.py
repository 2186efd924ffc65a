"""The ``plrnn`` command line. Numerical libraries load inside the commands, so that ``--help`` is quick."""

from __future__ import annotations

import sys
from importlib import metadata
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import __version__
from ._files import check_file, write_figure
from .checkpoint_options import Checkpoint, InputOption, InputsOption, ProbesOption, parse_numbers, takes_checkpoint
from .command_group import TRAINING_HINT, CommandGroup
from .commands import add_commands
from .display.abbreviation import count_words
from .interruption import INTERRUPTED, INTERRUPTED_NOTICE, Interruption
from .trial_choice import STORY_TRIALS, driving_trials, held_input

if TYPE_CHECKING:
    import numpy as np

    from .model import PLRNN
    from .results import Trajectory

__all__ = ["app", "main"]

# Free runs of a graph.
FREE_STEPS, FREE_RUNS = 10_000, 10
ENTRY_POINTS = "plrnn.commands"


app = typer.Typer(
    name="plrnn",
    cls=CommandGroup,
    help="Exact analysis of piecewise-linear recurrent networks.\n\n"
    "Example: plrnn analyze rnn.safetensors\n\nExample: plrnn COMMAND --help",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"plrnn-analysis {__version__}")
        raise typer.Exit()


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


FreeOption = Annotated[bool, typer.Option("--free", help="Let the model run freely although there are trials for it.")]


@app.command()
@takes_checkpoint
def analyze(
    checkpoint: Checkpoint,
    constant_input: InputOption = None,
    max_nodes: Annotated[
        int | None, typer.Option("--max-nodes", min=1, metavar="N", help="End the search after about N nodes.")
    ] = None,
    time_limit: Annotated[
        float, typer.Option("--time-limit", min=0.0, metavar="SECONDS", help="End each search after this many seconds.")
    ] = 60.0,
    workers: Annotated[int, typer.Option("--workers", min=1, max=1024, help="Threads of the search.")] = 1,
    max_period: Annotated[
        int,
        typer.Option(
            "--max-period",
            min=1,
            help="Also find every cycle up to this period. Free runs are followed into cycles of up to 10,000 steps, "
            "or of this period if it is longer.",
        ),
    ] = 1,
    steps: Annotated[
        int,
        typer.Option(
            "--steps",
            min=1,
            help="Steps for which free runs are followed to see where they end; runs that are not clear by then are "
            "followed 20 times as long.",
        ),
    ] = 10_000,
    inputs: InputsOption = None,
    probe: ProbesOption = None,
    with_story: Annotated[
        bool, typer.Option("--story/--no-story", help="What the model does beside its fixed points.")
    ] = True,
    free: FreeOption = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of initial states and trials.")] = 0,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON; - prints it instead.")
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option("--figures", metavar="DIR", help="Draw fixed points and states in use, as SVG files in DIR."),
    ] = None,
    rigorous: Annotated[
        bool, typer.Option("--rigorous", help="Prove what is found, in exact arithmetic, and say what is not proven.")
    ] = False,
) -> None:
    """Find every fixed point of a model, say what was proved, and tell what the model does.

    Each part is printed when it is known. Ctrl-C ends the analysis, keeps what is known and says what is missing.

    States in use are those of the trials in --inputs, of addition trials for a network trained on these, of the trials
    that the checkpoint brings, or else of free runs.

    Exit codes: 0 if everything is complete, 3 if not (a limit ended a search, or rounding left something undecided),
    130 after Ctrl-C, 2 if a file or an option cannot be used.

    Example: plrnn analyze rnn.pt --architecture leaky_rnn --alpha 0.2 --form rate --json result.json

    Example: plrnn analyze rnn.safetensors --inputs trials.npy --figures figures
    """
    with Interruption(sys.stderr.isatty()) as ctrl_c:
        from .analyze_command import AnalysisOptions, analyze_checkpoint

        probes = [parse_numbers(text, "--probe", float) or [] for text in probe or []]
        options = AnalysisOptions(
            held=parse_numbers(constant_input, "--input", float),
            max_nodes=max_nodes,
            time_limit=time_limit,
            workers=workers,
            max_period=max_period,
            steps=steps,
            inputs=inputs,
            probes=probes,
            with_story=with_story,
            free=free,
            seed=seed,
            json_file=json_file,
            figures=figures,
            rigorous=rigorous,
        )
        code = analyze_checkpoint(checkpoint, options, ctrl_c)
    if code:
        raise typer.Exit(code)


@app.command()
@takes_checkpoint
def graph(
    checkpoint: Checkpoint,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="GraphML file to write.")],
    constant_input: InputOption = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, metavar="N", help="Run freely, for this many steps (10,000 by default)."),
    ] = None,
    trajectories: Annotated[
        int | None,
        typer.Option(
            "--trajectories",
            "-n",
            min=1,
            metavar="N",
            help="Run freely, from this many standard normal states (10 by default).",
        ),
    ] = None,
    free: FreeOption = False,
    transient: Annotated[
        int, typer.Option("--transient", min=0, help="Steps left out at the start of each trajectory.")
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of initial states and trials.")] = 0,
    flavour: Annotated[
        str, typer.Option("--flavour", help="plain, or gephi: with colours, places and short labels for Gephi.")
    ] = "plain",
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="FILE", help="Draw the divergences between conditions (.png, .svg, .pdf)."),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write as JSON what each condition visits, and the divergences."),
    ] = None,
) -> None:
    """Write the symbolic transition graph of a model, under the trials that the checkpoint brings or running freely.

    For a network trained on addition, trials are drawn. --free, --steps, --trajectories and --input ask for free runs.
    Where trials have conditions, the graph and the tables tell these apart.

    Example: plrnn graph choice.safetensors --steps 1000 --transient 100 --out graph.graphml
    """
    from . import terminal, write_graphml
    from .conditions import mark_conditions

    held = parse_numbers(constant_input, "--input", float)
    free = free or not (steps is None and trajectories is None and held is None)
    for option, file in (("--out", out), ("--figure", figure), ("--json", json_file)):
        if file is not None:
            check_file(file, option)
    model = checkpoint.load()
    held_input(model, held, "--input")
    trials = driving_trials(model, None, free, STORY_TRIALS, seed)
    labels = getattr(trials, "labels", None)
    _refuse_leftovers(labels is None, figure, json_file)
    run = (
        model.simulate(steps or FREE_STEPS, n=trajectories or FREE_RUNS, constant_input=held, seed=seed)
        if trials is None
        else model.run(trials)
    )
    _refuse_long_transient(transient, run)
    transitions = model.transition_graph(run, discard=transient)
    if labels is not None:
        mark_conditions(transitions, run, labels, transient)
    write_graphml(transitions, out, flavour)
    terminal.print_model(model, checkpoint.path, held, driven=trials is not None)
    terminal.print_graph(run, transitions)
    typer.echo(f"Written: {out}")
    if labels is not None:
        _tell_conditions(model, run, labels, figure, json_file)


def _tell_conditions(
    model: PLRNN, run: Trajectory, labels: np.ndarray, figure: Path | None, json_file: Path | None
) -> None:
    """What each condition visits: on the terminal, and in the files asked for."""
    from . import terminal
    from .conditions import condition_use

    found = condition_use(run, labels, model.fixed_points())
    terminal.print_conditions(found)
    if figure is not None and found.divergences is not None:
        write_figure(found.divergences.plot(), figure)
        typer.echo(f"Written: {figure}")
    if json_file is not None:
        found.to_json(json_file)
        typer.echo(f"Written: {json_file}")


def _refuse_leftovers(no_conditions: bool, figure: Path | None, json_file: Path | None) -> None:
    from .errors import ModelError

    for option, file in (("--figure", figure), ("--json", json_file)):
        if no_conditions and file is not None:
            raise ModelError(f"{option} is about conditions: the checkpoint brings no trials with conditions, or they "
                             "were not asked for")  # fmt: skip


def _refuse_long_transient(transient: int, run: Trajectory) -> None:
    from .errors import ModelError

    steps = run.n_steps if run.lengths is None else int(run.lengths.max())
    if transient >= steps:
        raise ModelError(f"--transient {transient} leaves nothing of {count_words(steps, 'step')}")


def _training_missing(ctx: typer.Context) -> None:
    """Needs PyTorch, which is not installed: pip install "plrnn-analysis[train]"."""
    typer.echo(f"plrnn {ctx.info_name}: {TRAINING_HINT}", err=True)
    raise typer.Exit(1)


def _join_entry_points(target: typer.Typer) -> None:
    """Let other packages add their commands; stand in for those of the training package where it cannot."""
    for entry in metadata.entry_points(group=ENTRY_POINTS):
        try:
            entry.load()(target)
        except (ImportError, AttributeError) as error:
            typer.echo(f"plrnn: the commands of {entry.value} are not available ({error})", err=True)
    taken = {group.name for group in target.registered_groups}
    taken |= {c.name or (c.callback.__name__ if c.callback else "") for c in target.registered_commands}
    anything = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    for name in ("train", "demo", "linear-limit"):
        if name not in taken:
            target.command(name, context_settings=anything)(_training_missing)


add_commands(app)
_join_entry_points(app)


def main() -> None:
    """Run the command line; the console script ``plrnn``."""
    for stream in (sys.stdout, sys.stderr):
        # Where an encoding lacks a sign, as those of pipes on Windows may, its number is shown.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except KeyboardInterrupt:
        typer.echo(f"plrnn: {INTERRUPTED_NOTICE}", err=True)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
