"""Arguments of the wrong kind, shape or size: every public callable answers with an error of this package."""

from __future__ import annotations

import inspect
import pathlib
import random
from collections.abc import Callable, Iterator

import matplotlib.pyplot as plt
import pytest
from calls import Call, calls
from test_public_api import documented
from wrong_values import NEVER_NUMBERS, VALUES, wrong_answer

import plrnn_analysis as pa

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


def test_numbers_are_numbers(table: list[Call]) -> None:
    """Where an argument is annotated as a number, what is none is refused, and the message names the argument."""
    for call in table:
        for name, parameter in inspect.signature(call.function).parameters.items():
            if parameter.annotation not in ("int", "float") or name not in call.arguments:
                continue
            for word in NEVER_NUMBERS:
                with pytest.raises(pa.PLRNNError, match=name):
                    call(**{name: VALUES[word]})
