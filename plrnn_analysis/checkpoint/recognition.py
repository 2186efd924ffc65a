"""Recognise a model in a foreign file by the names and shapes of its arrays."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..architectures import ARCHITECTURES
from ..model import PLRNN
from .contents import Contents
from .torch_rnn import is_torch_rnn, read_torch_rnn

__all__ = ["Wishes", "recognise"]

# Architectures whose names are those of another: taken only when asked for.
_NAMED_ALIKE = {"clipped_shallow": "shallow", "leaky_rnn_current": "leaky_rnn", "leaky_rnn_outer": "leaky_rnn"}
_UNIT_NAMES = ("pwl_units", "relu_units")


@dataclass(frozen=True)
class Wishes:
    """The arguments of :func:`plrnn_analysis.load`."""

    pwl_units: int | None = None
    relu_units: tuple[int, ...] | None = None
    architecture: str | None = None
    prefix: str | None = None
    readout: str | None = None


@dataclass(frozen=True)
class _Candidate:
    prefix: str
    architecture: str
    leaves: frozenset[str]

    def name(self, leaf: str) -> str:
        return f"{self.prefix}.{leaf}" if self.prefix else leaf


def recognise(contents: Contents, wishes: Wishes) -> PLRNN:
    """Find the one model in the file and build it.

    Raises
    ------
    CheckpointError
        If there is none or more than one, or it is of a kind that is not piecewise linear.
    ModelError
        If its shapes do not fit together.
    """
    if wishes.architecture is not None and wishes.architecture not in ARCHITECTURES:
        raise contents.error(
            f"unknown architecture {wishes.architecture!r}", f"Known: {', '.join(sorted(ARCHITECTURES))}."
        )
    # Names decide, shapes confirm: two models of the same shapes can mean different maps.
    found = _choose(contents, wishes)
    architecture = _architecture(contents, wishes, found)
    notes = list(contents.notes)
    if is_torch_rnn(found.leaves):
        weights = read_torch_rnn(contents, found.name, found.leaves)
        said = contents.facts.get(found.prefix, {}).get("nonlinearity")
        if said is None:
            notes.append("a state dict does not say whether a torch.nn.RNN uses tanh or relu: relu was assumed")
        elif said != "relu":
            raise contents.error(
                f"its nonlinearity is {said!r}, which is not piecewise linear",
                "Analysed exactly are networks of ReLUs: train one with nonlinearity='relu'.",
            )
        used = {found.name(leaf) for leaf in found.leaves if leaf.startswith(("weight_", "bias_"))}
    else:
        kind = ARCHITECTURES[architecture]
        names = [leaf for leaf in kind.required + kind.optional if leaf in found.leaves]
        weights = {leaf: contents.array(found.name(leaf)) for leaf in names}
        used = {found.name(leaf) for leaf in (*names, *_UNIT_NAMES)}
        told = wishes.architecture or _said_architecture(contents)
        if architecture in _NAMED_ALIKE.values() and told is None:
            others = " and ".join(a for a, b in _NAMED_ALIKE.items() if b == architecture)
            notes.append(
                f"the names of the tensors do not tell {architecture} from {others}: {architecture} was assumed"
            )
    _refuse_stack(contents, weights)
    B, b, readout_names = _readout(contents, found, wishes)
    used |= readout_names
    relu_units = None
    if ARCHITECTURES[architecture].has_relu_units:
        relu_units = _relu_units(contents, found, wishes, weights["W"])
    # Whatever is left over might have belonged to the model: say so rather than drop it silently.
    unused = [name for name in contents.entries if name not in used]
    if unused:
        notes.append(
            f"not used: {', '.join(unused[:12])}" + (f" and {len(unused) - 12} more" if len(unused) > 12 else "")
        )
    fitting = _linear_layers(contents, weights, found) if B is None else []
    if fitting:
        notes.append(f"no readout was read; a linear layer that fits: readout={fitting[0]!r}")
    told_apart = _UNIT_NAMES if _said_architecture(contents) is None else (*_UNIT_NAMES, "architecture")
    metadata = {key: value for key, value in contents.about.items() if key not in told_apart}
    if notes:
        metadata["notes"] = [*_as_list(metadata.get("notes")), *notes]
    model = PLRNN(architecture, weights, relu_units, B, b, metadata)
    if wishes.pwl_units is not None and wishes.pwl_units != model.pwl_units:
        raise contents.error(f"pwl_units={wishes.pwl_units!r} was asked for, the weights have {model.pwl_units} ReLUs")
    if wishes.relu_units is not None and model.relu_units is None:
        raise contents.error(f"relu_units= is for AL-RNNs, this is a {architecture} model")
    return model


def _candidates(contents: Contents) -> list[_Candidate]:
    groups: dict[str, set[str]] = defaultdict(set)
    for name in contents.entries:
        head, _, leaf = name.rpartition(".")
        groups[head].add(leaf)
    found = []
    for prefix, leaves in groups.items():
        fitting = [
            name
            for name, kind in ARCHITECTURES.items()
            if name not in _NAMED_ALIKE and leaves.issuperset(kind.required)
        ]
        if is_torch_rnn(leaves):
            fitting.append("relu_rnn")
        # The dendritic names contain those of the AL-RNN.
        for name in fitting:
            mine = set(ARCHITECTURES[name].required)
            if not any(mine < set(ARCHITECTURES[other].required) for other in fitting):
                found.append(_Candidate(prefix, name, frozenset(leaves)))
    return found


def _choose(contents: Contents, wishes: Wishes) -> _Candidate:
    found = _candidates(contents)
    if not found:
        raise contents.error("no model was recognised in it", _nearest(contents))
    if wishes.prefix is not None:
        asked = wishes.prefix.rstrip(".")
        matching = [c for c in found if c.prefix == asked] or [
            c for c in found if asked and c.prefix.endswith(f".{asked}")
        ]
        if not matching:
            raise contents.error(f"there is no model at prefix={wishes.prefix!r}", f"Models are at {_prefixes(found)}.")
        found = matching
    if len(found) > 1:
        raise contents.error(f"it holds several models, at the prefixes {_prefixes(found)}", "Choose one with prefix=.")
    return found[0]


def _prefixes(found: list[_Candidate]) -> str:
    return ", ".join(f"{c.prefix!r} ({c.architecture})" for c in found)


def _nearest(contents: Contents) -> str:
    """What is missing to the architecture that shares most names with the file."""
    leaves = {name.rpartition(".")[2] for name in contents.entries}
    known = ", ".join(f"{name} ({', '.join(kind.required)})" for name, kind in sorted(ARCHITECTURES.items()))
    best, share = "", 0.5
    for name, kind in ARCHITECTURES.items():
        have = [leaf for leaf in kind.required if leaf in leaves]
        if have and len(have) / len(kind.required) >= share:
            share = len(have) / len(kind.required)
            lacking = [leaf for leaf in kind.required if leaf not in leaves]
            together = "" if lacking else ", but not side by side"
            best = f"Nearest is {name}: missing {', '.join(lacking) or 'nothing'}{together}. "
    return f"{best}Known: {known}, and torch.nn.RNN (weight_ih_l0, weight_hh_l0)."


def _architecture(contents: Contents, wishes: Wishes, found: _Candidate) -> str:
    allowed = {found.architecture, *(name for name, alike in _NAMED_ALIKE.items() if alike == found.architecture)}
    said = _said_architecture(contents)
    for source, name in (("the file says", said), ("asked for is", wishes.architecture)):
        if name is not None and name not in allowed:
            raise contents.error(f"{source} architecture {name!r}, the tensors are those of {found.architecture}")
    if said is not None and wishes.architecture not in (None, said):
        raise contents.error(f"architecture={wishes.architecture!r} was asked for, the file says {said!r}")
    return wishes.architecture or said or found.architecture


def _said_architecture(contents: Contents) -> str | None:
    """What the file's metadata say, if it is a word of ours; others use that key for words of their own."""
    said = contents.about.get("architecture")
    return said if isinstance(said, str) and said in ARCHITECTURES else None


