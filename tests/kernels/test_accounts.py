"""The same answers, without a word, under whatever account and in whatever surroundings the program is run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import plrnn_analysis

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("setpriv") is None,
        reason="only root can become another user, by setpriv",
    ),
]

# A user that the machine does not know, as in many containers. It may read what root may, such as an interpreter
# in root's home, and write only what is everybody's.
AS_NOBODY_KNOWN = [
    "setpriv",
    "--reuid=12345",
    "--regid=12345",
    "--clear-groups",
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
]

# One kernel, which is compiled where no cache can be written.
ONE_POINT = """
import plrnn_analysis as pa
found = pa.PLRNN.al_rnn([0.5, 0.5], [[0.0, 0.1], [-0.1, 0.0]], [1.0, -1.0], pwl_units=2).fixed_points()
print(found.complete, [point.bitcode for point in found])
"""
THREE_POINTS = """
import plrnn_analysis as pa
model = pa.PLRNN.al_rnn([0.5, 0.5], [[0.0, -1.0], [-1.0, 0.0]], [1.0, 1.0], pwl_units=2)
found = model.fixed_points(method="linear programs")
print(found.complete, [point.bitcode for point in found])
"""
CACHE_HITS = """
from plrnn_analysis.kernels.monotone import solve_monotone
print(sum(solve_monotone.stats.cache_hits.values()))
"""

# What the environment says; {closed} cannot be written, {file} is a file, {open} is everybody's.
SURROUNDINGS = {
    "nothing is set": {},
    "home is the root of the file system": {"HOME": "/"},
    "home does not exist": {"HOME": "/nonexistent"},
    "home is empty": {"HOME": ""},
    "home cannot be written": {"HOME": "{closed}"},
    "caches cannot be written": {"HOME": "{closed}", "XDG_CACHE_HOME": "{closed}"},
    "Numba's cache cannot be written": {"NUMBA_CACHE_DIR": "{closed}"},
    "Numba's cache is a file": {"NUMBA_CACHE_DIR": "{file}"},
    "Numba's cache is a directory here, which cannot be made": {"NUMBA_CACHE_DIR": "cache"},
    "Numba's cache is empty text": {"NUMBA_CACHE_DIR": ""},
    "no directory for temporary files": {"TMPDIR": "/nonexistent"},
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package that only root may change, and directories of several kinds beside it."""
    root = tmp_path_factory.mktemp("installed")
    package = Path(plrnn_analysis.__file__).parent
    shutil.copytree(package, root / "lib" / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "closed").mkdir()
    (root / "file").write_text("")
    (root / "open").mkdir(mode=0o777)
    (root / "open").chmod(0o777)
    for path in [root, *root.rglob("*")]:
        if path.name != "open":
            path.chmod(0o555 if path.is_dir() else 0o444)
    return root


def run(installed: Path, code: str, settings: dict[str, str]) -> str:
    """What the program prints; it must end well and say nothing else."""
    environment = {name: value.format(**{d: installed / d for d in ("closed", "file", "open")})
                   for name, value in settings.items()}  # fmt: skip
    environment |= {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed / "lib")}
    command = [*AS_NOBODY_KNOWN, sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=installed / "closed")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_a_user_that_the_machine_does_not_know(installed: Path, tried) -> None:
    who = "import os, plrnn_analysis; print(os.getuid(), plrnn_analysis.__file__)"
    assert run(installed, who, {}) == f"12345 {installed / 'lib' / 'plrnn_analysis' / '__init__.py'}\n"
    for name, settings in SURROUNDINGS.items():
        assert run(installed, ONE_POINT, settings) == "True ['10']\n", name
    tried("accounts", len(SURROUNDINGS))


def test_a_whole_search_without_home_and_cache(installed: Path) -> None:
    assert run(installed, THREE_POINTS, {}) == "True ['01', '10', '11']\n"


def test_a_cache_that_the_environment_names_is_used(installed: Path) -> None:
    for variable in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        settings = {variable: f"{{open}}/{variable}"}
        for hits in (0, 1):
            assert run(installed, ONE_POINT + CACHE_HITS, settings) == f"True ['10']\n{hits}\n"
