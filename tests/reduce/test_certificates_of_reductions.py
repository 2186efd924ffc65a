"""Certificates of reductions: written where something was shown, accepted, and refused with anything changed."""

from __future__ import annotations

import ast
import copy
import gzip
import importlib.util
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reduction_oracle import is_right, number
from systems import degenerate_map, random_model

import plrnn_analysis as pa
from plrnn_analysis import PLRNN, CanonicalMap, CertificateError, PLRNNError
from plrnn_analysis.reduce import Polytope, ReducedModel, reduction_checker_path, verify_reduction

ROOT = Path(__file__).resolve().parents[2]

specification = importlib.util.spec_from_file_location("independent_reduction_checker", reduction_checker_path())
checker = importlib.util.module_from_spec(specification)
specification.loader.exec_module(checker)


def accepts(document: dict) -> bool:
    try:
        checker.check(document)
    except Exception:
        return False
    return True


def read(path: Path) -> dict:
    return json.loads(gzip.decompress(path.read_bytes()))


def agree(model: PLRNN, small: ReducedModel, path: Path) -> None:
    """What is verified is what was reported."""
    verified = verify_reduction(model.map, path)
    status = [row.status for row in small]
    always = {i: name for name in ("always on", "always off") for i, s in enumerate(status) if s == name}
    assert all(i in (verified.always_on if name == "always on" else verified.always_off) for i, name in always.items())
    assert not [i for i, s in enumerate(status) if s == "switches" and i in (*verified.always_on, *verified.always_off)]
    assert verified.multiples == tuple(i for i, s in enumerate(status) if s == "merged")
    assert verified.invariant == (small.invariant is True)


def domains(seed: int) -> tuple[PLRNN, Any, Any]:
    """Random models, on boxes, on polytopes, and on what runs reach."""
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    m, kind = model.n_units, seed % 3
    if kind == 0:
        return model, (-rng.uniform(0, 2, m), rng.uniform(0, 2, m)), None
    if kind == 1:
        rows = np.vstack([np.eye(m), -np.eye(m), rng.normal(size=(2, m))])
        return model, Polytope(rows, np.concatenate([np.ones(2 * m), [0.2, 0.5]])), None
    run = model.simulate(20, n=4, seed=seed)
    return model, run if np.all(np.abs(run.states) < 1e3) else (-np.ones(m), np.ones(m)), None


def touching(seed: int) -> tuple[CanonicalMap, Any]:
    """Whole numbers: arguments that touch zero, and images that touch the boundary of their domain."""
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(1, 4)), int(rng.integers(1, 5))
    A, W, V = rng.integers(-3, 4, (m, m)) / 32, rng.integers(-3, 4, (m, n)) / 16, rng.integers(-2, 3, (n, m))
    c, h = rng.integers(-1, 2, n) / 2, rng.integers(-2, 3, m) / 2
    box = np.ones(m)
    for _ in range(8):
        high = np.maximum(np.abs(V) @ box + c, 0.0)
        box = np.maximum(box, np.ceil(8 * (np.abs(A) @ box + np.abs(W) @ high + np.abs(h))) / 8)
    if seed % 2:
        return CanonicalMap.build(A, W, V, c, h), (-box, box)
    rows = np.vstack([np.eye(m), -np.eye(m), np.ones((1, m)), -np.ones((1, m))])
    return CanonicalMap.build(A, W, V, c, h), Polytope(rows, np.concatenate([box, box, [box.sum() * 0.75] * 2]))


def as_model(map: CanonicalMap) -> PLRNN:
    return PLRNN("shallow", {"A": map.A, "W1": map.W, "W2": map.V, "h1": map.h, "h2": map.c})