def _refuse_stack(contents: Contents, weights: dict[str, np.ndarray]) -> None:
    W = weights.get("W")
    if W is not None and W.ndim == 3:
        raise contents.error(
            f"the weights are a stack of {W.shape[0]} models (W has shape {W.shape})",
            "Export one of them, e.g. plrnn_training.ALRNN.member(i).",
        )


def _relu_units(contents: Contents, found: _Candidate, wishes: Wishes, W: np.ndarray) -> tuple[int, ...]:
    """Which units have a ReLU, from everything that says so; all must agree."""
    m = W.shape[0] if W.ndim else 0
    said: dict[str, tuple[int, ...]] = {}
    for name in _UNIT_NAMES:
        full = found.name(name)
        if full in contents.entries:
            said[f"the file ({full})"] = _units(contents, name, contents.array(full), m)
        about = contents.about.get(name)
        if about is not None:
            said[f"the file's metadata ({name})"] = _units(contents, name, _parsed(about), m)
        wish = getattr(wishes, name)
        if wish is not None:
            said[f"the argument {name}="] = _units(contents, name, wish, m)
    # A guess at P would give a different network without a warning.
    if not said:
        raise contents.error(
            f"an AL-RNN with {m} units, but the file does not say which units have a ReLU",
            f"Give pwl_units=P with P in 0..{m} (the last P units), or relu_units=[...].",
        )
    if len(set(said.values())) > 1:
        text = "; ".join(f"{source} says units {_short(units)}" for source, units in said.items())
        raise contents.error(f"contradiction about the ReLU units: {text}")
    return next(iter(said.values()))


