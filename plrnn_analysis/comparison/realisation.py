"""The linear system between the ReLUs: what of the state is seen, and what dies out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..numerics import EPS

__all__ = [
    "DAMPING",
    "INVISIBLE",
    "SINGLE",
    "LinearSystem",
    "pace_of",
    "ranked",
    "settled_part",
    "steady_arguments",
    "unseen_modes",
]

# Directions weaker than this share of the strongest are below what rounding lets one see.
RANK_TOLERANCE = 1e-10
# Directions weaker than this are rounding and nothing else.
INVISIBLE = 1e-13
# Share of the product of their norms below which two vectors count as orthogonal.
ROUNDING = 1e-12
# Unit roundoff of single precision: what weights that fit into it are known to.
SINGLE = 2.0**-24
# Numbers with so few bits were chosen, not trained.
ROUND = 2.0**-16
#: Weight of a lag over that of the next where networks are compared that are not the same.
DAMPING = 1.5
# Sizes of terms may grow much faster than what they sum to.
LARGEST = 1e250
# Slowest modulus of a mode that counts as decaying.
DECAYING = 1.0 - 1e-9


@dataclass(frozen=True, eq=False)
class LinearSystem:
    """``z' = A z + W x + h + C s`` with x the ReLU outputs, seen through ``y = V z + c + E s`` and ``o = B z + b``.

    Between the ReLUs ``x = relu(y)`` a piecewise-linear network is this system. B has no rows where readouts are not
    compared, C and E no columns where inputs are not.
    """

    A: np.ndarray
    W: np.ndarray
    h: np.ndarray
    C: np.ndarray
    V: np.ndarray
    c: np.ndarray
    E: np.ndarray
    B: np.ndarray
    b: np.ndarray
    noise: float = EPS

    @classmethod
    def of(cls, *arrays: np.ndarray) -> LinearSystem:
        """From A, W, h, C, V, c, E, B and b.

        Weights that all fit into single precision are known no better, unless they are round numbers.
        """
        single = all(_fits(a, SINGLE) for a in arrays) and not all(_fits(a, ROUND) for a in arrays)
        A, W, h, C, V, c, E, B, b = arrays
        return cls(A, W, h, C, V, c, E, B, b, SINGLE if single else EPS)

    @property
    def n_units(self) -> int:
        """Dimension M of the state."""
        return int(self.A.shape[0])

    def relus(self, units: np.ndarray) -> LinearSystem:
        """The same system with these ReLUs in this order."""
        return LinearSystem(
            self.A, self.W[:, units], self.h, self.C, self.V[units], self.c[units], self.E[units], self.B, self.b,
            self.noise,
        )  # fmt: skip

    def in_units(self, state: np.ndarray, relu: np.ndarray) -> LinearSystem:
        """With states measured in units of `state` and ReLU arguments in units of `relu`."""
        return LinearSystem(
            self.A * state / state[:, None], self.W * relu / state[:, None], self.h / state, self.C / state[:, None],
            self.V * state / relu[:, None], self.c / relu, self.E / relu[:, None], self.B * state, self.b, self.noise,
        )  # fmt: skip

    def scaled(self, d: np.ndarray) -> LinearSystem:
        """ReLU argument i times ``d[i] > 0``, its output divided again: the same network."""
        return LinearSystem(
            self.A, self.W / d, self.h, self.C, d[:, None] * self.V, d * self.c, d[:, None] * self.E, self.B, self.b,
            self.noise,
        )  # fmt: skip

    def restricted(self, basis: np.ndarray, origin: np.ndarray) -> LinearSystem:
        """In coordinates ``z = origin + basis x`` of an invariant affine subspace (orthonormal columns)."""
        moved = self.A @ origin + self.h - origin
        return LinearSystem(
            basis.T @ self.A @ basis,
            basis.T @ self.W,
            basis.T @ moved,
            basis.T @ self.C,
            self.V @ basis,
            self.c + self.V @ origin,
            self.E,
            self.B @ basis,
            self.b + self.B @ origin,
            self.noise,
        )

    def markov(self, horizon: int, pace: float) -> np.ndarray:
        """Markov parameters (horizon, H + N, H + K), that of lag k divided by ``pace**k``."""
        inputs, outputs = np.hstack([self.W, self.C]), np.vstack([self.V, self.B])
        found = np.empty((horizon, outputs.shape[0], inputs.shape[1]))
        for k in range(horizon):
            found[k] = outputs @ inputs
            inputs = np.clip(self.A @ inputs / pace, -LARGEST, LARGEST)
        return found

    def clean_markov(self, horizon: int, pace: float) -> np.ndarray:
        """The same; those that are zero to rounding, measured by the vectors whose product they are, are zero."""
        inputs, outputs = np.hstack([self.W, self.C]), np.vstack([self.V, self.B])
        found = self.markov(horizon, pace)
        reads, written = np.linalg.norm(outputs, axis=1), np.linalg.norm(inputs, axis=0)
        for k in range(horizon):
            written = np.maximum(written, np.linalg.norm(inputs, axis=0))
            found[k][np.abs(found[k]) <= ROUNDING * np.outer(reads, written)] = 0.0
            inputs = self.A @ inputs / pace
        return found

    def sizes(self) -> LinearSystem:
        """The moduli of all weights: what it computes bounds the terms of what this system computes."""
        return LinearSystem(
            np.abs(self.A), np.abs(self.W), np.abs(self.h), np.abs(self.C), np.abs(self.V), np.abs(self.c),
            np.abs(self.E), np.abs(self.B), np.abs(self.b), self.noise,
        )  # fmt: skip

    def free(self, horizon: int, pace: float) -> tuple[np.ndarray, np.ndarray]:
        """Observability matrix (horizon (H + N), M) and what is seen from z = 0 without ReLU outputs or input.

        Row block k is divided by ``pace**k``.
        """
        outputs = np.vstack([self.V, self.B])
        constant = np.append(self.c, self.b)
        rows, seen = [], []
        state, weight, drive = np.zeros(self.n_units), 1.0, np.asarray(self.h)
        for _ in range(horizon):
            rows.append(outputs)
            seen.append(outputs_of(self, state) + weight * constant)
            outputs = np.clip(outputs @ self.A / pace, -LARGEST, LARGEST)
            weight /= pace
            state = np.clip(self.A @ state / pace + weight * drive, -LARGEST, LARGEST)
        size = horizon * constant.size
        return np.array(rows).reshape(size, self.n_units), np.array(seen).reshape(size)


def _fits(array: np.ndarray, roundoff: float) -> bool:
    """Whether the mantissas need no more bits than a format with this roundoff has."""
    mantissas = np.frexp(array)[0] / roundoff
    return bool(np.all(mantissas == np.rint(mantissas)))


def outputs_of(system: LinearSystem, state: np.ndarray) -> np.ndarray:
    return np.append(system.V @ state, system.B @ state)


def ranked(matrix: np.ndarray, tolerance: float = RANK_TOLERANCE) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Singular value decomposition without the directions that rounding hides."""
    left, singular, right = np.linalg.svd(matrix, full_matrices=False)
    rank = int(np.sum(singular > tolerance * singular[0])) if singular.size and singular[0] > 0.0 else 0
    return left[:, :rank], singular[:rank], right[:rank]


