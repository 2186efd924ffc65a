"""The addition task: statistics of the trials, curriculum, errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from plrnn_analysis.errors import ModelError
from plrnn_training import AdditionTask
from plrnn_training.seeds import generator_for


@pytest.mark.parametrize("marks", ["halves", "first_half", "anywhere"])
@pytest.mark.parametrize("length", [7, 12])
@pytest.mark.parametrize("blank_steps", [0, 2])
def test_trials(marks, length, blank_steps):
    task = AdditionTask(length, marks, blank_steps)
    n = 20_000
    batch = task.sample(n, torch.Generator().manual_seed(1))
    values, mask = batch.inputs[..., 0].numpy(), batch.inputs[..., 1].numpy()
    assert batch.inputs.shape == (n, length + blank_steps, 2)
    assert batch.targets.shape == (n, 1)
    np.testing.assert_array_equal(batch.inputs[:, length:].numpy(), 0.0)
    np.testing.assert_array_equal(mask.sum(1), 2.0)
    assert set(np.unique(mask)) == {0.0, 1.0}
    np.testing.assert_allclose((values * mask).sum(1), batch.targets[:, 0].numpy(), atol=1e-6)
    half = length // 2
    expected = np.zeros(length)
    if marks == "halves":
        expected[:half], expected[half:] = 1 / half, 1 / (length - half)
        np.testing.assert_array_equal(mask[:, :half].sum(1), 1.0)
    else:
        m = half if marks == "first_half" else length
        expected[:m] = 2 / m
    standard_error = np.sqrt(expected * (1 - expected) / n)
    assert np.all(np.abs(mask[:, :length].mean(0) - expected) <= 5 * standard_error)
    inner = values[:, :length]
    assert abs(inner.mean() - 0.5) < 5 / np.sqrt(12 * inner.size)
    assert abs(inner.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / inner.size)
    if marks != "halves":
        # Every pair of positions is equally likely.
        m = half if marks == "first_half" else length
        pairs = mask[:, :m].T @ mask[:, :m] / n
        share = 2 / (m * (m - 1))
        off = pairs[~np.eye(m, dtype=bool)]
        assert np.all(np.abs(off - share) < 5 * np.sqrt(share / n))


def test_same_seed_same_trials_and_purposes_are_independent():
    task = AdditionTask(20)
    a = task.sample(5, generator_for(3, "batches"))
    b = task.sample(5, generator_for(3, "batches"))
    c = task.sample(5, generator_for(3, "test"))
    assert torch.equal(a.inputs, b.inputs)
    assert not torch.equal(a.inputs, c.inputs)


def test_curriculum():
    assert [t.length for t in AdditionTask(100).curriculum()] == [10, 20, 40, 70]
    assert [t.length for t in AdditionTask(4, "first_half").curriculum()] == []
    short = AdditionTask(6, "first_half", 0).curriculum()
    assert all(4 <= t.length < 6 and t.marks == "first_half" and t.blank_steps == 0 for t in short)


def test_loss_is_by_model():
    task = AdditionTask(10)
    outputs = torch.tensor([[[[1.0]], [[2.0]]], [[[0.0]], [[0.0]]]])
    targets = torch.tensor([[[1.0], [1.0]], [[1.0], [2.0]]])
    assert task.loss(outputs, targets).tolist() == [0.5, 2.5]
    assert task.solved(9e-4)
    assert not task.solved(2e-3)
    assert not task.solved(float("nan"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1,), ">= 2"),
        ((3, "first_half"), ">= 4"),
        ((9, "corners"), "marks must be"),
        ((9, "halves", -1), "blank"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ModelError, match=message):
        AdditionTask(*arguments)
