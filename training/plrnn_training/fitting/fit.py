"""``fit()``: from a time series to networks that generate it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import number, one_of, whole
from plrnn_analysis.errors import ModelError, PLRNNError
from plrnn_analysis.reconstruction import power_spectrum_distance, state_space_divergence

from ..device import choose_device
from ..directories import claimed
from ..runs import Interrupted, said_how_to_go_on
from ..sequence import COMPILED_STATES
from ..systems import generate
from .baselines import best_autoregression, persistence
from .fitter import Fitter
from .measures import FINAL_STEPS, LASTING_RUNS, agreement
from .members import FitMember
from .recipe import (
    FitRecipe,
    alphas,
    check_sizes,
    default_iterations,
    default_seeds,
    default_units,
    intervals,
)
from .results import Baseline, Fit, FitFloor, FittedModel
from .series import Series, Split, as_series, decorrelation_time, split, together
from .windows import Standardisation

__all__ = ["fit"]


@checked
def fit(
    data: Any,
    inputs: Any = None,
    *,
    units: int | None = None,
    pwl_units: int | Sequence[int] = 10,
    forcing: str = "sparse",
    interval: int | None = None,
    alpha: float | None = None,
    seeds: int | None = None,
    seed: int = 0,
    iterations: int | None = None,
    readout: str = "identity",
    noise: float = 0.0,
    tau: float = 0.0,
    regularised_units: int = 0,
    window: int = 200,
    batch: int = 16,
    lr: float = 5e-3,
    hold_out: Any = 0.2,
    validation: float = 0.1,
    patience: int | None = None,
    dt: float | None = None,
    names: Sequence[str] | None = None,
    input_names: Sequence[str] | None = None,
    lambda_max: float | None = None,
    device: str = "auto",
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = False,
    save_every: float = 30.0,
) -> Fit:
    """Fit almost-linear RNNs to a time series by teacher forcing.

    Parameters
    ----------
    data : (T, N) or (n, T, N) array_like, sequence of (T_i, N) array_like, Series, or GeneratedSeries
        A series or trials, also of unequal length. NaN marks what is missing: it never forces and is not in the loss.
    inputs : like `data` with K channels, optional
        Inputs at each time; the state at a time has had the input of that time.
    units : int, optional
        M; 20 by default, more for many channels.
    pwl_units : int or sequence of int, optional
        P, how many of the units have a ReLU; of several values each is fitted. P = 10 fits safely; P of 1 to 3 gives a
        handful of subregions, at the price of long training, more seeds and a poorer fit.
    forcing : str, optional
        ``"sparse"``: every `interval` steps the observations replace the outputs. ``"generalised"``: at every step the
        outputs are drawn to the observations by a share `alpha`.
    interval : int, optional
    alpha : float, optional
        Where they are not given, three values are tried for a quarter of the iterations, around the time in which the
        data forget, and the one with the best median validation score is kept.
    seeds : int, optional
        Models for each P; by default 5, and 8 for P of 1 to 3.
    seed : int, optional
        The first of them.
    iterations : int, optional
        By default 12,000, and 20,000 for P of 1 to 3.
    readout : str, optional
        ``"identity"``: the first N units are the channels. ``"linear"``: channels are learnt combinations of units,
        which also serves more channels than units.
    noise : float, optional
        Standard deviation of noise on the observations that force, in standard deviations of each channel.
    tau, regularised_units : float, int, optional
        Manifold-attractor regularisation of this number of units.
    window, batch : int, optional
        Steps of a training window, and windows per model and iteration.
    lr : float, optional
        Learning rate of Adam.
    hold_out : float or data, optional
        Share of the data for the reported figures, the end of each trial or, from five trials on, whole trials; or
        other data for them.
    validation : float, optional
        Share of the data by which models and settings are chosen.
    patience : int, optional
        Stop after this number of twelfths of the iterations without a better validation score.
    dt, names, input_names, lambda_max : optional
        Time between two steps, names of the channels, known largest Lyapunov exponent per unit of time.
    device : str, optional
        ``"auto"`` takes the CPU for small models, which are quicker there, or a torch device name.
    out : path-like, optional
        Directory for checkpoints, ``fit.json``, ``fit.md``, figures and the state from which a stopped fit resumes.
    resume, overwrite : bool, optional
        Go on with the fit in `out`, or start anew.
    progress : bool, optional
        Show a bar with the time left.
    save_every : float, optional
        Seconds between two savings of the state.

    Returns
    -------
    Fit
        ``fit.best.model`` is the network with the best validation score, in the units of the data.

    Raises
    ------
    ModelError
        On data that are no time series, or settings out of range.
    PLRNNError
        If `out` holds a fit and neither `resume` nor `overwrite` is set, or something cannot be written.
    Interrupted
        If stopped by Ctrl-C, SIGTERM or SIGHUP; the state is saved.

    Notes
    -----
    Windows begin at random places of the training data. The state begins with an affine map of the first observation,
    which is learnt. The loss is the squared error of one-step predictions, whatever steps are forced. It says little
    about free runs, so twelve times on the way every model runs freely and is scored by D_stsp + 5 D_H against training
    and validation data and by forecasts of the validation data; its best state counts. The held-out data are looked at
    once, at the end.

    Methods: sparse teacher forcing, Mikhaeil, Monfared & Durstewitz, NeurIPS 2022; generalised teacher forcing, Hess et
    al., ICML 2023; AL-RNN, Brenner et al., NeurIPS 2024.

    Examples
    --------
    >>> import numpy as np
    >>> wave = np.sin(0.2 * np.arange(600)) + 3.0
    >>> found = fit(wave, pwl_units=2, units=6, seeds=1, iterations=20, interval=8)
    >>> found.best.model
    <PLRNN al_rnn: M=6 units, 2 ReLUs, at most 2^2 subregions>
    """
    series = as_series(data, inputs, dt=dt, names=names, input_names=input_names, lambda_max=lambda_max)
    held = hold_out if isinstance(hold_out, float) else as_series(hold_out, dt=series.dt)
    parts = split(series, held, validation)
    chosen_p = [pwl_units] if isinstance(pwl_units, (int, np.integer)) else list(dict.fromkeys(pwl_units))
    if not chosen_p:
        raise ModelError("pwl_units must be a number or several, got none")
    n_units = default_units(series.n_channels, max(chosen_p), readout) if units is None else units
    recipe = FitRecipe(
        window=window, batch=batch, lr=lr, forcing=forcing, readout=readout, noise=noise, tau=tau,
        regularised_units=regularised_units, patience=patience,
    )  # fmt: skip
    whole("units", n_units, 1)
    whole("seed", seed, 0)
    fitters = []
    for p in chosen_p:
        check_sizes(series.n_channels, n_units, p, readout, regularised_units)
        own = replace(recipe, iterations=default_iterations(p) if iterations is None else iterations)
        count = default_seeds(p) if seeds is None else whole("seeds", seeds, 1)
        members = [
            FitMember(p, seed + i, **strength)
            for i in range(count)
            for strength in _strengths(forcing, interval, alpha, p, parts.training, own)
        ]
        fitters.append(Fitter(parts, members, n_units, own, _device(device, members, n_units, batch)))
    directory = None if out is None else Path(out)
    console = Console(quiet=not progress)
    with nullcontext() if directory is None else claimed(directory):
        _prepare(fitters, directory, console, resume, overwrite)
        _train(fitters, directory, console, save_every)
        found = _result(fitters, parts, recipe, n_units)
        if directory is not None:
            from .record import write_fit

            with said_how_to_go_on(fitters[-1], directory / state_file(chosen_p[-1])):
                write_fit(found, directory)
    return found


def state_file(pwl_units: int) -> str:
    """Name of the file with the training state of one P."""
    return f"training_state_p{pwl_units}.pt"


def _strengths(
    forcing: str, interval: int | None, alpha: float | None, pwl_units: int, training: Series, recipe: FitRecipe
) -> list[dict[str, Any]]:
    if one_of("forcing", forcing, ("sparse", "generalised")) == "sparse":
        if alpha is not None:
            raise ModelError('alpha belongs to forcing="generalised"; sparse forcing has an interval')
        if interval is not None:
            return [{"interval": whole("interval", interval, 1)}]
        longest = min(recipe.window, max(len(trial) for trial in training.trials) - 1)
        return [{"interval": value} for value in intervals(pwl_units, decorrelation_time(training), longest)]
    if interval is not None:
        raise ModelError('interval belongs to forcing="sparse"; generalised forcing has an alpha')
    if alpha is not None:
        return [{"alpha": number("alpha", alpha, above=0.0, most=1.0)}]
    return [{"alpha": value} for value in alphas(decorrelation_time(training))]


def _device(name: str, members: Sequence[FitMember], n_units: int, batch: int) -> torch.device:
    small = len(members) * n_units * batch <= COMPILED_STATES
    return torch.device("cpu") if name == "auto" and small else choose_device(name)


def _prepare(
    fitters: Sequence[Fitter], directory: Path | None, console: Console, resume: bool, overwrite: bool
) -> None:
    if directory is None:
        return
    from .record import RECORD_FILE

    record = directory / RECORD_FILE
    states = [directory / state_file(f.members[0].pwl_units) for f in fitters]
    there = [path for path in states if path.exists()]
    if (there or record.exists()) and not resume and not overwrite:
        raise PLRNNError(f"{directory} holds a fit already: give --resume, --overwrite or another --out")
    if overwrite:
        # Or else, after a kill, it would stand beside networks of another fit.
        record.unlink(missing_ok=True)
    for fitter, path in zip(fitters, states, strict=True):
        if overwrite:
            path.unlink(missing_ok=True)
        elif path.exists():
            fitter.restore(path)
            p, total = fitter.members[0].pwl_units, fitter.recipe.iterations
            console.print(f"P = {p}: resumed at iteration {fitter.iteration} of {total}")
    if resume and not there:
        console.print(f"nothing to resume in {directory}: starting from the beginning")


def _train(fitters: Sequence[Fitter], directory: Path | None, console: Console, save_every: float) -> None:
    for fitter in fitters:
        p = fitter.members[0].pwl_units
        path = None if directory is None else directory / state_file(p)
        with said_how_to_go_on(fitter, path), _bar(fitter, p, console) as after_iteration:
            finished = fitter.run(path, after_iteration, save_every)
        if not finished:
            kept = "nothing was kept" if path is None else f"the state is in {path}: repeat with --resume to go on"
            raise Interrupted(f"stopped at iteration {fitter.iteration} of {fitter.recipe.iterations}; {kept}")


@contextmanager
def _bar(fitter: Fitter, pwl_units: int, console: Console) -> Iterator[Callable[[Fitter], None] | None]:
    if console.quiet:
        yield None
        return
    with Progress(
        TextColumn(f"P = {pwl_units}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[text]}"),
        console=console,
    ) as progress:
        bar = progress.add_task("", total=fitter.recipe.iterations, completed=fitter.iteration, text="")
        began, first = fitter.seconds, fitter.iteration

        def after_iteration(f: Fitter) -> None:
            rate = (f.iteration - first) / max(1e-9, f.seconds - began)
            progress.update(bar, completed=f.iteration, text=f"{rate:.0f} per second  {f.progress_text()}")

        yield after_iteration


def _result(fitters: Sequence[Fitter], data: Split, recipe: FitRecipe, n_units: int) -> Fit:
    standardisation = Standardisation.of(data.training)
    scale, seen = standardisation.scale, together(data.training, data.validation)
    models = []
    for fitter in fitters:
        for index, member in enumerate(fitter.members):
            network = fitter.network(index)
            network.metadata["training"] = _training_record(fitter, index, data)
            models.append(
                FittedModel(
                    pwl_units=member.pwl_units,
                    seed=member.seed,
                    interval=member.interval,
                    alpha=member.alpha,
                    validation_score=fitter.best_scores[index],
                    agreement=agreement(network, data.held_out, scale, fitter.gain(index)),
                    iteration=fitter.best_iterations[index],
                    reinitialised=fitter.reinitialised[index],
                    model=network,
                    checkpoint=f"fit_p{member.pwl_units}_seed{member.seed}.safetensors",
                    shown=False,
                )
            )
    shown = min(range(len(models)), key=lambda i: models[i].validation_score)
    linear = best_autoregression(data, standardisation, seen, n_units)
    references = {
        "persistence": (persistence(data.training), "baseline_persistence.safetensors"),
        f"linear AR({linear.metadata['order']}), P=0": (linear, "baseline_linear.safetensors"),
    }
    return Fit(
        tuple(replace(m, shown=i == shown) for i, m in enumerate(models)),
        data=data,
        baselines=tuple(Baseline(n, m, agreement(m, data.held_out, scale), c) for n, (m, c) in references.items()),
        floor=_floor(data, seen),
        recipe=recipe,
        n_units=n_units,
        choice={f.members[0].pwl_units: dict(f.choice) for f in fitters},
        seconds=sum(f.seconds for f in fitters),
    )


def _training_record(fitter: Fitter, index: int, data: Split) -> dict[str, Any]:
    member, recipe = fitter.members[index], asdict(fitter.recipe)
    recipe["betas"] = list(recipe["betas"])
    return {
        "task": "time series",
        "data": data.training.source,
        "training_steps": data.training.n_steps,
        "seed": member.seed,
        "interval": member.interval,
        "alpha": member.alpha,
        **recipe,
        "kept_iteration": fitter.best_iterations[index],
        "validation_score": fitter.best_scores[index],
        "reinitialised": fitter.reinitialised[index],
    }


@lru_cache(maxsize=4)
def _other_trajectory(system: str, dt: float) -> np.ndarray:
    # With a seed that nobody chooses for data; integrating takes seconds.
    return generate(system, FINAL_STEPS, dt=dt, seed=987_654_321).values


def _floor(data: Split, seen: Series) -> FitFloor:
    """Another trajectory of a generated system, or what was seen of recorded data, against the held-out data."""
    held = list(data.held_out.trials)
    known = data.training.lambda_max
    if data.training.system is not None and data.held_out.lasting:
        other = _other_trajectory(data.training.system, data.training.dt)
        runs: list[np.ndarray] = list(other.reshape(LASTING_RUNS, -1, other.shape[1]))
        kind = "truth against truth"
    else:
        complete = [trial[np.isfinite(trial).all(axis=1)] for trial in seen.trials]
        runs = [trial for trial in complete if len(trial)]
        kind = (
            "earlier data against held-out data" if len(data.training.trials) < 5 else "other trials against held-out"
        )
    if not runs:
        return FitFloor(kind, float("nan"), float("nan"), known)
    return FitFloor(kind, state_space_divergence(held, runs), power_spectrum_distance(held, runs), known)
