"""Sweeps: the grid and its chunks, results and their files, going on, executors, and what is drawn."""

from __future__ import annotations

import csv
import json
import math
import os
import signal
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import plrnn_analysis as pa
from plrnn_analysis.cli import app
from plrnn_analysis.errors import CheckpointError, ModelError, PLRNNError
from plrnn_training import AdditionTask, Batch, Member, Recipe, Task, Trainer, sweep
from plrnn_training.directories import LOCK
from plrnn_training.runs import Interrupted
from plrnn_training.sweeps import Sweep, SweepRow, read_sweep
from plrnn_training.sweeps.figure import condition_curves, data_sizes, p_curve, save_figures
from plrnn_training.sweeps.grid import Grid, chunk_size
from plrnn_training.tasks.registry import TASKS

RECIPE = Recipe(iterations=12, batch=8, test_trials=40, validation_trials=20, evaluations=3, init="generic")
SMALL = {"pwl_units": [0, 2], "seeds": 2, "samples": [10, None], "units": 5, "recipe": RECIPE, "device": "cpu"}


def small(out, **changes):
    return sweep("addition", out=out, **{**SMALL, **changes})


def table(out):
    return list(csv.DictReader((out / "results.csv").read_text().splitlines()))


def values(found):
    return [(r.model, r.pwl_units, r.seed, r.samples, r.score, r.loss, r.validation) for r in found]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("sweep")
    return out, small(out)


def test_chunks_hold_every_model_once_and_one_architecture_each():
    grid = Grid((0, 1, 5), (0, 1, 2), (20, None), (None, 0.1), ("gru", "lstm"))
    members = grid.members()
    assert len(members) == len(set(members)) == 5 * 3 * 2 * 2
    for size in (1, 4, 7, 100):
        chunks = grid.chunks(size)
        assert sorted(map(repr, (m for chunk in chunks for m in chunk))) == sorted(map(repr, members))
        assert all(len({m.architecture for m in chunk}) == 1 and 0 < len(chunk) <= size for chunk in chunks)
    # The first chunk holds a whole curve of the first seed.
    assert {m.pwl_units for m in grid.chunks(12)[0]} == {0, 1, 5} and {m.seed for m in grid.chunks(12)[0]} == {0}
    assert chunk_size(RECIPE, 5, True) > chunk_size(RECIPE, 5, False) > chunk_size(RECIPE, 2000, False) > 1
    for changes in ({"pwl_units": ()}, {"seeds": ()}, {"pwl_units": (-1,)}, {"samples": (0,)}, {"rates": (0.0,)}):
        with pytest.raises(ModelError):
            Grid(**{"pwl_units": (1,), "seeds": (0,), **changes})


def test_a_model_of_a_sweep_is_the_one_that_trains_alone(done):
    out, found = done
    for row in found:
        alone = Trainer(AdditionTask(), [Member(row.pwl_units, row.seed, samples=row.samples)], 5, RECIPE)
        alone.run()
        (wanted,) = alone.test_performance()
        assert row.score == pytest.approx(wanted.score, rel=1e-3) and row.loss == pytest.approx(wanted.loss, rel=1e-3)
        (validation,) = alone.validation_scores()
        assert row.validation == pytest.approx(validation, rel=1e-3)
        model = pa.load(out / row.checkpoint)
        np.testing.assert_allclose(model.map.A, alone.network(0).map.A, rtol=1e-3, atol=1e-4)
        assert model.metadata["training"].get("samples") == row.samples


def test_files_and_table(done):
    out, found = done
    names = {"sweep.json", "results.csv", "models"}
    assert {path.name for path in out.iterdir() if path.name != LOCK} == names
    rows = table(out)
    columns = "task model pwl_units seed samples metric score floor chance seconds checkpoint"
    assert set(columns.split()) <= set(rows[0]) and len(rows) == len(found) == 8
    for text, row in zip(rows, found):
        assert float(text["score"]) == row.score and text["samples"] == ("" if row.samples is None else "10")
        result = json.loads((out / row.checkpoint).with_suffix(".json").read_text())
        assert result["score"] == row.score
    assert values(read_sweep(out)) == values(found)
    assert found.floor == AdditionTask().affine_floor().score and found.chance == 1 / 6
    assert found.table()["pwl_units"] == [0, 2] * 4 and found.sizes == (10, None)
    assert repr(found).startswith("<Sweep: 8; best median mse")


def test_a_second_call_trains_nothing_and_other_settings_are_refused(done, monkeypatch):
    out, found = done
    before = {path: path.stat().st_mtime_ns for path in (out / "models").iterdir()}
    monkeypatch.setattr(Trainer, "step", None)
    assert values(small(out)) == values(found)
    assert {path: path.stat().st_mtime_ns for path in (out / "models").iterdir()} == before
    with pytest.raises(
        CheckpointError, match=r"other settings: pwl_units was \[0, 2\], is \[0, 3\]; take another --out"
    ):
        small(out, pwl_units=[0, 3])
    with pytest.raises(CheckpointError, match="iterations was 12, is 13"):
        small(out, iterations=13)


