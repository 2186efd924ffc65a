"""What two networks have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..display.abbreviation import count_words, short_bitcode
from ..results.naming import LONGEST_NAME
from .printing import say
from .tables import LISTED_ROWS, new_table

if TYPE_CHECKING:
    from ..comparison import Comparison

__all__ = ["print_comparison"]


def print_comparison(found: Comparison) -> None:
    """The verdict, and which fixed points correspond.

    Parameters
    ----------
    found : Comparison
    """
    say()
    for sentence in found.sentences():
        say(sentence)
    if len(found):
        _print_pairs(found)
    for name, points in (("A", found.unmatched_a), ("B", found.unmatched_b)):
        if points:
            table = new_table(f"Fixed points of {name} alone", "bitcode", "stability", "spectral radius")
            for point in points[:LISTED_ROWS]:
                table.add_row(short_bitcode(point.bitcode), point.stability, f"{point.spectral_radius:.6g}")
            say(table)


def _print_pairs(found: Comparison) -> None:
    read = any(np.isfinite(match.readout_distance) for match in found)
    short = all(len(point.bitcode) <= LONGEST_NAME for match in found for point in (match.a, match.b))
    codes = ("code in A", "code in B") if short else ("bitcode",)
    columns = (*codes[:1], "stability", *codes[1:], "in B", "eigenvalues differ by")
    table = new_table("Fixed points that correspond", *columns, *(["outputs differ by"] if read else []))
    for match in found[:LISTED_ROWS]:
        other = [match.b.bitcode] if short else []
        outputs = [f"{match.readout_distance:.2g}"] if read else []
        cells = (match.a.stability, *other, match.b.stability, f"{match.distance:.2g}", *outputs)
        table.add_row(short_bitcode(match.a.bitcode), *cells)
    say(table)
    if len(found) > LISTED_ROWS:
        say(f"({count_words(len(found) - LISTED_ROWS, 'further pair')} in the JSON record, --json)")
