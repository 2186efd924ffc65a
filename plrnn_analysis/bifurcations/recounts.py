"""Events checked by the exact search on both sides of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..engines.budget import Budget
from ..statuses import CollisionKind
from .parameters import Family
from .results import Bifurcation, Recount
from .searches import Search, search_at
from .words import TOGETHER

__all__ = ["recounted"]

# Distance from an event at which is searched, in units of the smallest step of the user's values.
ASIDE = 1e-3
# Where that disagrees, nearer: something that is not followed (2-cycles, if only fixed points are) may have happened
# in between.
SHRINK = (1.0, 1.0 / 32, 1.0 / 1024)


def recounted(
    events: list[Bifurcation], family: Family, values: np.ndarray, max_period: int, budget: Budget
) -> tuple[list[Bifurcation], list[tuple[float, Search]]]:
    """The same events, each with what the exact search finds beside it as long as time is left; and the searches."""
    width = float(np.min(np.diff(values)))
    made: dict[tuple[float, int], Search] = {}
    result = []
    clusters = _clusters(events, width)
    centres = [cluster[0].value for cluster in clusters]
    for number, cluster in enumerate(clusters):
        gaps = [abs(centres[j] - centres[number]) for j in (number - 1, number + 1) if 0 <= j < len(centres)]
        # Near enough that nothing else happens in between, far enough that the exact search can tell the branches
        # apart.
        step = min([ASIDE * width, *(gap / 3.0 for gap in gaps)])
        inside = values[0] + step < centres[number] < values[-1] - step
        for event in cluster:
            recount = None
            for shrink in SHRINK:
                if budget.take(1):
                    recount = _recount(event, cluster, inside, family, shrink * step, max_period, made, budget)
                if recount is None or recount.agrees:
                    break
            result.append(event if recount is None else replace(event, recount=recount))
    return result, [(value, search) for (value, _), search in made.items()]


def _clusters(events: list[Bifurcation], width: float) -> list[list[Bifurcation]]:
    """Events at one value."""
    clusters: list[list[Bifurcation]] = []
    for event in events:
        if clusters and event.value - clusters[-1][-1].value <= TOGETHER * width:
            clusters[-1].append(event)
        else:
            clusters.append([event])
    return clusters


def _recount(
    event: Bifurcation,
    cluster: list[Bifurcation],
    inside: bool,
    family: Family,
    step: float,
    max_period: int,
    made: dict[tuple[float, int], Search],
    budget: Budget,
) -> Recount | None:
    k = event.period
    longest = 2 * k if k == 1 or 2 * k <= max_period else k
    found = []
    for value in (event.value - step, event.value + step):
        if not family.domain[0] <= value <= family.domain[1]:
            return None
        key = (value, longest)
        if key not in made:
            made[key] = search_at(family.map_at(value), longest, budget)
        # An incomplete count proves nothing either way.
        if not made[key].complete or made[key].continua:
            return None
        found.append({p: int(made[key].counts[p - 1]) for p in sorted({k, longest})})
    below, above = found
    # Of several events at one value only the sum of their changes can be counted.
    rule = event.collision if len(cluster) == 1 else None
    regular = rule is not None and rule.kind != CollisionKind.DEGENERATE
    agrees = True
    for period in below:
        change = above[period] - below[period]
        if inside and period <= max_period:
            agrees &= change == sum(_change(e, period) for e in cluster)
        elif regular and rule is not None:
            # At an end of the range nothing was followed on one side, nor cycles longer than asked for.
            agrees &= abs(change) == (2 * int(bool(rule.fold)) if period == k else int(bool(rule.two_cycle)))
        elif not inside:
            return None
    return Recount(step=step, below=below, above=above, agrees=agrees)


def _change(event: Bifurcation, period: int) -> int:
    return sum(len(word) == period for word in event.after) - sum(len(word) == period for word in event.before)
