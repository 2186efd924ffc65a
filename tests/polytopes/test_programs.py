"""What linear programs prove, against elimination in plain fractions; and solvers that fail."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.optimize
from exact_polyhedra import has_point
from flint import fmpq

from plrnn_analysis.polytopes import programs
from plrnn_analysis.polytopes.programs import Claim, Verdict, decide, propose, proves_empty
from plrnn_analysis.polytopes.rational import Undecided, rational, rationals
from plrnn_analysis.polytopes.systems import System


def conditions(rows, room, strict, equal):
    for row, b, s, e in zip(rows, room, strict, equal):
        row, b = tuple(map(Fraction, row)), Fraction(b)
        yield row, b, s and not e
        if e:
            yield tuple(-x for x in row), -b, False


def agrees(rows, room, strict, equal=None):
    rows, room = np.array(rows, dtype=float), np.array(room, dtype=float)
    decision = decide(rows, room, strict, equal=equal)
    expected = has_point(list(conditions(rows.tolist(), room.tolist(), strict, equal or [False] * len(room))))
    assert decision.verdict is (Verdict.FEASIBLE if expected else Verdict.EMPTY)
    if expected:
        for row, b, s, e in zip(rationals(rows), rationals(room), strict, equal or [False] * len(room)):
            value = sum((a * x for a, x in zip(row, decision.point)), start=b)
            assert value == 0 if e else value > 0 if s else value >= 0
    assert not (expected and proves_empty(rows, room, strict, equal=equal))
    return decision


@pytest.mark.parametrize("small", [0, 10**6])
def test_random_systems(monkeypatch, small):
    """Both by pivoting alone and with the solver asked first."""
    monkeypatch.setattr(programs, "SMALL", small)
    generator = np.random.default_rng(small)
    seen = {Verdict.FEASIBLE: 0, Verdict.EMPTY: 0}
    for _ in range(150):
        k, n = generator.integers(1, 4), generator.integers(1, 7)
        scale = 2.0 ** generator.integers(-40, 40, k)
        rows = generator.integers(-2, 3, (n, k)) * scale * 2.0 ** generator.integers(-30, 30, (n, 1))
        room = generator.integers(-2, 3, n) * 2.0 ** generator.integers(-40, 40)
        equal = (generator.random(n) < 0.2).tolist() if generator.random() < 0.3 else None
        seen[agrees(rows, room, (generator.random(n) < 0.5).tolist(), equal).verdict] += 1
    assert min(seen.values()) > 20


def test_most_empty_sets_are_proved_by_the_multipliers_of_one_program():
    generator = np.random.default_rng(5)
    empty = proved = 0
    for _ in range(100):
        rows, room = generator.normal(size=(12, 4)), generator.normal(size=12) - 1.0
        if decide(rows, room).verdict is Verdict.EMPTY:
            empty += 1
            proved += proves_empty(rows, room)
    assert empty > 20 and proved >= 0.95 * empty


def test_rationals_are_taken_too():
    rows = [[fmpq(1, 3), fmpq(-1, 7)], [fmpq(-1, 3), fmpq(1, 7)]]
    assert decide(rows, [fmpq(1, 10**40), fmpq(0)], strict=True).verdict is Verdict.FEASIBLE
    assert decide(rows, [fmpq(-1, 10**40), fmpq(0)]).verdict is Verdict.EMPTY
    assert decide(rows, [fmpq(0), fmpq(0)], equal=[True, False]).verdict is Verdict.FEASIBLE
    assert decide([[fmpq(0)]], [fmpq(1)], equal=[True]).verdict is Verdict.EMPTY


def test_an_optimum_in_any_units():
    rows, room = np.array([[-1.0, -1.0], [-1.0, 0.0]]), np.array([4.0, 3.0])
    for power in (-60, 0, 60):
        scale = np.array([2.0**power, 1.0])
        found = propose(-np.array([2.0, 1.0]) * scale, rows * scale, room, low=0.0)
        assert found.claim is Claim.OPTIMAL
        np.testing.assert_allclose(found.point * scale, [3.0, 1.0])
        np.testing.assert_allclose(found.multipliers, [1.0, 1.0])
    assert propose(np.ones(1), np.array([[1.0], [-1.0]]), np.array([-1.0, 0.0])).claim is Claim.EMPTY
    assert propose(-np.ones(1), np.array([[1.0]]), np.zeros(1)).claim is Claim.UNBOUNDED
    assert propose(np.ones(1), np.zeros((0, 1)), np.zeros(0), low=-2.0, high=1.0).point.tolist() == [-2.0]


def test_a_point_is_believed_only_beyond_rounding():
    rows, room = np.array([[1.0, -1.0]]), np.array([2.0**-60])
    assert System(rows, room).holds_at(np.ones(2))
    assert not System(rows, np.zeros(1)).holds_at(np.ones(2))
    assert not System(rows, room).holds_at(np.array([np.nan, 0.0]))
    huge = System(np.full((1, 3), 1e308), np.zeros(1))
    assert huge.holds_at(np.ones(3)) and not huge.holds_at(-np.ones(3))


def test_multipliers_are_believed_only_if_exact_ones_exist():
    rows = np.array([[1.0], [-1.0], [-1.0]])
    assert System(rows, np.array([-1.0, 0.5, 2.0])).is_refuted_by(np.array([0.5, 0.5, 0.0]))
    assert not System(rows, np.array([-1.0, 1.0, 2.0])).is_refuted_by(np.array([0.5, 0.5, 0.0]))
    assert System(rows, np.array([-1.0, 1.0, 2.0]), True).is_refuted_by(np.array([0.5, 0.5, 0.0]))
    # Rounding that put a third row into the support does no harm.
    assert System(rows, np.array([-1.0, 0.5, 2.0])).is_refuted_by(np.array([0.5, 0.5, 1e-17]))
    assert not System(rows, np.array([-1.0, 0.5, 2.0])).is_refuted_by(np.zeros(3))
    assert not System(rows, np.array([-1.0, 0.5, 2.0])).is_refuted_by(np.array([0.0, 0.5, 0.5]))


def fails(*args, **kwargs):
    return SimpleNamespace(status=4, x=None, fun=None, message="numerical difficulties")


def test_a_solver_that_fails_has_said_nothing(monkeypatch):
    monkeypatch.setattr(scipy.optimize, "linprog", fails)
    monkeypatch.setattr(programs, "SMALL", 0)
    rows = np.array([[1.0], [-1.0]])
    for room in ([-1.0, 0.5], [-1.0, 2.0]):
        assert decide(rows, np.array(room)).verdict is Verdict.UNDECIDED
        with pytest.raises(Undecided, match="failed"):
            proves_empty(rows, np.array(room))
        assert propose(np.ones(1), rows, np.array(room)).claim is Claim.FAILED


@pytest.mark.parametrize("claim", [2, 3])
def test_a_solver_that_lies_is_not_believed(monkeypatch, claim):
    monkeypatch.setattr(scipy.optimize, "linprog", lambda *a, **k: SimpleNamespace(status=claim))
    monkeypatch.setattr(programs, "SMALL", 0)
    assert decide(np.array([[1.0]]), np.zeros(1)).verdict is Verdict.UNDECIDED


def test_what_takes_too_long_is_undecided(monkeypatch):
    monkeypatch.setattr(programs, "SMALL", 10**6)
    rows = np.random.default_rng(0).normal(size=(9, 3))
    assert decide(rows, -np.ones(9), deadline=0.0).verdict is Verdict.UNDECIDED


def test_numbers_that_are_no_floats():
    tiny, huge = rational(2.0) ** -5000, rational(2.0) ** 5000
    rows = [[tiny, huge], [-tiny, -huge]]
    assert decide(rows, [tiny, fmpq(0)], strict=True).verdict is Verdict.FEASIBLE
    assert decide(rows, [-tiny, fmpq(0)]).verdict is Verdict.EMPTY
    assert not proves_empty(rows, [tiny, fmpq(0)])
