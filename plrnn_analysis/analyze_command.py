"""``plrnn analyze``: everything is printed when it is known, and what Ctrl-C left out is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from . import terminal
from ._files import check_directory, check_file, write_atomically
from ._validation import as_array
from .analysis import Analysis
from .attractors import MAX_PERIOD
from .errors import ModelError
from .interruption import INTERRUPTED, Interruption
from .recorded_trials import RecordedTrials
from .story import Section, Story, Telling, missing_section
from .trial_choice import STORY_TRIALS, driving_trials, held_input

if TYPE_CHECKING:
    import numpy as np

    from .checkpoint_options import Checkpoint
    from .model import PLRNN
    from .results import Cycles, FixedPoints, Trajectory

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


@dataclass(frozen=True)
class _Found:
    fixed_points: FixedPoints
    cycles: Cycles | None
    story: Story | None
    visited: Trajectory | None

    @property
    def complete(self) -> bool:
        cycles_complete = self.cycles is None or self.cycles.complete
        return self.fixed_points.complete and cycles_complete and not (self.story and self.story.stopped_by)


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
    held = held_input(model, options.held, "--input")
    probes = [held_input(model, probe, "--probe") for probe in options.probes]
    trials = _trials(model, options) if options.with_story else None
    printed = options.json_file != "-"
    if printed:
        terminal.print_model(model, checkpoint.path, options.held)
        terminal.print_subregions(model, options.held)
    found = _find(model, held, probes, trials, options, ctrl_c, printed)
    all_written = _write(model, checkpoint, found, options, ctrl_c)
    if ctrl_c.seen:
        if found.complete and all_written:
            typer.echo("plrnn: nothing is missing", err=True)
        return INTERRUPTED
    return 0 if found.complete else INCOMPLETE


def _trials(model: PLRNN, options: AnalysisOptions) -> np.ndarray | RecordedTrials | None:
    trials = driving_trials(model, options.inputs, options.free, STORY_TRIALS, options.seed)
    if trials is None or isinstance(trials, RecordedTrials):
        return trials
    return as_array("--inputs", trials, (None, None, model.n_inputs), "(trials, steps, channels)")


def _find(
    model: PLRNN,
    held: np.ndarray | None,
    probes: list[Any],
    trials: Any,
    options: AnalysisOptions,
    ctrl_c: Interruption,
    printed: bool,
) -> _Found:
    """All results, printed one after the other."""
    budget: dict[str, Any] = {"max_nodes": options.max_nodes, "workers": options.workers}
    limits: dict[str, Any] = {"time_limit": options.time_limit, "progress": ctrl_c.progress}
    fixed_points = model.fixed_points(constant_input=held, **budget, **limits)
    if printed:
        terminal.print_fixed_points(fixed_points)
    missing: list[str] = []
    cycles, telling = None, None
    if options.max_period > 1 and ctrl_c.seen:
        missing.append(f"cycles up to period {options.max_period}")
    elif options.max_period > 1:
        cycles = model.cycles(options.max_period, constant_input=held, **budget, **limits)
        if printed:
            terminal.print_cycles(cycles)
    if options.with_story and ctrl_c.seen:
        missing.append("the story")
    elif options.with_story:
        telling = Telling(
            model,
            held,
            trials=trials,
            probes=probes or None,
            fixed_points=fixed_points,
            steps=options.steps,
            max_period=max(options.max_period, MAX_PERIOD),
            seed=options.seed,
            **limits,
        )
    sections = []
    for section in _sections(telling, missing, ctrl_c):
        sections.append(section)
        if printed:
            terminal.print_section(section)
    story = Story(tuple(sections)) if sections else None
    return _Found(fixed_points, cycles, story, None if telling is None else telling.visited)


def _sections(telling: Telling | None, missing: list[str], ctrl_c: Interruption) -> Iterator[Section]:
    """The story as far as it gets, or what is missing beside it."""
    if missing:
        yield missing_section(missing)
    if telling is not None:
        for section in telling:
            yield section
            if ctrl_c.seen:
                telling.interrupt()


def _write(model: PLRNN, checkpoint: Checkpoint, found: _Found, options: AnalysisOptions, ctrl_c: Interruption) -> bool:
    """Write the files asked for; whether all were, for after Ctrl-C no figure is drawn."""
    constant = None if options.held is None else tuple(options.held)
    if options.json_file is not None:
        parts = (found.fixed_points, found.cycles, found.story)
        record = Analysis.of(model, str(checkpoint.path), constant, *parts).to_json(indent=2)
        if options.json_file == "-":
            typer.echo(record)
        else:
            write_atomically(options.json_file, (record + "\n").encode())
            typer.echo(f"Written: {options.json_file}")
    if options.figures is None:
        return True
    to_stderr = options.json_file == "-"
    for name, draw in _figures(found):
        if ctrl_c.seen:
            break
        draw().savefig(options.figures / name)
        typer.echo(f"Written: {options.figures / name}", err=to_stderr)
    if ctrl_c.seen:
        typer.echo("Interrupted: no further figures are drawn.", err=to_stderr)
    return not ctrl_c.seen


def _figures(found: _Found) -> Iterator[tuple[str, Callable[[], Any]]]:
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
