"""Basins of attraction in a plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._signatures import checked
from ..appearance import node_labels
from ..results import Continuum, Cycle, CycleContinuum, FixedPoint
from ..results.naming import LONGEST_NAME, point_noun
from ..statuses import EndKind
from .numerals import alike
from .style import INK, OTHER, PALETTE, drawn_channel, light, new_axes, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..attractors import Attractor, Attractors, BasinSlice

__all__ = ["plot_basins"]

#: Entries of the legend, "others" not counted.
ENTRIES = 8
#: Outputs by which an attractor is named, the first ones.
OUTPUTS = 3
#: An object this near the plane, relative to its size and that of the plane's origin, lies in it.
IN_PLANE = 1e-6
#: What is no basin: what diverges, what is on the boundary between basins, and what is undecided.
WHITE, DARK, PALE = "#FFFFFF", "#4D4D4D", "#F2F2F2"
HATCH = "////"


@light
@checked
def plot_basins(basins: BasinSlice, names: tuple[str, str] | None = None, ax: Axes | None = None) -> Axes:
    """Basins of attraction, one colour per attractor, with the attractors that lie near the plane.

    Parameters
    ----------
    basins : BasinSlice
    names : tuple of str, optional
        Of the axes; by default the units along which the plane extends, or which direction it is.
    ax : Axes, optional

    Returns
    -------
    Axes
        The legend names each outcome with its share of the grid: an attractor by its subregion, or by its outputs where
        bitcodes are long; the rarest ones share a grey. What diverges is white. States on or near the boundary between
        basins, which were not followed to an end, are dark; what is undecided for other reasons is hatched. A point
        is filled where the attractor lies in the plane, and ringed where it is only projected onto it.
    """
    from matplotlib.colors import ListedColormap, to_rgb

    ax = new_axes(6.8, 4.2) if ax is None else ax
    project = np.linalg.pinv(basins.directions)
    points = [_points(item) for item in basins.attractors]
    places = [_projected(found, basins, project) for found in points]
    hollow = any(len(inside) and not inside.all() for _, inside in places)
    colours = _colours(basins.attractors, hollow)
    (first, second), labels = _axes(basins)
    edges = [_edges(first), _edges(second)]
    shades = ListedColormap([to_rgb(_soft(colour)) for colour in colours])
    ax.pcolormesh(*edges, basins.labels, cmap=shades, vmin=-0.5, vmax=len(colours) - 0.5, rasterized=True)
    _hatch(ax, edges, np.isin(basins.labels, [i for i, item in enumerate(basins.attractors) if _undecided(item)]))
    shift = np.array([first[0] - basins.first[0], second[0] - basins.second[0]])
    for (flat, inside), colour in zip(places, colours, strict=True):
        ax.plot(*(flat[inside] + shift).T, "o", color=colour, markeredgecolor=INK, markersize=5.5)
        ax.plot(*(flat[~inside] + shift).T, "o", color="white", markeredgecolor=INK, markersize=6.5)
        ax.plot(*(flat[~inside] + shift).T, "o", color=colour, markeredgewidth=0, markersize=3.5)
    ax.set_xlim(edges[0][0], edges[0][-1])
    ax.set_ylim(edges[1][0], edges[1][-1])
    ax.set_xlabel(labels[0] if names is None else names[0])
    ax.set_ylabel(labels[1] if names is None else names[1])
    title = _title(basins.attractors)
    handles = _handles(basins.attractors, colours, hollow)
    ax.legend(
        handles=handles, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8, title=title,
        title_fontsize=8, alignment="left",
    )  # fmt: skip
    return ax


def _undecided(item: Attractor) -> bool:
    return item.kind == EndKind.UNDECIDED and not item.near_boundary


def _colours(found: Attractors, hollow: bool) -> list[str]:
    """One colour per outcome; attractors get them in their order as long as there are entries and colours."""
    special = {_special(item) for item in found} - {None}
    room = min(ENTRIES - len(special) - hollow, len(PALETTE))
    colours, used = [], 0
    for item in found:
        colour = _special(item)
        if colour is None:
            colour = PALETTE[used] if used < room else OTHER
            used += 1
        colours.append(colour)
    return colours


def _special(item: Attractor) -> str | None:
    """The colour of what is no attractor."""
    if item.kind == EndKind.DIVERGENT:
        return WHITE
    if item.kind == EndKind.UNDECIDED:
        return DARK if item.near_boundary else PALE
    return None


def _handles(found: Attractors, colours: list[str], hollow: bool) -> list[Any]:
    """Entries of the legend: attractors, the others together, and what is no attractor."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    names = _names(found)
    entries: dict[tuple[str, str], float] = {}
    for item, name, colour in zip(found, names, colours, strict=True):
        # Each attractor has a line of its own, whatever it is called; what has no colour of its own shares one.
        key = (colour, "others" if colour == OTHER else name)
        entries[key] = entries.get(key, 0.0) + item.fraction
    handles: list[Any] = [
        Patch(
            facecolor=_soft(colour), edgecolor=INK, linewidth=0.6, label=f"{name}  {percent(share)}",
            hatch=HATCH if colour == PALE else None,
        )
        for (colour, name), share in entries.items()
    ]  # fmt: skip
    if hollow:
        ring = Line2D([], [], marker="o", linestyle="", color="white", markeredgecolor=INK)
        ring.set_label("attractor outside the plane, projected")
        handles.append(ring)
    return handles


