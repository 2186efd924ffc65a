"""The one call of the solver of linear programs, and what may be concluded from its answers.

The solver computes in floats with absolute tolerances, so it proposes only: a point is believed once the given rows
have been evaluated at it with an error bound or exactly, an empty set once multipliers have been found in exact
arithmetic that prove it. What neither settles is decided by exact pivoting if the time suffices, and else is said to
be undecided. A solver that fails has said nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import scipy.optimize
from flint import fmpq

from .rational import Flat, Undecided, flat_of, nearest_double, rationals, some_point
from .systems import System

__all__ = ["Claim", "Decision", "Proposal", "Verdict", "decide", "propose", "proves_empty", "settle", "widest"]

# Up to this many entries exact pivoting takes no longer than a call of the solver.
SMALL = 50
# Seconds that exact pivoting may take where the caller sets no deadline.
PATIENCE = 20.0
SCALING_PASSES = 5
# Below all binary orders.
NOTHING = -(10**6)
# Rationals beyond this are no floats.
LARGEST = 1e300


class Verdict(StrEnum):
    """What is known about a polyhedron."""

    FEASIBLE = "feasible"
    """It has a point, which is in hand."""
    EMPTY = "empty"
    """Proved."""
    UNDECIDED = "undecided"
    """Neither: the solver failed, or the time was up."""


class Claim(StrEnum):
    """What the solver says, in floats; to be verified."""

    OPTIMAL = "optimal"
    EMPTY = "empty"
    UNBOUNDED = "unbounded"
    FAILED = "failed"


@dataclass(frozen=True, eq=False)
class Proposal:
    """An answer of the solver.

    Attributes
    ----------
    claim : Claim
    point : (k,) ndarray or None
        An optimum, where that is claimed.
    multipliers : (n,) ndarray
        Of the rows, not negative; zero unless an optimum is claimed.
    """

    claim: Claim
    point: np.ndarray | None
    multipliers: np.ndarray


@dataclass(frozen=True, eq=False)
class Decision:
    """An answer that holds.

    Attributes
    ----------
    verdict : Verdict
    point : list of fmpq or None
        If feasible.
    """

    verdict: Verdict
    point: list[fmpq] | None = None

    @property
    def doubles(self) -> np.ndarray | None:
        """The point rounded to floats."""
        return None if self.point is None else np.array([nearest_double(x) for x in self.point], dtype=np.float64)


def _orders(array: np.ndarray, axis: int | None) -> Any:
    """Binary exponents of the largest modulus along an axis; 0 where all is zero."""
    largest = np.max(np.abs(array), axis=axis, initial=0.0)
    return np.where(largest > 0.0, np.frexp(largest)[1], 0)


def _equilibrated(
    rows: np.ndarray, room: np.ndarray, by_column: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows and room times powers of two, and the exponents used for rows and for columns (if these are not given).

    Exponents that make the geometric means of all rows and columns one, by alternating least squares (Curtis and Reid
    1972, doi:10.1093/imamat/10.1.118).
    """
    used = rows != 0.0
    orders = np.where(used, np.frexp(rows)[1], 0)
    in_row, in_column = np.maximum(used.sum(axis=1), 1), np.maximum(used.sum(axis=0), 1)
    columns = np.zeros(rows.shape[1]) if by_column is None else by_column
    for _ in range(SCALING_PASSES if by_column is None else 0):
        lines = -(orders + used * columns).sum(axis=1) / in_row
        columns = -(orders + used * lines[:, None]).sum(axis=0) / in_column
    columns = np.rint(columns).astype(np.int64)
    # The sizes of rows are taken one by one in the end: that of the largest coefficient.
    lines = -np.max(np.where(used, orders + columns, NOTHING), axis=1, initial=NOTHING)
    lines = np.where(lines == -NOTHING, 0, lines)
    return np.ldexp(rows, lines[:, None] + columns), np.ldexp(room, lines), lines, columns


