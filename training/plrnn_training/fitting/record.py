"""A fit on disk: checkpoints, ``fit.json``, ``fit.md`` and the figure; and the way back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any

import plrnn_analysis
from plrnn_analysis._files import write_atomically, write_figure
from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole
from plrnn_analysis.errors import CheckpointError, PLRNNError
from plrnn_analysis.records.numbers import as_float, float_value

from ..record_files import fields_of
from ..runs import write_json
from .measures import HORIZONS, Agreement
from .recipe import FitRecipe
from .results import Baseline, Fit, FitFloor, FittedModel

__all__ = ["RECORD_FILE", "fit_record", "read_fit", "write_fit"]

RECORD_FILE = "fit.json"
FORMAT, VERSION = "plrnn-training/fit", 1


def fit_record(fit: Fit) -> dict[str, Any]:
    """A fit in types that :mod:`json` accepts; numbers that are not finite are words, as in other records."""
    data = fit.known_data
    return {
        "format": FORMAT,
        "version": VERSION,
        "software": f"plrnn-analysis {plrnn_analysis.__version__}",
        "data": {
            "source": data.training.source,
            "names": list(data.training.names),
            "input_names": list(data.training.input_names),
            "dt": data.training.dt,
            "training_steps": data.training.n_steps,
            "validation_steps": data.validation.n_steps,
            "held_out_steps": data.held_out.n_steps,
            "trials": len(data.training.trials) + len(data.validation.trials) + len(data.held_out.trials),
            "missing_values": sum(part.n_missing for part in (data.training, data.validation, data.held_out)),
        },
        "units": fit.n_units,
        "recipe": {name: value for name, value in asdict(fit.recipe).items() if name != "iterations"},
        "tried": {
            str(p): {f"{v:g}": float_value(score) for v, score in tried.items()} for p, tried in fit.choice.items()
        },
        "models": [
            {
                "pwl_units": m.pwl_units,
                "seed": m.seed,
                "interval": m.interval,
                "alpha": m.alpha,
                **_figures(m.agreement),
                "validation_score": float_value(m.validation_score),
                "kept_iteration": m.iteration,
                "reinitialised": m.reinitialised,
                "shown": m.shown,
                "checkpoint": m.checkpoint,
            }
            for m in fit
        ],
        "baselines": [{"name": b.name, **_figures(b.agreement), "checkpoint": b.checkpoint} for b in fit.baselines],
        "floor": {name: float_value(v) if isinstance(v, float) else v for name, v in vars(fit.floor).items()},
        "seconds": fit.seconds,
    }


def _figures(found: Agreement) -> dict[str, Any]:
    figures = {"d_stsp": found.d_stsp, "d_h": found.d_h, "lambda_max": found.lambda_max}
    figures |= {f"error_{horizon}": value for horizon, value in found.errors.items()}
    return {name: None if value is None else float_value(value) for name, value in figures.items()}


def write_fit(fit: Fit, directory: Path) -> None:
    """Write a fit.

    Parameters
    ----------
    fit : Fit
    directory : Path
        Gets ``fit.json``, ``fit.md``, ``fit.png``, ``fit.svg`` and a checkpoint for each model and each baseline.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for model in (*fit, *fit.baselines):
        plrnn_analysis.save(model.model, directory / model.checkpoint)
    write_json(directory / RECORD_FILE, fit_record(fit))
    write_atomically(directory / "fit.md", fit.text().encode())
    figure = fit.figure()
    write_figure(figure, directory / "fit.png", dpi=200)
    write_figure(figure, directory / "fit.svg")


@checked
def read_fit(directory: str | PathLike[str]) -> Fit:
    """Read what ``plrnn fit --out`` or ``fit(..., out=...)`` wrote.

    Parameters
    ----------
    directory : path-like

    Returns
    -------
    Fit
        With the same tables and networks; without the data, which are not kept there.

    Raises
    ------
    CheckpointError
        If there is no fit, or it is not complete.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from plrnn_training import fit
    >>> with tempfile.TemporaryDirectory() as out:
    ...     _ = fit(np.sin(0.2 * np.arange(600)), pwl_units=2, units=6, seeds=1, iterations=20, interval=8, out=out)
    ...     read_fit(out).best.model
    <PLRNN al_rnn: M=6 units, 2 ReLUs, at most 2^2 subregions>
    """
    path = Path(directory) / RECORD_FILE
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CheckpointError(f"{directory} holds no finished fit: {RECORD_FILE} cannot be read ({error})") from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is no JSON: {error}") from error
    if not isinstance(record, dict) or (record.get("format"), record.get("version")) != (FORMAT, VERSION):
        raise CheckpointError(f'{path} is no record of a fit: those say "format": "{FORMAT}", "version": {VERSION}')
    try:
        return _fit(record, path)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        if isinstance(error, PLRNNError):
            raise
        raise CheckpointError(f"{path} is not complete, or was changed: {error!r}") from error


def _fit(record: Mapping[str, Any], path: Path) -> Fit:
    recipe = record["recipe"]
    models = tuple(_model(row, path) for row in record["models"])
    if sum(model.shown for model in models) != 1:
        raise ValueError("one of the models is the one that is shown")
    floor = {
        name: value if value is None or name == "kind" else as_float(value) for name, value in record["floor"].items()
    }
    whole("units", record["units"], 1)
    return Fit(
        models,
        data=None,
        baselines=tuple(_baseline(row, path) for row in record["baselines"]),
        floor=FitFloor(**fields_of(FitFloor, floor, path)),
        recipe=FitRecipe(**{**recipe, "betas": tuple(recipe["betas"])}),
        n_units=record["units"],
        choice={
            int(p): {float(v): as_float(score) for v, score in tried.items()} for p, tried in record["tried"].items()
        },
        seconds=as_float(record["seconds"]),
    )


def _model(row: Mapping[str, Any], path: Path) -> FittedModel:
    own = {name: row[name] for name in ("pwl_units", "seed", "interval", "alpha", "reinitialised", "shown")}
    own |= {"validation_score": as_float(row["validation_score"]), "iteration": row["kept_iteration"]}
    own |= {"checkpoint": row["checkpoint"]}
    known = fields_of(FittedModel, own, path, but=("model", "agreement"))
    return FittedModel(**known, model=plrnn_analysis.load(path.parent / row["checkpoint"]), agreement=_agreement(row))


def _baseline(row: Mapping[str, Any], path: Path) -> Baseline:
    own = fields_of(Baseline, {name: row[name] for name in ("name", "checkpoint")}, path, but=("model", "agreement"))
    return Baseline(**own, model=plrnn_analysis.load(path.parent / row["checkpoint"]), agreement=_agreement(row))


def _agreement(row: Mapping[str, Any]) -> Agreement:
    exponent = row["lambda_max"]
    return Agreement(
        as_float(row["d_stsp"]),
        as_float(row["d_h"]),
        {horizon: as_float(row[f"error_{horizon}"]) for horizon in HORIZONS},
        None if exponent is None else as_float(exponent),
    )
