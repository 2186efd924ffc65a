"""How figures look: compared with a stored picture, and checked for what a picture of the right colours can hide.

A test asks for the fixture ``looks`` of ``conftest.py`` and hands it the figure. Pictures are stored beside the tests,
``images/MODULE/TEST.png``, small and in few colours. ``make images`` draws those anew that no longer fit.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import transforms
from matplotlib.artist import Artist
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from scipy.ndimage import uniform_filter

RENEW = "RENEW_IMAGES"
#: Where pictures of a failed comparison are kept.
KEPT = Path(__file__).resolve().parent.parent / "build" / "images"

DPI, COLOURS = 60, 256
#: Colours are compared as means over squares of this many pixels: text drawn by another FreeType, and lines that lie a
#: pixel further, change such a mean by less than the tolerance (a share of the range from black to white); a marker
#: that is missing or moved changes it by more.
SQUARE, TOLERANCE = 9, 0.16
#: Another version of matplotlib sets texts a few pixels wider, and all that stands beside them moves: each square may
#: then be found this many pixels further, and pixel by pixel be as different as letters are.
MOVED, LOOSE = 8, 0.3
#: Under this name a picture says which version drew it.
DREW = "matplotlib"
#: Sizes may differ by this many pixels, since figures grow with their texts.
SIZE = 2

#: Entries of a legend, "others" not counted.
MOST_ENTRIES = 8
#: Two texts overlap if their boxes do, less this many pixels all around: the boxes hold room for letters like g and É.
SLACK = 2.0


class DoesNotLookRight(AssertionError):
    """A figure differs from its picture, or has a fault that can be measured."""


def compare(figure: Figure, path: Path) -> None:
    """Compare a figure with its picture; with RENEW_IMAGES set, store it where it differs or is new."""
    drawn = _pixels(figure)
    difference = _difference(drawn, path) if path.exists() else f"there is no picture {path}"
    if not difference:
        return
    if os.environ.get(RENEW):
        path.parent.mkdir(parents=True, exist_ok=True)
        about = PngInfo()
        about.add_text(DREW, _version())
        small = Image.fromarray(drawn).quantize(COLOURS, dither=Image.Dither.NONE)
        small.save(path, optimize=True, pnginfo=about)
        return
    raise DoesNotLookRight(f"{difference}; make images stores it anew: look at it first")


def _pixels(figure: Figure) -> np.ndarray:
    """The figure as (height, width, 3)."""
    from io import BytesIO

    buffer = BytesIO()
    figure.savefig(buffer, dpi=DPI, format="png", metadata={"Software": None})
    return np.asarray(Image.open(buffer).convert("RGB"))


def _difference(drawn: np.ndarray, path: Path) -> str:
    """What is different, in words, or nothing; pictures of it are kept."""
    with Image.open(path) as picture:
        same_version = picture.info.get(DREW) == _version()
        stored = np.asarray(picture.convert("RGB"))
    kept = KEPT / path.parent.name / path.stem
    if np.abs(np.subtract(drawn.shape, stored.shape)).max() > SIZE:
        _keep(kept, stored, drawn)
        return f"the figure has {drawn.shape[:2]} pixels, its picture {stored.shape[:2]}; both are in {kept}-*.png"
    rows, columns = np.minimum(drawn.shape[:2], stored.shape[:2])
    both = [image[:rows, :columns] / 255.0 for image in (drawn, stored)]
    by_pixel, tolerance = _apart(*both), TOLERANCE
    if by_pixel.max() > TOLERANCE and not same_version:
        by_pixel, tolerance = _apart_at_best(*both), LOOSE
    if by_pixel.max() <= tolerance:
        return ""
    _keep(kept, stored, drawn, by_pixel / by_pixel.max())
    row, column = np.unravel_index(int(by_pixel.argmax()), by_pixel.shape)
    return (
        f"the figure differs from {path.name} by {by_pixel.max():.0%}, more than {tolerance:.0%}, around row {row},"
        f" column {column}; compare {kept}-expected.png, -drawn.png and -difference.png"
    )


def _version() -> str:
    return ".".join(matplotlib.__version__.split(".")[:2])


def _apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How different the means around each pixel are."""
    return np.abs(uniform_filter(a - b, size=(SQUARE, SQUARE, 0), mode="nearest")).max(axis=-1)


