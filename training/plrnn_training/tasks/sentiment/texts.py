"""Texts with labels: generated reviews, a table, a folder of files, or IMDb through ``datasets``."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from plrnn_analysis._signatures import checked
from plrnn_analysis.checkpoint.array_files import check_regular
from plrnn_analysis.errors import ModelError

from .generated import generated_reviews

__all__ = ["Texts", "read_texts"]

_GENERATED = 26_000
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_LOCAL = "give --data FILE.csv with the columns text and label, or --data FOLDER with train/pos, train/neg, ..."
# In the folder of IMDb, reviews without a label.
_UNLABELLED = "unsup"


@checked
@dataclass(frozen=True)
class Texts:
    """Texts and their classes.

    Attributes
    ----------
    name : str
        Where they come from.
    texts : tuple of str
    labels : tuple of int
        Counted from 0.
    classes : tuple of str
    tested : frozenset of int or None
        Which texts the data set itself sets apart for the test.
    generated : bool
        Whether a grammar made them.
    """

    name: str
    texts: tuple[str, ...]
    labels: tuple[int, ...]
    classes: tuple[str, ...]
    tested: frozenset[int] | None = None
    generated: bool = False


@checked
def read_texts(data: str | None = None) -> Texts:
    """Read texts with labels.

    Parameters
    ----------
    data : str, optional
        A table ``.csv`` or ``.tsv`` with columns ``text`` and ``label``; a folder that holds a folder of ``.txt`` files
        for every class, either directly or within ``train`` and ``test`` as IMDb does; or ``"imdb"``, which the
        ``datasets`` library fetches or has in its cache. By default 26,000 generated reviews, see
        :func:`plrnn_training.tasks.sentiment.generated_reviews`.

    Returns
    -------
    Texts

    Raises
    ------
    ModelError
        If they cannot be had, or are not of that form.

    Notes
    -----
    Source of IMDb: Maas et al., ACL 2011, https://aclanthology.org/P11-1015.
    """
    if data is None:
        texts, labels = generated_reviews(_GENERATED, seed=0)
        return Texts("generated reviews", tuple(texts), tuple(labels), ("negative", "positive"), generated=True)
    if data == "imdb":
        return _imdb()
    path = Path(data)
    if path.is_dir():
        return _folder(path)
    if path.suffix.lower() in _SEPARATORS and path.is_file():
        return _table(path)
    found = "is no table (.csv, .tsv) nor a folder" if path.exists() else "does not exist"
    raise ModelError(f"{path} {found}; data is 'imdb', a table with the columns text and label, or a folder")


def _table(path: Path) -> Texts:
    try:
        read = _rows(path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ModelError(f"{path} cannot be read as a table ({error})") from error
    return _labelled(path.stem, [(text, label) for text, label in read if text and label], None, path)


def _rows(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, delimiter=_SEPARATORS[path.suffix.lower()])
        names = {name.strip().lower(): name for name in rows.fieldnames or ()}
        if not {"text", "label"} <= set(names):
            raise ModelError(f"{path} must have the columns text and label, found {', '.join(names) or 'none'}")
        return [((row[names["text"]] or "").strip(), (row[names["label"]] or "").strip()) for row in rows]


def _folder(folder: Path) -> Texts:
    parts = [folder / part for part in ("train", "test") if (folder / part).is_dir()] or [folder]
    read: list[tuple[str, str]] = []
    tested: set[int] = set()
    for part in parts:
        for own in sorted(path for path in part.iterdir() if path.is_dir() and path.name != _UNLABELLED):
            texts = [_text(path) for path in sorted(own.glob("*.txt"))]
            if part.name == "test" and part != folder:
                tested.update(range(len(read), len(read) + len(texts)))
            read += [(text, own.name) for text in texts]
    return _labelled(folder.name, read, tested or None, folder)


def _text(path: Path) -> str:
    check_regular(path, ModelError)
    return path.read_text(encoding="utf-8", errors="replace")


def _labelled(name: str, read: list[tuple[str, str]], tested: set[int] | None, where: Path) -> Texts:
    classes = sorted({label for _, label in read})
    if len(classes) < 2:
        raise ModelError(f"{where} must hold texts of at least two classes, found {len(read)} of {len(classes)}")
    number = {label: index for index, label in enumerate(classes)}
    texts, labels = tuple(text for text, _ in read), tuple(number[label] for _, label in read)
    return Texts(name, texts, labels, tuple(classes), None if tested is None else frozenset(tested))


def _imdb() -> Texts:
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise ModelError(
            f'IMDb is read by the datasets library: pip install "plrnn-analysis[data]", or {_LOCAL}'
        ) from error
    try:
        parts = [load_dataset("stanfordnlp/imdb", split=part) for part in ("train", "test")]
    except Exception as error:  # whatever the library and the network make of it
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelError(f"IMDb could not be fetched ({reason}); {_LOCAL}") from error
    texts = [text for part in parts for text in part["text"]]
    labels = [int(label) for part in parts for label in part["label"]]
    tested = frozenset(range(len(parts[0]["label"]), len(texts)))
    return Texts("imdb", tuple(texts), tuple(labels), ("negative", "positive"), tested)
