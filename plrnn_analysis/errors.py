"""Exceptions raised by the package; every one derives from :class:`PLRNNError`."""

from __future__ import annotations

from typing import Any

from ._wording import printable

__all__ = ["PLRNNError", "ModelError", "CheckpointError", "CertificateError", "GraphError", "RecordError"]

# Letters of a message: a file may hold names of any length.
_LONGEST = 4000


class PLRNNError(Exception):
    """Base class of all errors this package raises on purpose."""

    def __init__(self, message: str = "") -> None:
        """Names and texts that come from files are made fit to be shown."""
        super().__init__(printable(message, _LONGEST))


class ModelError(PLRNNError, ValueError):
    """Weights, inputs or arguments that do not describe a legal model or call."""


class CheckpointError(PLRNNError):
    """A file that cannot be read as a model; the message says which file, what was found and what to do."""


class CertificateError(PLRNNError):
    """A certificate that cannot be written or that does not prove what it says; the message says why.

    Attributes
    ----------
    found : FixedPoints, Cycles, UniquenessCertificate or None
        What was to be certified, where the search for it had ended.
    """

    def __init__(self, message: str = "", found: Any = None) -> None:
        """Beside the message what was found."""
        super().__init__(message)
        self.found = found


class RecordError(PLRNNError, ValueError):
    """JSON that cannot be read as a result, or a result that cannot be written as JSON; says what was found."""


class GraphError(PLRNNError, ValueError):
    """A graph that cannot be built from, or written with, the data given."""
