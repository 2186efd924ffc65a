"""Where compiled kernels are kept, whatever the user's account is like."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
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


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "home", no_home)
    assert _jit.cache_directory() is None
    assert not list(tmp_path.iterdir())


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
    assert _jit.cache_directory() is None
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    assert _jit.cache_directory().parent == tmp_path / "home" / ".cache" / "plrnn_analysis"


def doubled(x: int) -> int:
    return 2 * x


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def overwrite(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 8)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut_off, overwrite, empty])
@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_damaged_files_of_the_cache_are_made_anew(
    damage: Callable[[Path], None], kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_jit, "_DIRECTORY", tmp_path)
    compiled = _jit.kernel("int64(int64)")
    assert compiled(doubled)(21) == 42
    (file,) = tmp_path.glob(f"*/*.{kind}")
    damage(file)
    assert compiled(doubled)(21) == 42
    (file,) = tmp_path.glob(f"*/*.{kind}")
    again = compiled(doubled)
    assert again(21) == 42
    assert sum(again.stats.cache_hits.values()) == 1, "the cache works again"


def test_without_a_directory_kernels_are_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_jit, "_DIRECTORY", None)
    assert _jit.kernel("int64(int64)")(doubled)(21) == 42
    assert not list(tmp_path.iterdir())


def test_a_fault_of_the_kernel_itself_is_raised(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_jit, "_DIRECTORY", tmp_path)
    with pytest.raises(_jit.numba.TypingError):
        _jit.kernel("int64(int64)")(lambda x: x + "text")


@pytest.mark.skipif(sys.platform == "win32", reason="limits on the size of files are of Unix")
def test_on_a_full_disk_kernels_are_compiled_without_the_cache(tmp_path: Path) -> None:
    """No file may grow beyond 1 kB, which an index does not and machine code does: as when a disk fills up."""
    (tmp_path / "small.py").write_text(
        textwrap.dedent("""
        import resource, warnings
        from plrnn_analysis.kernels import kernel
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            @kernel("int64(int64)")
            def doubled(x): return 2 * x
            @kernel("int64(int64)")
            def tripled(x): return 3 * x
        print(doubled(21), tripled(21), len(said), "NUMBA_CACHE_DIR" in str(said[0].message))
        """)
    )
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    environment = {**kept, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "small.py"], cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert done.stdout == "42 63 1 True\n", done.stderr


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
