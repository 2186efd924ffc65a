"""The command line: what it prints, what it writes, how it fails."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import networkx
import numpy as np
import pytest
import typer
from systems import planted_al_rnn
from typer.testing import CliRunner, Result

import plrnn_analysis as pa
from plrnn_analysis import cli, findings, from_json
from plrnn_analysis.command_group import TRAINING_PACKAGES, CommandGroup
from plrnn_analysis.summary import coverage_sentences


def plrnn(*arguments: object, app: typer.Typer = cli.app) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def flat(text: str) -> str:
    """Output without the line breaks that the width of the terminal put in."""
    return " ".join(text.split())


def assert_refused(result: Result, *words: str, code: int = 2) -> None:
    """One line on standard error, an exit code, no traceback, nothing on standard output."""
    assert result.exit_code == code, result.output
    assert result.stdout == "" and "Traceback" not in result.stderr
    for word in words:
        assert word in flat(result.stderr)


@pytest.fixture
def choice(tmp_path: Path) -> Path:
    model = pa.PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], C=np.eye(2), pwl_units=2)
    pa.save(model, tmp_path / "choice.safetensors")
    return tmp_path / "choice.safetensors"


@pytest.fixture
def hard(tmp_path: Path) -> Path:
    """A random system with a planted fixed point and far more subregions than a test has time for."""
    rng = np.random.default_rng(0)
    m = p = 150
    W = rng.normal(size=(m, m)) * 1.5 / np.sqrt(m)
    A = rng.uniform(0.0, 0.5, m)
    z = 3.0 * rng.normal(size=m)
    h = z - A * z - W @ np.maximum(z, 0.0)
    pa.save(pa.PLRNN.al_rnn(A, W, h, pwl_units=p), tmp_path / "hard.safetensors")
    return tmp_path / "hard.safetensors"


def test_version_and_help() -> None:
    assert plrnn("--version").output == f"plrnn-analysis {pa.__version__}\n"
    text = plrnn("--help").output
    assert all(name in text for name in ("analyze", "graph", "train", "demo"))
    assert "Usage" in plrnn().output


def test_analyze_prints_points_and_verdict(choice: Path) -> None:
    result = plrnn("analyze", choice, "--no-story")
    assert result.exit_code == 0, result.output
    text = flat(result.output)
    assert "2 units, 2 ReLUs, at most 2^2 subregions, 2 inputs, 0 outputs" in text
    assert text.count("stable node") == 2 and text.count("saddle") == 1
    assert "Complete: all 2^2 subregions were decided. There is no fixed point other than the 3 points listed." in text


def test_analyze_lists_cycles_when_asked(tmp_path: Path) -> None:
    pa.save(pa.PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1), tmp_path / "tent.npz")
    assert "Cycles" not in plrnn("analyze", tmp_path / "tent.npz").output
    text = flat(plrnn("analyze", tmp_path / "tent.npz", "--max-period", 4, "--json", tmp_path / "tent.json").output)
    assert "Complete: there is no cycle of period 2 to 4 other than the 6 listed." in text
    record = json.loads((tmp_path / "tent.json").read_text())
    assert record["cycles"]["complete_up_to"] == 4
    assert [c["period"] for c in record["cycles"]["cycles"]] == [1, 1, 2, 3, 3, 4, 4, 4]
    text = flat(plrnn("analyze", tmp_path / "tent.npz", "--max-period", 6, "--max-nodes", 2).output)
    assert "NOT complete: the node budget ended the search" in text


def test_analyze_tells_the_story(choice: Path, tmp_path: Path) -> None:
    text = flat(plrnn("analyze", choice, "--probe", "2,0", "--probe", "0,2", "--json", tmp_path / "x.json").output)
    assert "Where free runs end" in text and "Under constant input 0, 2" in text
    story = {section.title: section.numbers for section in from_json(tmp_path / "x.json").story}
    assert story["Under constant input 2, 0"]["fixed_points"] == ["10"]
    assert "Where free runs end" not in plrnn("analyze", choice, "--no-story").output
    np.save(tmp_path / "trials.npy", np.random.default_rng(0).uniform(0, 1, (5, 30, 2)))
    text = flat(plrnn("analyze", choice, "--inputs", tmp_path / "trials.npy").output)
    assert "5 trials of 30 steps." in text
    assert_refused(plrnn("analyze", choice, "--probe", "1"), "--probe takes 2 numbers", "got 1")
    np.save(tmp_path / "trials.npy", np.zeros((5, 30, 3)))
    assert_refused(plrnn("analyze", choice, "--inputs", tmp_path / "trials.npy"), "--inputs", "(5, 30, 3)")
    assert_refused(plrnn("analyze", choice, "--probe", "1,x"), "--probe", "comma-separated")


def test_analyze_follows_runs_for_as_many_steps_as_asked(tmp_path: Path) -> None:
    """A cycle of 317 steps that attracts by 2.5 % per round: 200 steps do not show it, the default does."""
    c, s = np.cos(0.19834453781512605), np.sin(0.19834453781512605)
    R = np.array([[c, -s], [s, c]])
    W = -0.05 * R @ np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]])
    V = [[1, 0], [-1, 0], [0, 1], [0, -1]]
    pa.save(pa.PLRNN.shallow(1.01 * R, W, V, [0.01, 0.02], -np.ones(4)), tmp_path / "slow.npz")
    file = tmp_path / "slow.json"
    text = flat(plrnn("analyze", tmp_path / "slow.npz", "--steps", 200, "--json", file).output)
    assert "quasi-periodic" not in text and "raise steps" in text
    ends = from_json(file).story[0].numbers["ends"]
    assert any("raise steps" in end["note"] for end in ends)
    text = flat(plrnn("analyze", tmp_path / "slow.npz").output)
    assert "100 of 100 initial states end in a stable cycle of period 317" in text
    assert "--steps" in flat(plrnn("analyze", "--help").output)


def test_analyze_hands_steps_and_periods_on_to_the_story(choice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    telling = findings.Telling

    def told(model, held, **options):
        asked.append({name: options[name] for name in ("steps", "max_period", "seed", "time_limit")})
        return telling(model, held, **options)

    monkeypatch.setattr(findings, "Telling", told)
    plrnn("analyze", choice)
    plrnn("analyze", choice, "--steps", 77, "--max-period", 2, "--seed", 3, "--time-limit", 7)
    plrnn("analyze", choice, "--max-period", 12_000, "--time-limit", 0.2)
    assert asked == [
        {"steps": 10_000, "max_period": 10_000, "seed": 0, "time_limit": 60.0},
        {"steps": 77, "max_period": 10_000, "seed": 3, "time_limit": 7.0},
        {"steps": 10_000, "max_period": 12_000, "seed": 0, "time_limit": 0.2},
    ]
    assert_refused(plrnn("analyze", choice, "--steps", 0), "--steps")


def test_analyze_under_input(choice: Path) -> None:
    text = flat(plrnn("analyze", choice, "--input", "2,0").output)
    assert "constant input: 2, 0" in text and "6, -10" in text and "other than the 1 point listed" in text
    # A list may begin with a minus sign.
    assert "constant input: -1, 0.5" in flat(plrnn("analyze", choice, "--input", "-1,.5").output)


def test_json_file_and_pipe_say_the_same(choice: Path, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    assert plrnn("analyze", choice, "--json", file).exit_code == 0
    record = json.loads(file.read_text(encoding="utf-8"))
    assert record["type"] == "Analysis" and record["schema"] == 1
    assert record["complete"] is True and record["pwl_units"] == 2 and record["constant_input"] is None
    points = {p["bitcode"]: p["z"] for p in record["fixed_points"]}
    np.testing.assert_allclose([points["01"], points["10"], points["11"]], [[-2, 2], [2, -2], [2 / 3, 2 / 3]])
    piped = json.loads(plrnn("analyze", choice, "--json", "-").output)
    assert piped["fixed_points"] == record["fixed_points"]


def test_continuum_and_model_without_relu(tmp_path: Path) -> None:
    pa.save(pa.PLRNN.al_rnn(A=[1.0, 0.5], W=np.zeros((2, 2)), h=[0, 1], pwl_units=0), tmp_path / "line.npz")
    result = plrnn("analyze", tmp_path / "line.npz", "--json", tmp_path / "line.json")
    text = flat(result.output)
    assert result.exit_code == 0 and "Continua of fixed points" in text and "-inf .. inf" in text
    assert "the single subregion was decided. There is no fixed point other than the 1 continuum listed." in text
    record = json.loads((tmp_path / "line.json").read_text(encoding="utf-8"))
    assert record["continua"][0]["bitcode"] == "-" and record["continua"][0]["interval"] == ["-Infinity", "Infinity"]


def test_slow_directions_are_explained(tmp_path: Path) -> None:
    pa.save(pa.PLRNN.al_rnn(A=[0.99999], W=[[0.0]], h=[1.0], pwl_units=1), tmp_path / "slow.npz")
    assert "far outside the states the network visits" in flat(plrnn("analyze", tmp_path / "slow.npz").output)


def test_a_budget_gives_a_partial_result(hard: Path) -> None:
    result = plrnn("analyze", hard, "--max-nodes", 5)
    assert result.exit_code == 3, result.output
    assert "NOT complete: the node budget ended the search" in flat(result.output)


def test_exit_codes_say_whether_all_is_complete(choice: Path, tmp_path: Path) -> None:
    pa.save(pa.PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1), tmp_path / "tent.npz")
    assert plrnn("analyze", tmp_path / "tent.npz", "--max-period", 4).exit_code == 0
    assert plrnn("analyze", tmp_path / "tent.npz", "--max-period", 6, "--max-nodes", 2, "--no-story").exit_code == 3
    late = plrnn("analyze", choice, "--time-limit", 0, "--json", tmp_path / "late.json")
    assert late.exit_code == 3 and "NOT complete: the time limit ended the search." in flat(late.stdout)
    assert from_json(tmp_path / "late.json").story.stopped_by == "time_limit"
    text = flat(plrnn("analyze", "--help").output)
    assert "3 if not" in text and "130 after Ctrl-C" in text


def test_each_part_is_printed_before_the_next_is_computed(choice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_, **__):
        raise pa.ModelError("the end of the test")

    # What breaks, the last that was printed by then, and what would have come next.
    parts = (
        ("fixed_points", "Subregions", "Fixed points"),
        ("attractors", "Complete: all 2^2", "Where free runs end"),
        ("slow_manifolds", "States in use", "Slow motion"),
        ("reduce", "Slow motion", "Which ReLUs are needed"),
    )
    for name, before, after in parts:
        with monkeypatch.context() as patched:
            patched.setattr(pa.PLRNN, name, broken)
            result = plrnn("analyze", choice)
        assert result.exit_code == 2 and "the end of the test" in result.stderr
        assert before in result.stdout and after not in result.stdout, name


def test_outputs_are_checked_before_the_analysis(choice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pa.PLRNN, "fixed_points", None)
    (tmp_path / "file").write_text("")
    refused = {
        ("--json", tmp_path): "this is a directory",
        ("--json", tmp_path / "no" / "x.json"): "there is no directory",
        ("--json", tmp_path / "file" / "x.json"): "there is no directory",
        ("--figures", tmp_path / "file"): "this is a file",
        ("--figures", tmp_path / "file" / "figures"): "the directory cannot be made",
        ("--figures", "/proc/figures" if sys.platform == "linux" else tmp_path / "file"): "--figures",
    }
    for option, reason in refused.items():
        assert_refused(plrnn("analyze", choice, *option), option[0], reason)
    assert_refused(plrnn("analyze", choice, "--figures", tmp_path / "f", "--no-story"), "leave --no-story out")
    for option in ("--json", "--figure"):
        assert_refused(plrnn("graph", choice, "-o", tmp_path / "g.graphml", option, tmp_path), option, "directory")


def test_figures_are_drawn(choice: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "trials.npy", np.random.default_rng(0).uniform(0, 1, (5, 30, 2)))
    trials, figures = tmp_path / "trials.npy", tmp_path / "new" / "f"
    result = plrnn("analyze", choice, "--inputs", trials, "--figures", figures, "--json", "-")
    assert result.exit_code == 0 and json.loads(result.stdout)["story"], result.output
    drawn = {"fixed-points.svg", "fixed-point-distances.svg", "subregions.svg", "trial.svg"}
    assert {path.name for path in figures.iterdir()} == drawn
    assert all("<svg" in (figures / name).read_text() for name in drawn)
    # Nothing to draw where all runs diverge, and no trial where nothing drives the model.
    pa.save(pa.PLRNN.al_rnn(A=[1.5], W=[[0.0]], h=[1.0], pwl_units=0), tmp_path / "away.npz")
    assert plrnn("analyze", tmp_path / "away.npz", "--figures", tmp_path / "away").exit_code == 0
    assert not list((tmp_path / "away").iterdir())


def _let_it_work(process: subprocess.Popen[str], seconds: float) -> None:
    """Wait until a process has used the processor for so long: on a busy machine a clock says little."""
    stat = Path(f"/proc/{process.pid}/stat")
    if not stat.exists():
        time.sleep(seconds + 3.0)
        return
    ticks = seconds * os.sysconf("SC_CLK_TCK")
    # Fields 14 and 15, counted after the name in brackets.
    while process.poll() is None and sum(map(int, stat.read_text().rpartition(")")[2].split()[11:13])) < ticks:
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to one process")
def test_ctrl_c_gives_a_partial_result(hard: Path) -> None:
    plrnn("analyze", hard, "--max-nodes", 5)  # kernels compiled: the interrupt must meet the search
    command = [sys.executable, "-c", "from plrnn_analysis.cli import main; main()", "analyze", str(hard)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        _let_it_work(process, 5.0)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "NOT complete: the search was interrupted" in flat(out) and "Traceback" not in err
    assert "What is missing Interrupted before: the story." in flat(out) and "plrnn: interrupted" in err


def test_graph_writes_what_networkx_reads(choice: Path, tmp_path: Path) -> None:
    out = tmp_path / "graph.graphml"
    result = plrnn("graph", choice, "-o", out, "--steps", 60, "--trajectories", 20, "--seed", 3)
    assert result.exit_code == 0, result.output
    assert "20 trajectories of 60 steps" in flat(result.output)
    graph = networkx.read_graphml(out)
    assert {"01", "10"} <= set(graph) <= {"00", "01", "10", "11"}
    assert graph.edges["10", "10"]["probability"] == pytest.approx(1.0)


def test_graph_for_gephi(choice: Path, tmp_path: Path) -> None:
    out = tmp_path / "graph.graphml"
    result = plrnn("graph", choice, "-o", out, "--steps", 60, "--flavour", "gephi")
    assert result.exit_code == 0, result.output
    assert 'for="graph"' not in out.read_text() and {"x", "y", "size", "r"} <= set(
        networkx.read_graphml(out).nodes["10"]
    )
    assert_refused(plrnn("graph", choice, "-o", out, "--steps", 60, "--flavour", "yed"), "flavour must be one of")


def test_graph_leaves_the_transient_out(choice: Path, tmp_path: Path) -> None:
    out = tmp_path / "graph.graphml"
    result = plrnn("graph", choice, "-o", out, "--steps", 300, "--transient", 200)
    assert result.exit_code == 0 and "of 300 steps, the first 200 left out" in flat(result.output)
    # Past the transient every trajectory has settled in one of the two stable subregions.
    assert set(networkx.read_graphml(out).edges) <= {("01", "01"), ("10", "10")}
    assert_refused(plrnn("graph", choice, "-o", out, "--steps", 10, "--transient", 10), "leaves nothing of 10 steps")


def test_graph_says_when_trajectories_escape(tmp_path: Path) -> None:
    pa.save(pa.PLRNN.al_rnn(A=[1.1], W=[[0.0]], h=[0.0], pwl_units=1), tmp_path / "unstable.npz")
    result = plrnn("graph", tmp_path / "unstable.npz", "-o", tmp_path / "g.graphml", "--steps", 200, "-n", 3)
    assert result.exit_code == 0 and "Note: 3 trajectories grew more than 10000 times" in flat(result.output)
    # Steps enough to leave the floats: no subregion to speak of any more.
    result = plrnn("graph", tmp_path / "unstable.npz", "-o", tmp_path / "g.graphml", "--steps", 9000)
    assert_refused(result, "diverge")


def test_errors_are_one_line(choice: Path, tmp_path: Path) -> None:
    assert_refused(plrnn("analyze", tmp_path / "nowhere.safetensors"), "nowhere.safetensors")
    (tmp_path / "text.npz").write_text("not an archive")
    result = plrnn("analyze", tmp_path / "text.npz")
    assert_refused(result, "text.npz")
    assert result.stderr.count("\n") == 1
    assert_refused(plrnn("analyze", choice, "--input", "1"), "--input takes 2 numbers", "got 1")
    assert_refused(plrnn("analyze", choice, "--input", "1,nan"), "--input holds 1 value that is")
    assert_refused(plrnn("graph", choice, "-o", tmp_path / "g", "--input", "1"), "--input takes 2 numbers")
    assert_refused(plrnn("analyze", choice, "--input", "one,two"), "comma-separated")
    assert plrnn("analyze", choice, "--json", tmp_path / "no" / "such" / "dir.json").exit_code == 2
    assert_refused(plrnn("graph", choice, "-o", tmp_path / "no" / "dir.graphml"))


def fresh_app(monkeypatch: pytest.MonkeyPatch, *entries: object) -> typer.Typer:
    monkeypatch.setattr(cli.metadata, "entry_points", lambda group: entries if group == "plrnn.commands" else ())
    app = typer.Typer(cls=CommandGroup, pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    cli._join_entry_points(app)
    return app


class Entry:
    """Stands for an installed entry point."""

    value = "some_package:register"

    def __init__(self, register: object) -> None:
        self.register = register

    def load(self) -> object:
        if isinstance(self.register, Exception):
            raise self.register
        return self.register


@pytest.mark.parametrize("command", [["train", "addition", "--pwl-units", "0,1"], ["demo", "--out", "x"], ["demo"]])
def test_without_the_training_package_the_commands_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    assert_refused(plrnn(*command, app=fresh_app(monkeypatch)), 'pip install "plrnn-analysis[train]"', code=1)


def test_what_the_extra_for_training_installs_is_known() -> None:
    content = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    extra = tomllib.loads(content)["project"]["optional-dependencies"]["train"]
    assert TRAINING_PACKAGES == tuple(re.split("[<>=~!]", requirement)[0] for requirement in extra)


@pytest.mark.parametrize("package", TRAINING_PACKAGES)
def test_without_torch_the_commands_say_what_to_install(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    def train() -> None:
        raise ModuleNotFoundError(f"No module named '{package}'", name=package)

    def broken() -> None:
        raise ModuleNotFoundError("No module named 'elsewhere'", name="elsewhere")

    def register(app: typer.Typer) -> None:
        app.command()(train)
        app.command()(broken)

    app = fresh_app(monkeypatch, Entry(register))
    assert_refused(plrnn("train", app=app), 'pip install "plrnn-analysis[train]"', code=1)
    # Any other missing module is a defect, and keeps its traceback.
    assert isinstance(plrnn("broken", app=app).exception, ModuleNotFoundError)


def test_other_packages_may_add_commands_and_may_be_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def register(app: typer.Typer) -> None:
        @app.command()
        def hello() -> None:
            typer.echo("from a plug-in")

    app = fresh_app(monkeypatch, Entry(ImportError("no such thing")), Entry(register))
    assert plrnn("hello", app=app).output == "from a plug-in\n"
    assert_refused(plrnn("demo", app=app), "plrnn-analysis[train]", code=1)


@pytest.mark.parametrize("module", ["plrnn_analysis", "plrnn_analysis.cli"])
def test_the_package_runs_as_a_module(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"plrnn-analysis {pa.__version__}\n"


def test_all_is_said_of_nothing_less() -> None:
    found = planted_al_rnn(np.random.default_rng(0), 160, 80)[0].fixed_points(max_nodes=50, method="linear programs")
    assert "with 95.8 % of the 2^80 subregions undecided" in coverage_sentences(found)[0]
    found = replace(found, coverage=replace(found.coverage, decided=1))
    assert "with more than 99.9 % of the 2^80 subregions undecided" in coverage_sentences(found)[0]


def test_coverage_in_words() -> None:
    tent = pa.PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    found = coverage_sentences(tent.fixed_points())
    listed = "There is no fixed point other than the 2 points listed."
    assert found[0] == f"Complete: all 2^1 subregions were decided. {listed}"
    none = coverage_sentences(pa.PLRNN.al_rnn(A=[1.0], W=[[0.0]], h=[1.0], pwl_units=0).fixed_points())
    assert none[0] == "Complete: the single subregion was decided. The model has no fixed point."
    couplings = 0.05 * np.random.default_rng(0).normal(size=(60, 60))
    contraction = pa.PLRNN.al_rnn(A=np.full(60, 0.2), W=couplings, h=np.ones(60), pwl_units=60)
    unique = coverage_sentences(contraction.fixed_points())
    assert "all 2^60 subregions" in unique[0] and "uniqueness certificate" in unique[1]
