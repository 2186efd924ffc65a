"""Proofs of single objects: a point, a cycle or a family of them exists where it is listed, and is as it is listed.

Nothing here trusts a float: maps, words and what is listed are taken as the rational numbers that they are. A word
names a subregion for each step of a ring of maps; its equations have one solution, found in balls. Where these leave
the sign of a ReLU argument open, or cannot show that the solution is the only one, rational arithmetic decides. An
argument that is zero counts as inactive.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import flint
import numpy as np
from flint import fmpq

from ..engines.exact_jacobians import ExactJacobians
from ..engines.orbits import is_repeated, shifts_of
from ..engines.unit_circle import Enclosure, Side, side_of, stability_name
from ..exact import ExactPiece, ExactRing
from ..maps import CanonicalMap
from ..polytopes.rational import Undecided, rational
from ..results import Proof
from ..statuses import Arithmetic, Stability
from .balls import BallRing, Balls, upper_double
from .discs import enclosures_of
from .eigenvalues import distances_to

__all__ = ["Prover", "repeats"]

# Precision beyond which exact solutions are no dearer.
MOST_BITS = 512
# From this many units on discs from floating-point eigenvectors are quicker than a characteristic polynomial.
LARGE = 12
# What is listed further from the exact states than this share of their size is not where it is listed.
ROUNDED = 1e-6
INFINITE = "what is listed is not finite"
CONTRADICTED = "the signs of the ReLU arguments contradict the bitcode"


class Prover:
    """Proves what is listed of a ring of maps, object by object.

    Parameters
    ----------
    maps : sequence of k CanonicalMap
        Without input; one for fixed points. ``maps[t]`` leads into position t of a cycle, so ``maps[1]`` acts first.
    shift : int, optional
        Cycles turned by multiples of this are the same cycle: the period of a periodic input.

    Examples
    --------
    >>> import numpy as np
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> proof = Prover([tent.map]).isolated(np.array([[True]]), np.array([[1 / 3]]), np.array([-2.0]), "unstable node")
    >>> proof, proof.radius < 1e-16
    (<Proof: exact within 1.9e-17, signs by balls; stability proven>, True)
    """

    def __init__(self, maps: Sequence[CanonicalMap], shift: int = 1) -> None:
        self.maps = list(maps)
        self.shift = shift
        self.period = len(self.maps)
        self._balls = BallRing(self.maps)
        self._exact: ExactRing | None = None
        self._last: tuple[bytes, tuple[list[Enclosure], str]] | None = None
        # In the order in which they act, from position 0 on.
        self._jacobians = ExactJacobians([*self.maps[1:], self.maps[0]])

    @property
    def exact(self) -> ExactRing:
        """The same maps in rational numbers, made when something first asks."""
        if self._exact is None:
            self._exact = ExactRing(self.maps)
        return self._exact

    def isolated(
        self,
        word: np.ndarray,
        states: np.ndarray,
        eigenvalues: np.ndarray | None = None,
        stability: Stability | str | None = None,
        deadline: float | None = None,
    ) -> Proof:
        """Prove an isolated fixed point or cycle.

        Parameters
        ----------
        word : (k, H) ndarray of bool
            Its subregions.
        states : (k, M) ndarray
            Where it is listed.
        eigenvalues : (M,) ndarray of complex, optional
            Those listed, of the Jacobian or of the product of the Jacobians along the word.
        stability : Stability, optional
            That listed.
        deadline : float, optional
            Reading of ``time.perf_counter`` after which exact arithmetic gives up.

        Notes
        -----
        A solution in balls and a characteristic polynomial in whole numbers, both O(k M^3) and more as numbers grow;
        where a ReLU argument is zero a rational solution.
        """
        word = np.asarray(word, dtype=bool).reshape(self.period, -1)
        states = np.asarray(states, dtype=np.float64).reshape(self.period, -1)
        if not np.all(np.isfinite(states)):
            return _failed(INFINITE)
        proof = self._placed(self._solution(word, states, deadline), states)
        if proof.exists and self.period > self.shift and is_repeated(word[None], self.shift)[0]:
            proof = _failed("a shorter cycle, repeated: its word repeats, and has one solution")
        return self.with_stability(proof, word, eigenvalues, stability, deadline)

    def family(
        self,
        word: np.ndarray,
        anchor: np.ndarray,
        directions: np.ndarray,
        eigenvalues: np.ndarray | None = None,
        deadline: float | None = None,
    ) -> Proof:
        """Prove a continuum of fixed points or of cycles: rank, consistency, dimension, and that it meets its cells.

        Parameters
        ----------
        word : (k, H) ndarray of bool
            The subregions of its relative interior.
        anchor : (k, M) ndarray
            A member, as listed.
        directions : (d, k, M) ndarray
            They span it, as listed.
        eigenvalues : (M,) ndarray of complex, optional
        deadline : float, optional
            Reading of ``time.perf_counter`` after which exact arithmetic gives up.
        """
        word = np.asarray(word, dtype=bool).reshape(self.period, -1)
        anchor = np.asarray(anchor, dtype=np.float64).reshape(self.period, -1)
        if not np.all(np.isfinite(anchor)):
            return _failed(INFINITE)
        try:
            piece = self.exact.settle(word, deadline)
        except Undecided:
            return _failed("exact arithmetic ran out of time")
        if piece is None:
            return _failed("no point of the closed subregion solves the equations")
        if not np.array_equal(piece.bits, word):
            return _failed(CONTRADICTED)
        if piece.dimension != len(directions):
            return _failed(f"the dimension is {piece.dimension}, not {len(directions)}")
        if self.period > self.shift and repeats(piece, self.shift):
            return _failed("a family of shorter cycles, repeated")
        proof = self._placed(_in_rationals(piece, anchor), anchor)
        return self.with_stability(proof, word, eigenvalues, None, deadline)

    def signs_in_balls(self, word: np.ndarray) -> np.ndarray | None:
        """Signs (k, H) of the ReLU arguments at the only solution of a word, 0 where they are open.

        None where it is not proved that there is exactly one.
        """
        found = next(self._balls.solutions(word), None)
        return None if found is None else found.signs()

    def sides(self, word: np.ndarray, deadline: float | None = None) -> Side:
        """How many eigenvalues along a word (k, H) are proven to lie inside, and outside, the unit circle."""
        return side_of(self._enclosed(np.asarray(word, dtype=bool), deadline)[0])

    def _enclosed(self, word: np.ndarray, deadline: float | None) -> tuple[list[Enclosure], str]:
        """Enclosures of the eigenvalues along a word, none if there is no time, and their class; the last are kept."""
        key = word.tobytes()
        if self._last is None or self._last[0] != key:
            large = self.maps[0].n_units >= LARGE
            discs = enclosures_of(*self._jacobians.rounded(word)) if large else None
            name = stability_name(side_of(discs)) if discs else Stability.UNDECIDED
            if discs and name != Stability.UNDECIDED:
                self._last = key, (discs, name)
            elif deadline is not None and time.perf_counter() + self._jacobians.seconds(word) > deadline:
                return discs or [], Stability.UNDECIDED
            else:
                self._last = key, self._jacobians.enclosures(word)
        return self._last[1]

    def _placed(self, proof: Proof, states: np.ndarray) -> Proof:
        """The same proof; where the states listed are not the exact ones, rounded, that is missing."""
        size = float(np.max(np.abs(states))) + max(float(np.max(np.abs(map.h))) for map in self.maps)
        if not proof.exists or proof.radius <= max(ROUNDED * size, np.finfo(np.float64).tiny):
            return proof
        return replace(
            proof, missing=(*proof.missing, f"its place: it is listed {proof.radius:.2g} from the exact one")
        )

    def _solution(self, word: np.ndarray, states: np.ndarray, deadline: float | None) -> Proof:
        for balls in self._balls.solutions(word):
            signs = balls.signs()
            if np.any(np.where(word, signs < 0, signs > 0)):
                return _failed(CONTRADICTED)
            if np.all(signs != 0):
                return _in_balls(balls, states)
            if self.period == 1 or balls.bits >= MOST_BITS:
                # One of them may be zero, which no precision shows.
                break
        try:
            piece = self.exact.settle(word, deadline)
        except Undecided:
            return _failed("exact arithmetic ran out of time")
        if piece is None or not np.array_equal(piece.bits, word):
            return _failed(CONTRADICTED if piece else "no point of the closed subregion solves the equations")
        if piece.dimension:
            return _failed("not isolated: a continuum of fixed points or cycles")
        return _in_rationals(piece, states)

    def with_stability(
        self,
        proof: Proof,
        word: np.ndarray,
        eigenvalues: np.ndarray | None,
        stability: Stability | str | None,
        deadline: float | None = None,
    ) -> Proof:
        """The proof of an object, and of its listed eigenvalues and stability."""
        if not proof.exists or (eigenvalues is None and stability is None):
            return proof
        missing = list(proof.missing)
        enclosures, name = self._enclosed(word, deadline)
        radii = np.zeros(0)
        if eigenvalues is not None:
            radii = distances_to(np.asarray(eigenvalues, dtype=np.complex128), enclosures)
            if not np.all(np.isfinite(radii)):
                missing.append("the eigenvalues are not enclosed")
        proven = None
        if stability is not None:
            proven = name == stability and name != Stability.UNDECIDED
            if name == Stability.UNDECIDED:
                why = "meet the unit circle" if enclosures else "take more time than is left, or there are too many"
                missing.append(f"the stability: enclosures of the eigenvalues {why}")
            elif not proven:
                missing.append(f"the stability: the exact eigenvalues say {name}, not {stability}")
        return replace(proof, stability=proven, eigenvalue_radii=radii, missing=tuple(missing))


def _failed(reason: str) -> Proof:
    return Proof(False, missing=(reason,))


def _in_balls(balls: Balls, states: np.ndarray) -> Proof:
    with flint.ctx.workprec(balls.bits):
        distance = flint.arb(0)
        for row, listed in zip(balls.states, states.tolist(), strict=True):
            for value, at in zip(row, listed, strict=True):
                distance = distance.max((value - at).abs_upper())
        return Proof(True, upper_double(distance), Arithmetic.BALLS, balls.bits)


def _in_rationals(piece: ExactPiece, states: np.ndarray) -> Proof:
    distance = fmpq(0)
    for row, listed in zip(piece.point, states.tolist(), strict=True):
        for value, at in zip(row, listed, strict=True):
            distance = max(distance, abs(value - rational(at)))
    return Proof(True, upper_double(distance), Arithmetic.RATIONALS, 0, int(np.sum(piece.signs == 0)))


def repeats(piece: ExactPiece, shift: int) -> bool:
    """Whether every member of a family repeats after fewer steps."""
    return any(
        all(moves[d:] + moves[:d] == moves for moves in (piece.point, *piece.directions))
        for d in shifts_of(len(piece.point), shift)
    )
