"""Logarithmic axes on which zero and infinity have places of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LogWithEnds"]


class LogWithEnds:
    """A logarithmic axis between a place for zero on its left, and one for infinity on its right where it is needed.

    Parameters
    ----------
    values : array_like
        What will be drawn: at least 0, infinity included; NaN counts as infinity.

    Notes
    -----
    One decade is one unit of the axis, whose ticks are set by :meth:`apply`; what is drawn goes through :meth:`place`.
    """

    def __init__(self, values: Any) -> None:
        values = np.asarray(values, dtype=np.float64).ravel()
        between = np.log10(values[(values > 0.0) & np.isfinite(values)])
        #: The first and the last power of ten.
        self.first = int(np.floor(between.min())) if between.size else 0
        self.last = max(int(np.ceil(between.max())) if between.size else 0, self.first + 1)
        self.infinite = not np.isfinite(values).all()

    def place(self, values: Any) -> np.ndarray:
        """Where values lie on the axis."""
        values = np.asarray(values, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            decades = np.log10(values) - self.first + 1.0
        return np.where(values <= 0.0, 0.0, np.where(np.isfinite(values), decades, self.end))

    @property
    def end(self) -> float:
        """The place of infinity."""
        return self.last - self.first + 2.0

    def apply(self, ax: Axes, zero: str = "0") -> None:
        """Set limits and ticks of the axis from left to right, and mark where it is broken.

        Parameters
        ----------
        ax : Axes
        zero : str, optional
            What the tick of zero says.
        """
        decades = range(self.first, self.last + 1)
        skip = -(-len(decades) // 8)
        shown = list(decades)[::skip]
        places, texts = [0.0, *(k - self.first + 1.0 for k in shown)], [zero, *map(_power, shown)]
        breaks = [0.5]
        if self.infinite:
            places.append(self.end)
            texts.append("∞")
            breaks.append(self.end - 0.5)
        ax.set_xticks(places, texts)
        minor = [np.log10(n) + k for k in range(len(decades) - 1) for n in range(2, 10)] if skip == 1 else []
        ax.set_xticks(np.array(minor) + 1.0, minor=True)
        ax.set_xlim(-0.5, self.end + 0.5 if self.infinite else self.end - 0.6)
        for place in breaks:
            ax.axvline(place, color="#999999", linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
            ax.plot(
                [place - 0.03, place + 0.03],
                [0.0, 0.0],
                marker=[(-1, -2), (1, 2)],
                markersize=9,
                color="black",
                linestyle="none",
                transform=ax.get_xaxis_transform(),
                clip_on=False,
            )


def _power(k: int) -> str:
    return f"{10.0**k:g}" if -3 <= k <= 4 else f"$10^{{{k}}}$"
