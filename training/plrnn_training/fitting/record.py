"""A fit on disk: checkpoints, ``fit.json``, ``fit.md`` and the figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plrnn_analysis

from ..runs import write_json
from .measures import Agreement
from .results import Fit

__all__ = ["fit_record", "write_fit"]


def fit_record(fit: Fit) -> dict[str, Any]:
    """A fit in types that :mod:`json` accepts."""
    data = fit.data
    return {
        "format": "plrnn-training/fit",
        "version": 1,
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
        "forcing": fit.recipe.forcing,
        "readout": fit.recipe.readout,
        "tried": {str(p): {f"{v:g}": score for v, score in tried.items()} for p, tried in fit.choice.items()},
        "models": [
            {
                "pwl_units": m.pwl_units,
                "seed": m.seed,
                "interval": m.interval,
                "alpha": m.alpha,
                **_figures(m.agreement),
                "validation_score": m.validation_score,
                "kept_iteration": m.iteration,
                "reinitialised": m.reinitialised,
                "shown": m.shown,
                "checkpoint": m.checkpoint,
            }
            for m in fit
        ],
        "baselines": [{"name": b.name, **_figures(b.agreement)} for b in fit.baselines],
        "floor": vars(fit.floor),
        "seconds": fit.seconds,
    }


def _figures(found: Agreement) -> dict[str, float | None]:
    errors = {f"error_{horizon}": value for horizon, value in found.errors.items()}
    return {"d_stsp": found.d_stsp, "d_h": found.d_h, "lambda_max": found.lambda_max, **errors}


def write_fit(fit: Fit, directory: Path) -> None:
    """Write a fit.

    Parameters
    ----------
    fit : Fit
    directory : Path
        Gets ``fit.json``, ``fit.md``, ``fit.png``, ``fit.svg`` and a checkpoint for each model.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for model in fit:
        plrnn_analysis.save(model.model, directory / str(model.checkpoint))
    write_json(directory / "fit.json", fit_record(fit))
    (directory / "fit.md").write_text(fit.text(), encoding="utf-8")
    figure = fit.figure()
    figure.savefig(directory / "fit.png", dpi=200)
    figure.savefig(directory / "fit.svg")
