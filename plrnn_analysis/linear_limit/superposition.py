"""Superposition: what every affine function obeys and a solution of addition cannot.

For sequences with s1 - s2 = s3 - s4 an affine f has f(s1) - f(s2) = f(s3) - f(s4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from .._validation import as_array, random_generator, shown, whole
from ..errors import ModelError
from ..model import PLRNN
from .addition import mark_range

__all__ = ["Predictor", "SuperpositionCertificate", "superposition_certificate", "superposition_gap"]

#: Inputs (n, T, K) to outputs (n,) or (n, ...).
Predictor = Callable[[np.ndarray], Any]


@dataclass(frozen=True, eq=False)
class SuperpositionCertificate(Frozen):
    """Four trials of the addition task that no affine predictor can all answer.

    Attributes
    ----------
    sequences : (4, T + blank_steps, 2) ndarray
        s1, s2, s3, s4 with s1 - s2 = s3 - s4.
    targets : (4,) ndarray
        Their sums y, with (y1 - y2) - (y3 - y4) = 1.
    bound : float
        Every affine predictor errs by at least this much on one of the four.
    """

    sequences: np.ndarray
    targets: np.ndarray
    bound: float = 0.25

    def largest_error(self, f: Predictor | PLRNN) -> float:
        """Largest absolute error of a predictor on the four sequences.

        Parameters
        ----------
        f : callable or PLRNN
            As in :func:`superposition_gap`, with one output.

        Raises
        ------
        ModelError
            If it has not one output a sequence.
        """
        return float(np.abs(_evaluate(f, self.sequences, 1)[:, 0] - self.targets).max())

    def gap(self, f: Predictor | PLRNN) -> float:
        """f(s1) - f(s2) - f(s3) + f(s4): 0 for an affine predictor, 1 for one without error.

        Parameters
        ----------
        f : callable or PLRNN
            As in :func:`superposition_gap`, with one output.

        Raises
        ------
        ModelError
            If it has not one output a sequence.
        """
        y = _evaluate(f, self.sequences, 1)[:, 0]
        return float(y[0] - y[1] - y[2] + y[3])


@checked
def superposition_certificate(length: int = 4, marks: str = "halves", blank_steps: int = 0) -> SuperpositionCertificate:
    """Four trials on one of which every affine predictor errs by at least 1/4.

    Parameters
    ----------
    length : int, optional
        T, at least 3 (6 with both marks in the first half): where the marks have no choice there is nothing to gate.
    marks : str, optional
        As in :func:`addition_floor`.
    blank_steps : int, optional
        Steps with zero input after the sequence.

    Returns
    -------
    SuperpositionCertificate

    Raises
    ------
    ModelError
        If the rule is unknown or the sequence too short.

    Notes
    -----
    Two positions i, k can be marked beside a third one. All values are 1/2, but at i: 1 in s1 and s3, 0 in s2 and s4.
    In s1 and s2 step i is marked, in s3 and s4 step k instead. So s1 - s2 and s3 - s4 are the same change, of u_i from
    0 to 1, but it matters only in the first pair: the targets are 3/2, 1/2, 1, 1. The errors e of an affine predictor
    then satisfy ``e1 - e2 - e3 + e4 = -1``, and the largest of four numbers whose signed sum has modulus 1 has modulus
    1/4 at least. The best affine predictor reaches it.

    Examples
    --------
    >>> certificate = superposition_certificate()
    >>> certificate.targets
    array([1.5, 0.5, 1. , 1. ])
    >>> certificate.largest_error(lambda s: s.sum(axis=(1, 2)) / 4)
    0.375
    """
    n = mark_range(length, marks)
    if marks == "halves":
        # i and k in the longer half, the other mark in the other one.
        positions = (n, n + 1, 0) if length - n >= 2 else ()
    else:
        positions = (0, 1, 2) if n >= 3 else ()
    if not positions:
        raise ModelError(
            f'with length {length} and marks="{marks}" the marks have no choice of place: the task is linear there'
        )
    i, k, other = positions
    blank_steps = whole("blank_steps", blank_steps, 0)
    sequences = np.zeros((4, length + blank_steps, 2))
    sequences[:, :length, 0] = 0.5
    sequences[:, i, 0] = [1.0, 0.0, 1.0, 0.0]
    sequences[:, other, 1] = 1.0
    sequences[:2, i, 1] = 1.0
    sequences[2:, k, 1] = 1.0
    targets = (sequences[..., 0] * sequences[..., 1]).sum(axis=1)
    return SuperpositionCertificate(sequences, targets)


@checked
def superposition_gap(f: Predictor | PLRNN, inputs: Any, quadruples: int = 256, seed: int = 0) -> float:
    """How far a function of sequences is from affine: 0 for an affine one, to rounding.

    Parameters
    ----------
    f : callable or PLRNN
        Maps sequences (n, T, K) to outputs (n,) or (n, ...). Of a model the output at the last step counts,
        started at z = 0.
    inputs : (n, T, K) array_like
        At least two sequences, such as trials of the task. What is found depends on them.
    quadruples : int, optional
        How many groups of four sequences are tried.
    seed : int, optional

    Returns
    -------
    float
        The largest ``|f(s1) - f(s2) - f(s3) + f(s4)|`` over groups with s1 - s2 = s3 - s4, divided by the largest
        modulus among all outputs; at most 4. NaN where outputs are not finite.

    Raises
    ------
    ModelError
        On wrong shapes.

    Notes
    -----
    A group is two trials s1 = x and s4 = x', and the two that result when they exchange a part: in every second group
    some of the channels (with addition: the marks, which gives trials of the task again), in the others everything
    from a random step on. A value above rounding proves that f is not affine; a value of 0 says that none of the
    groups showed it.

    Examples
    --------
    >>> import numpy as np
    >>> trials = np.random.default_rng(0).random((50, 6, 2))
    >>> superposition_gap(lambda s: s.sum(axis=(1, 2)) - 3.0, trials) < 1e-12
    True
    >>> superposition_gap(lambda s: s.prod(axis=2).sum(axis=1), trials) > 0.1
    True
    """
    x = as_array("inputs", inputs, (None, None, None), "(n, T, K), one sequence per row")
    n, n_steps, n_channels = x.shape
    quadruples = whole("quadruples", quadruples, 1)
    if n < 2 or n_steps < 1 or n_channels < 1:
        raise ModelError(f"superposition needs at least two sequences, a step, a channel and a group, got {x.shape}")
    rng = random_generator(seed)
    first = rng.integers(n, size=quadruples)
    # Never the same sequence twice: exchanging a part with itself shows nothing.
    second = (first + rng.integers(1, n, size=quadruples)) % n
    exchanged = np.zeros((quadruples, n_steps, n_channels), dtype=bool)
    for group in range(quadruples):
        if n_channels > 1 and (group % 2 == 0 or n_steps == 1):
            count = int(rng.integers(1, n_channels))
            exchanged[group][:, rng.permutation(n_channels)[:count]] = True
        elif n_steps > 1:
            exchanged[group, int(rng.integers(1, n_steps)) :] = True
    a, b = x[first], x[second]
    groups = [a, np.where(exchanged, b, a), np.where(exchanged, a, b), b]
    y1, y2, y3, y4 = _evaluate(f, np.concatenate(groups), None).reshape(4, quadruples, -1)
    scale = float(np.abs([y1, y2, y3, y4]).max())
    if not np.isfinite(scale):
        return float("nan")
    return float(np.abs(y1 - y2 - y3 + y4).max() / scale) if scale > 0 else 0.0


def _evaluate(f: Predictor | PLRNN, sequences: np.ndarray, n_outputs: int | None) -> np.ndarray:
    """Outputs (n, N)."""
    if isinstance(f, PLRNN):
        outputs = f.run(sequences).outputs
        if outputs is None:
            raise ModelError("the model has no readout: superposition is a property of its output")
        values = outputs[:, -1]
    else:
        if not callable(f):
            raise ModelError(f"f must be a model or a function of sequences (n, T, K), got {shown(f)}")
        answered = f(sequences)
        try:
            values = np.asarray(answered, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ModelError(f"the function f must return numbers, got {shown(answered)}") from error
    if values.ndim == 0 or values.shape[0] != len(sequences):
        raise ModelError(f"the function must return one row per sequence, {len(sequences)} rows, got {values.shape}")
    values = values.reshape(len(sequences), -1)
    if n_outputs is not None and values.shape[1] != n_outputs:
        raise ModelError(f"the function must have {n_outputs} output a sequence, it has {values.shape[1]}")
    return values