def certificates(seeds: range, path: Path) -> Iterator[tuple[PLRNN, ReducedModel, dict]]:
    for seed in seeds:
        if seed % 2:
            map, domain = touching(seed // 2)
            model = as_model(map)
        else:
            model, domain, _ = domains(seed // 2)
        small = model.reduce(domain, samples=5, certificate=path)
        yield model, small, read(path)


def test_every_architecture(tmp_path: Path) -> None:
    path, statuses, invariant = tmp_path / "net.cert.json.gz", set(), 0
    for model, small, document in certificates(range(14), path):
        agree(model, small, path)
        assert is_right(document)
        statuses |= {row.status for row in small}
        invariant += small.invariant is True
    assert statuses >= {"always on", "always off", "switches"} and invariant >= 2


@pytest.mark.slow
def test_every_architecture_many_times(tmp_path: Path) -> None:
    path = tmp_path / "net.cert.json.gz"
    for model, small, _ in certificates(range(1000, 1100), path):
        agree(model, small, path)


def test_degenerate_maps(tmp_path: Path) -> None:
    """Whole numbers: ReLUs that are merged, and that nothing reads, some of them touching zero."""
    path, merged = tmp_path / "net.cert.json.gz", 0
    for seed in range(30):
        map = degenerate_map(np.random.default_rng(seed))
        model = as_model(map)
        small = model.reduce(
            (-np.ones(map.n_units), np.full(map.n_units, float(seed % 3))), samples=5, certificate=path
        )
        agree(model, small, path)
        merged += len(verify_reduction(model.map, path).multiples)
    assert merged >= 2


def test_branches_are_needed(tmp_path: Path) -> None:
    """|z| as two ReLUs that count negatively: the chords alone do not keep 1 - |z| / 2 above zero."""
    path = tmp_path / "net.cert.json.gz"
    V = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    map = CanonicalMap.build(np.zeros((2, 2)), [[-0.5, -0.5, 0.0], [0.0, 0.0, 0.25]], V, np.zeros(3), [1.0, 0.0])
    small = as_model(map).reduce(([0.0, -1.0], [1.0, 1.0]), certificate=path)
    assert small.invariant
    map = CanonicalMap.build([[-0.25]], [[-0.5, -0.5, 0.5]], [[1.0], [-1.0], [1.0]], [0.0, 0.0, 0.5], [0.25])
    small = as_model(map).reduce(([-1.0], [0.75]), certificate=path)
    steps = [step for tree in read(path)["invariance"] or [] for step in tree]
    assert (small.invariant is True) == bool(steps)


def test_inputs(tmp_path: Path) -> None:
    path = tmp_path / "net.cert.json.gz"
    model = PLRNN.al_rnn([0.25, 0.5], [[0, -0.25], [0.25, 0]], [0.5, 2.0], C=np.eye(2), pwl_units=2)
    small = model.reduce(([-2.0, 0.0], [2.0, 6.0]), inputs=([-0.5, 0.0], [0.5, 0.25]), certificate=path)
    agree(model, small, path)
    assert verify_reduction(model.map, path).always_on == (1,)
    other = PLRNN.al_rnn([0.25, 0.5], [[0, -0.25], [0.25, 0]], [0.5, 2.0], C=2 * np.eye(2), pwl_units=2)
    with pytest.raises(CertificateError, match="the weights differ"):
        verify_reduction(other.map, path)
    with pytest.raises(CertificateError, match="this one has 1 unit, 1 ReLU and 0 inputs"):
        verify_reduction(PLRNN.al_rnn([0.5], [[0]], [1], pwl_units=1).map, path)


def test_reachable_domains_have_no_claim_of_invariance(tmp_path: Path) -> None:
    path = tmp_path / "net.cert.json.gz"
    model = PLRNN.al_rnn([0.5, 0.25], [[0, 0.1], [0.1, 0]], [1.0, 1.0], pwl_units=2)
    small = model.reduce(([1.0, 1.0], [1.1, 1.1]), reachable=True, certificate=path)
    assert small.start is not None
    verified = verify_reduction(model.map, path)
    assert verified.always_on and not verified.invariant and "not shown to be invariant" in verified.claim


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flipflop32", "addition", "lorenz"])
def test_trained_networks(name: str, tmp_path: Path) -> None:
    model = pa.load(ROOT / "docs" / "networks" / f"{name}.safetensors")
    small = model.reduce(model.run(model.trials), certificate=tmp_path / "net.cert.json.gz")
    agree(model, small, tmp_path / "net.cert.json.gz")


def test_no_time(tmp_path: Path) -> None:
    model, path = PLRNN.al_rnn([0.5, 0.5], np.zeros((2, 2)), [1.0, 1.0], pwl_units=2), tmp_path / "net.cert.json.gz"
    with pytest.raises(CertificateError, match=r"was not finished in .* give it a longer time_limit") as caught:
        model.reduce(([0, 0], [3, 3]), time_limit=0.0, certificate=path)
    assert caught.value.found.pwl_units == 0 and not path.exists()
    with pytest.raises(PLRNNError, match="there is no directory"):
        model.reduce(([0, 0], [3, 3]), certificate=tmp_path / "nowhere" / "net.cert.json.gz")


def test_the_checker_is_short_and_stands_alone(tmp_path: Path) -> None:
    text = (ROOT / "tools" / "check_reduction.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 250 and max(map(len, text.splitlines())) <= 120
    imported = {
        name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    assert imported <= set(sys.stdlib_module_names)
    path = tmp_path / "net.cert.json.gz"
    PLRNN.al_rnn([0.5], [[0.25]], [1.0], pwl_units=1).reduce(([0.0], [4.0]), certificate=path)
    command = [sys.executable, "-I", "-S", str(reduction_checker_path())]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True)
    assert done.returncode == 0 and "VERIFIED: on the domain 1 ReLUs are always on: 0" in done.stdout
    assert "ends in the domain (2 leaves)" in done.stdout
    path.write_bytes(gzip.compress(b"{}"))
    assert subprocess.run([*command, str(path)], capture_output=True, text=True).stdout.startswith("REFUSED: no cert")
    assert subprocess.run(command, capture_output=True).returncode == 2


# --- one thing changed ------------------------------------------------------------------------------------------------


def spots(value: Any) -> list[tuple[Any, Any]]:
    """The places of all whole numbers in nested lists."""
    found = []
    for at, part in enumerate(value):
        if isinstance(part, list):
            found += spots(part)
        else:
            found.append((value, at))
    return found


def change(rng: np.random.Generator, places: list[tuple[Any, Any]], how: Callable[[int], int]) -> bool:
    if not places:
        return False
    values, at = places[rng.integers(len(places))]
    old = int(number(values[at]))
    values[at] = how(old)
    return values[at] != old


def trees(d: dict) -> list[list]:
    return d["invariance"] or []


def leaves(d: dict) -> list[list]:
    return [step for tree in trees(d) for step in tree if isinstance(step, list)]


def shortened(values: list, rng: np.random.Generator) -> bool:
    return bool(values) and values.pop(rng.integers(len(values))) is not None


def claimed(d: dict, rng: np.random.Generator) -> bool:
    n = d["network"]["relus"]
    if n < 2:
        return False
    i = int(rng.integers(1, n))
    d["multiples"].append([i, int(rng.integers(i))])
    return True


CHANGES: dict[str, Callable[[dict, np.random.Generator], bool]] = {
    "weight": lambda d, rng: change(rng, spots([d["network"][name] for name in "AWVch"]), lambda v: 3 * v + 5),
    "sign of a weight": lambda d, rng: change(rng, spots([d["network"][name] for name in "AWVch"]), lambda v: -v),
    "box": lambda d, rng: change(rng, spots([d["domain"]["low"], d["domain"]["high"]]), lambda v: 4 * v + 40),
    "condition": lambda d, rng: change(rng, spots([d["domain"]["rows"], d["domain"]["offsets"]]), lambda v: -v - 9),
    "condition dropped": lambda d, rng: shortened(d["domain"]["rows"], rng),
    "bound": lambda d, rng: change(rng, spots(d["ranges"]), lambda v: -v - 1),
    "bounds dropped": lambda d, rng: shortened(d["ranges"], rng),
    "multiple": claimed,
    "multiplier": lambda d, rng: change(rng, spots(leaves(d)), lambda v: 5 * v + 7),
    "sign of a multiplier": lambda d, rng: change(rng, spots(leaves(d)), lambda v: -v),
    "multiplier gone": lambda d, rng: change(rng, spots(leaves(d)), lambda v: 0),
    "step dropped": lambda d, rng: bool(trees(d)) and shortened(trees(d)[rng.integers(len(trees(d)))], rng),
    "step doubled": lambda d, rng: bool(trees(d)) and trees(d)[0].append(copy.deepcopy(trees(d)[0][-1])) is None,
    "condition forgotten": lambda d, rng: shortened(trees(d), rng),
    "trees exchanged": lambda d, rng: len(trees(d)) > 1 and trees(d).insert(0, trees(d).pop()) is None,
    "leaf of another": lambda d, rng: (
        len(trees(d)) > 1 and trees(d).__setitem__(0, copy.deepcopy(trees(d)[-1])) is None
    ),
    "scale": lambda d, rng: d["domain"].update(scale=d["domain"]["scale"] + 1) is None,
}


def mutants(seeds: range, path: Path) -> tuple[Counter, Counter]:
    """How many mutants of each kind were wrong and refused, and how many were right and accepted."""
    wrong, right = Counter(), Counter()
    for at, (_, _, document) in enumerate(certificates(seeds, path)):
        rng = np.random.default_rng(at)
        assert accepts(document) and is_right(document)
        for kind, apply in CHANGES.items():
            mutant = copy.deepcopy(document)
            if apply(mutant, rng):
                verdict = is_right(mutant)
                assert accepts(mutant) == verdict, (at, kind, verdict)
                (right if verdict else wrong)[kind] += 1
    return wrong, right


def test_mutants(tmp_path: Path) -> None:
    wrong, right = mutants(range(12), tmp_path / "net.cert.json.gz")
    assert wrong.total() > 30 and right.total() > 20


@pytest.mark.slow
def test_many_mutants(tmp_path: Path, tried: Callable[[str, int], None]) -> None:
    wrong, right = mutants(range(100, 260), tmp_path / "net.cert.json.gz")
    tried("certificates", wrong.total())
    assert wrong.total() >= 500
    # Some of what proves nothing else is still a proof: of less, or of another network. What is missing is not.
    assert not right.keys() & {"condition dropped", "bounds dropped", "step doubled", "condition forgotten"}


def test_what_is_always_on_is_so(tmp_path: Path) -> None:
    """By many states of the domain, with none of the arithmetic of the certificate."""
    path = tmp_path / "net.cert.json.gz"
    for model, small, _ in certificates(range(12), path):
        verified = verify_reduction(model.map, path)
        rng = np.random.default_rng(0)
        z = rng.uniform(*bounding(small), (400, model.n_units))
        y = model.map.preactivation(z[small.domain.contains(z)], np.zeros(model.n_inputs))
        assert np.all(y[:, list(verified.always_on)] >= -1e-9) and np.all(y[:, list(verified.always_off)] <= 1e-9)


def bounding(small: ReducedModel) -> tuple[np.ndarray, np.ndarray]:
    m = small.map.n_units
    return -small.domain.offset[:m], small.domain.offset[m : 2 * m]
