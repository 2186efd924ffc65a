"""Recognise a model in a foreign file, or in memory, by the names and shapes of its arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..architectures import ARCHITECTURES
from ..model import PLRNN
from .building import Built, Parts
from .contents import Contents
from .gated import refuse_gated_names, refuse_other_recurrent
from .leftovers import refuse, sort_leftovers
from .matching import Match, arrays_of, find_matches, nearest
from .naming import by_plain_name
from .parametrised import REMOVE, with_computed_weights
from .readouts import Linear, linear_layers, named_layer
from .relu_units import UNIT_NAMES, find_relu_units
from .said_step import refuse_limits
from .wishes import Wishes

__all__ = ["recognise"]

_SHOWN = 12


@dataclass(frozen=True)
class _Readout:
    """The readout that is taken, and what is to be said about it."""

    B: np.ndarray | None = None
    b: np.ndarray | None = None
    names: frozenset[str] = frozenset()
    note: str = ""


def recognise(contents: Contents, wishes: Wishes) -> PLRNN:
    """Find the one model in the contents and build it.

    Raises
    ------
    CheckpointError
        If there is none or more than one, if it is of a kind that is not piecewise linear, or if something that may
        change it would be left over.
    ModelError
        If its shapes do not fit together.
    """
    if wishes.architecture is not None and wishes.architecture not in ARCHITECTURES:
        raise contents.error(
            f"unknown architecture {wishes.architecture!r}", f"Known: {', '.join(sorted(ARCHITECTURES))}."
        )
    contents = with_computed_weights(contents)
    names = by_plain_name(contents)
    # Names decide, shapes confirm: two models of the same shapes can mean different maps.
    found = find_matches(contents, names)
    match = _choose(contents, names, found, wishes)
    refuse_other_recurrent(contents, names, match)
    refuse_limits(contents, match.prefix, wishes.ignore)
    architecture = _architecture(contents, wishes, match)
    elsewhere = {name for other in found if other is not match for name in other.names.values()}
    readout = _readout(contents, names, match, wishes, elsewhere)
    units = _unit_entries(names, match, architecture)
    used = {*match.names.values(), *units, *readout.names}
    left = sort_leftovers(contents, names, match, used, elsewhere, wishes.ignore)
    refuse(contents, match, left.harmful)
    parts = Parts(
        contents,
        wishes,
        match.prefix,
        match.layout.name,
        architecture,
        wishes.architecture is not None,
        arrays_of(contents, names, match),
        {role: names[name] for role, name in match.names.items()},
    )
    built = match.layout.build(parts)
    _check_arguments(contents, wishes, match, built)
    notes = [*contents.notes, *parts.notes, *([readout.note] if readout.note else [])]
    notes += _not_used((*(parts.names[role] for role in parts.left), *left.others), contents.others)
    relu_units = None
    if ARCHITECTURES[built.architecture].has_relu_units:
        m = built.weights["W"].shape[0]
        entries = {name.rpartition(".")[2]: names[name] for name in units}
        otherwise = range(m) if built.all_units else None
        relu_units = find_relu_units(contents, wishes, match.prefix, entries, m, otherwise)
    B, b = (built.B, built.b) if readout.B is None else (readout.B, readout.b)
    model = PLRNN(built.architecture, built.weights, relu_units, B, b, _metadata(contents, notes))
    if wishes.pwl_units is not None and wishes.pwl_units != model.pwl_units:
        raise contents.error(f"pwl_units={wishes.pwl_units!r} was asked for, the weights have {model.pwl_units} ReLUs")
    return model


def _choose(contents: Contents, names: Mapping[str, str], found: list[Match], wishes: Wishes) -> Match:
    if not found:
        refuse_gated_names(contents, names)
        hint = REMOVE if any("parametrizations" in name for name in names) else ""
        raise contents.error(
            "no model was recognised in it",
            f"{nearest(names)}{hint and hint + ' '}The names that are known: docs/howto/checkpoints.md; "
            "the constructors of PLRNN take arrays by any name.",
        )
    if wishes.prefix is not None:
        asked = wishes.prefix.replace("/", ".").rstrip(".")
        matching = [m for m in found if m.prefix == asked] or [
            m for m in found if asked and m.prefix.endswith(f".{asked}")
        ]
        if not matching:
            raise contents.error(f"there is no model at prefix={wishes.prefix!r}", f"Models are at {_prefixes(found)}.")
        found = matching
    if len(found) > 1:
        raise contents.error(f"it holds several models, at the prefixes {_prefixes(found)}", "Choose one with prefix=.")
    return found[0]


def _prefixes(found: list[Match]) -> str:
    return ", ".join(f"{match.prefix!r} ({match.label})" for match in found)


def _architecture(contents: Contents, wishes: Wishes, match: Match) -> str | None:
    said = _said_architecture(contents)
    allowed = match.layout.architectures
    for source, name in (("the file says", said), ("asked for is", wishes.architecture)):
        if name is not None and name not in allowed:
            raise contents.error(f"{source} architecture {name!r}, the tensors are those of {match.label}")
    if said is not None and wishes.architecture not in (None, said):
        raise contents.error(f"architecture={wishes.architecture!r} was asked for, the file says {said!r}")
    return wishes.architecture or said or allowed[0]


def _said_architecture(contents: Contents) -> str | None:
    """What the file says, if it is a word of ours; others use that key for words of their own."""
    said = contents.about.get("architecture", contents.settings.get("architecture"))
    return said if isinstance(said, str) and said in ARCHITECTURES else None


def _unit_entries(names: Mapping[str, str], match: Match, architecture: str | None) -> list[str]:
    if architecture is None or not ARCHITECTURES[architecture].has_relu_units:
        return []
    full = (f"{match.prefix}.{name}" if match.prefix else name for name in UNIT_NAMES)
    return [name for name in full if name in names]


def _readout(
    contents: Contents, names: Mapping[str, str], match: Match, wishes: Wishes, elsewhere: set[str]
) -> _Readout:
    own = "B" in match.names
    if own and wishes.readout:
        raise contents.error(f"readout={wishes.readout!r} was asked for, but the model has its own readout B")
    if own or wishes.readout == "":
        return _Readout()
    layers = linear_layers(contents, names, {*match.names.values(), *elsewhere})
    if wishes.readout is not None:
        return _taken(contents, names, named_layer(contents, layers, wishes.readout, match.prefix))
    m = _n_units(contents, names, match)
    before = [layer for layer in layers if _is_input_side(layer)]
    fitting = [layer for layer in layers if layer.shape[1] == m and layer not in before]
    # A second layer may follow the one that fits.
    if len(layers) == len(before) + 1 and fitting and "W_hh" in match.names:
        layer = fitting[0]
        return _taken(
            contents, names, layer, f"the readout is the linear layer {layer.head!r} (readout={layer.head!r})"
        )
    note = f"no readout was read; a linear layer that fits: readout={fitting[0].head!r}" if fitting else ""
    return _Readout(note=note)


def _taken(contents: Contents, names: Mapping[str, str], layer: Linear, note: str = "") -> _Readout:
    B, b = layer.read(contents, names)
    return _Readout(B, b, frozenset(layer.names), note)


def _is_input_side(layer: Linear) -> bool:
    return any(part.lower().startswith(("enc", "emb", "in")) for part in layer.head.split("."))


def _n_units(contents: Contents, names: Mapping[str, str], match: Match) -> int:
    shape = contents.entries[names[match.names[match.layout.tensors[0].role]]].shape
    return shape[-1] if shape else 0


def _check_arguments(contents: Contents, wishes: Wishes, match: Match, built: Built) -> None:
    """Refuse arguments that have no meaning for what was built: they were given for something else."""
    leaky = built.architecture.startswith("leaky")
    for name, value, meant in (
        ("alpha", wishes.alpha, leaky),
        ("form", wishes.form, leaky),
        ("thresholds", wishes.thresholds, built.architecture == "dendritic" and "thetas" in match.names),
        ("relu_units", wishes.relu_units, ARCHITECTURES[built.architecture].has_relu_units),
    ):
        if value is not None and not meant:
            kinds = {"relu_units": "AL-RNNs", "thresholds": "dendritic PLRNNs"}.get(name, "leaky networks")
            raise contents.error(f"{name}= is for {kinds}, this is a {built.architecture} model")


def _not_used(names: tuple[str, ...], others: tuple[str, ...]) -> list[str]:
    notes = []
    for verb, items in (("used", names), ("read", others)):
        more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
        if items:
            notes.append(f"not {verb}: {', '.join(items[:_SHOWN])}{more}")
    return notes


def _metadata(contents: Contents, notes: list[str]) -> dict[str, Any]:
    ours = UNIT_NAMES if _said_architecture(contents) is None else (*UNIT_NAMES, "architecture")
    metadata = {key: value for key, value in contents.about.items() if key not in ours}
    if notes:
        earlier = metadata.get("notes")
        metadata["notes"] = [*(earlier if isinstance(earlier, (list, tuple)) else []), *notes]
    return metadata
