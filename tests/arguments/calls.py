"""A good call of every public function, method and constructor, whose arguments tests then replace by others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from every_result import choice, lozi

import plrnn_analysis as pa


@dataclass(frozen=True)
class Call:
    """A public callable and arguments with which it works; what is replaced are these, one by one."""

    name: str
    function: Callable[..., Any]
    arguments: Mapping[str, Any]

    def __call__(self, **replaced: Any) -> Any:
        return self.function(**{**self.arguments, **replaced})


def calls(folder: Path) -> Iterator[Call]:
    """Every one; files are written in the folder."""
    for group in (networks, files, exports, searches, motion, analyses, symbols, series, addition, figures):
        yield from group(folder)


def call_of(function: Callable[..., Any], **arguments: Any) -> Call:
    owner = getattr(function, "__self__", None)
    prefix = "" if owner is None else f"{(owner if isinstance(owner, type) else type(owner)).__name__}."
    return Call(prefix + function.__name__, function, arguments)


def _square(n: int) -> np.ndarray:
    return 0.3 * np.cos(np.arange(n * n, dtype=float)).reshape(n, n)


def networks(folder: Path) -> Iterator[Call]:
    """Constructors and what a network does."""
    from plrnn_analysis.activations import as_activation, hardtanh, leaky_relu, names_activation, softshrink
    from plrnn_analysis.architectures import canonical_map, through_activation
    from plrnn_analysis.maps import CanonicalMap, bits_from_string, bits_to_string
    from plrnn_analysis.network import Network
    from plrnn_analysis.numerics import gamma
    from plrnn_analysis.rate_networks import constrained_weights, leak, low_rank_weights
    from plrnn_analysis.recorded_trials import RecordedTrials
    from plrnn_analysis.units import balanced, in_units

    W, one, two = _square(2), np.array([0.5, 0.4]), np.array([0.1, 0.2])
    outside: dict[str, Any] = {"C": np.eye(2), "B": np.eye(2), "b": two}
    model = choice()
    yield call_of(
        pa.PLRNN, architecture="al_rnn", parameters={"A": one, "W": W, "h": two}, relu_units=[1], B=np.eye(2), b=two
    )
    yield call_of(
        Network,
        architecture="al_rnn",
        parameters={"A": one, "W": W, "h": two},
        relu_units=[1],
        metadata={},
        trials=None,
    )
    yield call_of(pa.PLRNN.al_rnn, A=one, W=W, h=two, pwl_units=1, **outside)
    yield call_of(pa.PLRNN.al_rnn, A=one, W=W, h=two, relu_units=[0], **outside)
    yield call_of(pa.PLRNN.shallow, A=one, W1=W, W2=W, h1=two, h2=two, E=None, activation="relu", **outside)
    yield call_of(pa.PLRNN.clipped_shallow, A=one, W1=W, W2=W, h1=two, h2=two, **outside)
    yield call_of(pa.PLRNN.dendritic, A=one, W=W, h=two, alphas=two, thetas=W, **outside)
    yield call_of(pa.PLRNN.relu_rnn, W_hh=W, bias=two, W_ih=np.eye(2), B=np.eye(2), b=two)
    yield call_of(pa.PLRNN.rnn, W_hh=W, bias=two, W_ih=np.eye(2), B=np.eye(2), b=two, activation="hardtanh")
    yield call_of(
        pa.PLRNN.leaky_rnn, W_hh=W, W_in=np.eye(2), b=two, alpha=0.2, form="rate", mask=np.ones((2, 2)), dale=[1, -1]
    )
    yield call_of(pa.PLRNN.leaky_rnn, W_hh=W, dt=1.0, tau=10.0, activation="relu")
    yield call_of(pa.PLRNN.low_rank_rnn, m=W, n=W, W_in=np.eye(2), b=two, alpha=0.2, scale=0.5)
    yield call_of(pa.CanonicalMap.build, A=np.diag(one), W=W, V=np.eye(2), c=two, h=two, C=np.eye(2), E=np.eye(2))
    yield call_of(canonical_map, architecture="al_rnn", parameters={"A": one, "W": W, "h": two}, relu_units=[0])
    yield call_of(
        through_activation, activation=as_activation("hardtanh"), A=np.diag(one), W=W, V=np.eye(2), c=two, h=two
    )
    yield call_of(
        RecordedTrials, inputs=np.zeros((2, 3, 1)), conditions=[0, 1], lengths=[3, 2], condition_names=["a", "b"]
    )
    recorded = RecordedTrials(np.zeros((2, 3, 2)), conditions=[0, 1], condition_names=("a", "b"))
    yield call_of(recorded.select, condition="a")
    yield call_of(recorded.with_inputs, inputs=np.zeros((2, 3, 1)))
    yield call_of(model.ablate, unit=0, replacement="off")
    yield call_of(model.read_out, states=np.zeros((3, 2)))
    yield call_of(model.jacobian, subregion="01")
    yield call_of(model.with_parameters, A=one, h=two)
    yield call_of(model.with_trials, trials=recorded)
    plain: CanonicalMap = model.map
    for method in (plain.step, plain.bits, plain.preactivation):
        yield call_of(method, z=two, s=two)
    for method in (plain.jacobian, plain.offset):
        yield call_of(method, bits=[True, False])
    yield call_of(plain.with_input, s=two)
    yield call_of(bits_to_string, bits=[True, False])
    yield call_of(bits_from_string, code="01", n_relu=2)
    yield call_of(as_activation, value="relu")
    yield call_of(names_activation, word="relu")
    yield call_of(hardtanh, low=-1.0, high=1.0)
    yield call_of(leaky_relu, slope=0.1)
    yield call_of(softshrink, width=0.5)
    yield call_of(constrained_weights, W=W, mask=np.ones((2, 2)), dale=[1, -1])
    yield call_of(leak, alpha=0.5)
    yield call_of(leak, dt=1.0, tau=10.0)
    yield call_of(low_rank_weights, m=W, n=W, scale=1.0)
    yield call_of(balanced, map=plain)
    yield call_of(in_units, map=plain, state=one, relu=one)
    yield call_of(gamma, terms=3)


def files(folder: Path) -> Iterator[Call]:
    """Reading and writing."""
    from plrnn_analysis.proofs import verify_certificate, write_certificate
    from plrnn_analysis.reduce import verify_reduction
    from plrnn_analysis.report import write_report

    model = choice()
    path = folder / "choice.safetensors"
    pa.save(model, path)
    result = folder / "points.json"
    model.fixed_points().to_json(result)
    graph = model.transition_graph(box=2.0)
    yield call_of(
        pa.load,
        path=path,
        pwl_units=2,
        relu_units=[0, 1],
        architecture="al_rnn",
        prefix=None,
        readout=None,
        alpha=None,
        form=None,
        thresholds=None,
        ignore=[],
    )
    yield call_of(
        pa.from_torch, module_or_state_dict=dict(model.parameters), pwl_units=2, readout=np.ones((1, 2)), ignore=[]
    )
    yield call_of(pa.save, model=model, path=folder / "again.npz", metadata={})
    yield call_of(pa.write_graphml, graph=graph, path=folder / "graph.graphml", flavour="plain")
    yield call_of(pa.from_json, source=result)
    yield call_of(pa.PLRNN.from_json, source=model.to_json())
    yield call_of(model.to_json, path=folder / "model.json", indent=2)
    yield call_of(graph.summary)
    proved, proof = model.fixed_points(), folder / "proof.json.gz"
    write_certificate(model.map.with_input(), proved, proof)
    yield call_of(
        write_certificate,
        map=model.map.with_input(),
        found=proved,
        path=folder / "again.json.gz",
        time_limit=5.0,
        workers=1,
        progress=None,
    )
    cycles = model.cycles(2, periodic_input=np.zeros((2, 2)), certificate=folder / "cycles.json.gz")
    yield call_of(
        write_certificate, map=model.map, found=cycles, path=folder / "more.json.gz", periodic_input=np.zeros((2, 2))
    )
    reduction = folder / "reduction.json.gz"
    model.reduce(([-3.0, -3.0], [3.0, 3.0]), samples=5, certificate=reduction)
    yield call_of(verify_reduction, map=model.map, path=reduction)
    yield call_of(verify_certificate, map=model.map.with_input(), path=proof)
    yield call_of(verify_certificate, map=model.map, path=folder / "cycles.json.gz", periodic_input=np.zeros((2, 2)))
    tent = pa.PLRNN.al_rnn([0.5], [[-1.0]], [1.0], pwl_units=1, C=[[1.0]])
    # Few of its arguments: where one is taken as it is, seconds of drawing follow.
    yield call_of(write_report, model=tent, directory=folder / "report", constant_input=[0.0], steps=20)
    yield call_of(model.verify_certificate, path=proof, constant_input=None)


def exports(folder: Path) -> Iterator[Call]:
    """Files for solvers and verifiers of others."""
    from plrnn_analysis.exports import export_network, write_milp, write_onnx, write_vnnlib

    model = choice()
    held: dict[str, Any] = {"network": model, "constant_input": [0.0, 0.1]}
    asked: dict[str, Any] = {"box": 5.0, "exclude": ["01"]}
    yield call_of(write_milp, path=folder / "net.mps", **held, **asked)
    yield call_of(write_milp, network=model, path=folder / "net.lp", box=([-5.0, -5.0], [5.0, 5.0]))
    yield call_of(write_vnnlib, path=folder / "net.vnnlib", tolerance=0.01, precision="float32", **held, **asked)
    yield call_of(write_onnx, path=folder / "net.onnx", precision="float64", **held)
    yield call_of(export_network, path=folder / "net.mps", **held, **asked)
    yield call_of(model.export, path=folder / "net.lp", constant_input=None, **asked)


def searches(folder: Path) -> Iterator[Call]:
    """Fixed points, cycles, subregions."""
    from plrnn_analysis.certificates import certify_unique
    from plrnn_analysis.cycles import find_cycles
    from plrnn_analysis.exact_transitions import exact_transition_graph
    from plrnn_analysis.fixed_points import find_fixed_points
    from plrnn_analysis.regions import find_subregions
    from plrnn_analysis.results import pair_fixed_points

    model = choice()
    plain = model.map
    limits: dict[str, Any] = {"time_limit": 1.0, "progress": None}
    searching: dict[str, Any] = {"max_nodes": 100, "workers": 1, "method": "auto", **limits}
    points = model.fixed_points()
    yield call_of(find_fixed_points, map=plain, verify=None, boundary_tolerance=1e-9, executor=None, **searching)
    yield call_of(model.fixed_points, constant_input=[0.0, 0.1], **searching)
    yield call_of(find_cycles, map=plain, max_period=3, box=None, periodic_input=None, **searching)
    yield call_of(find_cycles, map=plain, max_period=2, box=2.0, time_limit=1.0)
    yield call_of(model.cycles, max_period=2, periodic_input=np.zeros((2, 2)), **limits)
    yield call_of(certify_unique, map=plain, boundary_tolerance=1e-9, time_limit=1.0)
    yield call_of(model.uniqueness, constant_input=[0.0, 0.1])
    yield call_of(find_subregions, map=plain, max_regions=10, **limits)
    yield call_of(model.regions, constant_input=[0.0, 0.1], max_regions=10)
    yield call_of(exact_transition_graph, map=plain, box=2.0, fixed_points=points, max_regions=10, **limits)
    yield call_of(model.transition_graph, box=2.0, constant_input=[0.0, 0.1], max_regions=10)
    yield call_of(pair_fixed_points, a=points, b=points, by="auto", state_map=None, scale=1.0, tolerance=0.5)
    yield call_of(points.match, other=points, by="auto", state_map=None, scale=1.0, tolerance=0.5)
    yield call_of(points.visited, trajectory=model.simulate(5))


def motion(folder: Path) -> Iterator[Call]:
    """Trajectories and what is read off them."""
    from plrnn_analysis.attractors import basin_slice, find_attractors
    from plrnn_analysis.conditions import condition_use, mark_conditions
    from plrnn_analysis.explain import ablation_table, explain, gate_units
    from plrnn_analysis.graph_summary import summarize_graph
    from plrnn_analysis.lyapunov import lyapunov_spectrum
    from plrnn_analysis.trajectories import run, simulate
    from plrnn_analysis.transitions import count_transitions, transition_graph
    from plrnn_analysis.windings import count_turns

    model, inputs = choice(), np.random.default_rng(0).choice([0.0, 1.0], size=(4, 6, 2))
    driven, labels, points = model.run(inputs), ["a", "b", "a", "b"], model.fixed_points()
    held: dict[str, Any] = {"constant_input": [0.0, 0.1]}
    limits: dict[str, Any] = {"time_limit": 1.0, "progress": None}
    yield call_of(run, model=model, inputs=inputs, z0=np.zeros(2), workers=1, lengths=[6, 5, 4, 3])
    yield call_of(model.run, inputs=inputs, z0=np.zeros(2), lengths=[6, 5, 4, 3])
    yield call_of(simulate, model=model, steps=5, z0=np.zeros(2), workers=1, **held)
    yield call_of(model.simulate, steps=5, n=3, seed=1, **held)
    yield call_of(transition_graph, model=model, trajectory=driven, fixed_points=points, discard=1)
    yield call_of(model.transition_graph, trajectory=driven, discard=1)
    yield call_of(count_transitions, bitcodes=driven.bitcodes, discard=1, lengths=[6, 5, 4, 3])
    yield call_of(summarize_graph, graph=model.transition_graph(driven))
    yield call_of(explain, model=model, trajectory=driven, n_modes=1, max_subregions=4)
    yield call_of(model.explain, trajectory=driven, n_modes=1)
    yield call_of(ablation_table, model=model, inputs=inputs, targets=np.zeros((4, 1)))
    yield call_of(gate_units, table=ablation_table(model, inputs, np.zeros((4, 1))))
    yield call_of(
        condition_use, trajectory=driven, labels=labels, fixed_points=points, n_resamples=5, n_permutations=5, seed=1
    )
    yield call_of(mark_conditions, graph=model.transition_graph(driven), trajectory=driven, labels=labels, discard=0)
    yield call_of(count_turns, model=model, trajectory=model.simulate(5), fixed_points=points)
    yield call_of(
        lyapunov_spectrum,
        model=model,
        steps=50,
        z0=np.zeros(2),
        n_exponents=1,
        transient=5,
        tolerance=1e-6,
        workers=1,
        **held,
    )
    yield call_of(lyapunov_spectrum, model=model, steps=50, inputs=np.zeros((50, 2)), n=1, seed=1)
    yield call_of(model.lyapunov, steps=50)
    yield call_of(
        find_attractors,
        model=model,
        n=4,
        box=2.0,
        steps=50,
        max_period=10,
        fixed_points=points,
        boundary_tolerance=1e-9,
        seed=1,
        **held,
        **limits,
    )
    yield call_of(find_attractors, model=model, states=np.zeros((2, 2)), steps=50)
    yield call_of(model.attractors, n=3, steps=50, **held)
    yield call_of(
        basin_slice, model=model, origin=np.zeros(2), directions=np.eye(2), extents=2.0, resolution=3, steps=50, **held
    )


def analyses(folder: Path) -> Iterator[Call]:
    """Modes, slow manifolds, reduction, input diagrams, bifurcations, manifolds, comparison, the story."""
    from plrnn_analysis.bifurcations import bifurcation_plane, bifurcations, path_through
    from plrnn_analysis.border_collisions import classify_border_collision
    from plrnn_analysis.comparison import compare, spectral_distance
    from plrnn_analysis.input_diagrams import input_diagram
    from plrnn_analysis.manifolds import forward_image, intersections, invariant_manifold, preimage
    from plrnn_analysis.modes import classify_mode, find_modes, modes_table, principal_components
    from plrnn_analysis.readouts import with_outputs
    from plrnn_analysis.reduce import reduce
    from plrnn_analysis.slow_manifolds import distance_in_ranges, find_slow_manifolds
    from plrnn_analysis.story import missing_section, tell_story, where_runs_end
    from plrnn_analysis.summary import coverage_sentences, cycle_sentences

    model, chaotic = choice(), lozi()
    driven, points = model.run(np.zeros((4, 6, 2))), model.fixed_points()
    held: dict[str, Any] = {"constant_input": [0.0, 0.1]}
    limits: dict[str, Any] = {"time_limit": 1.0, "progress": None}
    saddle, box = chaotic.fixed_points()[1], ([-2.0, -2.0], [2.0, 2.0])
    stable = chaotic.manifold(saddle, "stable", box=box, iterations=2)
    unstable = chaotic.manifold(saddle, "unstable", box=box, iterations=2)
    yield call_of(find_modes, model=model, bitcodes=["00", "01"], n_modes=1, marginal=0.01)
    yield call_of(model.modes, bitcodes="01", n_modes=1)
    yield call_of(classify_mode, eigenvalue=0.5 + 0.1j, marginal=0.01)
    yield call_of(modes_table, subregions=model.modes(["00", "01"]))
    yield call_of(principal_components, states=driven)
    yield call_of(principal_components(model.simulate(9, n=3)).alignment, region=model.modes("00")[0])
    yield call_of(
        find_slow_manifolds,
        model=model,
        visited=([-1.0, -1.0], [1.0, 1.0]),
        probe_inputs=np.zeros((1, 2)),
        time_constant=10.0,
        hold=0.1,
        margin=0.1,
        max_subregions=4,
        **held,
        **limits,
    )
    yield call_of(model.slow_manifolds, visited=driven, **held)
    yield call_of(distance_in_ranges, points=points, visited=driven)
    yield call_of(
        reduce,
        model=model,
        domain=([-1.0, -1.0], [1.0, 1.0]),
        inputs=([0.0, 0.0], [0.1, 0.1]),
        inflate=0.1,
        reachable=False,
        horizon=1,
        tolerance=None,
        samples=10,
        seed=1,
        **limits,
    )
    yield call_of(model.reduce, domain=driven, samples=10)
    yield call_of(
        input_diagram,
        model=model,
        inputs=0,
        ranges=(-1.0, 1.0),
        base=[0.0, 0.0],
        method="auto",
        max_nodes=100,
        **limits,
    )
    yield call_of(model.input_diagram, inputs=(0, 1), ranges=((0.0, 1.0), (0.0, 1.0)), workers=1)
    yield call_of(
        bifurcations, model=model, parameter=("h", 0), values=[0.0, 0.5], max_period=1, recount=True, **held, **limits
    )
    yield call_of(model.bifurcations, parameter=("input", 0), values=[0.0, 0.5])
    yield call_of(
        bifurcation_plane,
        model=model,
        parameters=(("h", 0), ("h", 1)),
        values1=[0.0, 1.0],
        values2=[0.0, 1.0],
        max_period=1,
        lines=True,
        **held,
        **limits,
    )
    yield call_of(path_through, models=[model, model.with_parameters(h=[0.4, 0.5])])
    yield call_of(classify_border_collision, first=[[0.5]], second=[[-2.0]], tolerance=1e-9)
    yield call_of(
        invariant_manifold,
        model=chaotic,
        saddle=saddle,
        kind="unstable",
        constant_input=None,
        iterations=2,
        box=box,
        max_pieces=50,
        max_size=None,
        **limits,
    )
    yield call_of(chaotic.manifold, saddle=saddle, kind="stable", iterations=2, box=box)
    yield call_of(intersections, manifold_a=stable, manifold_b=unstable)
    yield call_of(forward_image, model=chaotic, pieces=stable[:2], constant_input=None)
    yield call_of(preimage, model=chaotic, pieces=stable[:2], box=box, constant_input=None)
    yield call_of(
        compare, model_a=model, model_b=model, readout=True, tolerance=None, max_subregions=16, **held, **limits
    )
    yield call_of(spectral_distance, first=np.array([0.5, 0.1]), second=np.array([0.4, 0.1]))
    yield call_of(with_outputs, found=points, network=model)
    yield call_of(coverage_sentences, result=points)
    yield call_of(cycle_sentences, result=model.cycles(2))
    yield call_of(
        tell_story,
        model=model,
        trials=np.zeros((3, 5, 2)),
        probes=[[0.0, 1.0]],
        fixed_points=points,
        n_states=3,
        steps=50,
        max_period=5,
        seed=1,
        time_limit=2.0,
        constant_input=None,
    )
    yield call_of(missing_section, titles=["Cycles"])
    yield call_of(where_runs_end, ends=model.attractors(n=3, steps=50))


def symbols(folder: Path) -> Iterator[Call]:
    """Statistics of bitcodes."""
    from plrnn_analysis import symbols as room

    model = choice()
    source = model.run(np.random.default_rng(0).choice([0.0, 1.0], size=(6, 30, 2)))
    labels = ["a", "b"] * 3
    yield call_of(room.symbol_sequences, source=source, discard=1)
    yield call_of(room.occupancy, source=source, discard=1, confidence=0.9)
    yield call_of(room.dwell_times, source=source, discard=1)
    yield call_of(room.word_counts, source=source, length=2, discard=1)
    yield call_of(room.forbidden_words, source=source, length=2, discard=1, max_words=20)
    yield call_of(room.block_entropies, source=source, max_length=2, discard=1, base=2.0, confidence=0.9)
    yield call_of(room.markov_chain, source=source, discard=1, base=2.0, confidence=0.9)
    yield call_of(room.markov_entropy_rate, transition_matrix=[[0.5, 0.5], [0.2, 0.8]], base=2.0)
    yield call_of(room.markov_order_test, source=source, max_order=1, discard=1, level=0.05, surrogates=3, seed=1)
    yield call_of(room.topological_entropy, source=source, discard=1, base=2.0)
    yield call_of(
        room.mutual_information,
        source=source,
        labels=labels,
        bins=2,
        discard=1,
        base=2.0,
        confidence=0.9,
        n_permutations=5,
        null=None,
        seed=1,
    )
    yield call_of(
        room.compare_conditions,
        source=source,
        labels=labels,
        word_length=1,
        discard=1,
        confidence=0.9,
        n_resamples=5,
        n_permutations=5,
        linkage="average",
        seed=1,
    )
    yield call_of(room.jensen_shannon, p=[0.5, 0.5], q=[0.2, 0.8])
    four = room.compare_conditions(source, ["a", "b", "c", "d", "a", "b"], n_resamples=3, n_permutations=3)
    yield call_of(room.group_likeness, divergences=four, groups=[["a", "b"], ["c", "d"]], n_permutations=9, seed=1)


def series(folder: Path) -> Iterator[Call]:
    """Reconstructed systems beside data."""
    from plrnn_analysis import reconstruction as room

    model = choice()
    data = np.random.default_rng(0).normal(size=(120, 1))
    yield call_of(
        room.state_space_divergence,
        data=data,
        generated=data[:60],
        method="auto",
        bins=3,
        smoothing=1e-5,
        width=1.0,
        seed=1,
    )
    yield call_of(room.power_spectrum_distance, data=data, generated=data[:60], smoothing=2.0)
    yield call_of(room.power_spectra, series=data, length=50, smoothing=2.0)
    yield call_of(
        room.prediction_errors,
        model=model,
        data=data,
        horizons=(1, 5),
        inputs=np.zeros((120, 2)),
        warm_up=3,
        gain=1.0,
        starts=4,
        scale=None,
    )
    yield call_of(room.start_states, model=model, observations=[[0.5]])
    yield call_of(room.synchronised_states, model=model, observations=data[None, :9], inputs=None, gain=1.0)


def addition(folder: Path) -> Iterator[Call]:
    """What a linear network cannot do."""
    from plrnn_analysis import linear_limit as room

    linear = pa.PLRNN.al_rnn([0.5, 0.5], np.zeros((2, 2)), [0.0, 0.0], pwl_units=0, C=np.eye(2), B=[[1.0, 1.0]])
    for function in (room.addition_floor, room.readout_floor, room.mark_range):
        yield call_of(function, length=10, marks="halves")
    yield call_of(room.population_mse, model=linear, length=10, marks="halves", blank_steps=1)
    yield call_of(room.addition_trials, n=3, length=10, marks="halves", blank_steps=1, seed=1)
    yield call_of(room.superposition_certificate, length=4, marks="halves", blank_steps=0)
    inputs, targets = room.addition_trials(40, 6)
    yield call_of(room.superposition_gap, f=linear, inputs=inputs, quadruples=4, seed=1)
    yield call_of(
        room.affine_floor,
        inputs=inputs,
        targets=targets,
        classification=False,
        test_share=0.5,
        ridge=0.0,
        confidence=0.9,
        resamples=5,
        seed=1,
    )


def figures(folder: Path) -> Iterator[Call]:
    """What draws."""
    from plrnn_analysis import plotting as room
    from plrnn_analysis.attractors import basin_slice
    from plrnn_analysis.bifurcations import bifurcation_plane
    from plrnn_analysis.symbols import compare_conditions, occupancy

    model, chaotic = choice(), lozi()
    leaky = pa.PLRNN.al_rnn(A=[0.9994], W=[[0.0]], h=[0.0], pwl_units=0, C=[[1.0]])
    driven, points = model.run(np.random.default_rng(0).choice([0.0, 1.0], size=(6, 9, 2))), model.fixed_points()
    saddle = chaotic.fixed_points()[1]
    stable = chaotic.manifold(saddle, "stable", box=2.0, iterations=2)
    diagram = model.input_diagram((0, 1), ((0.0, 1.0), (0.0, 1.0)))
    plane = bifurcation_plane(model, (("h", 0), ("h", 1)), [0.0, 1.0], [0.0, 1.0])
    yield call_of(
        room.plot_loss_curves, iterations=[0, 1], losses={"a": [1.0, 0.5]}, floor=0.1, floor_label="floor", top=2.0
    )
    yield call_of(
        room.plot_error_by_relus, pwl_units=[0, 1], errors=[1.0, 0.5], floor=0.1, threshold=0.6, exact=(1, 0.2)
    )
    yield call_of(room.plot_trial, trajectory=driven, trial=0, target=0.5, mark_channel=1, input_names=["a", "b"])
    yield call_of(
        room.plot_state_plane, trajectory=driven, fixed_points=points, relus=(0, 1), max_points=10, units=(0, 1)
    )
    yield call_of(room.plot_transition_graph, graph=model.transition_graph(driven))
    yield call_of(room.plot_fixed_points, fixed_points=points, trajectory=driven, units=(0, 1), max_trials=3)
    yield call_of(room.plot_fixed_point_distances, fixed_points=points, trajectory=driven)
    yield call_of(room.plot_result, result=points)
    yield call_of(room.plot_occupancy, occupancy=occupancy(driven))
    divergences = compare_conditions(driven, ["a", "b", "c"] * 2, n_resamples=3, n_permutations=3)
    yield call_of(room.plot_condition_divergences, divergences=divergences, clusters=2)
    yield call_of(room.plot_modes, subregions=model.modes(["00", "01"]))
    yield call_of(room.plot_drift, found=leaky.slow_manifolds(([0.5], [1.5])), probe_names=[])
    yield call_of(room.plot_input_diagram, diagram=model.input_diagram(0, (0.0, 1.0)), readout=0, label="x")
    yield call_of(room.plot_fixed_point_count, diagram=diagram, stable_only=False, resolution=5)
    found = model.bifurcations(("h", 0), [0.0, 0.5])
    yield call_of(room.plot_bifurcation_diagram, found=found, coordinate=0, label="z", limits=(-1.0, 1.0))
    yield call_of(room.plot_bifurcation_plane, plane=plane, max_classes=3)
    yield call_of(room.plot_manifolds, manifolds=stable, fixed_points=chaotic.fixed_points())
    yield call_of(room.plot_basins, basins=basin_slice(model, resolution=3), names=("a", "b"))
    yield call_of(room.bitcode_colours, codes=["00", "01"])
