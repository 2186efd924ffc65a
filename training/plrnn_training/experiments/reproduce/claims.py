"""What a claim came to: the rule that decides, the numbers, and one of three verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Claim", "Verdict", "by_majority"]


class Verdict(StrEnum):
    """How a claim fared here."""

    SUPPORTED = "supported"
    NOT_SUPPORTED = "not supported"
    #: The numbers that the rule asks for are not to be had from networks or data of this size.
    NOT_DECIDABLE = "not decidable at this size"


@dataclass(frozen=True)
class Claim:
    """A claim of the paper and what the numbers say.

    Attributes
    ----------
    figure : str
        Where the paper makes it, e.g. ``"fig3"``.
    claim : str
        In one sentence.
    verdict : Verdict
    rule : str
        What has to come out for the verdict to be "supported".
    numbers : mapping of str to number, str, list or None
        All that the rule looks at, JSON types only.
    finding : str
        One or two sentences for a reader: what came out, and what the exact analysis adds.
    """

    figure: str
    claim: str
    verdict: Verdict
    rule: str
    numbers: Mapping[str, Any]
    finding: str

    def record(self) -> dict[str, Any]:
        """The entry of ``verdicts.json``."""
        return {
            "claim": self.claim,
            "figure": self.figure,
            "verdict": str(self.verdict),
            "rule": self.rule,
            "numbers": dict(self.numbers),
            "finding": self.finding,
        }


def by_majority(holds: Sequence[bool | None]) -> Verdict:
    """Supported where more than half of the networks show it; those that cannot say (None) do not count.

    Parameters
    ----------
    holds : sequence of bool or None
        One entry per network.

    Returns
    -------
    Verdict
        Not decidable without any network that can say, or with as many for as against.

    Examples
    --------
    >>> str(by_majority([True, True, False])), str(by_majority([None, None]))
    ('supported', 'not decidable at this size')
    """
    told = [bool(value) for value in holds if value is not None]
    yes = sum(told)
    if 2 * yes == len(told):
        return Verdict.NOT_DECIDABLE
    return Verdict.SUPPORTED if 2 * yes > len(told) else Verdict.NOT_SUPPORTED
