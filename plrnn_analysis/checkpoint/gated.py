"""Recurrent networks that are not read, told by their names and shapes so that a message can name them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .contents import Contents
from .matching import Match

__all__ = ["refuse_gated_names", "refuse_other_recurrent"]

_GATES = {3: "a GRU", 4: "an LSTM"}
_ADVICE = "Read are one-layer torch.nn.RNN and RNNCell with nonlinearity='relu', in one direction."
_BY_NAME = (
    # Flax names every gate, the others the cell.
    ("an LSTM", re.compile(r"(.*\.)?(hf\.kernel|(optimized_?)?lstm(_?cell)?(_\d+)?\..*)", re.IGNORECASE)),
    ("a GRU", re.compile(r"(.*\.)?(hz\.kernel|gru(_?cell)?(_\d+)?\..*)", re.IGNORECASE)),
)


def refuse_other_recurrent(contents: Contents, names: Mapping[str, str], match: Match) -> None:
    """Refuse gates, layers and directions that the layout has no place for.

    Raises
    ------
    CheckpointError
        For LSTM, GRU, several layers, both directions, projections.
    """
    inside = {
        name.removeprefix(f"{match.prefix}."): name
        for name in names
        if not match.prefix or name.startswith(f"{match.prefix}.")
    }
    layers = {int(m[1]) for name in inside if (m := re.fullmatch(r"weight_hh_l(\d+)(?:_reverse)?", name))}
    said = contents.facts.get(match.prefix, {})
    gates = _gates(contents, names, match)
    problem = ""
    if any(name.startswith("weight_hr_") for name in inside):
        problem = "an LSTM with projections"
    elif gates > 1:
        hidden = contents.entries[names[match.names["W_hh"]]].shape
        problem = f"{_GATES.get(gates, f'a network with {gates} gates')} ({names[match.names['W_hh']]} is {hidden})"
    elif any(name.endswith("_reverse") for name in inside) or said.get("bidirectional") is True:
        problem = "a bidirectional RNN"
    elif len(layers) > 1:
        problem = f"an RNN of {len(layers)} layers"
    if problem:
        where = f" at {match.prefix!r}" if match.prefix else ""
        raise contents.error(f"it holds {problem}{where}", _ADVICE)


def _gates(contents: Contents, names: Mapping[str, str], match: Match) -> int:
    """Into how many gates the recurrent matrix is divided, by its shape."""
    if "W_hh" not in match.names:
        return 1
    shape = contents.entries[names[match.names["W_hh"]]].shape
    if len(shape) != 2 or min(shape) == 0:
        return 1
    turned = next(tensor.turned for tensor in match.layout.tensors if tensor.role == "W_hh")
    rows, columns = reversed(shape) if turned else shape
    return rows // columns if rows % columns == 0 else 1


def refuse_gated_names(contents: Contents, names: Iterable[str]) -> None:
    """Refuse LSTM and GRU cells that no layout is near to.

    Raises
    ------
    CheckpointError
        If a name says so.
    """
    for name in names:
        for kind, pattern in _BY_NAME:
            if pattern.fullmatch(name):
                raise contents.error(f"it holds {kind} ({name}), which is not piecewise linear", _ADVICE)
