"""Networks as ONNX files, run by ONNX Runtime, and properties, evaluated by a reader of the tests' own."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from systems import degenerate_map, random_model
from vnnlib_oracle import holds, read_property

import plrnn_analysis as pa
from plrnn_analysis.exports import write_onnx, write_vnnlib
from plrnn_analysis.exports.known import known_ones
from plrnn_analysis.exports.surroundings import box_around, without
from plrnn_analysis.polytopes.boxes import read_box


def running(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options)


def driven(rng: np.random.Generator, kind: int) -> pa.PLRNN:
    """A network with inputs: outside of the ReLU, inside, or both."""

    def n(*shape: int) -> np.ndarray:
        return rng.normal(size=shape)

    if kind == 0:
        return pa.PLRNN.al_rnn(n(4), n(4, 4), n(4), pwl_units=2, C=n(4, 3))
    if kind == 1:
        return pa.PLRNN.relu_rnn(n(4, 4), n(4), n(4, 3))
    return pa.PLRNN.shallow(n(4), n(4, 5), n(5, 4), n(4), n(5), C=n(4, 3), E=n(5, 3))


def test_one_step_in_onnx_runtime(tmp_path: Path) -> None:
    rng, path = np.random.default_rng(0), tmp_path / "net.onnx"
    for _ in range(15):
        network = random_model(rng)
        write_onnx(network, path)
        z = rng.normal(scale=3.0, size=(7, network.n_units))
        (after,) = running(path).run(None, {"z": z})
        np.testing.assert_allclose(after, network.map.step(z), rtol=1e-12, atol=1e-12)
        write_onnx(network, path, precision="float32")
        (after,) = running(path).run(None, {"z": z.astype(np.float32)})
        assert after.dtype == np.float32
        np.testing.assert_allclose(after, network.map.step(z), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", range(3))
def test_one_step_with_inputs(tmp_path: Path, kind: int) -> None:
    rng, path = np.random.default_rng(kind), tmp_path / "net.onnx"
    network = driven(rng, kind)
    z, s = rng.normal(size=(5, 4)), rng.normal(size=(5, 3))
    network.export(path)
    (after,) = running(path).run(None, {"z": z, "s": s})
    np.testing.assert_allclose(after, network.map.step(z, s), rtol=1e-12, atol=1e-12)
    network.export(path, s[0])
    (after,) = running(path).run(None, {"z": z})
    np.testing.assert_allclose(after, network.map.step(z, np.tile(s[0], (5, 1))), rtol=1e-12, atol=1e-12)


def test_an_onnx_file_says_what_it_is(tmp_path: Path) -> None:
    network = pa.PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], C=np.eye(2), pwl_units=2)
    network.export(tmp_path / "net.onnx", [1.0, 0.5])
    model = onnx.load(tmp_path / "net.onnx")
    assert model.doc_string == model.graph.doc_string
    assert model.doc_string == (
        "One step z_next = F(z) of a network of the architecture al_rnn, 2 units, 2 ReLUs, input held on: 1.0, 0.5."
    )
    known = {entry.key: entry.value for entry in model.metadata_props}
    assert known["architecture"] == "al_rnn" and known["relus"] == "2" and known["constant_input"] == "1.0, 0.5"
    assert {node.op_type for node in model.graph.node} == {"Gemm", "Relu", "Add"}


def weights(path: Path) -> dict[str, np.ndarray]:
    held = onnx.load(path).graph.initializer
    return {one.name: onnx.numpy_helper.to_array(one).astype(np.float64) for one in held}


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_properties_hold_at_what_is_asked_for(tmp_path: Path, precision: str) -> None:
    rng, path = np.random.default_rng(1), tmp_path / "net.vnnlib"
    asked = 0
    for n in range(40):
        network = random_model(rng)
        found = network.fixed_points()
        box = 2.0 + 2.0 * max((float(np.max(np.abs(point.z))) for point in found), default=0.0)
        exclude = [point.bitcode for k, point in enumerate(found) if (k + n) % 3]
        write_vnnlib(network, path, box=box, exclude=exclude, precision=precision)
        sizes, assertions = read_property(path)
        assert sizes == {"X": network.n_units, "Y": network.n_units}
        session, kind = running(tmp_path / "net.onnx"), np.dtype(precision)
        for point in found:
            (moved,) = session.run(None, {"X": point.z[None].astype(kind)})
            assert holds(assertions, point.z.tolist(), moved[0].tolist()) == (point.bitcode not in exclude)
            asked += 1
        z = rng.uniform(-box, box, network.n_units)
        (moved,) = session.run(None, {"X": z[None].astype(kind)})
        np.testing.assert_allclose(moved[0], network.map.step(z) - z, rtol=1e-4, atol=1e-4 * box)
        assert not holds(assertions, z.tolist(), moved[0].tolist())
        assert not holds(assertions, (z + 2.0 * box).tolist(), [0.0] * network.n_units)
    assert asked > 30


def test_rounded_weights_change_less_than_the_tolerance(tmp_path: Path) -> None:
    rng, path = np.random.default_rng(2), tmp_path / "net.vnnlib"
    for _ in range(10):
        network = random_model(rng)
        with pytest.raises(pa.ModelError, match=r"tolerance must be a number .*\(by (\S+) the weights") as refused:
            write_vnnlib(network, path, box=3.0, tolerance=1e-300)
        bound = float(str(refused.value).split("(by ")[1].split()[0])
        write_vnnlib(network, path, box=3.0)
        held = weights(tmp_path / "net.onnx")
        for z in rng.uniform(-3.0, 3.0, (20, network.n_units)):
            moved = held["linear_weight"] @ z + held["linear_offset"]
            if network.pwl_units:
                x = np.maximum(held["argument_z_weight"] @ z + held["argument_z_offset"], 0.0)
                moved = moved + held["driven_weight"] @ x + held["driven_offset"]
            assert np.max(np.abs(moved - (network.map.step(z) - z))) <= bound + 1e-14


def test_what_is_left_out_is_a_hole_with_one_fixed_point() -> None:
    rng = np.random.default_rng(3)
    holes_seen = 0
    for n in range(60):
        map = degenerate_map(rng) if n % 2 else random_model(rng).map
        found = pa.fixed_points.find_fixed_points(map)
        within = read_box(9.7, map.n_units)
        holes = []
        for one in known_ones(map, [point.bitcode for point in found]):
            try:
                hole = box_around(map, one, within)
            except pa.ModelError:
                continue
            inside = [p for p in found if np.all((p.z > hole.low) & (p.z < hole.high))]
            assert len(inside) <= 1
            holes.append(hole)
        pieces = without(within, holes)
        holes_seen += len(holes)
        for z in rng.uniform(-9.7, 9.7, (30, map.n_units)):
            in_a_hole = any(np.all((z > hole.low) & (z < hole.high)) for hole in holes)
            assert in_a_hole != any(piece.contains(z) for piece in pieces)
        for i, one in enumerate(pieces):
            for other in pieces[:i]:
                assert np.any((one.low >= other.high) | (other.low >= one.high))
    assert holes_seen > 20


def test_a_property_of_which_nothing_is_left(tmp_path: Path) -> None:
    network = pa.PLRNN.al_rnn(A=[0.5], W=[[0.0]], h=[1.0], pwl_units=0)
    network.export(tmp_path / "net.vnnlib", box=5.0, exclude=network.fixed_points())
    _, assertions = read_property(tmp_path / "net.vnnlib")
    assert holds(assertions, [2.0]) and not any(holds(assertions, [z], [0.0]) for z in (-5.0, 0.0, 2.0))


def test_what_a_property_cannot_say(tmp_path: Path) -> None:
    path = tmp_path / "net.vnnlib"
    network = pa.PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    with pytest.raises(pa.ModelError, match="a property needs a box: give box=R"):
        network.export(path)
    with pytest.raises(pa.ModelError, match="box must be finite"):
        network.export(path, box=np.inf)
    with pytest.raises(pa.ModelError, match="precision must be one of 'float32', 'float64', got 'float16'"):
        network.export(path, box=1.0, precision="float16")
    line = pa.PLRNN.shallow(A=[0.0, 1.0], W1=[[1.0], [0.0]], W2=[[1.0, 1.0]], h1=[0.0, 0.0], h2=[-1.0])
    with pytest.raises(pa.ModelError, match="no box holds them all"):
        line.export(path, box=5.0, exclude=line.fixed_points())
    large = pa.PLRNN.al_rnn(A=[1e300], W=[[0.0]], h=[1.0], pwl_units=1)
    with pytest.raises(pa.ModelError, match="too large for float32"):
        large.export(path, box=1.0)
    assert list(tmp_path.iterdir()) == []


def test_without_onnx_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    network = pa.PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    for name in ("net.onnx", "net.vnnlib"):
        options = {"box": 1.0} if name.endswith("vnnlib") else {}
        with pytest.raises(pa.ModelError, match=r'pip install "plrnn-analysis\[onnx\]"'):
            network.export(tmp_path / name, **options)
    network.export(tmp_path / "net.mps")
