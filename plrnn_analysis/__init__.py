"""Exact analysis of piecewise-linear recurrent networks.

>>> import plrnn_analysis as pa
>>> model = pa.PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)   # the tent map
>>> fps = model.fixed_points()
>>> len(fps), fps.complete
(2, True)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import hooks
from .errors import CertificateError, CheckpointError, GraphError, ModelError, PLRNNError, RecordError
from .maps import CanonicalMap
from .model import PLRNN
from .records import from_json

if TYPE_CHECKING:
    from .checkpoint import from_torch as from_torch
    from .checkpoint import load as load
    from .checkpoint import save as save
    from .graphml import write_graphml as write_graphml

__version__ = "0.1.0"

__all__ = [
    "PLRNN",
    "CanonicalMap",
    "CertificateError",
    "CheckpointError",
    "GraphError",
    "ModelError",
    "PLRNNError",
    "RecordError",
    "from_json",
    "from_torch",
    "load",
    "save",
    "write_graphml",
]

# Loaded when first used: importing the package must stay quick.
_LAZY = {"from_torch": "checkpoint", "load": "checkpoint", "save": "checkpoint", "write_graphml": "graphml"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))


hooks.version.fill(lambda: __version__)


@hooks.import_all_results.fill
def _import_all_results() -> None:
    from . import everything  # noqa: F401 - importing it is what it is for


@hooks.draw.fill
def _draw(*arguments: Any, **options: Any) -> Any:
    from .plotting import plot_result

    return plot_result(*arguments, **options)


@hooks.report.fill
def _report(*arguments: Any, **options: Any) -> Any:
    from .report import write_report

    return write_report(*arguments, **options)
