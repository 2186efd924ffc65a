"""Certificates of cycles: written for every complete list, accepted, and about the same cycles as exhaustive search."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import exact_oracle
import numpy as np
import pytest
from systems import CASES, degenerate_map, known, random_model, with_inputs

import plrnn_analysis as pa
from plrnn_analysis import PLRNN, CanonicalMap, CertificateError, ModelError
from plrnn_analysis.cycles import find_cycles
from plrnn_analysis.proofs import checker_path, verify_certificate, write_certificate

ROOT = Path(__file__).resolve().parents[2]


def certified(map: CanonicalMap, max_period: int, path: Path, inputs: np.ndarray | None = None) -> None:
    """Find, write, verify, and compare what is listed with what is proven."""
    found = find_cycles(map, max_period, periodic_input=inputs, certificate=path)
    proven = verify_certificate(map, path, periodic_input=inputs)
    assert proven.points == found.counts
    for period in found.counts:
        families = [one for one in found.continua if one.period == period]
        assert proven.continua[period] == len(families)
        words = [one.word for one in (*found, *families) if one.period == period]
        shift = 1 if inputs is None else len(inputs)
        assert sorted(map_least(word, shift) for word in proven.words[period]) == sorted(words)


def map_least(word: tuple[str, ...], shift: int) -> tuple[str, ...]:
    return min(word[t:] + word[:t] for t in range(0, len(word), shift))


def longest(map: CanonicalMap) -> int:
    return 4 if map.n_relu <= 2 else 3 if map.n_relu == 3 else 2


@pytest.mark.parametrize("draw", [lambda rng: random_model(rng).map, degenerate_map], ids=["generic", "degenerate"])
def test_every_architecture(draw, tmp_path: Path) -> None:
    for seed in range(16):
        map = draw(np.random.default_rng(seed)).with_input(None)
        if map.n_relu <= 2:
            certified(map, longest(map), tmp_path / "net.cert.json.gz")


@pytest.mark.slow
@pytest.mark.parametrize("draw", [lambda rng: random_model(rng).map, degenerate_map], ids=["generic", "degenerate"])
def test_every_architecture_many_times(draw, tmp_path: Path) -> None:
    for seed in range(1000, 1060):
        map = draw(np.random.default_rng(seed)).with_input(None)
        if map.n_relu <= 4:
            certified(map, longest(map) - (map.n_relu > 3), tmp_path / "net.cert.json.gz")


def test_periodic_inputs(tmp_path: Path) -> None:
    done = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        map = random_model(rng).map if seed % 2 else degenerate_map(rng)
        if map.n_relu <= 2:
            steps = 2 if seed % 4 < 2 else 3
            map, inputs = with_inputs(map, rng, steps)
            certified(map, 4 if steps == 2 else 3, tmp_path / "net.cert.json.gz", inputs)
            done += 1
    assert done >= 3


def test_the_words_are_those_of_exhaustive_search(tmp_path: Path) -> None:
    for seed in range(10):
        map = degenerate_map(np.random.default_rng(seed)).with_input(None)
        if map.n_relu > 3:
            continue
        certified(map, 2, tmp_path / "net.cert.json.gz")
        proven = verify_certificate(map, tmp_path / "net.cert.json.gz")
        for period in (1, 2):
            points, families = exact_oracle.cycles([exact_oracle.read(map)] * period)
            words = sorted(map_least(word, 1) for word in proven.words[period])
            assert words == sorted(piece.bitcodes for piece in (*points, *families))


def test_chaos(tmp_path: Path) -> None:
    """Each cycle is listed once, not once for each of its points."""
    tent = PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1)
    path = tmp_path / "tent.cert.json.gz"
    found = tent.cycles(7, certificate=path)
    proven = tent.verify_certificate(path)
    assert proven.points == found.counts == {1: 2, 2: 1, 3: 2, 4: 3, 5: 6, 6: 9, 7: 18}
    assert "period 7: 18 isolated cycles and 0 continua; and no others of these periods" in proven.claim
    done = subprocess.run([sys.executable, "-I", "-S", str(checker_path()), str(path)], capture_output=True, text=True)
    assert done.returncode == 0 and "VERIFIED: period 7: 18 isolated, 0 continua, and no others" in done.stdout


def test_families(tmp_path: Path) -> None:
    """A reflection: one fixed point in the middle of a family of two-cycles; and a rotation by a third."""
    reflection = PLRNN.al_rnn([-1.0], [[0.0]], [1.0], pwl_units=0)
    certified(reflection.map, 2, tmp_path / "net.cert.json.gz")
    assert verify_certificate(reflection.map, tmp_path / "net.cert.json.gz").continua == {1: 0, 2: 1}
    turn = np.array([[0.0, -1.0], [1.0, -1.0]])
    rotation = CanonicalMap.build(turn, np.zeros((2, 1)), np.array([[1.0, 0.0]]), np.zeros(1), np.zeros(2))
    certified(rotation, 3, tmp_path / "net.cert.json.gz")


def test_lists_that_have_none(tmp_path: Path) -> None:
    tent = PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1)
    path = tmp_path / "tent.cert.json.gz"
    with pytest.raises(ModelError, match="about all of state space: leave out box"):
        tent.cycles(3, box=2.0, certificate=path)
    with pytest.raises(CertificateError, match="the list of cycles is complete up to period 3 of 3 inside the box"):
        write_certificate(tent.map, tent.cycles(3, box=2.0), path)
    with pytest.raises(CertificateError, match="complete up to period 0 of 3") as caught:
        tent.cycles(3, method="scyfi", certificate=path)
    assert caught.value.found.max_period == 3
    with pytest.raises(CertificateError, match=r"not finished in .* s; give it a longer time_limit"):
        write_certificate(tent.map, tent.cycles(3), path, time_limit=0.0)
    with pytest.raises(ModelError, match="fixed points are those of a constant input"):
        write_certificate(tent.map, tent.fixed_points(), path, periodic_input=np.zeros((2, 0)))
    with pytest.raises(CertificateError, match="under an input of period 2 periods are multiples of it"):
        write_certificate(tent.map, tent.cycles(1), path, periodic_input=np.zeros((2, 0)))
    assert not path.exists()


def test_another_input_is_refused(tmp_path: Path) -> None:
    model = PLRNN.al_rnn([0.5, 0.5], [[0, -1], [-1, 0]], [1, 1], C=np.eye(2), pwl_units=2)
    path, inputs = tmp_path / "net.cert.json.gz", [[0.25, 0.0], [0.0, 0.5]]
    model.cycles(4, periodic_input=inputs, certificate=path)
    assert model.verify_certificate(path, periodic_input=inputs).points.keys() == {2, 4}
    for other in (inputs[::-1], inputs[:1], inputs * 2):
        with pytest.raises(CertificateError, match=r"with other offsets: .* give that input"):
            model.verify_certificate(path, periodic_input=other)
    with pytest.raises(CertificateError, match="with other offsets"):
        model.verify_certificate(path)
    with pytest.raises(ModelError, match="constant_input or periodic_input, not both"):
        model.verify_certificate(path, [0.0, 0.0], periodic_input=inputs)


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", [case for case in CASES.values() if known(case) is not None], ids=lambda case: case["id"]
)
def test_published_networks(case: dict, tmp_path: Path) -> None:
    map = known(case).map.with_input(None)
    # Clipped networks have twice as many ReLUs, in pairs: their leaves cost exact solutions.
    certified(map, 3 if map.n_relu <= 4 else 2 if map.n_relu <= 12 else 1, tmp_path / "net.cert.json.gz")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["addition", "lorenz"])
def test_trained_networks(name: str, tmp_path: Path) -> None:
    model = pa.load(ROOT / "docs" / "networks" / f"{name}.safetensors")
    certified(model.map.with_input(None), 3, tmp_path / "net.cert.json.gz")
