"""Figures and axes that a notebook shows at the end of a cell, although pyplot knows nothing of them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import light

__all__ = ["ShownAxes", "ShownFigure"]


class ShownFigure(Figure):
    """A figure that shows itself in a notebook: ink on white, under dark styles too."""

    @light
    def draw(self, renderer: Any) -> None:
        """Draw it; ticks are made now, in the colours now in force."""
        super().draw(renderer)

    @light
    def savefig(self, fname: Any, **options: Any) -> None:
        """Save it, see :meth:`matplotlib.figure.Figure.savefig`; opaque unless asked otherwise."""
        super().savefig(fname, **options)

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        buffer = BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


class ShownAxes(Axes):
    """The only axes of a figure, which show it in a notebook."""

    def _repr_png_(self) -> bytes | None:
        """What a notebook shows: the figure."""
        return self.figure._repr_png_() if isinstance(self.figure, ShownFigure) else None
