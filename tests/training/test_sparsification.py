"""ReLUs that go one by one: replacements, what counts as kept, the path, its files and its limits."""

from __future__ import annotations

import csv
import json
import os
import signal
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import plrnn_analysis
from plrnn_analysis import PLRNN
from plrnn_analysis.cli import app
from plrnn_analysis.errors import CheckpointError, ModelError, PLRNNError
from plrnn_training import Batch, Member, Recipe, SparsifySettings, Task, Trainer, sparsify
from plrnn_training.runs import Interrupted
from plrnn_training.sparsification import sparsify_in
from plrnn_training.sparsification.free_runs import occupancy_divergence
from plrnn_training.sparsification.keeping import Reference
from plrnn_training.sparsification.replacing import closed_form, possible_replacements, replaced, visited_states
from plrnn_training.sparsification.story import sentences
from plrnn_training.tasks import TrialsTask
from plrnn_training.trials import Trials

QUICK = SparsifySettings(iterations=40, windows=200, window=10, branches=2, attempts=1)


def switch(extra=2):
    """The choice between two, with linear and ReLU units that do next to nothing beside it: three fixed points."""
    m = 2 + extra
    A, W, h = np.full(m, 0.5), np.zeros((m, m)), np.ones(m)
    W[0, 1] = W[1, 0] = -1.0
    W[0, 2:], h[2:] = 0.01, 0.3
    B, b = np.eye(2, m), np.zeros(2)
    return PLRNN.al_rnn(A, W, h, relu_units=range(m), B=B, b=b)


def relu_rnn(rng, m=4):
    return PLRNN.relu_rnn(
        0.6 * rng.normal(size=(m, m)),
        rng.normal(size=m),
        W_ih=rng.normal(size=(m, 2)),
        B=rng.normal(size=(1, m)),
        b=[0.3],
    )


def drawn(kind, rng):
    if kind == "al_rnn":
        m, units = 5, (0, 2, 4)
        weights = {"A": rng.uniform(0, 0.6, m), "W": 0.4 * rng.normal(size=(m, m)), "h": rng.normal(size=m)}
        return PLRNN.al_rnn(**weights, relu_units=units, C=rng.normal(size=(m, 2)), B=np.eye(m))
    if kind == "full A":
        weights = {"A": 0.3 * rng.normal(size=(3, 3)), "W": 0.4 * rng.normal(size=(3, 3)), "h": rng.normal(size=3)}
        return PLRNN.al_rnn(**weights, pwl_units=2, C=rng.normal(size=(3, 2)))
    return relu_rnn(rng)


