"""What a figure of the paper came to here, and its files."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plrnn_analysis._files import write_atomically, write_figure

from .claims import Claim, Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Outcome", "page", "write_outcome"]


@dataclass(frozen=True)
class Outcome:
    """A figure reproduced.

    Attributes
    ----------
    name : str
        ``"fig1"`` … ``"fig5"`` or ``"cost"``.
    title : str
    claims : tuple of Claim
    numbers : sequence of mapping
        Rows of the CSV file; every row has the same columns or fewer.
    figure : matplotlib Figure
    caption : str
        How to read the figure.
    """

    name: str
    title: str
    claims: tuple[Claim, ...]
    numbers: Sequence[Mapping[str, Any]]
    figure: Figure
    caption: str


def write_outcome(outcome: Outcome, out: Path) -> None:
    """Write ``NAME.png``, ``NAME.svg`` and ``NAME.csv``.

    Parameters
    ----------
    outcome : Outcome
    out : Path
        Directory; made if it is not there.
    """
    out.mkdir(parents=True, exist_ok=True)
    for suffix in ("png", "svg"):
        # Without the date, the same numbers give the same file.
        dateless = {"Date": None} if suffix == "svg" else None
        write_figure(outcome.figure, out / f"{outcome.name}.{suffix}", dpi=150, metadata=dateless)
    columns = list(dict.fromkeys(name for row in outcome.numbers for name in row))
    text = io.StringIO()
    table = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(outcome.numbers)
    write_atomically(out / f"{outcome.name}.csv", text.getvalue().encode())


def page(sections: Sequence[Mapping[str, Any]], command: str, seconds: float | None = None) -> str:
    """The page of verdicts in Markdown.

    Parameters
    ----------
    sections : sequence of mapping
        For each figure ``name``, ``title``, ``caption`` and ``claims``, the records of its claims.
    command : str
        That makes the page.
    seconds : float, optional
        How long it took.

    Returns
    -------
    str
    """
    claims = [claim for section in sections for claim in section["claims"]]
    counts = [f"{sum(c['verdict'] == str(v) for c in claims)} {v}" for v in Verdict]
    took = "" if seconds is None else f" It took {seconds / 60:.0f} minutes."
    sizes = (
        "`--quick` trains what two cores can train in minutes, three seeds of each network; without it the tasks have "
        "their default settings."
    )
    lines = [
        "# What of the paper is reproduced",
        "",
        f"Made by `{command}`.{took} Of {len(claims)} claims: {', '.join(counts)}. The rule of each verdict is fixed "
        f"in the "
        "program; the numbers behind it are in `verdicts.json`, those of the figures in one CSV file each. "
        + (sizes if "--quick" in command else ""),
        "",
        "| figure | claim | verdict |",
        "|---|---|---|",
        *[f"| {c['figure']} | {c['claim']} | {_strong(c['verdict'])} |" for c in claims],
        "",
    ]
    for section in sections:
        lines += [
            f"## {section['title']}",
            "",
            f"![{section['title']}]({section['name']}.png)",
            "",
            section["caption"],
            "",
        ]
        for claim in section["claims"]:
            lines += [
                f"**{claim['claim']}** {str(claim['verdict']).capitalize()}. {claim['finding']}",
                "",
                f"*Rule:* {claim['rule']}",
                "",
            ]
    return "\n".join(lines)


def _strong(verdict: str) -> str:
    return f"**{verdict}**" if verdict != str(Verdict.SUPPORTED) else verdict
