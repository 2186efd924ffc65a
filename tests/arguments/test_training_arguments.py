"""Arguments of the wrong kind, shape or size, given to the training package: errors of this package alone."""

from __future__ import annotations

import importlib
import inspect
import pathlib
import random
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib.pyplot as plt
import pytest
from calls import Call
from test_public_api import documented
from wrong_values import NEVER_NUMBERS, VALUES, wrong_answer

import plrnn_analysis as pa
from plrnn_analysis._frozen import Frozen

torch = pytest.importorskip("torch")
pytest.importorskip("librosa")

# What only a tensor can be.
TENSORS: dict[str, Any] = {
    "a tensor": torch.ones(2, 3),
    "a tensor of doubles": torch.ones(2, 4, 2, dtype=torch.float64),
    "a tensor of integers": torch.ones(2, 4, dtype=torch.int64),
    "a tensor of NaN": torch.full((2, 4, 2), float("nan")),
    "an empty tensor": torch.zeros(0, 4, 2),
    "a number as a tensor": torch.tensor(2.0),
    "a tensor without data": torch.ones(2, 4, 2, device="meta"),
}
ALL = VALUES | TENSORS

# What nobody makes or calls with arguments of his own choice.
EXEMPT = {
    "reproduce": "trains for minutes",
    "Stack": "a protocol",
    "SeveralCores": "a protocol",
    "NetworkStack": "a protocol",
    "Encoder": "a base class",
    "Task": "a base class",
    "Verdict": "an enumeration",
}
# Made by functions that return them.
RESULTS = {"Level", "Claim", "Floor", "FreeRuns", "SweepProgress", "SweepRow", "Curve", "TrainedBranch", "Original"}
RESULTS |= {"Judgement", "DirectTraining", "Baseline", "FitFloor", "FittedModel", "Agreement"}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    from training_calls import training_calls

    return list(training_calls(tmp_path_factory.mktemp("arguments")))


def public() -> Iterator[str]:
    """Documented functions, constructors, and methods where they are defined, if they take arguments."""
    for module, name in documented():
        thing = getattr(importlib.import_module(module), name)
        if not module.startswith("plrnn_training") or name in EXEMPT or name in RESULTS:
            continue
        if inspect.isfunction(thing):
            yield name
        elif inspect.isclass(thing):
            if not issubclass(thing, Frozen) or thing.__name__ in MADE_BY_USERS:
                yield name
            yield from (f"{name}.{method}" for method in methods_with_arguments(thing))


# Results are made by functions; these may be made by users too.
MADE_BY_USERS = ("Series", "Split", "GeneratedSeries", "Trials")


def methods_with_arguments(owner: type) -> Iterator[str]:
    for name, method in vars(owner).items():
        function = getattr(method, "__func__", method)
        if name.startswith("_") or not inspect.isfunction(function):
            continue
        taken = [p for p in inspect.signature(function).parameters.values() if p.name not in ("self", "cls")]
        if taken and any(p.kind is not p.VAR_KEYWORD for p in taken):
            yield name


def test_every_public_callable_of_training_has_a_good_call(table: list[Call]) -> None:
    covered = {call.function.__qualname__ for call in table}
    assert set(public()) - covered == set()


def test_the_good_calls_of_training_are_good(table: list[Call]) -> None:
    for call in table:
        if call.name not in SLOW:
            call()
            plt.close("all")


# A call takes more than a moment.
SLOW = ("read_sounds", "fit", "sweep", "sparsify", "sparsify_in", "cognitive_floor")


def answers(table: list[Call], words: Callable[[], list[str]]) -> Iterator[str]:
    for call in table:
        for name in call.arguments:
            for word in words():
                if answer := wrong_answer(call, name, ALL[word]):
                    yield f"{call.function.__qualname__}({name}={word}): {answer}"


def test_a_wrong_argument_of_training_is_an_error_of_ours(table: list[Call]) -> None:
    choice = random.Random(0)
    quick = [call for call in table if call.name not in SLOW]
    found = list(answers(quick, lambda: choice.sample(sorted(ALL), 2)))
    assert not found, "\n".join(found)


@pytest.mark.slow
def test_no_wrong_argument_of_training_gets_through(table: list[Call], tried: Callable[[str, int], None]) -> None:
    quick = [call for call in table if call.name not in SLOW]
    others = [call for call in table if call.name in SLOW and call.name != "read_sounds"]
    choice = random.Random(0)
    found = list(answers(quick, lambda: list(ALL))) + list(answers(others, lambda: choice.sample(sorted(ALL), 5)))
    each = len(ALL) * sum(len(call.arguments) for call in quick)
    tried("arguments of training", each + 5 * sum(len(call.arguments) for call in others))
    assert not found, "\n".join(found)


def test_numbers_of_training_are_numbers(table: list[Call]) -> None:
    """Where an argument is annotated as a number, what is none is refused, and the message names the argument."""
    for call in table:
        for name, parameter in inspect.signature(call.function).parameters.items():
            if parameter.annotation not in ("int", "float") or name not in call.arguments:
                continue
            for word in NEVER_NUMBERS:
                with pytest.raises(pa.PLRNNError, match=name):
                    call(**{name: VALUES[word]})
