"""Searches of the package on drawn systems, each answer held against the exact oracle.

`survey` runs one kind of search over seeds and returns a tally; fast tests, stress tests and runs by hand differ in the
number of seeds alone. By hand, from the repository root::

    PYTHONPATH=tests python -m surveying fixed-points 0 2000
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import comparing
import drawing
import exact_oracle
import numpy as np

from plrnn_analysis import PLRNN, CanonicalMap, GraphError
from plrnn_analysis.certificates import certify_unique
from plrnn_analysis.cycles import find_cycles
from plrnn_analysis.exact_transitions import exact_transition_graph
from plrnn_analysis.fixed_points import find_fixed_points
from plrnn_analysis.regions import find_subregions

# Of one search: thousands of singular words, each a polyhedron of its own, are no test of exactness.
SECONDS = 3.0


@dataclass(frozen=True)
class Verdict:
    """One answer: of which search, right or what is wrong, and whether it claims to be complete."""

    system: str
    search: str
    problem: str
    complete: bool = True
    near_degenerate: bool = False
    undecided: int = 0
    out_of_time: bool = False


@dataclass
class Tally:
    """Counts of verdicts, with the wrong ones in words."""

    systems: int = 0
    answers: Counter = field(default_factory=Counter)
    incomplete: Counter = field(default_factory=Counter)
    out_of_time: list[str] = field(default_factory=list)
    undecided: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def share_incomplete(self) -> float:
        """Of the answers on systems that are not nearly degenerate by construction."""
        plain = sum(n for (_, near), n in self.answers.items() if not near)
        return sum(n for (_, near), n in self.incomplete.items() if not near) / max(plain, 1)

    def add(self, seed: int, verdict: Verdict) -> None:
        key = verdict.search, verdict.near_degenerate
        self.answers[key] += 1
        self.incomplete[key] += not (verdict.complete or verdict.out_of_time)
        if verdict.out_of_time:
            self.out_of_time.append(f"seed {seed}, {verdict.system}; {verdict.search}")
        self.undecided += verdict.undecided
        if verdict.problem:
            self.wrong.append(f"seed {seed}, {verdict.system}; {verdict.search}: {verdict.problem}")

    def __str__(self) -> str:
        lines = [f"{self.systems} systems and variants, {sum(self.answers.values())} answers, {len(self.wrong)} wrong, "
                 f"{100 * self.share_incomplete:.3f} % incomplete away from degeneracy, "
                 f"{self.undecided} stability classes undecided, {len(self.out_of_time)} out of time"]  # fmt: skip
        lines += [
            f"  {search}{', near degeneracy' if near else ''}: {n} answers, {self.incomplete[search, near]} incomplete"
            for (search, near), n in sorted(self.answers.items())
        ]
        lines += [f"  out of time: {late}" for late in self.out_of_time]
        return "\n".join([*lines, *self.wrong])


def survey(kind: str, seeds: range) -> Tally:
    """Run one kind of search on the systems of these seeds."""
    tally = Tally()
    for seed in seeds:
        seen = set()
        for verdict in KINDS[kind](np.random.default_rng([seed, 17])):
            tally.add(seed, verdict)
            seen.add(verdict.system)
        tally.systems += len(seen)
    return tally


def _try(search: Callable, judge: Callable) -> tuple[str, object]:
    """The answer of a search and what is wrong with it; an exception is wrong as well."""
    try:
        result = search()
        return judge(result), result
    except Exception as error:
        return f"raised {type(error).__name__}: {error}", None


def _verdict(drawn: drawing.Drawn, search: str, answer: tuple[str, object]) -> Verdict:
    problem, result = answer
    complete = getattr(result, "complete", True)
    undecided = 0
    if hasattr(result, "continua") and hasattr(result, "__len__"):
        undecided = sum(getattr(item, "stability", "") == "undecided" for item in result)
    covered = getattr(result, "coverage", None)
    coverage = covered.values() if isinstance(covered, dict) else [covered]
    late = not complete and any(getattr(part, "stopped_by", "") == "time_limit" for part in coverage)
    return Verdict(drawn.name, search, problem, complete, drawn.near_degenerate, undecided, late)


def fixed_points(rng: np.random.Generator) -> Iterator[Verdict]:
    """All engines; every seventh system has more ReLUs than are enumerated."""
    many = rng.random() < 1 / 7
    map, name = drawing.draw(rng, largest=9 if many else 6)
    for drawn in drawing.variants(rng, map, name):
        exact = exact_oracle.fixed_points(exact_oracle.read(drawn.map))
        for method in ("auto", "elimination", "linear programs"):

            def search(map=drawn.map, method=method):
                return find_fixed_points(map, method=method, time_limit=SECONDS)

            def judge(result, map=drawn.map, exact=exact):
                return comparing.fixed_points(map, exact, result)

            yield _verdict(drawn, method, _try(search, judge))


def sums(rng: np.random.Generator) -> Iterator[Verdict]:
    """More ReLUs than the oracle could search: small systems side by side, mixed; fixed points are all combinations."""
    map, parts, T, inverse = drawing.draw_sum(rng, int(rng.integers(7, 14)))
    states = [exact_oracle.matrix(matrix) for matrix in (T, inverse)]
    exact = exact_oracle.fixed_points_of_sum([exact_oracle.read(part) for part in parts], *states)
    if len(exact[0]) + len(exact[1]) > 60:
        return
    drawn = drawing.Drawn(map, f"{len(parts)} systems side by side")
    for method in ("auto", "elimination", "linear programs"):
        if method == "elimination" and map.n_relu > 14:
            continue

        def search(method=method):
            return find_fixed_points(map, method=method, time_limit=SECONDS)

        def judge(result):
            return comparing.fixed_points(map, exact, result)

        yield _verdict(drawn, f"sums, {method}", _try(search, judge))


def cycles(rng: np.random.Generator) -> Iterator[Verdict]:
    """The ring engines up to H k = 12, in any units; words in a box where the map is planar."""
    map, name = drawing.draw(rng, largest=int(rng.choice([1, 2, 3, 4, 6], p=[0.2, 0.4, 0.2, 0.15, 0.05])))
    if map.n_units > 4:
        return
    longest = min(6, 12 // max(map.n_relu, 2))
    chosen = list(drawing.variants(rng, map, name))
    for drawn in [chosen[0], chosen[int(rng.integers(1, len(chosen)))]]:
        system = exact_oracle.read(drawn.map)
        exact = {k: exact_oracle.cycles([system] * k) for k in range(1, longest + 1)}
        for method in ("auto", "elimination", "linear programs"):

            def search(map=drawn.map, method=method):
                return find_cycles(map, longest, method=method, time_limit=SECONDS)

            def judge(result, map=drawn.map, exact=exact):
                return comparing.cycles(map, exact, result)

            yield _verdict(drawn, f"cycles, {method}", _try(search, judge))


def words(rng: np.random.Generator) -> Iterator[Verdict]:
    """Cycles in a box, by the tree over words and by the ring engines, in any units."""
    map, name = drawing.draw(rng, largest=2)
    if map.n_units > 3:
        return
    corner = np.full(map.n_units, float(rng.choice([1.0, 2.5, 8.0, 40.0])))
    if rng.random() < 0.5:
        t, r = (np.ldexp(1.0, rng.integers(-20, 21, n)) for n in (map.n_units, map.n_relu))
        map, corner, name = drawing.in_other_units(map, t, r), corner * t, f"{name}, in other units"
    drawn = drawing.Drawn(map, name)
    longest = min(6, 12 // max(map.n_relu, 2))
    system = exact_oracle.read(map)
    box = [(-side, side) for side in exact_oracle.fractions(corner)]
    exact = {k: exact_oracle.cycles([system] * k, box=box) for k in range(1, longest + 1)}
    for method in ("auto", "words in a box", "elimination"):

        def search(method=method):
            return find_cycles(map, longest, box=(-corner, corner), method=method, time_limit=SECONDS)

        def judge(result):
            return comparing.cycles(map, exact, result)

        yield _verdict(drawn, f"cycles in a box, {method}", _try(search, judge))


def driven_cycles(rng: np.random.Generator) -> Iterator[Verdict]:
    """Cycles under an input of period 2 or 3."""
    model, name = drawing.draw_model(rng, largest=2, inputs=int(rng.integers(1, 3)))
    map = model if isinstance(model, CanonicalMap) else model.map
    if map.n_units > 3:
        return
    drawn = drawing.Drawn(map, name)
    shift = int(rng.integers(2, 4))
    inputs = rng.integers(-2, 3, (shift, map.n_inputs)).astype(float)
    if rng.random() < 0.3:
        inputs *= rng.uniform(0.5, 1.5, inputs.shape)
    system = exact_oracle.read(map)
    # Offsets under an input are rounded once, to the nearest doubles.
    steps = [system.with_input(exact_oracle.fractions(s)).rounded() for s in inputs]
    longest = min(2, 12 // (shift * max(map.n_relu, 2))) * shift
    exact = {k: exact_oracle.cycles(steps * (k // shift), shift) for k in range(shift, longest + 1, shift)}
    for method in ("auto", "linear programs"):

        def search(method=method):
            return find_cycles(map, longest, periodic_input=inputs, method=method, time_limit=SECONDS)

        def judge(result):
            return comparing.cycles(map, exact, result, inputs)

        yield _verdict(drawn, f"driven cycles, {method}", _try(search, judge))


def uniqueness(rng: np.random.Generator) -> Iterator[Verdict]:
    map, name = drawing.draw(rng)
    for drawn in drawing.variants(rng, map, name):
        exact = exact_oracle.fixed_points(exact_oracle.read(drawn.map))

        def search(map=drawn.map):
            return certify_unique(map)

        def judge(result, map=drawn.map, exact=exact):
            return comparing.uniqueness(map, exact, result)

        yield _verdict(drawn, "uniqueness", _try(search, judge))


def regions(rng: np.random.Generator) -> Iterator[Verdict]:
    map, name = drawing.draw(rng)
    for drawn in drawing.variants(rng, map, name):
        exact = exact_oracle.subregions(exact_oracle.read(drawn.map))

        def search(map=drawn.map):
            return find_subregions(map)

        def judge(result, map=drawn.map, exact=exact):
            return comparing.subregions(map, exact, result)

        yield _verdict(drawn, "subregions", _try(search, judge))


def transitions(rng: np.random.Generator) -> Iterator[Verdict]:
    """A graph that is not finished is refused, so there is no incomplete one."""
    map, name = drawing.draw(rng, largest=4)
    if map.n_units > 3:
        return
    chosen = list(drawing.variants(rng, map, name))
    for drawn in [chosen[0], chosen[int(rng.integers(1, len(chosen)))]]:
        size = float(rng.choice([0.5, 1.0, 3.0, 2.0**20, 2.0**-20, 0.3]))
        low, high = -size * rng.integers(0, 3, map.n_units), size * rng.integers(1, 3, map.n_units)
        box = list(zip(exact_oracle.fractions(low), exact_oracle.fractions(high)))
        exact = exact_oracle.transitions(exact_oracle.read(drawn.map), box)
        refused = []

        def search(map=drawn.map, box=(low, high), refused=refused):
            try:
                return exact_transition_graph(map, box, fixed_points=False)
            except GraphError as error:
                refused.append(error)
                return None

        def judge(result, exact=exact):
            return "" if result is None else comparing.transitions(exact, result)

        problem, _ = _try(search, judge)
        yield Verdict(drawn.name, "transition graph", problem, not refused, drawn.near_degenerate)


def _shallow(map: CanonicalMap) -> PLRNN:
    return PLRNN.shallow(map.A, map.W, map.V, map.h, map.c, map.C, E=map.E)


def input_diagrams(rng: np.random.Generator) -> Iterator[Verdict]:
    """One or two inputs that vary, by enumeration and by linear programs."""
    d = int(rng.integers(1, 3))
    model, name = drawing.draw_model(rng, largest=4, inputs=d + int(rng.integers(2)))
    map = model if isinstance(model, CanonicalMap) else model.map
    if map.n_units > 4:
        return
    inputs = [int(k) for k in rng.choice(map.n_inputs, d, replace=False)]
    ranges = np.column_stack([-rng.integers(0, 4, d), rng.integers(1, 5, d)]).astype(float)
    base = rng.integers(-1, 2, map.n_inputs).astype(float)
    if rng.random() < 0.3:
        ranges, base = ranges + rng.uniform(-0.1, 0.1, (d, 2)), base * rng.uniform(0.5, 1.5, map.n_inputs)
    spans = [tuple(exact_oracle.fractions(span)) for span in ranges]
    chosen = list(drawing.variants(rng, map, name))
    for drawn in [chosen[0], chosen[int(rng.integers(1, len(chosen)))]]:
        system = exact_oracle.read(drawn.map)
        exact = exact_oracle.input_diagram(system, inputs, spans, exact_oracle.fractions(base))
        if exact[2]:
            continue
        for method in ("enumeration", "linear programs"):

            def search(map=drawn.map, method=method):
                return _shallow(map).input_diagram(inputs, ranges, base=base, method=method)

            def judge(result, exact=exact):
                return comparing.input_diagram(exact, result)

            yield _verdict(drawn, f"input diagram, {method}", _try(search, judge))


def input_values(rng: np.random.Generator) -> Iterator[Verdict]:
    """What a diagram says at single inputs: any, whole quarters, and corners of its branches."""
    d = int(rng.integers(1, 3))
    model, name = drawing.draw_model(rng, largest=4, inputs=d)
    chosen = list(drawing.variants(rng, model if isinstance(model, CanonicalMap) else model.map, name))
    drawn = chosen[0] if rng.random() < 0.6 else chosen[int(rng.integers(len(chosen)))]
    ranges = np.column_stack([-rng.integers(0, 4, d), rng.integers(1, 5, d)]).astype(float)
    diagram = _shallow(drawn.map).input_diagram(list(range(d)), ranges)
    corners = [corner for piece in [*diagram, *diagram.continua] for corner in piece.corners]
    values = [rng.uniform(*ranges.T), np.round(4.0 * rng.uniform(*ranges.T)) / 4.0]
    values += [np.clip(corners[i], *ranges.T) for i in rng.integers(len(corners), size=2)] if corners else []
    for s in values:
        system = exact_oracle.read(drawn.map).with_input(exact_oracle.fractions(s)).rounded()
        exact = exact_oracle.fixed_points(system)

        def search(s=s):
            return diagram.at(s)

        def judge(result, s=s, exact=exact):
            number = diagram.count(s if d > 1 else float(s[0]))
            if result.complete and number != len(exact[0]):
                return f"{number} fixed points at {s.tolist()} instead of {len(exact[0])}"
            return comparing.fixed_points(drawn.map.with_input(s), exact, result)

        yield _verdict(drawn, "input diagram at single inputs", _try(search, judge))


def reductions(rng: np.random.Generator) -> Iterator[Verdict]:
    """What a box of states and inputs does to each ReLU."""
    model, name = drawing.draw_model(rng, inputs=int(rng.integers(3)))
    map = model if isinstance(model, CanonicalMap) else model.map
    size = float(rng.choice([1.0, 1.0, 2.0**20, 2.0**-20]))
    low, high = -size * rng.integers(0, 4, map.n_units), size * rng.integers(1, 4, map.n_units)
    s_low, s_high = -size * rng.integers(0, 3, map.n_inputs), size * rng.integers(0, 3, map.n_inputs)
    states = list(zip(exact_oracle.fractions(low), exact_oracle.fractions(high)))
    pushes = list(zip(exact_oracle.fractions(s_low), exact_oracle.fractions(s_high)))
    chosen = list(drawing.variants(rng, map, name))
    for drawn in [chosen[0], chosen[int(rng.integers(1, len(chosen)))]]:
        network = model if drawn.map is map and isinstance(model, PLRNN) else _shallow(drawn.map)
        system = exact_oracle.read(drawn.map)
        ranges = exact_oracle.argument_ranges(system, states, pushes)

        def search(network=network):
            inputs = (s_low, s_high) if map.n_inputs else None
            return network.reduce((low, high), inputs=inputs, samples=2)

        def judge(result, ranges=ranges, system=system, network=network):
            return comparing.reduction(ranges, system, result, merges=network.relu_units is None)

        yield _verdict(drawn, "reduce", _try(search, judge))


def stability(rng: np.random.Generator) -> Iterator[Verdict]:
    """Linear maps alone: companion matrices with multiple roots, whole and dyadic ones, in any units."""
    m = int(rng.integers(1, 7))
    fate = rng.integers(4)
    if fate == 0:
        roots = rng.choice([-1.0, 1.0, 0.5, -0.5, 0.75, -1.5, 2.0, 63 / 64], m)
        roots = np.full(m, roots[0]) if rng.random() < 0.5 else roots
        A, name = np.eye(m, k=-1), "companion matrix"
        A[0] = -np.poly(roots)[1:]
    elif fate == 1:
        A, name = rng.integers(-1, 2, (m, m)).astype(float), "whole matrix"
    elif fate == 2:
        A, name = np.triu(rng.integers(-2, 3, (m, m)).astype(float)), "triangular matrix"
        np.fill_diagonal(A, rng.choice([1.0, -1.0, 0.5, 1.0 - 2.0**-50, 1.0 + 2.0**-50, 0.8, 1.25], m))
    else:
        A, name = rng.normal(size=(m, m)) / np.sqrt(m), "random matrix"
    map = CanonicalMap.build(A, np.zeros((m, 0)), np.zeros((0, m)), [], rng.integers(-2, 3, m))
    for drawn in (drawing.Drawn(map, name), drawing.Drawn(drawing.random_units(rng, map, 20), f"{name}, 2^20")):
        exact = exact_oracle.fixed_points(exact_oracle.read(drawn.map))

        def search(map=drawn.map):
            return find_fixed_points(map)

        def judge(result, map=drawn.map, exact=exact):
            return comparing.fixed_points(map, exact, result)

        yield _verdict(drawn, "stability", _try(search, judge))


KINDS: dict[str, Callable[[np.random.Generator], Iterator[Verdict]]] = {
    "fixed-points": fixed_points,
    "sums": sums,
    "cycles": cycles,
    "words": words,
    "driven-cycles": driven_cycles,
    "uniqueness": uniqueness,
    "regions": regions,
    "transitions": transitions,
    "input-diagrams": input_diagrams,
    "input-values": input_values,
    "reductions": reductions,
    "stability": stability,
}


if __name__ == "__main__":
    started = time.perf_counter()
    print(survey(sys.argv[1], range(int(sys.argv[2]), int(sys.argv[2]) + int(sys.argv[3]))))
    print(f"{time.perf_counter() - started:.1f} s")
