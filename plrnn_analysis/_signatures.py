"""Arguments held to their annotations: what is of another kind is refused at the door of a public function, by name.

Annotations are read once, when a function is defined, as the text that they are, so that nothing is imported for them.
Kinds of this package and of others are known by the name of a class among those that a value derives from.
"""

from __future__ import annotations

import ast
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import chain
from numbers import Complex, Integral, Real
from typing import Any, ParamSpec, TypeVar, overload

import numpy as np

from ._validation import detached, shown
from ._wording import with_article
from .errors import ModelError, PLRNNError

__all__ = ["checked"]

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)

# Annotations that stand for others, or for anything: what they ask for is checked where it is used.
_ALIASES = {"AnyNetwork": "Network", "Figure": "FigureBase", "Stack": "Module", "Measure": "Callable"}
_ANYTHING = {
    "Any",
    "object",
    "ndarray",
    "ProgressOption",
    "T",
    "Predictor",
    "Parameters",
    "Console",
    "Executor",
}
# What takes these hands them to torch, whose complaints about shapes, types and sizes name no argument.
_OF_TORCH = ("Tensor", "Batch", "Generator")
_FOREIGN = {
    "Graph": "a networkx graph",
    "DiGraph": "a directed networkx graph",
    "Axes": "matplotlib axes",
    "FigureBase": "a matplotlib figure",
    "Module": "a torch module",
    "Tensor": "a torch tensor",
}


@dataclass(frozen=True)
class _Kind:
    """What an argument may be: a test, and the words for it in a message."""

    accepts: Callable[[Any], bool]
    words: str