def test_what_is_missing_is_made_again_and_overwrite_begins_anew(done, tmp_path):
    _, found = done
    mine = tmp_path / "mine"
    small(mine, seeds=1)
    (mine / "notes.txt").write_text("keep")
    result = small(mine, overwrite=True)
    assert values(result) == values(found) and (mine / "notes.txt").exists()
    (mine / "models" / "addition_p2_seed1.json").unlink()
    assert len(read_sweep(mine)) == 7 and read_sweep(mine).claim.startswith("of 8 models")
    assert values(small(mine)) == values(found)
    (mine / "models" / "addition_p2_seed1.json").write_text("{")
    with pytest.raises(CheckpointError, match="damaged"):
        read_sweep(mine)
    with pytest.raises(CheckpointError, match=r"holds no sweep"):
        read_sweep(tmp_path)


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(done, tmp_path, monkeypatch):
    # Told after every iteration: a fast machine does all of them within the time between two reports.
    monkeypatch.setattr("plrnn_training.sweeps.running._TELL", 0.0)

    def press(progress):
        if progress.iterations > 0:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match=r"stopped with 0 of 8 models finished; repeat the command"):
        small(tmp_path, on_progress=press)
    assert [path.name for path in (tmp_path / "unfinished").iterdir()] == ["chunk_0000.pt"]
    told = []
    assert values(small(tmp_path, on_progress=told.append)) == values(done[1])
    # The iterations of the first call are no work of the second.
    assert told[-1].models == 8 and told[-1].iterations == told[-1].all_iterations == 8 * 12
    assert 0 < told[-1].done_before < 8 * 12 and told[-1].seconds_left == 0
    assert told[0].rate == 0 and told[0].seconds_left is None
    assert not (tmp_path / "unfinished").exists()


class Failing(Executor):
    """The first task fails, the others run at once."""

    def __init__(self, error):
        self.error = error

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        if self.error is None:
            future.set_result(fn(*args, **kwargs))
        else:
            future.set_exception(self.error)
            self.error = None
        return future


def test_executors(tmp_path):
    many = {"seeds": 5}  # two chunks
    with ThreadPoolExecutor(2) as threads:
        found = small(tmp_path / "threads", executor=threads, **many)
    assert values(found) == values(small(tmp_path / "serial", **many)) and len(found) == 20
    with pytest.raises(
        PLRNNError, match=r"1 of 2 chunks failed \(a worker died\).*10 of 20 models are finished and kept"
    ):
        small(tmp_path / "broken", executor=Failing(BrokenExecutor("gone")), **many)
    assert len(table(tmp_path / "broken")) == 10
    assert len(small(tmp_path / "broken", executor=Failing(None), **many)) == 20
    with pytest.raises(Interrupted, match="0 of 20"):
        small(tmp_path / "stopped", executor=Failing(Interrupted("elsewhere")), **many)
    with pytest.raises(ModelError, match=r"client\.get_executor"):
        small(tmp_path / "client", executor="tcp://somewhere")


class Parity(Task):
    """Of one, two or three bits: is the number of ones odd? A task that no registry knows."""

    name, input_names, output_names, condition_names = "parity", ("bit",), ("odd",), ("short", "long")

    def sample(self, batch, generator):
        bits = torch.randint(2, (batch, 3, 1), generator=generator).float()
        kinds = torch.randint(2, (batch,), generator=generator)
        bits[:, 0] *= kinds[:, None]
        return Batch(bits, bits.sum(1) % 2, conditions=kinds)


def test_a_task_of_ones_own(tmp_path):
    with pytest.raises(ModelError, match="needs pwl_units=, units= and recipe="):
        sweep(Parity(), out=tmp_path, pwl_units=[1])
    recipe = replace(RECIPE, curriculum=0.0)
    found = sweep(Parity(), out=tmp_path, pwl_units=[1], units=4, recipe=recipe, seeds=[7], samples=[3], device="cpu")
    assert found.variant == "" and found.floor is None and found.conditions == ("short", "long")
    (row,) = table(tmp_path)
    assert float(row["score short"]) == found[0].conditions["short"] and row["seed"] == "7"
    condition_curves(found)


def row(**changes):
    given = {
        "task": "t", "variant": "", "model": "al_rnn", "pwl_units": 0, "seed": 0, "samples": None, "lr": 0.1,
        "metric": "mse", "score": 1.0, "validation": 1.0, "loss": 1.0, "floor": None, "chance": None, "iterations": 1,
        "reinitialised": 0, "seconds": 1.0, "checkpoint": "",
    }  # fmt: skip
    return SweepRow(**{**given, **changes})


