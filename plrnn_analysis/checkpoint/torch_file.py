"""Read `.pt` and `.pth` files without running anything in them. The only place that imports torch."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._wording import with_article
from ..errors import CheckpointError
from .contents import Contents, Entry, is_inflated
from .relu_units import UNIT_NAMES

__all__ = ["read_torch"]

_WRAPPERS = ("state_dict", "model_state_dict", "model")
# Until 2.5 a crafted file could run code in spite of weights_only=True (CVE-2025-32434).
_SAFE_SINCE = (2, 6)
_MAX_DEPTH = 8
_DEEPEST = 200
_MAX_VISITS = 1_000_000
_ADVICE = "Save the weights alone: torch.save(model.state_dict(), path)."


def read_torch(path: Path) -> Contents:
    """Read a state dict, alone or wrapped in a dict.

    Raises
    ------
    CheckpointError
        If torch is missing or too old, or the file is not a dict of tensors.
    """
    try:
        import torch
    except ImportError as error:
        raise CheckpointError(
            f"{path}: reading .pt and .pth files needs torch, which is not installed. Install it (pip install torch), "
            "or convert the file to .safetensors or .npz where torch is."
        ) from error
    version = tuple(int(part) for part in re.findall(r"\d+", torch.__version__)[:2])
    if version < _SAFE_SINCE:
        raise CheckpointError(
            f"{path}: torch {torch.__version__} can be made to run code hidden in a .pt file. "
            "Upgrade it (pip install 'torch>=2.6'), or convert the file to .safetensors or .npz."
        )
    try:
        if zipfile.is_zipfile(path):
            _check_sizes(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    # On a damaged file the unpickler raises whatever its opcodes lead to: KeyError, IndexError, ...
    except Exception as error:
        raise _refusal(path, error) from error
    if not _is_bounded(content):
        raise CheckpointError(
            f"{path}: what it holds refers to itself, or is more than {_MAX_VISITS} values. {_ADVICE}"
        )
    return _contents(path, content, torch.Tensor)


def _check_sizes(path: Path) -> None:
    """Refuse archives that are compressed beyond measure: torch reads them whole, and writes none."""
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(item.file_size for item in archive.infolist())
    if is_inflated(unpacked, stored := path.stat().st_size):
        raise ValueError(f"it would unpack to {unpacked} bytes, and the file has {stored}")


def _is_bounded(content: Any) -> bool:
    """Whether everything in it can be looked at: a list or dict may hold itself, or others many times over."""
    todo, visits = [(content, 0)], 0
    while todo:
        value, depth = todo.pop()
        inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
        visits += 1 + len(inner)
        if visits > _MAX_VISITS or depth > _DEEPEST:
            return False
        todo += [(item, depth + 1) for item in inner]
    return True


def _refusal(path: Path, error: Exception) -> CheckpointError:
    text = str(error)
    named = re.search(r"GLOBAL ([\w.]+)", text)
    if named:
        return CheckpointError(
            f"{path}: the file holds a Python object ({named[1]}), and only running code from the file could "
            f"rebuild it; that is refused. If it is a whole pickled model, or holds NumPy arrays, save tensors only. "
            f"{_ADVICE}"
        )
    if "would unpack" in text:
        return CheckpointError(f"{path}: {text}. {_ADVICE}")
    if "TorchScript" in text:
        return CheckpointError(f"{path}: a TorchScript archive, not a state dict. {_ADVICE}")
    return CheckpointError(
        f"{path}: not readable as a file written by torch.save ({type(error).__name__}): damaged, cut off, "
        f"or of another kind. {_ADVICE}"
    )


def _contents(path: Path, content: Any, tensor: type) -> Contents:
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path}: expected a dict of tensors, found {_kind(content, tensor)}. {_ADVICE}")
    notes: tuple[str, ...] = ()
    outer = content
    for name in _WRAPPERS:
        inner = content.get(name)
        if isinstance(inner, Mapping) and any(isinstance(v, tensor) for v in _leaves(inner)):
            content = inner
            # Trainers keep optimisers and settings beside the weights; the note says what was passed over.
            beside = [str(key) for key in outer if key not in (name, "metadata")]
            if beside:
                notes = (f"weights read from the entry {name!r}; also in the file: {', '.join(beside[:12])}",)
            break
    about = _plain(outer.get("metadata"), 0) or {}
    settings: dict[str, Any] = {}
    if outer is not content:
        settings = _plain({key: value for key, value in outer.items() if key not in (*_WRAPPERS, "metadata")}, 0)
        said = {key: settings.pop(key, None) for key in (*UNIT_NAMES, "architecture")}
        about.update((key, value) for key, value in said.items() if value is not None)
    entries: dict[str, Entry] = {}
    others: list[str] = []
    inner = {key: value for key, value in content.items() if outer is not content or key != "metadata"}
    _flatten(inner, "", tensor, entries, settings, others, 0)
    return Contents(path, entries, None, about, settings, tuple(others), notes)


def _plain(value: Any, depth: int) -> dict[str, Any]:
    """Of a mapping what is made of JSON types; {} of anything else."""
    if not isinstance(value, Mapping) or depth > _MAX_DEPTH:
        return {}
    kept: dict[str, Any] = {}
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            if part := _plain(inner, depth + 1):
                kept[str(key)] = part
        elif inner is not None and _is_plain(inner):
            kept[str(key)] = inner
    return kept


def _leaves(mapping: Mapping[Any, Any], depth: int = 0) -> list[Any]:
    found: list[Any] = []
    for value in mapping.values():
        if isinstance(value, Mapping):
            found += _leaves(value, depth + 1) if depth < _MAX_DEPTH else []
        else:
            found.append(value)
    return found


def _flatten(
    mapping: Mapping[Any, Any],
    prefix: str,
    tensor: type,
    entries: dict[str, Entry],
    settings: dict[str, Any],
    others: list[str],
    depth: int,
) -> None:
    for key, value in mapping.items():
        name = f"{prefix}{key}"
        # Made of tensors of several shapes, it has none itself.
        if isinstance(value, tensor) and value.is_nested:  # type: ignore[attr-defined]
            others.append(f"{name}: a nested tensor")
        elif isinstance(value, tensor):
            entries[name] = Entry(tuple(value.shape), str(value.dtype).removeprefix("torch."), _reader(value))  # type: ignore[attr-defined]
        elif isinstance(value, Mapping) and depth < _MAX_DEPTH:
            _flatten(value, f"{name}.", tensor, entries, settings, others, depth + 1)
        elif name.rpartition(".")[2] in UNIT_NAMES and _is_whole(value):
            entries[name] = Entry.of(np.asarray(value))
        elif value is not None and _is_plain(value):
            settings[name] = value
        else:
            others.append(f"{name}: {_kind(value, tensor)}")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, (list, tuple)) and all(isinstance(n, int) for n in value))


def _reader(value: Any) -> Callable[[], np.ndarray]:
    def read() -> np.ndarray:
        import torch

        stored = value.untyped_storage().nbytes() if value.layout is torch.strided else 0
        if value.layout is torch.strided and is_inflated(value.numel() * value.element_size(), stored):
            raise ValueError(f"it claims {value.numel()} numbers, and the file holds {stored} bytes")
        if value.layout is not torch.strided or value.is_quantized or value.is_meta:
            raise TypeError("only dense, unquantised tensors with data are read")
        plain = value.detach().resolve_conj().resolve_neg()
        # NumPy has no bfloat16 or float8; float64 holds all of their values.
        return np.asarray((plain.to(torch.float64) if plain.is_floating_point() else plain).numpy())

    return read


def _kind(value: Any, tensor: type) -> str:
    if isinstance(value, tensor) and not value.is_nested:  # type: ignore[attr-defined]
        return f"a single tensor of shape {tuple(value.shape)}"  # type: ignore[attr-defined]
    return with_article(type(value).__name__)


def _is_plain(value: Any) -> bool:
    """Whether a value is made of JSON types only."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, (str, int, float, bool))
