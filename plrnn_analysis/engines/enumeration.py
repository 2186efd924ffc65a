"""Few ReLUs: every pattern is a candidate, and solving each is the proof."""

from __future__ import annotations

from itertools import islice, product

import numpy as np

from .budget import Budget
from .driver import Outcome

__all__ = ["MAX_RELUS", "search"]

# Up to this many, solving all subregions costs less than loading a compiled search.
MAX_RELUS = 6


def search(n_relu: int, budget: Budget) -> Outcome:
    """All 2**n patterns, or as many as the budget grants."""
    try:
        granted = budget.take(1 << n_relu)
    except KeyboardInterrupt:
        budget.stop("interrupt")
        granted = 0
    words = [np.array(bits, dtype=bool) for bits in islice(product((0, 1), repeat=n_relu), granted)]
    return Outcome(words, granted, {"nodes": granted, "solved": granted}, exhausted=granted == 1 << n_relu)
