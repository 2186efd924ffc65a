"""Training where files cannot be written: what was learnt is kept, and what is missing is said."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faults import names, no_rights, room_for
from matplotlib.figure import Figure
from rich.console import Console
from typer.testing import CliRunner, Result

from plrnn_analysis.cli import app
from plrnn_analysis.errors import PLRNNError
from plrnn_training import AdditionTask, Member, Recipe, Trainer, fit, running, sweep
from plrnn_training.fitting import Fit, read_fit
from plrnn_training.fitting.fitter import Fitter
from plrnn_training.runs import Interrupted, train_in
from plrnn_training.state import load_state

RECIPE = Recipe(iterations=6, batch=4, test_trials=10, validation_trials=10, evaluations=2, init="generic")
MODEL = "addition_p1_seed0.safetensors"


def train(directory: Path, **options: Any) -> None:
    trainer = Trainer(AdditionTask(length=6), [Member(1, 0)], 3, RECIPE)
    train_in(directory, trainer, Console(quiet=True), **options)


def fitted(directory: Path, **options: Any) -> Any:
    wave = np.sin(0.3 * np.arange(300))
    return fit(wave, pwl_units=1, units=3, seeds=1, iterations=6, interval=8, window=20, out=directory, **options)


def swept(directory: Path, **options: Any) -> Any:
    task = AdditionTask(length=6)
    return sweep(
        task, pwl_units=[1], seeds=2, units=3, recipe=RECIPE, out=directory, save_every=0.0, device="cpu", **options
    )


def states_saved_always(monkeypatch: pytest.MonkeyPatch) -> None:
    real = running.run_to_the_end
    monkeypatch.setattr("plrnn_training.trainer.run_to_the_end", lambda *arguments: real(*arguments[:-1], -1.0))


@pytest.fixture(autouse=True)
def small_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing those of a fit takes a second."""
    monkeypatch.setattr(Fit, "figure", lambda fit: Figure(figsize=(0.2, 0.2)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which nothing went wrong."""
    out = tmp_path_factory.mktemp("whole")
    train(out, snapshots=3)
    return out


def test_a_state_that_does_not_fit_does_not_cost_the_weights(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    states_saved_always(monkeypatch)
    assert (whole / MODEL).stat().st_size < 8_000 < (whole / "training_state.pt").stat().st_size
    with room_for(8_000):
        train(tmp_path)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == RECIPE.iterations + 1
    assert all("training_state.pt: cannot be written (File too large); make room" in line for line in said)
    assert (tmp_path / MODEL).read_bytes() == (whole / MODEL).read_bytes()
    assert not {"training_state.pt"} & set(names(tmp_path)) and not list(tmp_path.rglob("*.tmp"))


def test_a_snapshot_that_cannot_be_written_is_written_after_resuming(whole: Path, tmp_path: Path) -> None:
    place = tmp_path / "snapshots" / "addition_p1_seed0_iteration000002.safetensors"
    place.mkdir(parents=True)
    with pytest.raises(
        PLRNNError, match=r"000002\S+: cannot be written \(Is a directory\).* Stopped at iteration 2 of 6;"
    ):
        train(tmp_path, snapshots=3)
    assert load_state(tmp_path / "training_state.pt")["iteration"] == 2
    place.rmdir()
    train(tmp_path, snapshots=3, resume=True)
    for path in whole.rglob("*.safetensors"):
        assert (tmp_path / path.relative_to(whole)).read_bytes() == path.read_bytes()


def test_a_model_that_cannot_be_written_is_written_after_resuming(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / MODEL).mkdir()
    with pytest.raises(PLRNNError, match=rf"{MODEL}: cannot be written.*iteration 6 of 6; the state last saved is in"):
        train(tmp_path)
    (tmp_path / MODEL).rmdir()
    monkeypatch.setattr(Trainer, "step", None)
    train(tmp_path, resume=True)
    assert (tmp_path / MODEL).read_bytes() == (whole / MODEL).read_bytes()


def signals(monkeypatch: pytest.MonkeyPatch, kind: type, at: int, *numbers: int) -> None:
    """Signals in the middle of an iteration."""
    real = kind.step  # type: ignore[attr-defined]

    def step(run: Any) -> None:
        if run.iteration == at - 1:
            for number in numbers:
                signal.raise_signal(number)
        real(run)

    monkeypatch.setattr(kind, "step", step)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(("train_it", "kind"), [(train, Trainer), (fitted, Fitter), (swept, Trainer)])
def test_every_signal_that_ends_programs_waits_for_the_iteration(
    train_it: Callable[[Path], None],
    kind: type,
    number: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    # Batch systems send some of them several times.
    signals(monkeypatch, kind, 3, *[number] * (1 if number == signal.SIGINT else 3))
    with pytest.raises(Interrupted, match=r"iteration 3 of 6; the state is in|0 of 2 models finished; repeat"):
        train_it(tmp_path)
    (state,) = tmp_path.rglob("*.pt")
    assert load_state(state)["iteration"] == 3
    assert capfd.readouterr().err.count("Ctrl-C again to stop at once, with the state last saved") == 1


@pytest.mark.parametrize(("train_it", "kind"), [(train, Trainer), (fitted, Fitter), (swept, Trainer)])
def test_a_second_ctrl_c_says_what_is_kept(
    train_it: Callable[[Path], None], kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals(monkeypatch, kind, 3, signal.SIGINT, signal.SIGINT)
    with pytest.raises(Interrupted, match=r"stopped at once at iteration 2 of 6; nothing was kept|0 of 2 models"):
        train_it(tmp_path)


def test_who_ignores_or_handles_a_signal_goes_on_doing_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[int] = []
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN), signal.signal(signal.SIGTERM, lambda n, _: got.append(n))
    signals(monkeypatch, Trainer, 3, signal.SIGHUP, signal.SIGTERM)
    try:
        train(tmp_path)
    finally:
        signal.signal(signal.SIGHUP, old[0])
        signal.signal(signal.SIGTERM, old[1])
    assert got == [signal.SIGTERM] and (tmp_path / MODEL).exists()


def test_a_stop_whose_state_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signals(monkeypatch, Trainer, 3, signal.SIGTERM)
    with room_for(3_000), pytest.raises(PLRNNError, match=r"training_state\.pt: cannot be written.*nothing was kept"):
        train(tmp_path)
    assert not [name for name in names(tmp_path) if name.endswith((".pt", ".tmp"))]


@pytest.mark.parametrize(("train_it", "kind"), [(train, Trainer), (fitted, Fitter), (swept, Trainer)])
def test_a_directory_that_is_removed_meanwhile_is_made_again(
    train_it: Callable[[Path], None], kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_it(tmp_path / "whole")
    real = kind.step  # type: ignore[attr-defined]

    def step(run: Any) -> None:
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        real(run)

    monkeypatch.setattr(kind, "step", step)
    if train_it is not swept:
        train_it(tmp_path / "out")
        for path in (tmp_path / "whole").rglob("*.safetensors"):
            assert (tmp_path / "out" / path.relative_to(tmp_path / "whole")).read_bytes() == path.read_bytes()
        return
    # Its settings are gone: a second call makes it whole.
    with pytest.raises(PLRNNError, match="sweep"):
        train_it(tmp_path / "out")
    monkeypatch.undo()
    train_it(tmp_path / "out")
    assert set(names(tmp_path / "out")) == set(names(tmp_path / "whole"))


def test_what_is_overwritten_is_gone_before_anything_new_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for train_it, record in ((train, "history.json"), (fitted, "fit.json")):
        out = tmp_path / record
        train_it(out)
        (out / "summary.json").write_text("{}")
        with monkeypatch.context() as patched:
            for kind in (Trainer, Fitter):
                patched.setattr(kind, "step", lambda run: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                train_it(out, overwrite=True)
        assert not list(out.glob("*.pt")) and not (out / record).exists()
    with pytest.raises(PLRNNError, match="no finished fit"):
        read_fit(tmp_path / "fit.json")


def test_a_fit_of_another_size_is_not_replaced_unasked(tmp_path: Path) -> None:
    (tmp_path / "fit.json").write_text("{}")
    with pytest.raises(PLRNNError, match="holds a fit already"):
        fitted(tmp_path)


def test_a_record_that_cannot_be_written_is_written_after_resuming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fit.json").mkdir()
    with pytest.raises(PLRNNError, match=r"fit\.json: cannot be written.*repeat with --resume"):
        fitted(tmp_path, overwrite=False, resume=True)
    (tmp_path / "fit.json").rmdir()
    monkeypatch.setattr(Fitter, "step", None)
    fitted(tmp_path, resume=True)
    assert json.loads((tmp_path / "fit.json").read_text())["models"]


def test_a_model_of_a_sweep_that_cannot_be_written_is_written_by_the_next_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "models" / "addition_p1_seed1.safetensors"
    place.mkdir(parents=True)
    with pytest.raises(PLRNNError, match=r"seed1\.safetensors: cannot be written.*Stopped with 0 of 2 models finished"):
        swept(tmp_path)
    assert not list(tmp_path.rglob("*.tmp"))
    place.rmdir()
    monkeypatch.setattr(Trainer, "step", None)
    assert len(swept(tmp_path)) == 2


def plrnn(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def commands(tmp_path: Path) -> dict[str, list[object]]:
    """Each trains, and takes --out."""
    np.save(tmp_path / "wave.npy", np.sin(0.3 * np.arange(300)))
    sizes: list[object] = ["--pwl-units", "1", "--seeds", "1", "--units", "3", "--iterations", "4"]
    return {
        "train": ["train", "addition", *sizes, "--length", "6", "--batch", "4"],
        "fit": ["fit", tmp_path / "wave.npy", *sizes, "--interval", "8"],
        "sweep": ["sweep", "addition", *sizes, "--recipe", "quick"],
    }


@pytest.mark.parametrize("key", ["train", "fit", "sweep"])
def test_commands_end_with_a_line_and_the_code_of_the_signal(
    key: str, commands: dict[str, list[object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in (Trainer, Fitter):
        signals(monkeypatch, kind, 2, signal.SIGTERM)
    result = plrnn(*commands[key], "--out", tmp_path / "out")
    assert result.exit_code == 143 and "Traceback" not in result.output, result.output
    assert "stopped" in result.stderr and list((tmp_path / "out").rglob("*.pt"))


@pytest.mark.parametrize("key", ["train", "fit", "sweep"])
def test_commands_say_where_nothing_can_be_written(key: str, commands: dict[str, list[object]], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    tmp_path.chmod(0o700)
    for out in (tmp_path / "file" / "out", tmp_path / ("x" * 300)):
        result = plrnn(*commands[key], "--out", out)
        assert result.exit_code == 2 and out.parent.name in result.output and "Traceback" not in result.output
    task = AdditionTask(length=6)
    with no_rights(), pytest.raises(PLRNNError, match="out: the directory cannot be made"):
        train_in(tmp_path / "out", Trainer(task, [Member(1, 0)], 3, RECIPE), Console(quiet=True))