class TestReplacing:
    @pytest.mark.parametrize("kind", ["al_rnn", "full A", "relu_rnn"])
    def test_a_replaced_relu_is_the_line_and_the_deviation_is_what_it_changes(self, kind):
        rng = np.random.default_rng(3)
        network = closed_form(drawn(kind, rng))
        labels = tuple(range(network.pwl_units)) if network.relu_units is None else network.relu_units
        visited = visited_states(network, rng.normal(size=(6, 20, 2)), None)
        spread = np.sqrt(visited.states.var(axis=0).sum())
        found = possible_replacements(network, labels, visited)
        assert {r.kind for r in found} == {"linear", "off", "fitted"}
        assert [r.deviation for r in found] == sorted(r.deviation for r in found)
        map = network.map
        for r in found:
            after, left = replaced(network, labels, r)
            assert left == tuple(i for i in labels if i != r.unit) and after.pwl_units == len(left)
            y = visited.states @ map.V.T + visited.inputs @ map.E.T + map.c
            x = np.maximum(y, 0)
            index = labels.index(r.unit)
            x[:, index] = r.slope * y[:, index] + r.offset
            by_hand = visited.states @ map.A.T + x @ map.W.T + map.h + visited.inputs @ map.C.T
            steps = after.map.step(visited.states, visited.inputs)
            np.testing.assert_allclose(steps, by_hand, atol=1e-12)
            change = steps - map.step(visited.states, visited.inputs)
            assert np.sqrt((change**2).sum(axis=1).mean()) / spread == pytest.approx(r.deviation, rel=1e-9)
            if kind == "al_rnn" and r.kind != "fitted":
                ablated = network.ablate(r.unit, r.kind)
                np.testing.assert_array_equal(after.map.step(visited.states), ablated.map.step(visited.states))
            fitted = [f for f in found if f.unit == r.unit and f.kind == "fitted"]
            assert all(f.deviation <= r.deviation for f in fitted)

    def test_padding_is_not_visited(self):
        rng = np.random.default_rng(3)
        network, inputs = drawn("al_rnn", rng), rng.normal(size=(2, 9, 2))
        initial = rng.normal(size=(2, network.n_units))
        found = visited_states(network, inputs, initial, np.array([9, 4]))
        alone = [visited_states(network, inputs[i, None, :n], initial[i, None]) for i, n in enumerate((9, 4))]
        np.testing.assert_array_equal(found.states, np.concatenate([own.states for own in alone]))
        np.testing.assert_array_equal(found.inputs, np.concatenate([own.inputs for own in alone]))

    @pytest.mark.parametrize("kind", ["al_rnn", "full A", "relu_rnn"])
    def test_the_closed_form_is_the_same_map(self, kind):
        rng = np.random.default_rng(4)
        network = drawn(kind, rng)
        same = closed_form(network)
        inputs = rng.normal(size=(3, 10, 2))
        np.testing.assert_allclose(same.run(inputs).states, network.run(inputs).states, rtol=1e-12)
        assert same.B is not None and same.architecture == ("al_rnn" if kind == "al_rnn" else "shallow")


class TestKeeping:
    outputs = np.array([[-2.0, -2.0], [2.0, 2.0]])

    def compare(self, other, **options):
        given = {"probes": {"zero": []}, "outputs": self.outputs, "margin": 0.5, "tolerance": 0.25, "time_limit": 10.0}
        return Reference(switch(), **{**given, **options}).compare(other)

    def test_itself_keeps_everything(self):
        kept = self.compare(switch())
        assert kept.everything and (kept.wanted, kept.kept, kept.differences) == (3, 3, 0) and kept.complete

    def test_lost_changed_and_new_points_are_counted(self):
        network = switch()
        one_left = network.with_parameters(W=0.4 * network.parameters["W"])  # the saddle has become stable
        kept = self.compare(one_left)
        assert (kept.wanted, kept.kept, kept.changed, kept.lost, kept.new) == (3, 0, 1, 2, 0)
        backwards = Reference(one_left, {"zero": []}, self.outputs, 0.5, 0.25, 10.0).compare(network)
        assert (backwards.wanted, backwards.changed, backwards.lost, backwards.new) == (1, 1, 0, 2)

    def test_stability_counts(self):
        network = switch()
        A = network.parameters["A"].copy()
        A[3] = -1.5  # its own unit oscillates away: same points in the outputs, one more unstable direction
        other = network.with_parameters(A=A, W=np.where(np.arange(4) == 3, 0.0, network.parameters["W"]))
        kept = self.compare(other)
        assert (kept.kept, kept.changed) == (0, 3) and not kept.everything

    def test_points_beyond_the_range_do_not_count(self):
        assert self.compare(switch(), outputs=np.array([[1.5, -2.5], [2.5, -1.5]]), margin=0.1).wanted == 1


class TestFreeRuns:
    def test_divergence(self):
        rng = np.random.default_rng(0)
        points = rng.normal(size=(3000, 3))
        scale = np.ones(3)
        assert occupancy_divergence(points, points, scale) == 0.0
        assert occupancy_divergence(points, rng.normal(size=(3000, 3)), scale) < 0.3
        still = np.zeros((50, 3))
        # A scale away in every channel: 1 / (2 · .25²).
        assert occupancy_divergence(still, still + 1.0, scale) == pytest.approx(8.0)
        assert occupancy_divergence(still, still + 1.0, 10 * scale) == pytest.approx(0.08)
        assert occupancy_divergence(points, still, scale) > 4
        assert occupancy_divergence(points, points * np.inf, scale) == np.inf


