"""Solutions along a word of subregions in ball arithmetic: every ball contains the exact number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import flint
import numpy as np

from ..maps import CanonicalMap

__all__ = ["BALL_BITS", "BallRing", "Balls", "upper_double"]

# Bits of the balls, one number after the other, and of each unit beside them: so many may elimination lose. Where the
# last do not decide, rationals do.
BALL_BITS, BITS_A_UNIT = (64, 448, 2048), 1.5
# Balls are sharp enough where the widest is this small, relative to the largest number.
SHARP = flint.arb(2) ** -56


@dataclass(frozen=True, eq=False)
class Balls:
    """The only solution of the equations of a word.

    Attributes
    ----------
    states : list of k lists of M arb
    arguments : list of k lists of H arb
        ReLU arguments of each state.
    bits : int
        Precision.
    """

    states: list[list[flint.arb]]
    arguments: list[list[flint.arb]]
    bits: int

    def signs(self) -> np.ndarray:
        """Signs (k, H) of the arguments; 0 where a ball contains zero."""
        return np.array([[(y > 0) - (y < 0) for y in row] for row in self.arguments], dtype=np.int8)


class BallRing:
    """The maps of a ring of k steps.

    Parameters
    ----------
    maps : sequence of k CanonicalMap
        Without input; they differ in their offsets alone. ``maps[t]`` leads into position t.
    """

    def __init__(self, maps: Sequence[CanonicalMap]) -> None:
        self.maps = list(maps)
        # Doubles become balls without an error, whatever the precision.
        m = self.maps[0].n_units
        self._one = flint.arb_mat(m, m, [int(i == j) for i in range(m) for j in range(m)])
        self._A = flint.arb_mat(self.maps[0].A.tolist())
        self._V = flint.arb_mat(self.maps[0].V.tolist()) if self.maps[0].n_relu else None

    def solutions(self, word: np.ndarray) -> Iterator[Balls]:
        """The solution of ``z = F(z)`` along a word (k, H), signs ignored, in smaller and smaller balls.

        Nothing where it is not proved that there is exactly one.

        Notes
        -----
        O((k + 1) M^3) operations with numbers of 64, 448 or 2048 bits and 1.5 more for each unit.
        """
        for more in BALL_BITS:
            bits = more + int(BITS_A_UNIT * self.maps[0].n_units)
            with flint.ctx.workprec(bits):
                try:
                    found = self._solved(word, bits)
                except ZeroDivisionError:
                    continue
                if _is_sharp(found.states) or more == BALL_BITS[-1]:
                    yield found

    def _solved(self, word: np.ndarray, bits: int) -> Balls:
        k = len(self.maps)
        steps = [self._step((t + 1) % k, word[t]) for t in range(k)]
        product, constant = steps[0]
        for J, offset in steps[1:]:
            product, constant = J * product, J * constant + offset
        # Balls grow more than with a preconditioner, which takes four times as long.
        states = [(self._one - product).solve(constant, algorithm="lu")]
        for J, offset in steps[:-1]:
            states.append(J * states[-1] + offset)
        arguments: list[list[flint.arb]] = []
        for t, state in enumerate(states):
            c = self.maps[(t + 1) % k].c.tolist()
            values = [] if self._V is None else (self._V * state).entries()
            arguments.append([y + constant for y, constant in zip(values, c, strict=True)])
        return Balls([state.entries() for state in states], arguments, bits)

    def _step(self, t: int, bits: np.ndarray) -> tuple[flint.arb_mat, flint.arb_mat]:
        """Jacobian (M, M) and offset (M, 1) of the step into position t."""
        map, active = self.maps[t], np.flatnonzero(bits)
        h = flint.arb_mat([[v] for v in map.h.tolist()])
        if not len(active):
            return self._A, h
        W = flint.arb_mat(map.W[:, active].tolist())
        return self._A + W * flint.arb_mat(map.V[active].tolist()), h + W * flint.arb_mat(
            [[v] for v in map.c[active].tolist()]
        )


def _is_sharp(states: list[list[flint.arb]]) -> bool:
    entries = [value for state in states for value in state]
    largest = max((value.abs_lower() for value in entries), default=flint.arb(0))
    return all(value.rad() <= SHARP * largest for value in entries)


def upper_double(value: flint.arb | flint.fmpq) -> float:
    """A double that is no smaller than a number that is not negative; zero only for zero.

    Examples
    --------
    >>> import flint
    >>> upper_double(flint.fmpq(1, 3)) > 1 / 3
    True
    """
    if value == 0:
        return 0.0
    if isinstance(value, flint.fmpq):
        with flint.ctx.workprec(64):
            value = flint.arb(value)
    return math.nextafter(float(value.abs_upper()), math.inf)
