"""A model from a network in memory: a PyTorch module, or arrays by name. Imports no framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._validation import detached
from .._wording import with_article
from ..errors import CheckpointError
from .building import OWN_STEP
from .contents import Contents, Entry
from .parametrised import computed_from

__all__ = ["is_in_memory", "read_layer", "read_memory"]

_MAX_DEPTH = 8
_PLAIN = (str, bool, int, float)


def is_in_memory(value: Any) -> bool:
    """Whether `value` is a module or a mapping of arrays rather than a path."""
    return isinstance(value, Mapping) or _is_module(value)


def read_memory(source: Any) -> Contents:
    """Arrays of a module or mapping, and what its modules say of themselves.

    Parameters
    ----------
    source : torch.nn.Module or mapping
        Tensors may be on any device and of any floating point type; mappings may be nested.

    Raises
    ------
    CheckpointError
        If it is neither.
    """
    if _is_module(source):
        label = f"the module {type(source).__name__}"
        facts = {name: _facts(module) for name, module in source.named_modules()}
        arrays = _with_values_of_parametrised(source, dict(source.state_dict()))
        return _contents(label, arrays, {name: said for name, said in facts.items() if said})
    if isinstance(source, Mapping):
        return _contents(f"the {type(source).__name__}", source, {})
    raise CheckpointError(
        "from_torch takes a torch.nn.Module or a mapping of arrays by name, "
        f"got {with_article(type(source).__name__)}. A file is read by plrnn_analysis.load(path)."
    )


def read_layer(readout: Any) -> tuple[Any, Any]:
    """B and b of a linear layer in memory, of a pair, or of B alone."""
    if hasattr(readout, "weight"):
        return readout.weight, getattr(readout, "bias", None)
    if isinstance(readout, (tuple, list)) and len(readout) == 2 and np.ndim(readout[0]) == 2:
        return readout[0], readout[1]
    return readout, None


def _is_module(value: Any) -> bool:
    return callable(getattr(value, "state_dict", None)) and callable(getattr(value, "named_modules", None))


def _facts(module: Any) -> dict[str, Any]:
    """What a module's attributes say: words, numbers, functions and modules, of which only names are looked at."""
    said = {key: value for key, value in vars(module).items() if isinstance(value, _PLAIN) or callable(value)}
    said.update(module.named_children())
    said = {key: value for key, value in said.items() if not key.startswith("_")}
    # Compiled modules keep their attributes elsewhere.
    if isinstance(word := getattr(module, "nonlinearity", None), str):
        said["nonlinearity"] = word
    if not str(getattr(type(module).forward, "__module__", "")).startswith("torch."):
        said[OWN_STEP] = True
    return said


def _with_values_of_parametrised(source: Any, state: dict[str, Any]) -> dict[str, Any]:
    """The state with the weights that parametrisations of your own compute in the place of what it is from."""
    known = computed_from(state)
    for path, module in source.named_modules():
        for name in getattr(module, "parametrizations", None) or {}:
            full = f"{path}.{name}" if path else name
            # To ask a module for a spectral-normed weight would change the module.
            if full in known:
                continue
            head = f"{path}.parametrizations.{name}." if path else f"parametrizations.{name}."
            state = {key: value for key, value in state.items() if not key.startswith(head)}
            state[full] = getattr(module, name)
    return state


def _contents(label: str, source: Mapping[Any, Any], facts: dict[str, dict[str, Any]]) -> Contents:
    entries: dict[str, Entry] = {}
    settings: dict[str, Any] = {}
    others: list[str] = []
    _flatten(source, "", entries, settings, others, 0)
    return Contents(label, entries, None, {}, settings, tuple(others), facts=facts)


def _flatten(
    source: Mapping[Any, Any],
    prefix: str,
    entries: dict[str, Entry],
    settings: dict[str, Any],
    others: list[str],
    depth: int,
) -> None:
    for key, value in source.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and depth < _MAX_DEPTH:
            _flatten(value, f"{name}.", entries, settings, others, depth + 1)
        elif isinstance(value, str):
            settings[name] = value
        elif value is not None and (entry := _entry(value)) is not None:
            entries[name] = entry
        else:
            others.append(f"{name}: {with_article(type(value).__name__)}")


def _entry(value: Any) -> Entry | None:
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is not None and dtype is not None:
        # Moved and converted only if it is needed: a network may have gigabytes beside the weights wanted.
        return Entry(tuple(int(n) for n in shape), str(dtype).removeprefix("torch."), lambda: detached(value))
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        return None
    return Entry.of(array) if array.dtype.kind in "biufc" else None
