"""Where multipliers of a cycle cross the unit circle inside a subregion: degenerate in piecewise-linear maps."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ..statuses import BifurcationKind
from .pieces import OPEN, POLE, SAME, Piece
from .roots import minus_ones
from .words import BESIDE, WordPath

__all__ = ["Crossing", "crossings_of", "pole_kind"]

# Samples of a piece, and how often an interval is halved where a multiplier comes near the unit circle.
SAMPLES = 17
HALVINGS = 5
# A modulus this near one at the very edge of a stretch is a crossing there.
ON_CIRCLE = 1e-12
# After a crossing the search goes on this share of the interval further.
PAST = 1e-6
# An imaginary part below this is that of a real multiplier, as far as rounding lets two of them meet.
REAL = 1e-6
# How near a pole is looked, in units of the width of the stretch.
AT_POLE = 1e-4
# Distance kept from the ends of a piece, in units of its length.
INSET = 1e-9


@dataclass(frozen=True)
class Crossing:
    """A value at which a multiplier has modulus 1, with the multipliers just below and above it."""

    value: float
    kind: BifurcationKind
    below: np.ndarray
    above: np.ndarray


def crossings_of(path: WordPath, piece: Piece) -> list[Crossing]:
    """The crossings inside a piece, in order.

    Those at -1 are found exactly where the map is affine in the parameter (as eigenvalues of a pencil); complex
    pairs by the number of multipliers outside the unit circle at samples, refined where one comes near it.
    """
    if path.stretch.rigid or len(path.jacobian(piece.start.value)) == 0:
        return []
    length = piece.stop.value - piece.start.value
    # At a pole a multiplier is 1 at the end itself; at other ends it may just be crossing, which belongs here.
    low, high = piece.start.value, piece.stop.value
    edges = [low + INSET * length * (1 if piece.start.kind == POLE else 0)]
    # Where multipliers move like rational functions of low degree a few samples see every excursion that lasts.
    edges += list(np.linspace(low, high, SAMPLES)[1:-1])
    for value in minus_ones(path):
        if low < value < high:
            edges += [value - BESIDE * length, value + BESIDE * length]
    edges.append(high - INSET * length * (1 if piece.stop.kind == POLE else 0))
    edges = sorted(float(value) for value in edges if low <= value <= high)
    found: list[float] = []
    for a, b in itertools.pairwise(edges):
        _search(path, a, b, HALVINGS, found)
    # A crossing at the very edge of the stretch: neither side of it lies inside.
    for end in (piece.start, piece.stop):
        if end.kind == OPEN and np.any(np.abs(np.abs(path.multipliers(end.value)) - 1.0) <= ON_CIRCLE):
            found.append(end.value)
    kept: list[float] = []
    for value in sorted(found):
        if not kept or value - kept[-1] > SAME * path.stretch.width:
            kept.append(value)
    return [crossing for value in kept if (crossing := _describe(path, value)) is not None]


def _outside(multipliers: np.ndarray) -> int:
    return int(np.count_nonzero(np.abs(multipliers) > 1.0))


def _search(path: WordPath, a: float, b: float, halvings: int, found: list[float]) -> None:
    if not b > a:
        return
    at_a, at_b = path.multipliers(a), path.multipliers(b)
    if _outside(at_a) == _outside(at_b):
        moduli = np.sort(np.abs(at_a)), np.sort(np.abs(at_b))
        # Nearer to the unit circle at an end than they move in between: they may be out and back.
        near = np.minimum(*(np.abs(m - 1.0) for m in moduli)) < np.abs(moduli[0] - moduli[1])
        if halvings and np.any(near):
            middle = 0.5 * (a + b)
            _search(path, a, middle, halvings - 1, found)
            _search(path, middle, b, halvings - 1, found)
        return
    low, high, count = a, b, _outside(at_a)
    # Bisection of a count, not of a value: whichever multiplier crosses, and complex pairs too.
    while True:
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        if _outside(path.multipliers(middle)) == count:
            low = middle
        else:
            high = middle
    found.append(high)
    # Others may follow in the same interval.
    step = PAST * (b - a)
    if high + step < b and _outside(path.multipliers(high + step)) != _outside(at_b):
        _search(path, high + step, b, halvings, found)


def _describe(path: WordPath, value: float) -> Crossing | None:
    step = BESIDE * path.stretch.width
    below, above = path.multipliers(value - step), path.multipliers(value + step)
    if _outside(below) == _outside(above):
        return None
    # Real or complex tells a flip from a centre; both are degenerate, but leave different things behind.
    at = path.multipliers(value)
    nearest = at[np.argmin(np.abs(np.abs(at) - 1.0))]
    if abs(nearest.imag) > REAL:
        kind = BifurcationKind.CENTRE
    elif nearest.real < 0.0:
        kind = BifurcationKind.FLIP
    else:
        return None  # +1: the piece ends there, or numerically at it
    return Crossing(value, kind, below, above)


def pole_kind(path: WordPath, value: float) -> BifurcationKind:
    """What a singular I - J means: the point runs off to infinity, or meets a continuum of fixed points."""
    step = AT_POLE * path.stretch.width
    # Closer by a factor of ten, a point on its way to infinity is about ten times as far out.
    sizes = []
    for shrink in (1.0, 0.1):
        for sign in (-1.0, 1.0):
            solved = path.solve(value + sign * shrink * step)
            sizes.append(np.inf if solved is None else float(np.max(np.abs(solved[0]))))
    return BifurcationKind.INFINITY if max(sizes[2:]) > 3.0 * max(sizes[:2]) else BifurcationKind.CONTINUUM
