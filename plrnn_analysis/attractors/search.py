"""All parts of a search for attractors, held together."""

from __future__ import annotations

from dataclasses import dataclass

from .catalogue import Catalogue
from .ledger import Ledger
from .task import Task
from .words import Alphabet

__all__ = ["Search"]


@dataclass(frozen=True, eq=False)
class Search:
    """What is asked, what was found, and the words in which runs are read."""

    task: Task
    ledger: Ledger
    catalogue: Catalogue
    alphabet: Alphabet

    @classmethod
    def of(cls, task: Task) -> Search:
        """A search that knows nothing yet."""
        ledger = Ledger()
        return cls(task, ledger, Catalogue(task, ledger), Alphabet(task.map.n_relu))
