"""Figures of matplotlib as SVG inside a page: ids of their own, no address of another place, and not too large."""

from __future__ import annotations

import re
import warnings
from io import BytesIO
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

__all__ = ["inline_svg"]

# Axes that hold more vertices than this show what has more than a few of them as pixels, at this many dots per inch.
VERTICES, FEW = 12_000, 50
DOTS = 170
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
# Elements of a figure that a page has no use for, and attributes that are about files.
DROPPED = ("metadata", "style")
OF_FILES = ("version", "width", "height")


def inline_svg(figure: Figure, prefix: str, label: str) -> Markup:
    """A figure as an ``<svg>`` element.

    Parameters
    ----------
    figure : Figure
    prefix : str
        Begins every id, so that several figures stand in one page.
    label : str
        What a reader who does not see it is told.

    Returns
    -------
    Markup
        Safe to put into a page: texts of the figure are drawn, not written.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> text = inline_svg(Figure(), "first", "nothing")
    >>> text.startswith('<svg viewBox="0 0 460.8 345.6" id="first" role="img" aria-label="nothing"'), "http" in text
    (True, False)
    """
    import matplotlib

    _show_as_pixels(figure)
    buffer = BytesIO()
    # Without a salt of its own, matplotlib draws ids at random.
    with matplotlib.rc_context({"svg.hashsalt": prefix, "svg.fonttype": "path"}), warnings.catch_warnings():
        # A name in a script that the font does not have is shown as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format="svg", dpi=DOTS, metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())
    for parent in list(root.iter()):
        for child in list(parent):
            if _local(child.tag) in DROPPED:
                parent.remove(child)
    for element in root.iter():
        element.tag = _local(element.tag)
        attributes = {_local(name): value for name, value in element.attrib.items()}
        element.attrib.clear()
        element.attrib.update({name: _prefixed(name, value, prefix) for name, value in attributes.items()})
    for name in OF_FILES:
        root.attrib.pop(name, None)
    root.attrib.update({"id": prefix, "role": "img", "aria-label": label})
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _local(name: str) -> str:
    """A name without its namespace: inside HTML there is none."""
    return name.rpartition("}")[2]


def _prefixed(name: str, value: str, prefix: str) -> str:
    if name == "id":
        return f"{prefix}-{value}"
    if name == "href" and value.startswith("#"):
        return f"#{prefix}-{value[1:]}"
    return _REFERENCE.sub(rf"url(#{prefix}-\1)", value)


def _show_as_pixels(figure: Figure) -> None:
    """Let long lines and clouds of points be images where there are too many for a page."""
    for ax in figure.axes:
        sizes = {artist: _vertices(artist) for artist in ax.get_children()}
        if sum(sizes.values()) > VERTICES:
            for artist, size in sizes.items():
                artist.set_rasterized(size > FEW)


def _vertices(artist: Artist) -> int:
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D

    if isinstance(artist, Line2D):
        return int(np.shape(artist.get_path().vertices)[0])
    if isinstance(artist, Collection):
        shapes = [np.shape(artist.get_offsets()), *(np.shape(path.vertices) for path in artist.get_paths())]
        return sum(shape[0] for shape in shapes)
    return 0
