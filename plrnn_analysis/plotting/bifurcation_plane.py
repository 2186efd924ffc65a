"""The plane of two parameters, coloured by what exists there, with the lines on which that changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._signatures import checked
from .._validation import whole
from .bifurcation_diagram import STYLES, EventStyle
from .plane_lines import Row
from .plane_squares import Patch, Segment, cut_squares, point_cells
from .style import INK, OTHER, PALETTE, light, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..bifurcations import BifurcationPlane

__all__ = ["plot_bifurcation_plane"]

#: Entries of the legend, "others" not counted; at least this many of them are classes.
ENTRIES, FEWEST = 8, 3
#: A class that covers less than this share of the plane is not drawn.
NOTHING = 1e-9
#: Of more pieces of curves than this on which nothing but the subregion changes, none is drawn.
MOST_LINES = 60


@light
@checked
def plot_bifurcation_plane(plane: BifurcationPlane, ax: Axes | None = None, max_classes: int = 6) -> Axes:
    """The plane of two parameters, coloured by what exists there, with the lines on which that changes.

    Parameters
    ----------
    plane : BifurcationPlane
    ax : Axes, optional
    max_classes : int, optional
        The most frequent combinations of numbers get a colour, as far as the legend has room; the others are grey.

    Returns
    -------
    Axes

    Raises
    ------
    ModelError
        If `max_classes` is no positive whole number.

    Notes
    -----
    A class is the number of fixed points and cycles, with how many of them are stable. Where the plane has lines
    (``lines=True``), every event on a line of the grid is known exactly, and so is what exists between two of them.
    Inside a square of the grid the events on its sides are joined by straight lines: a boundary is exact where it
    crosses a line of the grid, and everywhere if it is straight. Two curves that end in one square go straight on to
    where they meet. Where more than two classes meet inside a square, they are drawn to meet in its middle. Squares
    with a corner that was not searched to the end are hatched. Border collisions that change nothing but the subregion
    are left out where there are very many.

    Without lines only the points of the grid are known, and each is drawn as a cell around it.
    """
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    max_classes = whole("max_classes", max_classes, 1)
    ax = new_axes(7.2, 4.6) if ax is None else ax
    patches, segments = cut_squares(plane)
    exact = bool(patches)
    patches = patches or point_cells(plane)
    drawn: dict[EventStyle, list[Segment]] = {style: [] for style in STYLES}
    for segment in segments:
        drawn[segment.style].append(segment)
    crowd = next(style for style in STYLES if style.kind == "persistence")
    crowded = len(drawn[crowd]) > MOST_LINES
    if crowded:
        drawn[crowd] = []
    kinds = [style for style in STYLES if drawn[style]]
    named = sorted(kinds, key=lambda style: -len(drawn[style]))[: ENTRIES - FEWEST]
    room = min(max_classes, max(FEWEST, ENTRIES - len(kinds)), len(PALETTE))
    colours, other = _colours(patches, room)
    _fill(ax, patches, colours)
    _hatch(ax, patches)
    handles: list[Any] = [_swatch(c, _class_name(row)) for row, c in colours.items() if c != OTHER]
    if other:
        handles.append(_swatch(OTHER, f"others ({other})"))
    for style in kinds:
        width = 0.6 if style.kind == "persistence" else 1.5
        ax.add_collection(
            LineCollection(
                [segment.ends for segment in drawn[style]], colors=style.colour, linestyles=[style.dashes],
                linewidths=width, clip_on=False, zorder=2 if style.kind == "persistence" else 3,
            )
        )  # fmt: skip
        if style in named:
            handles.append(
                Line2D([], [], label=style.name, color=style.colour, linestyle=style.dashes, linewidth=width)
            )
    if len(kinds) > len(named):
        rest = sorted(style.name for style in kinds if style not in named)
        handles.append(Line2D([], [], linestyle="", label=f"other curves: {', '.join(rest)}"))
    if crowded:
        handles.append(Line2D([], [], linestyle="", label="other border collisions: not drawn"))
    corners = np.concatenate([patch.corners for patch in patches])
    ax.set_xlim(float(corners[:, 0].min()), float(corners[:, 0].max()))
    ax.set_ylim(float(corners[:, 1].min()), float(corners[:, 1].max()))
    ax.set_xlabel(plane.parameters[0])
    ax.set_ylabel(plane.parameters[1])
    ax.legend(
        handles=handles, fontsize=7.5, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5),
        title="number (how many stable)" if exact else "number (how many stable)\nin cells around the points searched",
        title_fontsize=8, alignment="left",
    )  # fmt: skip
    return ax


def _colours(patches: Sequence[Patch], room: int) -> tuple[dict[Row, str], int]:
    """Colours of the classes that cover most, and how many others there are."""
    area: dict[Row, float] = {}
    for patch in patches:
        area[patch.row] = area.get(patch.row, 0.0) + _area(patch.corners)
    whole_plane = sum(area.values())
    # What has no area is a class on a line, or lost to rounding.
    ranked = sorted((row for row in area if area[row] > NOTHING * whole_plane), key=lambda row: -area[row])
    colours = {row: PALETTE[i] if i < room else OTHER for i, row in enumerate(ranked)}
    return colours, max(0, len(ranked) - room)


def _area(corners: np.ndarray) -> float:
    x, y = corners.T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def _fill(ax: Axes, patches: Sequence[Patch], colours: dict[Row, str]) -> None:
    from matplotlib.collections import PolyCollection

    # What has no area would be drawn as its edges.
    least = NOTHING * sum(_area(patch.corners) for patch in patches)
    for row, colour in colours.items():
        corners = [patch.corners for patch in patches if patch.row == row and _area(patch.corners) > least]
        # Edges of the same colour close the gaps that smoothing leaves between neighbours, all of which must lie where
        # they are and not on the nearest pixel.
        pale = _pale(colour)
        ax.add_collection(PolyCollection(corners, facecolors=pale, edgecolors=pale, linewidths=0.6, snap=False))


def _hatch(ax: Axes, patches: Sequence[Patch]) -> None:
    from matplotlib.collections import PolyCollection

    open_ones = [patch.corners for patch in patches if not patch.complete]
    if open_ones:
        ax.add_collection(PolyCollection(open_ones, facecolors="none", edgecolors=INK, linewidths=0.0, hatch="///"))


def _swatch(colour: str, label: str) -> Any:
    from matplotlib.patches import Patch as Rectangle

    return Rectangle(color=_pale(colour), label=label)


def _pale(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return (0.45 + 0.55 * red, 0.45 + 0.55 * green, 0.45 + 0.55 * blue)


def _class_name(row: Row) -> str:
    if row[0] < 0:
        return "not searched"
    periods = len(row) // 2
    parts = []
    for period in range(1, periods + 1):
        number, stable = row[period - 1], row[periods + period - 1]
        if number:
            noun = "fixed point" if period == 1 else "cycle"
            parts.append(
                f"{number} {noun}{'' if number == 1 else 's'}{'' if period == 1 else f' of period {period}'} ({stable})"
            )
    return ",\n".join(parts) or "nothing"
