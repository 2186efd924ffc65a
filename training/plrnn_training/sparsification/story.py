"""What sparsification found, in sentences."""

from __future__ import annotations

from collections import Counter

from plrnn_analysis.display.abbreviation import count_words, verb

from .results import DirectTraining, Judgement, Original, Sparsification

__all__ = ["sentences"]

_UNITS = {"linear": "lost its ReLU", "off": "was switched off", "fitted": "became its best line"}


def sentences(found: Sparsification) -> list[str]:
    """The result in words.

    Parameters
    ----------
    found : Sparsification

    Returns
    -------
    list of str
    """
    o = found.original
    said = [_about(o)]
    if found.pwl_units == o.pwl_units:
        none = "The only ReLU cannot" if o.pwl_units == 1 else f"None of the {o.pwl_units} ReLUs can"
        said.append(f"{none} be spared: every replacement that was tried breaks something.")
    else:
        steps = [
            f"{level.best.unit} {_UNITS[level.best.replacement]} (P = {level.pwl_units})"
            for level in found
            if level.chosen is not None
        ]
        said.append(f"P falls from {o.pwl_units} to {found.pwl_units}. Units in their order: {', '.join(steps)}.")
        at_the_end = [level for level in found if level.chosen is not None][-1].best.judgement
        said.append(
            f"At P = {found.pwl_units}, {_kept(at_the_end)}; the {o.score_name} is {at_the_end.score:.3g} on the data "
            f"by which branches were chosen and {found.test_score:.3g} on others (the original has {o.score:.3g})."
        )
    if found and found[-1].chosen is None:
        said.append(_break(found))
    if not o.complete:
        said.append("Not every search of fixed points was complete, so some may have been missed.")
    if found.direct is not None:
        said.append(_direct(found.direct))
    return said


def _about(o: Original) -> str:
    kinds = Counter(point["stability"] for point in o.fixed_points)
    listed = ", ".join(f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in sorted(kinds.items()))
    limit = "" if o.score_limit is None else f", {o.score_name} {o.score_limit:.3g} at worst"
    free = "" if o.divergence_limit is None else f", divergence of free runs up to {o.divergence_limit:.3g} nats"
    which = f" ({listed})" if listed else ""
    data = {"distillation": "its own trajectories", "series": "windows of a time series"}
    keep = "all of them with their stability, and no new ones" if o.fixed_points else "that none appears"
    has = f"{count_words(o.pwl_units, 'ReLU')} and {_points(len(o.fixed_points))}"
    return (
        f"The original has {has} within the range of its outputs"
        f"{which}. To keep: {keep}{limit}{free}; the data are {data.get(o.task, f'trials of {o.task}')}."
    )


def _kept(judged: Judgement) -> str:
    if not judged.wanted:
        return "there is still no fixed point"
    verb, whose = ("is", "its") if judged.kept == 1 else ("are", "their")
    return f"{judged.kept} of {_points(judged.wanted)} {verb} kept with {whose} stability and none is new"


def _break(found: Sparsification) -> str:
    level = found[-1]
    best = level.best.judgement
    why = [
        f"{n} {word}"
        for n, word in ((best.changed, "with another stability"), (best.lost, "lost"), (best.new, "new"))
        if n
    ]
    n = len(level.branches)
    what = f"fixed points: {', '.join(why)}" if why else f"{found.original.score_name} {best.score:.3g}"
    return f"P = {level.pwl_units} breaks in all {n} branches that were tried; the nearest has {what}."


def _direct(d: DirectTraining) -> str:
    kept = sorted((j.kept for j in d.judgements), reverse=True)
    many = f"; they keep {', '.join(map(str, kept))} fixed points" if d.judgements[0].wanted else ""
    return (
        f"Trained from scratch at P = {d.pwl_units} on the same data (init {d.init}, {d.iterations} iterations), "
        f"{d.successes} of {count_words(len(d.seeds), 'seed')} {verb(d.successes, 'keeps', 'keep')} the dynamics{many}."
    )


def _points(n: int) -> str:
    return "1 fixed point" if n == 1 else f"{n or 'no'} fixed points"