def propose(
    cost: np.ndarray,
    rows: np.ndarray,
    room: np.ndarray,
    low: np.ndarray | float = -np.inf,
    high: np.ndarray | float = np.inf,
) -> Proposal:
    """Minimise ``cost @ x`` subject to ``rows @ x + room >= 0`` and ``low <= x <= high``, in floats.

    Parameters
    ----------
    cost : (k,) ndarray
    rows : (n, k) ndarray
    room : (n,) ndarray
    low, high : float or (k,) ndarray, optional
        Infinite for none.

    Returns
    -------
    Proposal

    Notes
    -----
    Rows, unknowns, right-hand side and cost are scaled by powers of two first, since the solver's tolerances are
    absolute. One call of HiGHS through :func:`scipy.optimize.linprog`.
    """
    k, n = len(cost), len(room)
    sides = np.array([np.broadcast_to(low, k), np.broadcast_to(high, k)], dtype=np.float64)
    nothing = Proposal(Claim.FAILED, None, np.zeros(n))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        # A bounded unknown is measured in its bounds, another one so that its column is of size 1.
        bounded = np.all(np.isfinite(sides), axis=0)
        by_column = np.where(bounded, _orders(np.where(bounded, sides, 0.0), 0), _equilibrated(rows, room)[3])
        A, b, by_row, _ = _equilibrated(rows, room, by_column)
        sides = np.ldexp(sides, -by_column)
        common = int(_orders(np.append(b, sides[np.isfinite(sides)]), None))
        b, sides, price = np.ldexp(b, -common), np.ldexp(sides, -common), np.ldexp(cost, by_column)
        order = int(_orders(price, None))
        price = np.ldexp(price, -order)
        if not all(np.all(np.isfinite(part)) for part in (A, b, price)):
            return nothing
        result = scipy.optimize.linprog(
            price,
            A_ub=-A,
            b_ub=b,
            bounds=sides.T,
            method="highs",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        if result.status in (2, 3):
            return Proposal(Claim.EMPTY if result.status == 2 else Claim.UNBOUNDED, None, np.zeros(n))
        if result.status != 0:
            return nothing
        point = np.clip(np.ldexp(np.asarray(result.x), by_column + common), low, high)
        multipliers = np.ldexp(np.maximum(-np.asarray(result.ineqlin.marginals), 0.0), by_row + order)
    if not (np.all(np.isfinite(point)) and np.all(np.isfinite(multipliers))):
        return nothing
    return Proposal(Claim.OPTIMAL, point, multipliers)


def widest(system: System) -> Proposal:
    """A point at which the least row is as large as the solver can make it, each row in its own units.

    The program has points and an end whatever the system is, so that multipliers come with the answer.
    """
    rows, room = (np.clip(part, -LARGEST, LARGEST) for part in system.floats)
    moving = np.any(rows != 0.0, axis=1)
    multipliers = np.zeros(system.n)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        A, b, by_row, by_column = _equilibrated(rows[moving], room[moving])
        common = int(_orders(b, None))
        level = np.append(np.full(system.k, np.inf), 1.0)
        slope, b = np.hstack([A, -np.ones((len(A), 1))]), np.ldexp(b, -common)
        proposal = propose(np.append(np.zeros(system.k), -1.0), slope, b, high=level)
        if proposal.point is None:
            return Proposal(proposal.claim, None, multipliers)
        multipliers[moving] = np.ldexp(proposal.multipliers, by_row)
        return Proposal(proposal.claim, np.ldexp(proposal.point[:-1], by_column + common), multipliers)


def settle(system: System, start: np.ndarray | None = None, deadline: float | None = None) -> Decision:
    """As :func:`decide`, of a system that is made already."""
    if start is not None and system.holds_at(start):
        return Decision(Verdict.FEASIBLE, rationals(start))
    if system.n * system.k <= SMALL:
        return _exactly(system, start, deadline)
    proposal = widest(system)
    if proposal.point is None:
        return Decision(Verdict.UNDECIDED)
    if system.holds_at(proposal.point):
        return Decision(Verdict.FEASIBLE, rationals(proposal.point))
    if system.is_refuted_by(proposal.multipliers):
        return Decision(Verdict.EMPTY)
    return _exactly(system, proposal.point, deadline)


def _exactly(system: System, start: np.ndarray | None, deadline: float | None) -> Decision:
    """By pivoting in rationals."""
    deadline = time.perf_counter() + PATIENCE if deadline is None else deadline
    start = np.zeros(system.k) if start is None and not system.n else start
    try:
        point = some_point(*system.exact, system.strict, proposal=start, deadline=deadline)
    except Undecided:
        return Decision(Verdict.UNDECIDED)
    return Decision(Verdict.EMPTY) if point is None else Decision(Verdict.FEASIBLE, point)


def decide(
    rows: Any,
    room: Any,
    strict: bool | Sequence[bool] = False,
    *,
    equal: Sequence[bool] | None = None,
    start: np.ndarray | None = None,
    deadline: float | None = None,
) -> Decision:
    """Whether some x satisfies ``rows @ x + room >= 0``, ``> 0`` where strict and ``= 0`` where equal.

    Parameters
    ----------
    rows : (n, k) ndarray of float, or nested sequences of fmpq
        Floats are taken at their word.
    room : (n,) ndarray of float, or sequence of fmpq
    strict : bool or (n,) sequence of bool, optional
    equal : (n,) sequence of bool, optional
    start : (k,) ndarray, optional
        A point that may be inside, or near.
    deadline : float, optional
        A time of ``time.perf_counter()``; without one, exact arithmetic gets 20 seconds.

    Returns
    -------
    Decision

    Notes
    -----
    Small systems are decided by exact pivoting, which is as fast as a call of the solver; for the others the solver
    proposes a point, which is evaluated with an error bound, or multipliers, from whose support exact ones are
    computed. Where both fail exact pivoting decides, and where the solver itself fails nothing does.

    Examples
    --------
    >>> decide(np.array([[1.0], [-1.0]]), np.array([0.0, 5e-324]), strict=True).verdict
    <Verdict.FEASIBLE: 'feasible'>
    >>> decide(np.array([[1.0], [-1.0]]), np.zeros(2), strict=True).verdict
    <Verdict.EMPTY: 'empty'>
    """
    system = System(rows, room, strict)
    if equal is not None and any(equal):
        return _decide_on_flat(system, equal, start, deadline)
    return settle(system, start, deadline)


def _decide_on_flat(
    system: System, equal: Sequence[bool], start: np.ndarray | None, deadline: float | None
) -> Decision:
    """The same with equations, which are solved first."""
    found = _on_flat(system, equal)
    if found is None:
        return Decision(Verdict.EMPTY)
    flat, inner = found
    if not inner.n:
        return Decision(Verdict.FEASIBLE, flat.origin.entries())
    near = None if start is None else np.asarray(start)[list(flat.free)]
    decision = settle(inner, near, deadline)
    return decision if decision.point is None else Decision(decision.verdict, flat.point(decision.point))


def _on_flat(system: System, equal: Sequence[bool]) -> tuple[Flat, System] | None:
    """The solutions of the equations and the other rows on them; None if the equations contradict each other."""
    rows, room = system.exact
    fixed = [i for i, e in enumerate(equal) if e]
    others = [i for i, e in enumerate(equal) if not e]
    flat = flat_of([rows[i] for i in fixed], [room[i] for i in fixed], system.k)
    if flat is None:
        return None
    inner = flat.restrict([rows[i] for i in others], [room[i] for i in others])
    return flat, System(*inner, [system.strict[i] for i in others])


def proves_empty(
    rows: Any, room: Any, strict: bool | Sequence[bool] = False, *, equal: Sequence[bool] | None = None
) -> bool:
    """Whether the multipliers that the solver proposes prove that there is no point; False says nothing.

    Parameters as in :func:`decide`. One linear program and one exact solution of a system of at most k + 1 rows: for
    searches that go on where this says False.

    Raises
    ------
    Undecided
        If the solver failed. A search may go on, but should say so.
    """
    system = System(rows, room, strict)
    if equal is not None and any(equal):
        found = _on_flat(system, equal)
        if found is None:
            return True
        system = found[1]
    still = [i for i, (row, b) in enumerate(zip(*system.exact, strict=True)) if not any(row)]
    room = system.exact[1]
    if any(room[i] < 0 or (room[i] == 0 and system.strict[i]) for i in still):
        return True
    if len(still) == system.n:
        return False
    proposal = widest(system)
    if proposal.claim is Claim.FAILED:
        raise Undecided("the solver of linear programs failed")
    return system.is_refuted_by(proposal.multipliers)
