"""Annotations that are held: what must pass, and what must not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import matplotlib.figure
import numpy as np
import pandas
import pytest
import torch
from every_result import choice

from plrnn_analysis import ModelError
from plrnn_analysis._signatures import checked

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from plrnn_analysis.network import Network
    from plrnn_analysis.results import FixedPoint, FixedPoints


@checked
def takes(
    number: float = 0.0,
    count: int | None = None,
    flag: bool = False,
    names: Sequence[str] = (),
    values: Sequence[float] = (),
    gaps: Sequence[int | None] = (),
    pair: tuple[int, int] = (0, 1),
    model: Network | None = None,
    points: Iterable[FixedPoint] = (),
    named: Mapping[str, FixedPoints] | FixedPoints | None = None,
    figure: Figure | None = None,
    off: FixedPoints | Literal[False] | None = None,
    anything: Any = None,
) -> None:
    """A function of many kinds."""


POINTS = choice().fixed_points()
FIGURE = matplotlib.figure.Figure()


@pytest.mark.parametrize(
    "given",
    [
        {"number": 1},
        {"number": np.float32(1.5)},
        {"number": np.inf},
        {"count": np.int8(3)},
        {"count": 1e6},
        {"flag": np.bool_(True)},
        {"names": {"a": 1}.keys()},
        {"names": np.array(["a", "b"])},
        {"values": [1, np.nan]},
        {"values": torch.ones(2, requires_grad=True)},
        {"values": pandas.Series([1.0, 2.0])},
        {"values": np.arange(3)},
        {"pair": [1, 2]},
        {"pair": np.array([1, 2])},
        {"model": choice()},
        {"points": POINTS},
        {"points": iter(POINTS)},
        {"points": list(POINTS)},
        {"named": {"rest": POINTS}},
        {"named": POINTS},
        {"figure": FIGURE},
        {"figure": FIGURE.subfigures(1, 2)[0]},
        {"off": False},
        {"off": POINTS},
        {"anything": object()},
    ],
)
def test_what_is_meant_passes(given: dict[str, Any]) -> None:
    takes(**given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"number": np.nan}, "number must be a number, got nan"),
        ({"number": True}, "number must be a number, got True"),
        ({"count": 1.5}, "count must be a whole number or None, got 1.5"),
        ({"flag": 1}, "flag must be True or False, got 1"),
        ({"names": "ab"}, "names must be a sequence of texts, got 'ab'"),
        ({"names": {"a", "b"}}, "names must be a sequence of texts"),
        ({"names": [1]}, r"names must be a sequence of texts, got \[1\]"),
        ({"values": np.array(["a"])}, "values must be a sequence of numbers"),
        ({"values": np.ma.masked_array([1.0, 2.0], [False, True])}, "values must be a sequence of numbers"),
        ({"gaps": [1, "a"]}, r"gaps must be a sequence of whole numbers or None, got \[1, 'a'\]"),
        ({"pair": (1, 2, 3)}, r"pair must be a tuple \(a whole number, a whole number\)"),
        ({"model": choice().map}, "model must be a Network or None"),
        ({"points": [1]}, "points must be a sequence of FixedPoints"),
        ({"named": {"rest": 1}}, "named must be a mapping from names to FixedPoints or a FixedPoints or None"),
        ({"figure": matplotlib}, "figure must be a matplotlib figure or None"),
        ({"off": True}, "off must be a FixedPoints or False or None, got True"),
    ],
)
def test_what_is_not_does_not(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        takes(**given)


def test_lack_of_memory_is_said() -> None:
    @checked
    def hungry(n: int) -> None:
        raise MemoryError("Unable to allocate 8 TiB")

    with pytest.raises(ModelError, match=r"not enough memory for this: .*8 TiB"):
        hungry(3)
