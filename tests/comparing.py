"""Results of the package held against the exact oracle: what is wrong, in words; "" if nothing."""

from __future__ import annotations

from fractions import Fraction

import exact_oracle
import numpy as np
from exact_rational import ONE, dot, solve

from plrnn_analysis import CanonicalMap
from plrnn_analysis.units import balanced

# Coordinates may be off by so many units of rounding of the terms they are made of.
ROUNDING = 2.0**-40
# Sizes that rounding cannot reach: signs, residuals and ends of continua, relative to the terms they are made of.
CLEAR = 1e-9

# Doubles are no finer than this.
SMALLEST = 2.0**-1073


def _as_double(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else -float("inf")


def _float(values) -> np.ndarray:
    return np.array([_as_double(v) for v in values])


def _terms(map: CanonicalMap, z: np.ndarray, bits) -> np.ndarray:
    """Size of what each coordinate of F(z) - z is made of, before anything cancels."""
    x = np.array(bits, dtype=float) * (np.abs(map.V) @ np.abs(z) + np.abs(map.c))
    return np.abs(map.A) @ np.abs(z) + np.abs(map.W) @ x + np.abs(map.h) + np.abs(z)


def _exact_inverse(J) -> np.ndarray | None:
    m = len(J)
    K = [[ONE * (i == j) - J[i][j] for j in range(m)] for i in range(m)]
    columns = [solve(K, [ONE * (i == j) for i in range(m)], m) for j in range(m)]
    if columns[0] is None or columns[0][1]:
        return None
    return np.array([_float(column[0]) for column in columns]).T


def _spread(inverse: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """|inverse| times errors, where entries beyond the range of doubles count only beside errors that are not zero."""
    used = errors > 0.0
    with np.errstate(over="ignore"):
        return np.abs(inverse)[:, used] @ errors[used]


def _far(found: np.ndarray, exact, allowed: np.ndarray, unit: np.ndarray | float = 1.0) -> bool:
    """Whether a coordinate is farther off than allowed, or, in units of its own, than a correction's rounding."""
    size = np.max(np.abs(_float(exact)) / unit)
    twice = np.max(allowed / unit) ** 2 / size if size > 0.0 else 0.0
    # A coordinate that is exactly zero is shown to this share of the largest: thousands of times below its last digit.
    twice = max(twice, size * 2.0**-66)
    limits = np.maximum(np.maximum(allowed, twice * unit), SMALLEST)
    return any(t < np.inf and abs(Fraction(float(a)) - b) > Fraction(float(t)) for a, b, t in zip(found, exact, limits))


def _wrong_class(found: str, exact: str, jacobian) -> bool:
    """Whether a stability class contradicts the exact one; node or spiral counts only where floats are clear."""
    if found == "undecided":
        return False
    kind, _, shape = found.partition(" ")
    if kind != exact:
        return True
    J = np.array([_float(row) for row in jacobian])
    used = np.abs(J[J != 0.0])
    if not shape or not used.size or used.max() > 1e6 * used.min():
        return False
    values, vectors = np.linalg.eig(J)
    values = values[np.argsort(-np.abs(values))]
    size = abs(values[0])
    rest = values[1:] if values[0].imag == 0.0 else values[2:]
    if np.linalg.cond(vectors) > 1e6 or np.any(np.abs(rest) > 0.99 * size):
        return False
    turning = abs(values[0].imag) > 1e-3 * size
    if values[0].imag != 0.0 and not turning:
        return False
    return shape != ("spiral" if turning else "node")


def fixed_points(map: CanonicalMap, exact, result) -> str:
    """What a search for fixed points says against (points, continua) of the oracle.

    A third list holds what lies in the closure of a continuum: a search that was stopped may not know that yet.
    """
    points = {p.bitcodes[0]: p for p in exact[0]}
    continua = {p.bitcodes[0]: p for p in exact[1]}
    codes, pieces = [p.bitcode for p in result], [c.bitcode for c in result.continua]
    if len(set(codes)) != len(codes) or len(set(pieces)) != len(pieces):
        return f"listed twice: {sorted(codes)}, continua {sorted(pieces)}"
    if result.complete and (set(codes) != set(points) or set(pieces) != set(continua)):
        return (
            f"complete, but points {sorted(codes)} and continua {sorted(pieces)} "
            f"instead of {sorted(points)} and {sorted(continua)}"
        )
    if not result.complete and len(exact) > 2:
        points |= {p.bitcodes[0]: p for p in exact[2] if not p.dimension}
        continua |= {p.bitcodes[0]: p for p in exact[2] if p.dimension}
    if not result.complete:
        pieces = [code for code in pieces if code in continua or not _is_part(map, code)]
    if not set(codes) <= set(points) or not set(pieces) <= set(continua):
        return f"incomplete and false: points {sorted(codes)}, continua {sorted(pieces)}"
    for point in result:
        problem = _wrong_point(map, points[point.bitcode], point)
        if problem:
            return f"point {point.bitcode}: {problem}"
    for continuum in result.continua:
        known = continuum.bitcode in continua
        problem = _wrong_continuum(map, continua[continuum.bitcode], continuum) if known else ""
        if problem:
            return f"continuum {continuum.bitcode}: {problem}"
    return ""


def _is_part(map: CanonicalMap, code: str) -> bool:
    """Whether a continuum exists but lies in the closure of another, which a search that was stopped may not know."""
    word = (tuple(int(bit) for bit in code.replace("-", "")),)
    return exact_oracle.piece_of([exact_oracle.read(map)], 1, word) is not None


def _wrong_point(map: CanonicalMap, exact, point) -> str:
    z = _float(exact.orbit[0])
    terms = _terms(map, z, exact.word[0])
    inverse = _exact_inverse(exact.jacobian)
    allowed = CLEAR * terms if inverse is None else _spread(inverse, ROUNDING * terms)
    if _far(point.z, exact.orbit[0], allowed, balanced(map).state):
        return f"z = {point.z.tolist()} instead of {z.tolist()}"
    if _wrong_class(point.stability, exact_oracle.classify(exact), exact.jacobian):
        return f"{point.stability} instead of {exact_oracle.classify(exact)}"
    sizes = np.abs(map.V) @ np.abs(z) + np.abs(map.c)
    y, moving = _float(exact.y[0]), np.any(map.V != 0.0, axis=1)
    touches = any(value == 0 for value, moves in zip(exact.y[0], moving) if moves)
    if touches and not point.on_boundary:
        return "on a boundary, but not flagged"
    sizes += np.abs(map.V) @ terms
    if point.on_boundary and not np.any((np.abs(y) <= 1e-6 * sizes)[moving]):
        return "flagged on_boundary, far from any"
    return ""


def _wrong_continuum(map: CanonicalMap, exact, continuum) -> str:
    if continuum.dimension != exact.dimension or len(continuum.directions) != exact.dimension:
        return f"dimension {continuum.dimension} instead of {exact.dimension}"
    bits, z = np.array(exact.word[0], dtype=bool), continuum.anchor
    # A ReLU whose argument is zero may be active in doubles.
    if np.any(np.abs(map.step(z) - z) > CLEAR * _terms(map, z, np.ones(map.n_relu)) + map.n_units * SMALLEST):
        return f"the anchor {z.tolist()} is no fixed point"
    sizes = np.abs(map.V) @ np.abs(z) + np.abs(map.c)
    if np.any(np.where(bits, -1.0, 1.0) * map.preactivation(z) > CLEAR * sizes):
        return f"the anchor {z.tolist()} lies outside"
    still = np.array([value == 0 for value in exact.y[0]], dtype=bool)
    for way in continuum.directions:
        moved = map.A @ way + map.W @ (bits * (map.V @ way)) - way
        made_of = np.abs(map.A) @ np.abs(way) + np.abs(map.W) @ (bits * (np.abs(map.V) @ np.abs(way))) + np.abs(way)
        noise = ROUNDING * np.abs(way).max()
        made_of += noise * (np.abs(map.A).sum(1) + np.abs(map.W) @ np.abs(map.V).sum(1) + 1.0)
        leaves = np.abs(map.V @ way) > CLEAR * (np.abs(map.V) @ (np.abs(way) + noise))
        if np.any(np.abs(moved) > CLEAR * made_of) or np.any(leaves & still):
            return f"the direction {way.tolist()} leads away from it"
    if exact.dimension == 1:
        return _wrong_interval(map, exact, continuum)
    return "" if continuum.interval is None else "an interval in several dimensions"


def _wrong_interval(map: CanonicalMap, exact, continuum) -> str:
    """Compare the ends, as points."""
    way, start = exact.directions[0][0], exact.orbit[0]
    rows = exact_oracle.read(map).V
    low = high = None
    for row, y, bit in zip(rows, exact.y[0], exact.word[0]):
        speed = dot(row, way)
        if speed:
            end = -y / speed
            if (speed > 0) == bool(bit):
                low = end if low is None else max(low, end)
            else:
                high = end if high is None else min(high, end)
    if continuum.interval is None:
        return "no interval"
    biggest = max(range(len(way)), key=lambda i: abs(way[i]))
    forward = (continuum.directions[0][biggest] > 0) == (way[biggest] > 0)
    for t, end in zip(continuum.interval, (low, high) if forward else (high, low)):
        if np.isfinite(t) != (end is not None):
            return f"interval {continuum.interval}, open ends differ"
        if end is not None:
            point = continuum.anchor + t * continuum.directions[0]
            at = [a + end * b for a, b in zip(start, way)]
            size = np.abs(continuum.anchor) + np.abs(t * continuum.directions[0]) + np.abs(_float(at))
            if _far(point, at, CLEAR * (size + _terms(map, _float(at), exact.word[0]))):
                return f"it ends at {point.tolist()} instead of {_float(at).tolist()}"
    return ""


def cycles(map: CanonicalMap, exact, result, inputs=None) -> str:
    """What a search for cycles says against {period: (isolated, families)} of the oracle."""
    seen: set[tuple] = set()
    for found, which, name in ((result, 0, "cycle"), (result.continua, 1, "family")):
        for item in found:
            key = (which, item.period, item.word)
            known = {p.bitcodes: p for p in exact.get(item.period, ((), ()))[which]}
            if key in seen:
                return f"{name} {item.word} listed twice"
            if item.word not in known and item.period > result.complete_up_to and _is_face(map, item, inputs):
                continue
            if item.word not in known:
                return f"{name} {item.word} does not exist; of period {item.period} there are {sorted(known)}"
            seen.add(key)
            problem = (_wrong_cycle, _wrong_family)[which](map, known[item.word], item, inputs)
            if problem:
                return f"{name} {item.word}: {problem}"
    for period, kinds in exact.items():
        if period <= result.complete_up_to:
            for which, pieces in enumerate(kinds):
                for piece in pieces:
                    if (which, period, piece.bitcodes) not in seen:
                        return f"{('cycle', 'family')[which]} {piece.bitcodes} of period {period} is missing"
    return ""


def _is_face(map: CanonicalMap, item, inputs) -> bool:
    """Whether a family exists but lies in the closure of another, which a search that was stopped may not have seen."""
    system, shift = exact_oracle.read(map), 1 if inputs is None else len(inputs)
    steps = [system] if inputs is None else [system.with_input(exact_oracle.fractions(s)).rounded() for s in inputs]
    word = tuple(tuple(int(bit) for bit in code.replace("-", "")) for code in item.word)
    piece = exact_oracle.piece_of(steps * (item.period // shift), shift, word)
    return piece is not None and piece.dimension == getattr(item, "dimension", 0)


def _ring_inverse(map: CanonicalMap, word) -> np.ndarray | None:
    k, m = len(word), map.n_units
    K = np.eye(k * m)
    for t, bits in enumerate(word):
        after = (t + 1) % k
        K[after * m : (after + 1) * m, t * m : (t + 1) * m] -= map.jacobian(bits)
    try:
        inverse = np.linalg.inv(K)
    except np.linalg.LinAlgError:
        return None
    return inverse if np.all(np.isfinite(inverse)) else None


def _wrong_cycle(map: CanonicalMap, exact, cycle, inputs) -> str:
    push = np.zeros(map.n_units) if inputs is None else np.abs(map.C) @ np.abs(inputs).max(axis=0)
    terms = np.concatenate([_terms(map, _float(z), bits) + push for z, bits in zip(exact.orbit, exact.word)])
    inverse = _ring_inverse(map, exact.word)
    allowed = CLEAR * terms if inverse is None else 4.0 * ROUNDING * np.abs(inverse) @ terms + ROUNDING * terms
    if _far(cycle.points.ravel(), [value for z in exact.orbit for value in z], allowed):
        return f"points {cycle.points.tolist()} instead of {[_float(z).tolist() for z in exact.orbit]}"
    if _wrong_class(cycle.stability, exact_oracle.classify(exact), exact.jacobian):
        return f"{cycle.stability} instead of {exact_oracle.classify(exact)}"
    moving = np.any(map.V != 0.0, axis=1)
    touches = any(v == 0 for y in exact.y for v, moves in zip(y, moving) if moves)
    return "on a boundary, but not flagged" if touches and not cycle.on_boundary else ""


def _wrong_family(map: CanonicalMap, exact, family, inputs) -> str:
    if family.dimension != exact.dimension or len(family.directions) != exact.dimension:
        return f"dimension {family.dimension} instead of {exact.dimension}"
    for t, bits in enumerate(exact.word):
        z, after = family.anchor[t], family.anchor[(t + 1) % family.period]
        s = None if inputs is None else np.asarray(inputs)[(t + 1) % len(inputs)]
        size = _terms(map, z, np.ones(map.n_relu)) + np.abs(after) + (0.0 if s is None else np.abs(map.C) @ np.abs(s))
        if np.any(np.abs(map.step(z, s) - after) > CLEAR * size):
            return f"the anchor {family.anchor.tolist()} is no cycle"
        for way in family.directions:
            moved = map.A @ way[t] + map.W @ (np.array(bits) * (map.V @ way[t])) - way[(t + 1) % family.period]
            size = np.abs(way[t]) + np.abs(way).max()
            made_of = np.abs(map.A) @ size + np.abs(map.W) @ (np.abs(map.V) @ size) + np.abs(way).max(0)
            if np.any(np.abs(moved) > CLEAR * made_of):
                return f"the direction {way.tolist()} leads away from it"
    return ""


def uniqueness(map: CanonicalMap, exact, certificate) -> str:
    """What a certificate of uniqueness says; False claims nothing."""
    points, continua = exact
    if not certificate.unique:
        return ""
    if len(points) != 1 or continua:
        return f"unique, but there are {len(points)} points and {len(continua)} continua"
    if certificate.fixed_point is None or certificate.fixed_point.bitcode != points[0].bitcodes[0]:
        return f"another point than {points[0].bitcodes[0]}"
    if certificate.globally_attracting and exact_oracle.classify(points[0]) != "stable":
        return f"globally attracting, but it is {exact_oracle.classify(points[0])}"
    return _wrong_point(map, points[0], certificate.fixed_point)


def subregions(map: CanonicalMap, exact, result) -> str:
    """Cells with an inside, and a point inside each."""
    wanted, found = {exact_oracle.as_code(bits) for bits in exact}, [region.bitcode for region in result]
    if len(set(found)) != len(found) or not set(found) <= wanted or (result.complete and set(found) != wanted):
        return f"subregions {found} instead of {sorted(wanted)}"
    system = exact_oracle.read(map)
    for region in result:
        y = system.arguments(exact_oracle.fractions(region.interior_point))
        inside = all(
            (value > 0) == (bit == "1") if not any(row) else (value > 0 if bit == "1" else value < 0)
            for row, value, bit in zip(system.V, y, region.bitcode)
        )
        if not inside:
            return f"the interior point of {region.bitcode} lies outside"
    return ""


def transitions(exact, graph) -> str:
    """Nodes, edges and escapes of an exact transition graph."""
    wanted = {exact_oracle.as_code(a): {exact_oracle.as_code(b) for b in targets} for a, targets in exact.items()}
    if sorted(graph) != sorted(wanted):
        return f"nodes {sorted(graph)} instead of {sorted(wanted)}"
    for node, targets in wanted.items():
        if set(graph.successors(node)) != targets & set(wanted):
            return f"{node} -> {sorted(graph.successors(node))} instead of {sorted(targets & set(wanted))}"
        if graph.nodes[node]["escapes"] != len(targets - set(wanted)):
            return f"{graph.nodes[node]['escapes']} escapes of {node} instead of {len(targets - set(wanted))}"
    return ""


def _same_corners(found, exact, spans) -> bool:
    """Whether two sets of corners are the same, in any order, to rounding of the range."""
    near = CLEAR * (np.abs(spans).max(axis=1) + spans[:, 1] - spans[:, 0])
    wanted = [np.array([float(v) for v in corner]) for corner in exact]
    found = [np.asarray(corner, dtype=float) for corner in found]
    return all(any(np.all(np.abs(a - b) <= near) for b in wanted) for a in found) and all(
        any(np.all(np.abs(a - b) <= near) for a in found) for b in wanted
    )


def input_diagram(exact, diagram) -> str:
    """Branches and continua of an input diagram, with the inputs they are there for."""
    branches, continua, _ = exact
    for name, wanted, found in (("branch", branches, diagram), ("continuum", continua, diagram.continua)):
        pieces = {exact_oracle.as_code(piece.bits): piece for piece in wanted}
        codes = [item.bitcode for item in found]
        if len(set(codes)) != len(codes):
            return f"{name} listed twice: {codes}"
        if not set(codes) <= set(pieces) or (diagram.complete and set(codes) != set(pieces)):
            return f"{name}: {sorted(codes)} instead of {sorted(pieces)}"
        for item in found:
            piece = pieces[item.bitcode]
            if not _same_corners(item.corners, piece.corners, diagram.ranges):
                corners = [[float(v) for v in corner] for corner in piece.corners]
                return f"{name} {item.bitcode} over {item.corners.tolist()} instead of {corners}"
            if name == "continuum" and item.dimension != piece.dimension:
                return f"continuum {item.bitcode} of dimension {item.dimension} instead of {piece.dimension}"
    return ""


def reduction(ranges, system, small, merges: bool) -> str:
    """What a reduction says about each ReLU; `ranges` are the exact extremes of the arguments over the domain.

    A ReLU that is merged into another, or that others were merged into, is left out.
    """
    involved = {i for i, j in _parallel(system) for i in (i, j)} if merges else set()
    for i, (row, (low, high)) in enumerate(zip(small, ranges)):
        if i in involved:
            continue
        nothing = not any(system.W[r][i] for r in range(system.m))
        wanted = "no effect" if nothing else "always off" if high <= 0 else "always on" if low >= 0 else "switches"
        if row.status != wanted:
            return f"ReLU {i} is called {row.status!r}, not {wanted!r}: from {float(low)} to {float(high)}"
        if not (Fraction(row.lowest) <= low and high <= Fraction(row.highest)):
            return f"ReLU {i} reads {float(low)} to {float(high)}, outside of {row.lowest} to {row.highest}"
    return ""


def _parallel(system) -> list[tuple[int, int]]:
    """Pairs of ReLUs whose boundaries are the same."""
    rows = [[*v, *e, c] for v, e, c in zip(system.V, system.E, system.c)]
    moving = [any(v) or any(e) for v, e in zip(system.V, system.E)]

    def same(a, b):
        return all(x * w == y * z for x, y in zip(a, b) for z, w in zip(a, b))

    return [(i, j) for i in range(len(rows)) for j in range(i) if moving[i] and moving[j] and same(rows[i], rows[j])]
