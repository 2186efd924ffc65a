"""The cognitive suite: its trials period by period, its score, its affine floor by another way of computing it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from plrnn_analysis.errors import ModelError
from plrnn_training import Member, Trainer
from plrnn_training.floors.cognitive import best_affine_predictor, cognitive_floor
from plrnn_training.seeds import generator_for
from plrnn_training.tasks.cognitive import COGNITIVE_TASKS, CognitiveTask
from plrnn_training.tasks.registry import TASKS, make_task

SIMPLE, HARD = CognitiveTask(), CognitiveTask("hard")
# First and last duration of context, stimulus, delay and response.
RANGES = {"simple": ((5, 9), (10, 14), (10, 14), (5, 9)), "hard": ((10, 19), (10, 39), (20, 49), (10, 19))}


def periods_of(name, durations):
    """The ranges of the periods of a trial, as the suite is described; the last one is the response."""
    context, stimulus, delay, response = RANGES[durations]
    if name.startswith("Delay"):
        return [context, stimulus, delay, response]
    if name.startswith("React"):
        return [context, stimulus]
    if name.startswith(("Match", "NonMatch")):
        return [context, stimulus, delay, stimulus, (5, 14), response]
    if name.startswith("Ctx"):
        return [context, stimulus, stimulus, (10, 19), response]
    return [context, stimulus, response]


def visible_periods(name, durations):
    """As :func:`periods_of`, but the two periods of one pair of stimuli look like one."""
    ranges = periods_of(name, durations)
    if name.startswith("Ctx"):
        low, high = ranges[1]
        return [ranges[0], (2 * low, 2 * high), *ranges[3:]]
    return ranges


def trials_of(task, n=3000, seed=0):
    return task.held_out("test", n, torch.Generator().manual_seed(seed))


def angle(vector):
    return np.arctan2(vector[..., 1], vector[..., 0]) % (2 * np.pi)


def wanted_answer(name, stimulus, last, second):
    """Fixation, cos, sin, and whether fixation alone decides, from the stimuli that were shown."""
    theta = angle(stimulus)
    if name == "GoNogo":
        return [0, 1, 0, 1] if stimulus[0] > 0.5 else [1, 0, 0, 1]
    if name.startswith("Cat"):
        theta = 0 if theta < np.pi else np.pi
    elif "Match" in name:
        apart = abs((angle(last) - theta + np.pi) % (2 * np.pi) - np.pi)
        assert apart < np.pi / 8 + 1e-5 or apart > np.pi / 4 - 1e-5
        theta = 0 if (apart < np.pi / 6) == (name == "Match2Sample") else np.pi
    elif name == "CtxIntMod2":
        theta = angle(second)
    theta += np.pi * name.endswith("Anti")
    return [0, np.cos(theta), np.sin(theta), 0]


@pytest.mark.parametrize("task", [SIMPLE, HARD], ids=["simple", "hard"])
def test_trials_are_as_the_suite_is_described(task):
    batch = trials_of(task, 11 * 150)
    assert batch.inputs.shape[1:] == ({"simple": 74, "hard": 179}[task.durations], 18)
    seen = {}
    for x, y, mask, kind, length in zip(
        batch.inputs.double().numpy(), batch.targets.numpy(), batch.mask.numpy(), batch.conditions, batch.lengths
    ):
        name = COGNITIVE_TASKS[kind]
        length = int(length)
        assert not x[length:].any() and not mask[length:].any()
        np.testing.assert_array_equal(x[:length, 7:], np.eye(11)[[kind] * length])
        begun = int(mask.argmax())
        assert mask[begun:length].all() and mask.sum() == length - begun
        np.testing.assert_array_equal(x[:, 0], np.arange(len(x)) < begun)
        stimuli = x[:length, 1:5].copy()
        if name.startswith("Ctx"):
            rule = x[:length, 5:7]
            np.testing.assert_array_equal(rule, np.eye(2)[[int(name[-1]) - 1] * length])
        else:
            second_rule = name.endswith("Anti") or name == "NonMatch2Sample"
            np.testing.assert_array_equal(stimuli[:, 2:], np.eye(2)[[int(second_rule)] * length])
            assert not x[:, 5:7].any()
            stimuli[:, 2:] = 0.0
        on = stimuli.any(axis=1)
        edges = [0, *(np.flatnonzero(np.diff(on.astype(int)) | np.any(np.diff(stimuli, axis=0), axis=1)) + 1), length]
        if not name.startswith("React"):
            edges = sorted({*edges, begun})
        spans = np.diff(edges)
        expected = visible_periods(name, task.durations)
        assert len(spans) == len(expected), (name, edges)
        for place, (span, (low, high)) in enumerate(zip(spans, expected)):
            assert low <= span <= high
            seen.setdefault((name, place), set()).add(int(span))
        shown = stimuli[edges[1]]
        last = stimuli[edges[3]] if "Match" in name else shown
        np.testing.assert_allclose(y[begun], wanted_answer(name, shown, last[:2], shown[2:]), atol=2e-6)
        sizes = np.hypot(*shown.reshape(2, 2).T)
        expected_sizes = {"CtxIntMod1": [0.8, 0.3], "CtxIntMod2": [0.3, 0.8]}.get(name, [1.0, 0.0])
        if name == "GoNogo":
            assert 0.2 <= sizes[0] <= 1.0 and shown[1] == 0.0
        else:
            np.testing.assert_allclose(sizes, expected_sizes, atol=1e-6)
    for (name, place), spans in seen.items():
        low, high = visible_periods(name, task.durations)[place]
        if high - low < 6:
            assert spans == set(range(low, high + 1)), (name, place)


def test_kinds_come_up_as_often_as_they_should():
    batch = SIMPLE.sample(22_000, torch.Generator().manual_seed(1))
    counts = batch.conditions.bincount(minlength=11).double()
    assert bool(((counts - 2000).abs() < 5 * (22_000 / 11) ** 0.5).all())
    answer = batch.targets[:, 0]
    for name, share in (("Match2Sample", 0.5), ("NonMatch2Sample", 0.5), ("CatPro", 0.5), ("GoNogo", 5 / 8)):
        own = answer[batch.conditions == COGNITIVE_TASKS.index(name)]
        assert abs((own[:, 1] > 0.5).double().mean() - share) < 5 * 0.5 / len(own) ** 0.5
    assert trials_of(SIMPLE, 110).conditions.bincount().tolist() == [10] * 11


def test_a_seed_means_the_same_trials():
    a, b, c = (SIMPLE.sample(40, generator_for(s, "batches")) for s in (3, 3, 4))
    assert torch.equal(a.inputs, b.inputs) and torch.equal(a.targets, b.targets) and torch.equal(a.mask, b.mask)
    assert not torch.equal(a.inputs, c.inputs)
    fixed = SIMPLE.fixed(20, 0)
    assert fixed.trials.conditions.bincount().tolist() == [20] * 11
    assert fixed.chance == SIMPLE.chance and fixed.trials.lengths.shape == (220,)


def score(batch, outputs):
    return float(SIMPLE.score(outputs.expand(*batch.targets.shape[:2], 3), batch.targets, batch.mask))


@pytest.mark.parametrize("tasks", [COGNITIVE_TASKS, ("ReactPro",), ("CatAnti", "GoNogo")])
def test_a_constant_answer_scores_chance(tasks):
    task = CognitiveTask(tasks=tasks)
    batch = trials_of(task, 6600)
    constant = torch.tensor([0.2, 1.0, 0.0]).expand(6600, 74, 3)
    found = float(task.score(constant, batch.targets, batch.mask))
    assert abs(found - task.chance) < 4 * 0.5 / 6600**0.5
    assert task.chance == pytest.approx({11: 3.625 / 11, 1: 1 / 6, 2: 1.125 / 2}[len(tasks)])


def test_score_looks_at_the_response_period_and_judges_go_by_fixation():
    batch = trials_of(SIMPLE, 1100)
    right = batch.targets[..., :3].clone()
    assert score(batch, right) == 1.0 and float(SIMPLE.loss(right, batch.targets, batch.mask)) == 0.0
    anything = right + (1 - batch.mask.unsqueeze(-1)) * torch.randn(right.shape, generator=torch.Generator())
    assert score(batch, anything) == 1.0
    assert float(SIMPLE.loss(anything, batch.targets, batch.mask)) == 0.0
    go = (batch.conditions == 10).float().mean().item()
    for degrees, wanted in ((29.0, 1.0), (31.0, go), (-29.0, 1.0), (180.0, go)):
        turn = torch.polar(torch.tensor(1.0), torch.deg2rad(torch.tensor(degrees)))
        turned = torch.view_as_real(torch.view_as_complex(right[..., 1:].contiguous()) * turn)
        assert score(batch, torch.cat([right[..., :1], turned], dim=-1)) == pytest.approx(wanted)
    # Always going is right on go trials alone, though its angle is that of every no-go answer.
    going = right * torch.tensor([0.0, 1.0, 1.0])
    held = (batch.targets[:, 0, 0] == 1).float().mean().item()
    assert score(batch, going) == pytest.approx(1 - held)
    assert score(batch, torch.zeros(1, 1, 3)) == pytest.approx(go - held)
    half = 0.5 * batch.targets[..., 1:3]
    assert score(batch, torch.cat([right[..., :1], half], dim=-1)) == 1.0
    steps = batch.mask.sum(1)
    weights = steps * (batch.targets[:, 0, 0] == 0)
    expected = 0.5 * 0.25 * float(weights.sum() / steps.sum())
    loss = SIMPLE.loss(torch.cat([right[..., :1], half], dim=-1), batch.targets, batch.mask)
    assert float(loss) == pytest.approx(expected, rel=1e-4)
    by_model = SIMPLE.score(torch.stack([right, -right]), *(t.expand(2, *t.shape) for t in (batch.targets, batch.mask)))
    assert by_model.tolist() == [1.0, pytest.approx(go - held)]


def quadrature(name, n=240):
    """Equally weighted stimuli (m, 3 periods, 4 channels) and answers (m, 3) that stand for all there are.

    The periods are those of the first stimulus, of the second one, and the response.
    """
    circle = (np.arange(n) + 0.5) * 2 * np.pi / n
    unit = lambda a: np.stack([np.cos(a), np.sin(a)], axis=-1)  # noqa: E731
    if name == "GoNogo":
        amplitude = 0.2 + 0.8 * (np.arange(8 * n) + 0.5) / (8 * n)
        u = np.zeros((8 * n, 3, 4))
        u[:, 0, 0] = amplitude
        go = amplitude > 0.5
        return u, np.stack([~go, go, 0 * go], axis=1).astype(float)
    if name.startswith("Ctx"):
        one, two = (a.ravel() for a in np.meshgrid(circle, circle))
        sizes = (0.8, 0.3) if name.endswith("1") else (0.3, 0.8)
        u = np.zeros((one.size, 3, 4))
        u[:, :2] = np.hstack([sizes[0] * unit(one), sizes[1] * unit(two)])[:, None]
        answer = one if name.endswith("1") else two
    elif "Match" in name:
        near = np.pi / 8 * (2 * (np.arange(n) + 0.5) / n - 1)
        far = np.pi / 4 + 1.5 * np.pi * (np.arange(n) + 0.5) / n
        theta, apart = (a.ravel() for a in np.meshgrid(circle, np.concatenate([near, far])))
        matches = np.repeat([True, False], n * n)
        u = np.zeros((theta.size, 3, 4))
        u[:, 0, :2], u[:, 1, :2] = unit(theta), unit(theta + apart)
        answer = np.where(matches == (name == "Match2Sample"), 0.0, np.pi)
    else:
        u = np.zeros((n, 3, 4))
        u[:, 2 if name.startswith("React") else 0, :2] = unit(circle)
        answer = np.where(circle < np.pi, 0.0, np.pi) if name.startswith("Cat") else circle
        answer = answer + np.pi * name.endswith("Anti")
    return u, np.hstack([np.zeros((len(u), 1)), unit(answer)])


def enumerated_loss(tasks, n_steps=74, longest_response=14):
    """Least loss of an affine predictor of the simple suite: normal equations summed over all durations there are."""
    p = 4 * n_steps + longest_response
    gram, cross, energy, steps = np.zeros((p, p)), np.zeros((p, 3)), 0.0, 0.0
    for name in tasks:
        ranges = periods_of(name, "simple")
        combos = np.array(list(itertools.product(*(range(a, b + 1) for a, b in ranges))))
        ends = combos.cumsum(axis=1)
        begun = ends[:, -2]
        windows = {0: (ends[:, 0], ends[:, 1])}
        if name.startswith("React"):
            windows = {2: (begun, ends[:, -1])}
        elif name.startswith("Ctx"):
            windows[1] = (ends[:, 1], ends[:, 2])
        elif "Match" in name:
            windows[1] = (ends[:, 2], ends[:, 3])
        row = np.repeat(np.arange(len(combos)), combos[:, -1])
        since = np.concatenate([np.arange(r) for r in combos[:, -1]])
        t = begun[row] + since
        weight = 1.0 / len(combos)
        then = t[:, None] - np.arange(n_steps)
        on = np.zeros((len(row), 3, n_steps), dtype=np.float32)
        for place, (start, stop) in windows.items():
            on[:, place] = (then >= start[row, None]) & (then < stop[row, None])
        u, y = quadrature(name)
        first, second = u.mean(axis=0), np.einsum("mpc,mqd->pqcd", u, u) / len(u)
        with_y, mean_y = np.einsum("mpc,mo->pco", u, y) / len(u), y.mean(axis=0)
        # Sums over steps of E[x x'] and E[x y'], then less those of the means of each step's group.
        k, flat = 4 * n_steps, on.reshape(len(row), -1)
        together = weight * (flat.T @ flat).reshape(3, n_steps, 3, n_steps)
        gram[:k, :k] += np.einsum("plqk,pqcd->lckd", together, second).reshape(k, k)
        cross[:k] += np.einsum("pl,pco->lco", weight * on.sum(axis=0), with_y).reshape(k, 3)
        shown = name == "GoNogo"  # all other stimuli are zero on average
        assert shown or np.abs(first).max() < 1e-12
        mean_x = np.einsum("npl,pc->nlc", on, first * shown).reshape(len(row), k) if shown else np.zeros((len(row), 1))
        mean_x = np.broadcast_to(mean_x, (len(row), k))
        unit = np.eye(longest_response)[since]
        gram[:k, k:] += weight * mean_x.T @ unit
        gram[k:, :k] += weight * unit.T @ mean_x
        gram[k:, k:] += weight * unit.T @ unit
        cross[k:] += weight * unit.sum(axis=0)[:, None] * mean_y
        energy += weight * len(row) * (y**2).sum(axis=1).mean()
        steps += weight * len(row)
        for step in np.unique(t):
            own = t == step
            x = np.concatenate([mean_x[own].sum(axis=0), unit[own].sum(axis=0)])
            gram -= weight * np.outer(x, x) / own.sum()
            cross -= weight * np.outer(x, mean_y)
            energy -= weight * own.sum() * (mean_y**2).sum()
    solution = np.linalg.lstsq(gram, cross, rcond=1e-10)[0]
    return (energy - (solution * cross).sum()) / (2 * steps)


def check_floor(task, trials):
    exact = enumerated_loss(task.tasks)
    floor = cognitive_floor(task, trials)
    assert floor.loss == pytest.approx(exact, rel=0.015)
    assert floor.how.startswith("least squares")
    low, high = floor.interval
    assert low < floor.score < high and set(floor.conditions) == set(task.tasks)
    assert np.mean(list(floor.conditions.values())) == pytest.approx(floor.score)
    best = best_affine_predictor(task, 2200)
    batch = trials_of(task, 2200)
    # On the trials it was fitted to it looks better than it is, and on others it cannot beat the optimum.
    assert best.loss < exact * 1.01
    assert task.loss(best.outputs(batch), batch.targets, batch.mask) > exact * 0.985
    return floor


def test_affine_floor_of_some_tasks_by_enumeration():
    check_floor(CognitiveTask(tasks=("DelayPro", "CatPro", "CatAnti", "GoNogo")), 4400)


@pytest.mark.slow
def test_affine_floor_of_the_suite_by_enumeration():
    floor = check_floor(SIMPLE, 22_000)
    assert floor.loss == pytest.approx(0.417, rel=0.01)


def test_the_floor_of_one_pro_task_is_zero_and_of_a_comparison_that_of_the_constant():
    pro = cognitive_floor(CognitiveTask(tasks=("ReactPro",)), 1100)
    assert pro.loss == pytest.approx(0.0, abs=1e-9) and pro.score == 1.0
    match = cognitive_floor(CognitiveTask(tasks=("Match2Sample",)), 4400)
    assert match.loss == pytest.approx(0.5, rel=0.03)


@pytest.mark.slow
def test_quick_settings_learn_the_suite_and_no_affine_network_beats_the_floor():
    setting = TASKS["cognitive"].settings["quick"]
    trainer = Trainer(SIMPLE, [Member(0, 0, samples=500), Member(16, 0, samples=500)], setting.units, setting.recipe)
    trainer.run()
    affine, sparse = trainer.test_scores()
    assert sparse > 0.9 and affine < 0.55
    batch = trials_of(SIMPLE, 4400, seed=5)
    with torch.no_grad():
        outputs = trainer.model(batch.inputs)
    losses = SIMPLE.loss(outputs, *(t.expand(2, *t.shape) for t in (batch.targets, batch.mask)))
    assert losses[0] > SIMPLE.affine_floor().loss * 0.98 and losses[1] < 0.1
    assert list(trainer.condition_scores()[1]) == list(COGNITIVE_TASKS)


def test_by_name():
    task = make_task("cognitive", "hard")
    assert task.durations == "hard" and make_task("cognitive") == SIMPLE
    assert task.metadata() == {"task": "cognitive", "durations": "hard", "tasks": list(COGNITIVE_TASKS)}
    assert TASKS["cognitive"].settings["quick"].samples == (20, 50, 500)
    waiting = SIMPLE.probes["CtxIntMod2, waiting"]
    assert [i for i, v in enumerate(waiting) if v] == [0, 6, 7 + 9]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"durations": "long"}, "durations must be one of 'simple', 'hard'"),
        ({"tasks": ("DelayPro", "Anti")}, "tasks must be one of 'DelayPro'"),
        ({"tasks": ()}, "each once"),
        ({"tasks": ("GoNogo", "GoNogo")}, "each once"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(ModelError, match=message):
        CognitiveTask(**arguments)
