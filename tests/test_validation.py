"""The checks at the door: what passes, what does not, and that the message says which and why."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from plrnn_analysis._validation import as_array, as_index_tuple, number, one_of, whole
from plrnn_analysis.errors import GraphError, ModelError


@pytest.mark.parametrize("value", [0, 3, np.int64(3), np.uint8(3), 2**48])
def test_whole_numbers_pass(value: Any) -> None:
    made = whole("n", value, 0)
    assert type(made) is int and made == value


def test_more_than_anything_could_hold_is_refused() -> None:
    with pytest.raises(ModelError, match="n must be at most 281,474,976,710,656"):
        whole("n", 2**62, 0)


@pytest.mark.parametrize("value", [True, np.True_, 3.0, "3", None, np.array(3), [3], 3j, float("nan"), -1])
def test_what_is_no_whole_number_does_not(value: Any) -> None:
    with pytest.raises(ModelError, match=r"^n must be a whole number >= 0, got "):
        whole("n", value, 0)


@pytest.mark.parametrize(
    ("least", "most", "span"), [(None, None, ""), (1, None, " >= 1"), (None, 3, " <= 3"), (1, 3, r" in 1\.\.3")]
)
def test_the_message_says_the_range(least: int | None, most: int | None, span: str) -> None:
    with pytest.raises(ModelError, match=rf"^n must be a whole number{span} or None, got 'x'$"):
        whole("n", "x", least, most, remark="or None")
    assert whole("n", 1, least, most) == 1 and whole("n", 3 if least is None or most else 1, least, most)


def test_the_ends_of_a_range_of_whole_numbers_belong_to_it() -> None:
    assert [whole("n", k, 1, 3) for k in (1, 2, 3)] == [1, 2, 3]
    for k in (0, 4):
        with pytest.raises(GraphError, match=r"in 1\.\.3, got"):
            whole("n", k, 1, 3, error=GraphError)


@pytest.mark.parametrize("value", [0, 0.5, np.float32(0.5), np.int8(1), Fraction(1, 2)])
def test_numbers_pass(value: Any) -> None:
    made = number("x", value, least=0.0)
    assert type(made) is float and made == value


@pytest.mark.parametrize(
    "value", [True, np.False_, "1", None, np.array(1.0), 1j, float("nan"), np.inf, -np.inf, 10**400, -1e-300]
)
def test_what_is_no_number_does_not(value: Any) -> None:
    with pytest.raises(ModelError, match=r"^x must be a number >= 0, got "):
        number("x", value, least=0.0)


def test_infinity_passes_where_it_is_allowed() -> None:
    assert number("x", np.inf, above=0.0, infinite=True) == np.inf
    for value in (float("nan"), -np.inf):
        with pytest.raises(ModelError, match="> 0, got"):
            number("x", value, above=0.0, infinite=True)


@pytest.mark.parametrize(
    ("ends", "inside", "outside", "span"),
    [
        ({"least": 0, "most": 1}, (0, 0.5, 1), (-0.1, 1.1), "a number in [0, 1]"),
        ({"above": 0, "most": 1}, (0.5, 1), (0, 1.1), "a number in (0, 1]"),
        ({"least": 0, "below": 1}, (0, 0.5), (-0.1, 1), "a number in [0, 1)"),
        ({"above": 0, "below": 1}, (0.5,), (0, 1), "a number in (0, 1)"),
        ({"above": 1}, (1.5,), (1, 0.5), "a number > 1"),
        ({"below": 1}, (0.5,), (1, 1.5), "a number < 1"),
        ({"most": 1}, (1, 0.5), (1.5,), "a number <= 1"),
        ({}, (-5, 5), ("5",), "a number"),
    ],
)
def test_open_and_closed_ends(ends: dict[str, float], inside: Any, outside: Any, span: str) -> None:
    assert [number("x", x, **ends) for x in inside] == list(inside)
    for x in outside:
        with pytest.raises(ModelError) as caught:
            number("x", x, **ends)
        assert str(caught.value) == f"x must be {span}, got {x!r}"


def test_one_of_a_few_words() -> None:
    assert one_of("kind", "a", ("a", "b")) == "a"
    for value in ("c", None, 1, ["a"], np.array(["a"])):
        with pytest.raises(ModelError, match="kind must be one of 'a', 'b', got "):
            one_of("kind", value, ("a", "b"))


def test_a_large_value_does_not_fill_the_screen() -> None:
    for check in (whole, number):
        with pytest.raises(ModelError) as caught:
            check("n", "x" * 10**6)
        assert len(str(caught.value)) < 150


@pytest.mark.parametrize(
    "value",
    [
        np.ma.masked_array([1.0, 2.0], mask=[False, True]),
        ["a", "b"],
        [[1.0], [2.0, 3.0]],
        [1j, 2.0],
        [None, 1.0],
        [np.nan, 1.0],
        np.array(["2020", "2021"], dtype="datetime64[Y]"),
    ],
)
def test_what_is_no_array_of_numbers(value: Any) -> None:
    with pytest.raises(ModelError, match=r"^x (must be an array of real numbers|holds 1 value)"):
        as_array("x", value, (2,))


def test_a_tensor_that_requires_gradients_is_an_array_and_one_without_data_is_none() -> None:
    import torch

    parameter = torch.nn.Parameter(torch.tensor([0.1, 2.0], dtype=torch.bfloat16))
    assert as_array("x", parameter, (2,)).tolist() == [float(parameter.detach()[0]), 2.0]
    with pytest.raises(ModelError, match=r"x must be an array of real numbers, got Tensor \(.*meta"):
        as_array("x", torch.ones(2, device="meta"), (2,))


def test_a_masked_array_without_masked_entries_is_an_array() -> None:
    assert as_array("x", np.ma.masked_array([1.0, 2.0]), (2,)).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("value", [[[0], [1, 2]], 5, ["0"], [0.5], [True], [0, 0], [-1], [3]])
def test_what_are_no_indices(value: Any) -> None:
    with pytest.raises(ModelError, match=r"^units "):
        as_index_tuple("units", value, 3)
