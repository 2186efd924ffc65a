"""Tasks from environments that draw whole trials: what is taken from them, and what is said where that fails."""

from __future__ import annotations

import sys
import types
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from plrnn_analysis.errors import ModelError
from plrnn_training import Member, Recipe, Trainer
from plrnn_training.tasks import neurogym_task
from plrnn_training.tasks.registry import TASKS, make_task


class Decision:
    """Noisy evidence for one of two sides, for a while; the fixation cue goes off when the answer is wanted."""

    observation_space = SimpleNamespace(name={"fixation": 0, "stimulus": range(1, 3)})
    action_space = SimpleNamespace(n=3, name={"fixation": 0, "choice": [1, 2]})

    def __init__(self, noise=0.5):
        self.noise, self.buffer = noise, np.empty((30, 3))

    def seed(self, seed=None):
        self.rng = np.random.RandomState(seed)

    def new_trial(self, **kwargs):
        side = int(self.rng.randint(2))
        steps = 8 + int(self.rng.randint(10))
        self.trial = {"ground_truth": side, "coherence": 1.0}
        self.start_ind = {"fixation": 0, "stimulus": 3, "decision": steps - 3}
        self.end_ind = {"fixation": 3, "stimulus": steps - 3, "decision": steps}
        self.ob = self.buffer[:steps]  # the next trial overwrites it
        self.ob[...] = self.noise * self.rng.randn(steps, 3)
        self.ob[:, 0] = np.arange(steps) < steps - 3
        self.ob[3:-3, 1 + side] += 1.0
        self.gt = np.zeros(steps, dtype=np.int64)
        self.gt[-3:] = 1 + side
        return self.trial


class Wrapped:
    """As gymnasium wraps: what is not of the wrapper is reached through ``unwrapped``."""

    def __init__(self, environment):
        self.unwrapped = environment


def every_trial(task):
    return task._take(torch.from_numpy(np.sort(np.concatenate(list(task.parts.values())))))


def test_trials_are_those_of_the_environment():
    task = neurogym_task(Decision(), trials=60, seed=3)
    batch = every_trial(task)
    again = Decision()
    again.seed(3)
    scale = task._input_scale
    for i in range(60):
        again.new_trial()
        steps = len(again.ob)
        np.testing.assert_allclose(batch.inputs[i, :steps].numpy() * scale, again.ob, rtol=1e-5, atol=1e-6)
        assert not batch.inputs[i, steps:].any() and int(batch.lengths[i]) == steps
        assert batch.targets[i, steps - 1] == again.gt[-1]
        wanted = np.zeros(batch.mask.shape[1])
        wanted[steps - 3 : steps] = 1
        np.testing.assert_array_equal(batch.mask[i].numpy(), wanted)
        assert task.condition_names[batch.conditions[i]] == f"ground truth {again.trial['ground_truth']}"
    assert task.name == "neurogym-Decision"
    assert task.input_names == ("fixation", "stimulus 1", "stimulus 2")
    assert task.output_names == ("fixation", "choice 1", "choice 2")
    assert task.metadata() == neurogym_task(Decision(), trials=60, seed=3).metadata()
    assert task.metadata() != neurogym_task(Decision(), trials=60, seed=4).metadata()
    assert neurogym_task(Wrapped(Decision()), trials=20).name == "neurogym-Decision"


def test_it_is_learnt_and_a_constant_answer_has_chance():
    task = neurogym_task(Decision(), trials=400)
    recipe = Recipe(iterations=150, batch=16, lr=1e-2, init="leaky", curriculum=0.0, evaluations=2)
    trainer = Trainer(task, [Member(1, 0)], 8, recipe)
    trainer.run()
    assert trainer.test_scores()[0] > 0.9
    assert set(trainer.condition_scores()[0]) == {"ground truth 0", "ground truth 1"}
    batch = task.held_out("test", 60, torch.Generator())
    shares = [
        float(task.score(torch.eye(3)[k].expand(*batch.targets.shape, 3), batch.targets, batch.mask)) for k in range(3)
    ]
    assert shares[0] == 0.0 and task.chance in [pytest.approx(s) for s in shares]


def period_of(task):
    return every_trial(task).mask[0].nonzero().flatten().tolist()


