"""The restated searches find what is easy to find, and are credited with what they hit."""

from __future__ import annotations

import numpy as np
import torch
from other_finders import fixed_point_finder, hits, scyfi_points

import plrnn_analysis as pa

# Two units that suppress each other: two stable nodes and the saddle between them.
CIRCUIT = pa.PLRNN.al_rnn([0.5, 0.5], [[0, -1], [-1, 0]], [1, 1], pwl_units=2)
POINTS = np.array([point.z for point in CIRCUIT.fixed_points()])


def test_all_three_points_of_the_smallest_choice():
    A, W, V, c, h = (torch.tensor(getattr(CIRCUIT.map, name), dtype=torch.float32) for name in "AWVch")
    states = CIRCUIT.simulate(10, n=50, seed=0).states.reshape(-1, 2)
    by_gradient = fixed_point_finder(
        lambda z: z @ A.T + torch.relu(z @ V.T + c) @ W.T + h, states, n_starts=64, iterations=400
    )
    for points in (by_gradient, scyfi_points(CIRCUIT.map, 10, 20)):
        hit, none = hits(POINTS, points)
        assert hit.all() and none == 0 and len(points) == 3


def test_only_hits_count():
    found = np.array([[-2.0, 2.0005], [2.0, -2.1]])
    hit, none = hits(np.array([[-2.0, 2.0], [2.0, -2.0], [2 / 3, 2 / 3]]), found)
    assert hit.tolist() == [True, False, False] and none == 1
    hit, none = hits(POINTS, np.zeros((0, 2)))
    assert not hit.any() and none == 0
