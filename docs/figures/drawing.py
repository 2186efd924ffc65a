"""Where figures come from and go to, and when they are drawn again."""

from __future__ import annotations

import csv
import hashlib
import importlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import plrnn_analysis as pa

DOCS = Path(__file__).resolve().parent.parent
NETWORKS = DOCS / "networks"
MODULES = ("flipflop", "lorenz", "addition", "two_units", "scores", "schemes")
RESOLUTION = 144


def network(name: str) -> pa.PLRNN:
    """One of the networks in docs/networks."""
    return pa.load(NETWORKS / f"{name}.safetensors")


def columns(name: str) -> dict[str, list[str]]:
    """A table of docs/networks, by column."""
    with open(NETWORKS / name, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {key: [row[key] for row in rows] for key in rows[0]}


def table_of_page(page: str, first_cell: str) -> list[list[str]]:
    """Cells of the table on a page whose head begins with this cell."""
    rows = []
    for line in (DOCS / f"{page}.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if rows and not cells:
            return rows
        if rows or (cells and cells[: len(first_cell.split("|"))] == first_cell.split("|")):
            rows.append(cells)
    raise LookupError(f"{page} has no table that begins with {first_cell!r}")


def panels(*shape: int, width: float, height: float, **options: Any) -> Any:
    """Axes of a figure of this size in inches, as ``Figure.subplots`` returns them."""
    return Figure(figsize=(width, height), layout="constrained").subplots(*shape, **options)


def free_axes(ax: Axes) -> None:
    """Leave the left and lower line of the frame alone."""
    ax.spines[["top", "right"]].set_visible(False)


def numbers(cells: list[str]) -> np.ndarray:
    """The leading number of each cell; bold and thousands are read too."""
    return np.array([float(re.sub(r"[^0-9.].*", "", cell.strip("*").replace(" ", ""))) for cell in cells])


def drawings() -> Iterator[tuple[str, str, Callable[[], Figure | Axes]]]:
    """Module, name of the file and function of every figure."""
    for module in MODULES:
        for name, function in vars(importlib.import_module(f"figures.{module}")).items():
            here = getattr(function, "__module__", "") == f"figures.{module}"
            if here and callable(function) and not name.startswith("_"):
                yield module, name.replace("_", "-"), function


def draw_all(out: Path) -> list[str]:
    """Draw the figures whose sources have changed since they were drawn; the names of these."""
    out.mkdir(parents=True, exist_ok=True)
    record = out / "drawn.json"
    before = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    shared = _digest([*sorted(Path(pa.__file__).parent.rglob("*.py")), *sorted(NETWORKS.iterdir()), Path(__file__)])
    now, drawn = {}, []
    for module, name, function in drawings():
        sources = [DOCS / "figures" / f"{module}.py", *(sorted(DOCS.glob("howto/*.md")) if module == "scores" else [])]
        now[name] = shared + _digest(sources)
        path = out / f"{name}.png"
        if before.get(name) == now[name] and path.exists():
            continue
        made = function()
        (made if isinstance(made, Figure) else made.figure).savefig(path, dpi=RESOLUTION)
        drawn.append(name)
    record.write_text(json.dumps(now), encoding="utf-8")
    return drawn


def _digest(paths: list[Path]) -> str:
    content = hashlib.sha256()
    for path in paths:
        if path.is_file():
            content.update(path.read_bytes())
    return content.hexdigest()