def _units(contents: Contents, name: str, value: Any, m: int) -> tuple[int, ...]:
    values = list(value.ravel()) if isinstance(value, np.ndarray) else _as_list(value)
    whole = all(
        not isinstance(v, bool) and isinstance(v, (int, float, np.number)) and float(v).is_integer() for v in values
    )
    indices = [int(v) for v in values] if whole else []
    if name == "relu_units":
        if whole and all(0 <= i < m for i in indices) and len(set(indices)) == len(indices):
            return tuple(sorted(indices))
        raise contents.error(
            f"relu_units must be distinct whole numbers in 0..{m - 1} (the model has {m} units), got {value!r}"
        )
    if len(indices) == 1 and 0 <= indices[0] <= m:
        return tuple(range(m - indices[0], m))
    raise contents.error(f"pwl_units must be a whole number in 0..{m} (the model has {m} units), got {value!r}")


def _parsed(value: Any) -> Any:
    # Metadata of .safetensors files are strings.
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


def _short(units: tuple[int, ...]) -> str:
    return str(list(units)) if len(units) <= 8 else f"[{units[0]}, ..., {units[-1]}] ({len(units)} of them)"


def _readout(
    contents: Contents, found: _Candidate, wishes: Wishes
) -> tuple[np.ndarray | None, np.ndarray | None, set[str]]:
    own = not is_torch_rnn(found.leaves) and "B" in found.leaves
    if wishes.readout is None:
        if not own:
            return None, None, set()
        names = {leaf: found.name(leaf) for leaf in ("B", "b") if leaf in found.leaves}
        return contents.array(names["B"]), contents.array(names["b"]) if "b" in names else None, set(names.values())
    if own:
        raise contents.error(f"readout={wishes.readout!r} was asked for, but the model has its own readout B")
    layer = wishes.readout.rstrip(".")
    parent = found.prefix.rpartition(".")[0]
    for head in (layer, f"{parent}.{layer}"):
        weight, bias = f"{head}.weight", f"{head}.bias"
        if weight in contents.entries:
            has_bias = bias in contents.entries
            return (
                contents.array(weight),
                contents.array(bias) if has_bias else None,
                {weight, bias} if has_bias else {weight},
            )
    layers = [name.removesuffix(".weight") for name in contents.entries if name.endswith(".weight")]
    raise contents.error(
        f"there is no linear layer {wishes.readout!r} for the readout", f"Layers: {', '.join(layers) or 'none'}."
    )


def _linear_layers(contents: Contents, weights: dict[str, np.ndarray], found: _Candidate) -> list[str]:
    square = weights.get("W_hh", weights.get("W"))
    if square is None:
        return []
    return [
        name.removesuffix(".weight")
        for name, entry in contents.entries.items()
        if name.endswith(".weight") and len(entry.shape) == 2 and entry.shape[1] == square.shape[0]
    ]


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else ([] if value is None else [value])
