"""Kill training or a report again and again: python killing.py WORK OUT KILLS SEED.

WORK is train, fit, sweep or report. It is killed at random moments, until there were KILLS; and once at every operation
on a file that it does, with half of what was written last lost. After each kill the directory is looked at, and the
work is done again, which must go on from what was kept. What comes of it in the end is compared with what came of it
undisturbed.

A child is forked for every attempt, so that it need not import torch again. At random it is killed when it has had some
time on the processor: on a busy machine it would else get nowhere.
"""

from __future__ import annotations

import json
import math
import os
import random
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from rich.console import Console

import plrnn_analysis as pa
from plrnn_analysis.report import downloads, writing
from plrnn_training import AdditionTask, Member, Recipe, Trainer, fit, sweep
from plrnn_training.fitting import Fit, fitter, read_fit
from plrnn_training.running import run_to_the_end
from plrnn_training.runs import SUMMARY_FILE, train_in
from plrnn_training.state import load_state
from plrnn_training.summary import write_summary

# Signals of the interpreter about operations on files.
EVENTS = {"open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.rmtree"}
WRITING = os.O_WRONLY | os.O_RDWR
KEPT_TO_ITSELF = {".plrnn.lock"}
Identity = tuple[int, int, bytes]


@dataclass(frozen=True)
class Work:
    """Something that can be killed.

    Attributes
    ----------
    run : callable
        Does it in a directory, from the beginning or from what is there.
    finished : callable
        Files that are never touched again.
    """

    run: Callable[[Path, bool], None]
    finished: Callable[[Path], list[Path]] = field(default=lambda out: [])


def recipe(fine: bool) -> Recipe:
    return Recipe(
        iterations=3 if fine else 120, batch=16, test_trials=40, validation_trials=20, evaluations=3 if fine else 12,
        keep="best", patience=8, init="generic",
    )  # fmt: skip


def save_every(fine: bool) -> float:
    return -1.0 if fine else 0.03


def train(out: Path, fine: bool) -> None:
    task, members = AdditionTask(length=8), [Member(0, 0), Member(2, 1)]
    trainer = Trainer(task, members, 4, recipe(fine))
    models = train_in(out, trainer, Console(quiet=True), resume=True, snapshots=2)
    write_summary(out / SUMMARY_FILE, models, task, {})


def fit_series(out: Path, fine: bool) -> None:
    wave = np.sin(0.3 * np.arange(300)) + 0.1 * np.cos(2.1 * np.arange(300))
    fit(
        wave, pwl_units=[1, 2], units=3, seeds=1, iterations=3 if fine else 60, window=20, batch=4, out=out,
        resume=True,
    )  # fmt: skip


def sweep_addition(out: Path, fine: bool) -> None:
    some = {"pwl_units": [1], "seeds": 2} if fine else {"pwl_units": [0, 2], "seeds": 3, "lr": [5e-3, 2e-2]}
    sweep(
        "addition", **some, samples=[30, None], units=6, recipe=recipe(fine), iterations=3 if fine else 40, out=out,
        device="cpu",
    )  # fmt: skip


def report(out: Path, fine: bool) -> None:
    pa.PLRNN.al_rnn(A=[0.5], W=[[-1.0]], h=[1.0], pwl_units=1).report(out, steps=100)


def models_of_a_sweep(out: Path) -> list[Path]:
    results = list((out / "models").glob("*.json"))
    return results + [path.with_suffix(".safetensors") for path in results]


WORKS = {
    "train": Work(train),
    "fit": Work(fit_series),
    "sweep": Work(sweep_addition, models_of_a_sweep),
    "report": Work(report),
}


def light_figures() -> None:
    """Drawing is not what is tried, and takes most of the time."""
    Fit.figure = lambda found: Figure(figsize=(0.2, 0.2))  # type: ignore[method-assign,assignment]
    writing.draw_pictures = lambda found, ctrl_c: ([], [])  # type: ignore[assignment]
    # Files beside the page, as large networks have them.
    downloads.LARGEST = 1000


def log_iterations(log: Path, fine: bool) -> None:
    """Every state that training begins with, and every iteration, in a line of a file."""
    line = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def logged(run: Any, products: int, device: Any, state: Path, told: Any, seconds: float) -> bool:
        step = run.step

        def logged_step() -> None:
            step()
            os.write(line, f"{state.name} {run.iteration}\n".encode())

        run.step = logged_step
        os.write(line, f"{state.name} from {run.iteration}\n".encode())
        return run_to_the_end(run, products, device, state, told, save_every(fine))

    fitter.run_to_the_end = logged  # type: ignore[assignment]
    sys.modules[Trainer.__module__].run_to_the_end = logged  # type: ignore[attr-defined]


