"""Damaged training states: the run goes on as it was, or one sentence says why it cannot."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from damage import damaged_bytes

from plrnn_analysis import CheckpointError
from plrnn_analysis.checkpoint.array_files import read_arrays

torch = pytest.importorskip("torch")


def outcomes(folder: Path, number: int, seed: int) -> tuple[int, int]:
    """How many damaged states were refused, and how many taken, which must be those in which nothing is changed."""
    from plrnn_training import AdditionTask, Member, Recipe, Trainer

    recipe = Recipe(iterations=4, batch=2, validation_trials=2, test_trials=2, evaluations=2)
    task, members, path = AdditionTask(length=6), [Member(1, 0)], folder / "training_state.pt"
    trainer = Trainer(task, members, 3, recipe)
    trainer.run(path)
    whole = path.read_bytes()
    weights = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    refused = taken = 0
    said: list[str] = []
    for index in range(number):
        rng = random.Random(f"state {seed} {index}")
        content = bytearray(whole)
        if rng.random() < 0.5:
            # Anywhere, also within weights.
            at = rng.randrange(len(content))
            content[at] ^= 1 << rng.randrange(8)
        path.write_bytes(content if rng.random() < 0.7 else damaged_bytes(rng, bytes(content)))
        fresh = Trainer(task, members, 3, recipe)
        try:
            fresh.restore(path)
        except CheckpointError as error:
            said.append(str(error))
            refused += 1
        else:
            taken += 1
            assert fresh.iteration == trainer.iteration and fresh.history.validation == trainer.history.validation
            assert all(torch.equal(value, weights[name]) for name, value in fresh.model.state_dict().items())
    assert all(str(path) in text and "weights_only" not in text and text.isprintable() for text in said)
    return refused, taken


def test_some_damaged_states(tmp_path: Path) -> None:
    refused, taken = outcomes(tmp_path, 40, seed=1)
    assert refused > 5 and refused + taken == 40


@pytest.mark.stress
def test_many_damaged_states(tmp_path: Path, tried: Callable[[str, int], None]) -> None:
    refused, taken = outcomes(tmp_path, 1500, seed=0)
    tried("states", refused + taken)
    assert refused > taken > 0


def test_two_variables_of_one_name_are_ambiguous(tmp_path: Path) -> None:
    path = tmp_path / "twice.mat"
    scipy.io.savemat(path, {"x": np.ones((3, 2))})
    content = path.read_bytes()
    path.write_bytes(content + content[128:])
    with pytest.raises(CheckpointError, match="two variables are called 'x'"):
        read_arrays(path)
