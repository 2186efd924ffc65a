"""Results are values: nobody can write to their arrays, and their words are strings."""

from __future__ import annotations

import ast
import copy
import dataclasses
import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plrnn_analysis import statuses
from plrnn_analysis._frozen import Frozen
from plrnn_analysis.results import ResultSequence
from plrnn_analysis.statuses import Stability, StoppedBy

ENUMS = [getattr(statuses, name) for name in statuses.__all__]


@dataclass(frozen=True, eq=False)
class Point(Frozen):
    z: np.ndarray
    corners: tuple[np.ndarray, ...]
    shares: dict[str, np.ndarray]
    name: str = ""


@dataclass(frozen=True, eq=False)
class Points(ResultSequence[Point]):
    columns = ("name", "z")

    _items: tuple[Point, ...]
    weights: np.ndarray


def made() -> Points:
    points = [Point(np.ones(2), (np.zeros(1), np.ones(1)), {"a": np.ones(3)}, name) for name in "ab"]
    return Points(tuple(points), np.ones(2))


def arrays(found: Points) -> list[np.ndarray]:
    inside = [a for p in found for a in (p.z, *p.corners, *p.shares.values())]
    return [found.weights, *inside]


@pytest.mark.parametrize(
    "way",
    [lambda x: x, lambda x: pickle.loads(pickle.dumps(x)), copy.copy, copy.deepcopy, dataclasses.replace],
    ids=["made", "pickled", "copied", "deeply copied", "replaced"],
)
def test_arrays_are_read_only(way: Any) -> None:
    found = way(made())
    assert len(arrays(found)) == 9
    for array in arrays(found):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 2.0


def test_a_collection_makes_its_table_of_its_columns() -> None:
    table = made().table()
    assert list(table) == ["name", "z"] and table["name"] == ["a", "b"]
    assert Points.columns == ("name", "z") and [f.name for f in dataclasses.fields(Points)] == ["_items", "weights"]


@pytest.mark.parametrize("kind", ENUMS)
def test_words_are_strings(kind: Any) -> None:
    for word in kind:
        assert word == word.value and hash(word) == hash(word.value) and isinstance(word, str)
        assert repr(word) == repr(word.value) and str(word) == f"{word}" == word.value
        assert json.loads(json.dumps([word])) == [word.value]
        assert pickle.loads(pickle.dumps(word)) is word and kind(word.value) is word


def test_words_compare_as_before() -> None:
    assert StoppedBy.TIME_LIMIT == "time_limit" and not StoppedBy.NOTHING
    assert Stability.STABLE_NODE.startswith("stable") and {"saddle": 1}[Stability.SADDLE] == 1
    assert all(bool(word.reason) == bool(word) for word in StoppedBy)


def test_every_reason_for_stopping_is_one_of_the_words() -> None:
    """What a budget is told, and what a coverage says, wherever it stands in the sources."""
    given = set()
    for path in (Path(__file__).parents[2] / "plrnn_analysis").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "stop":
                given |= {a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
            if isinstance(node, ast.keyword) and node.arg == "stopped_by" and isinstance(node.value, ast.Constant):
                given.add(node.value.value)
    assert given <= set(StoppedBy)
