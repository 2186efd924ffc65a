"""Tangent vectors along trajectories whose subregions are known, and how fast they grow."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

import numpy as np

from .._validation import random_generator
from ..maps import CanonicalMap
from ..numerics import EPS
from .sensitivity import WINDOW, Sensitivity, sensitivity

__all__ = ["Tangents"]

# Operations a kernel call may take, some tenths of a second: Ctrl-C is answered between calls.
CALL_OPERATIONS = 1e9
# Steps between two normalisations of a single vector.
VECTOR_INTERVAL = 16
# Room that the tolerance leaves for the condition number of the exponents.
USUAL_CONDITION = 64.0
# With this limit nearly every step is orthonormalised.
SHORTEST_LIMIT = 2.0


class Tangents:
    """Tangent vectors along the trajectories, and what has been added up so far."""

    def __init__(
        self,
        map: CanonicalMap,
        n: int,
        n_vectors: int,
        tolerance: float,
        seed: int | None,
        workers: int,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        m = map.n_units
        self.map = map
        self.single = n_vectors == 1 and m > 1
        self.workers = workers
        # Called where Ctrl-C may be answered.
        self.tick = tick
        self.tolerance = tolerance
        # The error bound of a product is this times the loss that the limit bounds; see the kernel. Exponents
        # answer to it with a condition number, of ten or so as a rule.
        self.unit = 4.0 * EPS * m**0.5
        self.limit = max(SHORTEST_LIMIT, 0.5 * tolerance / USUAL_CONDITION / self.unit)
        start = random_generator(seed).standard_normal((n, m, n_vectors))
        self.bases = np.ascontiguousarray(np.swapaxes(np.linalg.qr(start)[0], 1, 2))
        self.live = np.full(n, n_vectors, dtype=np.int64)
        self.columns = np.tile(np.arange(n_vectors, dtype=np.int64), (n, 1))
        self.interval = np.ones(n, dtype=np.int64)
        self.sums = np.zeros((n, n_vectors))
        self.plain = np.zeros((n, n_vectors))
        self.report = np.zeros((n, 3))
        #: The subregion (H,) whose Jacobian all steps with a weight share; None if they have several.
        self.only_pattern: np.ndarray | None = None
        self._reference: np.ndarray | None = None
        self._recent: list[tuple[np.ndarray, np.ndarray]] = []
        self._patterns: np.ndarray | None = None
        self._jacobians: tuple[np.ndarray, np.ndarray] | None = None

    def advance(self, regions: np.ndarray, patterns: np.ndarray, weights: np.ndarray, active: np.ndarray) -> None:
        """Carry the vectors of the `active` trajectories over some steps."""
        turned, sizes = self._matrices(patterns)
        self._recent.append((turned, regions))
        while sum(codes.shape[1] for _, codes in self._recent[1:]) >= WINDOW:
            self._recent.pop(0)
        if np.any(weights):
            self._compare(turned, patterns)
        work = self._move(turned, sizes)
        n_vectors, m = self.bases.shape[1:]
        chunk = max(64, int(CALL_OPERATIONS / (2 * m * m * n_vectors + 8 * m * n_vectors**2)))
        interrupted = threading.Event()

        def fill(trajectory: int) -> None:
            for start in range(0, regions.shape[1], chunk):
                if interrupted.is_set():
                    return
                self.tick()
                stop = start + chunk
                work(np.ascontiguousarray(regions[:, start:stop]), weights[start:stop], trajectory)

        chosen = [int(i) for i in np.flatnonzero(active)]
        if self.workers == 1 or len(chosen) < 2:
            for trajectory in chosen:
                fill(trajectory)
            return
        with ThreadPoolExecutor(self.workers) as pool:
            try:
                pending: set[Future[None]] = {pool.submit(fill, trajectory) for trajectory in chosen}
                while pending:
                    self.tick()
                    finished, pending = wait(pending, timeout=0.1, return_when=FIRST_EXCEPTION)
                    for future in finished:
                        future.result()
            except BaseException:
                interrupted.set()
                raise

    def _compare(self, turned: np.ndarray, patterns: np.ndarray) -> None:
        if self._reference is None:
            self._reference, self.only_pattern = turned[0], patterns[0]
        if not np.all(turned == self._reference):
            self.only_pattern = None

    def sensitivity(self, trajectory: int) -> Sensitivity:
        """How the exponents of a trajectory answer to rounding, from its last steps."""
        turned = np.concatenate([jacobians for jacobians, _ in self._recent])
        starts = np.cumsum([0, *(len(jacobians) for jacobians, _ in self._recent[:-1])])
        regions = [codes[trajectory] + start for start, (_, codes) in zip(starts, self._recent, strict=True)]
        return sensitivity(turned, np.concatenate(regions), self.bases.shape[1])

    def adapt(self, trajectory: int, steps: int) -> None:
        """Shorten products until rounding meets the tolerance over `steps` steps, if shorter ones can."""
        found, limit = self.sensitivity(trajectory), self.limit
        while limit > SHORTEST_LIMIT and found.error(limit * self.unit, steps) > 0.5 * self.tolerance:
            limit = max(SHORTEST_LIMIT, 0.5 * limit)
        if found.error(limit * self.unit, steps) <= 0.5 * self.tolerance:
            self.limit = limit

    def _matrices(self, patterns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Transposed Jacobians, and log |det| of each where all exponents are wanted."""
        known = self._patterns
        if self._jacobians is None or known is None or not np.array_equal(known, patterns):
            map = self.map
            turned = map.A.T[None] + (map.V.T[None] * patterns[:, None, :]) @ map.W.T
            turned = np.ascontiguousarray(turned)
            if not self.single and self.bases.shape[1] == map.n_units:
                sizes = np.linalg.slogdet(turned)[1]
            else:
                sizes = np.zeros(len(turned))
            self._patterns, self._jacobians = patterns, (turned, sizes)
        return self._jacobians

    def _move(self, turned: np.ndarray, sizes: np.ndarray) -> Callable[[np.ndarray, np.ndarray, int], None]:
        from ..kernels.lyapunov import advance_bases, advance_vectors

        def basis(regions: np.ndarray, weights: np.ndarray, i: int) -> None:
            advance_bases(
                turned, sizes, regions, weights, self.bases, self.live, self.columns, self.interval, self.sums,
                self.plain, self.report, self.limit, i, i + 1,
            )  # fmt: skip

        def vector(regions: np.ndarray, weights: np.ndarray, i: int) -> None:
            advance_vectors(
                turned, regions, weights, self.bases[:, 0], self.live, self.sums[:, 0], self.plain[:, 0],
                VECTOR_INTERVAL, i, i + 1,
            )  # fmt: skip
            count = -(-regions.shape[1] // VECTOR_INTERVAL)
            self.report[i, 0] += count
            self.report[i, 1] += count * 4.0 * EPS * self.bases.shape[2] ** 0.5 * VECTOR_INTERVAL

        return vector if self.single else basis
