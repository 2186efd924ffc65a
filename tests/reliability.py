"""What was tried to break this package, how often, and what fell: the table of docs/reliability.md.

A test that tries something many times says so by the fixture ``tried``: ``tried("checkpoints", 6000)``. Counts of one
row are summed over all tests, and ``make stress`` writes them into the page.
"""

from __future__ import annotations

import platform
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"
BEGIN, END = "% what was tried: written by make stress\n", "% end of what was tried\n"

# What is tried, by the key that tests use, in the order of the page.
ROWS = {
    "checkpoints": "damaged checkpoints of eight formats: bytes, headers, shapes, names, pickles, archives",
    "attacks": "hostile checkpoints built by hand: bombs, pipes, links, code in pickles",
    "series": "damaged files of trials, time series and inputs: .npz, .npy, .csv, .mat of versions 5 and 7.3",
    "series attacks": "hostile files built by hand, each read as trials, as a series and as inputs",
    "states": "damaged training states: refused, or nothing of the run is changed",
    "run files": "damaged records of sweeps and fits",
    "records": "damaged JSON of every result type: an object, or an error of ours",
    "arguments": "calls of public functions with one argument of a wrong kind, shape or size",
    "arguments of training": "the same for the training package: functions, constructors, methods of models and tasks",
    "certificates": "wrong certificates, each with one thing changed in a right one",
    "hostile names": "hostile texts of files in the terminal, HTML, figures, GraphML, JSON and exports: shown as text",
    "proofs": 'points, lists, branches and diagrams proven by `verify="rigorous"`, held against fractions',
    "proof mutants": 'results with one thing changed, given to `verify="rigorous"`: every one noticed',
    "answers": "answers of searches held against exact arithmetic, brute force or an independent solver",
    "processors": "systems answered by the kernels of other processors",
    "files": "files that cannot be written: no room, no rights, a directory in their place or gone, long names",
    "time limits": "hard searches with a time limit and 600 MB of memory: each ends in time, and says what it found",
    "Ctrl-C in searches": "Ctrl-C at random moments of searches and simulations, as in a notebook: answered at once",
    "Ctrl-C in analyze": "Ctrl-C at random moments of `plrnn analyze`",
    "kills": "train, fit, sweep and report killed at random moments and at every operation on a file, and run again: "
    "bit-identical in the end, nothing trained twice, no half file",
    "accounts": "accounts without a home, a name or a cache that can be written, with the package installed read-only",
    "processes": "searches under fork, spawn and forkserver, in joblib and dask workers, in threads, amid compilation",
}


def table(counts: Mapping[str, int], files: Mapping[str, Iterable[str]], failed: Mapping[str, int]) -> str:
    """Rows of Markdown: what, how often, how many tests of it failed, and the command that tries it again."""
    lines = ["| what | how often | fell | again |", "|---|---|---|---|"]
    for key, what in ROWS.items():
        if counts.get(key):
            again = " ".join(sorted(files[key]))
            again = f'"{again}"' if " " in again else again
            fell = {0: "none", 1: "1 test"}.get(n := failed.get(key, 0), f"{n} tests")
            lines.append(f"| {what} | {counts[key]:,} | {fell} | `make stress PART={again}` |")
    return "\n".join(lines) + "\n"


def renewed(page: str, content: str) -> str:
    """The page with another table."""
    head, rest = page.split(BEGIN)
    return head + BEGIN + content + END + rest.split(END)[1]


class Tally:
    """Listens to the tests, wherever they run, and writes the page at the end."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.files: dict[str, set[str]] = {}
        self.outcomes: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call":
            return
        self.outcomes[report.outcome] += 1
        rows = Counter()
        for name, value in report.user_properties:
            if name == "tried":
                rows[value[0]] += value[1]
        for key in rows:
            self.files.setdefault(key, set()).add(report.nodeid.split("::")[0])
            self.failed[key] += report.failed
        self.counts += rows

    def pytest_sessionfinish(self) -> None:
        packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "numba", "torch"))
        run = f"\n{sum(self.outcomes.values()):,} slow tests, {self.outcomes['failed']} failed; "
        run += f"Python {platform.python_version()}, {packages}.\n"
        content = table(self.counts, self.files, self.failed) + run
        PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), content), encoding="utf-8")


def keys_in_use(sources: Iterable[Path]) -> set[str]:
    """Keys that tests name."""
    return {
        key for path in sources for key in re.findall(r'^ +tried\("([^"]+)"', path.read_text("utf-8"), re.MULTILINE)
    }