def made(rows, **changes):
    about = {
        "task": "t", "variant": "v", "metric": "mse", "higher_is_better": False, "n_units": 8, "floor": 0.5,
        "floor_from": "closed form", "chance": 1.0, "wanted": len(rows), **changes,
    }  # fmt: skip
    return Sweep(tuple(rows), **about)


def test_curves_take_the_rate_that_validation_prefers_and_survive_diverged_models():
    rows = [row(seed=s, lr=lr, score=lr * 10 + s, validation=-lr) for s in range(3) for lr in (0.1, 0.3)]
    rows += [row(seed=s, pwl_units=1, score=math.nan if s else 2.0, validation=0.0) for s in range(3)]
    rows += [row(seed=s, pwl_units=2, score=2.0 if s else math.nan, validation=0.0) for s in range(3)]
    rows += [row(model="gru", pwl_units=None, score=0.25)]
    zero, one, two, gru = made(rows).curves()
    assert zero.lr == 0.3 and zero.scores == (3.0, 4.0, 5.0) and zero.median == 4.0
    assert math.isnan(one.median) and two.median == 2.0 and gru.model == "gru"
    assert made(rows, higher_is_better=True).curves()[0].lr == 0.1
    assert "best median mse 0.25 at gru" in repr(made(rows)) and "no scores yet" in repr(made([], wanted=3))


def test_figures_show_floor_chance_baselines_zero_and_what_is_above(tmp_path):
    rows = [
        row(pwl_units=p, seed=s, samples=n, score=10.0 ** -(p + n / 50), conditions={"a": 1.0, "b": 0.1 * (s + 1)})
        for p in (0, 1, 2, 16) for s in range(2) for n in (20, 50)
    ]  # fmt: skip
    rows += [row(model="gru", pwl_units=None, samples=n, score=1e6, conditions={"a": 1.0, "b": 0.1}) for n in (20, 50)]
    found = made(rows, floor_conditions={"b": 0.2})
    figure = p_curve(found)
    titles = ["20 trials of each kind", "50 trials of each kind"]
    assert [ax.get_title() for ax in figure.axes] == titles
    for ax in figure.axes:
        assert ax.get_yscale() == "log"
        places, texts = ax.get_xticks(), [label.get_text() for label in ax.get_xticklabels()]
        assert texts == ["0", "1", "2", "16", "GRU"] and places[0] == 0 and all(np.diff(places) > 0)
        notes = [text.get_text() for text in ax.texts]
        assert {"best affine 0.5", "chance 1", "1 ↑"} == set(notes)
    assert [line.get_label() for line in data_sizes(found).axes[0].lines][:5] == [
        "P = 0", "P = 1", "P = 2", "P = 16", "GRU",
    ]  # fmt: skip
    panels = condition_curves(found).axes
    assert [ax.get_title() for ax in panels] == ["a", "b"]
    assert [text.get_text() for text in panels[1].texts] == ["best affine 0.2"]
    assert [ax.get_title() for ax in found.plot(condition="b").axes] == titles
    paths = save_figures(found, tmp_path)
    assert [p.name for p in paths if p.exists()] == [
        f"{name}{suffix}" for name in ("p_curve", "data_sizes", "conditions") for suffix in (".png", ".svg")
    ]


def test_figures_of_few_models(looks):
    rows = [row(pwl_units=p, seed=s, score=0.5 + 0.2 * p + 0.02 * s) for p in (0, 1, 2) for s in range(3)]
    about = {"higher_is_better": True, "metric": "accuracy", "floor": 0.7, "chance": 0.5}
    looks(p_curve(made(rows, **about)).figure)


def test_figures_of_many_models(looks):
    rng = np.random.default_rng(0)
    rows = [
        row(pwl_units=p, seed=s, samples=n, score=float(10.0 ** (-min(p, 12) / 4 - n / 200 + 0.1 * rng.normal())),
            conditions={"short": 1.0, "long": 0.1 + p / 100})
        for p in range(33) for s in range(2) for n in (20, 50, 200)
    ]  # fmt: skip
    models = ("gru", "lstm", "rnn")
    both = {"short": 0.8, "long": 0.3}
    rows += [row(model=m, pwl_units=None, samples=n, score=0.1, conditions=both) for m in models for n in (20, 50, 200)]
    found = made(rows, floor=0.9)
    looks(p_curve(found), "relus")
    looks(data_sizes(found), "sizes")
    looks(condition_curves(found), "conditions")


