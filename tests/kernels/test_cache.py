"""Where compiled kernels are kept, whatever the user's account is like."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plrnn_analysis.kernels import _jit


def no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_jit._numba_config, "CACHE_DIR", "")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_a_user_without_a_home_gets_a_temporary_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "home", no_home)
    assert _jit.cache_directory().parent == tmp_path


def test_the_home_is_not_asked_for_where_the_environment_names_a_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.setenv("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert _jit.cache_directory().parent == tmp_path / "caches" / "plrnn_analysis"


def test_numbas_own_setting_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_jit._numba_config, "CACHE_DIR", str(tmp_path / "numba"))
    assert _jit.cache_directory().parent == tmp_path / "numba"


def test_a_directory_that_cannot_be_written_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(_jit._numba_config, "CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "file")
    assert _jit.cache_directory().parent == tmp_path


@pytest.mark.slow
def test_a_search_runs_for_a_user_without_a_home(tmp_path: Path) -> None:
    code = """
from pathlib import Path
def no_home(): raise RuntimeError("Could not determine home directory.")
Path.home = no_home
import plrnn_analysis as pa
print(len(pa.PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1).fixed_points()))
"""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    environment = {**kept, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout == "2\n", done.stderr
