"""The base class of tasks, what it makes of values, classes and masks, and how it trains."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from rich.console import Console

import plrnn_analysis
from plrnn_analysis.errors import ModelError
from plrnn_training import Batch, Member, Recipe, Task, Trainer, to_plrnn
from plrnn_training.runs import train_in
from plrnn_training.summary import rate_sentences, write_summary
from plrnn_training.tasks import CROSS_ENTROPY, SQUARED_ERROR, stack_batches
from plrnn_training.tasks.registry import make_task, task_of

VALUES = SQUARED_ERROR
CLASSES = CROSS_ENTROPY


class LastSign(Task):
    """Which of two sides the last number was on, asked at every step but the first; half of the trials are loud."""

    name, input_names, output_names = "last-sign", ("number",), ("below", "above")
    objective = CROSS_ENTROPY
    threshold, chance = 0.9, 0.5
    condition_names = ("quiet", "loud", "never drawn")
    probes = {"silence": (0.0,)}  # noqa: RUF012

    def sample(self, batch, generator):
        conditions = torch.randint(2, (batch,), generator=generator)
        numbers = torch.randn(batch, 6, 1, generator=generator) * (1.0 + 3.0 * conditions[:, None, None])
        mask = torch.ones(batch, 6)
        mask[:, 0] = 0.0
        targets = (numbers[..., 0] > 0).long().roll(1, dims=1)
        return Batch(numbers, targets, mask, conditions)


RECIPE = Recipe(iterations=300, batch=16, init="generic", validation_trials=50, test_trials=400, evaluations=3)


def test_squared_error_by_model_with_and_without_mask():
    rng = np.random.default_rng(0)
    outputs, targets = rng.normal(size=(2, 3, 5, 4, 2))
    square = (outputs - targets) ** 2
    mask = rng.random((3, 5, 4))
    full = rng.random((3, 5, 4, 2))
    as_tensors = [torch.from_numpy(a) for a in (outputs, targets)]
    np.testing.assert_allclose(VALUES.loss(*as_tensors, None), square.mean(axis=(1, 2, 3)))
    weighted = (mask[..., None] * square).sum(axis=(1, 2, 3)) / (2 * mask.sum(axis=(1, 2)))
    np.testing.assert_allclose(VALUES.score(*as_tensors, torch.from_numpy(mask)), weighted)
    weighted = (full * square).sum(axis=(1, 2, 3)) / full.sum(axis=(1, 2, 3))
    np.testing.assert_allclose(VALUES.loss(*as_tensors, torch.from_numpy(full)), weighted)
    at_the_end = VALUES.loss(as_tensors[0], as_tensors[1][:, :, -1], None)
    np.testing.assert_allclose(at_the_end, square[:, :, -1].mean(axis=(1, 2)))
    # One model alone has no leading axis, and its loss none either.
    assert VALUES.loss(as_tensors[0][0], as_tensors[1][0], None).item() == pytest.approx(square[0].mean())
    assert VALUES.loss(*as_tensors, torch.zeros(3, 5, 4)).tolist() == [0.0, 0.0, 0.0]


def test_cross_entropy_and_accuracy():
    rng = np.random.default_rng(1)
    logits = torch.from_numpy(rng.normal(size=(2, 5, 4, 3)))
    classes = torch.from_numpy(rng.integers(3, size=(2, 5, 4)))
    wanted = torch.nn.functional.cross_entropy(logits.flatten(0, 2), classes.flatten(), reduction="none")
    wanted = wanted.view(2, 5, 4)
    torch.testing.assert_close(CLASSES.loss(logits, classes, None), wanted.mean(dim=(1, 2)))
    mask = torch.from_numpy(rng.random((2, 5, 4)))
    torch.testing.assert_close(
        CLASSES.loss(logits, classes, mask), (mask * wanted).sum(dim=(1, 2)) / mask.sum(dim=(1, 2))
    )
    right = (logits.argmax(-1) == classes).double()
    torch.testing.assert_close(CLASSES.score(logits, classes, None), right.mean(dim=(1, 2)))
    at_the_end = CLASSES.score(logits, classes[..., -1], None)
    torch.testing.assert_close(at_the_end, right[..., -1].mean(dim=1))


@pytest.mark.parametrize(
    ("objective", "targets", "mask", "message"),
    [
        (VALUES, torch.zeros(5, 4, 3), None, r"targets must have shape \(5, 4, 2\), one value an output"),
        (VALUES, torch.zeros(5, 4), None, r"targets must have shape \(5, 2\)"),
        (CLASSES, torch.zeros(5, 3).long(), None, r"targets must have shape \(5, 4\), one class a step"),
        (VALUES, torch.zeros(5, 4, 2), torch.ones(5, 2), r"mask must have shape \(5, 4\), one weight a scored step"),
        (VALUES, torch.zeros(5, 4, 2), torch.ones(5, 4, 1), r"mask must have shape \(5, 4, 2\)"),
    ],
)
def test_shapes_that_do_not_fit_are_named(objective, targets, mask, message):
    with pytest.raises(ModelError, match=message):
        objective.loss(torch.zeros(5, 4, 2), targets, mask)


def test_batches_carry_what_they_have():
    task = LastSign()
    batches = [task.sample(4, torch.Generator().manual_seed(seed)) for seed in (0, 1)]
    stack = stack_batches(batches)
    assert stack.inputs.shape == (2, 4, 6, 1) and stack.mask.shape == (2, 4, 6) and stack.conditions.shape == (2, 4)
    chosen = batches[0].select(torch.tensor([2, 0]))
    assert torch.equal(chosen.targets, batches[0].targets[[2, 0]])
    assert batches[0].expand(3).mask.shape == (3, 4, 6)
    bare = stack_batches([Batch(b.inputs, b.targets) for b in batches]).to("cpu")
    assert bare.mask is None and bare.conditions is None


def test_a_task_needs_trials():
    class Nothing(Task):
        name, input_names, output_names = "nothing", (), ("zero",)

    with pytest.raises(TypeError, match="sample"):
        Nothing()


def test_defaults_say_nothing_that_is_not_known():
    class Plain(LastSign):
        threshold = None

    task, model = Plain(), plrnn_analysis.PLRNN.al_rnn([0.5], [[0.0]], [0.0], pwl_units=1)
    assert task.solved(0.95) is None and task.curriculum() == () and task.exact_score(model) is None
    assert task.metadata() == {"task": "last-sign"}
    assert LastSign().solved(0.95) and not LastSign().solved(0.9) and not LastSign().solved(float("nan"))


def test_a_task_of_classes_is_trained_scored_and_exported(tmp_path):
    task = LastSign()
    trainer = Trainer(task, [Member(0, 0), Member(2, 0)], 6, RECIPE)
    models = train_in(tmp_path, trainer, Console(quiet=True))
    write_summary(tmp_path / "summary.json", models, task, {})
    row = json.loads((tmp_path / "summary.json").read_text())["models"][1]
    assert row["test_accuracy"] > 0.9 and row["solved"] is True
    by_condition = row["by_condition"]
    assert list(by_condition) == ["quiet", "loud"]
    model = plrnn_analysis.load(tmp_path / row["checkpoint"])
    assert model.metadata["probes"] == {"silence": [0.0]}
    batch = trainer._test_trials()
    answers = model.run(batch.inputs.numpy().astype(np.float64)).outputs.argmax(-1)
    right = (answers == batch.targets.numpy())[:, 1:]
    assert right.mean() == pytest.approx(row["test_accuracy"], abs=2e-3)
    for index, name in enumerate(by_condition):
        own = right[batch.conditions.numpy() == index]
        assert own.mean() == pytest.approx(by_condition[name], abs=4e-3)


def test_sentences_without_a_threshold(tmp_path):
    class Plain(LastSign):
        threshold = None

    trainer = Trainer(Plain(), [Member(1, 0), Member(1, 1)], 4, Recipe(iterations=2, batch=4, test_trials=20))
    models = train_in(tmp_path, trainer, Console(quiet=True))
    (sentence,) = rate_sentences(models, trainer.task, trainer.recipe)
    assert "over 2 seeds" in sentence and "solved" not in sentence
    better = max(models, key=lambda m: m.validation_score)
    assert f"{better.test_score:.3g} for the one chosen on validation trials" in sentence


@pytest.mark.parametrize(("name", "variant"), [("copy", "fixed"), ("contextual", "paper"), ("cognitive", "hard")])
def test_the_task_of_a_network_is_read_from_its_checkpoint(name, variant):
    task = make_task(name, variant)
    stack = task.new_stack(6, [2], "leaky", [torch.Generator().manual_seed(0)])
    network = to_plrnn(stack.member(0))
    assert task_of(network) is None
    network.metadata["training"] = {**task.metadata(), "seed": 0}
    found = task_of(network)
    assert found is not None and found.metadata() == task.metadata()
    network.metadata["training"]["task"] = "something of my own"
    assert task_of(network) is None
    network.metadata["training"] = {"task": name, "seed": 0}
    with pytest.raises(ModelError, match="settings or data"):
        task_of(network)


def test_a_task_behind_an_encoder_is_not_taken_for_one_of_the_core():
    task = make_task("sentiment")
    stack = task.new_stack(6, [2], "leaky", [torch.Generator().manual_seed(0)])
    (core,) = stack.cores.values()
    network = to_plrnn(core.member(0))
    network.metadata["training"] = dict(task.metadata())
    with pytest.raises(ModelError, match="another network"):
        task_of(network)
