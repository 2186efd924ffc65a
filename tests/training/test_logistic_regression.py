"""Multinomial logistic regression against scikit-learn's, and where it has a closed form."""

from __future__ import annotations

import numpy as np
import pytest

from plrnn_analysis.errors import ModelError
from plrnn_training.floors import logistic_floor, logistic_regression


def classes(n, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=n)
    centres = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    return centres[labels] + rng.normal(size=(n, 2)), labels


def test_without_penalty_it_is_the_maximum_of_the_likelihood():
    from sklearn.linear_model import LogisticRegression

    x, labels = classes(500, 0)
    slopes, offset = logistic_regression(100.0 * x - 7.0, labels, 3)
    other = LogisticRegression(C=np.inf, max_iter=5000, tol=1e-8).fit(x, labels)
    ours, theirs = (100.0 * x - 7.0) @ slopes + offset, other.decision_function(x)
    np.testing.assert_allclose(
        ours - ours.mean(axis=1, keepdims=True), theirs - theirs.mean(axis=1, keepdims=True), atol=2e-3
    )


def test_two_points_by_hand():
    # Slopes ±w in two classes: penalty/2 · 2 w² + log(1 + exp(-2 w)) is least where penalty · w = 1 / (1 + exp(2 w)).
    slopes, offset = logistic_regression(np.array([[-1.0], [1.0]]), np.array([0, 1]), 2, 0.1)
    w = slopes[0, 1]
    assert slopes[0, 0] == pytest.approx(-w) and offset == pytest.approx([0.0, 0.0], abs=1e-6)
    assert 0.1 * w == pytest.approx(1 / (1 + np.exp(2 * w)), rel=1e-4)


def test_nothing_to_learn_is_the_share_of_the_classes():
    x = np.ones((10, 2))
    slopes, offset = logistic_regression(x, np.array([0] * 7 + [1] * 3), 2)
    chance = np.exp(x[0] @ slopes + offset)
    assert chance[0] / chance.sum() == pytest.approx(0.7, abs=1e-4)


def test_a_floor_has_wilsons_interval_and_the_classes():
    floor = logistic_floor(classes(300, 1), classes(100, 2), classes(200, 3), 3, ("a", "b", "c"))
    low, high = floor.interval
    deviation = (floor.score * (1 - floor.score) / 200) ** 0.5
    assert low < floor.score < high and high - low == pytest.approx(3.92 * deviation, rel=0.05)
    labels = classes(200, 3)[1]
    mean = sum(floor.conditions[name] * np.mean(labels == c) for c, name in enumerate("abc"))
    assert mean == pytest.approx(floor.score)


def test_labels_that_do_not_fit_are_named():
    with pytest.raises(ModelError, match=r"labels must be 2 whole numbers in 0\.\.1"):
        logistic_regression(np.ones((2, 1)), np.array([0, 2]), 2)
