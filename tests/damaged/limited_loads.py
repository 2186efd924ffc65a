"""Load damaged files, in a process of its own, under limits, and say which of them were not answered as promised.

Run by tests as a script: ``python limited_loads.py KIND NUMBER SEED FOLDER``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import plrnn_analysis as pa
from plrnn_analysis import CheckpointError

__all__ = ["loaded_within_limits", "main", "problems", "reader"]

SECONDS = 10
FREE = 2**28
EXPANSION = 100
# What a process takes that has Python, NumPy and h5py and reads nothing.
LIBRARIES = 2**27
LONGEST = 5000
# They may stand in a message: lines, and spaces that do not break.
BLANKS = "\n\t\u00a0\u202f"
# What the code in a file would leave behind.
CANARY = "code-of-the-file-has-run"


def problems(
    path: Path, load: Callable[[Path], Any] = pa.load, refused: type[Exception] = CheckpointError
) -> tuple[list[str], bool]:
    """What is wrong about how a file is answered, [] if nothing is, and whether something was read."""
    found: list[str] = []
    read = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            read = load(path)
        except refused as error:
            text = str(error)
            if len(text) > LONGEST:
                found.append(f"a message of {len(text)} letters: {text[:200]!r}")
            if not all(letter.isprintable() or letter in BLANKS for letter in text):
                found.append(f"control characters in the message {text[:300]!r}")
        except Exception as error:
            found.append(f"{type(error).__name__}: {str(error)[:300]}")
    found += [f"warning: {item.category.__name__}: {str(item.message)[:200]}" for item in caught]
    if read is not None:
        if not all(np.isfinite(array).all() for array in _arrays(read)):
            found.append("numbers that are not finite")
        if not isinstance(read, np.ndarray) and not repr(read).isprintable():
            found.append(f"control characters in {repr(read)[:200]!r}")
    return found, read is not None


def _arrays(read: Any) -> list[np.ndarray]:
    """What of a network or of trials must be numbers."""
    if isinstance(read, pa.PLRNN):
        return [*read.parameters.values(), *(a for a in (read.B, read.b) if a is not None)]
    if isinstance(read, np.ndarray):
        return [read]
    if hasattr(read, "mask"):
        return [read.inputs, read.targets, read.mask]
    # NaN marks what is missing.
    assert not any(np.isinf(trial).any() for trial in read.trials)
    return list(read.inputs)


def reader(kind: str) -> tuple[Callable[[Path], Any], type[Exception]]:
    """How files of a kind are read, and the error that says why one cannot be."""
    if kind.startswith("trials"):
        from plrnn_training.trials import read_trials

        return read_trials, pa.ModelError
    if kind.startswith("series"):
        from plrnn_training.fitting import read_series

        return read_series, pa.PLRNNError
    from plrnn_analysis.trial_choice import story_trials

    model = pa.PLRNN.al_rnn([0.5], [[0.1]], [0.0], pwl_units=1, C=[[1.0, 0.5]])
    return lambda path: story_trials(model, path, False, 0), pa.PLRNNError


def _status(name: str) -> int:
    """A line of /proc/self/status in bytes."""
    text = Path("/proc/self/status").read_text()
    return int(text.partition(f"{name}:")[2].split()[0]) * 1024


def attempt(
    path: Path, load: Callable[[Path], Any], refused: type[Exception] = CheckpointError
) -> tuple[list[str], bool]:
    """As :func:`problems`, with the time and the memory it takes."""
    size = sum(item.stat().st_size for item in ([path] if path.is_file() else path.glob("*")) if item.is_file())
    # 5 sets the largest resident size back to the present one.
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    # Whoever computes for ever ends by the first, whoever waits for ever by the second.
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, 10 * SECONDS)
    found, loaded = problems(path, load, refused)
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    grown = _status("VmHWM") - before
    if grown > max(FREE, EXPANSION * size):
        found.append(f"{grown / 2**20:.0f} MiB of memory for a file of {size} bytes")
    # Of all processes that have read something so far.
    import resource

    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    if most > LIBRARIES + max(FREE, EXPANSION * size):
        found.append(f"{most / 2**20:.0f} MiB of memory in the process that reads a file of {size} bytes")
    return found, loaded


def limit() -> None:
    """No more address space than this process has already, and 2 GiB."""
    import resource

    room = _status("VmSize") + 2**31
    resource.setrlimit(resource.RLIMIT_AS, (room, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


Try = tuple[str, Path, Callable[[Path], Any], type[Exception]]


def _attacks(folder: Path) -> Iterator[Try]:
    from attacks import ATTACKS

    for name, make in ATTACKS.items():
        (folder / name).mkdir()
        yield name, make(folder / name), partial(pa.load, pwl_units=2), CheckpointError


def _series_attacks(folder: Path) -> Iterator[Try]:
    from series_attacks import SERIES_ATTACKS

    for name, make in SERIES_ATTACKS.items():
        (folder / name).mkdir()
        path = make(folder / name)
        for kind in ("trials", "series", "inputs"):
            yield f"{name}, as {kind}", path, *reader(kind)


def _mutants(kind: str, number: int, seed: int, folder: Path) -> Iterator[Try]:
    from mutations import KINDS, mutants

    path = folder / f"mutant{KINDS[kind][0]}"
    for index, content in enumerate(mutants(kind, folder, number, seed)):
        path.write_bytes(content)
        load, refused = partial(pa.load, pwl_units=2 if index % 2 else None), CheckpointError
        if kind.startswith(("trials", "series", "inputs")):
            load, refused = reader(kind)
        yield f"{kind} {seed} {index}", path, load, refused


def loaded_within_limits(folder: Path, kind: str, number: int, seed: int) -> dict:
    """What the process says that loads the files."""
    command = [sys.executable, __file__, kind, str(number), str(seed), str(folder)]
    paths = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    last = (folder / "now").read_text() if (folder / "now").exists() else "the start"
    assert done.returncode == 0, f"ended with {done.returncode} at {last}: {done.stderr[-2000:]}"
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Try the mutants of a kind; the last line of the output counts models and lists problems."""
    kind, number, seed, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    # Importing what reads them is no part of reading any file.
    if kind in ("pt", "legacy", "attacks"):
        import torch  # noqa: F401
    elif kind.startswith(("trials", "series")):
        reader("trials"), reader("series")
    os.chdir(folder)
    limit()
    wrong: list[str] = []
    models = tried = 0
    made = {"attacks": _attacks, "series attacks": _series_attacks}
    for name, path, load, refused in made[kind](folder) if kind in made else _mutants(kind, number, seed, folder):
        # Of a process that was ended, the last name is the file that did it.
        (folder / "now").write_text(name)
        found, loaded = attempt(path, load, refused)
        tried += 1
        models += loaded
        wrong += [f"{name}: {text}" for text in found]
        if any(Path().rglob(CANARY)):
            wrong.append(f"{name}: its code has run")
            break
    print(json.dumps({"tried": tried, "models": models, "wrong": wrong}))


if __name__ == "__main__":
    main()
