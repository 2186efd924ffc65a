"""The one reading of an argument `box`."""

import numpy as np
import pytest

from plrnn_analysis import ModelError
from plrnn_analysis.polytopes.boxes import read_box


@pytest.mark.parametrize(
    "box", [2, 2.0, np.float32(2.0), np.array(2.0), ([-2, -2], [2, 2]), np.array([[-2.0] * 2, [2] * 2])]
)
def test_ways_to_give_one(box):
    read = read_box(box, 2)
    assert read.low.tolist() == [-2.0, -2.0] and read.high.tolist() == [2.0, 2.0]
    assert read.contains(np.array([[2.0, -2.0], [2.1, 0.0]])).tolist() == [True, False]
    assert read.centre.tolist() == [0.0, 0.0] and read.half_widths.tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    "box",
    [
        "3", True, np.True_, None, 0.0, -1.0, float("nan"), 1j, {}, {1.0: 2.0, 3.0: 4.0}, [1.0], [1.0, 2.0, 3.0],
        ([0.0], [1.0]), ([0.0, 0.0], [1.0, 0.0]), ([0.0, 1.0], [1.0, 0.0]), ([0.0, float("nan")], [1.0, 1.0]),
        (["0", "0"], [1.0, 1.0]), (0.0, 1.0), ([0.0, 0.0], [1.0]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("infinite", [False, True])
def test_what_is_none(box, infinite):
    with pytest.raises(ModelError, match=r"^domain"):
        read_box(box, 2, infinite=infinite, name="domain")


def test_infinite_sides_only_where_they_are_allowed():
    half = ([0.0, -np.inf], [np.inf, 1.0])
    for box in (np.inf, half):
        with pytest.raises(ModelError):
            read_box(box, 2)
    assert read_box(np.inf, 2, infinite=True).low.tolist() == [-np.inf, -np.inf]
    assert read_box(half, 2, infinite=True).high.tolist() == [np.inf, 1.0]
    with pytest.raises(ModelError, match="above"):
        read_box(([np.inf, 0.0], [np.inf, 1.0]), 2, infinite=True, flat=True)


def test_flat_boxes_only_where_they_are_allowed():
    flat = ([0.0, 1.0], [1.0, 1.0])
    with pytest.raises(ModelError, match="below"):
        read_box(flat, 2)
    assert read_box(flat, 2, flat=True).half_widths.tolist() == [0.5, 0.0]
