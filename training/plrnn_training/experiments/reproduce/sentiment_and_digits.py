"""Figure 2: sentiment and digits need little nonlinearity."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np

from plrnn_analysis.display.abbreviation import verb
from plrnn_analysis.model import PLRNN
from plrnn_analysis.modes import principal_components
from plrnn_analysis.plotting.style import PALETTE, open_frame, percents

from ...sweeps.figure import draw_p_curve
from .claims import Claim, Verdict, by_majority
from .context import Context, Trained
from .measures import concentration, exact, exact_sentence, leading_mode, summary
from .outcome import Outcome

__all__ = ["figure_2"]

# How far below the best score counts as equal.
MARGIN = 0.02


def figure_2(context: Context) -> Outcome:
    """Sentiment of generated sentences, and digits read by rows and by pixels.

    Parameters
    ----------
    context : Context

    Returns
    -------
    Outcome
    """
    from matplotlib.figure import Figure

    sentiment = context.train("sentiment")
    rows, pixels = context.train("digits", "row"), context.train("digits", "pixel")
    numbers: list[dict[str, Any]] = []
    read: list[tuple[PLRNN, dict[str, Any]]] = []
    for row, network in sentiment.networks():
        trials = network.trials
        assert trials is not None  # of a task with an encoder, its output travels in the checkpoint
        run = network.run(trials)
        entry = {
            "task": "sentiment", "pwl_units": row.pwl_units, "seed": row.seed, "accuracy": row.score,
            **summary(leading_mode(network, run)),
        }  # fmt: skip
        if row.pwl_units:
            entry |= {**summary(concentration(run)), **summary(exact(network, run))}
        numbers.append(entry)
        read.append((network, entry))
    separations = []
    for variant, found in (("row", rows), ("pixel", pixels)):
        for row, network in found.networks():
            run, batch = found.run(network, 360, context.seed)
            final, labels = run.states[:, -1], batch.targets.numpy().reshape(len(run.states), -1)[:, -1]
            share = _separation(final, labels)
            separations.append(share)
            numbers.append(
                {
                    "task": f"digits by {variant}", "pwl_units": row.pwl_units, "seed": row.seed,
                    "accuracy": row.score, "nearest_centre_in_3_components": share,
                }
            )  # fmt: skip
            if variant == "row" and row == found.best():
                shown = (final, labels, row.pwl_units or 0)
    figure = Figure(figsize=(12.0, 7.2), layout="constrained")
    axes = figure.subplots(2, 3)
    for ax, found, title in zip(
        axes[0], (sentiment, rows, pixels), ("sentiment (generated)", "digits by row", "digits by pixel"), strict=True
    ):
        draw_p_curve([ax], found.found)
        ax.set_title(title, fontsize=9)
    _draw_leading(axes[1, 0], [e for _, e in read])
    _draw_concentration(axes[1, 1], [e for _, e in read if e["pwl_units"]])
    _draw_classes(axes[1, 2], *shown)
    large = [e for _, e in read if e["pwl_units"] >= 8]
    claims = (
        _little("Sentiment needs little nonlinearity.", sentiment, " The sentences are generated from a grammar with "
                "negation and \"but\", which real reviews need less of."),
        _little("Digits read by rows need little nonlinearity.", rows, ""),
        _little("Digits read pixel by pixel need little nonlinearity.", pixels, ""),
        _slow_mode([e for _, e in read if e["accuracy"] >= 0.9 * max(e["accuracy"] for _, e in read)]),
        Claim(
            "fig2",
            "On sentiment the use of subregions is concentrated on few.",
            by_majority([e["for_90_percent"] <= 0.1 * e["possible"] for e in large]),
            "In more than half of the networks with P of at least 8, a tenth of the 2^P subregions holds nine tenths "
            "of the steps.",
            {"networks": len(large), "for_90_percent": [e["for_90_percent"] for e in large],
             "steps": [e["steps"] for e in large]},
            f"{sum(e['for_90_percent'] <= 0.1 * e['possible'] for e in large)} of {len(large)} do. Where 2^P is far "
            f"larger "
            "than the number of steps looked at, this could hardly come out otherwise; the effective number in the "
            "table says more.",
        ),
        Claim(
            "fig2",
            "The final states on digits separate by class in three principal components.",
            by_majority([share >= 0.8 for share in separations]),
            "In more than half of the networks, at least 80 % of the final states lie nearest to the centre of their "
            "own class in three components; chance is 10 %.",
            {"median_share": median(separations), "networks": len(separations)},
            f"The median share over {len(separations)} networks is {median(separations):.2f}.",
        ),
    )  # fmt: skip
    return Outcome(
        "fig2",
        "Figure 2: sentiment and digits",
        claims,
        numbers,
        figure,
        "Above: accuracy against the number of ReLUs. Below: the slowest eigenvalue of the most visited subregion and "
        "its alignment with the first principal component (sentiment); how many subregions hold nine tenths of the "
        "steps (sentiment); final states on digits by row in two of three components, coloured by class.",
    )


def _separation(states: np.ndarray, labels: np.ndarray, n_components: int = 3) -> float:
    """Share of states whose nearest class centre, their own state left out, is that of their class."""
    found = principal_components(states)
    projected = (states - found.mean) @ found.components[:n_components].T
    classes = np.unique(labels)
    sums = np.stack([projected[labels == c].sum(axis=0) for c in classes])
    counts = np.array([(labels == c).sum() for c in classes])
    right = 0
    for point, label in zip(projected, labels, strict=True):
        own = int(np.searchsorted(classes, label))
        total, number = sums.copy(), counts.astype(float)
        total[own] -= point
        number[own] -= 1
        centres = total / np.maximum(number, 1)[:, None]
        right += int(np.argmin(np.linalg.norm(centres - point, axis=1)) == own)
    return right / len(labels)


def _little(claim: str, found: Trained, remark: str) -> Claim:
    medians = found.medians()
    units = found.found.n_units
    best = max(medians.values())
    enough = min(p for p, score in medians.items() if score >= best - MARGIN)
    floor = found.found.floor
    return Claim(
        "fig2",
        claim,
        Verdict.SUPPORTED if enough <= units / 10 else Verdict.NOT_SUPPORTED,
        f"The median accuracy comes within {MARGIN:g} of the best over P with at most a tenth of the units carrying a "
        f"ReLU.",
        {
            "median_accuracy": {str(p): s for p, s in medians.items()},
            "units": units,
            "smallest_p": enough,
            "affine": floor,
        },
        f"P = {enough} of {units} units is enough; the medians are "
        + ", ".join(f"{s:.3f} at P = {p}" for p, s in medians.items())
        + "."
        + remark,
    )


def _slow_mode(entries: Sequence[dict[str, Any]]) -> Claim:
    holds = [abs(e["modulus"] - 1.0) <= 0.05 and e["cosine"] >= 0.8 for e in entries]
    return Claim(
        "fig2",
        "On sentiment an eigenvalue lies near 1 and its eigenvector aligns with the first principal component.",
        by_majority(holds),
        "In more than half of the networks whose accuracy is within a tenth of the best, the most visited subregion "
        "has an eigenvalue within 0.05 of the unit circle, and the cosine between its eigenspace and the first "
        "component is at least 0.8.",
        {
            "networks": len(entries),
            "modulus": [e["modulus"] for e in entries],
            "cosine": [e["cosine"] for e in entries],
            "variance_of_first_component": [e["variance"] for e in entries],
        },
        f"{sum(holds)} of {len(entries)} {verb(sum(holds), 'does', 'do')}: the median modulus is "
        f"{median(e['modulus'] for e in entries):.3f}, the median cosine "
        f"{median(e['cosine'] for e in entries):.2f}.{exact_sentence(entries)}",
    )


def _draw_leading(ax: Any, entries: Sequence[dict[str, Any]]) -> None:
    places = {p: i for i, p in enumerate(sorted({e["pwl_units"] for e in entries}))}
    x = [places[e["pwl_units"]] for e in entries]
    ax.plot(
        x, [e["modulus"] for e in entries], "o", color=PALETTE[0], label="modulus of slowest eigenvalue", markersize=5
    )
    ax.plot(x, [e["cosine"] for e in entries], "x", color=PALETTE[5], label="cosine with first component", markersize=5)
    ax.set_xticks(list(places.values()), list(map(str, places)))
    ax.set_xlabel("number of ReLU units P")
    ax.set_ylim(0, 1.25)
    ax.set_ylabel("modulus, or cosine")
    open_frame(ax)
    ax.legend(frameon=False, fontsize=8)


def _draw_concentration(ax: Any, entries: Sequence[dict[str, Any]]) -> None:
    places = {p: i for i, p in enumerate(sorted({e["pwl_units"] for e in entries}))}
    x = [places[e["pwl_units"]] for e in entries]
    ax.plot(x, [e["for_90_percent"] for e in entries], "o", color=PALETTE[0], label="hold 90 % of steps", markersize=5)
    ax.plot(x, [e["visited"] for e in entries], "x", color=PALETTE[5], label="visited", markersize=5)
    ax.plot(list(places.values()), [2.0**p for p in places], "--", color="0.5", linewidth=1.0, label="possible, 2^P")
    ax.set_yscale("log")
    ax.set_ylim(0.7, 10 * max(e["visited"] for e in entries))
    ax.set_xticks(list(places.values()), list(map(str, places)))
    ax.set_xlabel("number of ReLU units P")
    ax.set_ylabel("subregions")
    open_frame(ax)
    ax.legend(frameon=False, fontsize=8)


def _draw_classes(ax: Any, states: np.ndarray, labels: np.ndarray, pwl_units: int) -> None:
    found = principal_components(states)
    projected = (states - found.mean) @ found.components[:2].T
    one, two = percents(map(float, found.explained[:2]))
    points = ax.scatter(*projected.T, c=labels, cmap="tab10", vmin=-0.5, vmax=9.5, s=9, linewidths=0)
    ax.figure.colorbar(points, ax=ax, label="digit", ticks=range(10))
    ax.set_xlabel(f"principal component 1 ({one})")
    ax.set_ylabel(f"principal component 2 ({two})")
    open_frame(ax)
    ax.set_title(f"final states, digits by row, P = {pwl_units}", fontsize=9)
