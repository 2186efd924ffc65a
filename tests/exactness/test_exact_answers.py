"""Every search against the exact oracle, on a few hundred systems; thousands in test_exactness.py."""

from __future__ import annotations

import pytest
from surveying import survey

# Seeds that the stress tests do not use.
FIRST = 1_000_000


@pytest.mark.parametrize(
    ("kind", "seeds"),
    [
        ("fixed-points", 30),
        ("cycles", 6),
        ("words", 5),
        ("driven-cycles", 12),
        ("uniqueness", 15),
        ("regions", 12),
        ("transitions", 12),
        ("input-diagrams", 25),
        ("input-values", 20),
        ("reductions", 60),
        ("stability", 40),
    ],
)
def test_answers_are_exact(kind: str, seeds: int) -> None:
    tally = survey(kind, range(FIRST, FIRST + seeds))
    assert not tally.wrong, str(tally)
    assert tally.systems > seeds // 2 and tally.share_incomplete < 0.01, str(tally)
