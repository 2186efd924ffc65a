"""Training on a fixed set of trials, and the registry of tasks."""

from __future__ import annotations

import inspect
from dataclasses import fields

import pytest
import torch

from plrnn_analysis.errors import ModelError
from plrnn_analysis.linear_limit import addition_floor
from plrnn_training import AdditionTask, Batch, Recipe, Task
from plrnn_training.seeds import generator_for
from plrnn_training.tasks.entry import TaskEntry
from plrnn_training.tasks.fixed_trials import FixedTrials
from plrnn_training.tasks.registry import TASKS, make_task, task_entry


class Kinds(Task):
    """Two kinds of trial, one of them rare."""

    name, input_names, output_names = "kinds", ("x",), ("y",)
    condition_names = ("often", "seldom")

    def sample(self, batch, generator):
        kinds = (torch.rand(batch, generator=generator) < 0.05).long()
        inputs = torch.randn(batch, 3, 1, generator=generator) + 10 * kinds[:, None, None]
        return Batch(inputs, inputs, conditions=kinds)


def test_a_fixed_set_has_so_many_trials_of_every_kind_and_a_small_one_is_part_of_a_large_one():
    small, large = Kinds().fixed(3, 7), Kinds().fixed(20, 7)
    assert small.trials.conditions.tolist() == [0] * 3 + [1] * 3
    assert large.trials.conditions.bincount().tolist() == [20, 20]
    assert torch.equal(small.trials.inputs, large.trials.inputs[[0, 1, 2, 20, 21, 22]])
    assert not torch.equal(small.trials.inputs, Kinds().fixed(3, 8).trials.inputs)
    batch = small.sample(500, torch.Generator().manual_seed(0))
    assert len({tuple(x) for x in batch.inputs.flatten(1).tolist()}) == 6
    assert torch.equal(batch.conditions, (batch.inputs.mean((1, 2)) > 5).long())


def test_what_is_held_out_is_that_of_the_task_and_so_is_the_rest():
    task = AdditionTask(10)
    fixed = task.fixed(5, 0)
    for part in ("validation", "test"):
        wanted, found = (t.held_out(part, 9, generator_for(0, part)) for t in (task, fixed))
        assert torch.equal(wanted.inputs, found.inputs)
    assert fixed.affine_floor() == task.affine_floor() and fixed.affine_floor().score == addition_floor(10, "halves")
    assert [len(stage.trials.inputs) for stage in fixed.curriculum()] == [5] * len(task.curriculum())
    assert fixed.metadata() == {**task.metadata(), "samples": 5, "samples_seed": 0}
    assert fixed.fixed(4, 1).trials.inputs.shape == (4, 11, 2)
    # A method that a task may replace must not fall back to the default here.
    methods = {name for name, _ in inspect.getmembers(Task) if not name.startswith("_")}
    attributes = set(vars(fixed))
    assert methods <= set(vars(FixedTrials)) | attributes


def test_a_kind_that_never_comes_up_is_named():
    class Lopsided(Kinds):
        condition_names = ("often", "seldom", "never")

    with pytest.raises(ModelError, match="none of never"):
        Lopsided().fixed(2, 0)
    with pytest.raises(ModelError, match="samples"):
        Kinds().fixed(0, 0)


def test_tasks_have_names():
    assert make_task("addition").marks == make_task("addition:halves").marks == "halves"
    assert make_task("addition", "anywhere") == AdditionTask(marks="anywhere")
    for arguments, message in (
        (("addtion",), "task must be one of 'addition'"),
        (("addition", "nowhere"), "variant must be one of 'halves'"),
        (("addition:halves", "anywhere"), "leave variant='anywhere' out"),
        (("addition", None, "file.csv"), "takes no data"),
    ):
        with pytest.raises(ModelError, match=message):
            make_task(*arguments)


@pytest.mark.parametrize("name", sorted(TASKS.keys() - {"neurogym", "spoken"}))
def test_settings_of_a_task_and_of_its_training_have_different_names(name):
    # They stand side by side in a checkpoint, and where a state is held against a new run.
    assert not make_task(name).metadata().keys() & ({f.name for f in fields(Recipe)} | {"seed", "architecture"})


@pytest.mark.parametrize("name", sorted(TASKS))
def test_every_entry_has_the_three_settings(name):
    entry = task_entry(name)
    assert isinstance(entry, TaskEntry) and set(entry.settings) == {"default", "quick", "paper"}
    assert entry.summary.endswith(".")
    for setting in entry.settings.values():
        assert 0 <= min(setting.pwl_units) and max(setting.pwl_units) <= setting.units
