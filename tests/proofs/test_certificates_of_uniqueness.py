"""Certificates that there is exactly one fixed point: one step, however many ReLUs there are."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from systems import random_model

from plrnn_analysis import PLRNN, CertificateError, PLRNNError
from plrnn_analysis.certificates import certify_unique
from plrnn_analysis.proofs import verify_certificate, write_certificate


def steps(path: Path) -> list:
    return json.loads(gzip.decompress(path.read_bytes()))["periods"][0]["proof"]


def test_no_search_is_needed(tmp_path: Path) -> None:
    """Far too many subregions to search: contracting in the norm of a random scaling, and in none of the usual ones."""
    rng, n, path = np.random.default_rng(1), 60, tmp_path / "net.cert.json.gz"
    scale = 2.0 ** rng.integers(-6, 7, n)
    W = np.round(2.0**8 * 0.5 * np.linalg.qr(rng.normal(size=(n, n)))[0]) / 2.0**8 * scale[:, None] / scale
    model = PLRNN.relu_rnn(W, np.round(rng.normal(size=n), 1))
    answer = model.uniqueness(certificate=path)
    assert answer.unique and [step[0] for step in steps(path)] == ["unique"]
    proven = model.verify_certificate(path)
    assert proven.points == {1: 1} and proven.words[1] == ((answer.fixed_point.bitcode,),)


def test_whatever_is_proved_to_be_unique_has_one(tmp_path: Path) -> None:
    path, kinds = tmp_path / "net.cert.json.gz", set()
    for seed in range(80):
        map = random_model(np.random.default_rng(seed)).map.with_input(None)
        answer = certify_unique(map)
        if answer.unique:
            write_certificate(map, answer, path)
            assert verify_certificate(map, path).points == {1: 1}
            kinds.add(answer.proof)
    assert "monotone" in kinds


def test_what_is_not_proved_has_none(tmp_path: Path) -> None:
    tent, path = PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1), tmp_path / "net.cert.json.gz"
    with pytest.raises(CertificateError, match="not proved that there is exactly one fixed point") as caught:
        tent.uniqueness(certificate=path)
    assert not caught.value.found.unique and not path.exists()
    with pytest.raises(PLRNNError, match="there is no directory"):
        tent.uniqueness(certificate=tmp_path / "nowhere" / "net.cert.json.gz")


def test_the_first_elimination_obeys_the_clock(tmp_path: Path) -> None:
    """It takes minutes; a step of it, a fraction of a second."""
    rng, n = np.random.default_rng(0), 150
    W = 0.5 * np.linalg.qr(rng.normal(size=(n, n)))[0]
    model = PLRNN.relu_rnn(W, rng.normal(size=n))
    answer = model.uniqueness()
    with pytest.raises(CertificateError, match=r"was not finished in (0\.[0-9]+|1\.[0-9]+) s; give it a longer"):
        write_certificate(model.map, answer, tmp_path / "net.cert.json.gz", time_limit=0.2)
