"""Lyapunov exponents of free and of driven motion, from exact Jacobians."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._signatures import checked
from .._validation import number, thread_count, whole
from ..display.abbreviation import count_words, verb
from ..errors import ModelError
from ..network import Network
from ..numerics import EPS
from ..progress import ProgressOption, Reporter, reports
from ..units import Units, balanced
from .results import LyapunovSpectrum
from .sensitivity import Sensitivity
from .settled import final_words, without_rounding, word_exponents
from .tangents import Tangents
from .way import Way

__all__ = ["lyapunov_spectrum"]

# Parts of the way whose means give the standard error.
BLOCKS = 20
# Relative error of the logarithm of an eigenvalue that was enclosed.
KNOWN = 4.0 * EPS


@reports("Lyapunov exponents")
@checked
def lyapunov_spectrum(
    model: Network,
    steps: int = 10_000,
    *,
    z0: Any = None,
    n: int = 1,
    constant_input: Any = None,
    inputs: Any = None,
    n_exponents: int | None = None,
    transient: int | None = None,
    tolerance: float = 1e-6,
    seed: int | None = 0,
    workers: int = 1,
    progress: ProgressOption = None,
) -> LyapunovSpectrum:
    """Lyapunov exponents of a model, free or driven.

    Parameters
    ----------
    model : PLRNN
    steps : int, optional
        Steps to average over, after the transient.
    z0 : (M,) or (n, M) array_like, optional
        Initial states; standard normal draws with `seed` by default (zero if the model is driven).
    n : int, optional
        Number of trajectories drawn. Where `z0` has two axes its rows count.
    constant_input : (K,) array_like, optional
        Input held on; None stands for zero input.
    inputs : (batch, T, K) or (T, K) array_like, optional
        Drives the model instead. The exponents then are conditional: how differences of states grow under the same
        input. Transient and steps are taken from its beginning; an input shorter than both shortens the steps.
    n_exponents : int, optional
        How many, the largest first; all M by default. 1 has a faster way of its own.
    transient : int, optional
        Steps left out first. By default 1000; of `inputs` at most a tenth.
    tolerance : float, optional
        Largest estimated numerical error.
    seed : int or None, optional
        Of the initial states and tangent vectors.
    workers : int, optional
        Threads over trajectories.
    progress : bool or callable, optional
        True shows how far it is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.

    Returns
    -------
    LyapunovSpectrum

    Raises
    ------
    ModelError
        On arguments out of range or of the wrong shape, or if every trajectory diverges.

    Notes
    -----
    Tangent vectors are multiplied with the Jacobians of the subregions on the way and orthonormalised (Benettin et
    al. 1980, doi:10.1007/BF02128236), not at each step but before rounding would cost more than `tolerance`: each
    orthonormalisation measures how long a vector is beside what is new in it, and sets the next interval; a product
    that went too far is undone and taken in smaller parts. A vector of which a single step leaves nothing beside
    those before it (nothing but rounding, that is a relative 1e-15 M) has met a singular Jacobian: its exponent is
    minus infinity.

    A trajectory that provably stays in one subregion for ever, or goes round a cycle of them, as everything that
    tends to a stable fixed point or cycle does, has the logarithms of the eigenvalues as exponents, which are computed
    from the exact characteristic polynomial; so does every way with one Jacobian. For all others `numerical_error`
    is the rounding of a step times the condition number of the exponents, estimated from covariant vectors. Exponents
    that are equal, but not independent, answer to rounding by a root of it: eight of them by 1e-2. After the transient
    the intervals between orthonormalisations are adapted to that estimate, and where even the shortest are not enough a
    note says that the exponents are not determined to the tolerance.

    The average has the weights sin²(π t / T). For regular motion, where growth fluctuates periodically, its error
    falls faster than that of equal weights, 1 / T (Das et al. 2017, doi:10.1088/1361-6544/aa84c2, who take still
    smoother weights); for chaotic motion the standard error is 1.22 times that of equal weights.

    A model without ReLU has its exponents wherever it goes, and no trajectory is computed.

    O(n T M² N) operations, and O(n T (M + H) M) for one exponent.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[1.999], W=[[-3.998]], h=[1.0], pwl_units=1)
    >>> spectrum = lyapunov_spectrum(tent)
    >>> spectrum.exponents.round(12), spectrum.kaplan_yorke_dimension
    (array([0.69264706]), 1.0)
    """
    steps = whole("steps", steps, 1)
    workers = thread_count(workers)
    n_vectors = model.n_units if n_exponents is None else whole("n_exponents", n_exponents, 1)
    if n_vectors > model.n_units:
        raise ModelError(f"n_exponents is {n_vectors}, but a model of {model.n_units} units has no more than that")
    tolerance = number("tolerance", tolerance, least=1e-14, below=1.0)
    way = Way.of(model, steps, transient, z0, n, constant_input, inputs, seed)
    own = balanced(way.map)
    average = _Average(way, n_vectors)
    reporter = progress if isinstance(progress, Reporter) else Reporter()
    known = average.follow(Tangents(own.map, way.n, n_vectors, tolerance, seed, workers, reporter.tick), own, reporter)
    error = average.numerical_error(known)
    return _result(model, average, known, error, tolerance)


class _Average:
    """Growth along the way, block by block and all in all."""

    tangents: Tangents
    sensitivity: Sensitivity | None = None
    ends_known: bool = False

    def __init__(self, way: Way, n_vectors: int) -> None:
        self.way = way
        self.diverged = np.zeros(way.n, dtype=bool)
        self.weights = np.concatenate(
            [np.zeros(way.transient), np.sin(np.pi * (np.arange(way.steps) + 0.5) / way.steps) ** 2]
        )
        n_blocks = min(BLOCKS, way.steps)
        self.ends = way.transient + (np.arange(1, n_blocks + 1) * way.steps) // n_blocks
        self.starts = np.concatenate([[way.transient], self.ends[:-1]])
        self.blocks = np.zeros((n_blocks, way.n, n_vectors))

    @property
    def per_block(self) -> np.ndarray:
        """Weight of each block."""
        return np.array([self.weights[a:b].sum() for a, b in zip(self.starts, self.ends, strict=True)])

    def follow(self, tangents: Tangents, own: Units, reporter: Reporter) -> dict[int, np.ndarray]:
        """Carry tangent vectors along the way, or as far as its end is unknown; returns the exact exponents."""
        self.tangents, way, diverged = tangents, self.way, self.diverged
        reporter.say(total=way.transient + way.steps)
        for first, codes, patterns in way.pieces([int(end) for end in (way.transient, *self.ends)]):
            reporter.say(done=first)
            reporter.tick()
            diverged |= np.any(codes < 0, axis=1)
            before = tangents.plain.copy()
            weights = self.weights[first : first + codes.shape[1]]
            tangents.advance(np.maximum(codes, 0), patterns, weights, ~diverged)
            if first >= way.transient:
                block = int(np.searchsorted(self.ends, first, side="right"))
                with np.errstate(invalid="ignore"):
                    self.blocks[block] += np.where(np.isneginf(tangents.plain), -np.inf, tangents.plain - before)
            if np.all(diverged):
                many = f"all {way.n} trajectories diverge" if way.n > 1 else "the trajectory diverges"
                raise ModelError(
                    f"{many} within {count_words(first + codes.shape[1], 'step')}: there is nothing to average. "
                    "Start elsewhere (z0), or see model.attractors() for what is bounded"
                )
            if first + codes.shape[1] == (way.transient or self.ends[0]):
                known = self._known_exponents(own, finished=False)
                rest = [int(i) for i in np.flatnonzero(~diverged) if int(i) not in known]
                if not rest:
                    return known
                tangents.adapt(rest[0], way.steps)
        self.blocks /= (self.ends - self.starts).astype(float)[:, None, None]
        return self._known_exponents(own, finished=True)

    def _known_exponents(self, own: Units, *, finished: bool) -> dict[int, np.ndarray]:
        """Exact exponents (M,) of the trajectories whose end is known, or that had one Jacobian all the way."""
        way, chosen = self.way, [int(i) for i in np.flatnonzero(~self.diverged)]
        words: list[np.ndarray | None] = [None] * len(chosen)
        if way.inputs is None and way.map.n_relu:
            words = final_words(way.model, own, way.final[chosen], way.constant_input)
        only = self.tangents.only_pattern if way.map.n_relu else np.zeros(0, dtype=bool)
        self.ends_known = any(word is not None for word in words)
        if only is not None and (finished or not way.map.n_relu):
            words = [only[None] if word is None else word for word in words]
        known: dict[int, np.ndarray] = {}
        found: dict[bytes, np.ndarray | None] = {}
        for i, word in zip(chosen, words, strict=True):
            if word is not None:
                key = word.tobytes()
                if key not in found:
                    found[key] = word_exponents(own.map, word)
                exponents = found[key]
                if exponents is not None:
                    known[i] = without_rounding(own.map, word, exponents, self.tangents.live[i])
        return known

    def numerical_error(self, known: dict[int, np.ndarray]) -> float:
        """Estimate for the trajectories that are not known exactly."""
        rest = [int(i) for i in np.flatnonzero(~self.diverged) if int(i) not in known]
        if not rest:
            return KNOWN
        report = self.tangents.report[rest]
        rounding = float(np.max(report[:, 1] / np.maximum(report[:, 0], 1.0)))
        self.sensitivity = self.tangents.sensitivity(rest[0])
        return self.sensitivity.error(rounding, self.way.steps)


def _result(
    model: Network, average: _Average, known: dict[int, np.ndarray], error: float, tolerance: float
) -> LyapunovSpectrum:
    """Averages over trajectories."""
    way, tangents, blocks, per_block = average.way, average.tangents, average.blocks, average.per_block
    bounded = ~average.diverged
    values = tangents.sums / per_block.sum()
    order = np.argsort(-values, axis=1, kind="stable")
    values = np.take_along_axis(values, order, axis=1)
    blocks = np.take_along_axis(blocks, order[None], axis=2)
    volumes = tangents.report[:, 2] / per_block.sum()
    for i, exponents in known.items():
        values[i] = blocks[:, i] = exponents[: values.shape[1]]
        volumes[i] = exponents.sum()
    finite = np.all(np.isfinite(values[bounded]), axis=0)
    exponents = np.full(values.shape[1], -np.inf)
    exponents[finite] = values[bounded][:, finite].mean(axis=0)
    spread = np.where(np.all(np.isneginf(values[bounded]), axis=0), 0.0, np.inf)
    spread[finite] = np.ptp(values[bounded][:, finite], axis=0)
    values[~bounded] = np.nan
    volume = float("nan")
    if values.shape[1] == model.n_units and not tangents.single:
        regular = np.all(np.isfinite(volumes[bounded])) and np.all(finite)
        volume = float(volumes[bounded].mean()) if regular else float("-inf")
    standard_error = _standard_error(blocks[:, bounded], per_block, finite)
    return LyapunovSpectrum(
        exponents=exponents,
        standard_error=standard_error,
        spread=spread,
        per_trajectory=values,
        diverged=average.diverged,
        steps=way.steps,
        transient=way.transient,
        log_volume=volume,
        n_orthonormalisations=int(tangents.report[bounded, 0].sum()),
        numerical_error=error,
        tolerance=tolerance,
        n_units=model.n_units,
        notes=_notes(average, known, float(np.nanmax(standard_error, initial=0.0)), error, tolerance),
    )


def _standard_error(blocks: np.ndarray, per_block: np.ndarray, finite: np.ndarray) -> np.ndarray:
    """From the means `blocks` (blocks, n, N) over parts of the way, with the weights of the parts."""
    count, n, _ = blocks.shape
    error = np.zeros(len(finite))
    if count < 2:
        error[finite] = np.nan
        return error
    effective = np.sqrt(np.sum(per_block**2)) / per_block.sum()
    deviation = blocks[:, :, finite].std(axis=0, ddof=1) * effective
    error[finite] = np.sqrt(np.sum(deviation**2, axis=0)) / n
    return error


def _notes(
    average: _Average, known: dict[int, np.ndarray], deviation: float, error: float, tolerance: float
) -> tuple[str, ...]:
    way, lost = average.way, int(np.count_nonzero(average.diverged))
    notes = list(way.notes)
    if lost:
        notes.append(f"{lost} of {way.n} trajectories diverged and {verb(lost, 'is', 'are')} left out")
    if known:
        which = "the exponents" if len(known) == way.n - lost else f"the exponents of {len(known)} trajectories"
        why = "the way provably ends in a fixed point or cycle"
        if not average.ends_known:
            why = "all steps have the same Jacobian"
        notes.append(f"{which} are logarithms of exact eigenvalues: {why}")
    power = float(np.max(average.sensitivity.growth, initial=0.0)) if average.sensitivity is not None else 0.0
    late = power * np.log(way.steps) / way.steps
    if late > deviation:
        notes.append(
            f"some exponents are equal, or nearly so, without being independent: averages approach them as log(T) / T "
            f"and may be {late:.0e} away after {count_words(way.steps, 'step')}"
        )
    if error > tolerance:
        notes.append(
            f"the exponents are not determined to {tolerance:.0e}: directions that grow at different rates are nearly "
            f"parallel, or single Jacobians nearly singular, so that rounding may move exponents by {error:.0e}"
        )
    return tuple(notes)
