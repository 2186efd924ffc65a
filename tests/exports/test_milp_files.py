"""The question for fixed points as MPS and LP files, read back by HiGHS and solved by SciPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from pathlib import Path

import highspy
import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_array
from systems import degenerate_map, planted_al_rnn, random_model

import plrnn_analysis as pa
from plrnn_analysis.exports import write_milp
from plrnn_analysis.exports.bounds import argument_bounds
from plrnn_analysis.exports.known import known_ones
from plrnn_analysis.exports.mixed import MixedProgram, fixed_point_program
from plrnn_analysis.maps import CanonicalMap, bits_to_string
from plrnn_analysis.polytopes.boxes import Box, read_box


@dataclass(frozen=True)
class Solved:
    """What a solver says of a file."""

    feasible: bool
    z: np.ndarray
    bitcode: str


def read(path: Path) -> highspy.HighsLp:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    return highs.getLp()


def matrix(lp: highspy.HighsLp) -> csc_array:
    held = lp.a_matrix_
    return csc_array((held.value_, held.index_, held.start_), shape=(lp.num_row_, lp.num_col_))


def solve(path: Path) -> Solved:
    """By ``scipy.optimize.milp``."""
    lp = read(path)
    whole = np.array([kind == highspy.HighsVarType.kInteger for kind in lp.integrality_] or [False] * lp.num_col_)
    rows = LinearConstraint(matrix(lp), lp.row_lower_, lp.row_upper_)
    done = milp(np.zeros(lp.num_col_), integrality=whole, bounds=Bounds(lp.col_lower_, lp.col_upper_), constraints=rows)
    assert done.status in (0, 2), done.message
    if done.status == 2:
        return Solved(False, np.empty(0), "")
    values = dict(zip(lp.col_names_, done.x))
    z = np.array([v for name, v in values.items() if name[0] == "z"])
    return Solved(True, z, bits_to_string([round(v) for name, v in values.items() if name[0] == "b"]))


def shallow(map: CanonicalMap) -> pa.PLRNN:
    """A network with any canonical map."""
    return pa.PLRNN("shallow", {"A": map.A, "W1": map.W, "W2": map.V, "h1": map.h, "h2": map.c})


def around(found: pa.results.FixedPoints) -> float:
    """A box that holds what was found."""
    return 2.0 + 2.0 * max((float(np.max(np.abs(point.z))) for point in found), default=0.0)


@pytest.mark.parametrize("suffix", [".mps", ".lp"])
def test_numbers_are_read_as_they_were_written(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(15):
        network, scale = random_model(rng).map, rng.choice([1.0, 1e-7, 1e5])
        network = shallow(replace(network, h=scale * network.h, c=scale * network.c))
        found, path = network.fixed_points(), tmp_path / f"net{suffix}"
        write_milp(network, path, box=7.1, exclude=found)
        box = read_box(7.1, network.n_units)
        program = fixed_point_program(network.map, box, known_ones(network.map, found))
        lp = read(path)
        place = {name: at for at, name in enumerate(lp.col_names_)}
        assert len(place) == len(program.columns)
        for column in program.columns:
            at = place[column.name]
            assert (lp.col_lower_[at], lp.col_upper_[at]) == (column.low, column.high)
            assert column.whole == (lp.integrality_[at] == highspy.HighsVarType.kInteger)
        rows = dict(zip(lp.row_names_, zip(matrix(lp).tocsr(), lp.row_lower_, lp.row_upper_, strict=True), strict=True))
        assert set(rows) == {row.name for row in program.rows}
        for row in program.rows:
            held, low, high = rows[row.name]
            wanted = np.zeros(len(place))
            for value, name in row.terms:
                wanted[place[name]] = value
            assert np.array_equal(np.asarray(held.todense()).ravel(), wanted)
            assert low == (-np.inf if row.sense == "<=" else row.right)
            assert high == (np.inf if row.sense == ">=" else row.right)


def test_a_solver_finds_what_is_left_and_nothing_else(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    several = 0
    for n in range(20):
        network = random_model(rng)
        found, path = network.fixed_points(), tmp_path / "net.mps"
        assert found.complete
        box = around(found)
        write_milp(network, path, box=box)
        assert solve(path).feasible == bool(len(found))
        write_milp(network, path, box=box, exclude=found)
        assert not solve(path).feasible
        if len(found):
            left = found[n % len(found)]
            write_milp(network, path, box=box, exclude=[p.bitcode for p in found if p is not left])
            answer = solve(path)
            np.testing.assert_allclose(answer.z, left.z, rtol=1e-5, atol=1e-5 * box)
            several += len(found) > 1
    assert several > 3


def test_boundaries_and_continua_are_left_out_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    points = lines = 0
    for n in range(45):
        network = shallow(degenerate_map(rng)) if n % 3 else planted_al_rnn(rng, 3, 3, on_boundary=1 + n % 2)[0]
        found, path = network.fixed_points(), tmp_path / "net.lp"
        assert found.complete
        points += sum(point.on_boundary for point in found)
        lines += len(found.continua)
        if any(piece.dimension > 1 for piece in found.continua):
            continue
        write_milp(network, path, box=around(found) + 8.0, exclude=found)
        assert not solve(path).feasible
    assert points > 10 and lines > 5


def feasible(program: MixedProgram, bits: np.ndarray) -> bool:
    """Whether the program has a solution with these bits, by a linear program."""
    place = {column.name: at for at, column in enumerate(program.columns)}
    given = {f"b_{i}": int(bit) for i, bit in enumerate(bits)}
    equal, below = ([], []), ([], [])
    for row in program.rows:
        if row.only_if and given[row.only_if[0]] != row.only_if[1]:
            continue
        values = np.zeros(len(place))
        for value, name in row.terms:
            values[place[name]] = value
        side = equal if row.sense == "=" else below
        sign = -1.0 if row.sense == ">=" else 1.0
        side[0].append(sign * values)
        side[1].append(sign * row.right)
    bounds = []
    for column in program.columns:
        bit = given.get(column.name)
        if bit is not None and not column.low <= bit <= column.high:
            return False
        bounds.append((column.low, column.high) if bit is None else (bit, bit))
    done = linprog(np.zeros(len(place)), below[0] or None, below[1] or None, equal[0], equal[1], bounds, method="highs")
    assert done.status in (0, 2)
    return bool(done.status == 0)


def test_each_subregion_with_and_without_a_box() -> None:
    rng = np.random.default_rng(3)
    for _ in range(8):
        network = random_model(rng)
        if network.pwl_units > 4:
            continue
        found = network.fixed_points()
        codes = {point.bitcode for point in found}
        half = ([-np.inf] * network.n_units, [around(found)] * network.n_units)
        for box in (around(found), half, np.inf):
            where = read_box(box, network.n_units, infinite=True)
            program = fixed_point_program(network.map, where, [])
            for bits in product([False, True], repeat=network.pwl_units):
                assert feasible(program, np.array(bits, dtype=bool)) == (bits_to_string(bits) in codes)


def test_bounds_hold_and_are_the_nearest() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        network = random_model(rng).map
        box = Box(-rng.random(network.n_units) * 10.0, rng.random(network.n_units) * 0.1)
        for side, bounds in zip((-1, 1), argument_bounds(network, box), strict=True):
            for row, c, bound in zip(network.V.tolist(), network.c.tolist(), bounds.tolist(), strict=True):
                ends = [max((a, b), key=lambda end: side * v * end) for v, a, b in zip(row, box.low, box.high)]
                exact = sum((Fraction(v) * Fraction(end) for v, end in zip(row, ends)), Fraction(c))
                assert side * (Fraction(bound) - exact) >= 0
                assert side * (Fraction(float(np.nextafter(bound, -side * np.inf))) - exact) < 0


def test_files_for_the_whole_space_say_who_reads_them(tmp_path: Path) -> None:
    network = pa.PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    for suffix, condition in ((".mps", " IF inactive_0 b_0 0\n"), (".lp", " inactive_0: b_0 = 0 -> 1.0 x_0 <= 0.0\n")):
        path = tmp_path / f"tent{suffix}"
        network.export(path)
        text = path.read_text(encoding="utf-8")
        assert condition in text and "indicator constraints" in text and "anywhere" in text
        network.export(path, box=5.0, exclude=["0"])
        text = path.read_text(encoding="utf-8")
        assert "indicator" not in text and "0  holds the fixed point (-1)" in text


def test_networks_without_relus(tmp_path: Path) -> None:
    line = pa.PLRNN.al_rnn(A=[0.5, 0.0], W=[[0.0, 1.0], [0.0, 0.0]], h=[1.0, 0.0], pwl_units=0)
    for suffix in (".mps", ".lp"):
        path = tmp_path / f"line{suffix}"
        line.export(path)
        np.testing.assert_allclose(solve(path).z, [2.0, 0.0])
        line.export(path, exclude=line.fixed_points())
        assert not solve(path).feasible


def test_input_is_held_on(tmp_path: Path) -> None:
    network = pa.PLRNN.al_rnn(A=[0.5], W=[[1.0]], h=[0.0], C=[[1.0]], pwl_units=0)
    network.export(tmp_path / "net.lp", [3.0], box=100.0)
    assert solve(tmp_path / "net.lp").z == pytest.approx([-6.0])
    assert "input held on: 3.0" in (tmp_path / "net.lp").read_text(encoding="utf-8")


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    network = pa.PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    with pytest.raises(pa.ModelError, match=r"path must end in \.mps, \.lp, \.vnnlib, \.onnx"):
        network.export(tmp_path / "net.txt")
    with pytest.raises(pa.ModelError, match=r"tolerance means nothing for a \.mps file, which takes box and exclude"):
        network.export(tmp_path / "net.mps", tolerance=1.0)
    with pytest.raises(pa.ModelError, match="a bitcode of this model has 1 characters"):
        network.export(tmp_path / "net.mps", exclude=["10"])
    with pytest.raises(pa.ModelError, match="exclude must be a FixedPoints or a sequence of texts, got '1'"):
        network.export(tmp_path / "net.mps", exclude="1")
    with pytest.raises(pa.PLRNNError, match="there is no directory"):
        network.export(tmp_path / "no" / "net.mps")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_solver_confirms_what_the_search_says(tmp_path: Path, tried: Callable[[str, int], None]) -> None:
    """In a box, with and without what was found, and without one of it."""
    rng, path = np.random.default_rng(5), tmp_path / "net.mps"
    asked = 0
    for n in range(400):
        network = shallow(degenerate_map(rng)) if n % 3 == 0 else random_model(rng)
        found = network.fixed_points()
        box = around(found) + 8.0
        assert found.complete
        if any(piece.dimension > 1 for piece in found.continua):
            continue
        write_milp(network, path, box=box, exclude=found)
        assert not solve(path).feasible
        for left in found:
            others = [one.bitcode for one in (*found, *found.continua) if one is not left]
            write_milp(network, path, box=box, exclude=others)
            answer = solve(path)
            # Where several subregions meet, that of another one may have been left out with it.
            assert answer.feasible or left.on_boundary
            if answer.feasible:
                np.testing.assert_allclose(answer.z, left.z, rtol=1e-5, atol=1e-5 * box)
        asked += 1 + len(found)
    tried("answers", asked)
