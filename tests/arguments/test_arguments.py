"""Arguments of the wrong kind, shape or size: every public callable answers with an error of this package."""

from __future__ import annotations

import inspect
import pathlib
import random
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from calls import Call, calls
from test_public_api import documented

import plrnn_analysis as pa


class Foreign:
    """Something that nothing here knows."""


def frozen(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values


WRONG: dict[str, Any] = {
    "nothing": None,
    "a truth value": True,
    "NumPy's truth value": np.bool_(True),
    "a text": "x",
    "an empty text": "",
    "bytes": b"x",
    "an object": Foreign(),
    "half": 1.5,
    "negative": -1,
    "zero": 0,
    "huge": 10**30,
    "hugely negative": -(10**30),
    "the largest count": 2**62,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "minus infinity": -float("inf"),
    "complex": 1j,
    "an empty list": [],
    "an empty mapping": {},
    "a set": {1},
    "lists of nothing": [[]],
    "a list of NaN": [float("nan")],
    "a mixed list": [1, "a"],
    "an empty array": np.array([]),
    "an array of no axes": np.array(float("nan")),
    "a cube": np.zeros((2, 2, 2)),
    "an array of texts": np.array(["a"]),
    "an array of objects": np.array([None]),
    "a date": np.datetime64("2020"),
    "a path": pathlib.Path("missing-directory") / "x",
    "a mapping": {"a": 1},
    "masked": np.ma.masked_array([1.0, 2.0], [False, True]),
}
# Unusual forms of what may be meant: taken, or refused like anything else.
FORMS: dict[str, Any] = {
    "single precision": np.float32(1),
    "a small integer": np.int8(1),
    "columns first": np.asfortranarray(np.eye(2)),
    "big-endian": np.eye(2, dtype=">f8"),
    "read-only": frozen(np.eye(2)),
    "a tuple": (1, 2),
}
VALUES = WRONG | FORMS

# Not for users to call with arguments of their own choice, or without arguments.
EXEMPT = {
    "reports": "a decorator of searches",
    "ComplexArray": "an annotation",
    "exact_addition_solver": "no arguments",
    "checker_path": "no arguments",
    "reduction_checker_path": "no arguments",
    "PLRNN.report": "hands on to write_report",
    "PLRNN.plot": "options of other functions",
    "CanonicalMap.plot": "options of other functions",
}
PROTOCOL = ("record_", "from_record_", "shown_fields")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of files that are made up are in a directory of their own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    return list(calls(tmp_path_factory.mktemp("arguments")))


def public() -> Iterator[str]:
    """Documented functions, and methods of a model and of its map."""
    import importlib

    for module, name in documented():
        if module.startswith("plrnn_analysis") and inspect.isfunction(getattr(importlib.import_module(module), name)):
            yield name
    for owner in (pa.PLRNN, pa.CanonicalMap):
        for name, _ in inspect.getmembers(owner, callable):
            if not name.startswith(("_", *PROTOCOL)):
                yield f"{owner.__name__}.{name}"


def test_every_public_callable_has_a_good_call(table: list[Call]) -> None:
    covered = {call.name for call in table} | set(EXEMPT)
    # One function behind both.
    covered |= {name.replace("PLRNN.", "CanonicalMap.") for name in covered if name.endswith("json")}
    missing = set(public()) - covered
    assert not missing


def test_the_good_calls_are_good(table: list[Call]) -> None:
    for call in table:
        call()
        plt.close("all")


def wrong_answer(call: Call, name: str, value: Any) -> str:
    """How a call with one argument replaced ends, where that is neither a result nor an error of ours."""
    try:
        with warnings.catch_warnings():
            # A function that is to be told of progress and fails is a warning by design.
            warnings.filterwarnings("ignore", message=".*progress", category=RuntimeWarning)
            call(**{name: value})
    except pa.PLRNNError as error:
        return "" if str(error) else "an error without a message"
    except OSError as error:
        return "" if name in ("path", "directory") else repr(error)
    except Exception as error:
        return repr(error)
    finally:
        plt.close("all")
    return ""


def test_a_wrong_argument_is_an_error_of_ours(table: list[Call]) -> None:
    choice = random.Random(0)
    found = [
        f"{call.name}({name}={word}): {answer}"
        for call in table
        for name in call.arguments
        for word in choice.sample(sorted(VALUES), 3)
        if (answer := wrong_answer(call, name, VALUES[word]))
    ]
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("word", VALUES)
def test_no_wrong_argument_at_all_gets_through(table: list[Call], word: str, tried: Callable[[str, int], None]) -> None:
    tried("arguments", sum(len(call.arguments) for call in table))
    found = [
        f"{call.name}({name}=...): {answer}"
        for call in table
        for name in call.arguments
        if (answer := wrong_answer(call, name, VALUES[word]))
    ]
    assert not found, "\n".join(found)


NEVER_NUMBERS = ("nothing", "a text", "bytes", "an object", "NaN", "complex", "an empty list", "a mapping", "a date")


def test_numbers_are_numbers(table: list[Call]) -> None:
    """Where an argument is annotated as a number, what is none is refused, and the message names the argument."""
    for call in table:
        for name, parameter in inspect.signature(call.function).parameters.items():
            if parameter.annotation not in ("int", "float") or name not in call.arguments:
                continue
            for word in NEVER_NUMBERS:
                with pytest.raises(pa.PLRNNError, match=name):
                    call(**{name: VALUES[word]})
