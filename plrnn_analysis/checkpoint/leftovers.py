"""What a file holds beside the network that is read: a model is never built while something that changes it is left."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .contents import Contents, shape_text
from .layouts import HARMLESS
from .matching import Match
from .naming import is_other_part
from .parametrised import REMOVE

__all__ = ["Leftovers", "refuse", "sort_leftovers"]

_READOUT = re.compile(r"[Ww]_?out|b_?out|(readout|out(put)?)(_(weights?|bias|w|b))?|B|b|pwl_units|relu_units|n_linear")
_LEAK = re.compile(r"(log_?)?(alpha|α|tau|τ|leak|decay|dt)s?")
_SHOWN = 12


@dataclass(frozen=True)
class Leftovers:
    """Arrays that were not used, by their names in the file."""

    harmful: tuple[str, ...]
    others: tuple[str, ...]


def sort_leftovers(
    names: Mapping[str, str], match: Match, used: Collection[str], elsewhere: Collection[str], ignore: Collection[str]
) -> Leftovers:
    """Tell what may change the network from what does not.

    Parameters
    ----------
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
    harmful: list[str] = []
    others: list[str] = []
    for plain, name in names.items():
        if plain in used:
            continue
        asked = any(fnmatch.fnmatchcase(word, pattern) for pattern in ignore for word in (name, plain))
        safe = asked or plain in elsewhere or not _may_change(plain, match)
        (others if safe else harmful).append(name)
    return Leftovers(tuple(harmful), tuple(others))


def _may_change(plain: str, match: Match) -> bool:
    """Whether an array may belong to the network's step."""
    head, _, leaf = plain.rpartition(".")
    inside = plain if not match.prefix else plain.removeprefix(f"{match.prefix}.")
    if match.prefix and inside == plain:
        # Not in the module; of the modules around it only their own arrays can be meant for it.
        around = match.prefix == head or match.prefix.startswith(f"{head}.") or not head
        return around and not (_is_harmless(leaf) or _READOUT.fullmatch(leaf))
    if any(re.fullmatch(pattern, inside) for pattern in match.layout.beside):
        return False
    if "." not in inside:
        return not (_is_harmless(inside) or inside in ("pwl_units", "relu_units", "n_linear"))
    return not is_other_part(inside.partition(".")[0])


def _is_harmless(leaf: str) -> bool:
    return any(re.fullmatch(pattern, leaf) for pattern in HARMLESS)


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
