"""Images with classes: scikit-learn's digits, MNIST through ``datasets``, or a folder of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plrnn_analysis._signatures import checked
from plrnn_analysis.checkpoint.array_files import check_regular
from plrnn_analysis.errors import ModelError

__all__ = ["Images", "read_images"]

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff")
# Of the sum of red, green and blue, as in ITU-R BT.601.
_GREY = (0.299, 0.587, 0.114)
_WHITE = 255.0
# The largest value of scikit-learn's digits.
_SIXTEEN = 16.0


@checked
@dataclass(frozen=True)
class Images:
    """Grey images of one size.

    Attributes
    ----------
    name : str
        Where they come from.
    pixels : (n, height, width) ndarray of float32
        0 is black, 1 is white.
    labels : (n,) ndarray of int
    classes : tuple of str
    test : (m,) ndarray of int or None
        Which images the data set itself sets apart for the test.
    """

    name: str
    pixels: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    test: np.ndarray | None = None


@checked
def read_images(data: str | None = None) -> Images:
    """Read images.

    Parameters
    ----------
    data : str, optional
        ``"mnist"``, which the ``datasets`` library fetches or has in its cache, or a folder that holds a folder of
        images for every class. By default the 1,797 digits of 8 × 8 pixels that come with scikit-learn.

    Returns
    -------
    Images

    Raises
    ------
    ModelError
        If a package is missing, MNIST cannot be had, or the folder does not hold such images.

    Notes
    -----
    Source of the digits: Alpaydin & Kaynak, UCI repository, 1998, doi:10.24432/C50P49. Of MNIST: LeCun, Bottou, Bengio
    & Haffner, Proceedings of the IEEE 86, 1998, doi:10.1109/5.726791.
    """
    if data is None:
        return _bundled()
    return _mnist() if data == "mnist" else _folder(Path(data))


def _bundled() -> Images:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ModelError(
            'the 8 × 8 digits come with scikit-learn: pip install "plrnn-analysis[data]", or give --data FOLDER, a '
            "folder of images for every class"
        ) from error
    digits = load_digits()
    pixels = np.asarray(digits.images, dtype=np.float32) / np.float32(_SIXTEEN)
    return Images("scikit-learn's digits", pixels, np.asarray(digits.target), tuple("0123456789"))


def _mnist() -> Images:
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise ModelError(
            'MNIST is read by the datasets library: pip install "plrnn-analysis[data]", or give --data FOLDER, a '
            "folder of images for every class"
        ) from error
    try:
        parts = [load_dataset("ylecun/mnist", split=part) for part in ("train", "test")]
    except Exception as error:  # whatever the library and the network make of it
        raise ModelError(
            f"MNIST could not be fetched ({_first_line(error)}); give --data FOLDER, a folder of images for every "
            "class, or leave --data out for the 8 × 8 digits"
        ) from error
    pixels = [np.stack([np.asarray(image, dtype=np.float32) for image in part["image"]]) for part in parts]
    labels = np.concatenate([np.asarray(part["label"]) for part in parts])
    test = np.arange(len(pixels[0]), len(labels))
    return Images("mnist", np.concatenate(pixels) / np.float32(_WHITE), labels, tuple("0123456789"), test)


def _folder(folder: Path) -> Images:
    if not folder.is_dir():
        raise ModelError(
            f"{folder}: there is no such folder; data is 'mnist' or a folder that holds a folder of images for every "
            "class"
        )
    found = {
        own.name: sorted(path for path in own.iterdir() if path.suffix.lower() in _SUFFIXES)
        for own in sorted(folder.iterdir())
        if own.is_dir()
    }
    found = {name: files for name, files in found.items() if files}
    if len(found) < 2:
        raise ModelError(
            f"{folder} must hold a folder of images ({', '.join(_SUFFIXES)}) for each of at least two classes, found "
            f"{len(found)}"
        )
    pixels = [_read(path) for files in found.values() for path in files]
    sizes = {image.shape for image in pixels}
    if len(sizes) > 1:
        raise ModelError(f"the images in {folder} must be of one size, found {_listed(sizes)}")
    labels = np.repeat(np.arange(len(found)), [len(files) for files in found.values()])
    return Images(folder.name, np.stack(pixels), labels, tuple(found))


def _read(path: Path) -> np.ndarray:
    from matplotlib.image import imread

    check_regular(path, ModelError)
    try:
        image = np.asarray(imread(path))
    except Exception as error:  # the reader has many of its own
        raise ModelError(f"{path} cannot be read as an image ({_first_line(error)})") from error
    scale = _WHITE if image.dtype == np.uint8 else float(np.iinfo(image.dtype).max) if image.dtype.kind in "iu" else 1.0
    grey: np.ndarray = image[..., :3] @ np.array(_GREY) if image.ndim == 3 and image.shape[2] >= 3 else image
    if grey.ndim == 3:
        grey = grey[..., 0]
    return (grey / scale).astype(np.float32)


def _listed(sizes: set[Any]) -> str:
    words = sorted(f"{height} × {width}" for height, width in sizes)
    return ", ".join(words[:4]) + (" and others" if len(words) > 4 else "")


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
