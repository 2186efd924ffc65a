"""HDF5 files that are damaged, hostile or huge: each ends in a model or in one clear error, and soon."""

from __future__ import annotations

import signal
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import plrnn_analysis as pa
from plrnn_analysis import CheckpointError
from plrnn_analysis.checkpoint import h5_child, h5_file

h5py = pytest.importorskip("h5py")
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")

WEIGHTS = {"A": np.full(2, 0.5), "W": np.array([[0.0, -1.0], [-1.0, 0.0]]), "h": np.ones(2)}


def write(path: Path, arrays: dict = WEIGHTS, **options) -> Path:
    with h5py.File(path, "w") as file:
        for name, value in arrays.items():
            file.create_dataset(name, data=value, **options)
    return path


def external_link(file, folder: Path) -> None:
    write(folder / "other.h5")
    file["trap"] = h5py.ExternalLink("other.h5", "/W")


def link_to_nowhere(file, folder: Path) -> None:
    file["trap"] = h5py.SoftLink("/nowhere")


def link_inside(file, folder: Path) -> None:
    file["trap"] = h5py.SoftLink("/W")


def external_storage(file, folder: Path) -> None:
    (folder / "secret").write_bytes(bytes(32))
    file.create_dataset("trap", (4,), "f8", external=[(str(folder / "secret"), 0, 32)])


def virtual(file, folder: Path) -> None:
    layout = h5py.VirtualLayout((2, 2), "f8")
    layout[...] = h5py.VirtualSource(str(write(folder / "other.h5")), "W", (2, 2))
    file.create_virtual_dataset("trap", layout)


def huge(file, folder: Path) -> None:
    file.create_dataset("trap", (2**20, 2**20), "f8")


def huge_in_chunks(file, folder: Path) -> None:
    file.create_dataset("trap", (2**20, 2**20), "f8", chunks=(16, 16), compression="gzip")


def bomb(file, folder: Path) -> None:
    file.create_dataset("trap", (2**24,), "f8", chunks=(2**24,), compression="gzip")
    # Deflated twice as far as numbers go that were learnt.
    file["trap"].id.write_direct_chunk((0,), zlib.compress(bytes(2**27), 9))


def references(file, folder: Path) -> None:
    file.create_dataset("trap", (1,), h5py.ref_dtype)[0] = file["W"].ref


def plugin(file, folder: Path) -> None:
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((4,))
    properties.set_filter(32013, h5py.h5z.FLAG_OPTIONAL, ())
    h5py.h5d.create(file.id, b"trap", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((4,)), properties)


def a_type(file, folder: Path) -> None:
    file["trap"] = np.dtype("f8")


def nothing(file, folder: Path) -> None:
    file.create_dataset("trap", data=h5py.Empty("f8"))


def long_text(file, folder: Path) -> None:
    file.create_dataset("trap", data=np.ones(5000, np.uint16)).attrs["MATLAB_class"] = np.bytes_("char")


def deep(file, folder: Path) -> None:
    file.create_group("/".join(["trap"] * 40)).create_dataset("mask", data=np.ones((2, 2)))


TRAPS = {
    external_link: "a link, which is not followed",
    link_to_nowhere: "a link, which is not followed",
    link_inside: "a link, which is not followed",
    external_storage: "data in another file",
    virtual: "data in another file",
    huge: "8796093022208 bytes, of which the file holds 0",
    huge_in_chunks: "8796093022208 bytes, of which the file holds 0",
    bomb: "134217728 bytes, of which the file holds",
    references: "object",
    plugin: "compressed by a plugin",
    a_type: "a Datatype",
    nothing: "empty",
    long_text: "char",
    deep: "groups in more than 16 levels",
}


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
def test_what_is_not_read_is_named(tmp_path: Path, trap: Callable) -> None:
    path = write(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        trap(file, tmp_path)
    reply = h5_child.answer(str(path), False, None, 2**26)["reply"]
    unread = [f"{entry['name']}: {entry['failure']}" for entry in reply["entries"] if "failure" in entry]
    assert len(unread + reply["others"]) == 1
    assert "trap" in (unread + reply["others"])[0] and TRAPS[trap] in (unread + reply["others"])[0]
    assert [entry["name"] for entry in reply["entries"] if "member" in entry] == ["A", "W", "h"]


def test_what_is_not_read_may_change_the_model_all_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        virtual(file, tmp_path)
    with pytest.raises(CheckpointError, match=r"trap \(2, 2\), which may change the network"):
        pa.load(path, 2)
    model = pa.load(path, 2, ignore=["trap"])
    assert np.array_equal(model.parameters["W"], WEIGHTS["W"]) and model.metadata["notes"] == ["not used: trap"]
    with h5py.File(path, "a") as file:
        file.move("W", "V")
        file.move("trap", "W")
    with pytest.raises(CheckpointError, match=r"W \(2, 2\) of type float64 cannot be read \(OSError: data in another"):
        pa.load(path, 2, ignore=["V"])


def test_settings_are_read_from_attributes(tmp_path: Path) -> None:
    path = write(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        file.attrs.update({"pwl_units": 2, "keras_version": "3.1", "shape": [1, 2]})
        file.create_group("layer").attrs.update({"nonlinearity": "relu", "dt": 0.5})
    found = h5_file.read_h5(path).settings
    assert found == {"pwl_units": 2, "layer.nonlinearity": "relu", "layer.dt": 0.5}
    assert pa.load(path).pwl_units == 2
    with h5py.File(path, "a") as file:
        file.attrs["activation"] = np.bytes_("tanh")
    with pytest.raises(CheckpointError, match=r"it says activation = 'tanh'"):
        pa.load(path)


def test_cycles_of_groups_end(tmp_path: Path) -> None:
    path = write(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        group = file.create_group("a/b")
        group["again"] = file["a"]
        group["root"] = file["/"]
        group["twin"] = file["W"]
    reply = h5_child.answer(str(path), False, None, 2**26)["reply"]
    # One array under two names is two arrays.
    assert [entry["name"] for entry in reply["entries"]] == ["A", "W", "a.b.twin", "h"]


def test_too_many_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(h5_child, "_MAX_OBJECTS", 2)
    with pytest.raises(ValueError, match="more than 2 objects"):
        h5_child.answer(str(write(tmp_path / "m.h5")), False, None, 2**26)


def test_one_damaged_array_spoils_only_what_needs_it(tmp_path: Path) -> None:
    path = write(tmp_path / "m.h5", {**WEIGHTS, "encoder.weight": np.zeros((4, 4))}, chunks=True, fletcher32=True)
    with h5py.File(path, "r") as file:
        at = {name: file[name].id.get_chunk_info(0).byte_offset for name in ("W", "encoder.weight")}
    content = bytearray(path.read_bytes())
    content[at["encoder.weight"]] ^= 1
    path.write_bytes(content)
    assert pa.load(path, 2).pwl_units == 2
    content[at["W"]] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"W \(2, 2\) of type float64 cannot be read \(OSError"):
        pa.load(path, 2)


def test_large_arrays_are_read_when_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "m.h5", {**WEIGHTS, "encoder.weight": np.zeros((4, 4))})
    monkeypatch.setattr(h5_file, "_AT_ONCE", 20)
    asked = []
    ask = h5_file._ask
    monkeypatch.setattr(h5_file, "_ask", lambda *given: asked.append(given[2]) or ask(*given))
    assert np.array_equal(pa.load(path, 2).parameters["W"], WEIGHTS["W"])
    assert asked[0] is None and sorted(asked[1:]) in (["/W"], ["/W", "/h"])


CHILDREN = {
    "hangs": ("import signal, time; signal.setitimer(signal.ITIMER_REAL, 0.1); time.sleep(60)", "did not end within"),
    "crashes": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "the HDF5 library crashed on it, SIGSEGV"),
    "fails": ("raise SystemError('no such thing')", "exit code 1: SystemError: no such thing"),
    "says nothing": ("", "no whole reply"),
    "says half": ("import sys; sys.stdout.write('PK')", "no whole reply"),
}


