"""A fit in words: the data, the figures in a table, and what the chosen network does."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from plrnn_analysis.appearance import node_labels
from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.results import FixedPoint
from plrnn_analysis.symbols import occupancy

from .measures import run_beside
from .recipe import FEW_RELUS
from .results import SHOWN_STEPS, Fit, FittedModel
from .series import Series

__all__ = ["fit_text"]

# Subregions and fixed points that are named.
LISTED = 8
# Seconds for the search for fixed points.
SEARCH_SECONDS = 60.0


def fit_text(fit: Fit) -> str:
    """The text, in Markdown."""
    paragraphs = [
        f"# A fit of {fit.known_data.training.source}",
        _data(fit),
        _training(fit),
        _table(fit),
        _verdict(fit),
    ]
    paragraphs += ["## What the network shown does", _subregions(fit), _fixed_points(fit), _measures(fit)]
    return "\n\n".join(paragraphs) + "\n"


def _data(fit: Fit) -> str:
    data = fit.known_data
    series = data.training
    steps = f"{count_words(data.training.n_steps, 'step')} for training, {data.validation.n_steps} for validation, " + (
        f"{data.held_out.n_steps} held out"
    )
    missing = sum(part.n_missing for part in (data.training, data.validation, data.held_out))
    sentences = [
        f"{count_words(series.n_channels, 'channel')} ({_few(series.names)}) at intervals of {series.dt:g}: {steps}, "
        f"in {_trials(series)}."
    ]
    if series.n_inputs:
        sentences.append(f"{count_words(series.n_inputs, 'input')}: {_few(series.input_names)}.")
    if missing:
        sentences.append(f"{missing} values are missing: they force nothing and are not in the loss.")
    return " ".join(sentences)


def _training(fit: Fit) -> str:
    values = sorted({m.pwl_units for m in fit})
    counts = ", ".join(f"{sum(m.pwl_units == p for m in fit)} with P = {p}" for p in values)
    sentences = [f"AL-RNNs of {fit.n_units} units, {counts}, {fit.recipe.readout} readout, {_forcing(fit)}"]
    for p, tried in fit.choice.items():
        if tried:
            scores = ", ".join(f"{value:g}: {score:.2f}" for value, score in tried.items())
            sentences.append(
                f"Tried for P = {p} (median validation score after a quarter of the iterations): {scores}."
            )
    sentences.append(f"Training took {fit.seconds:.0f} s.")
    return " ".join(sentences)


def _forcing(fit: Fit) -> str:
    kind = "every {} steps" if fit.recipe.forcing == "sparse" else "α = {}"
    values = sorted({(m.pwl_units, m.interval if m.alpha is None else m.alpha) for m in fit})
    if len(values) == 1:
        return f"{fit.recipe.forcing} teacher forcing {kind.format(values[0][1])}."
    each = ", ".join(f"P = {p}: {kind.format(value)}" for p, value in values)
    return f"{fit.recipe.forcing} teacher forcing ({each})."


def _table(fit: Fit) -> str:
    table = fit.compared()
    heads = {"d_stsp": "D_stsp", "d_h": "D_H", "lambda_max": "λ_max", "validation_score": "validation score"}
    names = [heads.get(name, name.replace("_", " ")) for name in table]
    lines = ["| " + " | ".join(names) + " |", "|---" + "|---:" * (len(names) - 1) + "|"]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in zip(*table.values(), strict=True)]
    return "\n".join(lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if np.isnan(value) else "diverges" if np.isinf(value) else f"{value:.3g}"
    return str(value)


def _verdict(fit: Fit) -> str:
    best = fit.best
    sentences = [
        f"Shown is the network with the best validation score, P = {best.pwl_units}, seed {best.seed}; the held-out "
        "data had no part in the choice."
    ]
    for p in sorted({m.pwl_units for m in fit}):
        own = [m for m in fit if m.pwl_units == p]
        if len(own) > 1:
            spreads = (f"{name} {_spread([getattr(m, key) for m in own])}" for name, key in _SPREADS)
            sentences.append(
                f"Over the {len(own)} seeds with P = {p} (smallest, median, largest): {', '.join(spreads)}."
            )
    linear = fit.baselines[-1]
    beaten = best.d_stsp < linear.agreement.d_stsp and best.d_h < linear.agreement.d_h
    sentences.append(
        f"The {linear.name} baseline is {'beaten' if beaten else 'NOT beaten'} in free runs: D_stsp "
        f"{_cell(linear.agreement.d_stsp)}, D_H {_cell(linear.agreement.d_h)}."
    )
    worse = [h for h, error in best.agreement.errors.items() if error > linear.agreement.errors[h]]
    if worse:
        steps = " and ".join(map(str, worse))
        ahead = f"{steps} step{'' if worse == [1] else 's'} ahead"
        sentences.append(f"Its forecasts {ahead} are better than those of the network.")
    sentences.append(f"Floor, {fit.floor.kind}: D_stsp {_cell(fit.floor.d_stsp)}, D_H {_cell(fit.floor.d_h)}.")
    if best.lambda_max is not None and fit.floor.lambda_max is not None:
        sentences.append(
            f"λ_max is {best.lambda_max:.3g} per unit of time, that of the system {fit.floor.lambda_max:.3g}."
        )
    return " ".join(sentences)


_SPREADS = (("D_stsp", "d_stsp"), ("D_H", "d_h"), ("error 10", "error_10"))


def _spread(values: Sequence[float]) -> str:
    return ", ".join(_cell(value) or "unknown" for value in (min(values), median(values), max(values)))


def _subregions(fit: Fit) -> str:
    best = fit.best
    if not best.pwl_units:
        return "It is linear: there is one subregion."
    run, _ = run_beside(best.model, fit.known_data.held_out, SHOWN_STEPS, _gain(best))
    found = occupancy(run)
    shares = {item.bitcode: f"{100 * item.frequency:.3g} %" for item in found}
    words = [code if code == name else f"{name} = {code}" for code, name in node_labels(list(shares)).items()]
    named = ", ".join(f"{word} ({share})" for word, share in list(zip(words, shares.values(), strict=True))[:LISTED])
    more = f", and {len(found) - LISTED} more" if len(found) > LISTED else ""
    subregions = 2**best.pwl_units
    text = f"Its free runs visit {len(found)} of {subregions} subregions: {named}{more}."
    if best.pwl_units > FEW_RELUS:
        text += f" {found.n_for(0.9)} of them hold 90 % of the time. Fewer ReLUs (`--pwl-units`) give fewer of them."
    return text


def _fixed_points(fit: Fit) -> str:
    best = fit.best
    found = best.model.fixed_points(time_limit=SEARCH_SECONDS)
    under = " under zero input" if fit.known_data.training.n_inputs else ""
    claim = "" if found.complete else " found; the search was stopped, there may be more"
    if not len(found):
        return f"No fixed point{under}{claim}."
    listed = "\n".join(f"- {_fixed_point(point)}" for point in found[:LISTED])
    more = f"\n- and {len(found) - LISTED} more" if len(found) > LISTED else ""
    return f"{count_words(len(found), 'fixed point')}{under}{claim}:\n\n{listed}{more}"


def _fixed_point(point: FixedPoint) -> str:
    assert point.output is not None  # fitted networks have a readout
    place = ", ".join(f"{value:.3g}" for value in point.output[:LISTED])
    more = ", ..." if len(point.output) > LISTED else ""
    return f"{point.stability} in {point.bitcode or 'the only subregion'}, outputs ({place}{more})"


def _measures(fit: Fit) -> str:
    mixture = fit.known_data.training.n_channels > 6
    return (
        "D_stsp is the Kullback-Leibler divergence of the states that free runs visit from those in the data "
        f"({'Gaussian mixture' if mixture else 'binned'}), D_H the Hellinger distance of power spectra, error k the "
        "root mean square error of forecasts k steps ahead in standard deviations of each channel, λ_max the largest "
        "Lyapunov exponent per unit of time. All are against the held-out data."
    )


def _gain(model: FittedModel) -> float:
    return 1.0 if model.alpha is None else model.alpha


def _trials(series: Series) -> str:
    return "one piece" if len(series.trials) == 1 else f"{count_words(len(series.trials), 'trial')}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")
