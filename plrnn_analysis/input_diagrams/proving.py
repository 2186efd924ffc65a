"""Proofs of input diagrams: each branch over all of its inputs, and that nothing else exists.

Everything is done again from the given doubles, as rational numbers: a branch is solved for, its ReLU arguments are
affine in the inputs, so their signs on the branch are decided at its ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import flint
import numpy as np
from flint import fmpq

from ..engines.budget import Budget
from ..maps import bits_from_string, bits_to_string
from ..polytopes.rational import Undecided, nearest_double, rational
from ..results import WholeProof
from ..rigor.balls import upper_double
from ..rigor.objects import Prover
from ..statuses import Arithmetic
from .branches import middle_of
from .covering import Cover, cover
from .diagram import InputDiagram
from .parametric import ParametricMap
from .proven import BranchProof
from .results import FixedPointBranch, InputContinuum
from .solutions import Piece, Sheet, is_on_closure, solve_pattern

__all__ = ["DiagramProver", "prove_diagram"]

# A listed figure further from the exact one than this share of the sizes it is made of is not that figure, rounded.
ROUNDED = 1e-9
# Bits of the balls in which distances are bounded.
STATE_BITS = 256


def prove_diagram(diagram: InputDiagram, budget: Budget) -> InputDiagram:
    """The same diagram with what is proven of it.

    Parameters
    ----------
    diagram : InputDiagram
        Nothing that it lists is believed.
    budget : Budget
        Ends the proofs early: what was not reached is not proven.
    """
    problem = ParametricMap.of(diagram.network.map, diagram.base, diagram.inputs, diagram.ranges)
    prover = DiagramProver(problem, budget)
    branches = _with_proofs(list(diagram), prover.branch, budget)
    continua = _with_proofs(diagram.continua, prover.continuum, budget)
    isolated = [sheet.point.bits for sheet in diagram._sheets if not sheet.wide]
    isolated += [piece.bits for piece in diagram._pieces if not piece.dimension]
    coverage = replace(diagram.coverage, rigorous=prover.whole(branches, continua, isolated))
    return replace(diagram, _items=branches, continua=continua, coverage=coverage)


def _with_proofs(items: Sequence[Any], prove: Callable[[Any], BranchProof], budget: Budget) -> tuple[Any, ...]:
    """The same with their proofs; what was not reached when an interruption came is not proven."""
    done: list[Any] = []
    try:
        for one in items:
            done.append(replace(one, proof=prove(one)))
    except KeyboardInterrupt:
        budget.stop("interrupt")
    return (*done, *(replace(one, proof=_failed(budget.stopped_by.reason)) for one in items[len(done) :]))


class DiagramProver:
    """Proves what is listed of a map whose inputs vary.

    Parameters
    ----------
    problem : ParametricMap
    budget : Budget
        Ends the proofs early.
    """

    def __init__(self, problem: ParametricMap, budget: Budget) -> None:
        self.problem = problem
        self.budget = budget
        self._low = [rational(low) for low in problem.spans[:, 0].tolist()]
        self._width = [rational(b) - rational(a) for a, b in problem.spans.tolist()]
        self._stability = Prover([problem.given.with_input(problem.base)])
        # Solutions of the subregions looked at, by their bits.
        self._found: dict[bytes, Sheet | Piece | None] = {}

    def branch(self, listed: FixedPointBranch) -> BranchProof:
        """Prove a branch: that it exists, is the only one in its subregion, and ends where it is said to."""
        bits = bits_from_string(listed.bitcode, self.problem.map.n_relu)
        sheet = self._solved(bits)
        if isinstance(sheet, str):
            return _failed(sheet)
        if not isinstance(sheet, Sheet) or not sheet.wide:
            return _failed("the subregion holds no branch of fixed points in this range of inputs")
        values = _values(sheet)
        contradiction = _contradiction(sheet, values)
        if contradiction:
            return _failed(contradiction)
        corner_radius, missing = self._corners(listed.corners, sheet.corners)
        if np.isinf(corner_radius):
            return _failed(*missing)
        radius, far = self._states(listed, sheet)
        zero = values == 0
        idle = zero.all(axis=1)
        zeros = [np.flatnonzero(zero[:, place].all(axis=1) & ~idle) for place in _places(sheet)]
        proof = BranchProof(
            exists=True,
            radius=radius,
            signs=Arithmetic.RATIONALS,
            on_boundary=int(idle.sum()),
            missing=(*missing, *far),
            corner_radius=corner_radius,
            included=tuple(not np.any(sheet.point.bits[zero]) for zero in zeros),
            units=tuple(tuple(zero.tolist()) for zero in zeros),
        )
        given = listed.eigenvalues, listed.stability
        proven = self._stability.with_stability(proof, bits[None], *given, self.budget.deadline)
        assert isinstance(proven, BranchProof)  # the same with more fields set
        return proven

    def continuum(self, listed: InputContinuum) -> BranchProof:
        """Prove a continuum: that it exists for these inputs and no others, and has this dimension."""
        piece = self._solved(bits_from_string(listed.bitcode, self.problem.map.n_relu))
        if isinstance(piece, str):
            return _failed(piece)
        if not isinstance(piece, Piece) or not piece.dimension:
            return _failed("the subregion holds no continuum in this range of inputs")
        if piece.dimension != listed.dimension:
            return _failed(f"the dimension is {piece.dimension}, not {listed.dimension}")
        radius, missing = self._corners(listed.corners, piece.exact_corners)
        if np.isinf(radius):
            return _failed(*missing)
        return BranchProof(True, 0.0, Arithmetic.RATIONALS, missing=missing, corner_radius=radius)

    def whole(
        self,
        branches: tuple[FixedPointBranch, ...],
        continua: tuple[InputContinuum, ...],
        isolated: Sequence[np.ndarray],
    ) -> WholeProof:
        """Prove that nothing else exists.

        Parameters
        ----------
        branches, continua : tuple
            Those listed, with their proofs.
        isolated : sequence of (H,) ndarray of bool
            Subregions listed as holding fixed points for single inputs, or lines of inputs, alone.
        """
        n = self.problem.map.n_relu
        codes = [one.bitcode for one in branches] + [one.bitcode for one in continua]
        wide = [bits_from_string(code, n) for code in codes]
        occupied = np.array([*wide, *isolated], dtype=bool).reshape(len(wide) + len(isolated), n)
        known = {bits.tobytes() for bits in occupied}
        edges = [self._found.get(bits.tobytes()) for bits in wide[len(branches) :]]
        pieces = [piece for piece in edges if isinstance(piece, Piece)]
        unlisted: list[str] = []

        def settle(bits: np.ndarray) -> None:
            found = self._solved(bits)
            if isinstance(found, str):
                raise Undecided
            if found is None or bits.tobytes() in known or self._is_in(found, bits, pieces):
                return
            unlisted.append(bits_to_string(bits))

        done = Cover()
        missing: list[str] = []
        try:
            cover(self.problem, occupied, settle, self.budget, done)
        except Undecided:
            self.budget.stop("time_limit")
        except KeyboardInterrupt:
            self.budget.stop("interrupt")
        if not done.finished:
            missing.append(f"some subregions were not looked at: {self.budget.stopped_by.reason}")
        if unlisted:
            some = ", ".join(unlisted[:3]) + (", ..." if len(unlisted) > 3 else "")
            missing.append(f"fixed points that are not listed: subregion {some}")
        proofs = [proof for proof in [b.proof for b in branches] + [c.proof for c in continua] if proof is not None]
        proven, seconds = sum(proof.proven for proof in proofs), self.budget.seconds
        if len(set(codes)) < len(codes):
            missing.append("a subregion is listed twice")
        if not all(proof.exists for proof in proofs):
            missing.append("some of what is listed is not proven to exist")
        counts = len(proofs), proven, done.refuted, done.solved, done.nodes
        return WholeProof(not missing, *counts, seconds=seconds, missing=tuple(missing))

    def _is_in(self, found: Sheet | Piece, bits: np.ndarray, pieces: list[Piece]) -> bool:
        """Whether fixed points are limits of a continuum that is listed."""
        if isinstance(found, Piece):
            return is_on_closure(self.problem, bits, found.middle, pieces, found.dimension)
        return is_on_closure(self.problem, bits, middle_of(found), pieces)

    def _solved(self, bits: np.ndarray) -> Sheet | Piece | str | None:
        """What a subregion holds; why that is not known."""
        key = bits.tobytes()
        if key not in self._found:
            if not self.budget.take(1):
                return self.budget.stopped_by.reason
            try:
                self._found[key] = solve_pattern(self.problem, bits, self.budget.deadline)
            except Undecided:
                return "exact arithmetic ran out of time"
        return self._found[key]

    def _inputs(self, corner: np.ndarray) -> list[fmpq]:
        return [a + w * t for a, w, t in zip(self._low, self._width, corner.tolist(), strict=True)]

    def _corners(self, listed: np.ndarray, exact: np.ndarray) -> tuple[float, tuple[str, ...]]:
        """How far corners are from those listed, at most; and whether that is more than rounding."""
        if listed.shape != exact.shape or not np.all(np.isfinite(listed)):
            return np.inf, (f"{len(exact)} ends or corners are exact, {len(listed)} are listed",)
        largest, rounded = fmpq(0), True
        for row, corner in zip(listed.tolist(), exact, strict=True):
            for at, value, low, width in zip(row, self._inputs(corner), self._low, self._width, strict=True):
                away = abs(value - rational(at))
                largest = max(largest, away)
                rounded &= bool(away <= rational(ROUNDED) * (abs(low) + width))
        radius = upper_double(largest)
        return radius, () if rounded else (f"an end or corner is listed {radius:.2g} from the exact one",)

    def _states(self, listed: FixedPointBranch, sheet: Sheet) -> tuple[float, tuple[str, ...]]:
        """The largest error of the listed affine function: errors are affine, so it is one at a corner."""
        ours = np.column_stack([listed.offset, listed.slope])
        if ours.shape != sheet.point.Z.shape or not np.all(np.isfinite(ours)):
            return np.inf, ("what is listed is not finite, or of another size",)
        inputs = [self._inputs(corner) for corner in sheet.corners]
        with flint.ctx.workprec(STATE_BITS):
            exact = _balls(sheet.point.Z) * _balls([[1, *corner] for corner in sheet.corners.tolist()]).transpose()
            given = flint.arb_mat(ours.tolist()) * _balls([[1, *s] for s in inputs]).transpose()
            errors = (exact - given).tolist()
            largest = np.array([max(upper_double(value.abs_upper()) for value in row) for row in errors])
        radius = float(np.max(largest))
        # The sizes of the terms, not of what is left of them.
        farthest = np.max([[1.0, *(abs(nearest_double(v)) for v in s)] for s in inputs], axis=0)
        farthest[1:] = np.maximum(farthest[1:], np.abs(self.problem.spans[:, 0]))
        size = np.abs(ours) @ farthest + np.abs(sheet.point.state).sum(axis=1)
        rounded = bool(np.all(largest <= ROUNDED * size))
        return radius, () if rounded else (f"the states are listed {radius:.2g} from the exact ones",)


def _balls(rows: Any) -> flint.arb_mat:
    """Rational numbers as balls, in a matrix."""
    return flint.arb_mat([[flint.arb(fmpq(value)) for value in row] for row in rows])


def _failed(*reasons: str) -> BranchProof:
    return BranchProof(False, missing=reasons)


def _values(sheet: Sheet) -> np.ndarray:
    """What must not be negative (H, k) at the corners, exactly."""
    point = sheet.point
    values = np.empty((len(point.bits), len(sheet.corners)), dtype=object)
    for i, (row, bit) in enumerate(zip(point.Y, point.bits, strict=True)):
        values[i] = [(row[0] + row[1:] @ corner) * (1 if bit else -1) for corner in sheet.corners]
    return values


def _places(sheet: Sheet) -> list[list[int]]:
    """The corners that make each end, or each edge, of a branch."""
    k = len(sheet.corners)
    return [[0], [1]] if sheet.corners.shape[1] == 1 else [[i, (i + 1) % k] for i in range(k)]


def _contradiction(sheet: Sheet, values: np.ndarray) -> str:
    """What is wrong with a branch, judged by exact signs at its corners alone; empty if nothing is.

    All ReLU arguments have the signs of the bitcode at the corners, hence between them, where those of active ReLUs are
    not zero either; and each end is one of the range, or the place beyond which some sign is wrong.
    """
    corners, zero = sheet.corners, values == 0
    idle = zero.all(axis=1)
    if np.any(values < 0) or np.any(corners < 0) or np.any(corners > 1):
        return "the signs of the ReLU arguments contradict the bitcode"
    if np.any(sheet.point.bits & idle):
        return "the argument of an active ReLU is zero"
    if corners.shape[1] == 2 and not _is_convex(corners):
        return "the corners are not those of a convex polygon"
    for place in _places(sheet):
        at_range = np.any(np.all(corners[place] == 0, axis=0) | np.all(corners[place] == 1, axis=0))
        if not at_range and not np.any(zero[:, place].all(axis=1) & ~idle):
            return "an end is no border collision"
    return ""


def _is_convex(corners: np.ndarray) -> bool:
    """Whether all corners of a polygon lie to the left of, or on, each of its edges."""
    after = np.roll(corners, -1, axis=0)
    return all(
        (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) >= 0
        for a, b in zip(corners, after, strict=True)
        for c in corners
    )
