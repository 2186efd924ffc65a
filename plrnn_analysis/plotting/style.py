"""Colours, axes and small texts that all figures share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from .._signatures import checked
from .._validation import whole
from .._wording import in_a_line
from ..appearance import INK, OTHER, PALETTE, node_colours, rgb
from ..errors import ModelError
from ..maps import bits_to_string, distinct_patterns
from ..results import FixedPoint, FixedPoints, Trajectory
from ..results.naming import channel_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "INK",
    "OTHER",
    "PALETTE",
    "SHOWABLE",
    "UNSTABLE",
    "bitcode_colours",
    "bitcode_strings",
    "axes_for",
    "by_label",
    "drawn_channel",
    "drawn_name",
    "light",
    "new_axes",
    "new_figure",
    "numbered",
    "open_frame",
    "percent",
    "percents",
    "showable",
    "text_colour",
    "two_different",
]

#: Saddles and unstable points, and their unstable directions.
UNSTABLE = "#D55E00"

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: States beyond it belong to runs that diverge: their squares overflow, and so do the ticks of axes.
SHOWABLE = 1e100

#: Letters of a name; the middle of a longer one is left out.
LONGEST_NAME = 60

#: What a style of the reader's may change so that our ink is no longer seen.
LIGHT: dict[Any, Any] = {
    "axes.edgecolor": "black",
    "axes.facecolor": "white",
    "axes.labelcolor": "black",
    "axes.titlecolor": "auto",
    "figure.edgecolor": "white",
    "figure.facecolor": "white",
    "hatch.color": "black",
    "legend.edgecolor": "0.8",
    "legend.facecolor": "white",
    "legend.labelcolor": "None",
    "patch.edgecolor": "black",
    "savefig.facecolor": "auto",
    "savefig.transparent": False,
    "text.color": "black",
    "xtick.color": "black",
    "xtick.labelcolor": "inherit",
    "ytick.color": "black",
    "ytick.labelcolor": "inherit",
}


def light(draw: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let a function draw in ink on white, whatever style is in force: in a dark notebook a figure is a white sheet."""

    @wraps(draw)
    def drawn(*args: _P.args, **options: _P.kwargs) -> _R:
        import matplotlib

        with matplotlib.rc_context(LIGHT):
            return draw(*args, **options)

    return drawn


def axes_for(ax: Axes | None, width: float = 5.6, height: float = 4.2) -> Axes:
    """The axes given, with a white face if theirs is dark, or axes on a figure of their own."""
    if ax is None:
        return new_axes(width, height)
    from matplotlib.colors import to_hex

    if text_colour(to_hex(ax.get_facecolor())) == "white":
        ax.set_facecolor("white")
    return ax


def new_axes(width: float = 5.6, height: float = 4.2) -> Axes:
    """Axes on a figure of their own, in inches, which a notebook shows."""
    from .shown import ShownAxes

    return new_figure(width, height).add_subplot(axes_class=ShownAxes)


def new_figure(width: float, height: float) -> Figure:
    """A figure, in inches, which a notebook shows; without pyplot, so that nothing global is touched."""
    from .shown import ShownFigure

    return ShownFigure(figsize=(width, height), layout="constrained")


def bitcode_strings(trajectory: Trajectory) -> np.ndarray:
    """Bitcodes of a trajectory as an array of strings (batch, T)."""
    bits = trajectory.bitcodes
    flat = bits.reshape(bits.shape[0] * bits.shape[1], bits.shape[2])
    first, places = distinct_patterns(flat)
    names = np.array([bits_to_string(p) for p in flat[first]])
    return names[places].reshape(bits.shape[:2])


@checked
def bitcode_colours(codes: Any) -> dict[str, str]:
    """One colour per bitcode, the most frequent first; grey once the palette is used up.

    Parameters
    ----------
    codes : array_like of str, or Trajectory

    Returns
    -------
    dict of str to str
        Ordered by frequency.

    Examples
    --------
    >>> bitcode_colours(["00", "11", "00"])
    {'00': '#0072B2', '11': '#E69F00'}
    """
    names = codes.flatten(bitcode_strings(codes)) if isinstance(codes, Trajectory) else np.asarray(codes)
    counts = Counter(str(name) for name in names.ravel())
    ordered = sorted(counts, key=lambda code: (-counts[code], code))
    return node_colours(ordered)


def two_different(name: str, pair: tuple[int, int], n: int) -> tuple[int, int]:
    """Two different numbers below n, such as the units that span a plane; an error in the name of the argument."""
    i, j = (whole(name, k, 0, n - 1, remark="(two different ones)") for k in pair)
    if i == j:
        raise ModelError(f"{name} must be two different numbers in 0..{n - 1}, got {pair!r}")
    return i, j


def drawn_name(name: str) -> str:
    r"""A name from a file as matplotlib draws it: its letters, no mathematics, and not hidden from legends.

    Examples
    --------
    >>> print(drawn_name("$x^$"), drawn_name("_x"))
    \$x^\$  _x
    """
    shown = in_a_line(name, LONGEST_NAME).replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def drawn_channel(names: Sequence[str], i: int, what: str) -> str:
    """The name of a channel, or ``output 3``, as matplotlib draws it."""
    return drawn_name(channel_name(names, i, what))


def showable(values: np.ndarray) -> np.ndarray:
    """The values that can be drawn; NaN, a gap, where a run has diverged."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(values) <= SHOWABLE, values, np.nan)


def open_frame(ax: Axes) -> None:
    """Leave the left and lower line of the frame alone."""
    ax.spines[["top", "right"]].set_visible(False)


def text_colour(background: str) -> str:
    """White or ink, whichever is read better on a background ``"#rrggbb"``."""
    # Luma of ITU-R BT.601: the eye sees green brightest.
    red, green, blue = rgb(background)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.5 * 255 else INK


def by_label(fixed_points: Mapping[str, FixedPoints] | FixedPoints | None) -> Mapping[str, FixedPoints]:
    """Fixed points under their labels; a single result has the empty label."""
    if fixed_points is None:
        return {}
    return {"": fixed_points} if isinstance(fixed_points, FixedPoints) else fixed_points


def numbered(fixed_points: Mapping[str, FixedPoints] | FixedPoints | None) -> list[tuple[str, FixedPoint]]:
    """Label and point, in one order for all figures."""
    return [(label, point) for label, found in by_label(fixed_points).items() for point in found]


def percents(shares: Iterable[float]) -> list[str]:
    """Shares with equally many digits after the point, at most two: as many as the smallest needs.

    Examples
    --------
    >>> percents([0.9785, 0.0198, 0.0012]), percents([0.5, 0.5]), percents([0.99999, 0.00001])
    (['97.85 %', '1.98 %', '0.12 %'], ['50 %', '50 %'], ['100.00 %', '<0.01 %'])
    """
    values = [100.0 * share for share in shares]
    smallest = min((value for value in values if value > 0.0), default=1.0)
    digits = int(np.clip(1 - np.floor(np.log10(smallest)), 0, 2))
    return ["<0.01 %" if 0.0 < value < 0.005 else f"{value:.{digits}f} %" for value in values]


def percent(share: float) -> str:
    """A share with as many digits as it takes to be seen: 98 %, 1.9 %, 0.02 %, <0.01 %."""
    if 0.0 < share < 5e-5:
        return "<0.01 %"
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.4g} %"
