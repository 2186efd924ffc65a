"""The project's own format: which tensors and which header make a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._wording import with_article
from ..architectures import ARCHITECTURES
from ..model import PLRNN
from .contents import Contents
from .trials import CONDITION_NAMES, encode_trials, split_trials

__all__ = ["FORMAT", "FORMAT_VERSION", "decode", "encode"]

FORMAT = "plrnn"
FORMAT_VERSION = 1


def encode(model: PLRNN, metadata: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors and header of a model.

    Raises
    ------
    TypeError, ValueError
        If the metadata cannot be written as JSON.
    """
    tensors = dict(model.parameters)
    if model.B is not None:
        tensors["B"] = model.B
    if model.b is not None:
        tensors["b"] = model.b
    if model.trials is not None:
        tensors |= encode_trials(model.trials)
        metadata = {**metadata, CONDITION_NAMES: model.trials.condition_names}
    header = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "architecture": model.architecture,
        "pwl_units": str(model.pwl_units),
        "relu_units": json.dumps(model.relu_units),
        "metadata": json.dumps(dict(metadata), default=_plain, sort_keys=True),
    }
    return tensors, header


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{value!r} is {with_article(type(value).__name__)}, which JSON does not have")


def decode(contents: Contents) -> PLRNN:
    """The model in a file of our own format.

    Raises
    ------
    CheckpointError
        If the file is of a newer version, or header and tensors do not belong together.
    """
    header = contents.header or {}
    version = header.get("format_version", "")
    if not version.isdecimal():
        raise contents.error(f"the header says format_version {version!r}, which is not a number", "Export it again.")
    if int(version) > FORMAT_VERSION:
        raise contents.error(
            f"written in format version {version}, and this release reads up to version {FORMAT_VERSION}",
            "Upgrade: pip install -U plrnn-analysis.",
        )
    architecture = header.get("architecture", "")
    if architecture not in ARCHITECTURES:
        raise contents.error(
            f"unknown architecture {architecture!r}",
            f"Known: {', '.join(sorted(ARCHITECTURES))}. Upgrade, or export it again.",
        )
    try:
        relu_units = json.loads(header.get("relu_units", "null"))
        metadata = json.loads(header.get("metadata", "{}"))
        pwl_units = int(header["pwl_units"])
        if not isinstance(metadata, dict) or not isinstance(relu_units, list | None):
            raise ValueError("relu_units must be a list, metadata an object")
    except (ValueError, KeyError, RecursionError) as error:
        raise contents.error(f"the header is damaged ({type(error).__name__}: {error})", "Export it again.") from error
    contents, trials = split_trials(contents, metadata)
    if trials is not None:
        metadata.pop(CONDITION_NAMES, None)
    kind = ARCHITECTURES[architecture]
    if kind.has_relu_units and relu_units is None:
        raise contents.error("the header does not name the ReLU units", "Export it again.")
    expected = kind.required + kind.optional + ("B", "b")
    missing = [name for name in kind.required if name not in contents.entries]
    # Our own files hold exactly what they say: anything else means damage or a newer writer.
    unknown = [name for name in contents.entries if name not in expected]
    if missing or unknown:
        raise contents.error(
            f"the tensors are not those of a {architecture} model: missing {', '.join(missing) or 'none'}, "
            f"unknown {', '.join(unknown) or 'none'}",
            "Export it again.",
        )
    arrays = {name: contents.array(name) for name in contents.entries}
    B, b = arrays.pop("B", None), arrays.pop("b", None)
    model = PLRNN(architecture, arrays, relu_units, B, b, metadata, trials)
    if model.pwl_units != pwl_units:
        raise contents.error(
            f"the header says pwl_units = {pwl_units}, its tensors have {model.pwl_units} ReLUs", "Export it again."
        )
    return model
