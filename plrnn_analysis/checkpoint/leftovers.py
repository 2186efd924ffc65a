"""What a file holds beside the network that is read: a model is never built while something that changes it is left."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from .contents import Contents, shape_text
from .layouts import HARMLESS
from .matching import Match, bind, sizes_of
from .naming import is_other_part
from .parametrised import REMOVE

__all__ = ["Leftovers", "refuse", "sort_leftovers"]

_READOUT = re.compile(r"[Ww]_?out|(readout|out(put)?)(_(weights?|w))?|B")
_READOUT_BIAS = re.compile(r"b_?out|(readout|out(put)?)_(bias|b)|b")
_LEAK = re.compile(r"(log_?)?(alpha|α|tau|τ|leak|decay|dt)s?")
_SHOWN = 12


@dataclass(frozen=True)
class Leftovers:
    """Arrays that were not used, by their names in the file."""

    harmful: tuple[str, ...]
    others: tuple[str, ...]


def sort_leftovers(
    contents: Contents,
    names: Mapping[str, str],
    match: Match,
    used: Collection[str],
    elsewhere: Collection[str],
    ignore: Collection[str],
) -> Leftovers:
    """Tell what may change the network from what does not.

    Parameters
    ----------
    contents : Contents
    names : mapping of str to str
        The file's names by the plain ones.
    match : Match
        The network that is read.
    used : collection of str
        Plain names of what it is made of.
    elsewhere : collection of str
        Plain names of what other networks in the file are made of.
    ignore : collection of str
        Patterns of names that the caller says change nothing.
    """
    beside = _Beside(contents, names, match)
    harmful: list[str] = []
    others: list[str] = []
    for plain, name in names.items():
        if plain in used:
            continue
        asked = any(fnmatch.fnmatchcase(word, pattern) for pattern in ignore for word in (name, plain))
        safe = asked or plain in elsewhere or not beside.may_change(plain)
        (others if safe else harmful).append(name)
    return Leftovers(tuple(harmful), tuple(others))


class _Beside:
    """Judges the arrays beside a network, by their names and shapes."""

    def __init__(self, contents: Contents, names: Mapping[str, str], match: Match) -> None:
        self.contents = contents
        self.names = names
        self.match = match
        self.sizes = sizes_of(contents, names, match)
        # A readout adds nothing to the step; every other array does, and so does whatever maps states to states.
        own = [contents.entries[names[n]].shape for role, n in match.names.items() if role not in ("B", "b")]
        own += [(self.sizes["M"],) * axes for axes in (1, 2) if "M" in self.sizes]
        self.shapes = {_bare(shape) for shape in own} | {_bare(shape[::-1]) for shape in own}

    def may_change(self, plain: str) -> bool:
        """Whether an array may belong to the network's step."""
        prefix = self.match.prefix
        head, _, leaf = plain.rpartition(".")
        inside = plain.removeprefix(f"{prefix}.") if prefix else plain
        if prefix and inside == plain:
            # Not in the module; of the modules around it only their own arrays can be meant for it.
            around = prefix == head or prefix.startswith(f"{head}.") or not head
            return around and not (self._is_known(plain, leaf) or self._is_readout(plain, leaf))
        if self._is_known(plain, inside):
            return False
        return "." not in inside or not is_other_part(inside.partition(".")[0])

    def _is_known(self, plain: str, inside: str) -> bool:
        """Whether the name says, and the shape confirms, that it changes nothing."""
        entry = self.contents.entries[self.names[plain]]
        for known in self.match.layout.harmless:
            if not re.fullmatch(known.names, inside):
                continue
            fits = any(bind(shape, entry.shape, self.sizes) is not None for shape in known.shapes.split("|"))
            if fits and (not known.counts or self._counts(plain)):
                return True
        # Whatever it is called, an array that fits into the step may belong to it.
        return re.fullmatch(HARMLESS, inside) is not None and _bare(entry.shape) not in self.shapes

    def _is_readout(self, plain: str, leaf: str) -> bool:
        vector = len(_bare(self.contents.entries[self.names[plain]].shape)) < 2
        return (_READOUT_BIAS if vector else _READOUT).fullmatch(leaf) is not None

    def _counts(self, plain: str) -> bool:
        value = self.contents.array(self.names[plain])
        return bool(np.all(value == np.floor(value)))


def _bare(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without axes of length one, as a vector may be a row or a column; of one number the shape itself."""
    return tuple(n for n in shape if n != 1) or shape


def refuse(contents: Contents, match: Match, harmful: Collection[str]) -> None:
    """Raise if something is left that may change the network.

    Raises
    ------
    CheckpointError
        Names it and says how to go on.
    """
    if not harmful:
        return
    shown = list(harmful)[:_SHOWN]
    text = ", ".join(f"{name} {shape_text(contents.entries[name].shape)}" for name in shown)
    more = f" and {len(harmful) - _SHOWN} more" if len(harmful) > _SHOWN else ""
    where = f" at {match.prefix!r}" if match.prefix else ""
    remedies = [
        "Apply it to the weights before saving, or build the network with the constructor that has it; "
        f"if it changes nothing, say so: ignore=[{', '.join(map(repr, shown[:3]))}{', ...' if len(shown) > 3 else ''}]."
    ]
    if any("parametrizations" in name for name in harmful):
        remedies.insert(0, REMOVE)
    if "relu_rnn" in match.layout.architectures and any(_LEAK.fullmatch(n.rpartition(".")[2]) for n in harmful):
        remedies.insert(0, 'For a leaky cell give architecture="leaky_rnn", alpha=dt/tau, form="rate" or "current".')
    raise contents.error(
        f"beside the weights of {match.layout.name}{where} is {text}{more}, which may change the network, "
        "so none was built",
        " ".join(remedies),
    )
