"""From solutions of a ring to cycles: each once, of its own minimal period, inside the box."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..exact import is_compatible
from ..maps import bits_to_string
from ..polytopes.boxes import Box
from ..results import CycleContinuum
from .examination import Examination
from .orbits import is_repeated, least_rotations, shifts_of
from .singular import Piece
from .verification import Checker, Hit

__all__ = ["distinct"]


def distinct(
    checker: Checker,
    examined: Examination,
    period: int,
    shift: int,
    box: Box | None,
    report: Callable[[], None] = lambda: None,
) -> tuple[list[Hit], list[CycleContinuum]]:
    """Cycles of this minimal period inside the box, each once, rotated to its smallest word; families likewise.

    An isolated solution whose word repeats repeats itself, since turning it gives a solution of the same word. So
    a cycle has this minimal period if its word repeats nothing. `report` is called again and again.
    """
    n = checker.maps[0].n_relu
    pieces = [p for p in examined.pieces if not any(_is_fixed_by(p, d) for d in shifts_of(period, shift))]
    pieces = [p for p in pieces if not any(p is not q and _closes(p.exact.signs, q, shift) for q in pieces)]
    hits = [
        hit
        for hit in examined.hits
        if np.all(hit.y) or not any(_closes(hit.signs.reshape(period, n), piece, shift) for piece in pieces)
    ]
    kept: dict[bytes, Hit] = {}
    if hits:
        words = np.array([hit.bits for hit in hits]).reshape(len(hits), period, n)
        turns = least_rotations(words, shift)
        for i in np.flatnonzero(~is_repeated(words, shift)):
            report()
            turned = np.roll(words[i], -turns[i], 0)
            if turned.tobytes() not in kept and (box is None or _is_inside(checker, hits[i], box)):
                kept[turned.tobytes()] = _turned(hits[i], period, int(turns[i]))
    families: dict[bytes, CycleContinuum] = {}
    for piece in pieces:
        report()
        if box is not None and not checker.exact.meets(piece.exact, *box.corners):
            continue
        family = _family(piece, period, n, shift)
        families.setdefault("".join(family.word).encode(), family)
    return list(kept.values()), list(families.values())


def _closes(signs: np.ndarray, piece: Piece, shift: int) -> bool:
    """Whether a solution with these signs of its arguments (period, H), turned somehow, closes another family."""
    bits = piece.exact.bits
    turned = [np.roll(signs, turn, 0) for turn in range(0, len(signs), shift)]
    if any(np.array_equal(one > 0, bits) for one in turned):
        return False
    return any(is_compatible(one, bits) for one in turned)


def _turned(hit: Hit, period: int, turn: int) -> Hit:
    """The same cycle, beginning `turn` steps later; arrays of shape (period, .)."""
    return Hit(
        *(
            np.roll(getattr(hit, name).reshape(period, -1), -turn, 0)
            for name in ("z", "bits", "y", "z_error", "y_error")
        )
    )


def _is_inside(checker: Checker, hit: Hit, box: Box) -> bool:
    """Whether all points of a cycle lie in the closed box; in exact arithmetic where rounding hides it."""
    z, error = (a.reshape(len(checker.maps), -1) for a in (hit.z, hit.z_error))
    if np.any(z + error < box.low) or np.any(z - error > box.high):
        return False
    if np.all(z - error >= box.low) and np.all(z + error <= box.high):
        return True
    exact = checker.exact.settle(hit.bits)
    return exact is not None and checker.exact.meets(exact, *box.corners)


def _is_fixed_by(piece: Piece, d: int) -> bool:
    """Whether every member of a family repeats after d steps."""
    return all(moves[d:] + moves[:d] == moves for moves in (piece.exact.point, *piece.exact.directions))


def _family(piece: Piece, period: int, n_relu: int, shift: int) -> CycleContinuum:
    bits = piece.bits.reshape(period, n_relu)
    turn = int(least_rotations(bits[None], shift)[0])
    moves = np.vstack([piece.anchor, piece.directions]).reshape(1 + len(piece.directions), period, -1)
    moves = np.roll(moves, -turn, 1)
    return CycleContinuum(
        period=period,
        anchor=moves[0].copy(),
        directions=moves[1:].copy(),
        dimension=len(moves) - 1,
        word=tuple(bits_to_string(b) for b in np.roll(bits, -turn, 0)),
    )
