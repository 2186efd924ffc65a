"""Every search against the exact oracle, on thousands of systems, each in several variants.

``PLRNN_SYSTEMS`` multiplies the number of seeds: ``PLRNN_SYSTEMS=20 pytest tests/exactness -m stress -s``.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from surveying import survey

TIMES = float(os.environ.get("PLRNN_SYSTEMS", "1"))


@pytest.mark.stress
@pytest.mark.parametrize(
    ("kind", "seeds"),
    [
        ("fixed-points", 400),
        ("sums", 20),
        ("cycles", 40),
        ("words", 40),
        ("driven-cycles", 100),
        ("uniqueness", 200),
        ("regions", 100),
        ("transitions", 100),
        ("input-diagrams", 200),
        ("input-values", 300),
        ("reductions", 1000),
        ("stability", 500),
    ],
)
def test_answers_are_exact(kind: str, seeds: int, tried: Callable[[str, int], None]) -> None:
    """The tally says how many answers are incomplete, and why; what is wrong comes with its seed."""
    tally = survey(kind, range(int(seeds * TIMES)))
    print(f"\n{kind}: {tally}")
    tried("answers", sum(tally.answers.values()))
    assert not tally.wrong, "\n".join(tally.wrong[:20])
    assert tally.share_incomplete < 0.01
