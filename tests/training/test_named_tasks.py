"""What holds for every task: a constant answer scores chance, and a seed means the same trials bit for bit."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch

from plrnn_training import Batch
from plrnn_training.seeds import generator_for
from plrnn_training.tasks.registry import TASKS, make_task

NAMES = ["addition", "contextual", "copy", "digits"]
VARIANTS = [(name, variant) for name in NAMES for variant in TASKS[name].variants]


def outputs_like(task, batch, values):
    return torch.tensor(values).expand(len(batch.inputs), task.scored_steps, len(values))


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_a_constant_answer_scores_chance(name, variant):
    task = make_task(name, variant)
    batch = task.held_out("test", 4000, generator_for(0, "test"))
    n = len(task.output_names)
    if task.higher_is_better:
        constants = [[float(c == k) for c in range(n)] for k in range(n)]
    else:
        constants = [[1.0]]  # the mean of the sum
    scores = [float(task.score(outputs_like(task, batch, c), batch.targets, batch.mask)) for c in constants]
    best = max(scores) if task.higher_is_better else min(scores)
    assert best == pytest.approx(task.chance, abs=0.03)
    assert sum(scores) == pytest.approx(1.0 if task.higher_is_better else task.chance, abs=0.02)


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_a_seed_means_the_same_trials(name, variant):
    for task in (make_task(name, variant), *make_task(name, variant).curriculum()[:1]):
        first, again, other = (task.sample(16, generator_for(seed, "trials")) for seed in (3, 3, 4))
        for field in fields(Batch):
            a, b = getattr(first, field.name), getattr(again, field.name)
            assert (a is None) == (b is None)
            assert a is None or (torch.equal(a, b) and len(a) == 16)
        assert not torch.equal(first.inputs, other.inputs)
        assert first.inputs.shape[-1] == len(task.input_names)
        assert first.conditions is None or int(first.conditions.max()) < len(task.condition_names)


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_floors_are_no_worse_than_chance(name, variant):
    task = make_task(name, variant)
    floor = task.affine_floor()
    assert floor.score >= task.chance if task.higher_is_better else floor.score <= task.chance
    assert floor.how.split(":")[0] in ("closed form", "least squares", "convex optimum")