def test_figures_have_room_for_the_floor_of_every_condition_and_no_identifiers():
    rows = [row(score=0.3, conditions={"left": 0.2, "whole_commands": 0.1})]
    rows += [row(model="bag_of_words", pwl_units=None, score=0.2, conditions={"left": 0.2, "whole_commands": 0.2})]
    found = made(rows, higher_is_better=True, floor=0.35, floor_conditions={"left": 0.9, "whole_commands": 0.05})
    panels = condition_curves(found).axes
    assert [ax.get_title() for ax in panels] == ["left", "whole commands"]
    low, high = panels[0].get_ylim()
    assert low < 0.05 and high > 0.9
    (panel,) = p_curve(found).axes
    assert panel.get_title() == "" and panel.get_xticklabels()[-1].get_text() == "bag of words"


def test_a_mistaken_option_does_not_cost_what_overwrite_would_replace(done):
    out, found = done
    for mistake in ({"pwl_units": [9]}, {"recipe": "best"}, {"baselines": ["grue"]}, {"variant": "thirds"}):
        with pytest.raises(ModelError):
            small(out, overwrite=True, **mistake)
    assert values(read_sweep(out)) == values(found)


def test_a_baseline_the_task_has_no_room_for_is_named_before_anything_is_trained(tmp_path):
    with pytest.raises(ModelError, match="no baseline 'affine' for the task 'scan'"):
        sweep(
            "scan", recipe="quick", out=tmp_path, baselines=["affine"], on_progress=lambda now: pytest.fail("trained")
        )


def test_help_names_every_task():
    said = CliRunner().invoke(app, ["sweep", "--help"]).output
    assert all(name in said for name in TASKS)


def test_baselines_stand_beside_and_have_files_of_their_own(tmp_path):
    found = sweep(
        "addition", out=tmp_path, pwl_units=[1], seeds=1, units=4, baselines=["gru", "rnn"], recipe=RECIPE, device="cpu"
    )
    assert [(r.model, r.pwl_units) for r in found] == [("al_rnn", 1), ("gru", None), ("rnn", None)]
    assert all((tmp_path / r.checkpoint).exists() for r in found)
    assert pa.load(tmp_path / found[2].checkpoint).n_units == 4
    with pytest.raises(ModelError, match="baseline must be one of"):
        sweep("addition", out=tmp_path / "other", pwl_units=[1], baselines=["grue"], recipe=RECIPE)
    with pytest.raises(ModelError, match="the models have 3 units"):
        sweep("addition", out=tmp_path / "other", pwl_units=[4], units=3, recipe=RECIPE)
    assert len(sweep("addition", out=tmp_path / "other", pwl_units=[1], units=3, seeds=1, recipe=RECIPE)) == 1


def test_command(tmp_path):
    command = ["sweep", "addition", "--pwl-units", "0,1", "--seeds", "1", "--samples", "8,fresh", "--units", "4"]
    command += ["--iterations", "2", "--lr", "1e-2,1e-3", "--out", str(tmp_path), "--device", "cpu"]
    for _ in range(2):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
        assert "best affine predictor: 0.1633" in result.output and "8/8 models" in result.output
        assert "AL-RNN" in result.output and "al_rnn" not in result.output
    assert {"p_curve.png", "p_curve.svg", "results.csv"} <= {path.name for path in tmp_path.iterdir()}
    for options, message in (
        (["--lr", "fast"], "--lr takes numbers"),
        (["--samples", "few"], "--samples takes whole numbers and fresh"),
        (["--recipe", "best"], "recipe must be one of"),
        (["--scheduler", "nonsense"], "no dask scheduler answers at nonsense"),
        (["--variant", "thirds"], "variant must be one of"),
        (["--data", "file"], "takes no data"),
    ):
        result = CliRunner().invoke(app, ["sweep", "addition", "--out", str(tmp_path / "other"), *options])
        assert result.exit_code != 0 and message in " ".join(str(result.output + str(result.exception)).split())
        assert "0 models" not in result.output


@pytest.mark.slow
def test_a_dask_cluster_of_which_a_worker_is_killed_gives_the_serial_results(tmp_path):
    import distributed

    settings = {"seeds": 10, "iterations": 400, "save_every": 0.05}  # three chunks
    serial = small(tmp_path / "serial", **settings)
    out = tmp_path / "cluster"
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        workers = client.run(os.getpid)

        def kill_one():
            while not list((out / "unfinished").glob("*.pt")):
                time.sleep(0.02)
            os.kill(next(iter(workers.values())), signal.SIGKILL)

        killer = threading.Thread(target=kill_one)
        killer.start()
        found = small(out, executor=client.get_executor(), **settings)
        killer.join()
        assert set(client.run(os.getpid).values()) != set(workers.values())
    assert values(found) == values(serial)
    assert sorted(p.name for p in (out / "models").iterdir()) == sorted(
        p.name for p in (tmp_path / "serial" / "models").iterdir()
    )