@overload
def checked(function: C, /) -> C: ...
@overload
def checked(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def checked(*, error: type[PLRNNError]) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def checked(function: Any = None, /, *, error: type[PLRNNError] = ModelError) -> Any:
    """Let a function refuse arguments of another kind than its annotations say.

    Parameters
    ----------
    function : callable or type
        With annotations. ``Any``, arrays, and what is not known here are taken as they come. Of a class its constructor
        and the public methods that it defines.
    error : type, optional
        What is raised.

    Returns
    -------
    callable
        The same function, which raises the error for an argument of another kind and where memory does not suffice.

    Notes
    -----
    Whole numbers are not ``True``, numbers are not NaN, texts are no sequences. A few microseconds per call.

    Examples
    --------
    >>> @checked
    ... def double(number: float, name: str | None = None) -> float:
    ...     return 2 * number
    >>> double(1.5)
    3.0
    >>> double("x")
    Traceback (most recent call last):
    plrnn_analysis.errors.ModelError: number must be a number, got 'x'
    """
    if function is None:
        return lambda decorated: _holding(decorated, error)
    if isinstance(function, type):
        return _holding_methods(function, error)
    return _holding(function, error)


def _holding_methods(owner: C, error: type[PLRNNError]) -> C:
    for name, method in list(vars(owner).items()):
        if name.startswith("_") and name != "__init__":
            continue
        if isinstance(method, (classmethod, staticmethod)):
            setattr(owner, name, type(method)(_holding(method.__func__, error)))
        elif inspect.isfunction(method):
            setattr(owner, name, _holding(method, error))
    return owner


def _holding(function: Callable[P, R], error: type[PLRNNError]) -> Callable[P, R]:
    parameters = inspect.signature(function).parameters
    kinds = {name: kind for name, one in parameters.items() if (kind := _read(one.annotation)) is not None}
    given_to_torch = any(word in str(one.annotation) for one in parameters.values() for word in _OF_TORCH)
    in_order = [
        name for name, one in parameters.items() if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]

    @wraps(function)
    def held(*args: P.args, **given: P.kwargs) -> R:
        for name, value in chain(zip(in_order, args, strict=False), given.items()):
            kind = kinds.get(name)
            if kind is not None and not kind.accepts(value):
                raise error(f"{name} must be {kind.words}, got {shown(value)}")
        try:
            # As numbers of Python's: an int8 would overflow in what is computed with it.
            return function(*map(_plain_number, args), **{name: _plain_number(value) for name, value in given.items()})
        except MemoryError as lack:
            raise error(f"there is not enough memory for this: ask for less at once ({lack})") from lack
        except (RuntimeError, IndexError, TypeError, ValueError, OverflowError) as fault:
            if not given_to_torch or isinstance(fault, PLRNNError):
                raise
            all_given = {**dict(zip(in_order, args, strict=False)), **given}
            named = ", ".join(f"{name} = {shown(value)}" for name, value in all_given.items() if name != "self")
            reason = str(fault).partition("\n")[0]
            raise error(f"{function.__name__} cannot take {named} ({type(fault).__name__}: {reason})") from fault

    return held


def _read(annotation: Any) -> _Kind | None:
    """The kind that an annotation asks for; None for any."""
    if not isinstance(annotation, str):
        return None
    return _kind(ast.parse(annotation, mode="eval").body)


def _kind(node: ast.expr) -> _Kind | None:
    if isinstance(node, ast.BinOp):
        sides = [_kind(node.left), _kind(node.right)]
        known = [side for side in sides if side is not None]
        return _either(known) if len(known) == len(sides) else None
    if isinstance(node, ast.Constant):
        return _Kind(lambda value: value is None, "None") if node.value is None else None
    if isinstance(node, ast.Subscript):
        return _container(_name(node.value), node.slice)
    return _plain(_name(node))


def _either(kinds: Sequence[_Kind]) -> _Kind:
    return _Kind(lambda value: any(kind.accepts(value) for kind in kinds), " or ".join(kind.words for kind in kinds))


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else "Any"


def _plain(name: str) -> _Kind | None:
    if name in _ANYTHING:
        return None
    known = {
        "int": _Kind(_is_whole, "a whole number"),
        "float": _Kind(_is_number, "a number"),
        "complex": _Kind(lambda value: _is_kind(value, Complex), "a number"),
        "bool": _Kind(lambda value: isinstance(value, (bool, np.bool_)), "True or False"),
        "str": _Kind(lambda value: isinstance(value, str), "a text"),
        "Path": _Kind(lambda value: isinstance(value, os.PathLike), "a path"),
        "Callable": _Kind(callable, "a function"),
    }
    wanted = _ALIASES.get(name, name)
    return known.get(wanted) or _Kind(
        lambda value: _derives_from(value, wanted), _FOREIGN.get(wanted) or with_article(wanted)
    )


def _container(name: str, inside: ast.expr) -> _Kind | None:
    if name in ("Sequence", "Iterable", "list", "Collection"):
        return _several(_entry(inside), iterator=name == "Iterable", ordered=name not in ("Iterable", "Collection"))
    if name in ("Mapping", "dict"):
        of = _entry(inside.elts[1]) if isinstance(inside, ast.Tuple) else None
        return _Kind(
            lambda value: isinstance(value, Mapping) and (of is None or all(map(of.accepts, value.values()))),
            "a mapping" + ("" if of is None else f" from names to {_plural(of.words)}"),
        )
    if name == "tuple" and isinstance(inside, ast.Tuple):
        if isinstance(inside.elts[-1], ast.Constant) and inside.elts[-1].value is ...:
            return _several(_entry(inside.elts[0]))
        return _fixed([_kind(part) for part in inside.elts])
    if name == "Literal":
        allowed = [ast.literal_eval(part) for part in (inside.elts if isinstance(inside, ast.Tuple) else [inside])]
        return _Kind(lambda value: any(value is one for one in allowed), " or ".join(map(repr, allowed)))
    if name == "PathLike":
        return _plain("Path")
    return _plain(name)


def _entry(node: ast.expr) -> _Kind | None:
    """The kind of entries: among numbers NaN stands for what is missing."""
    if _name(node) == "float":
        return _Kind(lambda value: _is_kind(value, Real), "a number")
    return _kind(node)


def _several(of: _Kind | None, iterator: bool = False, ordered: bool = True) -> _Kind:
    def accepts(value: Any) -> bool:
        if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
            return False
        if getattr(value, "ndim", 1) == 0:
            return False
        if not hasattr(value, "__len__"):
            return iterator
        if isinstance(value, (Mapping, set, frozenset)) and ordered:
            return False
        if np.ma.is_masked(value):
            return False
        if hasattr(value, "__array__"):
            # Tensors and columns of data frames, whose entries are no numbers of Python's.
            try:
                value = np.asarray(detached(value))
            except (TypeError, RuntimeError):  # a tensor without data
                return False
        return of is None or all(map(of.accepts, value))

    return _Kind(accepts, "a sequence" + ("" if of is None else f" of {_plural(of.words)}"))


def _fixed(parts: Sequence[_Kind | None]) -> _Kind:
    def accepts(value: Any) -> bool:
        if (
            not isinstance(value, (tuple, list, np.ndarray))
            or getattr(value, "ndim", 1) == 0
            or len(value) != len(parts)
        ):
            return False
        return all(part is None or part.accepts(one) for part, one in zip(parts, value, strict=True))

    inside = ", ".join("anything" if part is None else part.words for part in parts)
    return _Kind(accepts, f"a tuple ({inside})")


def _plural(words: str) -> str:
    """``a whole number or None`` as ``whole numbers or None``: what has no article is a name."""
    return " or ".join(_several_of(one) if one.startswith(("a ", "an ")) else one for one in words.split(" or "))


def _several_of(words: str) -> str:
    noun = words.partition(" ")[2]
    first, of, rest = noun.partition(" of ")
    if of:
        return f"{first}s{of}{rest}"
    return noun if noun.endswith("s") else f"{noun}s"


def _plain_number(value: Any) -> Any:
    return value.item() if isinstance(value, (np.integer, np.floating, np.bool_)) else value


def _is_kind(value: Any, kind: type) -> bool:
    """Numbers; NumPy's count, truth values do not."""
    return isinstance(value, kind) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    # 1e6 nodes are as many as 1_000_000; where 3.0 will not do, `whole` says so.
    return _is_kind(value, Integral) or (isinstance(value, float) and value.is_integer())


def _is_number(value: Any) -> bool:
    return _is_kind(value, Real) and value == value


def _derives_from(value: Any, name: str) -> bool:
    return any(base.__name__ == name for base in type(value).__mro__)
