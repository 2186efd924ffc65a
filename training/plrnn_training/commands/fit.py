"""``plrnn fit`` and ``plrnn generate``: networks from a time series, and series to try them on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .options import Device, LearningRate, Out, Overwrite, RegularisedUnits, Resume, Seed, Tau, interruptible

__all__ = ["fit_series", "generate_series"]

Hold = Annotated[
    str, typer.Option("--hold-out", help="Share of the data kept for the reported figures, or a file of other data.")
]


def fit_series(
    data: Annotated[Path, typer.Argument(help="The series: .npy, .npz, .csv or .mat.")],
    out: Out,
    inputs: Annotated[
        str | None, typer.Option(help="Inputs beside the data: a file, or names of columns of a .csv.")
    ] = None,
    units: Annotated[
        int | None, typer.Option(min=1, help="M, the number of units.", show_default="20, more for many channels")
    ] = None,
    pwl_units: Annotated[str, typer.Option(help="P, the numbers of ReLU units, separated by commas.")] = "10",
    forcing: Annotated[
        str,
        typer.Option(help="Teacher forcing: sparse (at intervals) or generalised (by a share at every step)."),
    ] = "sparse",
    interval: Annotated[
        int | None, typer.Option(min=1, help="Steps of sparse forcing.", show_default="chosen by validation")
    ] = None,
    alpha: Annotated[
        float | None, typer.Option(help="Share of generalised forcing.", show_default="chosen by validation")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="How many models for each P.", show_default="5; 8 for P of 1 to 3")
    ] = None,
    seed: Seed = 0,
    iterations: Annotated[
        int | None, typer.Option(min=1, show_default="12000; 20000 for P of 1 to 3", help="Steps of training.")
    ] = None,
    readout: Annotated[
        str, typer.Option(help="identity (the first units are the channels) or linear (learnt combinations).")
    ] = "identity",
    noise: Annotated[
        float, typer.Option(help="Noise on the observations that force, in standard deviations of each channel.")
    ] = 0.0,
    tau: Tau = 0.0,
    regularised_units: RegularisedUnits = 0,
    window: Annotated[int, typer.Option(min=1, help="Steps of a training window.")] = 200,
    batch: Annotated[int, typer.Option(min=1, help="Windows per model and iteration.")] = 16,
    lr: LearningRate = 5e-3,
    hold_out: Hold = "0.2",
    validation: Annotated[float, typer.Option(help="Share of the data by which models are chosen.")] = 0.1,
    patience: Annotated[
        int | None,
        typer.Option(min=1, help="Stop after this many twelfths of the iterations without a better score."),
    ] = None,
    dt: Annotated[
        float | None, typer.Option(help="Time between two steps.", show_default="from the file, or 1")
    ] = None,
    lambda_max: Annotated[
        float | None, typer.Option(help="Largest Lyapunov exponent of the system per unit of time, if it is known.")
    ] = None,
    device: Device = "auto",
    resume: Resume = False,
    overwrite: Overwrite = False,
    save_every: Annotated[float, typer.Option(help="Seconds between two savings of the state.")] = 30.0,
) -> None:
    """Fit networks to a time series by teacher forcing, and hold their free runs against data they have not seen.

    Example: plrnn fit lorenz.npz --out runs/lorenz --pwl-units 2,5,10

    Example: plrnn fit recording.csv --inputs stimulus --out runs/recording --hold-out later.csv
    """
    with interruptible():
        from ..fitting import fit, read_series
        from ..runs import parse_whole_numbers

        console = Console()
        series = read_series(data, inputs)
        found = fit(
            series,
            units=units,
            pwl_units=parse_whole_numbers(pwl_units, "--pwl-units"),
            forcing=forcing,
            interval=interval,
            alpha=alpha,
            seeds=seeds,
            seed=seed,
            iterations=iterations,
            readout=readout,
            noise=noise,
            tau=tau,
            regularised_units=regularised_units,
            window=window,
            batch=batch,
            lr=lr,
            hold_out=_share_or_series(hold_out),
            validation=validation,
            patience=patience,
            dt=dt,
            lambda_max=lambda_max,
            device=device,
            out=out,
            resume=resume,
            overwrite=overwrite,
            progress=True,
            save_every=save_every,
        )
        console.print(found.text(), highlight=False, markup=False)
        console.print(f"All of it is in {out}/ (fit.md, fit.json, fit.png, fit.svg, checkpoints).", highlight=False)


def _share_or_series(text: str) -> object:
    """A number, or the data in the file of that name."""
    from ..fitting import read_series

    try:
        return float(text)
    except ValueError:
        return read_series(Path(text))


def generate_series(
    system: Annotated[str, typer.Argument(help="lorenz63, roessler, van_der_pol or chua.")],
    out: Annotated[Path, typer.Option(help="File to write: .npz (with interval and names), .npy or .csv.")],
    steps: Annotated[int, typer.Option(min=2, help="Points of the series.")] = 10_000,
    dt: Annotated[
        float | None, typer.Option(help="Time between two of them.", show_default="usual for the system")
    ] = None,
    noise: Annotated[float, typer.Option(help="Observation noise, as a share of each standard deviation.")] = 0.0,
    seed: Seed = 0,
) -> None:
    """Write a time series of a benchmark system, generated by integrating its equation.

    Example: plrnn generate lorenz63 --out lorenz.npz --steps 20000 --noise 0.05
    """
    from plrnn_analysis.display.abbreviation import count_words

    from ..systems import generate, write_series

    series = generate(system, steps, dt=dt, noise=noise, seed=seed)
    write_series(series, out)
    steps_written = count_words(len(series.values), "step")
    typer.echo(f"{out}: {steps_written} of {series.system.name} at intervals of {series.dt:g}")
