"""Find the rows of the table that fit the arrays of a file: by names, and where these are equal by shapes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..display.abbreviation import count_words
from .contents import Contents, shape_text
from .layouts import LAYOUTS, Layout, Tensor

__all__ = ["Match", "arrays_of", "bind", "find_matches", "nearest", "sizes_of"]


@dataclass(frozen=True)
class Match:
    """A layout found in a file.

    Attributes
    ----------
    layout : Layout
    prefix : str
        Name of the module in which it is.
    names : dict of str to str
        Plain names of the arrays by role.
    """

    layout: Layout
    prefix: str
    names: dict[str, str]

    @property
    def label(self) -> str:
        """What it is, in messages."""
        return self.layout.architectures[0] or self.layout.name


def find_matches(contents: Contents, names: Mapping[str, str]) -> list[Match]:
    """Every network in the file, each by the row that accounts for most of its arrays.

    Parameters
    ----------
    contents : Contents
    names : mapping of str to str
        The file's names by the plain ones.
    """
    found = [match for layout in LAYOUTS for match in _matches(layout, names)]
    kept: list[Match] = []
    # Sorting keeps the order of the table among equals.
    for match in sorted(found, key=lambda match: (_misfit(contents, names, match) != "", -len(match.names))):
        used = set(match.names.values())
        rivals = [other for other in found if other is not match and used < set(other.names.values())]
        taken = any(used & set(other.names.values()) for other in kept)
        if not taken and not rivals:
            kept.append(match)
    return sorted(kept, key=lambda match: list(names).index(match.names[match.layout.tensors[0].role]))


def _matches(layout: Layout, names: Mapping[str, str]) -> list[Match]:
    anchor, *others = layout.tensors
    prefixes = {
        name[: len(name) - len(alias)].removesuffix("."): None
        for alias, name in itertools.product(anchor.names, names)
        if name == alias or name.endswith(f".{alias}")
    }
    matches = []
    for prefix in prefixes:
        roles = {tensor.role: _present(tensor, prefix, names) for tensor in (anchor, *others)}
        there = all(roles[tensor.role] for tensor in layout.required)
        if there and re.search(layout.within, prefix):
            matches.append(Match(layout, prefix, {role: name for role, name in roles.items() if name}))
    return matches


def _present(tensor: Tensor, prefix: str, names: Mapping[str, str]) -> str:
    full = (f"{prefix}.{alias}" if prefix else alias for alias in tensor.names)
    return next((name for name in full if name in names), "")


def _misfit(contents: Contents, names: Mapping[str, str], match: Match) -> str:
    """What does not fit about the shapes, in words; "" if all do."""
    sizes: dict[str, int] = {}
    for tensor in match.layout.tensors:
        if tensor.role not in match.names:
            continue
        name = names[match.names[tensor.role]]
        shape = contents.entries[name].shape
        bound = next((b for s in tensor.shapes if (b := bind(s, shape, sizes)) is not None), None)
        if bound is None:
            wanted = " or ".join(_in_numbers(symbols, sizes) for symbols in tensor.shapes)
            symbols = " or ".join(
                f"({', '.join(s.split())}{',' if len(s.split()) == 1 else ''})" for s in tensor.shapes
            )
            return f"{name} must have shape {wanted} = {symbols}, got {shape_text(shape)}"
        sizes.update(bound)
    return ""


def bind(symbols: str, shape: tuple[int, ...], sizes: Mapping[str, int]) -> dict[str, int] | None:
    """Sizes of the symbols if the shape fits, else None; a row or column may stand for a vector, as in MATLAB.

    Parameters
    ----------
    symbols : str
        One per dimension, such as ``"M K"``; ``1`` is one.
    shape : tuple of int
    sizes : mapping of str to int
        Of symbols that are known already.
    """
    wanted = symbols.split()
    if len(shape) > len(wanted):
        # Axes of length one, until as many are left as are wanted.
        spare = [axis for axis, n in enumerate(shape) if n == 1][: len(shape) - len(wanted)]
        shape = tuple(n for axis, n in enumerate(shape) if axis not in spare)
    if len(shape) != len(wanted):
        return None
    bound: dict[str, int] = {}
    for symbol, n in zip(wanted, shape, strict=True):
        if sizes.get(symbol, bound.get(symbol, 1 if symbol == "1" else n)) != n:
            return None
        bound[symbol] = n
    return bound


def sizes_of(contents: Contents, names: Mapping[str, str], match: Match) -> dict[str, int]:
    """Sizes of the symbols of a layout, from the arrays that are there."""
    sizes: dict[str, int] = {}
    for tensor in match.layout.tensors:
        if tensor.role in match.names:
            shape = contents.entries[names[match.names[tensor.role]]].shape
            sizes.update(next((b for s in tensor.shapes if (b := bind(s, shape, sizes)) is not None), {}))
    return sizes


def _in_numbers(symbols: str, sizes: Mapping[str, int]) -> str:
    parts = [str(sizes.get(symbol, "any")) for symbol in symbols.split()]
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def arrays_of(contents: Contents, names: Mapping[str, str], match: Match) -> dict[str, np.ndarray]:
    """The arrays by role, in the shapes of the table and turned as the architecture has them.

    Raises
    ------
    CheckpointError
        If a shape does not fit, or an array cannot be read.
    """
    first = match.layout.tensors[0]
    own = names[match.names[first.role]]
    stacked = contents.entries[own].shape
    if len(stacked) == 3 and stacked[1] == stacked[2]:
        raise contents.error(
            f"the weights are a stack of {count_words(stacked[0], 'model')} ({own} has shape {stacked})",
            "Export one of them, e.g. plrnn_training.ALRNN.member(i).",
        )
    problem = _misfit(contents, names, match)
    if problem:
        raise contents.error(f"{problem} (read as {match.layout.name})")
    sizes: dict[str, int] = {}
    arrays: dict[str, np.ndarray] = {}
    for tensor in match.layout.tensors:
        if tensor.role not in match.names:
            continue
        array = contents.array(names[match.names[tensor.role]])
        for symbols in tensor.shapes:
            bound = bind(symbols, array.shape, sizes)
            if bound is not None:
                sizes.update(bound)
                array = array.reshape([bound[symbol] for symbol in symbols.split()])
                break
        arrays[tensor.role] = array.T.copy() if tensor.turned else array
    return arrays


def nearest(names: Mapping[str, str]) -> str:
    """What is missing to the layout that shares most names with the file, for messages."""
    best, share = "", 0.49
    for layout in LAYOUTS:
        if layout.within:
            continue
        prefixes = {
            name[: len(name) - len(alias)].removesuffix(".")
            for tensor in layout.required
            for alias, name in itertools.product(tensor.names, names)
            if name == alias or name.endswith(f".{alias}")
        }
        for prefix in sorted(prefixes):
            lacking = [t.names[0] for t in layout.required if not _present(t, prefix, names)]
            have = 1.0 - len(lacking) / len(layout.required)
            # A bias alone is near to everything.
            if lacking and have > share and (have > 0.5 or layout.tensors[0].names[0] not in lacking):
                label = layout.name if layout.architectures[0] in (None, "relu_rnn") else layout.architectures[0]
                best, share = f"Nearest is {label}: missing {', '.join(lacking)}. ", have
    return best