@posix
@pytest.mark.parametrize("kind", CHILDREN)
def test_whatever_happens_to_the_process_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    code, words = CHILDREN[kind]
    (tmp_path / "child.py").write_text(code)
    monkeypatch.setattr(h5_file, "_CHILD", tmp_path / "child.py")
    for name, advice in (("m.h5", "Copy or export it again"), ("m.mat", "save")):
        with pytest.raises(CheckpointError, match=rf"{name}: not readable as an? .*{words}.*\. .*{advice}"):
            h5_file.read_h5(tmp_path / name)


@posix
def test_limits_of_time_and_memory_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    n = 1500
    path = write(tmp_path / "m.h5", {"A": np.ones(n), "W": np.eye(n), "h": np.ones(n)})
    assert signal.SIGALRM > 0
    monkeypatch.setattr(h5_file, "_MEMORY", 2**20)
    with pytest.raises(CheckpointError, match=r"m\.h5: W .* cannot be read"):
        pa.load(path, 2)
    monkeypatch.undo()
    monkeypatch.setattr(h5_file, "_START_UP", -h5_file._SECONDS)
    with pytest.raises(CheckpointError, match="did not end within 10 seconds"):
        pa.load(path, 2)
    monkeypatch.undo()
    monkeypatch.setattr(h5_file.sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(CheckpointError, match="could not be started"):
        pa.load(path, 2)


def test_without_h5py_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "m.h5")
    monkeypatch.setattr(h5_file.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CheckpointError, match=r"pip install h5py"):
        pa.load(path, 2)


def mutants(path: Path, n: int, seed: int) -> None:
    """Each of `n` damaged copies of a file is a model or an error."""
    whole = path.read_bytes()
    rng = np.random.default_rng(seed)
    outcomes = []
    for _ in range(n):
        content = bytearray(whole)
        # Headers come first, and all of the structure is there.
        end = len(content) if rng.random() < 0.3 else min(len(content), 2048)
        for at in rng.integers(0, end, rng.integers(1, 6)):
            content[at] = rng.choice([0, 255, content[at] ^ (1 << int(rng.integers(8))), int(rng.integers(256))])
        if rng.random() < 0.2:
            content = content[: rng.integers(1, len(content))]
        path.write_bytes(content)
        try:
            outcomes.append(pa.load(path, 2) is not None)
        except CheckpointError:
            outcomes.append(False)
    assert any(outcomes) and not all(outcomes)


def damaged_file(folder: Path, libver: str) -> Path:
    path = folder / "m.h5"
    with h5py.File(path, "w", libver=libver) as file:
        for name, value in WEIGHTS.items():
            file.create_dataset(f"layer/{name}", data=value, chunks=True, compression="gzip", track_times=False)
        file["layer"].attrs["about"] = "what was trained"
    return path


def test_mutants(tmp_path: Path) -> None:
    mutants(damaged_file(tmp_path, "earliest"), 16, 0)


@pytest.mark.slow
@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_many_mutants(tmp_path: Path, libver: str) -> None:
    mutants(damaged_file(tmp_path, libver), 120, 1)
