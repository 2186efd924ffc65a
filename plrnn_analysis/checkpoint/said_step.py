"""What a file says of the step of its network beside the activation: clipped bases, and limits on states."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from typing import Any

from .contents import Contents
from .statements import said_of

__all__ = ["refuse_limits", "says_clipped", "says_learnt_start"]

_CLIPPED = frozenset({"use_clipping", "clipped", "is_clipped"})
# Limits on states. Those on gradients, such as clip_norm, are of training.
_LIMITS = re.compile(
    r"(state_?)?(clip|clamp)(ping)?_?(range|states?|bounds?|limits?)|(state|latent)_(clip|clamp|bounds?)"
)


def says_clipped(contents: Contents, prefix: str) -> bool:
    """Whether the settings say that the network at `prefix` is of the clipped kind."""
    return _is_on(contents, prefix, _CLIPPED)


def says_learnt_start(contents: Contents, prefix: str) -> bool:
    """Whether they say that the first state is learnt from the first observation, by an array B."""
    return _is_on(contents, prefix, frozenset({"learn_z0"}))


def _is_on(contents: Contents, prefix: str, names: frozenset[str]) -> bool:
    value = next((value for way, value in said_of(contents, prefix) if way[-1].lower() in names), None)
    return isinstance(value, (bool, int, float)) and value == 1


def refuse_limits(contents: Contents, prefix: str, ignore: Sequence[str]) -> None:
    """Refuse settings by which states are held within limits, unless the caller says that none is reached.

    Raises
    ------
    CheckpointError
        The step would be another beyond the limits.
    """
    for way, value in said_of(contents, prefix):
        name = way[-1]
        if not _LIMITS.fullmatch(name.lower()) or not _limits(value):
            continue
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in ignore):
            continue
        raise contents.error(
            f"it says {'.'.join(way)} = {value!r}: states are held within limits, which this model would not do",
            f"Where no state reaches them, say so: ignore=[{name!r}].",
        )


def _limits(value: Any) -> bool:
    if isinstance(value, bool) or value is None:
        return value is True
    if isinstance(value, (int, float)):
        return value > 0
    return isinstance(value, (list, tuple)) and bool(value)
