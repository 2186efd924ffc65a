"""Ctrl-C in a command: noted, raised where nothing is lost, said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import plrnn_analysis as pa
from plrnn_analysis import analyze_command, cli, from_json, interruption, plotting, terminal
from plrnn_analysis.interruption import INTERRUPTED, Interruption, Termination, ending_signals
from plrnn_analysis.progress import Progress

GOING_ON, ENDED = Progress("search", 1, 2, 0, 1.0), Progress("search", 2, 2, 0, 2.0, ended=True)


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_the_first_is_noted_and_raised_where_progress_is_reported(capfd: pytest.CaptureFixture[str]) -> None:
    with Interruption(shown=False) as ctrl_c:
        ctrl_c.progress(GOING_ON)
        press()
        assert ctrl_c.seen
        ctrl_c.progress(ENDED)  # a search that is through stays as it is
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                ctrl_c.progress(GOING_ON)
    assert capfd.readouterr().err.count("plrnn: interrupted") == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_is_raised_at_once() -> None:
    with Interruption(shown=False):
        press()
        with pytest.raises(KeyboardInterrupt):
            press()


def test_who_ignores_ctrl_c_goes_on_doing_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interruption(shown=False) as ctrl_c:
            press()
        assert not ctrl_c.seen and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_nothing_changes() -> None:
    def elsewhere() -> None:
        with Interruption(shown=False) as ctrl_c:
            ctrl_c.progress(GOING_ON)
            handlers.append(signal.getsignal(signal.SIGINT))

    handlers: list[object] = []
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert handlers == [signal.default_int_handler]


def test_progress_is_shown_and_taken_off_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Shown:
        def __call__(self, progress: Progress) -> None:
            log.append(progress.ended)

        def close(self) -> None:
            log.append("closed")

    log: list[object] = []
    monkeypatch.setattr(interruption, "display", Shown)
    with Interruption(shown=True) as ctrl_c:
        for progress in (GOING_ON, ENDED, GOING_ON):
            ctrl_c.progress(progress)
        press()
        with pytest.raises(KeyboardInterrupt):
            ctrl_c.progress(GOING_ON)
    assert log == [False, True, "closed", False, "closed"]


@pytest.fixture
def analyzed(tmp_path: Path) -> Callable[[], Result]:
    """The command with figures, on a small network."""
    pa.save(pa.PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2), tmp_path / "m.npz")
    arguments = ["analyze", str(tmp_path / "m.npz"), "--steps", "100", "--figures", str(tmp_path / "figures")]
    return lambda: CliRunner().invoke(cli.app, arguments)


def pressing(times: int, function: Callable[..., Any], number: int = signal.SIGINT) -> Callable[..., Any]:
    def pressed(*arguments: Any, **options: Any) -> Any:
        for _ in range(times):
            signal.raise_signal(number)
        return function(*arguments, **options)

    return pressed


def test_ctrl_c_while_figures_are_drawn(analyzed: Callable[[], Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plotting, "plot_fixed_points", pressing(1, plotting.plot_fixed_points))
    result = analyzed()
    assert result.exit_code == 130 and "Which ReLUs are needed" in result.stdout
    written = [line for line in result.stdout.splitlines() if line.startswith("Written")]
    assert len(written) == 1 and "no further figures are drawn" in result.stdout
    assert "nothing is missing" not in result.stderr


def test_ctrl_c_when_all_is_done_misses_nothing(
    analyzed: Callable[[], Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert analyzed().exit_code == 0
    monkeypatch.setattr(analyze_command, "_write", lambda *_: press() or True)
    result = analyzed()
    assert result.exit_code == 130 and "nothing is missing" in result.stderr


@pytest.mark.parametrize("number", ending_signals())
def test_what_batch_systems_send_is_as_ctrl_c(
    number: signal.Signals, analyzed: Callable[[], Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Several of them, as batch systems send, are as one.
    with monkeypatch.context() as patched:
        patched.setattr(pa.PLRNN, "simulate", pressing(3, pa.PLRNN.simulate, number))
        result = analyzed()
    assert result.exit_code == 128 + number and "What is missing" in result.stdout
    # Where nothing is known yet they end the command, in one line.
    with monkeypatch.context() as patched:
        patched.setattr(cli, "Interruption", pressing(1, Interruption, number))
        result = analyzed()
    assert (result.exit_code, result.stderr) == (128 + number, f"plrnn: ended by {number.name}\n")
    assert signal.getsignal(number) is signal.SIG_DFL


@pytest.mark.parametrize("number", ending_signals())
def test_outside_of_commands_they_are_left_alone(number: signal.Signals) -> None:
    with Interruption(shown=False):
        assert signal.getsignal(number) is signal.SIG_DFL
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with Termination() as termination, Interruption(shown=False) as ctrl_c:
            signal.raise_signal(number)
        assert not ctrl_c.seen and termination.exit_code == INTERRUPTED
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("name", ["simulate", "reduce"])
def test_ctrl_c_between_two_reports_is_not_forgotten(
    name: str, analyzed: Callable[[], Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pa.PLRNN, name, pressing(1, getattr(pa.PLRNN, name)))
    result = analyzed()
    assert result.exit_code == 130 and "no further figures" in result.stdout
    assert ("What is missing" in result.stdout) == (name == "simulate")
    assert "States in use" in result.stdout


def test_the_second_ends_the_command_in_one_line(
    analyzed: Callable[[], Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "print_fixed_points", pressing(2, terminal.print_fixed_points))
    result = analyzed()
    assert result.exit_code == 130 and result.stderr == "plrnn: interrupted\n"


PROBES = ("0.02", "-0.02")
PARTS = [
    "Where free runs end", "States in use", "Slow motion", "Under trials",
    *(f"Under constant input {probe}" for probe in PROBES), "Which ReLUs are needed",
]  # fmt: skip
# Says when the signal can be told from one that hits the start of Python.
PROGRAM = "import sys; from plrnn_analysis.cli import main; print('ready', file=sys.stderr, flush=True); main()"


def used(process: subprocess.Popen[str]) -> float:
    """Seconds of the processor: on a busy machine a clock says little."""
    text = Path(f"/proc/{process.pid}/stat").read_text()
    # Fields 14 and 15, counted after the name in brackets.
    return sum(map(int, text.rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def interrupted_after(seconds: float, arguments: list[str]) -> tuple[int, str, str, float]:
    """Exit code, both outputs, and what was used; infinite seconds for no interrupt."""
    command = [sys.executable, "-c", PROGRAM, "analyze", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "ready\n"
        start = last = used(process)
        while process.poll() is None and last - start < seconds:
            time.sleep(0.01)
            last = max(last, used(process))
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    return process.returncode, out, err, last - start


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="sends SIGINT to one process by the processor time it has used")
def test_ctrl_c_at_random_moments_is_never_lost_and_always_said(
    tmp_path: Path, tried: Callable[[str, int], None]
) -> None:
    # The Lozi map: chaos takes long to be told, so that the moments spread over the story.
    lozi = pa.PLRNN.al_rnn(A=[[0, 1], [0.5, 1.7]], W=[[0, 0], [0, -3.4]], h=[0, 1], relu_units=[1], C=[[0], [1]])
    pa.save(lozi, tmp_path / "m.npz")
    rng = np.random.default_rng(3)
    np.save(tmp_path / "trials.npy", rng.uniform(-0.01, 0.01, (60, 100, 1)))
    record = tmp_path / "record.json"
    arguments = [str(tmp_path / "m.npz"), "--inputs", str(tmp_path / "trials.npy")]
    arguments += ["--max-period", "8", "--steps", "20000"]
    arguments += [part for probe in PROBES for part in ("--probe", probe)] + ["--json", str(record)]
    code, out, err, total = interrupted_after(np.inf, arguments)
    assert code in (0, 3) and not err, err
    whole = from_json(record)
    assert [section.title for section in whole.story] == PARTS
    seen = set()
    # In the last tenth Python takes itself down, when all is written.
    moments = rng.uniform(0.0, 0.9 * total, 20)
    tried("Ctrl-C in analyze", len(moments))
    for moment in moments:
        record.unlink(missing_ok=True)
        code, out, err, _ = interrupted_after(moment, arguments)
        print(f"{moment:.2f} of {total:.2f} s: {code} {err.strip()!r}")
        assert "Traceback" not in err, err
        if not record.exists():
            # Nothing was begun.
            assert code == 130 and "plrnn: interrupted" in err and not out, (moment, code, out, err)
            continue
        found = from_json(record)
        told = [section for section in found.story if section.title in PARTS]
        print(f"    told {len(told)}: {found.story[-1].sentences}")
        assert all(section.title in out for section in found.story), moment
        if len(told) == len(PARTS) and (code != 130 or "nothing is missing" in err):
            continue  # it was through
        assert code == 130 and "plrnn: interrupted" in err, (moment, code, err)
        missing = found.story[-1].numbers.get("missing", [])
        assert [s.title for s in told] + missing == PARTS or missing[-1:] == ["the story"], (moment, missing)
        # All but the last part is what it is without the interrupt.
        for section, expected in zip(told[:-1], whole.story, strict=False):
            assert section == expected, (moment, section)
        if told or found.cycles is not None:
            assert json.loads(found.to_json())["fixed_points"] == json.loads(whole.to_json())["fixed_points"]
        seen.add(len(told))
    assert len(seen) > 2, seen