def arm(out: Path, at: int) -> None:
    """This process kills itself at its n-th operation on files of a directory."""
    count, real = 0, os.fsync

    def inside(path: object) -> bool:
        return isinstance(path, (str, bytes, os.PathLike)) and os.fsdecode(path).startswith(str(out))

    def operation(written: int | None = None) -> None:
        nonlocal count
        count += 1
        if count == at:
            if written is not None:
                os.ftruncate(written, os.fstat(written).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in EVENTS and inside(arguments[0]) and (event != "open" or arguments[2] & WRITING):
            operation()

    def fsync(file: int) -> None:
        if inside(os.readlink(f"/proc/self/fd/{file}")):
            operation(file)
        real(file)

    os.fsync = fsync  # type: ignore[assignment]
    sys.addaudithook(hook)


def cpu_seconds(child: int) -> float:
    """Time a process has had on the processor; endless if it is at its end."""
    state, *numbers = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    return math.inf if state == "Z" else (int(numbers[10]) + int(numbers[11])) / os.sysconf("SC_CLK_TCK")


class Trial:
    """Attempts at one work, and what is checked after each.

    Parameters
    ----------
    work : Work
    base : Path
    fine : bool
        Short, with the state kept after every iteration.
    """

    def __init__(self, work: Work, base: Path, fine: bool) -> None:
        self.work, self.base, self.fine, self.log = work, base, fine, base / "log"
        light_figures()
        base.mkdir()
        work.run(base / "never", fine)  # in this process, so that kernels are loaded before it forks
        self.wanted = contents(base / "never")
        self.kills = 0

    def attempt(self, out: Path, delay: float = math.inf, at: int = 0) -> bool:
        """Whether the work got to its end before it was killed; it must have begun with what was kept."""
        kept, finished = states(out), {path: identity(path) for path in self.work.finished(out)}
        self.log.write_text("")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                log_iterations(self.log, self.fine)
                if at:
                    arm(out, at)
                self.work.run(out, self.fine)
                code = 0
            finally:
                os._exit(code)
        while cpu_seconds(child) < delay:
            time.sleep(0.002)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        assert killed or os.WEXITSTATUS(status) == 0, status
        self.kills += killed
        self._check(out, kept, finished)
        return not killed

    def _check(self, out: Path, kept: dict[str, int], finished: dict[Path, Identity]) -> None:
        assert all(identity(path) == before for path, before in finished.items()), "finished, and written again"
        now, done = states(out), dict(kept)
        for line in self.log.read_text().splitlines():
            name, *rest = line.split()
            if rest[0] == "from":
                assert int(rest[1]) == kept.get(name, 0), (line, kept)
                done[name] = int(rest[1])
            else:
                assert int(rest[0]) == done[name] + 1, (line, done)
                done[name] += 1
        for name, iteration in now.items():
            assert kept.get(name, 0) <= iteration <= done[name], (name, kept, now, done)
            # Kept after every iteration: only the last can be lost.
            assert not self.fine or iteration >= done[name] - 1, (name, now, done)
        look_at(out)


def states(out: Path) -> dict[str, int]:
    """Iterations of the states that are kept, by the names of their files."""
    return {path.name: load_state(path)["iteration"] for path in out.rglob("*.pt")}


def identity(path: Path) -> Identity:
    """Changes if the file is written again, even with the same content."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, path.read_bytes()


def look_at(out: Path) -> None:
    """Whatever there is must be whole."""
    for path in out.rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
    for path in out.rglob("*.safetensors"):
        pa.load(path)
    for path in out.rglob("report.html"):
        page = path.read_text(encoding="utf-8")
        assert page.rstrip().endswith("</html>"), page[-40:]
        beside = re.findall(r'href="([\w.-]+\.(?:json|csv|graphml))"', page)
        assert len(beside) > 1 and all((out / name).exists() for name in beside), beside
    if (out / "fit.json").exists():
        read_fit(out)


def contents(out: Path) -> dict[str, Any]:
    """What came of the work, without the times that it took."""
    found: dict[str, Any] = {}
    for path in sorted(out.rglob("*")):
        name = str(path.relative_to(out))
        if name in KEPT_TO_ITSELF:
            continue
        found[name] = ""
        if path.suffix == ".safetensors" or name in ("history.json", SUMMARY_FILE):
            found[name] = path.read_bytes()
        elif path.suffix == ".json":
            found[name] = re.sub(r'"seconds": [\d.e-]+', "", path.read_text())
    return found


def at_moments(trial: Trial, kills: int, rng: random.Random) -> int:
    """How often it got to its end."""
    began, rounds = time.process_time(), 0
    trial.work.run(trial.base / "timed", trial.fine)
    usual = time.process_time() - began
    # What begins anew each time must get a chance.
    longest = (0.6 if trial.work is not WORKS["report"] else 1.0) * usual
    while trial.kills < kills:
        out = trial.base / f"killed{rounds}"
        while not trial.attempt(out, rng.uniform(0.02, 0.05 + longest)):
            pass
        finish(trial, out)
        rounds += 1
    return rounds


def at_operations(trial: Trial) -> int:
    """How many operations there are: it was killed at each."""
    at = 1
    while not trial.attempt(trial.base / f"at{at}", at=at):
        assert trial.attempt(trial.base / f"at{at}")
        finish(trial, trial.base / f"at{at}")
        at += 1
    return at - 1


def finish(trial: Trial, out: Path) -> None:
    """All of it is there, and nothing else; a report has no lock, and leaves others a minute for what they write."""
    left = list(out.glob(".*.tmp"))
    if trial.work is WORKS["report"] and left:
        for path in left:
            os.utime(path, (0, 0))
        trial.work.run(out, trial.fine)
    found = contents(out)
    different = [n for n in sorted(set(found) | set(trial.wanted)) if found.get(n) != trial.wanted.get(n)]
    assert not different, different
    shutil.rmtree(out)


def main(work: str, base: Path, kills: int, seed: int) -> None:
    torch.set_num_threads(1)
    trials = {fine: Trial(WORKS[work], base / str(fine), fine) for fine in (False, True)}
    rounds, operations = at_moments(trials[False], kills, random.Random(seed)), at_operations(trials[True])
    print(f"{trials[False].kills} kills in {rounds} rounds, {operations} at operations")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
