"""``plrnn demo``: from untrained weights to the exact dynamics of the trained network, in one command."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

import plrnn_analysis
from plrnn_analysis._files import write_atomically, write_figure
from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.errors import PLRNNError
from plrnn_analysis.linear_limit import addition_floor
from plrnn_analysis.model import PLRNN
from plrnn_analysis.plotting import (
    plot_fixed_point_distances,
    plot_loss_curves,
    plot_state_plane,
    plot_transition_graph,
    plot_trial,
)
from plrnn_analysis.story import tell_story

from ..device import choose_device
from ..history import History
from ..recipe import Member, Recipe
from ..runs import STATE_FILE, SUMMARY_FILE, TrainedModel, results_table, train_in
from ..seeds import generator_for
from ..summary import best_model, write_summary
from ..tasks import AdditionTask
from ..trainer import Trainer
from .demo_text import Findings, at_rest, demo_text, what_was_found
from .gate import find_gate

__all__ = ["DemoSettings", "run_demo"]


#: What the demo leaves behind, in the order in which to look at it.
FILES = {
    "summary.md": "what was found, with the details",
    "dynamics.png": "visited states, fixed points, transition graph",
    "trial.png": "one trial, step by step",
    "loss.png": "the errors during training",
    "story.txt": "what plrnn analyze says about the network shown",
    "history.json": "the errors during training, in numbers",
    "transitions.graphml": "the transition graph, for Gephi and others",
    SUMMARY_FILE: "the scores of all networks",
    "*.safetensors": "the networks, for plrnn analyze",
}


@dataclass(frozen=True)
class DemoSettings:
    """Sizes of the demo; the defaults are what the command runs.

    Attributes
    ----------
    length, n_units, seeds : int
        T, M, and how many models for each P.
    pwl_units : tuple of int
        The values of P; the last one is displayed.
    recipe : Recipe
    trials : int
        Driven trials behind the transition graph.
    """

    length: int = 100
    n_units: int = 20
    seeds: int = 5
    pwl_units: tuple[int, ...] = (0, 2)
    recipe: Recipe = Recipe()  # noqa: RUF009 - frozen
    trials: int = 500


def run_demo(
    out: Path,
    seed: int = 0,
    device: str = "auto",
    console: Console | None = None,
    settings: DemoSettings | None = None,
) -> None:
    """Train, export, load back, find every fixed point, draw and describe.

    Parameters
    ----------
    out : Path
        Directory for checkpoints, ``summary.json``, ``summary.md``, ``story.txt``, ``transitions.graphml`` and three
        figures.
    seed : int, optional
        The first of the seeds.
    device : str, optional
        As in :func:`plrnn_training.device.choose_device`.
    console : rich.console.Console, optional
    settings : DemoSettings, optional

    Raises
    ------
    PLRNNError
        If `out` holds the state of a training run, which the demo would overwrite in part.
    """
    began = time.monotonic()
    console = Console() if console is None else console
    settings = DemoSettings() if settings is None else settings
    if (out / STATE_FILE).exists():
        raise PLRNNError(f"{out} holds a training run: give the demo another directory with --out")
    task = AdditionTask(settings.length)
    floor = addition_floor(task.length, task.marks)
    members = [Member(p, seed + i) for p in settings.pwl_units for i in range(settings.seeds)]
    console.print(
        f"Training {len(members)} networks at once on addition (T = {task.length}): "
        f"P = {' and '.join(map(str, settings.pwl_units))} of {settings.n_units} units with a ReLU, "
        f"{count_words(settings.seeds, 'seed')} each.",
        highlight=False,
    )
    trainer = Trainer(task, members, settings.n_units, settings.recipe, choose_device(device))
    models = train_in(out, trainer, console, keep_state=False)
    console.print(results_table(models, task.score_name))
    displayed = best_model([m for m in models if m.pwl_units == settings.pwl_units[-1]])
    linear = min(
        (m for m in models if m.pwl_units == settings.pwl_units[0]),
        key=lambda m: m.validation_score if m.exact_score is None else m.exact_score,
    )

    # From here on only what is in the files counts.
    network, linear_network = plrnn_analysis.load(displayed.checkpoint), plrnn_analysis.load(linear.checkpoint)
    trials = task.sample(settings.trials, generator_for(seed, "demo trials"))
    run = network.run(trials.inputs.numpy().astype(np.float64))
    graph = network.transition_graph(run)
    plrnn_analysis.write_graphml(graph, out / "transitions.graphml")
    fixed_points = {label: network.fixed_points(constant_input=s) for label, s in task.probes.items()}
    findings = Findings(
        task=task,
        recipe=settings.recipe,
        floor=floor,
        models=models,
        displayed=displayed,
        linear=linear,
        network=network,
        run=run,
        graph=graph,
        fixed_points=fixed_points,
        linear_fixed_points={label: linear_network.fixed_points(constant_input=s) for label, s in task.probes.items()},
        linear_network=linear_network,
        linear_run=linear_network.run(trials.inputs.numpy().astype(np.float64)),
        reloaded_mse=_mse(network, task, settings.recipe.test_trials),
        gate=find_gate(run, mark_channel=task.input_names.index("mark")),
    )
    _figures(out, trainer.history, findings, trials.targets.numpy()[:, 0])
    text = demo_text(findings)
    write_atomically(out / "summary.md", text.encode())
    story = tell_story(network, trials=run.inputs, fixed_points=fixed_points["no input"], seed=seed)
    opening = f"{displayed.checkpoint.name}\n\nFixed points\n{at_rest(findings)}\n\n"
    write_atomically(out / "story.txt", (opening + story.text() + "\n").encode())
    write_summary(out / SUMMARY_FILE, models, task, {"affine_floor": floor}, displayed)
    for sentence in what_was_found(findings):
        console.print(f"\n{sentence}", highlight=False, markup=False)
    console.print(f"\nWritten to {out}/:", highlight=False, markup=False)
    for name, holds in FILES.items():
        console.print(f"  {name:<20} {holds}", highlight=False, markup=False)
    console.print(f"The demo took {time.monotonic() - began:.0f} s, {trainer.seconds:.0f} s of it for training.")


def _mse(network: PLRNN, task: AdditionTask, trials: int, chunk: int = 1000) -> float:
    """Test MSE of the loaded network, in float64 and in the analysis package: the same trials as in training's test."""
    batch = task.sample(trials, generator_for(0, "test"))
    inputs, targets = batch.inputs.numpy().astype(np.float64), batch.targets.numpy()
    squares = 0.0
    for start in range(0, trials, chunk):
        outputs = network.run(inputs[start : start + chunk]).outputs
        assert outputs is not None  # the task's networks have a readout
        squares += float(((outputs[:, -1] - targets[start : start + chunk]) ** 2).sum())
    return squares / trials