def _apart_at_best(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How different the squares around each pixel of one are from the most similar ones nearby in the other."""
    blurred = [uniform_filter(image, size=(3, 3, 0), mode="nearest") for image in (a, b)]
    return np.maximum(_missing(*blurred), _missing(*blurred[::-1]))


def _missing(wanted: np.ndarray, there: np.ndarray) -> np.ndarray:
    padded = np.pad(there, ((MOVED, MOVED), (MOVED, MOVED), (0, 0)), mode="edge")
    rows, columns = wanted.shape[:2]
    best = np.full((rows, columns), np.inf)
    for down, right in itertools.product(range(0, 2 * MOVED + 1, 2), repeat=2):
        difference = np.abs(padded[down : down + rows, right : right + columns] - wanted).max(axis=-1)
        best = np.minimum(best, uniform_filter(difference, size=SQUARE, mode="nearest"))
    return best


def _keep(kept: Path, stored: np.ndarray, drawn: np.ndarray, difference: np.ndarray | None = None) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(stored).save(f"{kept}-expected.png")
    Image.fromarray(drawn).save(f"{kept}-drawn.png")
    if difference is not None:
        Image.fromarray((255 * difference).astype(np.uint8)).save(f"{kept}-difference.png")


def check_structure(figure: Figure) -> None:
    """Texts inside the figure and apart from each other and from frames, short legends, nothing that is not finite."""
    texts = _drawn_texts(figure)
    faults = [*_text_faults(figure, texts), *_legend_faults(figure), *_number_faults(figure)]
    if faults:
        raise DoesNotLookRight("\n".join(faults))


@contextmanager
def _recorded() -> Iterator[list[Text]]:
    """Texts in the order they are drawn: of tick labels only those in view are."""
    found: list[Text] = []
    draw = Text.draw

    def record(self: Text, renderer: object, *args: object, **options: object) -> None:
        if self.get_visible() and self.get_text().strip():
            found.append(self)
        draw(self, renderer, *args, **options)

    Text.draw = record
    try:
        yield found
    finally:
        Text.draw = draw


def _drawn_texts(figure: Figure) -> list[tuple[str, transforms.Bbox]]:
    """Texts and their boxes in pixels, from a drawing of the whole figure."""
    with _recorded() as found:
        figure.draw_without_rendering()
    unique = {id(text): text for text in found}
    # An annotation's own extent holds its arrow too.
    return [(text.get_text(), Text.get_window_extent(text)) for text in unique.values()]


def _text_faults(figure: Figure, texts: list[tuple[str, transforms.Bbox]]) -> Iterator[str]:
    page = figure.bbox
    for text, box in texts:
        if not np.isfinite(box.extents).all():
            yield f"the text {text!r} has no place: {box.extents}"
        elif box.x0 < page.x0 - 1 or box.y0 < page.y0 - 1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1:
            yield f"the text {text!r} leaves the figure"
    shrunk = [(text, box.padded(-SLACK)) for text, box in texts]
    for (text, box), (other, other_box) in itertools.combinations(shrunk, 2):
        if _overlap(box, other_box):
            yield f"the texts {text!r} and {other!r} overlap"
    for axes in figure.axes:
        for name, spine in axes.spines.items():
            if axes.axison and spine.get_visible():
                line = spine.get_window_extent()
                yield from (f"the text {text!r} lies on the {name} line of the frame" for text, box in shrunk
                            if _overlap(box, line))  # fmt: skip


def _overlap(a: transforms.Bbox, b: transforms.Bbox) -> bool:
    return a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1


def _legend_faults(figure: Figure) -> Iterator[str]:
    for owner in (figure, *figure.axes):
        legends = figure.legends if owner is figure else [owner.get_legend()]
        for legend in legends:
            entries = [] if legend is None else [text.get_text() for text in legend.get_texts()]
            named = [entry for entry in entries if not entry.lstrip().startswith("other")]
            if len(named) > MOST_ENTRIES:
                yield f"a legend has {len(entries)} entries: {entries}"


def _number_faults(figure: Figure) -> Iterator[str]:
    for axes in figure.axes:
        if not np.isfinite([axes.get_xlim(), axes.get_ylim()]).all():
            yield f"an axis ends at {axes.get_xlim()}, {axes.get_ylim()}"
        for artist in axes.get_children():
            yield from (f"{artist} is drawn at {where}" for where in _not_finite(artist))


def _not_finite(artist: Artist) -> Iterator[str]:
    """Places that are infinite, or that are all missing; single ones that are missing part a line."""
    if isinstance(artist, Line2D):
        points = np.column_stack([np.asarray(part, float) for part in artist.get_data()])
    elif isinstance(artist, PathCollection):
        points = np.ma.filled(artist.get_offsets(), np.nan)
    elif isinstance(artist, Text):
        points = np.array([artist.get_unitless_position()], float)
    else:
        return
    if np.isinf(points).any() or (len(points) and np.isnan(points).any(axis=1).all()):
        yield re.sub(r"\s+", " ", str(points[:4]))
