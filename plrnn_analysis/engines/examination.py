"""From candidate words to the set of fixed points or cycles: each once, under its own word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..exact import ExactPiece
from .budget import Budget
from .description import together
from .singular import Piece, piece_of
from .verification import Checker, Doubt, Hit

__all__ = ["Examination", "examine"]

# Words handed to the checker between two looks at the clock, at most.
CHUNK = 128
# Pairs of an object and a continuum that are compared at once.
PAIRS = 1 << 22


@dataclass
class Examination:
    """What the candidates of a search are.

    Attributes
    ----------
    hits : list of Hit
        Isolated points, ordered by word.
    described : list
        What `describe` made of each hit.
    pieces : list of Piece
        Continua, ordered by word; none lies in the closure of another.
    continua : list
        What `describe_piece` made of each continuum.
    unchecked : int
        Candidates not looked at before the time was up.
    doubtful : int
        Candidates that were looked at and not decided.
    """

    hits: list[Hit] = field(default_factory=list)
    described: list[Any] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    continua: list[Any] = field(default_factory=list)
    unchecked: int = 0
    doubtful: int = 0

    @property
    def undecided(self) -> int:
        """Candidates about which nothing is claimed."""
        return self.unchecked + self.doubtful

    @property
    def notes(self) -> list[str]:
        """The same in words."""
        notes = []
        if self.unchecked:
            notes.append(f"{self.unchecked} candidate subregions were not checked before the search was stopped")
        if self.doubtful:
            notes.append(
                f"{self.doubtful} candidate subregions could not be decided: their numbers exceed the range of "
                "doubles, or exact arithmetic ran out of time"
            )
        return notes


def examine(
    checker: Checker,
    words: Sequence[np.ndarray],
    budget: Budget,
    describe: Callable[[list[Hit]], Iterable[Any]] = lambda hits: hits,
    describe_piece: Callable[[Piece], Any] = lambda piece: piece,
) -> Examination:
    """Decide the candidates of a search.

    Parameters
    ----------
    checker : Checker
        Of the ring of maps; one map for fixed points.
    words : sequence of (k H,) ndarray of bool
        Such that every solution lies in the closed cells of one of them.
    budget : Budget
        Its overtime ends the examination; so does Ctrl-C, and what is known is kept.
    describe : callable, optional
        Turns hits into results, as they are found: a search that is stopped has results to show.
    describe_piece : callable, optional
        The same for a continuum.

    Notes
    -----
    Cells of different words are disjoint, so a point has one word, and points of different words are different: no
    two points are ever compared. A point or a continuum whose ReLU arguments do not contradict the word of a
    continuum lies in the closure of that one, and is not listed beside it.
    """
    found = Examination()
    hits: dict[bytes, tuple[Hit, Any]] = {}
    pieces: dict[bytes, tuple[Piece, Any] | None] = {}
    done = 0
    budget.reporter.say(step="checking candidates", total=len(words), found=lambda: len(hits) + len(pieces))
    size = min(CHUNK, together(checker.units.map.n_units))
    try:
        for start in range(0, len(words), size):
            # A chunk takes part of a second at most: what is begun is finished.
            new: dict[bytes, Hit] = {}
            solved = 0
            for one in _solved(checker, words[start : start + size], budget):
                if isinstance(one, Hit):
                    new[one.bits.tobytes()] = one
                elif isinstance(one, ExactPiece) and one.bits.tobytes() not in pieces:
                    shown = piece_of(one)
                    pieces[one.bits.tobytes()] = None if shown is None else (shown, describe_piece(shown))
                found.doubtful += isinstance(one, Doubt)
                solved += 1
            fresh = [one for key, one in new.items() if key not in hits]
            described = []
            for result in describe(fresh):
                described.append(result)
                budget.reporter.tick()
            hits.update((one.bits.tobytes(), (one, result)) for one, result in zip(fresh, described, strict=True))
            done += solved
            budget.reporter.say(done=done)
            if budget.overdue:
                budget.stop("time_limit")
                break
    except KeyboardInterrupt:
        budget.stop("interrupt")
    found.unchecked = len(words) - done
    found.doubtful += sum(piece is None for piece in pieces.values())
    _sort_out(found, [pieces[key] for key in sorted(pieces)], [hits[key] for key in sorted(hits)], budget)
    return found


def _sort_out(
    found: Examination, pieces: list[tuple[Piece, Any] | None], hits: list[tuple[Hit, Any]], budget: Budget
) -> None:
    """Keep what does not lie in the closure of a continuum."""
    shown = [piece for piece in pieces if piece is not None]
    words = np.array([piece.bits for piece, _ in shown], dtype=bool)
    inside = _in_closures(np.array([piece.exact.signs.ravel() for piece, _ in shown]), words, budget, own=True)
    kept = [item for item, lies in zip(shown, inside, strict=False) if not lies]
    found.unchecked += len(shown) - len(inside)
    found.pieces, found.continua = [piece for piece, _ in kept], [result for _, result in kept]
    inside = _in_closures(np.array([hit.signs for hit, _ in hits]), words, budget)
    points = [item for item, lies in zip(hits, inside, strict=False) if not lies]
    found.unchecked += len(hits) - len(inside)
    found.hits, found.described = [hit for hit, _ in points], [result for _, result in points]


def _in_closures(signs: np.ndarray, words: np.ndarray, budget: Budget, own: bool = False) -> list[bool]:
    """Whether a point with these signs (n, k H) lies in the closed cell of one of the words, its own left out if `own`.

    As far as the time allows. Only points with a sign of zero lie in the closed cell of a word that is not theirs.
    """
    if not len(words):
        return [False] * len(signs)
    on, off = words.T.astype(np.float32), (~words).T.astype(np.float32)
    inside: list[bool] = []
    step = max(1, PAIRS // len(words))
    for start in range(0, len(signs), step):
        budget.report()
        # Where the time is up nothing is compared but what was promised to be finished.
        if start and budget.overdue:
            break
        some = signs[start : start + step]
        against = (some < 0).astype(np.float32) @ on + (some > 0).astype(np.float32) @ off
        # Of a cell that is its own a continuum has the signs.
        inside.extend((np.count_nonzero(against == 0.0, axis=1) > int(own)).tolist())
    return inside


def _solved(checker: Checker, words: Sequence[np.ndarray], budget: Budget) -> Iterator[Hit | ExactPiece | Doubt | None]:
    """Words decided until the time is up."""
    patterns = np.array(words, dtype=bool)
    for one in checker.solve(patterns.reshape(len(patterns), -1), budget.overtime_ends):
        yield one
        budget.reporter.tick()
        if budget.overdue:
            return
