"""Systems drawn by seed, all architectures, from harmless to degenerate; and the same ones in other units.

Each system comes with variants: exact changes of units (powers of two, so that the answer is the same set in other
numbers), offsets of another size, weights over six orders of magnitude, last digits changed, and one weight chosen so
that I - J of one subregion is nearly singular.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import exact_oracle
import numpy as np
from exact_rational import ONE, solve

from plrnn_analysis import PLRNN, CanonicalMap

ARCHITECTURES = ("al_rnn", "plrnn", "shallow", "clipped_shallow", "dendritic", "relu_rnn", "canonical")
KINDS = ("integer", "dyadic", "structured", "doubles", "float32")
UNITS = (10, 20, 30)
OFFSETS = (20, 40, 60)
DISTANCES = (1e-5, 1e-7, 1e-9, 1e-11, 1e-13, 1e-15)
# Plane rotations of order 2, 3, 4 and 6 with whole entries.
ROTATIONS = ([[-1, 0], [0, -1]], [[0, -1], [1, -1]], [[0, -1], [1, 0]], [[0, -1], [1, 1]])


@dataclass(frozen=True, eq=False)
class Drawn:
    """A map, how it was made, and whether its answer may hang on a last digit."""

    map: CanonicalMap
    name: str
    near_degenerate: bool = False


def draw_model(rng: np.random.Generator, largest: int = 6, inputs: int = 0) -> tuple[PLRNN | CanonicalMap, str]:
    """A system with at most `largest` ReLUs: a model of an architecture, or a bare map; and its name."""
    kind = KINDS[rng.choice(len(KINDS), p=[0.25, 0.15, 0.25, 0.2, 0.15])]
    architecture = ARCHITECTURES[rng.integers(len(ARCHITECTURES))]
    if kind == "structured":
        architecture = "canonical"
    sizes = _Sizes(rng, kind)
    make = {
        "al_rnn": _al_rnn, "plrnn": _plrnn, "shallow": _shallow, "clipped_shallow": _clipped, "dendritic": _dendritic,
        "relu_rnn": _relu_rnn, "canonical": _structured if kind == "structured" else _canonical,
    }[architecture]  # fmt: skip
    return make(sizes, largest, inputs), f"{kind} {architecture}"


def draw(rng: np.random.Generator, largest: int = 6) -> tuple[CanonicalMap, str]:
    """A map without inputs, with at most `largest` ReLUs, and its name."""
    model, name = draw_model(rng, largest)
    return (model if isinstance(model, CanonicalMap) else model.map), name


class _Sizes:
    """Draws numbers of one kind."""

    def __init__(self, rng: np.random.Generator, kind: str) -> None:
        self.rng, self.kind = rng, kind
        self.largest = int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15]))
        self.gain = float(rng.choice([0.3, 1.0, 2.0, 3.0]))
        self.bias_free = kind != "doubles" and rng.random() < 0.25

    @property
    def exact(self) -> bool:
        return self.kind in ("integer", "dyadic", "structured")

    def weights(self, *shape: int) -> np.ndarray:
        rng = self.rng
        if self.exact:
            values = rng.integers(-self.largest, self.largest + 1, shape).astype(float)
            return values * rng.choice([0.25, 0.5, 1.0]) if self.kind == "dyadic" else values
        values = self.gain * rng.normal(size=shape) / np.sqrt(max(shape[-1], 1) if len(shape) > 1 else 1.0)
        return self.rounded(values)

    def diagonal(self, m: int) -> np.ndarray:
        if self.exact:
            return self.rng.choice([-1.0, 0.0, 0.5, 1.0, 2.0], m, p=[0.1, 0.2, 0.25, 0.35, 0.1])
        return self.rounded(self.rng.uniform(-0.3, 1.1, m))

    def offsets(self, n: int) -> np.ndarray:
        if self.bias_free:
            return np.zeros(n)
        if self.exact:
            sparse = self.rng.random(n) < 0.7
            return self.rng.integers(-2, 3, n) * sparse.astype(float)
        return self.rounded(self.rng.normal(size=n))

    def rounded(self, values: np.ndarray) -> np.ndarray:
        return values.astype(np.float32).astype(float) if self.kind == "float32" else values

    def size(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, max(high, low) + 1))


def _inputs(sizes: _Sizes, m: int, inputs: int) -> np.ndarray | None:
    return sizes.weights(m, inputs) if inputs else None


def _al_rnn(s: _Sizes, largest: int, inputs: int) -> PLRNN:
    m = s.size(1, 5)
    return PLRNN.al_rnn(
        s.diagonal(m), s.weights(m, m), s.offsets(m), pwl_units=s.size(0, min(m, largest)), C=_inputs(s, m, inputs)
    )


def _plrnn(s: _Sizes, largest: int, inputs: int) -> PLRNN:
    m = s.size(1, min(5, largest))
    W = s.weights(m, m)
    np.fill_diagonal(W, 0.0)
    return PLRNN.al_rnn(s.diagonal(m), W, s.offsets(m), pwl_units=m, C=_inputs(s, m, inputs))


def _shallow(s: _Sizes, largest: int, inputs: int) -> PLRNN:
    m, n = s.size(1, 4), s.size(1, largest)
    W1, W2 = s.weights(m, n), s.weights(n, m)
    return PLRNN.shallow(s.diagonal(m), W1, W2, s.offsets(m), s.offsets(n), _inputs(s, m, inputs))


def _clipped(s: _Sizes, largest: int, inputs: int) -> PLRNN:
    m, n = s.size(1, 3), s.size(1, max(largest // 2, 1))
    W1, W2 = s.weights(m, n), s.weights(n, m)
    return PLRNN.clipped_shallow(s.diagonal(m), W1, W2, s.offsets(m), s.offsets(n), _inputs(s, m, inputs))


def _dendritic(s: _Sizes, largest: int, inputs: int) -> PLRNN:
    m = s.size(1, 3)
    bases = s.size(1, max(largest // m, 1))
    return PLRNN.dendritic(
        s.diagonal(m),
        s.weights(m, m),
        s.offsets(m),
        s.offsets(bases),
        s.offsets(m * bases).reshape(m, bases),
        _inputs(s, m, inputs),
    )


def _relu_rnn(s: _Sizes, largest: int, inputs: int) -> PLRNN:
    m = s.size(1, min(5, largest))
    return PLRNN.relu_rnn(s.weights(m, m), s.offsets(m), _inputs(s, m, inputs))


def _canonical(s: _Sizes, largest: int, inputs: int) -> CanonicalMap:
    m, n = s.size(1, 4), s.size(0, largest)
    C, E = (s.weights(m, inputs), s.weights(n, inputs)) if inputs else (None, None)
    A = s.weights(m, m) * (s.rng.random((m, m)) < 0.6)
    return CanonicalMap.build(A, s.weights(m, n), s.weights(n, m), s.offsets(n), s.offsets(m), C, E)


def _structured(s: _Sizes, largest: int, inputs: int) -> CanonicalMap:
    """Integrators, rotations, repeated units, ReLUs that cancel, constant ReLUs: continua and families are common."""
    rng = s.rng
    m, n = s.size(1, 4), s.size(1, largest)
    A = np.diag(rng.choice([1.0, 1.0, 1.0, 0.0, -1.0, 0.5], m))
    if m >= 2 and rng.random() < 0.4:
        A[:2, :2] = ROTATIONS[rng.integers(len(ROTATIONS))]
    V = s.weights(n, m)
    W = s.weights(m, n) * (rng.random((m, n)) < 0.6)
    c, h = s.offsets(n), s.offsets(m) * (rng.random() < 0.5)
    for i in range(1, n):
        fate = rng.random()
        if fate < 0.2:  # a copy of an earlier unit, or its mirror image
            j = int(rng.integers(i))
            sign = rng.choice([-1.0, 1.0, 2.0])
            V[i], c[i] = sign * V[j], sign * c[j]
            if rng.random() < 0.5:
                W[:, i] = -W[:, j]
        elif fate < 0.26:  # reads nothing
            V[i] = 0.0
        elif fate < 0.32:  # writes nothing
            W[:, i] = 0.0
    C, E = (s.weights(m, inputs), s.weights(n, inputs)) if inputs else (None, None)
    return CanonicalMap.build(A, W, V, c, h, C, E)


def draw_sum(rng: np.random.Generator, relus: int) -> tuple[CanonicalMap, list[CanonicalMap], np.ndarray, np.ndarray]:
    """Systems side by side with at least `relus` ReLUs, in mixed states ``T (z_1, z_2, ...)``: (map, systems, T, T^-1).

    T is a product of shears by whole numbers, so that the mixture of whole and dyadic systems is exact; or T = 1, and
    the systems are any, in any variant.
    """
    parts: list[CanonicalMap] = []
    mixed = rng.random() < 0.6
    while sum(part.n_relu for part in parts) < relus:
        part, name = draw(rng, largest=5)
        if not mixed:
            chosen = list(variants(rng, part, name))
            part = chosen[int(rng.integers(len(chosen)))].map
        if part.n_relu and not (mixed and name.startswith(("doubles", "float32"))):
            parts.append(part)
    m, n = sum(part.n_units for part in parts), sum(part.n_relu for part in parts)
    T, inverse = np.eye(m), np.eye(m)
    for _ in range(m if mixed else 0):
        i, j = rng.permutation(m)[:2] if m > 1 else (0, 0)
        if i != j:
            factor = float(rng.choice([-1.0, 1.0]))
            T[i] += factor * T[j]
            inverse[:, j] -= factor * inverse[:, i]
    A, W, V = np.zeros((m, m)), np.zeros((m, n)), np.zeros((n, m))
    row = column = 0
    for part in parts:
        here, there = slice(row, row + part.n_units), slice(column, column + part.n_relu)
        A[here, here], W[here, there], V[there, here] = part.A, part.W, part.V
        row, column = row + part.n_units, column + part.n_relu
    c, h = (np.concatenate([getattr(part, name) for part in parts]) for name in "ch")
    return CanonicalMap.build(T @ A @ inverse, T @ W, V @ inverse, c, T @ h), parts, T, inverse


# --- variants ---------------------------------------------------------------------------------------------------------


def in_other_units(map: CanonicalMap, states: np.ndarray, arguments: np.ndarray) -> CanonicalMap:
    """The same map with states times `states` (M,) and ReLU arguments times `arguments` (H,), powers of two.

    Raises
    ------
    OverflowError
        Where a number would leave the range of normal doubles, so that the change would not be exact.
    """
    t, r = states, arguments
    parts = {
        "A": map.A * t[:, None] / t, "W": map.W * t[:, None] / r, "V": map.V * r[:, None] / t,
        "c": map.c * r, "h": map.h * t, "C": map.C * t[:, None], "E": map.E * r[:, None],
    }  # fmt: skip
    for name, values in parts.items():
        used = np.abs(values[getattr(map, name) != 0.0])
        if used.size and not (used.min() > 2.0**-1000 and used.max() < 2.0**1000):
            raise OverflowError(name)
    return CanonicalMap.build(**parts)


def with_offsets(map: CanonicalMap, factor: float) -> CanonicalMap:
    """Offsets times a power of two: fixed points are multiplied by it as well."""
    return CanonicalMap.build(map.A, map.W, map.V, map.c * factor, map.h * factor, map.C, map.E)


def random_units(rng: np.random.Generator, map: CanonicalMap, power: int) -> CanonicalMap:
    """Each unit and each ReLU in a unit of its own, 2^-power to 2^power."""
    t, r = (np.ldexp(1.0, rng.integers(-power, power + 1, n)) for n in (map.n_units, map.n_relu))
    return in_other_units(map, t, r)


def extreme_units(rng: np.random.Generator, map: CanonicalMap, power: int) -> CanonicalMap:
    """Each unit and each ReLU in units of 2^-power, 1 or 2^power."""
    t, r = (np.ldexp(1.0, power * rng.integers(-1, 2, n)) for n in (map.n_units, map.n_relu))
    return in_other_units(map, t, r)


def spread_weights(rng: np.random.Generator, map: CanonicalMap) -> CanonicalMap:
    """Every weight times a factor of its own, 2^-10 to 2^11: no change of units."""

    def spread(a: np.ndarray) -> np.ndarray:
        return np.ldexp(a * rng.uniform(1.0, 2.0, a.shape), rng.integers(-10, 11, a.shape))

    W, V, c, h = (spread(a) for a in (map.W, map.V, map.c, map.h))
    return CanonicalMap.build(map.A, W, V, c, h, map.C, map.E)


def nearly_singular(rng: np.random.Generator, map: CanonicalMap, distance: float) -> CanonicalMap | None:
    """One entry of A changed so that I - J of one subregion is singular but for a relative `distance` of that entry."""
    bits = rng.random(map.n_relu) < 0.5
    i, j = (int(k) for k in rng.integers(map.n_units, size=2))
    J, _ = exact_oracle.read(map).affine(bits)
    K = [[ONE * (r == k) - J[r][k] for k in range(map.n_units)] for r in range(map.n_units)]
    # K - t e_i e_j' is singular where t = 1 / (K^-1)_ji; in fractions, so that every machine draws the same system.
    column = solve(K, [ONE * (r == i) for r in range(map.n_units)], map.n_units)
    if column is None or column[1] or not column[0][j]:
        return None
    A = map.A.copy()
    A[i, j] += float(1 / column[0][j])
    A[i, j] += (distance if rng.random() < 0.5 else -distance) * max(abs(A[i, j]), 1.0)
    return CanonicalMap.build(A, map.W, map.V, map.c, map.h, map.C, map.E)


def nudged(rng: np.random.Generator, map: CanonicalMap) -> CanonicalMap:
    """Some numbers moved by their last digit, some zeros by very little: what was degenerate is no longer, just."""
    share, tiny = rng.choice([0.1, 0.5, 1.0]), rng.random() < 0.5

    def nudge(a: np.ndarray) -> np.ndarray:
        up, chosen = rng.choice([-np.inf, np.inf], a.shape), rng.random(a.shape) < share
        little = np.ldexp(rng.choice([-1.0, 1.0], a.shape), rng.choice([-30, -52, -60, -100], a.shape))
        moved = np.where(a != 0.0, np.nextafter(a, up), little if tiny else 0.0)
        return np.where(chosen, moved, a)

    which = rng.choice(["A", "W", "V", "c", "h", "ch", "AWVch"])
    parts = {name: nudge(getattr(map, name)) if name in which else getattr(map, name) for name in "AWVch"}
    return CanonicalMap.build(**parts, C=map.C, E=map.E)


def variants(rng: np.random.Generator, map: CanonicalMap, name: str) -> Iterator[Drawn]:
    """The map itself, then one variant of each kind at a size drawn."""
    yield Drawn(map, name)
    changes = [(random_units, UNITS), (extreme_units, UNITS)]
    for change, sizes in changes:
        power = int(rng.choice(sizes))
        try:
            yield Drawn(change(rng, map, power), f"{name}, {change.__name__} 2^{power}")
        except OverflowError:
            continue
    power = int(rng.choice(OFFSETS)) * int(rng.choice([-1, 1]))
    yield Drawn(with_offsets(map, 2.0**power), f"{name}, offsets 2^{power}")
    yield Drawn(spread_weights(rng, map), f"{name}, weights over six orders of magnitude")
    yield Drawn(nudged(rng, map), f"{name}, nudged", near_degenerate=True)
    distance = float(rng.choice(DISTANCES))
    near = nearly_singular(rng, map, distance)
    if near is not None:
        yield Drawn(near, f"{name}, within {distance:g} of singular", near_degenerate=True)
