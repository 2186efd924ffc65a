"""Certificates are written for every complete list, and the independent checker accepts them and nothing else."""

from __future__ import annotations

import ast
import gzip
import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import exact_oracle
import numpy as np
import pytest
from systems import CASES, degenerate_map, known, planted_al_rnn, random_model

import plrnn_analysis as pa
from plrnn_analysis import PLRNN, CanonicalMap, CertificateError
from plrnn_analysis.fixed_points import find_fixed_points
from plrnn_analysis.maps import ring_map
from plrnn_analysis.polytopes.programs import Claim, Proposal
from plrnn_analysis.proofs import checker_path, multipliers, verify_certificate, write_certificate

ROOT = Path(__file__).resolve().parents[2]


def certified(map: CanonicalMap, path: Path) -> dict:
    """Find, write and verify; returns the part of the document about fixed points."""
    found = find_fixed_points(map, certificate=path)
    proven = verify_certificate(map, path)
    assert (proven.points, proven.continua) == ({1: len(found)}, {1: len(found.continua)})
    assert sorted(proven.words[1]) == sorted((p.bitcode,) for p in (*found, *found.continua))
    (part,) = read(path)["periods"]
    return part


def read(path: Path) -> dict:
    return json.loads(gzip.decompress(path.read_bytes()))


def integer(value: int | str) -> int:
    return value if isinstance(value, int) else int(value, 16)


def compare_with_oracle(map: CanonicalMap, document: dict) -> None:
    """The solutions of a certificate are those of exhaustive exact arithmetic, state by state."""
    points, continua = exact_oracle.fixed_points(exact_oracle.read(map))
    pieces = {piece.word[0]: piece for piece in (*points, *continua)}
    assert len(pieces) == len(document["solutions"])
    for solution in document["solutions"]:
        piece = pieces[tuple(map_bits(solution["bits"]))]
        assert piece.dimension == len(solution["directions"])
        if not piece.dimension:
            q = integer(solution["denominator"])
            assert [Fraction(integer(p), q) for p in solution["state"]] == list(piece.orbit[0])


def map_bits(bits: str) -> list[int]:
    return [int(bit) for bit in bits]


@pytest.mark.parametrize("draw", [lambda rng: random_model(rng).map, degenerate_map], ids=["generic", "degenerate"])
def test_every_architecture(draw, tmp_path: Path) -> None:
    for seed in range(40):
        map = draw(np.random.default_rng(seed)).with_input(None)
        document = certified(map, tmp_path / "net.cert.json.gz")
        if map.n_relu <= 4:
            compare_with_oracle(map, document)


@pytest.mark.slow
@pytest.mark.parametrize("draw", [lambda rng: random_model(rng).map, degenerate_map], ids=["generic", "degenerate"])
def test_every_architecture_many_times(draw, tmp_path: Path) -> None:
    for seed in range(1000, 1500):
        map = draw(np.random.default_rng(seed)).with_input(None)
        document = certified(map, tmp_path / "net.cert.json.gz")
        if map.n_relu <= 4 and seed % 5 == 0:
            compare_with_oracle(map, document)


def test_steps_of_every_kind_occur(tmp_path: Path) -> None:
    kinds = set()
    for model in (
        PLRNN.al_rnn([0.5, 0.5], [[0, -1], [-1, 0]], [1, 1], pwl_units=2),
        PLRNN.al_rnn([0.5, 0.5], [[0, -1], [-1, 0]], [0, 0], pwl_units=2),
        PLRNN.al_rnn([0.1], [[0.2]], [1.0], pwl_units=1),
    ):
        document = certified(model.map, tmp_path / "net.cert.json.gz")
        kinds |= {"branch" if isinstance(step, int) else step[0] for step in document["proof"]}
    assert kinds == {"branch", "refute", "force", "solution", "unique"}


