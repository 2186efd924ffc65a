"""Training of almost-linear RNNs with PyTorch; the trained networks go to :mod:`plrnn_analysis`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .exporting import export as export
    from .exporting import to_plrnn as to_plrnn
    from .fitting import fit as fit
    from .model import ALRNN as ALRNN
    from .recipe import Member as Member
    from .recipe import Recipe as Recipe
    from .sparsification import Sparsification as Sparsification
    from .sparsification import SparsifySettings as SparsifySettings
    from .sparsification import sparsify as sparsify
    from .sweeps import Sweep as Sweep
    from .sweeps import sweep as sweep
    from .tasks import AdditionTask as AdditionTask
    from .tasks import Batch as Batch
    from .tasks import Task as Task
    from .trainer import Trainer as Trainer

__all__ = [
    "ALRNN",
    "AdditionTask",
    "Batch",
    "Member",
    "Recipe",
    "Sparsification",
    "SparsifySettings",
    "Sweep",
    "Task",
    "Trainer",
    "export",
    "fit",
    "sparsify",
    "sweep",
    "to_plrnn",
]

# Loaded when first used: the command line imports this package to find its commands, and torch is slow to import.
_LAZY = {
    "ALRNN": "model",
    "AdditionTask": "tasks",
    "Batch": "tasks",
    "Member": "recipe",
    "Recipe": "recipe",
    "Sparsification": "sparsification",
    "SparsifySettings": "sparsification",
    "Sweep": "sweeps",
    "Task": "tasks",
    "Trainer": "trainer",
    "export": "exporting",
    "fit": "fitting",
    "sparsify": "sparsification",
    "sweep": "sweeps",
    "to_plrnn": "exporting",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
