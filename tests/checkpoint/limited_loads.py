"""Load damaged files, in a process of its own, under limits, and say which of them were not answered as promised.

Run by `test_damaged_checkpoints.py` as a script: ``python limited_loads.py KIND NUMBER SEED FOLDER``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import plrnn_analysis as pa
from plrnn_analysis import CheckpointError

__all__ = ["main", "problems"]

SECONDS = 10
FREE = 2**28
EXPANSION = 100
LONGEST = 5000
# They may stand in a message: lines, and spaces that do not break.
BLANKS = "\n\t\u00a0\u202f"
# What the code in a file would leave behind.
CANARY = "code-of-the-file-has-run"


def problems(path: Path, pwl_units: int | None = None) -> tuple[list[str], bool]:
    """What is wrong about how a file is answered, [] if nothing is, and whether a model came."""
    found: list[str] = []
    model = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = pa.load(path, pwl_units)
        except CheckpointError as error:
            text = str(error)
            if len(text) > LONGEST:
                found.append(f"a message of {len(text)} letters: {text[:200]!r}")
            if not all(letter.isprintable() or letter in BLANKS for letter in text):
                found.append(f"control characters in the message {text[:300]!r}")
        except Exception as error:
            found.append(f"{type(error).__name__}: {str(error)[:300]}")
    found += [f"warning: {item.category.__name__}: {str(item.message)[:200]}" for item in caught]
    if model is not None:
        arrays = [*model.parameters.values(), *(a for a in (model.B, model.b) if a is not None)]
        if not all(np.isfinite(array).all() and array.dtype == np.float64 for array in arrays):
            found.append("weights that are not finite")
        if not repr(model).isprintable():
            found.append(f"control characters in {repr(model)[:200]!r}")
    return found, model is not None


def _status(name: str) -> int:
    """A line of /proc/self/status in bytes."""
    text = Path("/proc/self/status").read_text()
    return int(text.partition(f"{name}:")[2].split()[0]) * 1024


def attempt(path: Path, pwl_units: int | None = None) -> tuple[list[str], bool]:
    """As :func:`problems`, with the time and the memory it takes."""
    size = sum(item.stat().st_size for item in ([path] if path.is_file() else path.glob("*")) if item.is_file())
    # 5 sets the largest resident size back to the present one.
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    # Whoever computes for ever ends by the first, whoever waits for ever by the second.
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, 10 * SECONDS)
    found, loaded = problems(path, pwl_units)
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    grown = _status("VmHWM") - before
    if grown > max(FREE, EXPANSION * size):
        found.append(f"{grown / 2**20:.0f} MiB of memory for a file of {size} bytes")
    return found, loaded


def limit() -> None:
    """No more address space than this process has already, and 2 GiB."""
    import resource

    room = _status("VmSize") + 2**31
    resource.setrlimit(resource.RLIMIT_AS, (room, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _attacks(folder: Path) -> Iterator[tuple[str, Path, int | None]]:
    from attacks import ATTACKS

    for name, make in ATTACKS.items():
        (folder / name).mkdir()
        yield name, make(folder / name), 2


def _mutants(kind: str, number: int, seed: int, folder: Path) -> Iterator[tuple[str, Path, int | None]]:
    from mutations import KINDS, mutants

    path = folder / f"mutant{KINDS[kind][0]}"
    for index, content in enumerate(mutants(kind, folder, number, seed)):
        path.write_bytes(content)
        yield f"{kind} {seed} {index}", path, 2 if index % 2 else None


def main() -> None:
    """Try the mutants of a kind; the last line of the output counts models and lists problems."""
    kind, number, seed, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    if kind in ("pt", "legacy", "attacks"):
        # Importing it is no part of reading any file.
        import torch  # noqa: F401
    os.chdir(folder)
    limit()
    wrong: list[str] = []
    models = tried = 0
    for name, path, pwl_units in _attacks(folder) if kind == "attacks" else _mutants(kind, number, seed, folder):
        # Of a process that was ended, the last name is the file that did it.
        (folder / "now").write_text(name)
        found, loaded = attempt(path, pwl_units)
        tried += 1
        models += loaded
        wrong += [f"{name}: {text}" for text in found]
        if any(Path().rglob(CANARY)):
            wrong.append(f"{name}: its code has run")
            break
    print(json.dumps({"tried": tried, "models": models, "wrong": wrong}))


if __name__ == "__main__":
    main()
