"""The linear system between the ReLUs: what of the state is seen, what dies out, and whether two of them are one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = [
    "DAMPING",
    "LinearSystem",
    "Match",
    "match_systems",
    "pace_of",
    "ranked",
    "settled_part",
    "steady_arguments",
    "unseen_modes",
]

# Directions weaker than this share of the strongest are below what rounding lets one see.
RANK_TOLERANCE = 1e-10
# Share of the product of their norms below which two vectors count as orthogonal.
ROUNDING = 1e-12
#: Weight of a lag over that of the next where networks are compared that are not the same.
DAMPING = 1.5
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

    @property
    def n_units(self) -> int:
        return int(self.A.shape[0])

    def relus(self, units: np.ndarray) -> LinearSystem:
        """The same system with these ReLUs in this order."""
        return LinearSystem(
            self.A, self.W[:, units], self.h, self.C, self.V[units], self.c[units], self.E[units], self.B, self.b
        )

    def scaled(self, d: np.ndarray) -> LinearSystem:
        """ReLU argument i times ``d[i] > 0``, its output divided again: the same network."""
        return LinearSystem(
            self.A, self.W / d, self.h, self.C, d[:, None] * self.V, d * self.c, d[:, None] * self.E, self.B, self.b
        )

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
        )

    def markov(self, horizon: int, pace: float) -> np.ndarray:
        """Markov parameters (horizon, H + N, H + K), that of lag k divided by ``pace**k``.

        Those that are zero to rounding, measured by the vectors whose product they are, are zero.
        """
        inputs, outputs = np.hstack([self.W, self.C]), np.vstack([self.V, self.B])
        found = np.empty((horizon, outputs.shape[0], inputs.shape[1]))
        reads, written = np.linalg.norm(outputs, axis=1), np.linalg.norm(inputs, axis=0)
        for k in range(horizon):
            product = outputs @ inputs
            written = np.maximum(written, np.linalg.norm(inputs, axis=0))
            found[k] = np.where(np.abs(product) > ROUNDING * np.outer(reads, written), product, 0.0)
            inputs = self.A @ inputs / pace
        return found

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
            outputs = outputs @ self.A / pace
            weight /= pace
            state = (self.A @ state) / pace + weight * drive
        size = horizon * constant.size
        return np.array(rows).reshape(size, self.n_units), np.array(seen).reshape(size)


def outputs_of(system: LinearSystem, state: np.ndarray) -> np.ndarray:
    return np.append(system.V @ state, system.B @ state)


def ranked(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Singular value decomposition without the directions that rounding hides."""
    left, singular, right = np.linalg.svd(matrix, full_matrices=False)
    rank = int(np.sum(singular > RANK_TOLERANCE * singular[0])) if singular.size and singular[0] > 0.0 else 0
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


@dataclass(frozen=True, eq=False)
class Match:
    """How far two linear systems are from being one.

    Attributes
    ----------
    driven : float
        Largest difference of Markov parameters, relative to all of the same kind (ReLU or input to ReLU or readout).
    free : float
        Share of the free responses of either system that the other cannot give.
    constant : float
        What the offsets make a difference of, beyond a shift of the origin, relative.
    T : (M_b, M_a) ndarray
        Change of coordinates, exact where both are fully observed and the mismatch is rounding.
    t : (M_b,) ndarray
        Shift.
    """

    driven: float
    free: float
    constant: float
    T: np.ndarray
    t: np.ndarray

    @property
    def mismatch(self) -> float:
        return max(self.driven, self.free, self.constant)


def match_systems(a: LinearSystem, b: LinearSystem, damping: float = 1.0) -> Match:
    """Compare two systems whose ReLUs are already in one order and scale.

    A `damping` above 1 gives late lags less weight: small differences of the weights add up there.

    Notes
    -----
    Both systems together have order n = M_a + M_b; if their first n Markov parameters agree, all do (Ho and Kalman
    1966). The free responses agree if the observability matrices over n lags have one range; the offsets agree if their
    difference lies in that range.
    """
    horizon, pace = a.n_units + b.n_units, pace_of(a, b, damping=damping)
    n_relu = a.V.shape[0]
    driven = 0.0
    first, second = a.markov(horizon, pace), b.markov(horizon, pace)
    for rows in (slice(0, n_relu), slice(n_relu, None)):
        for columns in (slice(0, n_relu), slice(n_relu, None)):
            driven = max(driven, _relative(first[:, rows, columns], second[:, rows, columns]))
    driven = max(driven, _relative(a.E, b.E))
    rows_a, seen_a = a.free(horizon, pace)
    rows_b, seen_b = b.free(horizon, pace)
    left_a, _, _ = ranked(rows_a)
    left_b, singular_b, right_b = ranked(rows_b)
    free = max(_outside(rows_a, left_b), _outside(rows_b, left_a))
    gap = seen_a - seen_b
    size = max(float(np.linalg.norm(seen_a)), float(np.linalg.norm(seen_b)))
    constant = float(np.linalg.norm(gap - left_b @ (left_b.T @ gap))) / size if size > 0.0 else 0.0
    inverse = (right_b.T / singular_b) @ left_b.T
    return Match(driven, free, constant, inverse @ rows_a, inverse @ gap)


def _relative(a: np.ndarray, b: np.ndarray) -> float:
    size = max(float(np.linalg.norm(a)), float(np.linalg.norm(b)))
    return float(np.linalg.norm(a - b)) / size if size > 0.0 else 0.0


def _outside(rows: np.ndarray, left: np.ndarray) -> float:
    size = float(np.linalg.norm(rows))
    return float(np.linalg.norm(rows - left @ (left.T @ rows))) / size if size > 0.0 else 0.0


def steady_arguments(system: LinearSystem) -> np.ndarray | None:
    """ReLU arguments at the rest state without ReLU outputs; None where that state is not unique."""
    K = np.eye(system.n_units) - system.A
    if np.linalg.cond(K) > 1e8:
        return None
    return np.asarray(system.V @ np.linalg.solve(K, system.h) + system.c)