class TestPath:
    def test_what_does_nothing_goes_and_what_is_needed_stays(self):
        found = sparsify(switch(), settings=QUICK)
        assert found.pwl_units == 2 and found.network.relu_units == (0, 1)
        assert [level.pwl_units for level in found] == [3, 2, 1]
        assert [level.chosen is None for level in found] == [False, False, True]
        assert {level.best.unit for level in found[:2]} == {2, 3}
        judged = found[1].best.judgement
        assert (judged.kept, judged.wanted, judged.new, judged.complete) == (3, 3, 0, True)
        assert len(found.network.fixed_points()) == 3
        assert found.test_score < 0.05
        broken = found[2].best.judgement
        assert not broken.keeps and broken.kept < 3
        table = found.table()
        assert table["pwl_units"] == [3, 2, 1] and table.claim == "P from 4 to 2" and len(repr(found)) < 200
        assert len(found.branches()["unit"]) == sum(len(level.branches) for level in found)

    def test_other_architectures_and_missing_readouts(self):
        W = np.zeros((4, 4))
        W[0, 1] = W[1, 0] = -2.0
        W[2, 0] = 0.01
        network = PLRNN.relu_rnn(W, [1.0, 1.0, 0.4, 0.3])
        found = sparsify(network, settings=replace(QUICK, lowest=2))
        assert found.pwl_units == 2 and found.network.architecture == "shallow"
        assert [p.spectral_radius < 1 for p in found.network.fixed_points()].count(True) == 2

    def test_direct_training_beside_it(self):
        settings = replace(QUICK, lowest=3, compare_seeds=3, compare_iterations=20)
        direct = sparsify(switch(), settings=settings).direct
        assert (direct.pwl_units, direct.iterations, direct.seeds) == (3, 20, (0, 1, 2))
        assert direct.successes == sum(j.keeps for j in direct.judgements)
        assert all(np.isfinite(j.score) for j in direct.judgements)

    def test_trials_in_their_own_units(self):
        rng = np.random.default_rng(0)
        inputs = 40.0 * rng.normal(size=(60, 8, 2))
        network = relu_rnn(np.random.default_rng(1))
        network = PLRNN.relu_rnn(
            network.parameters["W_hh"],
            network.parameters["bias"],
            network.parameters["W_ih"] / 40,
            1000 * network.B,
            [5000.0],
        )
        task = TrialsTask(Trials.build(inputs, network.run(inputs).outputs + 3 * rng.normal(size=(60, 8, 1))))
        found = sparsify(network, task, replace(QUICK, lowest=3, largest_loss=0.5))
        assert found.original.divergence_limit is None and found.original.task == "trials"
        rows = task.parts["validation"]
        assert found.original.score == pytest.approx(9.0, rel=0.5)
        last = found[-1].best
        wanted = network.run(inputs).outputs[rows]
        error = ((last.network.run(inputs).outputs[rows] - wanted) ** 2).mean()
        assert last.judgement.score == pytest.approx(error, rel=0.5)

    def test_a_task_of_other_sizes_is_refused(self):
        task = TrialsTask(Trials.build(np.ones((5, 3, 2)), np.ones((5, 3, 1))))
        with pytest.raises(ModelError, match="0 inputs and 2 outputs, the task 2 and 1"):
            sparsify(switch(), task, QUICK)

    def test_a_network_that_always_diverges_is_refused(self):
        with pytest.raises(ModelError, match="every free run of the network"):
            sparsify(PLRNN.al_rnn([3.0, 3.0], np.zeros((2, 2)), [1.0, 1.0], pwl_units=1), settings=QUICK)

    def test_a_network_that_always_comes_to_rest_at_one_point_is_refused(self):
        still = PLRNN.al_rnn([0.5, 0.5], [[0, 0.1], [0.1, 0]], [1.0, 1.0], pwl_units=1, B=np.eye(2), b=np.zeros(2))
        with pytest.raises(ModelError, match="comes to rest at the same point"):
            sparsify(still, settings=QUICK)

    @pytest.mark.parametrize(
        ("setting", "message"),
        [({"iterations": 0}, "iterations"), ({"lr": 0.0}, "lr"), ({"compare_init": "x"}, "compare_init")],
    )
    def test_settings_out_of_range(self, setting, message):
        with pytest.raises(ModelError, match=message):
            SparsifySettings(**setting)


