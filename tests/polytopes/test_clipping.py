"""Convex pieces cut by half-spaces, in floats and in rationals."""

import numpy as np
from flint import fmpq

from plrnn_analysis.polytopes.clipping import cut

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def exact(array):
    return np.array([[fmpq(int(x)) for x in row] for row in array], dtype=object)


def test_a_square_cut_by_a_line_remembers_its_edges():
    vertices, edges = cut(SQUARE, SQUARE.sum(axis=1) - 0.5, edges=np.array([5, 6, 7, 8]), name=9)
    assert vertices.tolist() == [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.5]]
    assert edges.tolist() == [5, 6, 7, 8, 9]


def test_what_only_touches_makes_no_vertex():
    for square in (SQUARE, exact(SQUARE)):
        corner, _ = cut(square, -square.sum(axis=1))
        side, names = cut(square, -square[:, 1], name=3)
        assert corner.tolist() == [[0, 0]] and side.tolist() == [[0, 0], [1, 0]] and names.tolist() == [-1, 3]
        assert cut(square, square[:, 0] - 2) is None
        assert cut(square, square[:, 0])[0] is square


def test_segments_and_points():
    ends = exact([[0], [3]])
    left, _ = cut(ends, fmpq(1) - ends[:, 0])
    right, _ = cut(ends, ends[:, 0] - 1)
    assert left.tolist() == [[0], [1]] and right.tolist() == [[1], [3]]
    assert cut(ends[:1], ends[:1, 0])[0].tolist() == [[0]] and cut(ends[:1], ends[:1, 0] - 1) is None
