"""Figure 3: the copy task, its memory and its switches."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np

from plrnn_analysis.display.abbreviation import verb
from plrnn_analysis.model import PLRNN
from plrnn_analysis.plotting.style import PALETTE, open_frame

from ...sweeps import SweepRow
from ...sweeps.figure import draw_p_curve
from ...tasks.base import Batch
from ...tasks.copying import CopyTask
from .claims import Claim, Verdict, by_majority
from .context import Context, Trained
from .measures import concentration, exact, exact_sentence, leading_mode, summary, switch_rate
from .outcome import Outcome

__all__ = ["figure_3"]

TRIALS = 200
# A solution, of accuracy.
SOLVED = 0.99


def figure_3(context: Context) -> Outcome:
    """Copy at a fixed and at a random delay.

    Parameters
    ----------
    context : Context

    Returns
    -------
    Outcome
    """
    from matplotlib.figure import Figure

    fixed, random = context.train("copy", "fixed"), context.train("copy", "random_delay")
    assert isinstance(fixed.task, CopyTask)  # of the registry
    numbers, measured = [], []
    for variant, found in (("fixed", fixed), ("random_delay", random)):
        for row, network in found.networks():
            run, batch = found.run(network, TRIALS, context.seed)
            entry = {
                "variant": variant, "pwl_units": row.pwl_units, "seed": row.seed, "accuracy": row.score,
                "floor": row.floor, **summary(leading_mode(network, run)),
            }  # fmt: skip
            if row.pwl_units:
                recall, delay = switch_rate(run, _recall(batch))
                entry |= {"switches_at_recall": recall, "switches_elsewhere": delay, **summary(concentration(run))}
                entry |= summary(exact(network, run))
            numbers.append(entry)
            measured.append((entry, row, network))
    figure = Figure(figsize=(10.5, 7.2), layout="constrained")
    axes = figure.subplots(2, 2)
    draw_p_curve([axes[0, 0]], fixed.found)
    axes[0, 0].set_title("fixed delay", fontsize=9)
    draw_p_curve([axes[0, 1]], random.found)
    axes[0, 1].set_title("random delay", fontsize=9)
    _draw_switches(axes[1, 0], numbers)
    _draw_variances(axes[1, 1], numbers)
    single = [(e, r, n) for e, r, n in measured if e["variant"] == "fixed" and r.pwl_units == 1]
    claims = (
        _one_relu_suffices(single, fixed),
        _long_cycle(context.seed, fixed.task.longest, single),
        _switch_at_recall([e for e in numbers if e["pwl_units"] and e["accuracy"] >= SOLVED]),
        _few_bitcodes([e for e in numbers if e["pwl_units"] >= 8]),
        _many_components([e for e in numbers if e["accuracy"] >= SOLVED]),
        _random_delay(random),
    )
    return Outcome(
        "fig3",
        "Figure 3: copy",
        claims,
        numbers,
        figure,
        "Above: share of symbols recalled against the number of ReLUs, with chance and the best affine predictor. "
        "Below: how often the bitcode changes at recall and at all other steps; how many principal components hold "
        "nine tenths of the variance.",
    )


def _recall(batch: Batch) -> np.ndarray:
    """The steps that are scored, and so those of the cue and recall."""
    assert batch.mask is not None  # the task scores the recall alone
    mask = batch.mask.numpy() > 0
    whole = np.zeros(batch.inputs.shape[:2], dtype=bool)
    whole[:, -mask.shape[1] :] = mask
    return whole


def _one_relu_suffices(single: Sequence[tuple[dict[str, Any], SweepRow, PLRNN]], fixed: Trained) -> Claim:
    scores = [row.score for _, row, _ in single]
    linear = fixed.scores(0)
    best = median(scores) if scores else float("nan")
    return Claim(
        "fig3",
        "Copy at a fixed delay is solved with a single ReLU.",
        Verdict.NOT_DECIDABLE if not scores else Verdict.SUPPORTED if best >= SOLVED else Verdict.NOT_SUPPORTED,
        f"The median accuracy over seeds is at least {SOLVED:g} at P = 1.",
        {"median_at_1": best, "median_at_0": median(linear) if linear else None},
        f"The median is {best:.3f} at P = 1"
        + (f" and {median(linear):.3f} without any ReLU: a fixed delay is a linear task." if linear else "."),
    )


def _long_cycle(seed: int, delay: int, single: Sequence[tuple[dict[str, Any], SweepRow, PLRNN]]) -> Claim:
    steps = float(delay)
    holds: list[bool | None] = []
    kinds: list[str] = []
    for entry, _, network in single:
        if entry["accuracy"] < SOLVED:
            continue
        found = network.attractors(n=50, time_limit=20.0, seed=seed)
        main = max(found, key=lambda item: item.count)
        kinds.append(f"{main.kind} of period {main.period}" if main.period else str(main.kind))
        holds.append(bool(main.period and 0.5 * steps <= main.period <= 2 * steps))
    return Claim(
        "fig3",
        "With P = 1 the free dynamics is a cycle of about the length of the delay, living mainly in one subregion.",
        by_majority(holds),
        "In more than half of the solved networks with P = 1 most of 50 free runs end on a cycle whose period is "
        "between half the delay and twice the delay.",
        {"delay": steps, "networks": len(holds), "where_free_runs_end": kinds},
        f"Where most free runs end in {len(kinds)} solved networks: "
        f"{'; '.join(sorted(set(kinds))) or 'none is solved'}.",
    )


def _switch_at_recall(entries: Sequence[dict[str, Any]]) -> Claim:
    holds = [e["switches_at_recall"] >= 0.5 and e["switches_elsewhere"] <= 0.1 for e in entries]
    at, other = ([e[f"switches_{where}"] for e in entries] for where in ("at_recall", "elsewhere"))
    told = f"Medians over {len(entries)} networks: {median(at):.2f} and {median(other):.2f}." if entries else ""
    return Claim(
        "fig3",
        "The network changes its subregion when recall begins, and hardly before.",
        by_majority(holds),
        "In more than half of the solved networks the bitcode changes at half or more of the recall steps, and at no "
        "more than a tenth of the others.",
        {
            "networks": len(entries),
            "networks_that_do": sum(holds),
            "median_at_recall": median(at) if at else None,
            "median_elsewhere": median(other) if other else None,
        },
        f"{sum(holds)} of {len(entries)} solved networks {verb(sum(holds), 'does', 'do')}. "
        f"{told}{exact_sentence(entries)}".strip(),
    )


def _few_bitcodes(entries: Sequence[dict[str, Any]]) -> Claim:
    holds = [e["for_90_percent"] <= 0.1 * e["possible"] for e in entries]
    return Claim(
        "fig3",
        "Of the 2^P subregions of larger networks few are in use.",
        by_majority(holds),
        "In more than half of the networks with P of at least 8, a tenth of the 2^P subregions holds nine tenths of "
        "the steps of 200 trials.",
        {
            "networks": len(entries),
            "networks_that_do": sum(holds),
            "visited": [e["visited"] for e in entries],
            "effective": [e["effective"] for e in entries],
            "effective_if_units_were_independent": [e["independent"] for e in entries],
        },
        f"{sum(holds)} of {len(entries)} {verb(sum(holds), 'does', 'do')}. "
        + (
            f"The effective number of subregions has a median of {median(e['effective'] for e in entries):.0f}; units "
            f"that switched as often but independently would use {median(e['independent'] for e in entries):.0f}."
            if entries
            else ""
        ),
    )


def _many_components(entries: Sequence[dict[str, Any]]) -> Claim:
    counts = [e["components_for_90_percent"] for e in entries]
    return Claim(
        "fig3",
        "The variance of the states is spread over many principal components.",
        by_majority([n > 3 for n in counts]),
        "In more than half of the solved networks three components hold less than nine tenths of the variance.",
        {"networks": len(counts), "components_for_90_percent": counts},
        f"Solved networks need {median(counts):g} components in the median."
        if counts
        else "No network solved the task.",
    )


def _random_delay(random: Trained) -> Claim:
    medians = random.medians()
    best = max(medians, key=lambda p: medians[p], default=0)
    floor = random.found.floor
    decided = floor is not None and len(medians) > 1
    gain = decided and medians[best] >= float(floor or 0.0) + 0.1 and best > 0
    return Claim(
        "fig3",
        "Recall improves with the number of ReLUs where the delay varies.",
        Verdict.NOT_DECIDABLE if not decided else Verdict.SUPPORTED if gain else Verdict.NOT_SUPPORTED,
        "The best median accuracy over P is at least 0.1 above that of the best affine predictor.",
        {"median_accuracy": {str(p): score for p, score in medians.items()}, "affine": floor},
        f"The best affine predictor recalls {floor:.3f} of the symbols; the best median is "
        f"{medians[best]:.3f} at P = {best}."
        if floor is not None
        else "",
    )


def _draw_switches(ax: Any, entries: Sequence[dict[str, Any]]) -> None:
    own = [e for e in entries if e["pwl_units"] and e["variant"] == "random_delay"]
    places = {p: i for i, p in enumerate(sorted({e["pwl_units"] for e in own}))}
    looks = (("switches_at_recall", "recall", "o", PALETTE[0]), ("switches_elsewhere", "other steps", "x", PALETTE[5]))
    x = [places[e["pwl_units"]] for e in own]
    for key, label, marker, colour in looks:
        ax.plot(x, [e[key] for e in own], marker, color=colour, label=label, markersize=5)
    ax.set_xticks(list(places.values()), list(map(str, places)))
    ax.set_xlabel("number of ReLU units P")
    ax.set_ylabel("share of steps that switch")
    ax.set_ylim(-0.03, 1.03)
    open_frame(ax)
    ax.legend(frameon=False, fontsize=8)


def _draw_variances(ax: Any, entries: Sequence[dict[str, Any]]) -> None:
    places = {p: i for i, p in enumerate(sorted({e["pwl_units"] for e in entries}))}
    for variant, label, marker, colour in (
        ("fixed", "fixed delay", "o", PALETTE[0]), ("random_delay", "random delay", "x", PALETTE[5]),
    ):  # fmt: skip
        own = [e for e in entries if e["variant"] == variant]
        ax.plot(
            [places[e["pwl_units"]] for e in own], [e["components_for_90_percent"] for e in own], marker,
            color=colour, label=label, markersize=5,
        )  # fmt: skip
    ax.set_xticks(list(places.values()), list(map(str, places)))
    ax.set_xlabel("number of ReLU units P")
    ax.set_ylabel("components for 90 % of variance")
    ax.set_ylim(bottom=0)
    open_frame(ax)
    ax.legend(frameon=False, fontsize=8)
