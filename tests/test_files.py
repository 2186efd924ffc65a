"""Files are written whole or not at all, and what cannot be written is said in a sentence."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from faults import names, no_rights, room_for
from matplotlib.figure import Figure
from typer.testing import CliRunner, Result

import plrnn_analysis as pa
from plrnn_analysis import _files, cli
from plrnn_analysis._files import check_file, remove_leftovers, write_atomically, write_figure
from plrnn_analysis.checkpoint import reading
from plrnn_analysis.errors import CheckpointError, PLRNNError

SMALL = pa.PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], C=[[1.0], [0.0]], B=[[1.0, 0.0]], pwl_units=2)


def test_a_file_that_does_not_fit_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_atomically(path, b"old")
    with room_for(100), pytest.raises(OSError, match=r"cannot be written \(File too large\); make room") as caught:
        write_atomically(path, b"new" * 1000)
    assert caught.value.filename == str(path) and caught.value.errno == errno.EFBIG
    assert path.read_bytes() == b"old" and names(tmp_path) == ["x.json"]


@pytest.mark.parametrize(
    ("place", "what", "remedy"),
    [
        ("folder", IsADirectoryError, "this is a directory: give another name"),
        ("nowhere/x.json", FileNotFoundError, "its directory is not there: make it"),
        ("file/x.json", NotADirectoryError, "a part of the path is a file"),
        ("x" * 300, OSError, "File name too long"),
        (("d" * 200 + "/") * 30 + "x", OSError, "give it a shorter name"),
    ],
)
def test_places_where_no_file_can_be(place: str, what: type[OSError], remedy: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(what, match=re.escape(remedy)) as caught:
        write_atomically(tmp_path / place, b"x")
    assert caught.value.filename == str(tmp_path / place) and names(tmp_path) == ["file", "folder"]
    with pytest.raises(PLRNNError, match="--json"):
        check_file(tmp_path / place, "--json")


def test_a_directory_without_rights(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("old")
    tmp_path.chmod(0o555)
    with no_rights():
        with pytest.raises(PermissionError, match="write somewhere else"):
            write_atomically(path, b"new")
        with pytest.raises(PLRNNError, match=r"nothing can be written|cannot be written"):
            check_file(path, "--json")
    tmp_path.chmod(0o755)
    assert path.read_text() == "old" and names(tmp_path) == ["x.json"]


@pytest.mark.skipif(sys.platform != "linux", reason="has these devices")
def test_devices_and_pipes_are_written_to_and_stay(tmp_path: Path) -> None:
    device = tmp_path / "null"
    for path in ("/dev/null", device):
        device.unlink(missing_ok=True)
        device.symlink_to("/dev/null")
        check_file(path, "--json")
        write_atomically(path, b"nothing")
        assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(OSError, match=r"No space left on device\); make room") as caught:
        write_atomically("/dev/full", b"x")
    assert caught.value.filename == "/dev/full" and stat.S_ISCHR(os.stat("/dev/full").st_mode)
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_atomically(pipe, b"through")
    reader.join()
    assert got == [b"through"] and stat.S_ISFIFO(pipe.stat().st_mode)


def test_what_killed_writers_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    now = time.time()
    ages = {
        ".x.json.0123456789ab.tmp": 100, ".x.json.ba9876543210.tmp": 1, ".y.json.0123456789ab.tmp": 100,
        ".x.json.swp.tmp": 100, ".x.json.0123456789ab.tmp.txt": 100, "x.json.0123456789ab.tmp": 100,
    }  # fmt: skip
    for name, age in ages.items():
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (now - age, now - age))
    write_atomically(tmp_path / "x.json", b"whole")
    left = sorted([*ages, "x.json"])
    left.remove(".x.json.0123456789ab.tmp")
    assert names(tmp_path) == left
    remove_leftovers(tmp_path)
    assert names(tmp_path) == sorted(set(left) - {".x.json.ba9876543210.tmp", ".y.json.0123456789ab.tmp"})


def test_figures_are_written_whole(tmp_path: Path) -> None:
    figure, path = Figure(figsize=(1, 1)), tmp_path / "x.PNG"
    write_figure(figure, path, dpi=20)
    before = path.read_bytes()
    assert before.startswith(b"\x89PNG")
    with room_for(50), pytest.raises(OSError, match="make room"):
        write_figure(figure, path, dpi=40)
    assert path.read_bytes() == before and names(tmp_path) == ["x.PNG"]


def test_a_checkpoint_that_is_replaced_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, recognise, replaced = tmp_path / "m.safetensors", reading.decode, []
    other = pa.PLRNN.al_rnn(A=[0.7, 0.7], W=[[0, -2], [-2, 0]], h=[2, 2], pwl_units=2)

    def decode(contents: object) -> pa.PLRNN:
        if len(replaced) < times:
            pa.save(other, path)
            replaced.append(1)
        return recognise(contents)

    pa.save(SMALL, path)
    monkeypatch.setattr(reading, "decode", decode)
    times = 2
    assert pa.load(path).map.A.tolist() == other.map.A.tolist() and len(replaced) == 2
    times = 99
    with pytest.raises(CheckpointError, match="written again and again"):
        pa.load(path)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


# What is written, and the arguments before its name.
OUTPUTS: dict[str, tuple[str, tuple[object, ...]]] = {
    "analyze": ("x.json", ("--no-story", "--json")),
    "analyze figures": ("figures", ("--steps", "50", "--figures")),
    "report": ("report", ("--steps", "50", "--out")),
    "graph": ("x.graphml", ("--steps", "20", "--free", "--out")),
    "certify": ("x.cert.json.gz", ()),
    "info": ("x.json", ("--json",)),
    "cycles": ("x.json", ("--max-period", "2", "--json")),
    "attractors": ("x.json", ("--steps", "50", "-n", "3", "--json")),
    "bifurcations": ("x.json", ("--parameter", "h[0]", "--from", "1", "--to", "2", "--points", "3", "--json")),
    "bifurcations figure": ("x.svg", ("--parameter", "h[0]", "--from", "1", "--to", "2", "--points", "3", "--figure")),
    "input-diagram": ("x.json", ("--vary", "0=-1,1", "--json")),
    "input-diagram figure": ("x.png", ("--vary", "0=-1,1", "--figure")),
    "reduce": ("x.npz", ("--box", "-1,1", "--out")),
    "reduce json": ("x.json", ("--box", "-1,1", "--json")),
}


@pytest.fixture
def ask(tmp_path: Path) -> Callable[[str, Path], Result]:
    """A command that writes to a place."""
    pa.save(SMALL, tmp_path / "m.npz")

    def asked(key: str, folder: Path) -> Result:
        name, options = OUTPUTS[key]
        return run(key.split()[0], tmp_path / "m.npz", *options, folder / name)

    return asked


def assert_said(result: Result, place: str) -> None:
    """In one line that names the file."""
    assert result.exit_code == 2, (result.exit_code, result.output, result.exception)
    assert result.stderr.startswith("plrnn: ") and result.stderr.count("\n") == 1, result.stderr
    assert place in result.stderr and ".tmp" not in result.stderr, result.stderr
    assert re.search(r"[:;] .*(make|give|write|is a|there is no|nothing can be)", result.stderr), result.stderr


def check_command(key: str, ask: Callable[[str, Path], Result], out: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Every fault, one after the other; how many there were."""
    name = OUTPUTS[key][0]
    target = out / name
    out.mkdir()
    with room_for(60):
        result = ask(key, out)
    assert_said(result, name)
    inside = [path for path in out.rglob("*") if not path.is_dir()]
    assert inside == [], inside
    # What was there before stays.
    assert ask(key, out).exit_code in (0, 3)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert before
    with room_for(60):
        assert_said(ask(key, out), name)
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    for path in before:
        path.unlink()
    # A directory where a file should be.
    for path in before:
        path.mkdir()
    assert_said(ask(key, out), name)
    for path in before:
        path.rmdir()
    # A directory that is removed while the command runs, when all was checked.
    if target.is_dir():
        target.rmdir()
    real = _files._replace

    def vanished(path: Path, data: bytes) -> None:
        for file in out.rglob("*"):
            file.rmdir()
        out.rmdir()
        real(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(_files, "_replace", vanished)
        assert_said(ask(key, out), name)
    assert not out.exists()
    # A directory without rights.
    out.mkdir(mode=0o555)
    out.parent.chmod(0o755)
    with no_rights():
        assert_said(ask(key, out), name)
    assert_said(ask(key, out / "nowhere" / ("x" * 300)), "xxx")
    return 6


def test_a_command_whose_file_cannot_be_written(
    ask: Callable[[str, Path], Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_command("cycles", ask, tmp_path / "out", monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("key", OUTPUTS)
def test_every_command_whose_file_cannot_be_written(
    key: str,
    ask: Callable[[str, Path], Result],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tried: Callable[[str, int], None],
) -> None:
    tried("files", check_command(key, ask, tmp_path / "out", monkeypatch))