def test_no_subregion_is_regular(tmp_path: Path) -> None:
    # An integrator of a rectified difference, as the exact solution of the addition task is.
    model = PLRNN.al_rnn([1.0, 0.0], [[0.0, 1.0], [0.0, 0.0]], [0.0, -1.0], pwl_units=1)
    (solution,) = certified(model.map, tmp_path / "net.cert.json.gz")["solutions"]
    assert len(solution["directions"]) == 1
    # All of a plane, and nothing at all.
    certified(PLRNN.al_rnn([1.0, 1.0], np.zeros((2, 2)), [0.0, 0.0], pwl_units=0).map, tmp_path / "a")
    assert not certified(PLRNN.al_rnn([1.0], [[0.0]], [1.0], pwl_units=0).map, tmp_path / "b")["solutions"]


def test_equations_that_say_nothing_are_no_contradiction(tmp_path: Path) -> None:
    path = tmp_path / "net.cert.json.gz"
    certified(PLRNN.al_rnn([1.0], [[0.0]], [0.0], pwl_units=0).map, path)
    document = read(path)
    document["periods"][0].update(solutions=[], proof=[["refute", [1]]])
    path.write_bytes(gzip.compress(json.dumps(document).encode()))
    assert run(path).stdout.startswith("REFUSED: a list of length 0 is missing")


def test_integrators(tmp_path: Path) -> None:
    """I - J is singular in every subregion, and some multipliers must cancel exactly."""
    m, n = 3, 6
    for seed in range(15):
        rng = np.random.default_rng(seed)
        A = np.eye(m)
        A[1:, 1:] = rng.integers(-1, 2, (m - 1, m - 1))
        W, V, c, h = (rng.integers(-1, 2, shape) for shape in ((m, n), (n, m), n, m))
        certified(CanonicalMap.build(A, W, V, c, h), tmp_path / "net.cert.json.gz")


