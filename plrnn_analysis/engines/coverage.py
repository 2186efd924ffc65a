"""What a search looked at and why it ended, in the form that results carry: made here alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..results import Coverage
from ..statuses import Engine, StoppedBy
from .budget import Budget
from .driver import Outcome

__all__ = ["coverage_of"]


def coverage_of(
    outcome: Outcome,
    n_relu: int,
    engine: str,
    budget: Budget,
    *,
    undecided: int = 0,
    since: float = 0.0,
    notes: Sequence[str] = (),
    unit: float = 1.0,
) -> Coverage:
    """The coverage of a search of all patterns.

    Parameters
    ----------
    outcome : Outcome
        Of the engine.
    n_relu : int
        H, of the problem that was searched.
    engine : str
        Its name, one of :class:`plrnn_analysis.statuses.Engine`.
    budget : Budget
    undecided : int, optional
        Candidates of the engine that were not settled afterwards.
    since : float, optional
        Seconds of the budget that had passed when this search began.
    notes : sequence of str, optional
    unit : float, optional
        The smallest unit of a ReLU argument, in which the outcome's limit is measured.

    Returns
    -------
    Coverage
        With an empty ``stopped_by`` only if every pattern was decided, and without a limit.
    """
    limited = bool(np.isfinite(outcome.limit))
    if outcome.exhausted and not undecided and not limited:
        stopped_by = StoppedBy.NOTHING
    elif budget.stopped_by:
        stopped_by = budget.stopped_by
    elif engine == Engine.SCYFI:
        stopped_by = StoppedBy.HEURISTIC
    else:
        stopped_by = StoppedBy.LIMITED if limited and not undecided and outcome.exhausted else StoppedBy.NUMERICS
    counts: dict[str, Any] = dict(outcome.counts)
    return Coverage(
        subregions=1 << n_relu,
        decided=max(outcome.decided - undecided, 0),
        engine=Engine(engine),
        stopped_by=stopped_by,
        seconds=budget.seconds - since,
        notes=tuple(notes),
        limit=outcome.limit * unit if limited else None,
        **counts,
    )
