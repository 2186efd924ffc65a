"""plrnn bifurcations, input-diagram, reduce and compare, as a user calls them."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import plrnn_analysis as pa
from plrnn_analysis import cli, comparison, from_json
from plrnn_analysis.recorded_trials import RecordedTrials


def plrnn(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(a) for a in arguments])


def flat(text: str) -> str:
    return " ".join(text.split())


def saved(model: pa.PLRNN, path: Path) -> Path:
    pa.save(model, path)
    return path


@pytest.fixture
def choice(tmp_path: Path) -> Path:
    """Two units that inhibit each other, each with an input of its own."""
    model = pa.PLRNN.al_rnn(
        A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], C=np.eye(2), pwl_units=2, B=[[1.0, -1.0]], b=[0.0]
    )
    model.metadata["input_names"] = ["left", "right"]
    return saved(model, tmp_path / "choice.safetensors")


@pytest.fixture
def tent(tmp_path: Path) -> Path:
    return saved(pa.PLRNN.al_rnn(A=[0.4], W=[[-1.9]], h=[1.0], pwl_units=1), tmp_path / "tent.npz")


@pytest.fixture
def idle(tmp_path: Path) -> Path:
    """Of its three ReLUs one switches, one is always on and one always off in use."""
    model = pa.PLRNN.al_rnn(
        A=[0.5, 0.5, 0.5, 0.5],
        W=[[0, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
        h=[0, 1, -1, 0],
        C=[[0], [0], [0], [1.0]],
        pwl_units=3,
    )
    inputs = np.random.default_rng(0).uniform(-1, 1, (5, 40, 1))
    start = np.tile([0.0, 2.0, -2.0, 0.0], (5, 1))
    return saved(model.with_trials(RecordedTrials(inputs, initial=start)), tmp_path / "idle.safetensors")


def test_bifurcations_of_an_entry(tent: Path, tmp_path: Path) -> None:
    figure, record = tmp_path / "branches.svg", tmp_path / "tent.json"
    asked = ("--parameter", "h[0]", "--from", -1, "--to", 1, "--points", 5, "--max-period", 2)
    result = plrnn("bifurcations", tent, *asked, "--figure", figure, "--json", record)
    assert result.exit_code == 0, result.output
    text = flat(result.stdout)
    assert "0 persistence + 2-cycle 1 0 1 2, 3" in text
    assert "Complete at all 5 values of h[0]: 3 branches, 1 event." in text
    assert figure.read_text().startswith("<?xml") and f"Written: {figure}" in result.stdout
    found = from_json(record)
    assert [branch.word for branch in found.branches] == [("0",), ("1",), ("0", "1")]
    piped = plrnn("bifurcations", tent, *asked, "--json", "-")
    assert json.loads(piped.stdout)["parameter"] == "h[0]"
    # A shell that reads brackets is given none.
    assert "h[0]" in plrnn("bifurcations", tent, "--parameter", "h:0", "--from", -1, "--to", 1, "--points", 3).stdout


def test_bifurcations_of_an_input_by_name(choice: Path) -> None:
    result = plrnn("bifurcations", choice, "--parameter", "input[right]", "--from", -3, "--to", 3, "--points", 7)
    assert result.exit_code == 0 and "nonsmooth fold" in result.stdout and "values of right" in flat(result.stdout)


def test_bifurcations_through_checkpoints(tmp_path: Path) -> None:
    paths = [
        saved(pa.PLRNN.al_rnn(A=[0.5], W=[[w]], h=[1.0], pwl_units=1), tmp_path / f"at{i}.npz")
        for i, w in enumerate((0.0, 0.25, 1.0))
    ]
    result = plrnn("bifurcations", *paths)
    assert result.exit_code == 0, result.output
    assert "3 checkpoints, the last at2.npz" in flat(result.stdout).replace(f"{tmp_path}/", "")
    assert "through infinity" in result.stdout and "Complete at all 3 values of checkpoint" in result.stdout
    finer = plrnn("bifurcations", *paths, "--from", 0.5, "--points", 3)
    assert "Complete at all 4 values" in flat(finer.stdout)  # and checkpoint 1 itself
    refused = plrnn("bifurcations", *paths, "--to", 3)
    assert refused.exit_code == 2 and "--to" in refused.stderr
    other = saved(pa.PLRNN.al_rnn(A=[0.5, 0.1], W=np.zeros((2, 2)), h=[1.0, 1], pwl_units=1), tmp_path / "b.npz")
    refused = plrnn("bifurcations", paths[0], other)
    assert refused.exit_code == 2 and "must agree" in refused.stderr and "at0.npz" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--parameter, such as W[0,1], or several checkpoints"),
        (("--parameter", "h[0]"), "--from and --to"),
        (("--parameter", "h", "--from", 0, "--to", 1), "a name with an index"),
        (("--parameter", "h[x]", "--from", 0, "--to", 1), "an index is a whole number"),
        (("--parameter", "h[7]", "--from", 0, "--to", 1), "--parameter h[7]: an index of h"),
        (("--parameter", "Q[0]", "--from", 0, "--to", 1), "--parameter Q[0]: the model has the parameters A, C, W, h"),
        (("--parameter", "input[up]", "--from", 0, "--to", 1), "0 (left), 1 (right)"),
        (("--parameter", "h[0]", "--from", 1, "--to", 0), "--from must be less than --to"),
        (("--parameter", "h[0]", "--from", 0, "--to", 1, "--unit", 5), "--unit 5: the network has 2 units"),
        (("--parameter", "h[0]", "--from", 0, "--to", 1, "--output", 3), "--output: there is no output '3'"),
        (("--parameter", "h[0]", "--from", 0, "--to", 1, "--unit", 0, "--output", 0), "exclude each other"),
        (("--parameter", "h[0]", "--from", 0, "--to", 1, "--figure", "x.txt"), "--figure x.txt"),
        (("--parameter", "h[0]", "--from", 0, "--to", 1, "--figure", "no/x.svg"), "--figure no/x.svg"),
    ],
)
def test_what_bifurcations_refuses(arguments: tuple[object, ...], said: str, choice: Path) -> None:
    result = plrnn("bifurcations", choice, *arguments)
    assert result.exit_code == 2 and not result.stdout, result.output
    assert said in flat(result.stderr)


def test_input_diagram_over_one_input(choice: Path, tmp_path: Path) -> None:
    figure = tmp_path / "one.png"
    result = plrnn("input-diagram", choice, "--vary", "left=-3,3", "--figure", figure, "--json", tmp_path / "one.json")
    assert result.exit_code == 0, result.output
    text = flat(result.stdout)
    assert "Complete: for left from -3 to 3 there is no fixed point other than the" in text
    assert text.count("nonsmooth fold") == 2 and figure.read_bytes()[1:4] == b"PNG"
    found, model = from_json(tmp_path / "one.json"), pa.load(choice)
    assert len(found) == len(model.input_diagram(0, (-3, 3)))
    proven = plrnn("input-diagram", choice, "--vary", "left=-3,3", "--rigorous")
    assert proven.exit_code == 0 and "That no others exist is proven, too" in flat(proven.stdout), proven.output


def test_input_diagram_over_two_inputs(choice: Path, tmp_path: Path) -> None:
    plane = ("--vary", "0=-3,3", "--vary", "right=-3,3", "--figure", tmp_path / "two.svg", "--stable-only")
    text = flat(plrnn("input-diagram", choice, *plane).stdout)
    assert "left to the right, right downwards" in text and "0 1 1 3 1 1" in text
    assert (tmp_path / "two.svg").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--vary", "left"), "such as 0=-1,1"),
        (("--vary", "left=2,1"), "the lower first"),
        (("--vary", "up=0,1"), "0 (left), 1 (right)"),
        (("--vary", "left=0,1", "--vary", "0=0,1"), "twice"),
        (("--vary", "left=0,1", "--output", "x"), "--output"),
        (("--vary", "left=0,1", "--input", "1"), "--input takes 2 numbers"),
    ],
)
def test_what_input_diagram_refuses(arguments: tuple[object, ...], said: str, choice: Path) -> None:
    result = plrnn("input-diagram", choice, *arguments)
    assert result.exit_code == 2 and not result.stdout, result.output
    assert said in flat(result.stderr)


def test_reduce_writes_the_smaller_network(idle: Path, tmp_path: Path) -> None:
    out = tmp_path / "smaller.safetensors"
    result = plrnn("reduce", idle, "-o", out, "--json", tmp_path / "reduced.json")
    assert result.exit_code == 0, result.output
    text = flat(result.stdout)
    assert "Domain: the range of the states in 5 trials, widened." in text
    assert "2 of 3 ReLUs can be removed on the domain: unit 1 always on; unit 2 always off." in text
    assert pa.load(out).pwl_units == 1 and pa.load(out).trials is not None
    assert from_json(tmp_path / "reduced.json").kept == (3,)
    trials = pa.load(out).trials
    np.testing.assert_allclose(pa.load(out).run(trials).states, pa.load(idle).run(trials).states, atol=1e-12)


def test_reduce_elsewhere(idle: Path, choice: Path, tmp_path: Path) -> None:
    boxed = flat(plrnn("reduce", idle, "--box", "-5,5").stdout)
    assert "all states whose units lie between -5 and 5" in boxed and "None of the 3 ReLUs can be removed" in boxed
    free = plrnn("reduce", choice, "--states", 20, "--steps", 50, "--input", "5,0")
    assert "20 free runs of 50 steps" in flat(free.stdout) and "constant input: 5, 0" in free.stdout
    np.save(tmp_path / "trials.npy", np.zeros((3, 10, 1)))
    assert "3 trials" in plrnn("reduce", idle, "--inputs", tmp_path / "trials.npy", "--tolerance", 0.1).stdout
    wild = saved(pa.PLRNN.al_rnn(A=[2.0], W=[[0.0]], h=[0.0], pwl_units=1), tmp_path / "wild.npz")
    for arguments, said in (
        ((idle, "--box", "5,-5"), "the lower first"),
        ((idle, "--box", "0,1", "--inputs", tmp_path / "trials.npy"), "exclude each other"),
        ((idle, "-o", tmp_path / "x.txt"), "written as .safetensors, .npz, .mat"),
        ((idle, "-o", tmp_path / "no" / "x.npz"), "--out"),
        ((wild,), "grow without bound"),
    ):
        refused = plrnn("reduce", *arguments)
        assert refused.exit_code == 2 and said in flat(refused.stderr) and not refused.stdout


def test_compare(choice: Path, tmp_path: Path) -> None:
    turned = pa.PLRNN.al_rnn(
        A=[0.5, 0.5], W=[[0, -2], [-0.5, 0]], h=[2, 1], C=[[0, 2], [1, 0]], pwl_units=2, B=[[-0.5, 1.0]], b=[0.0]
    )
    other = saved(turned, tmp_path / "turned.npz")
    result = plrnn("compare", choice, other, "--json", tmp_path / "same.json")
    assert result.exit_code == 0, result.output
    text = flat(result.stdout)
    assert "The two networks are the same in other coordinates" in text and "Matched ReLUs: 0→1, 1→0." in text
    assert "3 fixed points have a partner" in text and "Network B" in text
    assert from_json(tmp_path / "same.json").equivalent
    other = saved(turned.with_parameters(h=[2, 3]), tmp_path / "other.npz")
    result = plrnn("compare", choice, other, "--no-outputs")
    assert result.exit_code == 0 and "The two networks differ" in result.stdout
    assert "Fixed points of A alone" in result.stdout


def test_options_for_the_second_network_alone(tmp_path: Path) -> None:
    W, h = np.array([[0.0, -1.0], [-1.0, 0.0]]), np.ones(2)
    for name in ("a.npz", "b.npz"):
        np.savez(tmp_path / name, A=[0.5, 0.5], W=W, h=h)
    a, b = tmp_path / "a.npz", tmp_path / "b.npz"
    result = plrnn("compare", a, b, "--pwl-units", 2, "--b-pwl-units", 1)
    assert "2 units, 2 ReLUs" in result.stdout and "2 units, 1 ReLU" in result.stdout
    assert result.stdout.count("2 ReLUs,") == 1
    assert plrnn("compare", a, b, "--pwl-units", 2).stdout.count("2 ReLUs,") == 2


COMMANDS = {
    "bifurcations": ("--parameter", "h[0]", "--from", -1, "--to", 1, "--points", 3),
    "input-diagram": ("--vary", "left=-3,3"),
    "reduce": (),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_keeps_what_is_known(
    command: str, choice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = command.replace("-", "_")
    search = getattr(pa.PLRNN, name)

    def interrupted(*arguments, **options):
        signal.raise_signal(signal.SIGINT)
        return search(*arguments, **options)

    monkeypatch.setattr(pa.PLRNN, name, interrupted)
    drawn = () if command == "reduce" else ("--figure", tmp_path / "x.svg")
    result = plrnn(command, choice, *COMMANDS[command], *drawn, "--json", tmp_path / "x.json")
    assert result.exit_code == 130 and "2 units, 2 ReLUs" in result.stdout and not (tmp_path / "x.svg").exists()
    # A search that is not ended in time by what limits it ends before it knows anything.
    nothing = "Interrupted before anything was known" in result.stderr
    assert nothing or len(from_json(tmp_path / "x.json")) > 0
    assert nothing or not drawn or "the figure is not drawn" in result.stderr


def test_ctrl_c_in_a_comparison(choice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search = comparison.compare

    def interrupted(*arguments, **options):
        signal.raise_signal(signal.SIGINT)
        return search(*arguments, **options)

    monkeypatch.setattr(comparison, "compare", interrupted)
    result = plrnn("compare", choice, choice)
    assert result.exit_code == 130 and "The two networks are the same" in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_before_anything_is_known(command: str, choice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(pa.PLRNN, command.replace("-", "_"), interrupted)
    result = plrnn(command, choice, *COMMANDS[command])
    assert result.exit_code == 130 and "Interrupted before anything was known of" in result.stderr


@pytest.mark.parametrize("command", [*COMMANDS, "compare"])
def test_a_time_limit_makes_incomplete(command: str, choice: Path) -> None:
    second = (choice,) if command == "compare" else ()
    result = plrnn(command, choice, *second, *COMMANDS.get(command, ()), "--time-limit", 0)
    assert result.exit_code == (0 if command == "reduce" else 3), result.output


def test_explain_says_what_ctrl_c_left_out(choice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from plrnn_analysis import terminal

    np.save(tmp_path / "x.npy", np.random.default_rng(0).uniform(0, 1, (5, 30, 2)))
    np.save(tmp_path / "y.npy", np.zeros((5, 1)))
    files = ("--inputs", tmp_path / "x.npy", "--targets", tmp_path / "y.npy")
    assert "Ablations" in plrnn("explain", choice, *files).stdout
    tell = terminal.print_explanation

    def interrupted(*arguments, **options):
        tell(*arguments, **options)
        signal.raise_signal(signal.SIGINT)
        monkeypatch.setattr("plrnn_analysis.progress.reporting.INTERVAL", 0.0)

    monkeypatch.setattr(terminal, "print_explanation", interrupted)
    result = plrnn("explain", choice, *files)
    assert result.exit_code == 130 and "Slowest modes" in result.stdout
