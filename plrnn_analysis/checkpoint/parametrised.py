"""Weights that are stored as what they are computed from: pruned, weight-normed and spectral-normed ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from .contents import Contents, Entry
from .naming import plain_name

__all__ = ["REMOVE", "computed_from", "with_computed_weights"]

#: What to do about a parametrisation that is not known.
REMOVE = "Remove parametrisations before saving: torch.nn.utils.parametrize.remove_parametrizations(module, name)."


def _pruned(original: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return original * mask


def _weight_normed(v: np.ndarray, g: np.ndarray) -> np.ndarray:
    """``g v / ‖v‖``, the norm over all axes along which g has one entry (Salimans & Kingma 2016)."""
    axes = tuple(axis for axis in range(v.ndim) if g.ndim != v.ndim or g.shape[axis] == 1)
    return g * v / np.sqrt(np.sum(v * v, axis=axes, keepdims=g.ndim == v.ndim))


def _spectral_normed(original: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """``W / (uᵀ W v)`` with the stored singular vectors, as torch does in evaluation (Miyato et al. 2018)."""
    return original / (u @ original.reshape(original.shape[0], -1) @ v)


@dataclass(frozen=True)
class _Kind:
    """One way to store a weight: the names that stand for it, with a star for its own, the first of its shape."""

    name: str
    stored: tuple[str, ...]
    compute: Callable[..., np.ndarray]


# Those that need more arrays come first: they may contain the names of others.
_KINDS = (
    _Kind("spectral-normed", ("*_orig", "*_u", "*_v"), _spectral_normed),
    _Kind(
        "spectral-normed",
        ("parametrizations.*.original", "parametrizations.*.0._u", "parametrizations.*.0._v"),
        _spectral_normed,
    ),
    _Kind("pruned", ("*_orig", "*_mask"), _pruned),
    _Kind("weight-normed", ("*_v", "*_g"), _weight_normed),
    _Kind("weight-normed", ("parametrizations.*.original1", "parametrizations.*.original0"), _weight_normed),
)


def computed_from(names: Iterable[str]) -> dict[str, tuple[_Kind, tuple[str, ...]]]:
    """The weights that can be computed, with how and from which of the `names`.

    A weight is left out if more belongs to its parametrisation than is known here.
    """
    known = set(names)
    found: dict[str, tuple[_Kind, tuple[str, ...]]] = {}
    for kind in _KINDS:
        pattern = re.compile(r"((?:.*\.)?)" + re.escape(kind.stored[0]).replace(r"\*", r"([^.]+)"))
        for name in sorted(known):
            match = pattern.fullmatch(name)
            if match is None or match[1] + match[2] in found:
                continue
            head, own = match.groups()
            stored = tuple(head + part.replace("*", own) for part in kind.stored)
            chain = {other for other in known if other.startswith(f"{head}parametrizations.{own}.")}
            if set(stored) <= known and chain <= set(stored) and head + own not in known:
                found[head + own] = (kind, stored)
    return found


def with_computed_weights(contents: Contents) -> Contents:
    """The contents with such weights computed, in double precision, in the place of what they are stored as.

    Raises
    ------
    CheckpointError
        If the stored arrays do not fit together.
    """
    by_plain = {plain_name(name): name for name in contents.entries}
    computed = computed_from(by_plain)
    if not computed:
        return contents
    entries = dict(contents.entries)
    notes = []
    for weight, (kind, stored) in computed.items():
        own = tuple(by_plain[name] for name in stored)
        for name in own:
            entries.pop(name, None)
        entries[weight] = Entry(contents.entries[own[0]].shape, "computed", _reader(contents, kind, own))
        notes.append(f"{weight} is {kind.name} and was computed from {', '.join(own)}")
    return replace(contents, entries=entries, notes=(*contents.notes, *notes))


def _reader(contents: Contents, kind: _Kind, own: tuple[str, ...]) -> Callable[[], np.ndarray]:
    def read() -> np.ndarray:
        arrays = [contents.array(name) for name in own]
        # What does not fit, or a norm of zero, ends as an error of whoever reads.
        with np.errstate(all="ignore"):
            value = kind.compute(*arrays)
        if value.shape != arrays[0].shape:
            raise ValueError(f"{', '.join(own)} do not fit together")
        return value

    return read
