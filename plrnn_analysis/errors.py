"""Exceptions raised by the package; every one derives from :class:`PLRNNError`."""

from __future__ import annotations

__all__ = ["PLRNNError", "ModelError", "CheckpointError", "GraphError"]


class PLRNNError(Exception):
    """Base class of all errors this package raises on purpose."""


class ModelError(PLRNNError, ValueError):
    """Weights, inputs or arguments that do not describe a legal model or call."""


class CheckpointError(PLRNNError):
    """A file that cannot be read as a model; says which file, what was found, what to do."""


class GraphError(PLRNNError, ValueError):
    """A graph that cannot be built from, or written with, the data given."""