def _names(found: Attractors) -> list[str]:
    outputs = [item.object.output if isinstance(item.object, FixedPoint) else None for item in found]
    codes = [item.object.bitcode for item in found if isinstance(item.object, (FixedPoint, Continuum))]
    labels = node_labels(list(dict.fromkeys(codes)))
    known = [np.array(output)[:OUTPUTS] for output in outputs if output is not None and len(output)]
    texts = iter(alike(np.concatenate(known)) if known else [])
    places = []
    for output in outputs:
        shown = [] if output is None else [next(texts) for _ in output[:OUTPUTS]]
        more = ", …" if output is not None and len(output) > OUTPUTS else ""
        places.append(f" at ({', '.join(shown)}{more})" if shown else "")
    return [_name(item, place, labels) for item, place in zip(found, places, strict=True)]


def _name(item: Attractor, place: str, labels: dict[str, str]) -> str:
    ends = {
        EndKind.DIVERGENT: "diverges",
        EndKind.QUASI_PERIODIC: "quasi-periodic motion",
        EndKind.CHAOTIC: "chaotic motion",
        EndKind.UNDECIDED: "on or near the boundary between\nbasins, not followed to an end"
        if item.near_boundary
        else "undecided",
    }
    if item.kind in ends:
        return ends[item.kind]
    found = item.object
    if isinstance(found, FixedPoint):
        return point_noun(found.stability) + _where(found.bitcode, place, labels)
    if isinstance(found, Continuum):
        return "continuum of fixed points" + _where(found.bitcode, "", labels)
    many = "family of cycles" if isinstance(found, CycleContinuum) else "cycle"
    return f"{many} of period {item.period}"


def _where(bitcode: str, place: str, labels: dict[str, str]) -> str:
    """Where an attractor is: its subregion, or its outputs where the bitcode is long."""
    if bitcode == "-":
        return ""
    return place if place and len(bitcode) > LONGEST_NAME else f" of {labels[bitcode]}"


def _title(found: Attractors) -> str | None:
    """What the numbers in the names of fixed points are."""
    points = [item.object for item in found if isinstance(item.object, FixedPoint)]
    sizes = [len(p.output) for p in points if p.output is not None and len(p.bitcode) > LONGEST_NAME]
    if not sizes or not max(sizes):
        return None
    listed = [drawn_channel(found.output_names, i, "output") for i in range(min(max(sizes), OUTPUTS))]
    return f"outcome, at ({', '.join(listed)}{', …' if max(sizes) > OUTPUTS else ''})"


def _points(item: Attractor) -> np.ndarray:
    found = item.object
    if isinstance(found, FixedPoint):
        return found.z[None]
    if isinstance(found, Cycle):
        return found.points
    return np.zeros((0, 0))


def _projected(points: np.ndarray, basins: BasinSlice, project: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of points in the plane, and which of them lie in it."""
    if not len(points):
        return np.zeros((0, 2)), np.zeros(0, dtype=bool)
    flat = (points - basins.origin) @ project
    off = np.max(np.abs(points - basins.origin - flat @ basins.directions), axis=1)
    return flat, off <= IN_PLANE * max(float(np.max(np.abs(points))), float(np.max(np.abs(basins.origin))))


def _axes(basins: BasinSlice) -> tuple[tuple[np.ndarray, np.ndarray], tuple[str, str]]:
    """Coordinates and names of both axes: of the unit, where a direction is that of a unit."""
    units = [np.flatnonzero(row) for row in basins.directions]
    if all(len(unit) == 1 for unit in units) and np.all(basins.directions.sum(axis=1) == 1.0):
        i, j = (int(unit[0]) for unit in units)
        shown = basins.origin[i] + basins.first, basins.origin[j] + basins.second
        return shown, (f"unit {i}", f"unit {j}")
    return (basins.first, basins.second), ("along the first direction", "along the second direction")


def _soft(colour: str) -> str:
    """The colour mixed with white, so that points on it are seen; what is no basin stays as it is."""
    if colour in (WHITE, DARK, PALE):
        return colour
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(0.55 * part + 0.45 * 255):02X}" for part in parts)


def _edges(centres: np.ndarray) -> np.ndarray:
    half = 0.5 * (centres[1] - centres[0])
    return np.append(centres - half, centres[-1] + half)


def _hatch(ax: Axes, edges: list[np.ndarray], where: np.ndarray) -> None:
    """Hatch cells of the grid: one path, of rectangles as long as neighbours in a row are hatched."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    parts = []
    for row, flags in enumerate(where):
        turns = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
        for start, stop in turns.reshape(-1, 2):
            (left, right), (low, high) = edges[0][[start, stop]], edges[1][[row, row + 1]]
            parts.append(Path([(left, low), (right, low), (right, high), (left, high), (left, low)], closed=True))
    if parts:
        ax.add_patch(PathPatch(Path.make_compound_path(*parts), fill=False, edgecolor=INK, linewidth=0, hatch=HATCH))
