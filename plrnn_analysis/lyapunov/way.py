"""Trajectories, free or driven, as the subregions that they go through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._validation import as_array, whole
from ..display.abbreviation import count_words
from ..errors import ModelError
from ..maps import CanonicalMap, distinct_patterns
from ..network import Network
from ..trajectories import run, simulate

__all__ = ["Way"]

# Numbers that the states and the Jacobians of one piece of the way may hold: 32 MB each.
MOST_ENTRIES = 4_000_000
DEFAULT_TRANSIENT = 1000


@dataclass(frozen=True)
class Way:
    """The trajectories whose Jacobians are multiplied, piece by piece.

    Attributes
    ----------
    map : CanonicalMap
        Autonomous, or with input where `inputs` drive it.
    n, steps, transient : int
    initial, final : (n, M) ndarray
        First states, and the last ones once :meth:`pieces` was exhausted.
    constant_input : (K,) array_like or None
    inputs : (n, T, K) ndarray or None
    notes : tuple of str
    """

    model: Network
    map: CanonicalMap
    n: int
    steps: int
    transient: int
    initial: np.ndarray
    constant_input: Any
    inputs: np.ndarray | None
    notes: tuple[str, ...]
    final: np.ndarray

    @classmethod
    def of(
        cls,
        model: Network,
        steps: int,
        transient: Any,
        z0: Any,
        n: int,
        constant_input: Any,
        inputs: Any,
        seed: int | None,
    ) -> Way:
        """Read the arguments that say which trajectories are meant."""
        before = DEFAULT_TRANSIENT if transient is None else whole("transient", transient, 0)
        if inputs is None:
            first = simulate(model, 1, z0=z0, n=n, constant_input=constant_input, seed=seed)
            return cls(
                model,
                first.map,
                len(first.initial),
                steps,
                before,
                first.initial,
                constant_input,
                None,
                (),
                first.initial.copy(),
            )
        if constant_input is not None:
            raise ModelError("give either inputs or constant_input, not both")
        shape = (None, model.n_inputs) if np.ndim(inputs) == 2 else (None, None, model.n_inputs)
        u = as_array("inputs", inputs, shape, "(batch, T, K) or (T, K), one row per step")
        u = u[None] if u.ndim == 2 else u
        if u.shape[0] == 0 or u.shape[1] == 0:
            raise ModelError(f"inputs must hold at least one trajectory and one step, got shape {np.shape(inputs)}")
        given = u.shape[1]
        if transient is None:
            before = min(DEFAULT_TRANSIENT, given // 10)
        if before >= given:
            raise ModelError(f"inputs have {count_words(given, 'step')}, no more than the transient of {before}")
        if n not in (1, len(u)):
            driven = count_words(len(u), "trajectory", "trajectories")
            raise ModelError(f"n={n} does not fit inputs of {driven}; leave n out")
        notes = []
        if given < before + steps:
            steps = given - before
        elif given > before + steps:
            notes.append(f"of {given} steps of input the first {before + steps} were used; raise steps for more")
        first = run(model, u[:, :1], z0)
        return cls(model, model.map, len(u), steps, before, first.initial, None, u, tuple(notes), first.initial.copy())

    def pieces(self, ends: list[int]) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """First step, number of the subregion of each step (n, t), or -1 where diverged, and the bits of each.

        No piece goes across one of `ends`.
        """
        m, n_relu = self.map.n_units, self.map.n_relu
        longest = max(1, MOST_ENTRIES // (self.n * max(m, n_relu, 1)))
        state, start = self.initial, 0
        for end in ends:
            while start < end:
                length = min(longest, end - start)
                if n_relu == 0:
                    yield start, np.zeros((self.n, length), dtype=np.int64), np.zeros((1, 0), dtype=bool)
                else:
                    bits, lost, state = self._walk(state, start, length)
                    self.final[:] = state
                    # Where subregions hardly ever repeat, their Jacobians are what takes memory.
                    yield from self._numbered(start, bits, lost)
                start += length

    def _walk(self, state: np.ndarray, start: int, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if self.inputs is None:
            trajectory = simulate(self.model, length, z0=state, constant_input=self.constant_input)
            used = None
        else:
            used = self.inputs[:, start : start + length]
            trajectory = run(self.model, used, z0=state)
        states = trajectory.states
        lost = ~np.all(np.isfinite(states), axis=2)
        if used is not None and np.any(self.map.E):
            bits = trajectory.bitcodes
        else:
            with np.errstate(all="ignore"):
                first = self.map.bits(state)[:, None]
            bits = np.concatenate([first, trajectory.bitcodes[:, :-1]], axis=1)
        # A diverged trajectory is counted as such already; it may not stop the others.
        return bits, lost, np.where(lost[:, -1:], 0.0, states[:, -1])

    def _numbered(self, start: int, bits: np.ndarray, lost: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        n, length, n_relu = bits.shape
        rows = bits.reshape(n * length, n_relu)
        first, codes = distinct_patterns(rows)
        if len(first) * self.map.n_units**2 > MOST_ENTRIES and length > 1:
            half = length // 2
            yield from self._numbered(start, bits[:, :half], lost[:, :half])
            yield from self._numbered(start + half, bits[:, half:], lost[:, half:])
            return
        codes = np.where(lost, -1, codes.reshape(n, length))
        yield start, np.ascontiguousarray(codes, dtype=np.int64), rows[first]
