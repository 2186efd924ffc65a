"""Trials of unequal length, padded to one: every analysis gives what it gives on the trials cut at their ends."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from plrnn_analysis import PLRNN, GraphError, ModelError
from plrnn_analysis.modes import principal_components
from plrnn_analysis.plotting import plot_fixed_points, plot_state_plane, plot_trial
from plrnn_analysis.recorded_trials import RecordedTrials
from plrnn_analysis.reduce.domains import choose_domain
from plrnn_analysis.results import Trajectory
from plrnn_analysis.slow_manifolds.visited import visited_range
from plrnn_analysis.symbols import compare_conditions, occupancy, symbol_sequences
from plrnn_analysis.transitions import count_transitions

LENGTHS = [12, 3, 7, 1, 12]


@pytest.fixture(scope="module")
def model() -> PLRNN:
    rng = np.random.default_rng(3)
    m, p = 5, 3
    return PLRNN.al_rnn(
        rng.uniform(0.2, 0.6, m), rng.normal(size=(m, m)) / 3, rng.normal(size=m) / 5, p,
        C=rng.normal(size=(m, 2)), B=rng.normal(size=(2, m)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def inputs() -> np.ndarray:
    rng = np.random.default_rng(4)
    drawn = rng.normal(size=(5, 12, 2))
    # Padding that would change every statistic if it counted.
    for row, length in zip(drawn, LENGTHS):
        row[length:] = 100.0
    return drawn


@pytest.fixture(scope="module")
def padded(model, inputs) -> Trajectory:
    return model.run(inputs, lengths=LENGTHS)


@pytest.fixture(scope="module")
def cut(model, inputs) -> list[Trajectory]:
    return [model.run(row[:length]) for row, length in zip(inputs, LENGTHS)]


def test_it_is_run_and_said(padded, cut) -> None:
    assert repr(padded) == "<Trajectory: 5 trials of up to 12 steps; 5 units, 3 ReLUs, 2 inputs, 2 outputs>"
    assert padded.valid.sum() == sum(LENGTHS)
    assert np.array_equal(padded.visited(), np.concatenate([run.states[0] for run in cut]))
    assert np.array_equal(padded.select([2, 3]).visited(), np.concatenate([cut[2].states[0], cut[3].states[0]]))
    table = padded.to_pandas()
    assert len(table) == sum(LENGTHS) and table.groupby("trial").size().tolist() == LENGTHS
    assert padded.to_xarray()["lengths"].values.tolist() == LENGTHS


def test_bitcode_statistics(padded, cut) -> None:
    trials = [run.bitcodes[0] for run in cut]
    mine, theirs = symbol_sequences(padded), symbol_sequences(trials)
    assert mine.names == theirs.names and np.array_equal(mine.codes, theirs.codes)
    assert np.array_equal(occupancy(padded).frequencies, occupancy(trials).frequencies)
    labels = ["a", "b", "a", "b", "a"]
    both = [compare_conditions(source, labels, n_permutations=9, n_resamples=9) for source in (padded, trials)]
    assert np.array_equal(both[0].matrix, both[1].matrix)


@pytest.mark.parametrize("discard", [0, 1, 3])
def test_transition_graphs(model, padded, cut, discard) -> None:
    graph = model.transition_graph(padded, discard=discard)
    visits: dict[str, int] = {}
    steps: dict[tuple[str, str], int] = {}
    for run in cut:
        codes = ["".join("01"[int(bit)] for bit in bits) for bits in run.bitcodes[0][discard:]]
        for code in codes:
            visits[code] = visits.get(code, 0) + 1
        for pair in pairwise(codes):
            steps[pair] = steps.get(pair, 0) + 1
    assert {code: data["visits"] for code, data in graph.nodes(data=True)} == visits
    assert {(a, b): data["count"] for a, b, data in graph.edges(data=True)} == steps


def test_counting_with_many_bits_and_tables_that_grow() -> None:
    rng = np.random.default_rng(0)
    bits = rng.random((6, 3000, 20)) < 0.5
    lengths = np.array([3000, 10, 1, 2500, 2999, 1500])
    found = count_transitions(bits, 5, lengths)
    assert found.visits.sum() == np.maximum(lengths - 5, 0).sum()
    assert found.count.sum() == np.maximum(lengths - 6, 0).sum()
    for wrong in ([1, 2], [0, 1, 1, 1, 1, 1], [3001, 1, 1, 1, 1, 1], [1.5] * 6):
        with pytest.raises(GraphError, match="lengths must be 6 whole numbers in 1..3000".replace(".", r"\.")):
            count_transitions(bits, 0, wrong)
    with pytest.raises(GraphError, match="discard must be a whole number"):
        count_transitions(bits, 10, [10] * 6)


def test_explanations(model, padded, cut) -> None:
    found = model.explain(padded)
    codes = np.concatenate([model.explain(run).codes[0] for run in cut])
    for region in found:
        assert region.visits == np.count_nonzero(codes == region.bitcode)
        assert region.frequency == pytest.approx(region.visits / sum(LENGTHS))
        inside = np.concatenate([run.outputs[0] for run in cut])[codes == region.bitcode]
        np.testing.assert_allclose(region.mean_output, inside.mean(axis=0))
    total = sum(region.step_share for region in found)
    np.testing.assert_allclose(total, 1.0)
    assert set(found.codes[1, 3:]) == {""}
    assert found.step_ranges(found.codes[1, 0], 1)[-1][1] <= 3


def test_ranges_domains_and_components(model, padded, cut) -> None:
    states = np.concatenate([run.states[0] for run in cut])
    assert np.array_equal(visited_range(padded).high, states.max(axis=0))
    assert np.array_equal(principal_components(padded).mean, principal_components(states).mean)
    assert np.abs(padded.states).max() > 10 * np.abs(states).max()
    domain = choose_domain(model.map, padded, None, 0.0)
    np.testing.assert_allclose(domain.low, np.minimum(states.min(axis=0), 0.0), atol=1e-9)
    np.testing.assert_allclose(domain.high, np.maximum(states.max(axis=0), 0.0), atol=1e-9)
    assert domain.s_high.max() < 10.0
    for report in model.reduce(padded):
        share = np.concatenate([run.bitcodes[0] for run in cut])[:, report.unit - 2].mean()
        assert report.share_on == pytest.approx(share)
    entered = model.fixed_points().visited(padded)
    assert np.array_equal(entered, np.any([model.fixed_points().visited(run) for run in cut], axis=0))
    ends = model.attractors(states=padded, n=8)
    assert all(any(np.array_equal(z, state) for state in states) for z in ends.initial)


def test_divergence_in_the_padding_is_no_divergence() -> None:
    model = PLRNN.al_rnn([2.0], [[0.0]], [0.0], 0, C=[[1.0]])
    run = model.run(np.ones((2, 1100, 1)), lengths=[10, 20])
    assert "DIVERGED" not in repr(run) and run.finite().all()
    assert model.transition_graph(run, fixed_points=False).number_of_nodes() == 1
    assert symbol_sequences(run).n_steps == 30
    assert "2 DIVERGED" in repr(model.run(np.ones((2, 1100, 1))))


def test_recorded_trials_bring_lengths_and_states(model, inputs, padded) -> None:
    initial = np.random.default_rng(0).normal(size=(5, 5))
    trials = RecordedTrials(inputs, lengths=LENGTHS, initial=initial)
    run = model.run(trials)
    assert run.lengths is not None and run.lengths.tolist() == LENGTHS
    assert np.array_equal(run.initial, initial.astype(np.float32))
    np.testing.assert_array_equal(model.run(RecordedTrials(inputs), z0=initial).initial, initial)
    for beside in ({"lengths": LENGTHS}, {"z0": initial}):
        with pytest.raises(ModelError, match="of their own"):
            model.run(trials, **beside)
    with pytest.raises(ModelError, match=r"lengths must be whole numbers in 1\.\.12, got 1 to 13"):
        model.run(inputs, lengths=[13, 1, 1, 1, 1])


def test_figures_leave_it_out(model, padded) -> None:
    points = model.fixed_points()
    ax = plot_fixed_points(points, padded)
    assert ax.get_ylim()[1] - ax.get_ylim()[0] < 0.2 * np.ptp(padded.states)
    plane = plot_state_plane(padded, points)
    drawn = sum(len(line.get_xdata()) for line in plane.lines if line.get_marker() == ".")
    assert drawn == sum(LENGTHS)
    figure = plot_trial(padded, trial=1)
    assert figure.axes[4].get_xlim() == (-0.5, 2.5)