def _figures(out: Path, history: History, found: Findings, targets: np.ndarray) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    curves = _loss_curves(history, found.models)
    stages = _stages(found.recipe, found.task)
    plot_loss_curves(history.iteration, curves, floor=found.floor, stages=stages, top=30, ax=left)
    left.set_title("error on addition", fontsize=10, pad=18)
    plot_loss_curves(history.iteration, _first(curves), floor=found.floor, excess=True, stages=stages, top=30, ax=right)
    right.set_title("how far P = 0 stays above the floor", fontsize=10, pad=18)
    write_figure(figure, out / "loss.png", dpi=200)

    trial = 0
    figure = plot_trial(
        found.run,
        trial,
        target=float(targets[trial]),
        mark_channel=found.task.input_names.index("mark"),
        input_names=found.task.input_names,
    )
    write_figure(figure, out / "trial.png", dpi=200)

    figure = Figure(figsize=(17.0, 4.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.0, 1.7, 1.0))
    plot_state_plane(found.run, found.fixed_points, ax=left)
    left.set_title("visited states and fixed points", fontsize=10)
    plot_fixed_point_distances(found.fixed_points, found.run, ax=middle)
    middle.set_title("how far away the fixed points are", fontsize=10)
    plot_transition_graph(found.graph, ax=right)
    right.set_title("transitions, with their probabilities", fontsize=10)
    write_figure(figure, out / "dynamics.png", dpi=200)


def _loss_curves(history: History, models: list[TrainedModel]) -> dict[str, np.ndarray]:
    """One group of curves a P: the exact expected error where there is one, else the validation error."""
    validation, exact = np.array(history.validation).T, np.array(history.exact).T
    curves: dict[str, np.ndarray] = {}
    for p in sorted({m.pwl_units for m in models}):
        rows = [i for i, m in enumerate(models) if m.pwl_units == p]
        closed = not np.isnan(exact[rows]).any()
        label = f"P = {p}, {'exact expectation' if closed else 'validation trials'}"
        curves[label] = exact[rows] if closed else validation[rows]
    return curves


def _stages(recipe: Recipe, task: AdditionTask) -> list[tuple[float, str]]:
    """Where the curriculum changes, as labels for a figure."""
    lengths = [stage.length for stage in (*task.curriculum(), task)]
    span = recipe.curriculum * recipe.iterations
    return [(span * i / max(1, len(lengths) - 1), f"T={length}") for i, length in enumerate(lengths)]


def _first(curves: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    label = next(iter(curves))
    return {label: curves[label]}
