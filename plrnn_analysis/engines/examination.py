"""From candidate words to the set of fixed points or cycles: each once, under its own word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..exact import ExactPiece, is_compatible
from .budget import Budget
from .singular import Piece, piece_of
from .verification import Checker, Doubt, Hit

__all__ = ["Examination", "examine"]

# Words handed to the checker between two looks at the clock.
CHUNK = 128


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
    unchecked : int
        Candidates not looked at before the time was up.
    doubtful : int
        Candidates that were looked at and not decided.
    """

    hits: list[Hit] = field(default_factory=list)
    described: list[Any] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
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

    Notes
    -----
    Cells of different words are disjoint, so a point has one word, and points of different words are different: no
    two points are ever compared. A point or a continuum whose ReLU arguments do not contradict the word of a
    continuum lies in the closure of that one, and is not listed beside it.
    """
    found = Examination()
    hits: dict[bytes, Hit] = {}
    described: dict[bytes, Any] = {}
    pieces: dict[bytes, ExactPiece] = {}
    done = 0
    budget.reporter.say(step="checking candidates", total=len(words), found=lambda: len(hits) + len(pieces))
    try:
        for start in range(0, len(words), CHUNK):
            # A chunk takes part of a second at most: what is begun is finished.
            solved = list(_solved(checker, words[start : start + CHUNK], budget))
            new = {one.bits.tobytes(): one for one in solved if isinstance(one, Hit)}
            new = {key: one for key, one in new.items() if key not in hits}
            results = {}
            for key, result in zip(new, describe(list(new.values())), strict=True):
                results[key] = result
                budget.reporter.tick()
            hits.update(new)
            described.update(results)
            for one in solved:
                if isinstance(one, ExactPiece):
                    pieces.setdefault(one.bits.tobytes(), one)
                elif isinstance(one, Doubt):
                    found.doubtful += 1
            done += len(solved)
            budget.reporter.say(done=done)
            if budget.overdue:
                budget.stop("time_limit")
                break
    except KeyboardInterrupt:
        budget.stop("interrupt")
    found.unchecked = len(words) - done
    exact = [pieces[key] for key in sorted(pieces)]
    outer = [p for p in exact if not any(p is not q and _lies_in(p.signs, q) for q in exact)]
    for piece in outer:
        shown = piece_of(piece)
        if shown is None:
            found.doubtful += 1
        else:
            found.pieces.append(shown)
    for key in sorted(described):
        budget.report()
        if not any(_lies_in(hits[key].signs, piece) for piece in outer):
            found.hits.append(hits[key])
            found.described.append(described[key])
    return found


def _solved(checker: Checker, words: Sequence[np.ndarray], budget: Budget) -> Iterator[Hit | ExactPiece | Doubt | None]:
    """Words decided until the time is up."""
    patterns = np.array(words, dtype=bool)
    for one in checker.solve(patterns.reshape(len(patterns), -1), budget.overtime_ends):
        yield one
        budget.reporter.tick()
        if budget.overdue:
            return


def _lies_in(signs: np.ndarray, piece: ExactPiece) -> bool:
    return is_compatible(signs.ravel(), piece.bits.ravel())
