"""``plrnn linear-limit addition``: trained networks against what no linear model can pass."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console

import plrnn_analysis
from plrnn_analysis._files import write_atomically, write_figure
from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.errors import PLRNNError
from plrnn_analysis.explain import Ablation, ablation_table, gate_units
from plrnn_analysis.linear_limit import (
    AffineFloor,
    addition_floor,
    addition_trials,
    affine_floor,
    exact_addition_solver,
    population_mse,
    readout_floor,
    superposition_gap,
)
from plrnn_analysis.model import PLRNN
from plrnn_analysis.results import Trajectory

from ..device import choose_device
from ..recipe import Member, Recipe
from ..runs import TrainedModel, results_table, train_in, write_json
from ..seeds import generator_for
from ..summary import best_model
from ..tasks import AdditionTask
from ..trainer import Trainer
from .linear_limit_figure import linear_limit_figure
from .linear_limit_text import linear_limit_text

__all__ = ["AblationFindings", "Limits", "Measured", "run_linear_limit"]

_CHUNK = 1000
_GAP_TRIALS = 200
_ABLATION_TRIALS = 2000


@dataclass(frozen=True)
class Measured:
    """One trained network, loaded back and measured in double precision.

    Attributes
    ----------
    pwl_units, seed : int
    test_mse, test_mse_error : float
        On the test set, and its standard error.
    population_mse : float or None
        Expected MSE in closed form, for P = 0.
    superposition_gap : float
    p_below_floor : float
        One-sided p-value: how probable so low a test error is for a network whose true error is at the floor.
    solved : bool
    checkpoint : str
    """

    pwl_units: int
    seed: int
    test_mse: float
    test_mse_error: float
    population_mse: float | None
    superposition_gap: float
    p_below_floor: float
    solved: bool
    checkpoint: str


@dataclass(frozen=True)
class AblationFindings:
    """What replacing the ReLUs of one network does.

    Attributes
    ----------
    pwl_units, seed : int
    table : tuple of Ablation
    gate_units : tuple of int
    linear_population_mse : float or None
        Expected MSE in closed form once every ReLU is linear.
    """

    pwl_units: int
    seed: int
    table: tuple[Ablation, ...]
    gate_units: tuple[int, ...]
    linear_population_mse: float


@dataclass(frozen=True)
class Limits:
    """Everything the report states.

    Attributes
    ----------
    task : AdditionTask
    recipe : Recipe
    n_units : int
    affine_floor, readout_floor : float
    least_squares : AffineFloor
        The affine floor once more, from simulated trials.
    exact_solver_mse : float
        Of the construction with P = 1 after one blank step, on trials.
    models : tuple of Measured
    p_seeds : dict of int to float
        For each P >= 1 with several seeds: one-sided p-value of a t-test of log MSE against the floor, seeds as sample.
    ablations : tuple of AblationFindings
    seconds : float
    """

    task: AdditionTask
    recipe: Recipe
    n_units: int
    affine_floor: float
    readout_floor: float
    least_squares: AffineFloor
    exact_solver_mse: float
    models: tuple[Measured, ...]
    p_seeds: dict[int, float]
    ablations: tuple[AblationFindings, ...]
    seconds: float


def run_linear_limit(
    out: Path,
    task: AdditionTask,
    pwl_units: Sequence[int],
    *,
    seeds: int = 5,
    first_seed: int = 0,
    n_units: int = 20,
    recipe: Recipe | None = None,
    device: str = "auto",
    console: Console | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> Limits:
    """Train all networks as one ensemble, measure them against the floor, write the report.

    Parameters
    ----------
    out : Path
        Gets checkpoints, ``report.json``, ``report.md`` and ``linear_limit.png``.
    task : AdditionTask
    pwl_units : sequence of int
    seeds, first_seed : int, optional
        How many networks for each P, and the first seed.
    n_units : int, optional
        M.
    recipe : Recipe, optional
    device : str, optional
        As in :func:`plrnn_training.device.choose_device`.
    console : rich.console.Console, optional
    resume, overwrite : bool, optional
        As in :func:`plrnn_training.runs.train_in`.

    Returns
    -------
    Limits

    Raises
    ------
    PLRNNError
        If `out` holds a run, or a P exceeds the number of units.
    """
    began = time.monotonic()
    console = Console() if console is None else console
    recipe = Recipe() if recipe is None else recipe
    if max(pwl_units) > n_units:
        raise PLRNNError(f"{max(pwl_units)} ReLU units do not fit into {count_words(n_units, 'unit')}")
    members = [Member(p, first_seed + i) for p in pwl_units for i in range(seeds)]
    floor = addition_floor(task.length, task.marks)
    trainer = Trainer(task, members, n_units, recipe, choose_device(device))
    trained = train_in(out, trainer, console, resume=resume, overwrite=overwrite)
    console.print(results_table(trained, task.score_name))

    # From here on only what is in the files counts.
    networks = {m.checkpoint: plrnn_analysis.load(m.checkpoint) for m in trained}
    measured = tuple(_measure(networks[m.checkpoint], m, task, recipe, floor) for m in trained)
    # Fitting n coefficients makes the test error too high by n in the number of training trials: 300 a coefficient.
    n_samples = max(80_000, 800 * task.length)
    samples = addition_trials(n_samples, task.length, task.marks, task.blank_steps, first_seed)
    exact_trials = addition_trials(1000, task.length, task.marks, 1, first_seed)
    found = Limits(
        task=task,
        recipe=recipe,
        n_units=n_units,
        affine_floor=floor,
        readout_floor=readout_floor(task.length, task.marks),
        least_squares=affine_floor(*samples, test_share=0.25, resamples=400),
        exact_solver_mse=ablation_table(exact_addition_solver(), *exact_trials)[0].mse,
        models=measured,
        p_seeds=_seed_tests(measured, floor),
        ablations=tuple(_ablate(trained, networks, p, task, first_seed) for p in (1, 2) if p in pwl_units),
        seconds=time.monotonic() - began,
    )
    write_json(out / "report.json", _record(found))
    text = linear_limit_text(found)
    write_atomically(out / "report.md", text.encode())
    shown = _displayed(trained)
    run, targets = _shown_trials(networks[shown.checkpoint], task, first_seed)
    figure = linear_limit_figure(found, shown.pwl_units, shown.seed, run, targets)
    write_figure(figure, out / "linear_limit.png", dpi=200)
    console.print(text, highlight=False, markup=False)
    console.print(f"All of it is in {out}/ (report.md, report.json, linear_limit.png, checkpoints).")
    console.print(f"The experiment took {time.monotonic() - began:.0f} s, of which training {trainer.seconds:.0f} s.")
    return found


def _squared_errors(network: PLRNN, inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    parts = []
    for start in range(0, len(inputs), _CHUNK):
        outputs = network.run(inputs[start : start + _CHUNK]).outputs
        assert outputs is not None  # the task's networks have a readout
        parts.append((outputs[:, -1, 0] - targets[start : start + _CHUNK, 0]) ** 2)
    return np.concatenate(parts)


def _measure(network: PLRNN, trained: TrainedModel, task: AdditionTask, recipe: Recipe, floor: float) -> Measured:
    # The same trials as in training's test, which nothing else has looked at.
    batch = task.sample(recipe.test_trials, generator_for(0, "test"))
    inputs, targets = batch.inputs.numpy().astype(np.float64), batch.targets.numpy().astype(np.float64)
    squares = _squared_errors(network, inputs, targets)
    mse, error = float(squares.mean()), float(squares.std(ddof=1) / math.sqrt(squares.size))
    return Measured(
        pwl_units=trained.pwl_units,
        seed=trained.seed,
        test_mse=mse,
        test_mse_error=error,
        population_mse=task.exact_score(network),
        superposition_gap=superposition_gap(network, inputs[:_GAP_TRIALS]),
        p_below_floor=0.5 * math.erfc((floor - mse) / error / math.sqrt(2)) if error > 0 else float(mse >= floor),
        solved=bool(task.solved(mse)),
        checkpoint=trained.checkpoint.name,
    )


def _seed_tests(models: Sequence[Measured], floor: float) -> dict[int, float]:
    from scipy.stats import ttest_1samp

    found = {}
    for p in sorted({m.pwl_units for m in models if m.pwl_units}):
        logs = np.log10([m.test_mse for m in models if m.pwl_units == p])
        if logs.size > 1 and np.all(np.isfinite(logs)):
            found[p] = float(ttest_1samp(logs, math.log10(floor), alternative="less").pvalue)
    return found


def _ablate(
    trained: Sequence[TrainedModel], networks: dict[Path, PLRNN], p: int, task: AdditionTask, seed: int
) -> AblationFindings:
    best = best_model([m for m in trained if m.pwl_units == p])
    network = networks[best.checkpoint]
    linear = network
    for unit in network.relu_units or ():
        linear = linear.ablate(unit, "linear")
    trials = addition_trials(_ABLATION_TRIALS, task.length, task.marks, task.blank_steps, seed)
    table = ablation_table(network, *trials)
    return AblationFindings(
        pwl_units=p,
        seed=best.seed,
        table=table,
        gate_units=gate_units(table),
        linear_population_mse=population_mse(linear, task.length, task.marks, task.blank_steps),
    )


def _displayed(trained: Sequence[TrainedModel]) -> TrainedModel:
    """The best with P = 2, else with the smallest P above 2, else with the largest P."""
    values = sorted({m.pwl_units for m in trained})
    p = next((v for v in values if v >= 2), values[-1])
    return best_model([m for m in trained if m.pwl_units == p])


def _shown_trials(network: PLRNN, task: AdditionTask, seed: int) -> tuple[Trajectory, np.ndarray]:
    """Two trials: with the earliest and with the latest marks of a thousand."""
    inputs, targets = addition_trials(1000, task.length, task.marks, task.blank_steps, seed)
    positions = (inputs[..., 1] * np.arange(inputs.shape[1])).sum(axis=1)
    chosen = [int(positions.argmin()), int(positions.argmax())]
    return network.run(inputs[chosen]), targets[chosen, 0]


def _record(found: Limits) -> dict[str, Any]:
    least = found.least_squares
    by_p = {
        p: {
            "solved": sum(m.solved for m in own),
            "models": len(own),
            "median_test_mse": median(m.test_mse for m in own),
            "p_below_floor_seeds": found.p_seeds.get(p),
        }
        for p in sorted({m.pwl_units for m in found.models})
        if (own := [m for m in found.models if m.pwl_units == p])
    }
    return {
        "format": "plrnn-training/linear-limit",
        "version": 1,
        "software": f"plrnn-analysis {plrnn_analysis.__version__}",
        "task": found.task.metadata(),
        "units": found.n_units,
        "iterations": found.recipe.iterations,
        "batch": found.recipe.batch,
        "init": found.recipe.init,
        "test_trials": found.recipe.test_trials,
        "affine_floor": found.affine_floor,
        "affine_floor_least_squares": {
            "mse": least.score,
            "interval": list(least.interval),
            "confidence": least.confidence,
            "training_mse": least.training_score,
            "training_trials": least.n_train,
            "test_trials": least.n_test,
        },
        "readout_floor": found.readout_floor,
        "readout_floor_applies": found.task.blank_steps == 0,
        "exact_solver_mse": found.exact_solver_mse,
        "pwl_units": by_p,
        "models": [vars(m) for m in found.models],
        "ablations": [
            {
                "pwl_units": a.pwl_units,
                "seed": a.seed,
                "gate_units": list(a.gate_units),
                "linear_population_mse": a.linear_population_mse,
                "rows": [{"units": list(r.units), "replacement": r.replacement, "mse": r.mse} for r in a.table],
            }
            for a in found.ablations
        ],
        "seconds": found.seconds,
    }