def test_without_the_solver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where floats propose nothing, single subregions are settled in rationals."""
    monkeypatch.setattr(multipliers, "propose", lambda *_, **__: Proposal(Claim.FAILED, None, np.zeros(0)))
    for seed in range(25):
        certified(degenerate_map(np.random.default_rng(seed)).with_input(None), tmp_path / "net.cert.json.gz")


def test_points_of_a_period(tmp_path: Path) -> None:
    """The fixed points of a ring of maps are all points whose period divides its length."""
    tent = PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1).map
    assert len(certified(ring_map([tent] * 3), tmp_path / "net.cert.json.gz")["solutions"]) == 8


def test_weights_of_any_size(tmp_path: Path) -> None:
    model = PLRNN.al_rnn([0.5, 0.5], [[0, -1e-300], [-1e200, 0]], [1, 1e250], pwl_units=2)
    certified(model.map, tmp_path / "net.cert.json.gz")


@pytest.mark.parametrize("solutions", [1, 12])
def test_many_relus(solutions: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    n = 24
    if solutions == 1:
        map = PLRNN.relu_rnn(0.5 * rng.normal(size=(n, n)) / np.sqrt(n), rng.normal(size=n)).map
    else:
        map = planted_al_rnn(rng, 2 * n, n)[0].map
    document = certified(map, tmp_path / "net.cert.json.gz")
    assert (document["proof"][0] != 0 and len(document["proof"]) == 1) == (solutions == 1)


def test_many_solutions(tmp_path: Path) -> None:
    """Five circuits of two units that suppress each other, three fixed points each."""
    W = np.kron(np.eye(5), [[0.0, -1.0], [-1.0, 0.0]])
    document = certified(
        PLRNN.al_rnn(np.full(10, 0.5), W, np.ones(10), pwl_units=10).map, tmp_path / "net.cert.json.gz"
    )
    assert len(document["solutions"]) == 3**5


def test_contractions_need_no_tree(tmp_path: Path) -> None:
    # In a weighted maximum norm, and in a Euclidean one: the symmetric part of I - G is indefinite.
    skewed = PLRNN.relu_rnn(np.triu(np.full((8, 8), 3.0), 1), np.ones(8))
    rng = np.random.default_rng(1)
    scale = 10.0 ** rng.uniform(-2, 2, 20)
    W = 0.9 * np.linalg.qr(rng.normal(size=(20, 20)))[0] * scale[:, None] / scale
    for model in (skewed, PLRNN.relu_rnn(W, rng.normal(size=20))):
        assert certified(model.map, tmp_path / "net.cert.json.gz")["proof"][0][0] == "unique"


def test_a_list_that_is_not_complete_has_none(tmp_path: Path) -> None:
    model, _ = planted_al_rnn(np.random.default_rng(0), 40, 20)
    path = tmp_path / "net.cert.json.gz"
    with pytest.raises(CertificateError, match=r"NOT complete, stopped by max_nodes") as caught:
        model.fixed_points(certificate=path, max_nodes=3)
    assert not caught.value.found.complete
    with pytest.raises(CertificateError, match=r"NOT complete, stopped by heuristic"):
        model.fixed_points(certificate=path, method="scyfi")
    with pytest.raises(CertificateError, match=r"not finished in .* s; give it a longer time_limit"):
        write_certificate(model.map, model.fixed_points(), path, time_limit=0.0)
    assert not path.exists()
    with pytest.raises(pa.PLRNNError, match="there is no directory"):
        model.fixed_points(certificate=tmp_path / "nowhere" / "net.cert.json.gz")


def test_points_that_are_missing_are_noticed(tmp_path: Path) -> None:
    from dataclasses import replace

    model = PLRNN.al_rnn([0.5, 0.5], [[0, -1], [-1, 0]], [1, 1], pwl_units=2)
    found = model.fixed_points()
    with pytest.raises(CertificateError, match="a solution is not in the list"):
        write_certificate(model.map, replace(found, _items=found._items[:2]), tmp_path / "net.cert.json.gz")


def test_another_network_is_refused(tmp_path: Path) -> None:
    model = PLRNN.al_rnn([0.5, 0.5], [[0, -1], [-1, 0]], [1, 1], C=np.eye(2), pwl_units=2)
    path = tmp_path / "net.cert.json.gz"
    model.fixed_points([0.25, 0.0], certificate=path)
    assert model.verify_certificate(path, [0.25, 0.0]).points == {1: 3}
    with pytest.raises(CertificateError, match=r"with other offsets: .* give that input"):
        model.verify_certificate(path)
    W = np.array([[0, -1], [np.nextafter(-1.0, 0.0), 0]])
    with pytest.raises(CertificateError, match="the weights differ"):
        PLRNN.al_rnn([0.5, 0.5], W, [1.25, 1], pwl_units=2).verify_certificate(path)
    with pytest.raises(CertificateError, match="2 units and 2 ReLUs; this one has 1 and 1"):
        PLRNN.al_rnn([0.5], [[0]], [1], pwl_units=1).verify_certificate(path)


# --- files that may be hostile ----------------------------------------------------------------------------------------


@pytest.fixture
def document(tmp_path: Path) -> dict:
    certified(PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1).map, tmp_path / "tent.cert.json.gz")
    return read(tmp_path / "tent.cert.json.gz")


def listed(document: dict) -> list:
    return document["periods"][0]["solutions"]


def proof(document: dict) -> list:
    return document["periods"][0]["proof"]


def run(path: Path) -> subprocess.CompletedProcess[str]:
    """The checker alone, in an interpreter without any package."""
    command = [sys.executable, "-I", "-S", str(checker_path()), str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_checker_alone(document: dict, tmp_path: Path) -> None:
    done = run(tmp_path / "tent.cert.json.gz")
    assert done.returncode == 0 and "VERIFIED: period 1: 2 isolated, 0 continua, and no others" in done.stdout
    assert subprocess.run([sys.executable, str(checker_path())], capture_output=True).returncode == 2


def test_the_checker_is_short_and_stands_alone() -> None:
    text = (ROOT / "tools" / "check_certificate.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 250 and max(map(len, text.splitlines())) <= 120
    imported = {
        name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    assert imported <= set(sys.stdlib_module_names)
    assert checker_path().read_bytes() == (ROOT / "tools" / "check_certificate.py").read_bytes()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.pop("network"), "KeyError"),
        (lambda d: d.update(version=1), "the format or its version is unknown"),
        (lambda d: d.update(periods=[]), "no period is listed"),
        (lambda d: d["periods"].append(d["periods"][0]), "the base is no bitcode"),
        (lambda d: d["periods"][0].update(base="2"), "the base is no bitcode"),
        (lambda d: d["network"].update(scale=10**6), "out of range"),
        (lambda d: d["network"].update(scale=1), "a listed state is no fixed point"),
        (lambda d: d["network"].update(scale=1, A=[[4]], W=[[-8]], V=[[2]], c=[[0]], h=[[2]]), "not the smallest"),
        (lambda d: d["network"].update(units=10**9), "out of range"),
        (lambda d: d["network"].update(units=2), "a list of length 2 is missing"),
        (lambda d: d["network"].update(h=[]), "a list of length 0 is missing"),
        (lambda d: d["network"].update(h=[], c=[]), "ValueError"),
        (lambda d: d["network"].update(h=[[1.0]]), "1.0 is not an integer"),
        (lambda d: d["network"].update(h=[[True]]), "True is not an integer"),
        (lambda d: d["network"].update(h=[["f" * 20_000]]), "a weight is out of range"),
        (lambda d: d["network"].update(h=[[1]] * 5000, c=[[0]] * 5000), "the period is out of range"),
        (lambda d: d.update(modulus=0), "ZeroDivisionError"),
        (lambda d: d.update(modulus=3), "not shown to be so small"),
        (lambda d: listed(d).append(listed(d)[0]), "a solution stands twice"),
        (lambda d: listed(d).pop(), "IndexError"),
        (lambda d: listed(d)[0].update(multipliers=[]), "a list of length 1 is missing"),
        (lambda d: proof(d).append(["refute", [1]]), "the proof goes on after its end"),
        (lambda d: proof(d).pop(), "the proof ends too early"),
        (lambda d: proof(d).insert(1, 0), "a ReLU that is decided"),
        (lambda d: proof(d)[1].__setitem__(2, 1), "KeyError"),
        (lambda d: proof(d).insert(0, ["force", [0]]), "multipliers show nothing"),
        (lambda d: proof(d).insert(0, ["refute", [0]]), "multipliers show nothing"),
        (lambda d: proof(d).insert(0, ["unique", 0, [1], [[1]]]), "not shown to be positive definite"),
        (lambda d: proof(d).insert(0, ["unique", 0, [-1], [[1]]]), "a weight is not positive"),
        (lambda d: proof(d).insert(0, ["guess"]), "KeyError"),
        (lambda d: proof(d).insert(0, {"a": 1}), "KeyError"),
    ],
)
def test_what_is_wrong_is_said(document: dict, change, reason: str, tmp_path: Path) -> None:
    change(document)
    path = tmp_path / "changed.cert.json.gz"
    path.write_bytes(gzip.compress(json.dumps(document).encode()))
    done = run(path)
    assert done.returncode == 1 and done.stdout.startswith("REFUSED: ") and reason in done.stdout
    with pytest.raises(CertificateError):
        PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1).verify_certificate(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b""),
        gzip.compress(b"[" * 1_000_000),
        gzip.compress(b"[]"),
        gzip.compress(b'{"a": 1' + b"0" * 5000 + b"}"),
        gzip.compress(b" " * 300_000_000, 1),
        gzip.compress(b"{}")[:-5],
    ],
    ids=["empty", "plain", "nothing", "deep", "list", "digits", "bomb", "cut"],
)
def test_hostile_files(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "hostile.cert.json.gz"
    path.write_bytes(content)
    with pytest.raises(CertificateError):
        PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1).verify_certificate(path)


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CertificateError, match="there is no such file"):
        PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1).verify_certificate(tmp_path / "pipe")


# --- networks that were published, and some that were trained ---------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", [case for case in CASES.values() if known(case) is not None], ids=lambda case: case["id"]
)
def test_published_networks(case: dict, tmp_path: Path) -> None:
    certified(known(case).map, tmp_path / "net.cert.json.gz")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flipflop32", "addition", "lorenz"])
def test_trained_networks(name: str, tmp_path: Path) -> None:
    model = pa.load(ROOT / "docs" / "networks" / f"{name}.safetensors")
    certified(model.map.with_input(None), tmp_path / "net.cert.json.gz")