def test_which_period_is_scored():
    class Periods(Decision):
        starts, ends = None, None

        def new_trial(self):
            self.rng = np.random.RandomState(0)
            super().new_trial()
            self.start_ind, self.end_ind = self.starts, self.ends

    def scored(starts, ends=None, period=None):
        environment = Periods()
        environment.starts, environment.ends = starts, ends
        return period_of(neurogym_task(environment, trials=5, period=period))

    steps = scored(None)
    assert steps == list(range(len(steps)))
    assert scored({"sample": 2, "late": 5}) == steps[5:]
    assert scored({"response": np.array([4]), "after": np.array([9])}, {"response": np.array([6])}) == [4, 5]
    assert scored(np.array([0, 3, 6])) == steps[6:]
    assert scored({"sample": 2, "decision": 5}, period="sample") == steps[2:]
    assert scored({"sample": 2, "decision": 5}, period="all") == steps
    with pytest.raises(ModelError, match="no period 'reach'; it has sample, decision"):
        scored({"sample": 2, "decision": 5}, period="reach")
    with pytest.raises(ModelError, match="names no periods"):
        scored(None, period="sample")
    with pytest.raises(ModelError, match="no step within a trial"):
        scored({"decision": 400})


def test_values_and_many_kinds():
    class Values(Decision):
        observation_space = action_space = None

        def new_trial(self):
            super().new_trial()
            self.trial["ground_truth"] = float(self.rng.rand())
            self.gt = np.cumsum(self.ob[:, 1:], axis=0)

    task = neurogym_task(Values(), trials=50)
    assert task.score_name == "mse" and task.output_names == ("action 0", "action 1") and task.condition_names == ()
    assert task.input_names == ("input 1", "input 2", "input 3")


def test_by_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "neurogym", None)
    with pytest.raises(ModelError, match=r"neurogym, which is not installed: pip install neurogym, or give"):
        make_task("neurogym:Decision-v0")
    with pytest.raises(ModelError, match="needs a variant"):
        make_task("neurogym")

    def make(name, **options):
        if name != "Decision-v0":
            raise KeyError(f"no {name} here")
        return Wrapped(Decision(**options))

    monkeypatch.setitem(sys.modules, "neurogym", types.SimpleNamespace(make=make))
    task = make_task("neurogym:Decision")
    assert task.name == "neurogym-Decision" and sum(map(len, task.parts.values())) == 2000
    assert neurogym_task("Decision-v0", trials=30, noise=0.0).name == "neurogym-Decision-v0"
    with pytest.raises(ModelError, match="no environment 'Nothing': 'no Nothing-v0 here'"):
        make_task("neurogym:Nothing")
    assert set(TASKS["neurogym"].settings) == {"default", "quick", "paper"}


class Bare:
    def __init__(self, ob=None, gt=None):
        self._ob, self._gt = ob, gt

    def reset(self, seed):
        self.seed_given = seed

    def new_trial(self):
        self.ob, self.gt = self._ob, self._gt


def test_an_environment_without_seed_is_reset_with_it():
    environment = Bare(np.eye(4), np.arange(4))
    task = neurogym_task(environment, trials=10, seed=5)
    assert environment.seed_given == 5 and len(task.output_names) == 4


@pytest.mark.parametrize(
    ("environment", "arguments", "message"),
    [
        (object(), {}, r"new_trial\(\), which object does not have"),
        (Bare(), {}, "must leave the trial's inputs in ob"),
        (Bare(np.eye(4), np.arange(3)), {}, "each of the 4 steps of ob, got int64 of shape"),
        (Bare(np.eye(4), np.array(["a"] * 4)), {}, "each of the 4 steps"),
        (Bare(np.eye(4), np.arange(4)), {"trials": 2}, "trials must be a whole number >= 3"),
        (Bare(np.eye(4), np.arange(4)), {"dt": 20}, "dt came with an object"),
    ],
)
def test_mistakes(environment, arguments, message):
    with pytest.raises(ModelError, match=message):
        neurogym_task(environment, **{"trials": 5, **arguments})


def test_trials_of_different_widths():
    class Growing(Bare):
        n = 3

        def new_trial(self):
            self.n += 1
            self.ob, self.gt = np.eye(self.n), np.arange(self.n)

    with pytest.raises(ModelError, match="same numbers of inputs"):
        neurogym_task(Growing(), trials=5)
