"""All words that can be reached along one stretch, each with its pieces and crossings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..engines.budget import Budget
from ..progress.reporting import OutOfTime
from ..statuses import BifurcationKind
from .crossings import Crossing, crossings_of, pole_kind
from .pieces import BORDER, POLE, End, Piece, pieces_of
from .words import BESIDE, Stretch, WordPath, word_name

__all__ = ["PARALLEL", "Followed", "boundaries", "follow", "least_rotation", "relatives", "root_of"]

Boundary = list[tuple[tuple[int, int], bool]]

# Words that are followed in one stretch: about 1 GB.
WORDS = 50_000
# Relative deviation up to which two rows are one hyperplane.
PARALLEL = 1e-9
# Boundaries that a segment meets within this share of the way are met at once.
TIE = 1e-6
# Boundaries met at once of which all combinations are tried; beyond, each alone and all together.
CORNER = 5
# Words tried over the combinations at one collision, for each length.
COMBINATIONS = 4096


@dataclass(frozen=True)
class Followed:
    """One piece of one word; `poles` say what a singular end means."""

    path: WordPath
    piece: Piece
    crossings: tuple[Crossing, ...]
    poles: tuple[BifurcationKind | None, BifurcationKind | None]


def follow(
    stretch: Stretch, seeds: Iterable[np.ndarray], max_period: int, budget: Budget
) -> tuple[list[Followed], bool]:
    """Follow words and all that their collisions lead to.

    Returns
    -------
    list of Followed
    bool
        Whether every word was followed before the budget ended, and every combination tried.
    """
    found: list[Followed] = []
    try:
        whole = _follow_into(found, stretch, seeds, max_period, budget)
    except OutOfTime:
        whole = False
    except KeyboardInterrupt:
        budget.stop("interrupt")
        whole = False
    return found, whole


def _follow_into(
    found: list[Followed], stretch: Stretch, seeds: Iterable[np.ndarray], max_period: int, budget: Budget
) -> bool:
    # The rows say how long a word is also where there is no ReLU.
    words = {(bits.tobytes(), len(bits)): bits for bits in seeds}
    waiting, seen = list(words.values()), set(words)
    whole = True
    while waiting:
        # A stretch has finitely many words, but there can be exponentially many: the budget, not the list, is the end.
        if len(seen) > WORDS:
            budget.stop("memory")
        if not budget.take(1):
            return False
        path = WordPath(stretch, waiting.pop())
        budget.reporter.say(done=len(seen) - len(waiting), found=len(found))
        for piece in pieces_of(path):
            budget.check()
            item = Followed(
                path,
                piece,
                tuple(crossings_of(path, piece)),
                (_pole_kind(path, piece.start), _pole_kind(path, piece.stop)),
            )
            found.append(item)
            for bits in _reached(item, max_period):
                if bits is None:
                    whole = False
                    continue
                key = (bits.tobytes(), len(bits))
                if key not in seen:
                    seen.add(key)
                    waiting.append(bits)
    return whole


def _pole_kind(path: WordPath, end: End) -> BifurcationKind | None:
    return pole_kind(path, end.value) if end.kind == POLE else None


def _reached(item: Followed, max_period: int) -> Iterator[np.ndarray | None]:
    """Words that may exist beyond the ends of a piece; None where there were too many to try."""
    path, piece = item.path, item.piece
    for end in (piece.start, piece.stop, *piece.touches):
        if end.kind == BORDER:
            yield from relatives(path.bits, boundaries(*_planes(path, end.value), end.crossing), max_period)
    for crossing in item.crossings:
        # At the value itself 2-cycles fill a segment around the point; those at its ends lie on boundaries and go on.
        if crossing.kind == BifurcationKind.FLIP and 2 * path.period <= max_period:
            yield from _segment_ends(path, crossing.value, 2, -1.0, max_period)
    for end, kind in zip((piece.start, piece.stop), item.poles, strict=True):
        if kind == BifurcationKind.CONTINUUM:
            yield from _segment_ends(path, end.value, 1, 1.0, max_period)


def _planes(path: WordPath, value: float) -> tuple[np.ndarray, np.ndarray]:
    _, _, V, c, _ = path.stretch.arrays(value)
    return V, c


def boundaries(V: np.ndarray, c: np.ndarray, where: Iterable[tuple[int, int]]) -> list[Boundary]:
    """(step, ReLU) pairs that vanish, those of one step and one hyperplane together.

    Each with the side on which the ReLU is active: ReLUs on one hyperplane switch together, some on, some off.
    """
    groups: list[Boundary] = []
    firsts: list[tuple[int, np.ndarray]] = []
    for t, i in where:
        norm = float(np.linalg.norm(V[i]))
        row = np.append(V[i], c[i]) / (norm if norm > 0.0 else 1.0)
        for group, (step, first) in zip(groups, firsts, strict=True):
            same = (np.max(np.abs(row - sign * first)) <= PARALLEL for sign in (1.0, -1.0))
            along, against = same
            if step == t and norm > 0.0 and (along or against):
                group.append(((t, i), bool(along)))
                break
        else:
            groups.append([((t, i), True)])
            firsts.append((t, row))
    return groups


def relatives(bits: np.ndarray, where: Sequence[Boundary], max_period: int) -> Iterator[np.ndarray | None]:
    """Words that a cycle on these boundaries may turn into, longer ones over the same combinations included.

    None is among them if there are too many to try.
    """
    if len(where) <= CORNER:
        switches = list(product((False, True), repeat=len(where)))
    else:
        # Too many corners to try them all. Leaving through each boundary alone, or through all, is what happens when
        # the corner is met by chance; the None says that others were not tried.
        now = tuple(bool(bits[group[0][0]]) for group in where)
        switches = [now, tuple(not on for on in now)]
        switches += [tuple(on ^ (i == j) for i, on in enumerate(now)) for j in range(len(now))]
        yield None
    letters = []
    for switch in switches:
        turned = bits.copy()
        for on, group in zip(switch, where, strict=True):
            for place, active in group:
                turned[place] = on == active
        letters.append(turned)
    for times in range(1, max(max_period // len(bits), 1) + 1):
        if len(letters) ** times > COMBINATIONS:
            yield None
            return
        for choice in product(range(len(letters)), repeat=times):
            # Rotations of a choice give rotations of one word.
            if choice == min(choice[r:] + choice[:r] for r in range(times)):
                yield least_rotation(root_of(np.concatenate([letters[j] for j in choice])))


def root_of(bits: np.ndarray) -> np.ndarray:
    """The shortest word that `bits` (k, H) repeats."""
    for d in range(1, len(bits)):
        if len(bits) % d == 0 and np.array_equal(np.roll(bits, d, 0), bits):
            return bits[:d]
    return bits


def least_rotation(bits: np.ndarray) -> np.ndarray:
    """The rotation of a word that reads least, as in :class:`plrnn_analysis.results.Cycle`."""
    turn = min(range(len(bits)), key=lambda r: word_name(np.roll(bits, -r, 0)))
    return np.roll(bits, -turn, 0)


def _segment_ends(
    path: WordPath, value: float, times: int, unit: float, max_period: int
) -> Iterator[np.ndarray | None]:
    """Words beyond the ends of the segment of cycles that exists where a multiplier is 1 or -1."""
    step = BESIDE * path.stretch.width
    solved = path.solve(value) or path.solve(value + step) or path.solve(value - step)
    if solved is None:
        return
    _, y = solved
    A, W, V, c, _ = path.stretch.arrays(value)
    multipliers, vectors = np.linalg.eig(path.jacobian(value))
    # The segment runs along the eigenvector; carried around the word it says at which length each boundary is met.
    v = vectors[:, np.argmin(np.abs(multipliers - unit))].real
    steps: list[tuple[float, tuple[int, int]]] = []
    bits = np.tile(path.bits, (times, 1))
    for t, b in enumerate(bits):
        slope = V @ v
        with np.errstate(divide="ignore", invalid="ignore"):
            s = -y[t % path.period] / slope
        steps += [(float(s[i]), (t, int(i))) for i in np.flatnonzero(np.isfinite(s))]
        v = A @ v + W[:, b] @ (V[b] @ v)
    for sign in (-1.0, 1.0):
        ahead = [(sign * s, where) for s, where in steps if sign * s > 0.0]
        nearest = min((s for s, _ in ahead), default=np.inf)
        where_first = tuple(where for s, where in ahead if s <= nearest * (1.0 + TIE))
        if where_first:
            yield from relatives(bits, boundaries(V, c, where_first), max_period)
