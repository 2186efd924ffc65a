"""Mutual information between the subregion and a label or an input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from .._validation import one_of, random_generator, whole
from ..display.abbreviation import count_words, verb
from ..errors import ModelError
from .estimates import Estimate, confidence_level, entropy_without, estimate, log_unit, units_of
from .sequences import SymbolSequences, rank, symbol_sequences, trial_counts

__all__ = ["MutualInformation", "mutual_information"]

# Trials from which on shuffling them gives enough arrangements; of fewer the steps are shifted.
_ENOUGH_TRIALS = 7


@dataclass(frozen=True)
class MutualInformation(Frozen):
    """What the subregion tells about a label.

    Attributes
    ----------
    information : Estimate
        Corrected for bias, with its interval.
    p_value : float
        Of independence: share of the shuffles, the data among them, with at least as much information. NaN without
        shuffles.
    noise : float
        Mean plug-in information of the shuffles: what independence looks like in so few data.
    bitcode_entropy, label_entropy : float
        Plug-in entropies of both: the information can exceed neither.
    n_labels, n_symbols, n_steps : int
    null : str
        What was shuffled: ``"trials"`` or ``"shifts"``.
    n_permutations : int
    notes : tuple of str
    """

    information: Estimate
    p_value: float
    noise: float
    bitcode_entropy: float
    label_entropy: float
    n_labels: int
    n_symbols: int
    n_steps: int
    null: str
    n_permutations: int
    notes: tuple[str, ...]

    def __float__(self) -> float:
        return self.information.value


@checked
def mutual_information(
    source: Any,
    labels: Any,
    *,
    bins: int = 8,
    discard: int = 0,
    base: float = 2.0,
    confidence: float = 0.95,
    n_permutations: int = 999,
    null: str | None = None,
    seed: int = 0,
) -> MutualInformation:
    """Mutual information between the subregion of a step and a label of the trial or of the step.

    Parameters
    ----------
    source : Trajectory or array_like
        See :func:`symbol_sequences`.
    labels : (batch,) or (batch, T) array_like, or list of (T_i,) array_like
        One label per trial, or one per step. Whole numbers, truth values and text are taken as they are; other numbers
        are binned.
    bins : int, optional
        Bins of equal counts (quantiles) for real-valued labels such as inputs.
    discard : int, optional
        Leave out this many steps, and their labels, at the beginning of each trial.
    base : float, optional
        Of the logarithm: 2 for bits.
    confidence : float, optional
        Of the interval.
    n_permutations : int, optional
        Shuffles for the p-value; 0 for none.
    null : {"trials", "shifts"}, optional
        How to break the relation: give each trial the labels of another, or shift the labels of each trial
        around by a random number of steps. By default trials if there are seven or more of equal length, or
        labels are one per trial, else shifts.
    seed : int, optional
        Of the shuffles.

    Returns
    -------
    MutualInformation

    Raises
    ------
    ModelError
        If labels do not fit to the trials, or an argument is not as described.

    Notes
    -----
    Steps of all trials are pooled. What is shuffled are whole trials, not steps: steps of a trial depend on each other,
    and shuffling them would call almost anything significant. Trials shuffled keep what all trials share, such as a
    cue at a fixed step; shifts do not, and suppose that neither labels nor bitcodes depend on the time within a trial.

    The observed frequencies give too much information, by about (K_xy - K_x - K_y + 1) / 2N for independent steps
    (Miller 1955; Panzeri & Treves 1996) and more for others. The jackknife over trials or blocks removes that as in
    :func:`block_entropies`, for labels of trials within each label; `noise` shows how much it can be. With few trials
    a label take `noise` and the p-value seriously and the value less so. The value can be slightly below 0.

    The bitcode of a step is that of the state *after* the input of this step.

    Examples
    --------
    >>> import numpy as np
    >>> label = np.arange(40) % 2
    >>> bits = np.repeat(label[:, None, None] == 1, 10, axis=1)
    >>> found = mutual_information(bits, label)
    >>> round(found.information.value, 3), found.p_value
    (1.0, 0.001)
    """
    bins = whole("bins", bins, 2)
    n_permutations = whole("n_permutations", n_permutations, 0)
    rng = random_generator(seed)
    factor, unit = log_unit(base)
    confidence = confidence_level(confidence)
    full = symbol_sequences(source)
    sequences = symbol_sequences(full, discard)
    values, per_trial = _label_steps(labels, full)
    kept = np.arange(full.n_steps) - np.repeat(full.offsets[:-1], full.lengths) >= discard
    label = _as_symbols(values[kept], bins)
    null = _null(null, per_trial, sequences)
    n_x, n_y = sequences.n_symbols, int(label.max()) + 1
    joint, joint_ids = rank(sequences.codes * n_y + label, n_x * n_y)
    units = units_of(sequences)
    h_x, h_x_without = entropy_without(sequences.codes, n_x, units.index, units.n)
    h_y, h_y_without = entropy_without(label, n_y, units.index, units.n)
    h_xy, h_xy_without = entropy_without(joint_ids, joint.size, units.index, units.n)
    plug_in = max(0.0, h_x + h_y - h_xy)
    strata = None
    without = h_x_without + h_y_without - h_xy_without
    if per_trial:
        # How many trials have which label is a choice of the experiment: the numbers stay, the trial is the unit.
        strata = label[sequences.offsets[:-1]]
        without = _without_trial(sequences, strata)
    information = estimate(
        plug_in, without, strata=strata,
        parameters=max(0, joint.size - n_x - n_y + 1), samples=label.size, sign=1,
        confidence=confidence, factor=factor, unit=unit,
    )  # fmt: skip
    p_value, noise = _shuffled(sequences, label, n_x, n_y, h_x + h_y, plug_in, null, n_permutations, rng)
    notes = []
    if np.isnan(information.lower):
        notes.append("no interval: " + ("no label has two trials" if per_trial else "too few steps"))
    elif strata is not None and (np.bincount(strata) == 1).any():
        single = int((np.bincount(strata) == 1).sum())
        whose = verb(single, "has one trial: its", "have one trial: their")
        notes.append(f"{count_words(single, 'label')} {whose} bias is not corrected")
    if null == "trials" and sequences.n_trials < _ENOUGH_TRIALS:
        notes.append(f"{sequences.n_trials} trials can be shuffled in few ways: the p-value is coarse")
    return MutualInformation(
        information, p_value, factor * noise, factor * h_x, factor * h_y, n_y, n_x, label.size, null, n_permutations,
        tuple(notes),
    )  # fmt: skip


def _label_steps(labels: Any, sequences: SymbolSequences) -> tuple[np.ndarray, bool]:
    """One label per step, and whether they were one per trial."""
    lengths = sequences.lengths
    if isinstance(labels, (list, tuple)) and labels and not np.isscalar(labels[0]):
        parts = [np.asarray(part) for part in labels]
        if [part.shape for part in parts] == [(int(n),) for n in lengths]:
            return np.concatenate(parts), False
        raise ModelError(
            f"labels of steps must be one per step of each trial: {len(lengths)} trials of {lengths.min()} to "
            f"{lengths.max()} steps; got shapes {sorted({part.shape for part in parts})[:3]}"
        )
    array = np.asarray(labels)
    if array.ndim == 1 and array.size == sequences.n_trials:
        return np.repeat(array, lengths), True
    if array.ndim == 2 and array.shape[0] == sequences.n_trials and (lengths == array.shape[1]).all():
        return array.ravel(), False
    if array.ndim == 1 and sequences.n_trials == 1 and array.size == sequences.n_steps:
        return array, False
    raise ModelError(
        f"labels must be (batch,) = ({sequences.n_trials},), one per trial, or (batch, T), one per step of each trial; "
        f"got shape {array.shape}"
    )


def _as_symbols(values: np.ndarray, bins: int) -> np.ndarray:
    if values.dtype.kind in "iubU":
        return np.unique(values, return_inverse=True)[1].reshape(-1)
    if values.dtype.kind != "f" or not np.isfinite(values).all():
        raise ModelError(f"labels must be whole numbers, text, or finite real numbers; got an array of {values.dtype}")
    distinct, codes = np.unique(values, return_inverse=True)
    if distinct.size <= bins:
        return codes.reshape(-1)
    # Quantiles: each bin has as many labels, which is what an entropy of few samples bears best.
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins))
    return np.unique(np.searchsorted(edges, values, side="right"), return_inverse=True)[1].reshape(-1)


def _without_trial(sequences: SymbolSequences, label: np.ndarray) -> np.ndarray:
    """Plug-in information in nats with each trial left out, the weights of the labels unchanged."""
    table = trial_counts(sequences, 1)
    weights = np.bincount(label, weights=sequences.lengths) / sequences.n_steps
    sums = np.stack([np.asarray(table[label == y].sum(axis=0)).ravel() for y in range(weights.size)])
    shares = sums / sums.sum(axis=1, keepdims=True)
    mixture = weights @ shares
    conditional = weights * _entropies(shares)
    found = np.full(label.size, np.nan)
    for trial in range(label.size):
        y = label[trial]
        rest = sums[y] - table[trial].toarray().ravel()
        if rest.sum() > 0:
            rest = rest / rest.sum()
            mixed = _entropies(np.maximum(mixture + weights[y] * (rest - shares[y]), 0.0))
            found[trial] = mixed - (conditional.sum() - conditional[y]) - weights[y] * _entropies(rest)
    return found


def _entropies(shares: np.ndarray) -> np.ndarray:
    return -(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=-1)


def _null(null: str | None, per_trial: bool, sequences: SymbolSequences) -> str:
    equal = len(set(sequences.lengths.tolist())) == 1
    if null is None:
        return "trials" if per_trial or (equal and sequences.n_trials >= _ENOUGH_TRIALS) else "shifts"
    one_of("null", null, ("trials", "shifts"))
    if null == "trials" and not per_trial and not equal:
        raise ModelError('trials of different lengths cannot exchange the labels of their steps: use null="shifts"')
    if null == "shifts" and per_trial:
        raise ModelError('labels of whole trials cannot be shifted in time: use null="trials"')
    return null


def _shuffled(
    sequences: SymbolSequences,
    label: np.ndarray,
    n_x: int,
    n_y: int,
    marginal: float,
    plug_in: float,
    null: str,
    n_permutations: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """p-value and mean information of the shuffles."""
    if n_permutations == 0:
        return float("nan"), float("nan")
    starts, lengths = sequences.offsets[:-1], sequences.lengths
    equal = len(set(lengths.tolist())) == 1
    step = np.arange(label.size) - np.repeat(starts, lengths)
    found = np.empty(n_permutations)
    total = float(label.size)
    for i in range(n_permutations):
        if null == "shifts":
            shift = np.repeat(rng.integers(0, lengths), lengths)
            fake = label[np.repeat(starts, lengths) + (step + shift) % np.repeat(lengths, lengths)]
        elif equal:
            # Whole trials change places; within a trial nothing moves, so what all trials share is kept.
            fake = label.reshape(len(lengths), -1)[rng.permutation(len(lengths))].ravel()
        else:
            fake = np.repeat(label[starts][rng.permutation(len(lengths))], lengths)
        _, ids = rank(sequences.codes * n_y + fake, n_x * n_y)
        counts = np.bincount(ids).astype(np.float64)
        h_xy = np.log(total) - float((counts * np.log(np.maximum(counts, 1.0))).sum()) / total
        # With trials of different lengths the shuffled labels have other frequencies.
        same = equal or null == "shifts"
        other = marginal if same else marginal + float(_entropies(_share(fake)) - _entropies(_share(label)))
        found[i] = max(0.0, other - h_xy)
    at_least = int((found >= plug_in - 1e-12).sum())
    return (1 + at_least) / (1 + n_permutations), float(found.mean())


def _share(ids: np.ndarray) -> np.ndarray:
    return np.bincount(ids) / ids.size
