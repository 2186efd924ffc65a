"""``plrnn reproduce``: figures, numbers and verdicts in one directory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from plrnn_analysis._files import write_atomically
from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import one_of
from plrnn_analysis.errors import PLRNNError

from ...record_files import read_object
from ...runs import write_json
from .addition import figure_1, figure_4
from .claims import Claim
from .cognitive import figure_5
from .context import Context
from .copying import figure_3
from .cost import cost
from .outcome import Outcome, page, write_outcome
from .sentiment_and_digits import figure_2

__all__ = ["FIGURES", "reproduce"]

#: What can be reproduced, by name.
FIGURES: dict[str, Callable[[Context], Outcome]] = {
    "fig1": figure_1,
    "fig2": figure_2,
    "fig3": figure_3,
    "fig4": figure_4,
    "fig5": figure_5,
    "cost": cost,
}
VERDICTS = "verdicts.json"
PAGE = "verdicts.md"


@checked
def reproduce(
    figures: str | Sequence[str],
    out: Path,
    *,
    quick: bool = False,
    seed: int = 0,
    device: str = "auto",
    console: Console | None = None,
) -> tuple[Claim, ...]:
    """Train, analyse and draw figures of the paper, and judge its claims by fixed rules.

    Parameters
    ----------
    figures : str or sequence of str
        ``"fig1"`` to ``"fig5"``, ``"cost"``, or ``"all"``.
    out : Path
        Directory for each figure as ``NAME.png``, ``NAME.svg`` and ``NAME.csv``, for ``verdicts.json`` and
        ``verdicts.md``, and for the sweeps, which a second call finds and does not train again. Verdicts on figures
        made there before are kept.
    quick : bool, optional
        Sizes that two cores train in minutes.
    seed : int, optional
        The first of the seeds.
    device : str, optional
        ``"auto"`` (a GPU where there is one) or the name of a torch device.
    console : rich.console.Console, optional

    Returns
    -------
    tuple of Claim
        Of the figures asked for.

    Raises
    ------
    ModelError
        If there is no figure of that name.
    PLRNNError
        If the directory holds verdicts that cannot be read, or sweeps with other settings.
    """
    names = [figures] if isinstance(figures, str) else list(figures)
    names = list(FIGURES) if names == ["all"] else [one_of("figure", name, [*FIGURES, "all"]) for name in names]
    console = Console() if console is None else console
    context = Context(out, quick, device, seed, console)
    record = _known(out / VERDICTS)
    claims: list[Claim] = []
    for name in names:
        began = time.monotonic()
        outcome = FIGURES[name](context)
        write_outcome(outcome, out)
        claims += outcome.claims
        record[name] = {
            "name": name,
            "title": outcome.title,
            "caption": outcome.caption,
            "quick": quick,
            "seconds": time.monotonic() - began,
            "claims": [claim.record() for claim in outcome.claims],
        }
        # After each figure: what is done is kept when the next one is interrupted.
        _write(out, record, quick)
        for claim in outcome.claims:
            console.print(
                f"{name}: {claim.claim} {str(claim.verdict).upper()}", highlight=False, markup=False, soft_wrap=True
            )
    console.print(
        f"Figures, numbers and verdicts are in {out}/; read {out / PAGE}.",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    return tuple(claims)


def _known(path: Path) -> dict[str, Any]:
    """The figures of an earlier call, by name."""
    if not path.exists():
        return {}
    try:
        sections = {section["name"]: section for section in read_object(path)["figures"]}
        page(list(sections.values()), "", sum(section["seconds"] for section in sections.values()))
        return sections
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise PLRNNError(f"{path} holds no verdicts of this program: move it away or choose another --out") from error


def _write(out: Path, record: dict[str, Any], quick: bool) -> None:
    sections = [record[name] for name in FIGURES if name in record]
    claims = [claim for section in sections for claim in section["claims"]]
    write_json(out / VERDICTS, {"claims": claims, "figures": sections})
    asked = "all" if set(record) == set(FIGURES) else " ".join(name for name in FIGURES if name in record)
    command = f"plrnn reproduce {asked}{' --quick' if quick else ''} --out {out.name}"
    text = page(sections, command, sum(section["seconds"] for section in sections))
    write_atomically(out / PAGE, (text + "\n").encode())
