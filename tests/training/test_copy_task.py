"""The copy task: where symbols, cue and answers stand, and what a network without ReLU can recall."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from plrnn_analysis.errors import ModelError
from plrnn_training import Member, Recipe, Trainer, sweep
from plrnn_training.floors import copy_floor
from plrnn_training.tasks.copying import CopyTask
from plrnn_training.tasks.registry import TASKS, make_task


@pytest.mark.parametrize("cue", ["start", "throughout"])
@pytest.mark.parametrize("delays", [(2, 6), (4, 4), (0, 1)])
def test_every_answer_is_wanted_at_its_step_and_at_no_other(cue, delays):
    task = CopyTask(3, 5, *delays, cue)
    batch = task.sample(200, torch.Generator().manual_seed(1))
    n_steps = batch.inputs.shape[1]
    marker = int(cue == "throughout")
    assert batch.inputs.shape == (200, 3 + marker + delays[1] + 3, 6)
    seen = set()
    for inputs, targets, mask, kind, length in zip(
        batch.inputs.numpy(), batch.targets.numpy(), batch.mask.numpy(), batch.conditions, batch.lengths
    ):
        symbols = inputs[:3, :5].argmax(axis=1)
        assert np.array_equal(inputs[:3, :5].sum(axis=1), [1, 1, 1]) and not inputs[3:, :5].any()
        cued = np.flatnonzero(inputs[:, 5])
        first = cued[marker]
        delay = first - 3 - marker
        seen.add(int(delay))
        assert cued.tolist() == ([3, first, first + 1, first + 2] if marker else [first])
        scored = np.flatnonzero(mask) + n_steps - task.scored_steps
        assert scored.tolist() == [first, first + 1, first + 2] and length == first + 3
        assert np.array_equal(targets[mask > 0], symbols) and kind == symbols[0]
    assert seen == set(range(delays[0], delays[1] + 1))


def test_variants_are_those_of_the_paper():
    fixed, variable = make_task("copy", "fixed"), make_task("copy", "variable")
    batch = fixed.sample(1, torch.Generator().manual_seed(0))
    assert batch.inputs.shape == (1, 117, 5) and torch.nonzero(batch.inputs[0, :, 4])[:2].flatten().tolist() == [8, 109]
    assert (variable.symbols, variable.shortest, variable.longest) == (5, 50, 100)
    assert make_task("copy").metadata()["delays"] == [10, 30]


def test_the_fixed_delay_is_swept_under_settings_of_its_own(tmp_path):
    entry = TASKS["copy"]
    assert entry.settings_of("fixed")["paper"] is entry.settings["paper"]
    assert entry.settings_of("random_delay") == entry.settings
    options = {"recipe": "quick", "seeds": 1, "units": 5, "iterations": 1}
    assert [row.pwl_units for row in sweep("copy", variant="fixed", out=tmp_path / "a", **options)] == [0, 1, 4]
    assert [row.pwl_units for row in sweep("copy:fixed", out=tmp_path / "b", **options)] == [0, 1, 4]


def test_the_range_of_delays_grows():
    stages = CopyTask().curriculum()
    assert [s.shortest for s in stages] == [10] * 10
    assert [s.longest for s in stages] == list(range(10, 30, 2))
    assert [s.longest for s in CopyTask(8, shortest=100, longest=100).curriculum()] == list(range(5, 100, 10))
    assert [s.longest for s in CopyTask(longest=12).curriculum()] == [10, 11]
    assert len({s.cue for s in CopyTask(cue="throughout").curriculum()} - {"throughout"}) == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"symbols": 0}, "symbols must be a whole number >= 1"),
        ({"alphabet": 1}, "alphabet must be a whole number >= 2"),
        ({"longest": 9}, r"longest must be a whole number >= 10 \(the shortest delay\), got 9"),
        ({"cue": "twice"}, "cue must be one of 'start', 'throughout'"),
    ],
)
def test_sizes_that_make_no_task_are_named(settings, message):
    with pytest.raises(ModelError, match=message):
        CopyTask(**settings)


def general_optimum(K, q, shortest, longest, iterations=400):
    """Least cross-entropy of all affine predictors: no symmetry assumed, every trial listed, cue and step included."""
    delays = longest - shortest + 1
    sequences = torch.tensor(list(itertools.product(range(q), repeat=K)))
    lags = delays + 2 * K - 2
    weights = torch.zeros(lags, q, q, dtype=torch.float64, requires_grad=True)
    cue = torch.zeros(K, q, dtype=torch.float64, requires_grad=True)
    step = torch.zeros(delays + K - 1, q, dtype=torch.float64, requires_grad=True)

    def logits():
        found = []
        for d, i in itertools.product(range(delays), range(K)):
            parts = [weights[d + i - j + K - 1][sequences[:, j]] for j in range(K)]
            found.append(sum(parts) + cue[i] + step[d + i])
        return torch.stack(found)

    wanted = torch.stack([sequences[:, i] for _, i in itertools.product(range(delays), range(K))])
    optimiser = torch.optim.LBFGS([weights, cue, step], max_iter=iterations, tolerance_grad=1e-9)

    def closure():
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits().flatten(0, 1), wanted.flatten())
        loss.backward()
        return loss

    optimiser.step(closure)
    return closure().item(), float((logits().argmax(-1) == wanted).double().mean())


@pytest.mark.parametrize("sizes", [(2, 3, 1, 4), (3, 2, 2, 5), (3, 4, 0, 3)])
def test_floor_against_all_affine_predictors(sizes):
    floor = copy_floor(*sizes)
    loss, accuracy = general_optimum(*sizes)
    assert floor.loss == pytest.approx(loss, abs=2e-4)
    # Ties of the vote are broken one way or another by what is left of the optimisation.
    assert floor.score == pytest.approx(accuracy, abs=0.03)


def test_floor_is_that_of_a_vote_and_of_chance_at_its_ends():
    # By hand: 19 steps ask for any of three symbols, two for either of two, two for one.
    often = {1: 1.0, 2: 1.25, 3: 1.6875}  # the expected count of the most frequent among so many, of four kinds
    assert copy_floor(3, 4, 10, 30).score == pytest.approx((19 * often[3] + 2 * often[2] + 2 * often[1]) / 63)
    assert copy_floor(3, 4, 10, 30).loss < np.log(4)
    assert copy_floor(4, 4, 10, 30).score == pytest.approx(0.549, abs=5e-4)
    assert copy_floor(3, 4, 10, 30) == CopyTask().affine_floor()
    fixed = copy_floor(8, 4, 100, 100)
    assert (fixed.score, fixed.loss) == (1.0, 0.0) and "closed form" in fixed.how
    # Long ranges of delays leave nothing but the vote.
    assert copy_floor(2, 4, 0, 4000).score == pytest.approx(0.625, abs=1e-3)


def test_trained_networks_without_relu_stay_at_the_floor():
    task = CopyTask(2, 3, 1, 4)
    recipe = Recipe(iterations=400, batch=32, lr=6e-3, init="leaky", evaluations=1, test_trials=4000)
    trainer = Trainer(task, [Member(0, 0), Member(0, 1), Member(6, 0)], 16, recipe)
    trainer.run()
    batch = trainer._test_trials()
    with torch.no_grad():
        outputs = trainer.model(batch.inputs, None, task.scored_steps)
    wanted = batch.expand(3)
    loss = task.loss(outputs, wanted.targets, wanted.mask)
    score = task.score(outputs, wanted.targets, wanted.mask)
    floor = task.affine_floor()
    error = 3 / 4000**0.5  # three standard errors, at most, of losses and scores of trials
    assert (loss[:2] > floor.loss - error).all() and (loss[:2] < floor.loss + 0.1).all()
    assert (score[:2] < floor.score + error).all()
    assert score[2] > floor.score + 0.05, "one with ReLUs passes it"
