"""Figure 5: eleven cognitive tasks in one network, over data sizes and numbers of ReLUs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import mean, median, stdev
from typing import Any

import numpy as np

from ...sweeps.figure import draw_p_curve
from .claims import Claim, Verdict
from .context import Context, Trained
from .measures import FamilyTest, family_test, valid_bitcodes
from .outcome import Outcome

__all__ = ["FAMILIES", "figure_5"]

#: Variants of one task.
FAMILIES = (
    ("DelayPro", "DelayAnti"),
    ("ReactPro", "ReactAnti"),
    ("CatPro", "CatAnti"),
    ("Match2Sample", "NonMatch2Sample"),
    ("CtxIntMod1", "CtxIntMod2"),
)
# Of the quick form, which asks the same at the smallest and the largest of the data sizes.
PWL_UNITS, SAMPLES = (0, 2, 4, 16, 64), (20, 500)
# Trials of each task behind the divergences.
TRIALS = 30
LEVEL = 0.05


def figure_5(context: Context) -> Outcome:
    """Accuracy over data sizes and P, and how alike related tasks use the subregions.

    Parameters
    ----------
    context : Context

    Returns
    -------
    Outcome
    """
    from matplotlib.figure import Figure

    found = context.train("cognitive", pwl_units=PWL_UNITS, samples=SAMPLES)
    sizes = sorted({row.samples for row in found.rows if row.samples is not None})
    numbers: list[dict[str, Any]] = [
        {
            "samples": row.samples, "pwl_units": row.pwl_units, "seed": row.seed, "model": row.model,
            "accuracy": row.score, **{f"accuracy_{name}": score for name, score in row.conditions.items()},
        }
        for row in found.rows
    ]  # fmt: skip
    tests = _divergences(context, found, sizes[-1])
    for (pwl_units, seed), test in tests.items():
        for entry in numbers:
            if (entry["samples"], entry["pwl_units"], entry["seed"]) == (sizes[-1], pwl_units, seed):
                entry |= {"divergence_within": test.within, "divergence_between": test.between, "p_value": test.p_value}
    figure = Figure(figsize=(4.0 * len(sizes), 7.2), layout="constrained")
    grid = figure.add_gridspec(2, 1, height_ratios=(1.0, 1.05))
    upper, lower = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    draw_p_curve(np.atleast_1d(upper.subplots(1, len(sizes), sharey=True)).tolist(), found.found)
    _draw_matrices(lower, tests)
    grouped = _grouped(tests)
    claims = (
        *[_sparse_wins(found, n) for n in sizes],
        grouped,
        _lost(tests, grouped, found.found.n_units),
        _solvable(found, sizes[-1]),
    )
    return Outcome(
        "fig5",
        "Figure 5: eleven cognitive tasks",
        claims,
        numbers,
        figure,
        "Above: share of correct trials against the number of ReLUs, for each size of the training set. Below: "
        "Jensen-Shannon divergence between the tasks' use of subregions, in bits, for one network of each P; related "
        "tasks stand side by side.",
    )


def _divergences(context: Context, found: Trained, samples: int) -> dict[tuple[int, int], FamilyTest]:
    task = found.task
    tests = {}
    for row, network in found.networks([row for row in found.rows if row.samples == samples and row.pwl_units]):
        run, batch = found.run(network, TRIALS * len(task.condition_names), context.seed)
        parts = valid_bitcodes(run)
        assert batch.conditions is not None  # the task names its trials
        kinds = batch.conditions.numpy()
        grouped = {
            name: [parts[i] for i in np.flatnonzero(kinds == index)] for index, name in enumerate(task.condition_names)
        }
        tests[row.pwl_units or 0, row.seed] = family_test(grouped, FAMILIES, seed=context.seed)
    return tests


def _sparse_wins(found: Trained, samples: int) -> Claim:
    scores = {p: found.scores(p, samples) for p in found.pwl_units}
    full = max(scores)
    sparse = [p for p in scores if 0 < p <= max(8, found.found.n_units // 4)]
    best = max(sparse, key=lambda p: mean(scores[p]), default=None)
    enough = best is not None and min(map(len, scores.values())) > 1 and full > max(sparse)
    verdict, told = Verdict.NOT_DECIDABLE, "Each P needs two seeds or more, and P = M belongs to the sweep."
    if enough and best is not None:
        margins = {p: _margin(scores[best], scores[p]) for p in (0, full) if p in scores}
        verdict = Verdict.SUPPORTED if all(m > 2 for m in margins.values()) else Verdict.NOT_SUPPORTED
        told = f"The best sparse network has P = {best} with {mean(scores[best]):.3f}; " + "; ".join(
            f"P = {p} has {mean(scores[p]):.3f}, {_apart(m)}" for p, m in margins.items()
        )
        told += "."
    return Claim(
        "fig5",
        f"With {samples} trials per task, sparse networks beat linear and fully nonlinear ones.",
        verdict,
        "Some P from 1 to a quarter of the units has a mean accuracy above those of P = 0 and of P = M by more than "
        "two standard errors of the difference over seeds.",
        {"mean_accuracy": {str(p): mean(s) for p, s in scores.items() if s}, "seeds": min(map(len, scores.values()))},
        told,
    )


def _margin(first: Sequence[float], second: Sequence[float]) -> float:
    """Difference of two means in its standard errors."""
    error = (stdev(first) ** 2 / len(first) + stdev(second) ** 2 / len(second)) ** 0.5
    return (mean(first) - mean(second)) / max(error, 1e-12)


def _apart(margin: float) -> str:
    return f"{abs(margin):.1f} standard errors {'below' if margin > 0 else 'above'}"


def _p_values(tests: dict[tuple[int, int], FamilyTest], wanted: Callable[[int], bool]) -> dict[int, float]:
    """Median p-value over seeds of each P."""
    values = sorted({p for p, _ in tests if wanted(p)})
    return {p: median(test.p_value for (q, _), test in tests.items() if q == p) for p in values}


def _numbers(tests: dict[tuple[int, int], FamilyTest], p_values: Mapping[int, float]) -> dict[str, Any]:
    own = {f"P={p} seed={seed}": test for (p, seed), test in tests.items() if p in p_values}
    return {
        "p_values": {str(p): value for p, value in p_values.items()},
        "within": {name: test.within for name, test in own.items()},
        "between": {name: test.between for name, test in own.items()},
    }


def _told(p_values: Mapping[int, float]) -> str:
    each = ", ".join(f"{value:.3f} at P = {p}" for p, value in p_values.items())
    return f"The median p-values over seeds are {each}."


def _grouped(tests: dict[tuple[int, int], FamilyTest]) -> Claim:
    p_values = _p_values(tests, lambda p: p in (2, 4))
    verdict = Verdict.NOT_DECIDABLE
    if p_values:
        holds = all(value < LEVEL for value in p_values.values())
        verdict = Verdict.SUPPORTED if holds else Verdict.NOT_SUPPORTED
    return Claim(
        "fig5",
        "At P = 2 and 4, related tasks use the subregions more alike than others do.",
        verdict,
        f"The mean divergence within pairs of variants of a task lies below that of other pairs with a p-value below "
        f"{LEVEL:g} under relabelling of the tasks, in the median over seeds, at P = 2 and at P = 4.",
        _numbers(tests, p_values),
        f"{_told(p_values)} Pairs of variants are those of the paper: pro and anti, match and non-match, one context "
        f"and "
        "the other."
        if p_values
        else "Neither P is in the sweep.",
    )


def _lost(tests: dict[tuple[int, int], FamilyTest], grouped: Claim, units: int) -> Claim:
    p_values = _p_values(tests, lambda p: p >= units // 2)
    verdict = Verdict.NOT_DECIDABLE
    if p_values and grouped.verdict == Verdict.SUPPORTED:
        lost = all(value >= LEVEL for value in p_values.values())
        verdict = Verdict.SUPPORTED if lost else Verdict.NOT_SUPPORTED
    told = _told(p_values) if p_values else "No such P is in the sweep."
    if grouped.verdict != Verdict.SUPPORTED:
        told = f"There is no grouping at small P that could be lost. {told}"
    return Claim(
        "fig5",
        "With many ReLUs this grouping of the tasks is lost.",
        verdict,
        f"The grouping is there at P = 2 and 4, and its median p-value is at least {LEVEL:g} at every P from half of "
        f"the "
        "units on.",
        _numbers(tests, p_values),
        told,
    )


def _solvable(found: Trained, samples: int) -> Claim:
    medians = found.medians(samples)
    best, units = max(medians.values()), found.found.n_units
    enough = min(p for p, score in medians.items() if score >= best - 0.02)
    return Claim(
        "fig5",
        "All eleven tasks are solved by a network of which only some units have a ReLU.",
        Verdict.SUPPORTED if best >= 0.85 and enough < units else Verdict.NOT_SUPPORTED,
        f"With {samples} trials per task the best median accuracy is at least 0.85, and some P < M comes within 0.02 "
        f"of it.",
        {
            "median_accuracy": {str(p): s for p, s in medians.items()},
            "smallest_p": enough,
            "units": found.found.n_units,
        },
        f"The best median is {best:.3f}; P = {enough} of {found.found.n_units} is the smallest that comes within 0.02.",
    )


def _draw_matrices(figure: Any, tests: dict[tuple[int, int], FamilyTest]) -> None:
    values = sorted({p for p, _ in tests})
    shown = [values[i] for i in sorted({0, len(values) // 2, len(values) - 1})]
    axes = np.atleast_1d(figure.subplots(1, len(shown), squeeze=False)[0])
    image = None
    for ax, p in zip(axes, shown, strict=True):
        test = next(t for (q, _), t in sorted(tests.items()) if q == p)
        ordered = [name for family in FAMILIES for name in family]
        ordered += [name for name in test.conditions if name not in ordered]
        index = [test.conditions.index(name) for name in ordered]
        image = ax.imshow(test.matrix[np.ix_(index, index)], vmin=0, vmax=1, cmap="viridis")
        ax.set_title(
            f"P = {p}\nwithin {test.within:.2f}, between {test.between:.2f}\np = {test.p_value:.3f}", fontsize=8
        )
        ax.set_xticks(range(len(ordered)), ordered, rotation=90, fontsize=6.5)
        ax.set_yticks(range(len(ordered)), ordered if ax is axes[0] else [""] * len(ordered), fontsize=6.5)
    figure.colorbar(image, ax=axes, shrink=0.7, label="Jensen-Shannon divergence (bits)")
