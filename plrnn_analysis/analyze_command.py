"""``plrnn analyze``: everything is printed when it is known, and what Ctrl-C left out is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from . import terminal
from ._files import check_directory, check_file, write_atomically, write_figure
from .analysis import Analysis
from .errors import ModelError
from .findings import Findings, Wanted, find_everything
from .interruption import INTERRUPTED, Interruption
from .results import Cycles, FixedPoints
from .trial_choice import held_input, story_trials

if TYPE_CHECKING:
    from .checkpoint_options import Checkpoint
    from .model import PLRNN
    from .story import Section

__all__ = ["INCOMPLETE", "AnalysisOptions", "analyze_checkpoint"]

# Exit code of an analysis that is right as far as it goes.
INCOMPLETE = 3


@dataclass(frozen=True)
class AnalysisOptions:
    """What is asked of ``plrnn analyze``, as in its help."""

    held: list[float] | None
    max_nodes: int | None
    time_limit: float
    workers: int
    max_period: int
    steps: int
    inputs: Path | None
    probes: list[list[float]]
    with_story: bool
    free: bool
    seed: int
    json_file: str | None
    figures: Path | None
    rigorous: bool = False

    def check_outputs(self) -> None:
        """See that what is asked for can be written.

        Raises
        ------
        PLRNNError
            If not.
        """
        if self.figures is not None and not self.with_story:
            raise ModelError("--figures draws the states that the story is about: leave --no-story out")
        if self.json_file is not None and self.json_file != "-":
            check_file(self.json_file, "--json")
        if self.figures is not None:
            check_directory(self.figures, "--figures")


def analyze_checkpoint(checkpoint: Checkpoint, options: AnalysisOptions, ctrl_c: Interruption) -> int:
    """Analyse the model in a checkpoint, print what is found as it is found, and write what was asked for.

    Parameters
    ----------
    checkpoint : Checkpoint
    options : AnalysisOptions
    ctrl_c : Interruption
        Within its block this is called.

    Returns
    -------
    int
        The exit code.
    """
    options.check_outputs()
    model = checkpoint.load()
    trials = story_trials(model, options.inputs, options.free, options.seed) if options.with_story else None
    wanted = Wanted(
        held=held_input(model, options.held, "--input"),
        probes=tuple(held_input(model, probe, "--probe") for probe in options.probes),
        trials=trials,
        with_story=options.with_story,
        max_period=options.max_period,
        steps=options.steps,
        seed=options.seed,
        max_nodes=options.max_nodes,
        time_limit=options.time_limit,
        workers=options.workers,
        verify="rigorous" if options.rigorous else None,
    )
    printed = options.json_file != "-"
    if printed:
        terminal.print_model(model, checkpoint.path, options.held)
        terminal.print_subregions(model, options.held)
    found = find_everything(model, wanted, ctrl_c, *([_print] if printed else []))
    all_written = _write(model, checkpoint, found, options, ctrl_c)
    if ctrl_c.seen:
        if found.complete and all_written:
            typer.echo("plrnn: nothing is missing", err=True)
        return INTERRUPTED
    proven = found.rigorous or not options.rigorous
    return 0 if found.complete and proven else INCOMPLETE


def _print(part: FixedPoints | Cycles | Section) -> None:
    """Each part as it is known."""
    if isinstance(part, FixedPoints):
        terminal.print_fixed_points(part)
    elif isinstance(part, Cycles):
        terminal.print_cycles(part)
    else:
        terminal.print_section(part)


def _write(
    model: PLRNN, checkpoint: Checkpoint, found: Findings, options: AnalysisOptions, ctrl_c: Interruption
) -> bool:
    """Write the files asked for; whether all were, for after Ctrl-C no figure is drawn."""
    constant = None if options.held is None else tuple(options.held)
    if options.json_file is not None:
        parts = (found.fixed_points, found.cycles, found.story)
        record = Analysis.of(model, str(checkpoint.path), constant, *parts).to_json(indent=2)
        if options.json_file == "-":
            # JSON is UTF-8, whatever a terminal shows.
            typer.echo(record.encode())
        else:
            write_atomically(options.json_file, (record + "\n").encode())
            typer.echo(f"Written: {options.json_file}")
    if options.figures is None:
        return True
    to_stderr = options.json_file == "-"
    for name, draw in _figures(found):
        if ctrl_c.seen:
            break
        write_figure(draw(), options.figures / name)
        typer.echo(f"Written: {options.figures / name}", err=to_stderr)
    if ctrl_c.seen:
        typer.echo("Interrupted: no further figures are drawn.", err=to_stderr)
    return not ctrl_c.seen


def _figures(found: Findings) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Names of files, and what draws them."""
    from .plotting import plot_fixed_point_distances, plot_fixed_points, plot_occupancy, plot_trial
    from .symbols import occupancy

    points, visited = found.fixed_points, found.visited
    if visited is None:
        return
    yield "fixed-points.svg", lambda: plot_fixed_points(points, visited).figure
    if len(points):
        yield "fixed-point-distances.svg", lambda: plot_fixed_point_distances(points, visited).figure
    if visited.bitcodes.shape[2]:
        yield "subregions.svg", lambda: plot_occupancy(occupancy(visited)).figure
    if visited.inputs is not None:
        yield "trial.svg", lambda: plot_trial(visited)
