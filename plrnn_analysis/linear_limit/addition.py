"""Exact limits of the addition task.

The task: inputs (u_t, m_t), t = 1..T, with u_t ~ U(0, 1) independent and exactly two marks m_t = 1, elsewhere 0; the
target is y = sum_t m_t u_t. With p_t = E[m_t] and a predictor sum_t a_t u_t + b_t m_t + c,

    y - y_hat = sum_t (m_t - a_t)(u_t - 1/2)  -  sum_t b_t (m_t - p_t)  +  1 - sum_t a_t / 2 - sum_t b_t p_t - c,

three terms that are uncorrelated, so that

    MSE = (2 - 2 sum_t p_t a_t + sum_t a_t²) / 12  +  Var(sum_t b_t m_t)  +  (1 - sum_t a_t / 2 - sum_t b_t p_t - c)².

It is smallest at a = p, b = 0, c = 1 - sum_t p_t / 2 = 0. A linear RNN of any size is such a predictor.
"""

from __future__ import annotations

import numpy as np

from .._signatures import checked
from .._validation import one_of, random_generator, whole
from ..errors import ModelError
from ..model import PLRNN

__all__ = [
    "MARKS",
    "addition_floor",
    "addition_trials",
    "exact_addition_solver",
    "mark_range",
    "population_mse",
    "readout_floor",
]

#: Rules for where the two marks fall: one in each half, both in the first half, or anywhere.
MARKS = ("halves", "first_half", "anywhere")


@checked
def mark_range(length: int, marks: str = "halves") -> int:
    """How many positions the first mark can take.

    Parameters
    ----------
    length : int
        T.
    marks : str, optional
        A member of ``MARKS``.

    Returns
    -------
    int
        n: ``T // 2`` for ``"halves"`` (the second mark then has the ``T - n`` others) and for
        ``"first_half"``, T for ``"anywhere"`` (there both marks share the first n positions).

    Raises
    ------
    ModelError
        If the rule is unknown or the sequence too short for it.
    """
    one_of("marks", marks, MARKS)
    shortest = 4 if marks == "first_half" else 2
    length = whole("length", length, shortest, remark=f'to hold two marks with marks="{marks}"')
    return length if marks == "anywhere" else length // 2


