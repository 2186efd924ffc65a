"""Estimates with intervals: the jackknife over trials, or over blocks of long ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._validation import number
from .sequences import SymbolSequences, rank

__all__ = ["Estimate", "Units", "confidence_level", "entropy_without", "estimate", "log_unit", "units_of"]

# From this many trials on they are the units that are left out; fewer are cut into blocks.
_ENOUGH_TRIALS = 10
# Blocks of all trials together, and the least length of one.
_BLOCKS = 32
_SHORTEST_BLOCK = 10


@dataclass(frozen=True)
class Estimate(Frozen):
    """A number estimated from finitely many steps.

    Attributes
    ----------
    value : float
        Corrected for bias.
    lower, upper : float
        Confidence interval; NaN where the data are one unit only.
    standard_error : float
    plug_in : float
        What the observed frequencies give, without correction.
    unit : str
        ``"nats"``, ``"bits"``, ``"base 10"``, or ``""`` for a number without unit.
    confidence : float
    """

    value: float
    lower: float
    upper: float
    standard_error: float
    plug_in: float
    unit: str
    confidence: float

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.value:.4g}{unit} ({100 * self.confidence:g} %: {self.lower:.4g} to {self.upper:.4g})"


def log_unit(base: Any) -> tuple[float, str]:
    """Factor that turns nats into the unit of a base, and the name of that unit."""
    base = number("base", base, above=1.0, remark="(2 for bits, math.e for nats)")
    name = {2.0: "bits", math.e: "nats"}.get(base, f"base {base:g}")
    return 1.0 / math.log(base), name


def confidence_level(value: Any) -> float:
    """Check a confidence level."""
    return number("confidence", value, above=0.0, below=1.0)


@dataclass(frozen=True, eq=False)
class Units:
    """What is left out in turn.

    Attributes
    ----------
    index : (n_steps,) ndarray of int64
        The unit of each step.
    n : int
    text : str
        What a unit is, for the reader.
    """

    index: np.ndarray
    n: int
    text: str


def units_of(sequences: SymbolSequences, most: int | None = None) -> Units:
    """Trials, or blocks of consecutive steps where there are fewer than ten trials."""
    lengths = sequences.lengths
    if sequences.n_trials >= _ENOUGH_TRIALS:
        index, n, text = sequences.trial, sequences.n_trials, "trials"
    else:
        # Blocks in proportion to the length of a trial, so that each unit weighs about the same.
        pieces = np.clip(lengths // _SHORTEST_BLOCK, 1, -(-_BLOCKS // sequences.n_trials))
        first = np.concatenate([[0], np.cumsum(pieces)[:-1]])
        step = np.arange(sequences.n_steps) - np.repeat(sequences.offsets[:-1], lengths)
        index = np.repeat(first, lengths) + step * np.repeat(pieces, lengths) // np.repeat(lengths, lengths)
        n = int(pieces.sum())
        text = f"blocks of about {round(sequences.n_steps / n)} steps"
    if most is not None and n > most:
        index, n, text = index * most // n, most, f"{most} groups of {text}"
    return Units(index, n, text)


def _x_log_x(x: np.ndarray) -> np.ndarray:
    return x * np.log(np.maximum(x, 1))


def entropy_without(ids: np.ndarray, n_ids: int, unit: np.ndarray, n_units: int) -> tuple[float, np.ndarray]:
    """Plug-in entropy in nats of all `ids`, and with each unit left out (NaN where nothing is left)."""
    counts = np.bincount(ids, minlength=n_ids).astype(np.float64)
    terms = _x_log_x(counts)
    pairs, place = rank(unit * n_ids + ids, n_units * n_ids)
    inside = np.bincount(place)
    owner, word = pairs // n_ids, pairs % n_ids
    change = _x_log_x(counts[word] - inside) - terms[word]
    total = float(ids.size)
    rest = total - np.bincount(unit, minlength=n_units)
    sums = terms.sum() + np.bincount(owner, weights=change, minlength=n_units)
    safe = np.maximum(rest, 1.0)
    without = np.where(rest > 0, np.log(safe) - sums / safe, np.nan)
    return float(np.log(total) - terms.sum() / total), without


def estimate(
    plug_in: float,
    without: np.ndarray,
    *,
    parameters: float,
    samples: float,
    sign: float,
    confidence: float,
    factor: float = 1.0,
    unit: str = "",
    strata: np.ndarray | None = None,
) -> Estimate:
    """Jackknife estimate of a function of frequencies.

    Parameters
    ----------
    plug_in : float
    without : (n,) ndarray
        The same with each unit left out.
    parameters, samples : float
        Free parameters d of the frequencies and number N of samples: the plug-in value of independent samples has
        the bias d / 2N and a variance of at least d / 2N².
    sign : float
        Of that bias: -1 for entropies, +1 for information and divergences.
    confidence, factor, unit : float, float, str
    strata : (n,) ndarray of int, optional
        The stratum of each unit, where the numbers of units in them are given and not left to chance.

    Notes
    -----
    Quenouille (1956) bias correction, Tukey's standard error, Student's quantile. Where the first-order term vanishes
    (all symbols equally likely, independence) the jackknife's standard error can vanish too although the estimate
    still varies as a chi-squared variable of d degrees of freedom over 2N (Harris 1975); that variance is added.
    """
    strata = np.zeros(without.size, dtype=np.int64) if strata is None else strata
    parts = [part[np.isfinite(part)] for part in (without[strata == h] for h in np.unique(strata))]
    parts = [part for part in parts if part.size > 1]
    freedom = sum(part.size - 1 for part in parts)
    if freedom < 1:
        value = plug_in - sign * parameters / (2.0 * samples)
        nan = math.nan
        return Estimate(factor * value, nan, nan, nan, factor * plug_in, unit, confidence)
    from scipy.special import stdtrit

    # Strata are resampled apart, so their biases and variances add up.
    bias = sum((part.size - 1) * (float(part.mean()) - plug_in) for part in parts)
    variance = sum((part.size - 1) / part.size * float(((part - part.mean()) ** 2).sum()) for part in parts)
    spread = max(abs(bias), parameters / (2.0 * samples))
    variance += 2.0 * spread**2 / max(parameters, 1.0) if parameters > 0 else 0.0
    value = plug_in - bias
    error = math.sqrt(variance)
    half = float(stdtrit(freedom, 0.5 + 0.5 * confidence)) * error
    low, high = max(0.0, value - half), max(0.0, value + half)
    return Estimate(factor * value, factor * low, factor * high, factor * error, factor * plug_in, unit, confidence)
