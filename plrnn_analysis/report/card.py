"""The model card of a report: where the model comes from, how large it is, how it was trained, what drives it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._wording import in_a_line, json_text
from ..checkpoint_options import in_options
from ..display.abbreviation import count_words
from ..results.naming import channel_name

if TYPE_CHECKING:
    from ..findings import Wanted
    from ..model import PLRNN
    from ..recorded_trials import RecordedTrials

__all__ = ["Fact", "facts_of", "training_of"]

# Characters of a setting of the training, and names that are listed.
LONGEST, LISTED = 300, 12
# Bytes that are read of a file at a time.
CHUNK = 2**20


@dataclass(frozen=True)
class Fact:
    """A line of a model card.

    Attributes
    ----------
    term, text : str
    code : bool
        Whether the text is no prose.
    """

    term: str
    text: str
    code: bool = False


def facts_of(model: PLRNN, file: Path | None, wanted: Wanted) -> list[Fact]:
    """The lines of a model card.

    Parameters
    ----------
    model : PLRNN
    file : Path or None
        The checkpoint, or the directory that holds it.
    wanted : Wanted
        What was asked: the input held on, and the trials.
    """
    return list(_facts(model, file, wanted))


def _facts(model: PLRNN, file: Path | None, wanted: Wanted) -> Iterator[Fact]:
    if file is not None:
        # Where it lies is nobody's business who is sent the page.
        yield Fact("file", file.resolve().name, code=True)
    if file is not None and file.is_file():
        yield Fact("size", f"{file.stat().st_size:,} bytes")
        yield Fact("SHA-256", _sha256(file), code=True)
    yield Fact("architecture", model.architecture, code=True)
    n_relu = model.pwl_units
    yield Fact("units", f"{model.n_units:,} (M)")
    yield Fact("ReLUs", f"{n_relu:,}, so that there are at most 2^{n_relu} subregions")
    yield Fact("inputs", _channels(model.n_inputs, model.input_names, "input"))
    yield Fact("outputs", _channels(model.n_outputs, model.output_names, "output"))
    if model.n_inputs:
        held = np.zeros(model.n_inputs) if wanted.held is None else wanted.held
        values = ", ".join(f"{value:g}" for value in held)
        yield Fact("constant input", "zero" if not np.any(held) else values)
    yield Fact("states in use are those of", _driven_by(model, wanted.trials))
    for note in model.notes:
        yield Fact("note", in_options(note))


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with open(file, "rb") as opened:
        while chunk := opened.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _channels(n: int, names: tuple[str, ...], noun: str) -> str:
    """How many, and what they are called where they have names."""
    if not names:
        return f"{n:,}"
    listed = ", ".join(channel_name(names, i, noun) for i in range(min(n, LISTED)))
    return f"{n:,}: {listed}{', ...' if n > LISTED else ''}"


def _driven_by(model: PLRNN, trials: np.ndarray | RecordedTrials | None) -> str:
    from ..recorded_trials import RecordedTrials

    if trials is None:
        return "free runs"
    if not isinstance(trials, RecordedTrials):
        return f"{count_words(trials.shape[0], 'trial')} of {count_words(trials.shape[1], 'step')}"
    where = " that the checkpoint brings" if trials is model.trials else ""
    text = f"{count_words(trials.n_trials, 'trial')} of {count_words(trials.n_steps, 'step')}{where}"
    if trials.lengths is not None:
        text += f", {trials.lengths.min():,} to {trials.lengths.max():,} of them valid"
    if trials.labels is None:
        return text
    names, counts = np.unique(trials.labels, return_counts=True)
    kinds = [f"{in_a_line(str(name))} ({count})" for name, count in zip(names, counts, strict=True)]
    return f"{text}; conditions: {', '.join(kinds[:LISTED])}{', ...' if len(kinds) > LISTED else ''}"


def training_of(model: PLRNN) -> list[Fact]:
    """How the checkpoint says that the model was trained.

    Parameters
    ----------
    model : PLRNN
    """
    training = model.metadata.get("training", {})
    if not isinstance(training, dict):
        return []
    return [Fact(str(name).replace("_", " "), _setting(value)) for name, value in training.items()]


def _setting(value: Any) -> str:
    text = value if isinstance(value, str) else json_text(value, default=str)
    if isinstance(value, bool) or value is None:
        text = {True: "yes", False: "no", None: "none"}[value]
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
