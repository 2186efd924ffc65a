"""What the caller of ``load`` or ``from_torch`` asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Wishes"]


@dataclass(frozen=True)
class Wishes:
    """The arguments of :func:`plrnn_analysis.load` and :func:`plrnn_analysis.from_torch`, None where not given.

    Attributes
    ----------
    pwl_units : int or None
    relu_units : tuple of int or None
    architecture : str or None
    prefix : str or None
    readout : str or None
        Name of a linear layer; "" for none.
    alpha : float, array_like or None
    form : {"rate", "current", "outer"} or None
    thresholds : {"added", "subtracted"} or None
    ignore : tuple of str
        Arrays that change nothing, says the caller.
    """

    pwl_units: int | None = None
    relu_units: tuple[int, ...] | None = None
    architecture: str | None = None
    prefix: str | None = None
    readout: str | None = None
    alpha: Any = None
    form: str | None = None
    thresholds: str | None = None
    ignore: tuple[str, ...] = ()