class TestFiles:
    def test_resumed_run_ends_as_an_uninterrupted_one(self, tmp_path):
        network = switch()
        whole = sparsify_in(tmp_path / "whole", network, settings=QUICK)
        sparsify_in(tmp_path / "parts", network, settings=replace(QUICK, lowest=3))
        with pytest.raises(PLRNNError, match="--resume"):
            sparsify_in(tmp_path / "parts", network, settings=QUICK)
        parts = sparsify_in(tmp_path / "parts", network, settings=QUICK, resume=True)
        assert parts.pwl_units == whole.pwl_units
        for name in ("W", "A", "h"):
            np.testing.assert_array_equal(parts.network.parameters[name], whole.network.parameters[name])
        records = [json.loads((tmp_path / d / "sparsify.json").read_text()) for d in ("whole", "parts")]
        assert records[0]["levels"] == records[1]["levels"]
        with pytest.raises(CheckpointError, match="iterations was 40, is 41"):
            sparsify_in(tmp_path / "parts", network, settings=replace(QUICK, iterations=41), resume=True)
        with pytest.raises(CheckpointError, match="network was"):
            sparsify_in(tmp_path / "parts", switch(3), settings=QUICK, resume=True)

    def test_ctrl_c_keeps_the_levels_that_were_done(self, tmp_path):
        def press(what, share):
            if what.startswith("P = 2: training") and share > 0.4:
                os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(Interrupted, match=r"P = 2.*--resume"):
            sparsify_in(tmp_path, switch(), settings=QUICK, on_progress=press)
        assert len(json.loads((tmp_path / "sparsify.json").read_text())["levels"]) == 1

    def test_command_line(self, tmp_path):
        network = switch()
        network.metadata.update(output_names=["left", "right"])
        plrnn_analysis.save(network, tmp_path / "switch.safetensors")
        command = ["sparsify", tmp_path / "switch.safetensors", "--out", tmp_path / "out", "--iterations", 40]
        command += ["--branches", 2, "--compare-seeds", 2, "--compare-iterations", 10]
        done = CliRunner().invoke(app, [str(word) for word in command])
        assert done.exit_code == 0, done.output
        text = " ".join(done.output.split())
        assert (
            "P falls from 4 to 2" in text and "P = 1 breaks in all" in text and "0 of 2 seeds keep the dynamics" in text
        )
        record = json.loads((tmp_path / "out" / "sparsify.json").read_text())
        assert record["smallest_pwl_units"] == 2 and record["original"]["complete"] is True
        smallest = plrnn_analysis.load(tmp_path / "out" / record["smallest_checkpoint"])
        assert smallest.relu_units == (0, 1) and smallest.metadata["output_names"] == ["left", "right"]
        assert smallest.metadata["sparsified"]["from_pwl_units"] == 4
        with (tmp_path / "out" / "sparsify.csv").open() as file:
            rows = list(csv.DictReader(file))
        branches = [branch for level in record["levels"] for branch in level["branches"]]
        assert len(rows) == len(branches) and all((tmp_path / "out" / b["checkpoint"]).exists() for b in branches)
        assert [row["kept"] for row in rows] == [str(b["kept"]) for b in branches]
        assert (tmp_path / "out" / "sparsify.png").read_bytes()[:4] == b"\x89PNG"
        assert (tmp_path / "out" / "story.txt").read_text().startswith("The original has 4 ReLUs and 3 fixed points")
        again = CliRunner().invoke(app, [str(word) for word in command])
        assert again.exit_code == 2 and "--overwrite" in again.output


