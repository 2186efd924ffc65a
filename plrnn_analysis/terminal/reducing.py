"""Which ReLUs a network needs on a domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .printing import say
from .tables import new_table

if TYPE_CHECKING:
    from ..reduce import ReducedModel

__all__ = ["print_reduction"]


def print_reduction(found: ReducedModel[Any]) -> None:
    """What each ReLU does on the domain, what became of it, and what that proves.

    Parameters
    ----------
    found : ReducedModel
    """
    if len(found):
        columns = ("unit", "over the range", "replaced by", "argument from", "to", "share of time on")
        table = new_table("ReLUs on the domain", *columns)
        words = {"": "(kept)", "off": "zero", "merged": "an earlier one"}
        for row in found:
            ends = f"{row.lowest:.4g}", f"{row.highest:.4g}"
            became = words.get(row.replacement, row.replacement)
            table.add_row(str(row.unit), row.status, became, *ends, f"{row.share_on:.3f}")
        say(table)
    say()
    for sentence in found.sentences():
        say(sentence)