def pace_of(*systems: LinearSystem, damping: float = 1.0) -> float:
    """Growth by which powers of the matrices are divided so that they do not explode; `damping` where nothing grows."""
    return damping * max(1.0, *(float(np.abs(np.linalg.eigvals(s.A)).max(initial=0.0)) for s in systems))


def unseen_modes(system: LinearSystem) -> np.ndarray:
    """Eigenvalues of the modes that neither a ReLU nor the readout ever sees."""
    if system.V.size + system.B.size == 0:
        return np.linalg.eigvals(system.A)
    rows, _ = system.free(system.n_units, pace_of(system))
    right = ranked(rows)[2]
    rest = np.linalg.qr(right.T, mode="complete")[0][:, right.shape[0] :]
    return np.linalg.eigvals(rest.T @ system.A @ rest) if rest.shape[1] else np.zeros(0, dtype=complex)


def settled_part(system: LinearSystem) -> tuple[LinearSystem, np.ndarray]:
    """The system on the affine subspace that all trajectories tend to, and the modes that die out off it.

    Returns
    -------
    LinearSystem
    ndarray of complex
        Eigenvalues of the decaying modes that neither ReLUs nor inputs can excite.

    Notes
    -----
    The directions that W and C reach under A are invariant. Off them the state moves by itself; the decaying part of
    that motion ends at its fixed point. Modes that do not decay are kept.
    """
    from scipy.linalg import schur

    m, pace = system.n_units, pace_of(system)
    block = np.hstack([system.W, system.C])
    blocks = []
    for _ in range(m):
        blocks.append(block)
        block = system.A @ block / pace
    reached = ranked(np.hstack(blocks))[0]
    full = np.linalg.qr(reached, mode="complete")[0] if reached.shape[1] else np.eye(m)
    rest = full[:, reached.shape[1] :]
    if rest.shape[1] == 0:
        return system, np.zeros(0, dtype=complex)
    triangle, vectors, kept = schur(
        rest.T @ system.A @ rest, output="real", sort=lambda re, im: bool(np.hypot(re, im) >= DECAYING)
    )
    basis = np.hstack([reached, rest @ vectors[:, :kept]])
    fading = rest @ vectors[:, kept:]
    if fading.shape[1] == 0:
        return system, np.zeros(0, dtype=complex)
    dying = triangle[kept:, kept:]
    origin = fading @ np.linalg.solve(np.eye(dying.shape[0]) - dying, fading.T @ system.h)
    return system.restricted(basis, origin), np.linalg.eigvals(dying)


def steady_arguments(system: LinearSystem) -> np.ndarray | None:
    """ReLU arguments at the rest state without ReLU outputs; None where that state is not unique."""
    K = np.eye(system.n_units) - system.A
    if np.linalg.cond(K) > 1e8:
        return None
    return np.asarray(system.V @ np.linalg.solve(K, system.h) + system.c)
