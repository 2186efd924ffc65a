"""Read a directory with a checkpoint, perhaps in several files, and the settings beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from .contents import Contents, Entry

__all__ = ["index_of_shard", "read_directory"]

_SETTINGS = ("config.json", "hparams.json", "params.json", "args.json", "settings.json")
_OTHER_SETTINGS = re.compile(r"\.(ya?ml|toml|ini|cfg)", re.IGNORECASE)
# The names that libraries give to the weights, where there are several files that can be read.
_WEIGHTS = re.compile(
    r"(diffusion_)?(pytorch_)?(model|weights|checkpoint|best|last|final)(_state(_dict)?)?", re.IGNORECASE
)
_INDEX = ".index.json"
_SHARD = re.compile(r".*-\d{5}-of-(\d{5})")
_MAX_BYTES = 2**24

Reader = Callable[[Path], Contents]


def read_directory(path: Path, readers: Mapping[str, Reader]) -> Contents:
    """The weights in a directory, with what its ``config.json`` says.

    Parameters
    ----------
    path : Path
    readers : mapping of str to callable
        By the endings of files.

    Raises
    ------
    CheckpointError
        If there is no file of weights in it, or more than one.
    """
    files = sorted(item for item in path.iterdir() if item.is_file())
    indices = [item for item in files if item.name.endswith(_INDEX)]
    if indices:
        contents = _from_shards(path, indices[0], readers)
    else:
        weights = [item for item in files if item.suffix.lower() in readers]
        named = [item for item in weights if _WEIGHTS.fullmatch(item.stem.split(".")[0])]
        chosen = named if len(weights) > 1 and len(named) == 1 else weights
        if len(chosen) != 1:
            there = (
                f"several checkpoints: {', '.join(item.name for item in chosen)}" if chosen else "no checkpoint in it"
            )
            raise CheckpointError(f"{path}: a directory with {there}. Give the checkpoint file itself.")
        contents = readers[chosen[0].suffix.lower()](chosen[0])
    said: dict[str, Any] = {}
    for item in files:
        if item.name.lower() in _SETTINGS:
            said.update(_json(item))
    unread = tuple(
        f"{item.name}: settings that are not JSON" for item in files if _OTHER_SETTINGS.fullmatch(item.suffix)
    )
    return replace(contents, settings={**contents.settings, **said}, others=(*contents.others, *unread))


def _from_shards(path: Path, index: Path, readers: Mapping[str, Reader]) -> Contents:
    weight_map = _json(index).get("weight_map")
    names = sorted({str(name) for name in weight_map.values()}) if isinstance(weight_map, Mapping) else []
    entries: dict[str, Entry] = {}
    parts = []
    for name in names:
        shard = path / name
        # An index may name nothing outside of its directory.
        if Path(name).name != name or shard.suffix.lower() not in readers or not shard.is_file():
            raise CheckpointError(f"{index}: names the file {name!r}, which is not a checkpoint in this directory.")
        parts.append(readers[shard.suffix.lower()](shard))
        entries.update(parts[-1].entries)
    if not parts:
        raise CheckpointError(f"{index}: has no weight_map that says which file holds which tensor.")
    return replace(parts[0], path=path, entries=entries)


def index_of_shard(path: Path) -> str:
    """Name of the index if the file is one of several that hold a model, else "".

    Examples
    --------
    >>> index_of_shard(Path("model-00001-of-00002.safetensors"))
    'model.safetensors.index.json'
    """
    match = _SHARD.fullmatch(path.stem)
    if match is None or int(match[1]) < 2:
        return ""
    return f"{path.stem[:-15]}{path.suffix}{_INDEX}"


def _json(path: Path) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: not readable as JSON ({str(error)[:200]}).") from error
    return value if isinstance(value, dict) else {}
