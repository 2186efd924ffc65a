"""Trials of the user's own: what the arrays may look like, what is refused, and how they become a task."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import plrnn_analysis
from plrnn_analysis.cli import app
from plrnn_analysis.errors import ModelError
from plrnn_training.tasks import TrialsTask
from plrnn_training.trials import Trials, read_trials

RNG = np.random.default_rng(0)


def plrnn(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def running_sum(n=40, n_steps=8):
    inputs = np.random.default_rng(1).normal(size=(n, n_steps, 2))
    return inputs, inputs.cumsum(axis=1)[..., :1]


class TestArrays:
    def test_plain_values(self):
        inputs, targets = running_sum()
        trials = Trials.build(inputs, targets)
        np.testing.assert_array_equal(trials.inputs, inputs)
        np.testing.assert_array_equal(trials.targets, targets)
        np.testing.assert_array_equal(trials.mask, np.ones((40, 8)))
        assert trials.input_names == ("input 1", "input 2") and trials.output_names == ("output 1",)
        assert not trials.classes and trials.notes == () and trials.conditions is None

    def test_one_channel_and_one_output_need_no_axis(self):
        inputs, targets = running_sum()
        trials = Trials.build(inputs[..., 0], targets[..., 0])
        assert trials.inputs.shape == (40, 8, 1) and trials.targets.shape == (40, 8, 1)
        assert "one channel" in trials.notes[0]

    def test_values_wanted_at_the_last_step_of_trials_of_unequal_length(self):
        inputs = np.ones((3, 5, 1))
        for targets in (np.array([1.0, 2.0, 3.0]), np.array([[1.0, -1.0], [2.0, -2.0], [3.0, -3.0]])):
            trials = Trials.build(inputs, targets, lengths=[5, 2, 3])
            np.testing.assert_array_equal(np.argmax(trials.mask, axis=1), [4, 1, 2])
            assert trials.mask.sum() == 3
            np.testing.assert_array_equal(trials.targets[[0, 1, 2], [4, 1, 2]], targets.reshape(3, -1))
        np.testing.assert_array_equal(trials.inputs[1, :, 0], [1, 1, 0, 0, 0])

    def test_padding_is_told_by_lengths_by_nan_or_by_a_list(self):
        inputs, targets = running_sum(n=3)
        lengths = [8, 5, 6]
        padded = inputs.copy()
        for row, length in zip(padded, lengths):
            row[length:] = np.nan
        ragged = [row[:length] for row, length in zip(inputs, lengths)]
        made = [
            Trials.build(inputs, targets, lengths=lengths),
            Trials.build(padded, targets),
            Trials.build(ragged, targets),
        ]
        for trials in made:
            np.testing.assert_array_equal(trials.lengths, lengths)
            np.testing.assert_array_equal(trials.inputs, made[0].inputs)
            np.testing.assert_array_equal(trials.mask.sum(axis=1), lengths)

    def test_missing_targets_are_not_scored(self):
        inputs, _ = running_sum(n=4)
        targets = RNG.normal(size=(4, 8, 2))
        targets[0, 3] = np.nan
        trials = Trials.build(inputs, targets)
        assert trials.mask.shape == (4, 8) and trials.mask[0, 3] == 0 and trials.mask.sum() == 31
        targets[1, 2, 1] = np.nan
        mask = np.full((4, 8), 2.0)
        trials = Trials.build(inputs, targets, mask=mask)
        assert trials.mask.shape == (4, 8, 2) and trials.mask.sum() == 2 * (64 - 3)
        assert np.isfinite(trials.targets).all()
        targets[2] = np.nan
        trials = Trials.build(inputs, targets, conditions=["a", "b", "c", "b"])
        assert len(trials) == 3 and "1 of 4 trials have nothing that is scored" in trials.notes[0]
        np.testing.assert_array_equal(trials.conditions, [0, 1, 1])

    def test_labels(self):
        inputs, _ = running_sum(n=4)
        trials = Trials.build(inputs, labels=["left", "right", "left", ""])
        assert trials.classes and trials.output_names == ("left", "right") and len(trials) == 3
        np.testing.assert_array_equal(trials.targets[:, -1], [0, 1, 0])
        np.testing.assert_array_equal(trials.mask.sum(axis=1), [1, 1, 1])
        by_step = np.full((4, 8), -1)
        by_step[:, 3:5] = [[7, 7], [7, 9], [9, 9], [7, 9]]
        trials = Trials.build(inputs, labels=by_step)
        assert trials.output_names == ("class 7", "class 9") and trials.mask.sum() == 8
        np.testing.assert_array_equal(trials.targets[:, 3:5], [[0, 0], [0, 1], [1, 1], [0, 1]])
        named = Trials.build(inputs, labels=[0, 2, 0, 2], output_names=["a", "b", "c"])
        assert named.output_names == ("a", "b", "c") and named.targets.max() == 2
        integers = Trials.build(inputs, targets=np.array([1, 0, 1, 0]))
        assert integers.classes and "read as classes" in integers.notes[0]

    def test_conditions(self):
        inputs, targets = running_sum(n=4)
        trials = Trials.build(inputs, targets, conditions=[3, 1, 1, 3])
        assert trials.condition_names == ("condition 1", "condition 3")
        trials = Trials.build(inputs, targets, conditions=[[1], [0], [0], [1]], condition_names=["go", "stop"])
        assert trials.condition_names == ("go", "stop")
        np.testing.assert_array_equal(trials.conditions, [1, 0, 0, 1])

    @pytest.mark.parametrize(
        ("arrays", "message"),
        [
            ({}, "targets .values. or labels .classes."),
            ({"targets": np.zeros((4, 8, 1)), "labels": [0, 1, 0, 1]}, "one of the two"),
            ({"targets": np.zeros((4, 7, 1))}, r"\(4, 8, N\).*got \(4, 7, 1\)"),
            ({"targets": np.zeros((3, 8, 1))}, r"got \(3, 8, 1\)"),
            ({"targets": np.full((4, 8, 1), np.nan)}, "nothing is scored"),
            ({"targets": np.full((4, 8, 1), np.inf)}, "targets holds infinite values"),
            ({"targets": np.array([["a"] * 8] * 4)}, "real numbers"),
            ({"labels": [0, 0, 0, 0]}, "at least two classes, got 1"),
            ({"labels": [0.5, 1.0, 0.0, 1.0]}, "whole numbers or text"),
            ({"labels": [0, 3, 0, 1], "output_names": ["a", "b"]}, r"0\.\.1"),
            ({"labels": np.zeros((4, 7))}, r"\(4,\) or \(4, 8\)"),
            ({"targets": np.zeros((4, 8, 1)), "mask": np.ones((4, 7))}, r"mask must have shape \(4, 8\) or"),
            ({"targets": np.zeros((4, 8, 1)), "mask": -np.ones((4, 8))}, "weights >= 0"),
            ({"targets": np.zeros((4, 8, 1)), "lengths": [8, 8, 9, 8]}, r"1\.\.8"),
            ({"targets": np.zeros((4, 8, 1)), "lengths": [8, 8]}, "4 whole numbers"),
            ({"targets": np.zeros((4, 8, 1)), "conditions": ["a"]}, "one per trial"),
            ({"targets": np.zeros((4, 8, 1)), "condition_names": ["a"]}, "condition_names need conditions"),
            ({"targets": np.zeros((4, 8, 1)), "input_names": ["a"]}, "input_names must be 2 texts"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, arrays, message):
        with pytest.raises(ModelError, match=message):
            Trials.build(np.ones((4, 8, 2)), **arrays)

    def test_gaps_in_the_inputs_are_refused(self):
        inputs, targets = running_sum(n=4)
        inputs[2, 3, 1] = np.nan
        with pytest.raises(ModelError, match="trial 2, step 3, channel 1"):
            Trials.build(inputs, targets)
        inputs[2] = np.nan
        with pytest.raises(ModelError, match="trial 2 has no inputs"):
            Trials.build(inputs, targets)


class TestFiles:
    def test_aliases_and_what_is_left_over(self, tmp_path):
        inputs, targets = running_sum()
        np.savez(tmp_path / "a.npz", X=inputs, y=targets, output_mask=np.ones((40, 8)), comment="made by hand")
        trials = read_trials(tmp_path / "a.npz")
        assert trials.notes == ("not used: comment",)
        np.testing.assert_array_equal(trials.targets, targets)

    def test_a_directory_and_a_matlab_file_say_the_same(self, tmp_path):
        import scipy.io

        inputs, _ = running_sum(n=6)
        labels = np.array([1.0, 2.0, 1.0, 2.0, 2.0, 1.0])
        (tmp_path / "folder").mkdir()
        np.save(tmp_path / "folder" / "inputs.npy", inputs)
        np.save(tmp_path / "folder" / "labels.npy", labels)
        scipy.io.savemat(tmp_path / "trials.mat", {"inputs": inputs, "labels": labels[:, None]})
        a, b = read_trials(tmp_path / "folder"), read_trials(tmp_path / "trials.mat")
        np.testing.assert_array_equal(a.inputs, b.inputs)
        np.testing.assert_array_equal(a.targets, b.targets)
        assert a.output_names == b.output_names == ("class 1", "class 2")

    def test_python_objects_are_never_unpickled(self, tmp_path):
        inputs, targets = running_sum(n=2)
        ragged = np.empty(2, dtype=object)
        ragged[:] = [inputs[0], inputs[1, :4]]
        np.savez(tmp_path / "ragged.npz", inputs=ragged, targets=targets)
        with pytest.raises(ModelError, match=r"inputs holds Python objects.*lengths"):
            read_trials(tmp_path / "ragged.npz")
        # Beside what is used they do no harm.
        np.savez(tmp_path / "beside.npz", inputs=inputs, targets=targets, log=ragged)
        assert read_trials(tmp_path / "beside.npz").notes == ("not used: log",)

    def test_refusals_name_the_file(self, tmp_path):
        inputs, targets = running_sum(n=4)
        with pytest.raises(ModelError, match=r"none\.npz: there is no such file"):
            read_trials(tmp_path / "none.npz")
        np.savez(tmp_path / "names.npz", data=inputs, targets=targets)
        with pytest.raises(ModelError, match=r"names\.npz: no inputs among data, targets"):
            read_trials(tmp_path / "names.npz")
        np.savez(tmp_path / "twice.npz", inputs=inputs, x=inputs, targets=targets)
        with pytest.raises(ModelError, match="inputs and x both mean inputs"):
            read_trials(tmp_path / "twice.npz")
        (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04" + struct.pack("<20x"))
        with pytest.raises(ModelError, match=r"broken\.npz: not readable"):
            read_trials(tmp_path / "broken.npz")
        (tmp_path / "table.csv").write_text("1,2\n")
        with pytest.raises(ModelError, match=r"directories of \.npy files"):
            read_trials(tmp_path / "table.csv")


class TestTask:
    def test_parts_are_disjoint_and_take_their_share_of_every_condition(self):
        conditions = np.repeat(["a", "b", "c"], [60, 30, 10])
        trials = Trials.build(np.ones((100, 4, 1)), RNG.normal(size=(100, 4, 1)), conditions=conditions)
        parts = TrialsTask(trials, validation=0.2, test=0.1).parts
        assert {name: len(rows) for name, rows in parts.items()} == {"training": 70, "validation": 20, "test": 10}
        assert sorted(np.concatenate(list(parts.values()))) == list(range(100))
        assert np.bincount(trials.conditions[parts["test"]]).tolist() == [6, 3, 1]
        assert np.bincount(trials.conditions[parts["validation"]]).tolist() == [12, 6, 2]

    def test_what_is_held_out_is_never_trained_on(self):
        trials = Trials.build(np.arange(20.0)[:, None, None] + np.zeros((20, 3, 1)) + 1, np.ones((20, 3, 1)))
        task = TrialsTask(trials)
        drawn = task.sample(500, torch.Generator()).inputs
        for part in ("validation", "selection", "test"):
            assert not set(task.held_out(part, 9, torch.Generator()).inputs.unique().tolist()) & set(
                drawn.unique().tolist()
            )

    def test_too_few_trials(self):
        with pytest.raises(ModelError, match="at least three trials"):
            TrialsTask(Trials.build(np.ones((2, 3, 1)), np.ones((2, 3, 1))))
        with pytest.raises(ModelError, match="leave none of 4 to train on"):
            TrialsTask(Trials.build(np.ones((4, 3, 1)), np.ones((4, 3, 1))), validation=0.5, test=0.5)

    def test_chance(self):
        values = np.repeat([0.0, 2.0], 50)[:, None, None] * np.ones((100, 3, 1))
        task = TrialsTask(Trials.build(np.ones((100, 3, 1)), values, conditions=values[:, 0, 0]))
        assert task.chance == pytest.approx(1.0, rel=0.05)
        labels = np.repeat([0, 1], [75, 25])
        task = TrialsTask(Trials.build(np.ones((100, 3, 1)), labels=labels, conditions=labels), test=0.4)
        assert task.chance == pytest.approx(0.75)


TINY = ["--units", "6", "--iterations", "40", "--batch", "8", "--seeds", "2", "--pwl-units", "0,2"]


def save_trials(path, scale=1.0):
    inputs, targets = running_sum(n=60)
    conditions = np.where(targets[:, -1, 0] > 0, "up", "down")
    lengths = np.where(np.arange(60) % 2, 8, 5)
    arrays = {"inputs": scale * inputs, "targets": 1000 + 50 * targets, "conditions": conditions, "lengths": lengths}
    np.savez(path, **arrays, input_names=["signal", "distractor"], output_names=["sum"])
    return arrays


def test_train_on_a_file(tmp_path):
    arrays = save_trials(tmp_path / "trials.npz", scale=30.0)
    done = plrnn("train", tmp_path / "trials.npz", *TINY, "--iterations", "300", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    text = " ".join(done.output.split())
    assert "60 trials of 2 conditions, 2 inputs, 1 output; 42 for training, 9 for validation, 9 for the test" in text
    assert "Chosen on the validation trials" in text and "By condition: down" in text
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    (row,) = [row for row in summary["models"] if row["displayed"]]
    assert row["solved"] is None and row["test_mse"] < 0.1 * summary["chance"]
    # The checkpoint takes and gives the file's own units.
    model = plrnn_analysis.load(tmp_path / "out" / row["checkpoint"])
    assert model.metadata["input_names"] == ["signal", "distractor"]
    test = summary["held_out"]["test"]
    errors = (model.run(arrays["inputs"][test]).outputs - arrays["targets"][test]) ** 2
    inside = np.arange(8) < arrays["lengths"][test][:, None]
    assert errors[inside].mean() == pytest.approx(row["test_mse"], rel=1e-3)
    for name, score in row["by_condition"].items():
        own = arrays["conditions"][test] == name
        assert errors[own][inside[own]].mean() == pytest.approx(score, rel=1e-3)


def test_units_of_the_data_do_not_matter(tmp_path):
    rows = []
    for name, scale in (("small", 1.0), ("large", 2.0**20)):
        save_trials(tmp_path / f"{name}.npz", scale)
        done = plrnn("train", tmp_path / f"{name}.npz", *TINY, "--out", tmp_path / name)
        assert done.exit_code == 0, done.output
        rows.append(json.loads((tmp_path / name / "summary.json").read_text())["models"])
    for a, b in zip(*rows):
        assert a["test_mse"] == b["test_mse"]


def test_resume_refuses_other_trials(tmp_path):
    save_trials(tmp_path / "trials.npz")
    arguments = ["train", "trials", tmp_path / "trials.npz", *TINY, "--out", tmp_path / "out"]
    assert plrnn(*arguments).exit_code == 0
    again = plrnn(*arguments, "--resume")
    assert again.exit_code == 0 and "resumed at iteration 40 of 40" in again.output
    save_trials(tmp_path / "trials.npz", scale=2.0)
    other = plrnn(*arguments, "--resume")
    assert other.exit_code == 2 and "other settings: data was" in " ".join(other.output.split())


def test_classes_at_the_command_line(tmp_path):
    inputs, targets = running_sum(n=60)
    labels = np.where(targets[:, -1, 0] > 0, "up", "down")
    np.savez(tmp_path / "t.npz", inputs=inputs, labels=labels)
    done = plrnn("train", tmp_path / "t.npz", *TINY, "--solved-at", "0.2", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    text = " ".join(done.output.split())
    assert "2 classes" in text and "read as wanted at the last step" in text and "the most frequent class alone" in text
    rows = json.loads((tmp_path / "out" / "summary.json").read_text())["models"]
    assert all(row["solved"] == (row["test_accuracy"] > 0.2) for row in rows)
    model = plrnn_analysis.load(tmp_path / "out" / rows[0]["checkpoint"])
    assert model.metadata["output_names"] == ["down", "up"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.npz"], "nothing.npz: there is no such file"),
        (["nothing"], "nothing: there is no such file"),
        (["contextual"], "contextual is no file but a task: train on it by plrnn sweep contextual"),
        (["trials.npz", "--test", "1"], "test must be a number"),
        (["trials.npz", "--pwl-units", "7"], "pwl_units must be a whole number in 0..6"),
        (["--resume"], "Missing argument"),
    ],
)
def test_mistakes_at_the_command_line(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    save_trials(tmp_path / "trials.npz")
    done = plrnn("train", *arguments[:1], *TINY, *arguments[1:], "--out", "out")
    assert done.exit_code == 2
    assert message in " ".join(done.output.split()) and "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


def test_the_group_still_has_its_help_and_its_tasks():
    assert "addition" in plrnn("train", "--help").output
    assert "--marks" in plrnn("train", "addition", "--help").output
    assert "--solved-at" in plrnn("train", "trials", "--help").output
    assert "--solved-at" in plrnn("train", "my.npz", "--help").output