@checked
def addition_trials(
    n: int, length: int, marks: str = "halves", blank_steps: int = 1, seed: int | None = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw trials of the addition task.

    Parameters
    ----------
    n : int
        How many.
    length : int
        T.
    marks : str, optional
        As in :func:`addition_floor`.
    blank_steps : int, optional
        Steps with zero input after the sequence.
    seed : int or None, optional

    Returns
    -------
    inputs : (n, T + blank_steps, 2) ndarray
        Values and marks.
    targets : (n, 1) ndarray

    Raises
    ------
    ModelError
        If the rule is unknown, the sequence too short for it, or a number of trials or steps is none.

    Examples
    --------
    >>> inputs, targets = addition_trials(3, 10)
    >>> inputs.shape, bool(((inputs[..., 0] * inputs[..., 1]).sum(axis=1, keepdims=True) == targets).all())
    ((3, 11, 2), True)
    """
    first_positions = mark_range(length, marks)
    n, blank_steps = whole("n", n, 1), whole("blank_steps", blank_steps, 0)
    rng = random_generator(seed)
    inputs = np.zeros((n, length + blank_steps, 2))
    inputs[:, :length, 0] = rng.random((n, length))
    first = rng.integers(first_positions, size=n)
    if marks == "halves":
        second = rng.integers(first_positions, length, size=n)
    else:
        # Uniform over the other positions: skip the one that is taken.
        second = rng.integers(first_positions - 1, size=n)
        second += second >= first
    rows = np.arange(n)
    inputs[rows, first, 1] = inputs[rows, second, 1] = 1.0
    targets = inputs[rows, first, 0] + inputs[rows, second, 0]
    return inputs, targets[:, None]


def _mark_probabilities(length: int, marks: str) -> np.ndarray:
    """p_t = E[m_t], shape (T,)."""
    n = mark_range(length, marks)
    p = np.zeros(length)
    if marks == "halves":
        p[:n], p[n:] = 1.0 / n, 1.0 / (length - n)
    else:
        p[:n] = 2.0 / n
    return p


def _mark_variance(b: np.ndarray, marks: str) -> np.floating:
    """Var(sum_t b_t m_t) = b' Cov(m) b for weights b (T,)."""
    n = mark_range(b.size, marks)
    if marks == "halves":
        return np.var(b[:n]) + np.var(b[n:])
    # Two draws without replacement from n values.
    return 2.0 * np.var(b[:n]) * (n - 2) / (n - 1)


@checked
def addition_floor(length: int, marks: str = "halves") -> float:
    """Smallest MSE on the addition task of any predictor that is affine in the whole sequence.

    It bounds every AL-RNN without ReLU (P = 0), whatever its size and however trained.

    Parameters
    ----------
    length : int
        T.
    marks : str, optional
        ``"halves"``: one mark in each half; ``"first_half"``: both in the first half; ``"anywhere"``.

    Returns
    -------
    float
        ``1/6 - sum_t p_t² / 12`` with p_t the probability that step t is marked.

    Raises
    ------
    ModelError
        If the rule is unknown or the sequence too short for it.

    Notes
    -----
    One mark in each half: ``1/6 - (1/⌊T/2⌋ + 1/⌈T/2⌉)/12``, for even T ``1/6 - 1/(3T)``. Both among the
    first n: ``1/6 - 1/(3n)``. Blank steps after the sequence do not change it.

    Examples
    --------
    >>> round(addition_floor(100), 6)
    0.163333
    """
    p = _mark_probabilities(length, marks)
    return float(1.0 / 6.0 - np.dot(p, p) / 12.0)


@checked
def readout_floor(length: int, marks: str = "halves") -> float:
    """Smallest MSE of *any* AL-RNN that is read out at the last input step, without a blank step.

    Parameters
    ----------
    length : int
        T.
    marks : str, optional
        As in :func:`addition_floor`.

    Returns
    -------
    float
        ``p (1 - p) / 12`` with p the probability that step T is marked; 0 where it cannot be.

    Raises
    ------
    ModelError
        If the rule is unknown or the sequence too short for it.

    Notes
    -----
    The input enters outside the ReLU, so u_T reaches B z_T with the constant factor k = B C. Given everything but u_T,
    the error contains ``(m_T - k) u_T`` with variance ``(m_T - k)²/12``, whose mean is least at k = p.

    Examples
    --------
    >>> round(readout_floor(100), 9), readout_floor(100, "first_half")
    (0.001633333, 0.0)
    """
    p = float(_mark_probabilities(length, marks)[-1])
    return p * (1.0 - p) / 12.0


@checked
def population_mse(model: PLRNN, length: int, marks: str = "halves", blank_steps: int | None = None) -> float:
    """Exact expected MSE of a P = 0 model on the addition task, from its impulse response.

    Parameters
    ----------
    model : PLRNN
        Without ReLU; inputs (value, mark) in this order, one output; started at z = 0.
    length : int
        T.
    marks : str, optional
        As in :func:`addition_floor`.
    blank_steps : int, optional
        Steps with zero input between the sequence and the readout; None takes the number that the model was
        trained with from its metadata.

    Returns
    -------
    float
        Never below :func:`addition_floor`, except for rounding. Infinity where an unstable model overflows.

    Raises
    ------
    ModelError
        If the model has a ReLU, other inputs or outputs, or no known number of blank steps.

    Notes
    -----
    O((T + blank_steps) M²); the formula is in the module description.
    """
    if model.pwl_units:
        raise ModelError(
            f"a closed-form MSE exists for models without ReLU (P = 0); this one has {model.pwl_units}. "
            "Estimate its error by running it on trials"
        )
    if model.B is None or model.n_outputs != 1 or model.n_inputs != 2:
        raise ModelError(
            "the addition task has two inputs (value, mark) and one output; "
            f"this model has {model.n_inputs} and {model.n_outputs}"
        )
    p = _mark_probabilities(length, marks)
    if blank_steps is None:
        blank_steps = model.training.get("blank_steps")
        if blank_steps is None:
            raise ModelError(
                "the model's metadata do not say how many blank steps it was read out after: give blank_steps"
            )
    blank_steps = whole("blank_steps", blank_steps, 0)
    J, C, h = model.map.A, model.map.C, model.map.h
    # v = B J^k, walking back from the readout: the weight of whatever enters k steps before it.
    v = model.B[0].copy()
    constant = np.float64(0.0 if model.b is None else model.b[0])
    response = np.empty((length, 2))
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(length + blank_steps - 1, -1, -1):
            constant += v @ h
            if step < length:
                response[step] = v @ C
            v = v @ J
        a, b = response[:, 0], response[:, 1]
        missed_values = (2.0 - 2.0 * (p @ a) + a @ a) / 12.0
        # Values are uniform on [0, 1]: mean 1/2, variance 1/12; marks have the probabilities p.
        bias = 1.0 - 0.5 * a.sum() - p @ b - constant
        mse = missed_values + _mark_variance(b, marks) + bias**2
    return float(mse) if np.isfinite(mse) else np.inf


@checked
def exact_addition_solver() -> PLRNN:
    """The two-unit AL-RNN with one ReLU (P = 1) that solves addition without error, for every length.

    Units (acc, gate): ``gate_t = u_t + m_t - 1`` and ``acc_{t+1} = acc_t + relu(gate_t)``. Since u is in [0, 1] and m
    is 0 or 1, ``relu(u + m - 1) = m u``. Start at z = 0 and read out acc after one blank step.

    Returns
    -------
    PLRNN

    Notes
    -----
    Under zero input gate is -1, so every acc is a fixed point of bitcode 0: a line attractor is its memory. Read out at
    step T itself, without the blank step, its MSE is p_T / 3: the last value, if marked, is missing.

    Examples
    --------
    >>> model = exact_addition_solver()
    >>> float(model.map.step(model.map.step([0.0, 0.0], [0.75, 1.0]), [0.0, 0.0])[0])
    0.75
    """
    model = PLRNN.al_rnn(
        A=[1.0, 0.0],
        W=[[0.0, 1.0], [0.0, 0.0]],
        h=[0.0, -1.0],
        pwl_units=1,
        C=[[0.0, 0.0], [1.0, 1.0]],
        B=[[1.0, 0.0]],
    )
    model.metadata.update(
        input_names=["value", "mark"],
        output_names=["sum"],
        training={"task": "addition", "blank_steps": 1, "init": "exact construction", "iterations": 0},
    )
    return model
