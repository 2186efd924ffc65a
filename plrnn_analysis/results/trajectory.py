"""States that a model went through."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .._frozen import Frozen
from ..display.abbreviation import count_words
from ..display.markup import ROWS, Grid
from ..maps import CanonicalMap, bits_to_string

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
    """

    states: np.ndarray
    bitcodes: np.ndarray
    outputs: np.ndarray | None
    initial: np.ndarray
    inputs: np.ndarray | None
    map: CanonicalMap = field(repr=False)
    input_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()

    @property
    def n_steps(self) -> int:
        """Number of steps T."""
        return int(self.states.shape[1])

    def __repr__(self) -> str:
        trials, steps, units = self.states.shape
        sizes = [count_words(units, "unit"), count_words(self.bitcodes.shape[2], "ReLU")]
        for array, noun in ((self.inputs, "input"), (self.outputs, "output")):
            if array is not None:
                sizes.append(count_words(array.shape[2], noun))
        lost = int(np.count_nonzero(~np.isfinite(self.states[:, -1]).all(axis=-1)))
        diverged = f"; {lost:,} DIVERGED" if lost else ""
        ran = f"{count_words(trials, 'trial')} of {count_words(steps, 'step')}"
        return f"<Trajectory: {ran}; {', '.join(sizes)}{diverged}>"

    def _grids(self) -> list[Grid]:
        """The subregions visited, those with most steps first."""
        bits = self.bitcodes.reshape(self.states.shape[0] * self.n_steps, self.bitcodes.shape[2])
        if not bits.size:
            return []
        packed = np.packbits(bits, axis=1)
        rows = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
        _, first, counts = np.unique(rows, return_index=True, return_counts=True)
        most = np.argsort(-counts, kind="stable")[:ROWS]
        shown = [[bits_to_string(bits[first[i]]), int(counts[i]), counts[i] / rows.size] for i in most]
        return [Grid(("bitcode", "steps", "share of steps"), shown, counts.size, "Subregions visited")]

    def _notes(self) -> list[str]:
        named = (("Inputs", self.input_names), ("Outputs", self.output_names))
        return [f"{what}: {', '.join(names)}." for what, names in named if names]
