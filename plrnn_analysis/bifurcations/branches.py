"""Pieces of one word joined to branches, with samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..engines.budget import Budget
from ..progress.reporting import OutOfTime
from .following import Followed
from .pieces import OPEN, POLE, SAME
from .results import Branch
from .words import word_name

__all__ = ["find_branches"]

# Samples of a piece whose points are no affine functions of the parameter.
SAMPLES = 17
# Shares of a piece's length at which a point that goes to infinity is sampled last.
TOWARDS_INFINITY = (1e-3, 1e-2, 5e-2)


def find_branches(followed: Sequence[Followed], budget: Budget) -> list[Branch]:
    """Branches, ordered by period, word and start, as many as there is time for."""
    items = sorted(followed, key=lambda f: (len(f.path.bits), word_name(f.path.bits), f.piece.start.value))
    chains: list[list[Followed]] = []
    for item in items:
        last = chains[-1][-1] if chains else None
        if last is not None and _continues(last, item):
            chains[-1].append(item)
        else:
            chains.append([item])
    found = []
    try:
        for chain in chains:
            branch = _branch(chain)
            if branch is not None:
                found.append(branch)
    except OutOfTime:
        budget.stop("time_limit")
    except KeyboardInterrupt:
        budget.stop("interrupt")
    return found


def _continues(last: Followed, item: Followed) -> bool:
    return (
        np.array_equal(last.path.bits, item.path.bits)
        and last.piece.stop.kind == item.piece.start.kind == OPEN
        and last.piece.stop.value == item.piece.start.value
    )


def _sample_values(item: Followed) -> list[float]:
    piece = item.piece
    low, high = piece.start.value, piece.stop.value
    length = high - low
    values = {low, high}
    if not item.path.stretch.rigid:
        # Denser towards the ends, where rational functions are steepest.
        shares = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, SAMPLES))[1:-1]
        values |= set((low + length * shares).tolist())
    for crossing in item.crossings:
        values |= {crossing.value - SAME * length, crossing.value, crossing.value + SAME * length}
    # At a pole the point is at infinity: the branch is shown as far as it can be.
    if piece.start.kind == POLE:
        values = values - {low} | {low + share * length for share in TOWARDS_INFINITY}
    if piece.stop.kind == POLE:
        values = values - {high} | {high - share * length for share in TOWARDS_INFINITY}
    return [value for value in values if low <= value <= high]


def _branch(chain: list[Followed]) -> Branch | None:
    samples: dict[float, tuple[np.ndarray, np.ndarray]] = {}
    for item in chain:
        for value in _sample_values(item):
            solved = item.path.solve(value)
            if value not in samples and solved is not None:
                samples[value] = (solved[0], item.path.multipliers(value))
    if not samples:
        return None
    values = sorted(samples)
    multipliers = np.array([samples[value][1] for value in values])
    return Branch(
        word=word_name(chain[0].path.bits),
        start=chain[0].piece.start.value,
        stop=chain[-1].piece.stop.value,
        values=np.array(values),
        points=np.array([samples[value][0] for value in values]),
        multipliers=multipliers,
        stable=np.abs(multipliers[:, 0]) < 1.0,
        on_border=any(bool(np.any(item.path.flat)) for item in chain),
    )
