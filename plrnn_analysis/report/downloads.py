"""What can be taken from a report: inside the page, or beside it where it is large."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .._files import write_atomically
from ..graphml import encode_graphml

if TYPE_CHECKING:
    import networkx

    from .sheets import Sheet

__all__ = ["Download", "collect_downloads"]

# Bytes that a page holds of a file; a larger one is written beside the page.
LARGEST = 1_500_000


@dataclass(frozen=True)
class Download:
    """A file that a page offers.

    Attributes
    ----------
    name : str
        Of the file.
    what : str
        What is in it.
    size : int
        Bytes.
    address : str
        The file itself as a ``data:`` address, or its name beside the page.
    """

    name: str
    what: str
    size: int
    address: str

    @property
    def beside(self) -> bool:
        """Whether it is a file of its own."""
        return not self.address.startswith("data:")


def collect_downloads(
    directory: Path, record: str, sheets: list[Sheet], graph: networkx.DiGraph | None
) -> list[Download]:
    """Everything that a page offers; what is too large for it is written to its directory.

    Parameters
    ----------
    directory : Path
    record : str
        The result as JSON.
    sheets : list of Sheet
    graph : networkx.DiGraph or None
    """
    found = [_offered(directory, "report.json", "the result, as plrnn analyze --json writes it", "application/json",
                      (record + "\n").encode())]  # fmt: skip
    if graph is not None:
        what = "the transition graph, for Gephi, Cytoscape and yEd"
        found.append(
            _offered(directory, "transitions.graphml", what, "application/graphml+xml", encode_graphml(graph, "gephi"))
        )
    for sheet in sheets:
        what = f"the table “{sheet.title}”, all rows and digits"
        # A spreadsheet takes a file without the mark for one in its own alphabet.
        data = ("\N{ZERO WIDTH NO-BREAK SPACE}" + sheet.csv()).encode()
        found.append(_offered(directory, f"{sheet.name}.csv", what, "text/csv", data))
    return found


def _offered(directory: Path, name: str, what: str, kind: str, data: bytes) -> Download:
    if len(data) > LARGEST:
        write_atomically(directory / name, data)
        return Download(name, what, len(data), name)
    return Download(name, what, len(data), f"data:{kind};base64,{base64.b64encode(data).decode()}")
