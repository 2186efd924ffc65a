"""Systems whose exact answer is known and that once were answered otherwise: other units, sizes, machines."""

from __future__ import annotations

import json
import time
from pathlib import Path

import exact_oracle
import numpy as np
import pytest

from plrnn_analysis import PLRNN, CanonicalMap
from plrnn_analysis.comparison import compare
from plrnn_analysis.cycles import find_cycles
from plrnn_analysis.fixed_points import find_fixed_points
from plrnn_analysis.regions import find_subregions

DATA = Path(__file__).resolve().parent.parent / "data" / "exact_cases.json"
CASES = json.loads(DATA.read_text(encoding="utf-8"))["cases"]


def cases(kind):
    chosen = [case for case in CASES if case["kind"] == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def network(parameters) -> PLRNN:
    parameters = dict(parameters)
    return getattr(PLRNN, parameters.pop("constructor"))(**parameters)


def canonical(case) -> CanonicalMap:
    model = case["model"]
    return network(model).map if "constructor" in model else CanonicalMap.build(**model)


def test_every_case_has_a_test():
    tested = {"fixed points", "cycles", "input diagram", "compare", "subregions", "stability", "lyapunov", "time limit"}
    assert {case["kind"] for case in CASES} == tested and len(CASES) == 28


@cases("fixed points")
def test_fixed_points(case):
    map, expected = canonical(case), case["expected"]
    for method in ("auto", "elimination", "linear programs"):
        found = find_fixed_points(map, method=method)
        if not found.complete and method != "auto":
            continue  # an engine that was asked for by name may give up; the choice of the package may not
        assert found.complete, method
        assert [point.bitcode for point in found] == [code for code, _ in expected["points"]], method
        for point, (_, z) in zip(found, expected["points"]):
            # To rounding, which the condition of I - J magnifies; the largest here is 3e13.
            np.testing.assert_allclose(point.z, z, rtol=1e-6, atol=1e-12 * np.abs(z).max())
        assert {c.bitcode: c.dimension for c in found.continua} == expected["continua"], method


@cases("fixed points")
def test_the_oracle_says_the_same(case):
    map, n = canonical(case), len(case["expected"]["points"][0][0]) if case["expected"]["points"] else 4
    if n > 12:  # 2^13 patterns are too many for it; nothing reads the ten idle units, and they are never active
        assert case["id"] == "idle-relu" and not np.any(map.W[:, 3:]) and np.all(map.h[3:] < 0.0)
        map = CanonicalMap.build(map.A[:3, :3], map.W[:3, :3], map.V[:3, :3], map.c[:3], map.h[:3])
    points, continua = exact_oracle.fixed_points(exact_oracle.read(map))
    expected = [[code[: map.n_relu], z[: map.n_units]] for code, z in case["expected"]["points"]]
    assert [[p.bitcodes[0], [float(v) for v in p.orbit[0]]] for p in points] == expected
    assert {p.bitcodes[0]: p.dimension for p in continua} == case["expected"]["continua"]


@cases("cycles")
def test_cycles(case):
    found = find_cycles(canonical(case), case["max_period"])
    assert found.complete and not found.continua
    words = {
        str(k): [list(cycle.word) for cycle in found if cycle.period == k] for k in range(1, case["max_period"] + 1)
    }
    assert words == case["expected"]["words"]


@cases("input diagram")
@pytest.mark.parametrize("method", ["enumeration", "linear programs"])
def test_input_diagrams(case, method):
    model, ranges = network(case["model"]), case["ranges"]
    diagram = model.input_diagram([0, 1], ranges, method=method)
    assert diagram.complete
    assert [branch.bitcode for branch in diagram] == case["expected"]["branches"]
    corners = {continuum.bitcode: continuum.corners.tolist() for continuum in diagram.continua}
    assert sorted(corners) == sorted(case["expected"]["continua"])
    for code, expected in case["expected"]["continua"].items():
        np.testing.assert_allclose(sorted(corners[code]), sorted(expected), atol=1e-12)
        assert next(c for c in diagram.continua if c.bitcode == code).dimension == 1
        middle = np.mean(expected, axis=0)
        if np.all(4.0 * middle == np.round(4.0 * middle)):  # a double: else the line passes beside its rounded middle
            assert code in [c.bitcode for c in diagram.at(middle).continua]


@cases("compare")
def test_comparison(case):
    a, b = network(case["model"]["a"]), network(case["model"]["b"])
    assert {compare(a, b).relation, compare(b, a).relation} == {case["expected"]["relation"]}


@cases("subregions")
def test_subregions(case):
    map = canonical(case)
    found = find_subregions(map)
    assert found.complete and [region.bitcode for region in found] == case["expected"]["bitcodes"]
    for region in found:
        y = exact_oracle.read(map).arguments(exact_oracle.fractions(region.interior_point))
        assert exact_oracle.as_code([int(value > 0) for value in y]) == region.bitcode and all(y)


@cases("stability")
def test_stability(case):
    map = canonical(case)
    (point,) = find_fixed_points(map)
    (exact,), _ = exact_oracle.fixed_points(exact_oracle.read(map))
    assert exact_oracle.classify(exact) == case["expected"]["stability"].split()[0]
    assert point.stability == case["expected"]["stability"]


@cases("lyapunov")
def test_lyapunov_exponents(case):
    model = network(case["model"])
    found = model.lyapunov(case["steps"], z0=np.zeros(model.n_units))
    error = np.abs(found.exponents - case["expected"]["exponent"])
    allowed = 5.0 * found.standard_error + found.numerical_error
    assert np.all(error <= allowed) or not np.all(np.isfinite(allowed)), (found.exponents, allowed)


@cases("time limit")
def test_time_limit(case):
    model = network(case["model"])
    model.fixed_points(max_nodes=10)  # kernels are compiled, or read from the disk
    started = time.process_time()
    found = model.fixed_points(time_limit=case["time_limit"])
    # Processor time: other programs of the machine do not count.
    assert time.process_time() - started < 1.25 * case["time_limit"] + 0.5
    assert len(found) <= case["expected"]["points"]
    assert found.complete == (len(found) == case["expected"]["points"])
