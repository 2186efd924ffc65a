"""The exact answers, by the slow and obvious way: all bit patterns, all words, in Python's fractions.

The given doubles are rational numbers, so what a search lists is a fact about them; this module finds it with none of
the package's code. The cell of a bitcode is half-open: ``y_i > 0`` where the bit is 1, ``y_i <= 0`` where it is 0, with
y = V z + c. Cells are disjoint, so the set of fixed points is the disjoint union over all bitcodes b of the convex sets
F_b = {z in the cell of b: F(z) = z}. Each that is not empty is a point or a continuum; one whose closure lies in the
closure of another continuum is not listed. Imports the standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product as all_combinations

from exact_rational import (
    ONE,
    ZERO,
    add,
    apply,
    dot,
    identity,
    interior,
    matrix,
    product,
    rank,
    relative_interior,
    solve,
    vector,
    vertices_of_projection,
)
from exact_spectrum import locate, stability


@dataclass(frozen=True)
class System:
    """F(z) = A z + W relu(V z + c) + h in Fractions; C and E are what inputs write into h and c."""

    A: list
    W: list
    V: list
    c: list
    h: list
    C: list
    E: list

    @property
    def m(self):
        return len(self.A)

    @property
    def n(self):
        return len(self.V)

    def patterns(self):
        return all_combinations((0, 1), repeat=self.n)

    def affine(self, bits):
        """Jacobian and offset in the cell `bits`."""
        columns = [i for i in range(self.n) if bits[i]]
        J = [
            [self.A[r][j] + sum((self.W[r][i] * self.V[i][j] for i in columns), ZERO) for j in range(self.m)]
            for r in range(self.m)
        ]
        return J, [self.h[r] + sum((self.W[r][i] * self.c[i] for i in columns), ZERO) for r in range(self.m)]

    def arguments(self, z):
        return add(apply(self.V, z), self.c)

    def step(self, z):
        x = [max(y, ZERO) for y in self.arguments(z)]
        return add(add(apply(self.A, z), apply(self.W, x)), self.h)

    def with_input(self, s):
        h, c = add(self.h, apply(self.C, s)), add(self.c, apply(self.E, s))
        return System(self.A, self.W, self.V, c, h, [[] for _ in h], [[] for _ in c])

    def rounded(self):
        """The same with offsets rounded to doubles."""
        return System(self.A, self.W, self.V, vector(self.c), vector(self.h), self.C, self.E)


def read(map):
    """The system of any object with arrays A, W, V, c, h, C, E, its doubles taken at their word."""
    parts = [matrix(map.A), matrix(map.W), matrix(map.V), vector(map.c), vector(map.h), matrix(map.C), matrix(map.E)]
    return System(*parts)


def as_code(bits):
    return "".join(map(str, bits)) or "-"


# --- fixed points and cycles ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """All periodic points of one word: a point, or a convex set whose relative interior holds `orbit`.

    `orbit` is (k, M), `directions` (dimension, k, M), `y` the ReLU arguments (k, H) at the orbit, and `jacobian` the
    product of the Jacobians around it, beginning at the first point.
    """

    word: tuple
    orbit: list
    directions: list
    y: list
    jacobian: list

    @property
    def dimension(self):
        return len(self.directions)

    @property
    def bitcodes(self):
        return tuple(as_code(bits) for bits in self.word)

    def repeats(self, d):
        """Whether every member already repeats after d steps."""
        return all(
            path[t] == path[(t + d) % len(path)] for path in [self.orbit, *self.directions] for t in range(len(path))
        )

    def touches(self, system, t=None):
        """Whether an argument that depends on the state is zero at the orbit."""
        moving = [i for i in range(system.n) if any(system.V[i])]
        return any(y[i] == 0 for y in self.y for i in moving)


def _conditions(rows, bits, box, P, q):
    """The closed cell at one step, and the box, as conditions on the first state: (a, b) and whether it is strict."""
    found = [((a, b), True) if bit else (([-x for x in a], -b), False) for (a, b), bit in zip(rows, bits)]
    for i, (low, high) in enumerate(box or []):
        found += [((P[i], q[i] - low), False), (([-x for x in P[i]], high - q[i]), False)]
    return found


def _piece(maps, word, steps, conditions):
    """The piece of one word. `steps` holds (P, q) with z_t = P z_0 + q for t = 0 ... k."""
    m, k = maps[0].m, len(word)
    P, q = steps[k]
    solved = solve([[ONE * (i == j) - P[i][j] for j in range(m)] for i in range(m)], q, m)
    if solved is None:
        return None
    point, basis = solved
    strict = [flag for _, flag in conditions]
    rows = []
    for (a, b), _ in conditions:
        rows.append(([dot(a, v) for v in basis], dot(a, point) + b))
        if not basis and rows[-1][1] < 0:
            return None
    inside = relative_interior(rows, len(basis))
    if inside is None or any(strict[i] for i in inside[1]):
        return None
    t, vanishing = inside
    along = solve([rows[i][0] for i in vanishing], [ZERO] * len(vanishing), len(basis))[1]
    combine = [[sum((x * v[j] for x, v in zip(way, basis)), ZERO) for j in range(m)] for way in [t, *along]]
    start = add(point, combine[0])
    orbit = [add(apply(P, start), q) for P, q in steps[:k]]
    return Piece(
        word=word,
        orbit=orbit,
        directions=[[apply(P, way) for P, _ in steps[:k]] for way in combine[1:]],
        y=[maps[(t + 1) % k].arguments(z) for t, z in enumerate(orbit)],
        jacobian=P,
    )


def _least_rotation(word, shift):
    return min(word[r:] + word[:r] for r in range(0, len(word), shift))


def _all_pieces(maps, shift, box=None, words=None):
    """The pieces of all words, or of some, one for each set of rotations. maps[t] leads into position t of the ring."""
    m, k = maps[0].m, len(maps)
    affine = [{bits: step.affine(bits) for bits in step.patterns()} for step in maps[:shift]]
    found = []

    def extend(word, steps, conditions):
        if len(word) == k:
            if word == _least_rotation(word, shift):
                piece = _piece(maps, word, steps, conditions)
                if piece is not None:
                    found.append(piece)
            return
        turn = (len(word) + 1) % k
        step = maps[turn]
        P, q = steps[-1]
        rows = list(zip(product(step.V, P), add(apply(step.V, q), step.c)))
        for bits, (J, offset) in affine[turn % shift].items():
            if len(word) % shift == 0 and word and bits < word[0]:
                continue
            if words is not None and not any(known[: len(word) + 1] == (*word, bits) for known in words):
                continue
            following = (product(J, P), add(apply(J, q), offset))
            extend((*word, bits), [*steps, following], [*conditions, *_conditions(rows, bits, box, P, q)])

    extend((), [(identity(m), [ZERO] * m)], [])
    return found


def _in_closure(piece, other, shift):
    """Whether the closure of `piece` lies in that of `other`, turned in some way: the signs at an inner point tell."""
    k = len(piece.word)
    return any(
        all(
            not (y > 0 and not bit) and not (y < 0 and bit)
            for t in range(k)
            for y, bit in zip(piece.y[t], other.word[(t + turn) % k])
        )
        for turn in range(0, k, shift)
        if other is not piece or turn
    )


def cycles(maps, shift=1, box=None):
    """Cycles of minimal period len(maps), one of each set of rotations: (isolated ones, families).

    Parameters
    ----------
    maps : list of System
        maps[t] leads from position t - 1 to position t. Without input, k times the same one.
    shift : int
        Rotations by multiples of it are the same cycle: the period of the input, or 1.
    box : list of (low, high), optional
        Only what lies in it at every step; of a family, some member.
    """
    k = len(maps)
    points, families = _listed(_all_pieces(maps, shift), shift)
    shorter = [d for d in range(shift, k, shift) if k % d == 0]
    new = [piece for piece in [*points, *families] if not any(piece.repeats(d) for d in shorter)]
    if box is not None:
        inside = {piece.word for piece in _all_pieces(maps, shift, box, {piece.word for piece in new})}
        new = [piece for piece in new if piece.word in inside]
    return [p for p in new if not p.dimension], [p for p in new if p.dimension]


def piece_of(maps, shift, word):
    """The periodic points of one word, listed or not; None if it has none. `word` is the least of its rotations."""
    return next(iter(_all_pieces(maps, shift, None, {word})), None)


def _listed(pieces, shift):
    """Points and continua, without those that lie in the closure of another continuum."""
    families = [piece for piece in pieces if piece.dimension]
    listed = [piece for piece in pieces if not any(_in_closure(piece, f, shift) for f in families if f is not piece)]
    return [p for p in listed if not p.dimension], [p for p in listed if p.dimension]


def fixed_points(system):
    """(isolated fixed points, continua), each a list of pieces with one-letter words."""
    return cycles([system])


def _block_diagonal(blocks):
    width, found, before = sum(len(block) for block in blocks), [], 0
    for block in blocks:
        found += [[*[ZERO] * before, *row, *[ZERO] * (width - before - len(row))] for row in block]
        before += len(block)
    return found


def fixed_points_of_sum(systems, T, inverse):
    """Fixed points of systems side by side, in the states ``T (z_1, z_2, ...)``: all combinations of theirs.

    Beside points and continua a third list: those that lie in the closure of a continuum.
    `T` and its inverse are matrices of Fraction. For so many ReLUs that not all patterns of the sum can be tried.
    """

    def turned(parts):
        return apply(T, [value for part in parts for value in part])

    pieces = []
    for chosen in all_combinations(*(_all_pieces([system], 1) for system in systems)):
        still = [[ZERO] * system.m for system in systems]
        ways = [[*still[:i], way[0], *still[i + 1 :]] for i, piece in enumerate(chosen) for way in piece.directions]
        pieces.append(
            Piece(
                word=(tuple(bit for piece in chosen for bit in piece.word[0]),),
                orbit=[turned([piece.orbit[0] for piece in chosen])],
                directions=[[turned(way)] for way in ways],
                y=[[value for piece in chosen for value in piece.y[0]]],
                jacobian=product(product(T, _block_diagonal([piece.jacobian for piece in chosen])), inverse),
            )
        )
    points, continua = _listed(pieces, 1)
    return points, continua, [piece for piece in pieces if piece not in points and piece not in continua]


def classify(piece):
    """Stability without node or spiral: 'stable', 'unstable', 'saddle', 'marginal'."""
    return stability(piece.jacobian)


def count_multipliers(piece):
    """How many multipliers lie inside, on and outside the unit circle."""
    return locate(piece.jacobian)


# --- subregions and steps between them --------------------------------------------------------------------------------


def _cells(rows, base, k):
    """Sign patterns of the affine functions `rows` that have an inside where all of `base` are > 0.

    Constants decide by their sign, zero counting as inactive.
    """
    found = []

    def extend(bits, conditions):
        if len(bits) == len(rows):
            found.append(bits)
            return
        a, b = rows[len(bits)]
        for bit in (0, 1):
            if not any(a):
                if bit == (b > 0):
                    extend((*bits, bit), conditions)
                continue
            more = [*conditions, (a, b) if bit else ([-x for x in a], -b)]
            if interior(more, k) is not None:
                extend((*bits, bit), more)

    if interior(base, k) is not None:
        extend((), list(base))
    return found


def _box_rows(box):
    m = len(box)
    unit = identity(m)
    return [row for i, (low, high) in enumerate(box) for row in ((unit[i], -low), ([-x for x in unit[i]], high))]


def subregions(system, box=None):
    """Bitcodes of the cells with an inside (in the open box)."""
    base = [] if box is None else _box_rows(box)
    return _cells(list(zip(system.V, system.c)), base, system.m)


def transitions(system, box):
    """{bitcode: set of bitcodes} for the subregions in the open box; targets may lie outside it."""
    graph = {}
    for bits in subregions(system, box):
        here = [
            (a, b) if bit else ([-x for x in a], -b) for a, b, bit in zip(system.V, system.c, bits) if any(a)
        ] + _box_rows(box)
        J, offset = system.affine(bits)
        after = list(zip(product(system.V, J), add(apply(system.V, offset), system.c)))
        graph[bits] = set(_cells(after, here, system.m))
    return graph


# --- inputs -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InputPiece:
    """Fixed points of one bitcode over a range of inputs.

    `corners` are the corners of the set of inputs, `width` its dimension, `dimension` that of the fixed points at one
    input inside it, and `inner` such an input.
    """

    bits: tuple
    corners: list
    width: int
    dimension: int
    inner: list


def input_pieces(system, inputs, ranges, base):
    """Every bitcode with fixed points for some input in the range; `base` holds the inputs that do not vary."""
    d, m = len(inputs), system.m
    fixed = [ZERO if k in inputs else s for k, s in enumerate(base)]
    rest = system.with_input(fixed)
    found = []
    for bits in system.patterns():
        J, offset = rest.affine(bits)
        on = [i for i in range(system.n) if bits[i]]
        pushes = [
            [-(system.C[r][k] + sum((system.W[r][i] * system.E[i][k] for i in on), ZERO)) for k in inputs]
            for r in range(m)
        ]
        K = [[*pushes[r], *[ONE * (r == j) - J[r][j] for j in range(m)]] for r in range(m)]
        solved = solve(K, offset, d + m)
        if solved is None:
            continue
        point, basis = solved
        rows, strict = [], []
        for i in range(system.n):
            row = [*[system.E[i][k] for k in inputs], *system.V[i]]
            a, b = [dot(row, v) for v in basis], dot(row, point) + rest.c[i]
            rows.append((a, b) if bits[i] else ([-x for x in a], -b))
            strict.append(bool(bits[i]))
        for j, (low, high) in enumerate(ranges):
            a, b = [v[j] for v in basis], point[j]
            rows += [(a, b - low), ([-x for x in a], high - b)]
            strict += [False, False]
        inside = relative_interior(rows, len(basis))
        if inside is None or any(strict[i] for i in inside[1]):
            continue
        t, vanishing = inside
        along = solve([rows[i][0] for i in vanishing], [ZERO] * len(vanishing), len(basis))[1]
        moves = [[sum((x * v[j] for x, v in zip(way, basis)), ZERO) for j in range(d)] for way in along]
        width = rank(moves, d)
        # The same conditions on (s, t), with s = point + basis t as two inequalities each.
        whole = [([*[ZERO] * d, *a], b) for a, b in rows]
        for j in range(d):
            link = ([*[ONE * (i == j) for i in range(d)], *[-v[j] for v in basis]], -point[j])
            whole += [link, ([-x for x in link[0]], -link[1])]
        found.append(
            InputPiece(
                bits=bits,
                corners=vertices_of_projection(whole, d, len(basis)),
                width=width,
                dimension=len(along) - width,
                inner=[point[j] + sum((x * v[j] for x, v in zip(t, basis)), ZERO) for j in range(d)],
            )
        )
    return found


def input_diagram(system, inputs, ranges, base):
    """(branches, continua, unclear): pieces that fill the range with isolated points, and continua, as listed at an
    input inside each; `unclear` are isolated points of singular subregions and of sets of inputs without an inside."""
    branches, continua, unclear = [], [], []
    for piece in input_pieces(system, inputs, ranges, base):
        s = list(base)
        for k, value in zip(inputs, piece.inner):
            s[k] = value
        points, lines = fixed_points(system.with_input(s))
        word = (piece.bits,)
        if piece.dimension:
            if any(line.word == word for line in lines):
                continua.append(piece)
        elif piece.width == len(inputs) and any(point.word == word for point in points):
            branches.append(piece)
        else:
            unclear.append(piece)
    return branches, continua, unclear


def argument_ranges(system, box, inputs=()):
    """Lowest and highest value of each ReLU argument over a box of states and one of inputs."""
    found = []
    for i in range(system.n):
        terms = [(a, span) for a, span in zip([*system.V[i], *system.E[i]], [*box, *inputs])]
        low = system.c[i] + sum((min(a * span[0], a * span[1]) for a, span in terms), ZERO)
        high = system.c[i] + sum((max(a * span[0], a * span[1]) for a, span in terms), ZERO)
        found.append((low, high))
    return found


def fractions(values):
    return [Fraction(float(v)) for v in values]
