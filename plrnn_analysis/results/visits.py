"""Whether a trajectory ever enters given subregions, such as those of fixed points and cycles."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from .._validation import shown
from ..errors import ModelError
from ..maps import bits_from_string
from ..tables import Item, ResultSequence, Table
from .trajectory import Trajectory

__all__ = ["InSubregions", "visited_words"]


class InSubregions(ResultSequence[Item]):
    """A sequence of results that lie in subregions of state space: fixed points, cycles."""

    @abstractmethod
    def words(self) -> Sequence[Sequence[str]]:
        """The bitcodes of the subregions of each."""

    def visited(self, trajectory: Trajectory) -> np.ndarray:
        """Whether a trajectory ever enters the subregion of each; for a cycle, all of its word, in any order.

        Parameters
        ----------
        trajectory : Trajectory
            Of the same model.

        Returns
        -------
        (n,) ndarray of bool

        Raises
        ------
        ModelError
            If the trajectory is of a model with another number of ReLUs.

        Notes
        -----
        ``O(batch T P)``: the bitcodes are compared eight ReLUs a byte.

        Examples
        --------
        >>> from plrnn_analysis import PLRNN
        >>> switch = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)
        >>> points = switch.fixed_points()
        >>> [p.bitcode for p in points], points.visited(switch.simulate(10, z0=[2.0, 0.0])).tolist()
        (['01', '10', '11'], [False, True, False])
        """
        return visited_words(self.words(), trajectory)

    def table(self, trajectory: Trajectory | None = None) -> Table:
        """One row each, with the names in ``columns`` as columns.

        Parameters
        ----------
        trajectory : Trajectory, optional
            Adds the column ``visited``, see :meth:`visited`.
        """
        table = super().table()
        if trajectory is not None:
            table["visited"] = self.visited(trajectory).tolist()
        return table


def visited_words(words: Sequence[Sequence[str]], trajectory: Trajectory) -> np.ndarray:
    """For each word, whether a trajectory enters all of its subregions, in whatever order.

    Parameters
    ----------
    words : sequence of sequence of str
        Bitcodes.
    trajectory : Trajectory

    Returns
    -------
    (n,) ndarray of bool

    Raises
    ------
    ModelError
        If the bitcodes are those of a model with another number of ReLUs.
    """
    if not hasattr(trajectory, "bitcodes"):
        raise ModelError(f"trajectory must be a Trajectory, from run() or simulate(), got {shown(trajectory)}")
    codes = sorted({code for word in words for code in word})
    n_relu = trajectory.bitcodes.shape[2]
    lengths = sorted({0 if code == "-" else len(code) for code in codes})
    if lengths and lengths != [n_relu]:
        raise ModelError(
            f"the trajectory is of another model: its bitcodes have {n_relu} characters, those asked for "
            f"{' or '.join(map(str, lengths))}"
        )
    patterns = np.array([bits_from_string(code, n_relu) for code in codes], dtype=bool).reshape(len(codes), n_relu)
    entered = dict(zip(codes, _entered(patterns, trajectory.flatten(trajectory.bitcodes)), strict=True))
    return np.array([all(entered[code] for code in word) for word in words], dtype=bool)


def _entered(patterns: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Which patterns (n, H) are among the rows of bits (steps, H)."""
    if not len(patterns) or not len(bits):
        return np.zeros(len(patterns), dtype=bool)
    asked, seen = _packed(patterns), _packed(bits)
    # A trajectory stays in a subregion for a while: only the first step of a stay is looked at.
    seen = seen[np.concatenate([[True], np.any(seen[1:] != seen[:-1], axis=1)])]
    keys = np.vstack([asked, seen])
    names = np.zeros(len(keys), dtype=np.int64)
    for column in keys.T:
        values = np.unique(column, return_inverse=True)[1]
        # Numbers of both are below the number of rows, so that their pair fits into 64 bits.
        names = np.unique(names * len(keys) + values, return_inverse=True)[1]
    return np.isin(names[: len(asked)], names[len(asked) :])


def _packed(bits: np.ndarray) -> np.ndarray:
    """Bitcodes as whole numbers of 64 bits, one column for each 64 ReLUs."""
    octets = np.packbits(bits, axis=1)
    padded = np.zeros((len(bits), 8 * max(1, -(-octets.shape[1] // 8))), dtype=np.uint8)
    padded[:, : octets.shape[1]] = octets
    return padded.view(np.uint64)
