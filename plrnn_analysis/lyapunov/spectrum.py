"""Lyapunov exponents of free and of driven motion, from exact Jacobians."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._validation import as_array, freeze, is_whole
from ..errors import ModelError
from ..maps import CanonicalMap
from ..network import Network
from ..results import Table
from ..trajectories import run, simulate
from .tangents import Tangents

__all__ = ["LyapunovSpectrum", "lyapunov_spectrum"]

# Numbers that the states and the Jacobians of one piece of the way may hold: 32 MB each.
_ENTRIES = 4_000_000
# Parts of the way whose means give the standard error.
_BLOCKS = 20
_TRANSIENT = 1000


@dataclass(frozen=True, eq=False)
class LyapunovSpectrum:
    """Lyapunov exponents, largest first, in nats a step.

    Attributes
    ----------
    exponents : (N,) ndarray
        Mean over the trajectories that did not diverge; minus infinity where a Jacobian on the way has no rank for
        more.
    standard_error : (N,) ndarray
        Of that mean: from the means of blocks of the way, combined over trajectories. NaN with fewer than 2 blocks,
        0 beside an infinite exponent.
    spread : (N,) ndarray
        Largest minus smallest of the trajectories. Much more than the standard error says that they are on different
        attractors.
    per_trajectory : (n, N) ndarray
        NaN for a trajectory that diverged.
    diverged : (n,) ndarray of bool
        Trajectories that left every bound, so that there is nothing to average.
    steps, transient : int
        Steps averaged over, and steps left out before them.
    log_volume : float
        Mean of log abs(det J) along the way: what all M exponents sum to. Minus infinity where some J is singular; NaN
        unless all M exponents were computed.
    n_orthonormalisations : int
        In all trajectories, the transient included.
    numerical_error : float
        Estimated error of the exponents from rounding in products of Jacobians, largest over the trajectories. It
        says nothing about how long the average is.
    tolerance : float
        What `numerical_error` was to stay below.
    notes : tuple of str
        What a reader should know.
    """

    exponents: np.ndarray
    standard_error: np.ndarray
    spread: np.ndarray
    per_trajectory: np.ndarray
    diverged: np.ndarray
    steps: int
    transient: int
    log_volume: float
    n_orthonormalisations: int
    numerical_error: float
    tolerance: float
    n_units: int
    notes: tuple[str, ...] = ()

    @property
    def leading(self) -> float:
        """The largest exponent."""
        return float(self.exponents[0])

    @property
    def total(self) -> float:
        """Sum of the exponents computed."""
        return float(np.sum(self.exponents))

    @property
    def volume_mismatch(self) -> float:
        """Distance of the sum from `log_volume`, a check of the whole computation; NaN where that is not finite."""
        return abs(self.total - self.log_volume) if np.isfinite(self.log_volume) else float("nan")

    @property
    def kaplan_yorke_dimension(self) -> float | None:
        """``j + (λ_1 + ... + λ_j) / |λ_{j+1}|`` with the largest j whose sum is not negative (Kaplan & Yorke 1979,
        doi:10.1007/BFb0064319); M where no sum is, None where more exponents are needed to tell."""
        sums = np.cumsum(self.exponents)
        negative = np.flatnonzero(sums < 0.0)
        if not len(negative):
            return float(self.n_units) if len(sums) == self.n_units else None
        j = int(negative[0])
        return j if j == 0 else float(j + sums[j - 1] / abs(self.exponents[j]))

    def table(self) -> Table:
        """Columns ``exponent``, ``standard_error`` and ``spread``, a row each exponent."""
        return Table(
            exponent=self.exponents.tolist(), standard_error=self.standard_error.tolist(), spread=self.spread.tolist()
        )

    def __repr__(self) -> str:
        first = ", ".join(f"{value:.4g}" for value in self.exponents[:3])
        more = ", ..." if len(self.exponents) > 3 else ""
        n = len(self.diverged)
        lost = f"; {np.count_nonzero(self.diverged)} of {n} trajectories DIVERGED" if np.any(self.diverged) else ""
        return f"<LyapunovSpectrum: {first}{more} nats a step; {self.steps} steps of {n}{lost}>"


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
    steps = _whole("steps", steps, 1)
    workers = _whole("workers", workers, 1)
    n_vectors = model.n_units if n_exponents is None else _whole("n_exponents", n_exponents, 1)
    if n_vectors > model.n_units:
        raise ModelError(f"n_exponents is {n_vectors}, but a model of {model.n_units} units has no more than that")
    if not 1e-14 <= tolerance < 1.0:
        raise ModelError(f"tolerance must be between 1e-14 and 1, got {tolerance!r}")
    way = _Way.of(model, steps, transient, z0, n, constant_input, inputs, seed)
    tangents = Tangents(way.map, way.n, n_vectors, tolerance, seed, workers)
    diverged = np.zeros(way.n, dtype=bool)
    weights = np.concatenate([np.zeros(way.transient), np.sin(np.pi * (np.arange(way.steps) + 0.5) / way.steps) ** 2])
    n_blocks = min(_BLOCKS, way.steps)
    ends = way.transient + (np.arange(1, n_blocks + 1) * way.steps) // n_blocks
    starts = np.concatenate([[way.transient], ends[:-1]])
    blocks = np.zeros((n_blocks, way.n, n_vectors))
    for first, codes, patterns in way.pieces([int(end) for end in (way.transient, *ends)]):
        diverged |= np.any(codes < 0, axis=1)
        before = tangents.plain.copy()
        tangents.advance(np.maximum(codes, 0), patterns, weights[first : first + codes.shape[1]], ~diverged)
        if first >= way.transient:
            block = int(np.searchsorted(ends, first, side="right"))
            with np.errstate(invalid="ignore"):
                blocks[block] += np.where(np.isneginf(tangents.plain), -np.inf, tangents.plain - before)
        if np.all(diverged):
            many = f"all {way.n} trajectories diverge" if way.n > 1 else "the trajectory diverges"
            raise ModelError(
                f"{many} within {first + codes.shape[1]} steps: there is nothing to average. "
                "Start elsewhere (z0), or see model.attractors() for what is bounded"
            )
    lengths = (ends - starts).astype(float)
    per_block = np.array([weights[a:b].sum() for a, b in zip(starts, ends, strict=True)])
    return _result(model, way, tangents, tolerance, diverged, blocks / lengths[:, None, None], per_block)


def _result(
    model: Network,
    way: _Way,
    tangents: Tangents,
    tolerance: float,
    diverged: np.ndarray,
    blocks: np.ndarray,
    per_block: np.ndarray,
) -> LyapunovSpectrum:
    """Averages over trajectories; `blocks` (blocks, n, N) holds means, `per_block` the weight of each block."""
    bounded = ~diverged
    values = tangents.sums / per_block.sum()
    order = np.argsort(-values, axis=1, kind="stable")
    values = np.take_along_axis(values, order, axis=1)
    blocks = np.take_along_axis(blocks, order[None], axis=2)
    finite = np.all(np.isfinite(values[bounded]), axis=0)
    exponents = np.full(values.shape[1], -np.inf)
    exponents[finite] = values[bounded][:, finite].mean(axis=0)
    error = np.zeros(values.shape[1])
    spread = np.where(np.all(np.isneginf(values[bounded]), axis=0), 0.0, np.inf)
    spread[finite] = np.ptp(values[bounded][:, finite], axis=0)
    count = len(blocks)
    if count < 2:
        error[finite] = np.nan
    else:
        effective = np.sqrt(np.sum(per_block**2)) / per_block.sum()
        deviation = blocks[:, bounded][:, :, finite].std(axis=0, ddof=1) * effective
        error[finite] = np.sqrt(np.sum(deviation**2, axis=0)) / np.count_nonzero(bounded)
    values[diverged] = np.nan
    report = tangents.report
    volume = float("nan")
    if values.shape[1] == model.n_units and not tangents.single:
        volumes = report[bounded, 2] / per_block.sum()
        regular = np.all(np.isfinite(volumes)) and np.all(finite)
        volume = float(volumes.mean()) if regular else float("-inf")
    rounding = float(np.max(report[bounded, 1] / np.maximum(report[bounded, 0], 1.0)))
    notes = list(way.notes)
    if np.any(diverged):
        notes.append(f"{np.count_nonzero(diverged)} of {way.n} trajectories diverged and are left out")
    if rounding > tolerance:
        notes.append(
            f"the estimated numerical error is {rounding:.1e} although every step was orthonormalised: "
            "single Jacobians are nearly singular"
        )
    return LyapunovSpectrum(
        exponents=freeze(exponents),
        standard_error=freeze(error),
        spread=freeze(spread),
        per_trajectory=freeze(values),
        diverged=freeze(diverged),
        steps=way.steps,
        transient=way.transient,
        log_volume=volume,
        n_orthonormalisations=int(report[bounded, 0].sum()),
        numerical_error=rounding,
        tolerance=float(tolerance),
        n_units=model.n_units,
        notes=tuple(notes),
    )


def _whole(name: str, value: Any, least: int) -> int:
    if not is_whole(value, least):
        raise ModelError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return int(value)


@dataclass(frozen=True)
class _Way:
    """The trajectories whose Jacobians are multiplied, piece by piece."""

    model: Network
    map: CanonicalMap
    n: int
    steps: int
    transient: int
    initial: np.ndarray
    constant_input: Any
    inputs: np.ndarray | None
    notes: tuple[str, ...]

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
    ) -> _Way:
        before = _TRANSIENT if transient is None else _whole("transient", transient, 0)
        if inputs is None:
            first = simulate(model, 1, z0=z0, n=n, constant_input=constant_input, seed=seed)
            return cls(model, first.map, len(first.initial), steps, before, first.initial, constant_input, None, ())
        if constant_input is not None:
            raise ModelError("give either inputs or constant_input, not both")
        shape = (None, model.n_inputs) if np.ndim(inputs) == 2 else (None, None, model.n_inputs)
        u = as_array("inputs", inputs, shape, "(batch, T, K) or (T, K), one row a step")
        u = u[None] if u.ndim == 2 else u
        if u.shape[0] == 0 or u.shape[1] == 0:
            raise ModelError(f"inputs must hold at least one trajectory and one step, got shape {np.shape(inputs)}")
        given = u.shape[1]
        if transient is None:
            before = min(_TRANSIENT, given // 10)
        if before >= given:
            raise ModelError(f"inputs have {given} steps, no more than the transient of {before}")
        if n not in (1, len(u)):
            raise ModelError(f"n={n} does not fit inputs of {len(u)} trajectories; leave n out")
        notes = []
        if given < before + steps:
            steps = given - before
        elif given > before + steps:
            notes.append(f"of {given} steps of input the first {before + steps} were used; raise steps for more")
        first = run(model, u[:, :1], z0)
        return cls(model, model.map, len(u), steps, before, first.initial, None, u, tuple(notes))

    def pieces(self, ends: list[int]) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """First step, number of the subregion of each step (n, t), or -1 where diverged, and the bits of each.

        No piece goes across one of `ends`.
        """
        m, n_relu = self.map.n_units, self.map.n_relu
        longest = max(1, _ENTRIES // (self.n * max(m, n_relu, 1)))
        state, start = self.initial, 0
        for end in ends:
            while start < end:
                length = min(longest, end - start)
                if n_relu == 0:
                    yield start, np.zeros((self.n, length), dtype=np.int64), np.zeros((1, 0), dtype=bool)
                else:
                    bits, lost, state = self._walk(state, start, length)
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
        packed = np.packbits(bits, axis=2)
        keys = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[2]))).ravel()
        _, first, codes = np.unique(keys, return_index=True, return_inverse=True)
        if len(first) * self.map.n_units**2 > _ENTRIES and length > 1:
            half = length // 2
            yield from self._numbered(start, bits[:, :half], lost[:, :half])
            yield from self._numbered(start + half, bits[:, half:], lost[:, half:])
            return
        codes = np.where(lost, -1, np.ravel(codes).reshape(n, length))
        yield start, np.ascontiguousarray(codes, dtype=np.int64), bits.reshape(n * length, n_relu)[first]
