"""What a file or module says of its network's activation, by whatever name it calls it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..activations import Activation, as_activation, names_activation
from ..errors import ModelError
from .contents import Contents
from .naming import is_other_part
from .statements import Way, of_modules, said_of

__all__ = ["activation"]

# Keys that speak of nothing else: their value must be understood.
_SPEAKS = re.compile(
    r"(.*_)?(.*non_?linearity|.*activations?|non_?lin(ear)?|activ|act|phi|φ|ϕ|transfer_?(?=f))"
    r"(_?(f|fn|fcn|func|functions?|names?|type|kind|hidden|rnn|recurrent|class))?"
)
# Keys that may speak of it: they do where their value is the name of one.
_MAY_SPEAK = re.compile(r"f|g|σ|sigma|(.+_)?(h?fn|fcn|func|function|mode|cell|type|nl|transfer)")
# Of a key that speaks, these parts of a mapping name what is meant.
_NAMES = ("name", "type", "kind", "fn", "func", "function", "class_name", "target", "identifier", "value")
# Words of a key that is about another part of a model, or about how it was made.
_ELSEWHERE = frozenset(
    "input inputs in final last init initial initializer initialization gain gate gates attention attn ffn norm "
    "checkpointing regularizer regularization schedule".split()
)
# Names of activations that are words of many other meanings, or those of outputs.
_COMMON = frozenset("linear none identity step sign abs absolute square sin cos exp power threshold softmax".split())
_LONGEST = 100
_NOT_ABOUT_IT = "If that is not about this network, leave it out of the file, or give from_torch the state dict alone."


@dataclass(frozen=True)
class _Said:
    """A statement: in which words, and what value names the activation."""

    words: str
    value: Any


def activation(contents: Contents, prefix: str) -> Activation | None:
    """The activation of the network at `prefix`, if anything says it.

    Raises
    ------
    CheckpointError
        If it is not piecewise linear, or two are named.

    Notes
    -----
    A key such as ``nonlinearity``, ``activation_fn`` or ``phi`` must have a value that is understood. A key such as
    ``f`` or ``mode`` counts where its value is the name of an activation, and where nothing else speaks any key does,
    unless it is about another part of the model.
    """
    modules = list(of_modules(contents, prefix))
    depth = len(prefix.split(".")) if prefix else 0
    here = [(way[-1:], value) for way, value in modules if len(way) == depth + 1]
    # The module itself speaks first, those around it only if it is silent.
    own = _statements([(way[-1:], value) for way, value in modules], _speaks) or _statements(here, _is_name)
    if own:
        return _agreed(contents, own[:1])
    settings = list(said_of(contents, prefix))[len(modules) :]
    return _agreed(contents, _statements(settings, _speaks, _may_speak) or _statements(settings, _is_name))


def _agreed(contents: Contents, statements: Iterable[_Said]) -> Activation | None:
    found: Activation | None = None
    source = ""
    for said in statements:
        try:
            meant = as_activation(said.value)
        except ModelError as error:
            raise contents.error(f"it says {said.words}: {error}", _NOT_ABOUT_IT) from error
        if found is not None and meant != found:
            raise contents.error(f"it says both {source} and {said.words}", "Save the one network alone.")
        found, source = meant, said.words
    return found


def _statements(sayings: Iterable[tuple[Way, Any]], *tests: Callable[[Way, str], bool]) -> list[_Said]:
    """Those that pass one of the tests, which take the keys and the name that is said."""
    found = []
    for way, value in sayings:
        keys = tuple(_key(part) for part in way)
        name, meaning = _named(value)
        if name and not _is_elsewhere(keys) and any(test(keys, name) for test in tests):
            words = f"{'.'.join(way)} = {value if isinstance(value, str) else name!r}"
            found.append(_Said(words, meaning))
    return found


def _speaks(keys: Way, name: str) -> bool:
    if _SPEAKS.fullmatch(keys[-1]):
        return True
    within = any(_SPEAKS.fullmatch(key) for key in keys[:-1])
    return within and (keys[-1] in _NAMES or names_activation(name))


def _may_speak(keys: Way, name: str) -> bool:
    return _MAY_SPEAK.fullmatch(keys[-1]) is not None and _is_name(keys, name)


def _is_name(keys: Way, name: str) -> bool:
    return names_activation(name) and name.lower() not in _COMMON


def _key(text: str) -> str:
    """A key in lower case, its words joined by underscores: hiddenActivation, Hidden-Activation."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", unicodedata.normalize("NFKC", text))
    return re.sub(r"[\W_]+", "_", text).strip("_").lower()


def _is_elsewhere(keys: Way) -> bool:
    """Whether it is about another part of the model."""
    words = {part for key in keys for part in (key, *key.split("_"))} - {"value"}
    return any(word in _ELSEWHERE or is_other_part(word) for word in words)


def _named(value: Any) -> tuple[str, Any]:
    """The name of what may be an activation, "" of anything else, and what :func:`as_activation` takes.

    Libraries write torch.nn.Tanh, Softplus(beta=1), <function relu at 0x7f>, RNN_TANH.
    """
    if callable(value):
        name = str(getattr(value, "__name__", type(value).__name__))
        # A module, not an activation.
        return ("", None) if name == "Linear" else (name, value)
    if not isinstance(value, str) or len(value) > _LONGEST:
        return "", None
    wrapped = re.match(r"<(?:built-in )?(?:function|class|method|ufunc) '?([\w.]+)", value.strip())
    head, _, parameters = (wrapped[1] if wrapped else value).strip().partition("(")
    name = re.sub(r"^RNN_", "", head.strip().rpartition(".")[2], flags=re.IGNORECASE)
    # With parameters it is another one, which its name alone does not say.
    bare = parameters.strip(" )") in ("", "inplace=True", "inplace=False")
    return name, name if bare else value