class DoubleWell(Task):
    """Windows of x'' = x - x³ - x' / 2 from many starts; the first two units are position and velocity."""

    name, input_names, output_names, chance = "double well", (), ("x", "v"), 1.0

    def __init__(self, n_units, steps=30):
        rng = np.random.default_rng(0)
        v, dt = rng.uniform([-1.6, -1.2], [1.6, 1.2], (200, 2)), 0.01
        series = []
        for step in range(2000):
            if step % 10 == 0:
                series.append(v)
            middle = v + dt / 2 * self.velocity(v)
            v = v + dt * self.velocity(middle)
        series = np.array(series).transpose(1, 0, 2)
        self.series = torch.tensor((series - series.mean((0, 1))) / series.std((0, 1)), dtype=torch.float32)
        self.n_units, self.steps = n_units, steps

    @staticmethod
    def velocity(v):
        return np.stack([v[:, 1], v[:, 0] - v[:, 0] ** 3 - 0.5 * v[:, 1]], axis=1)

    def sample(self, batch, generator):
        rows = torch.randint(len(self.series), (batch, 1), generator=generator)
        first = torch.randint(self.series.shape[1] - self.steps - 1, (batch, 1), generator=generator)
        window = self.series[rows, first + torch.arange(self.steps + 1)]
        initial = torch.zeros(batch, self.n_units)
        initial[:, :2] = window[:, 0]
        return Batch(torch.zeros(batch, self.steps, 0), window[:, 1:], initial=initial)


@pytest.mark.slow
def test_a_double_well_needs_two_relus_of_ten():
    task = DoubleWell(14)
    recipe = Recipe(
        iterations=4000, batch=32, lr=5e-3, hold=0.3, final_lr=0.01, evaluations=4, init="data_gates", curriculum=0.0
    )
    trainer = Trainer(task, [Member(10, seed) for seed in range(4)], 14, recipe)
    trainer.run()
    networks = [trainer.network(index) for index in range(4)]
    kinds = [sorted(p.spectral_radius < 1 for p in network.fixed_points()) for network in networks]
    parents = [network for network, kind in zip(networks, kinds) if kind == [False, True, True]]
    assert parents
    found = sparsify(parents[0], settings=SparsifySettings(compare_seeds=10))
    assert found.pwl_units <= 3 and found.original.complete
    assert sorted(p.spectral_radius < 1 for p in found.network.fixed_points())[-2:] == [True, True]
    # Training from scratch succeeds less surely than the path did.
    assert found.direct.successes < 10


def test_the_story_counts_one_and_many():
    judged = SimpleNamespace(wanted=1, kept=1, score=0.01)
    best = SimpleNamespace(unit=3, replacement="linear", judgement=judged)

    def told(before, after, levels):
        original = SimpleNamespace(
            pwl_units=before, fixed_points=[{"stability": "saddle"}], score_name="error", score=0.1, score_limit=0.2,
            divergence_limit=None, task="series", complete=True,
        )  # fmt: skip
        found = type("Found", (list,), {})(levels)
        found.original, found.pwl_units, found.direct, found.test_score = original, after, None, 0.02
        return " ".join(sentences(found))

    only = told(1, 1, [])
    assert "has 1 ReLU and 1 fixed point" in only and "The only ReLU cannot be spared" in only
    assert "has 2 ReLUs" in told(2, 2, []) and "None of the 2 ReLUs can be spared" in told(2, 2, [])
    level = SimpleNamespace(best=best, pwl_units=1, chosen=0)
    assert "At P = 1, 1 of 1 fixed point is kept with its stability" in told(2, 1, [level])
    judged.wanted, judged.kept = 3, 2
    assert "At P = 1, 2 of 3 fixed points are kept with their stability" in told(2, 1, [level])
