"""An example of every result type of the package, made by the analysis that returns it, and a walk that finds them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import tempfile
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

import plrnn_analysis
from plrnn_analysis import PLRNN
from plrnn_analysis._frozen import Frozen
from plrnn_analysis.network import Network
from plrnn_analysis.results.visits import InSubregions
from plrnn_analysis.tables import ResultSequence, Table

#: Bases, of which there are no instances.
BASES = {Frozen, ResultSequence, InSubregions}


@cache
def result_types() -> tuple[type, ...]:
    """Every result type that a module of the package defines: what derives from Frozen, and tables."""
    found: set[type] = {Table}
    for module in pkgutil.walk_packages(plrnn_analysis.__path__, "plrnn_analysis."):
        for _, item in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(item, Frozen) and item.__module__.startswith("plrnn_analysis."):
                found.add(item)
    return tuple(sorted(found - BASES, key=lambda kind: kind.__qualname__))


def lozi(a: float = 1.7) -> PLRNN:
    """The Lozi map: chaotic, two saddles."""
    return PLRNN.shallow([[0, 1], [0.5, 0]], [[-a, -a], [0, 0]], [[1, 0], [-1, 0]], [1, 0], [0, 0])


def choice() -> PLRNN:
    """Two units with an input each that inhibit each other, and a readout; bistable."""
    model = PLRNN.al_rnn(
        A=[0.5, 0.5],
        W=[[0.2, -1.0], [-1.0, 0.2]],
        h=[0.5, 0.5],
        pwl_units=2,
        C=np.eye(2),
        B=[[1.0, -1.0]],
        b=[0.1],
    )
    model.metadata.update(input_names=["left", "right"], output_names=["choice"], notes=["made by hand"])
    return model


def integrator() -> PLRNN:
    """A perfect integrator beside a ReLU: a line of fixed points."""
    return PLRNN.al_rnn([1.0, 0.0], [[0.0, 0.0], [0.5, 0.0]], [0.0, 0.1], pwl_units=1, C=[[1.0], [0.0]], B=[[1.0, 0.0]])


def made() -> Iterator[Any]:
    """One result after another; their parts are found by :func:`examples`."""
    from plrnn_analysis.analysis import Analysis
    from plrnn_analysis.attractors import basin_slice
    from plrnn_analysis.bifurcations import bifurcation_plane
    from plrnn_analysis.border_collisions import classify_border_collision
    from plrnn_analysis.comparison import compare
    from plrnn_analysis.conditions import condition_use
    from plrnn_analysis.explain import ablation_table
    from plrnn_analysis.linear_limit import affine_floor, superposition_certificate
    from plrnn_analysis.lyapunov.sensitivity import sensitivity
    from plrnn_analysis.manifolds import forward_image, intersections
    from plrnn_analysis.modes import principal_components
    from plrnn_analysis.polytopes.boxes import read_box
    from plrnn_analysis.recorded_trials import RecordedTrials
    from plrnn_analysis.rigor.objects import Prover
    from plrnn_analysis.slow_manifolds.visited import visited_range
    from plrnn_analysis.story import tell_story
    from plrnn_analysis.transitions import count_transitions
    from plrnn_analysis.units import balanced
    from plrnn_analysis.windings import count_turns

    rng = np.random.default_rng(0)
    tent, model, line, chaotic = PLRNN.al_rnn([2.0], [[-4.0]], [1.0], 1), choice(), integrator(), lozi()
    inputs = rng.choice([0.0, 1.0], size=(4, 30, 2))
    recorded = RecordedTrials(inputs, [0, 1, 0, 1], [30, 30, 20, 10], ("left", "right"))
    yield from (recorded, model.with_trials(recorded))
    yield condition_use(model.run(recorded), recorded.labels, model.fixed_points(), n_permutations=20)
    driven, free = model.run(inputs), chaotic.simulate(300, z0=[0.1, 0.1])
    yield Network.al_rnn([0.5], [[1.0]], [0.0], 1)
    yield from (model, model.map, driven, free, tent.fixed_points(verify="rigorous"), line.fixed_points())
    yield PLRNN.al_rnn([0.5], [[0.0]], [1.0], pwl_units=0).fixed_points().table()
    yield model.fixed_points().match(model.with_parameters(h=[0.5, 0.25]).fixed_points())
    yield from (tent.cycles(3), tent.cycles(2, box=2.0), line.cycles(2), model.regions(), model.uniqueness())
    yield PLRNN.al_rnn([0.1], [[0.2]], [1.0], 1).uniqueness()
    yield from (verification(tent), verified_reduction(tent))
    yield Prover([tent.map]).isolated([[True]], [[1 / 3]], np.array([-2.0]), "unstable node")
    yield from (model.explain(driven), line.explain(line.run(rng.normal(size=(2, 20, 1)))), *model.modes(["00", "11"]))
    yield from ablation_table(model, inputs, np.ones((4, 1)))
    yield from (
        model.attractors(verify="rigorous"),
        chaotic.attractors(n=20, steps=2000),
        basin_slice(model, resolution=4),
    )
    yield from (chaotic.lyapunov(500, z0=[0.1, 0.1]), line.slow_manifolds(([-1.0, -1.0], [1.0, 1.0])))
    yield sensitivity(np.stack([np.eye(2), 0.5 * np.eye(2)]), np.array([0, 1] * 10), 2)
    yield from (visited_range(free), principal_components(free))
    yield principal_components(driven).alignment(model.modes("00")[0])
    yield tent.bifurcations(("h", 0), [-0.5, 0.5, 1.5], max_period=2)
    yield bifurcation_plane(model, (("h", 0), ("h", 1)), [0.0, 1.0], [0.0, 1.0])
    yield classify_border_collision([[0.5]], [[-2.0]])
    yield compare(model, model.with_parameters(h=[0.5, 0.25]))
    yield compare(model, model)
    saddle, box = chaotic.fixed_points()[1], ([-2, -2], [2, 2])
    stable = chaotic.manifold(saddle, "stable", box=box, iterations=3, verify="rigorous")
    unstable = chaotic.manifold(saddle, "unstable", box=box, iterations=5)
    yield from (stable, intersections(stable, unstable), forward_image(chaotic, stable[:2]))
    yield PLRNN.al_rnn([2.0], [[-4.0]], [0.0], 1, C=[[1.0]]).input_diagram(0, (-1.0, 1.0), verify="rigorous")
    yield from (line.input_diagram(0, (-1.0, 1.0)), model.input_diagram((0, 1), ((0.0, 1.0), (0.0, 1.0))))
    yield from (model.reduce(([-1.0, -1.0], [1.0, 1.0])), line.reduce(([0.5, 0.5], [1.0, 1.0])))
    spiral = PLRNN.al_rnn([0.0, 0.0], [[0.6, -1.2], [1.2, 0.6]], [0.1, 0.1], pwl_units=1)
    yield count_turns(spiral, spiral.simulate(30, z0=[0.2, 0.1]))
    yield from (model.transition_graph(driven).summary(), chaotic.transition_graph(box=2.0).summary())
    yield from (count_transitions(free.bitcodes), balanced(tent.map), read_box(1.0, 2))
    yield from symbol_results(free.bitcodes, driven.bitcodes)
    yield affine_floor(rng.normal(size=(60, 3, 1)), rng.normal(size=(60, 1)), resamples=50)
    yield superposition_certificate()
    story = tell_story(model, trials=inputs, steps=200)
    yield Analysis.of(model, "choice.npz", (0.0, 1.0), model.fixed_points([0.0, 1.0]), tent.cycles(2), story)


def verification(model: PLRNN) -> Any:
    """What a certificate proves."""
    with tempfile.TemporaryDirectory() as directory:
        model.fixed_points(certificate=f"{directory}/net.cert.json.gz")
        return model.verify_certificate(f"{directory}/net.cert.json.gz")


def verified_reduction(model: PLRNN) -> Any:
    """What a certificate of a reduction proves."""
    from plrnn_analysis.reduce import verify_reduction

    low, high = np.zeros(model.n_units), np.ones(model.n_units)
    with tempfile.TemporaryDirectory() as directory:
        model.reduce((low, high), samples=5, certificate=f"{directory}/net.cert.json.gz")
        return verify_reduction(model.map, f"{directory}/net.cert.json.gz")


def symbol_results(bitcodes: np.ndarray, trials: np.ndarray) -> Iterator[Any]:
    """Statistics of bitcodes."""
    from plrnn_analysis import symbols

    yield symbols.symbol_sequences(bitcodes)
    yield from (symbols.occupancy(bitcodes), symbols.dwell_times(bitcodes), symbols.word_counts(bitcodes, 3))
    yield symbols.forbidden_words([0, 1, 0, 0, 1, 0, 1, 0, 0, 0], 2)
    yield from (symbols.forbidden_words(bitcodes, 3), symbols.block_entropies(bitcodes, 3))
    yield from (symbols.markov_chain(bitcodes), symbols.markov_order_test(bitcodes, 2))
    yield symbols.topological_entropy(bitcodes)
    alike = symbols.compare_conditions(trials, ["a", "b", "a", "b"], n_resamples=20, n_permutations=20)
    yield from (alike, symbols.group_likeness(alike, [("a", "b")], n_permutations=9))
    yield symbols.mutual_information(trials, [0, 1, 0, 1], n_permutations=20)


def parts(value: Any) -> Iterator[Any]:
    """A result and every result inside it."""
    if isinstance(value, Frozen):
        yield value
        held = list(vars(value).values())
    else:
        held = list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, tuple) else []
    for item in held:
        if isinstance(item, (Frozen, dict, tuple)):
            yield from parts(item)


@cache
def examples() -> dict[type, list[Any]]:
    """A few examples of every type, made and found inside what was made."""
    found: dict[type, list[Any]] = {}
    for result in made():
        tables = [result] if isinstance(result, Table) else []
        if isinstance(result, ResultSequence):
            tables.append(result.table())
        for item in [*tables, *parts(result)]:
            kept = found.setdefault(type(item), [])
            if len(kept) < 4 or item is result:
                kept.append(item)
    return found
