"""States that a model went through."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._validation import number
from ..display.abbreviation import count_words
from ..display.markup import ROWS, Grid
from ..maps import CanonicalMap, bits_to_string, distinct_patterns

__all__ = ["Trajectory"]


@dataclass(frozen=True, eq=False)
class Trajectory(Frozen):
    """States that a model went through, with the subregion of each.

    Attributes
    ----------
    states : (batch, T, M) ndarray
        ``states[:, t]`` is the state after input ``t``.
    bitcodes : (batch, T, H) ndarray of bool
        Subregion of each state. Where the input enters inside the ReLU (``torch.nn.RNN``) it is the
        subregion that step t used, since a state alone does not have one.
    outputs : (batch, T, N) ndarray or None
        Readout ``B z + b`` of each state, None for a model without readout.
    initial : (batch, M) ndarray
        State before the first step.
    inputs : (batch, T, K) ndarray or None
    map : CanonicalMap
        The map that made it.
    input_names, output_names : tuple of str
        One name each, where the network has them; else empty.
    lengths : (batch,) ndarray of int64 or None
        Valid steps of each trial; what follows is padding, which no analysis counts. None where all are.
    """

    states: np.ndarray
    bitcodes: np.ndarray
    outputs: np.ndarray | None
    initial: np.ndarray
    inputs: np.ndarray | None
    map: CanonicalMap = field(repr=False)
    input_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()
    lengths: np.ndarray | None = None

    @property
    def n_steps(self) -> int:
        """Number of steps T."""
        return int(self.states.shape[1])

    @property
    def valid(self) -> np.ndarray:
        """Whether each step is one of the trial, (batch, T); padding is not."""
        if self.lengths is None:
            return np.ones(self.states.shape[:2], dtype=bool)
        return np.arange(self.n_steps) < self.lengths[:, None]

    def flatten(self, values: np.ndarray) -> np.ndarray:
        """What belongs to each step, (batch, T, ...), one trial after the other and without padding, (n, ...)."""
        if self.lengths is not None:
            return values[self.valid]
        return values.reshape(values.shape[0] * values.shape[1], *values.shape[2:])

    def visited(self) -> np.ndarray:
        """The states of all trials one after the other, (n, M), without padding."""
        return self.flatten(self.states)

    def finite(self, discard: int = 0) -> np.ndarray:
        """Whether all states of each trial are finite, (batch,), from a step on and without padding."""
        finite = np.isfinite(self.states[:, discard:]).all(axis=2)
        return (finite | ~self.valid[:, discard:]).all(axis=1)

    def select(self, trials: Any) -> Trajectory:
        """Some of the trials: a slice, indices or a mask."""
        kept: dict[str, Any] = {}
        for name in ("states", "bitcodes", "initial", "outputs", "inputs", "lengths"):
            value = getattr(self, name)
            kept[name] = None if value is None else value[trials]
        return replace(self, **kept)

    def to_pandas(self, dt: float = 1.0) -> Any:
        """One row for each step of each trial, as a :class:`pandas.DataFrame`.

        Parameters
        ----------
        dt : float, optional
            Time of one step.

        Returns
        -------
        pandas.DataFrame
            Without padding. Columns ``trial``, ``step`` (from 0), ``time`` (``(step + 1) * dt``, since the state before
            the first step is at time 0), ``bitcode``, then the states ``unit 0``, ``unit 1``, ..., the inputs and the
            outputs by their names, or as ``input 0`` and ``output 0``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        ModelError
            If `dt` is not positive.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError("Trajectory.to_pandas() needs pandas: pip install pandas") from error
        dt = number("dt", dt, above=0.0)
        trials, steps, units = self.states.shape
        columns: dict[str, Any] = {
            "trial": np.repeat(np.arange(trials), steps),
            "step": np.tile(np.arange(steps), trials),
            "time": np.tile(dt * np.arange(1, steps + 1), trials),
            "bitcode": self._codes().ravel(),
        }
        columns |= {f"unit {i}": self.states[:, :, i].ravel() for i in range(units)}
        for array, names, noun in self._channels():
            for i, (name, values) in enumerate(zip(names, np.moveaxis(array, 2, 0), strict=True)):
                columns[name if name not in columns else f"{noun} {i}: {name}"] = values.ravel()
        table = pandas.DataFrame(columns)
        return table if self.lengths is None else table[self.valid.ravel()].reset_index(drop=True)

    def to_xarray(self, dt: float = 1.0) -> Any:
        """The trajectory with named axes, as an :class:`xarray.Dataset`.

        Parameters
        ----------
        dt : float, optional
            Time of one step.

        Returns
        -------
        xarray.Dataset
            ``states`` (trial, time, unit), ``initial`` (trial, unit), and where there are any ``inputs`` (trial, time,
            input) and ``outputs`` (trial, time, output). Coordinates are the times ``dt, 2 dt, ...``, the ``bitcode``
            of each step (trial, time), and the names of inputs and outputs. Padding is kept; ``lengths`` (trial) says
            where it begins.

        Raises
        ------
        ImportError
            If xarray is not installed.
        ModelError
            If `dt` is not positive.
        """
        try:
            import xarray
        except ImportError as error:
            raise ImportError("Trajectory.to_xarray() needs xarray: pip install xarray") from error
        dt = number("dt", dt, above=0.0)
        trials, steps, units = self.states.shape
        held: dict[str, Any] = {
            "states": (("trial", "time", "unit"), self.states),
            "initial": (("trial", "unit"), self.initial),
        }
        coordinates: dict[str, Any] = {
            "trial": np.arange(trials),
            "time": dt * np.arange(1, steps + 1),
            "unit": np.arange(units),
            "bitcode": (("trial", "time"), self._codes()),
        }
        if self.lengths is not None:
            held["lengths"] = ("trial", self.lengths)
        for array, names, noun in self._channels():
            held[f"{noun}s"] = (("trial", "time", noun), array)
            coordinates[noun] = list(names)
        return xarray.Dataset(held, coordinates, {"dt": dt})

    def _channels(self) -> list[tuple[np.ndarray, tuple[str, ...], str]]:
        """Inputs and outputs, where there are any, with a name for each channel, and what they are."""
        both = ((self.inputs, self.input_names, "input"), (self.outputs, self.output_names, "output"))
        return [
            (array, _columns(names, array.shape[2], noun), noun) for array, names, noun in both if array is not None
        ]

    def _codes(self) -> np.ndarray:
        """The bitcode of each step as text (batch, T)."""
        n = self.bitcodes.shape[2]
        if not n:
            return np.full(self.bitcodes.shape[:2], "-")
        letters = np.where(self.bitcodes, "1", "0")
        return np.ascontiguousarray(letters).view(f"<U{n}")[..., 0]

    def __repr__(self) -> str:
        trials, steps, units = self.states.shape
        sizes = [count_words(units, "unit"), count_words(self.bitcodes.shape[2], "ReLU")]
        for array, noun in ((self.inputs, "input"), (self.outputs, "output")):
            if array is not None:
                sizes.append(count_words(array.shape[2], noun))
        # Where any state became infinite or NaN the last one did too, unless a weight of zero hid it.
        last = np.full(trials, steps) if self.lengths is None else self.lengths
        lost = int(np.count_nonzero(~np.isfinite(self.states[np.arange(trials), last - 1]).all(axis=-1)))
        diverged = f"; {lost:,} DIVERGED" if lost else ""
        ran = f"{count_words(trials, 'trial')} of {'up to ' * (self.lengths is not None)}{count_words(steps, 'step')}"
        return f"<Trajectory: {ran}; {', '.join(sizes)}{diverged}>"

    def _grids(self) -> list[Grid]:
        """The subregions visited, those with most steps first."""
        bits = self.flatten(self.bitcodes)
        if not bits.size:
            return []
        first, places = distinct_patterns(bits)
        counts = np.bincount(places)
        most = np.argsort(-counts, kind="stable")[:ROWS]
        shown = [[bits_to_string(bits[first[i]]), int(counts[i]), counts[i] / len(bits)] for i in most]
        return [Grid(("bitcode", "steps", "share of steps"), shown, counts.size, "Subregions visited")]

    def _notes(self) -> list[str]:
        named = (("Inputs", self.input_names), ("Outputs", self.output_names))
        return [f"{what}: {', '.join(names)}." for what, names in named if names]


def _columns(names: tuple[str, ...], n: int, noun: str) -> tuple[str, ...]:
    """What columns are called; half of a surrogate pair, which pandas does not take, is escaped."""
    called = [*names[:n], *(f"{noun} {i}" for i in range(len(names), n))]
    return tuple(name.encode("utf-8", "backslashreplace").decode() for name in called)
