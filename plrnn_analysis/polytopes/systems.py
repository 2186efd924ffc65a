"""Systems of inequalities in floats and in rationals, and what proves that one holds or has no solution."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq, fmpz_mat

from ..numerics import EPS
from .rational import nearest_double, rationals
from .walks import leading_columns, whole_numbers

__all__ = ["System"]

# What a product or a sum may lose to underflow.
TINY = float(np.finfo(np.float64).smallest_subnormal)
# Multipliers below this share of the largest may be rounding.
NEGLIGIBLE = 1e-9


class System:
    """Conditions ``rows @ x + room > 0``, or ``>= 0`` where not strict, on floats taken at their word or on rationals.

    Parameters
    ----------
    rows : (n, k) ndarray of float, or nested sequences of fmpq
    room : (n,) ndarray of float, or sequence of fmpq
    strict : bool or (n,) sequence of bool, optional
    """

    def __init__(self, rows: Any, room: Any, strict: bool | Sequence[bool] = False) -> None:
        self.n = len(room)
        self.strict = [strict] * self.n if isinstance(strict, bool) else [bool(s) for s in strict]
        self.k = int(rows.shape[1]) if isinstance(rows, np.ndarray) else (len(rows[0]) if self.n else 0)
        self._rows, self._room = rows, room

    @classmethod
    def with_floats(
        cls,
        rows: list[list[fmpq]],
        room: list[fmpq],
        floats: tuple[np.ndarray, np.ndarray],
        strict: bool | Sequence[bool] = False,
    ) -> System:
        """Both forms at once, where the caller has them; float rows may be the exact ones times positive numbers."""
        system = cls(rows, room, strict)
        system.__dict__.update(exact=(rows, room), floats=floats)
        system.k = int(floats[0].shape[1])
        return system

    @cached_property
    def exact(self) -> tuple[list[list[fmpq]], list[fmpq]]:
        """Rows and room as rationals."""
        return (
            rationals(self._rows) if isinstance(self._rows, np.ndarray) else [list(row) for row in self._rows],
            rationals(self._room) if isinstance(self._room, np.ndarray) else list(self._room),
        )

    @cached_property
    def floats(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and room as floats, each row times a positive number where floats were not given."""
        if isinstance(self._rows, np.ndarray) and isinstance(self._room, np.ndarray):
            return self._rows, self._room
        scaled = []
        for row, b in zip(*self.exact, strict=True):
            size = max(map(abs, row), default=fmpq(0)) or abs(b) or fmpq(1)
            scaled.append([nearest_double(x / size) for x in (*row, b)])
        array = np.array(scaled, dtype=np.float64).reshape(self.n, self.k + 1)
        return array[:, :-1], array[:, -1]

    def holds_at(self, point: np.ndarray) -> bool:
        """Whether all rows are positive at a point of floats, beyond doubt."""
        if not np.all(np.isfinite(point)):
            return False
        G, g = self.floats
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            value = G @ point + g
            # Rounded rationals are wrong by a unit in the last place each, or by what underflow took.
            size = EPS * (np.abs(G) @ np.abs(point) + np.abs(g)) + TINY * (1.0 + np.abs(point).sum())
            error = (self.k + 5) * size
        if np.any(value < -error):
            return False
        doubtful = np.flatnonzero(~(value > error)).tolist()
        if not doubtful:
            return True
        (rows, room), there = self.exact, rationals(point)
        return all(sum((a * x for a, x in zip(rows[i], there, strict=True)), room[i]) > 0 for i in doubtful)

    def margin(self, point: np.ndarray) -> float:
        """The least row at a point as a share of its terms, in floats: how far it is from changing sign by rounding."""
        G, g = self.floats
        with np.errstate(all="ignore"):
            shares = (G @ point + g) / (np.abs(G) @ np.abs(point) + np.abs(g))
        return float(np.min(np.nan_to_num(shares, nan=0.0), initial=1.0))

    def is_refuted_by(self, multipliers: np.ndarray) -> bool:
        """Whether the rows with positive multipliers exclude each other, by exact multipliers.

        Multipliers u >= 0 with ``u @ rows = 0`` and ``u @ room < 0`` leave no point, nor does ``u @ room = 0`` if a row
        with positive u has to be positive. Where the support is that of a vertex, u is unique but for a factor.
        """
        top = float(np.max(multipliers, initial=0.0))
        for share in (0.0, NEGLIGIBLE):
            support = np.flatnonzero(multipliers > share * top).tolist()
            if 0 < len(support) <= self.k + 1 and self._exclude_each_other(support):
                return True
        return False

    def _exclude_each_other(self, support: list[int]) -> bool:
        rows, room = self.exact
        integers = [whole_numbers([*rows[i], room[i]]) for i in support]
        reduced, denominator, rank = fmpz_mat([row[:-1] for row in integers]).transpose().rref()
        if rank != len(support) - 1:
            return False
        pivots = leading_columns(reduced, rank)
        (free,) = set(range(len(support))).difference(pivots)
        u = [denominator] * len(support)
        for row, column in enumerate(pivots):
            u[column] = -reduced[row, free]
        if all(x <= 0 for x in u):
            u = [-x for x in u]
        if any(x < 0 for x in u):
            return False
        total = sum(x * row[-1] for x, row in zip(u, integers, strict=True))
        return bool(
            total < 0 or (total == 0 and any(x > 0 and self.strict[i] for x, i in zip(u, support, strict=True)))
        )
