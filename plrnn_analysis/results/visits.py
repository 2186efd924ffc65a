"""Whether a trajectory ever enters given subregions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import ModelError
from ..maps import bits_from_string
from .trajectory import Trajectory

__all__ = ["visited_words"]


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
    codes = sorted({code for word in words for code in word})
    batch, steps, n_relu = trajectory.bitcodes.shape
    lengths = sorted({0 if code == "-" else len(code) for code in codes})
    if lengths and lengths != [n_relu]:
        raise ModelError(
            f"the trajectory is of another model: its bitcodes have {n_relu} characters, those asked for "
            f"{' or '.join(map(str, lengths))}"
        )
    patterns = np.array([bits_from_string(code, n_relu) for code in codes], dtype=bool).reshape(len(codes), n_relu)
    entered = dict(zip(codes, _entered(patterns, trajectory.bitcodes.reshape(batch * steps, n_relu)), strict=True))
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
