"""Bitcode statistics against closed forms of Bernoulli and Markov sources, and against slow obvious counts."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import networkx
import numpy as np
import pytest

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.symbols import (
    block_entropies,
    compare_conditions,
    dwell_times,
    forbidden_words,
    jensen_shannon,
    markov_chain,
    markov_entropy_rate,
    markov_order_test,
    mutual_information,
    occupancy,
    symbol_sequences,
    topological_entropy,
    word_counts,
)
from plrnn_analysis.symbols.order import _random_trail
from plrnn_analysis.transitions import count_transitions

TWO = np.array([[0.9, 0.1], [0.3, 0.7]])
THREE = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])
#: p(next | before last, last): of second order.
SECOND = np.array([[[0.9, 0.1], [0.5, 0.5]], [[0.4, 0.6], [0.2, 0.8]]])


def shannon(p):
    p = np.asarray(p, dtype=float)
    p = p[p > 0]
    return float(-(p * np.log(p)).sum())


def stationary(matrix):
    values, vectors = np.linalg.eig(matrix.T)
    p = vectors[:, np.argmin(np.abs(values - 1))].real
    return p / p.sum()


def markov_rate(matrix):
    return float(sum(p * shannon(row) for p, row in zip(stationary(matrix), matrix)))


def markov_source(matrix, batch, steps, rng):
    """A stationary chain of first or second order, as symbols (batch, steps)."""
    cumulative = np.cumsum(matrix, axis=-1)
    order, burn = matrix.ndim - 1, 100
    x = rng.integers(0, matrix.shape[-1], (batch, steps + burn))
    for t in range(order, steps + burn):
        context = tuple(x[:, t - order + i] for i in range(order))
        x[:, t] = (rng.random(batch)[:, None] > cumulative[context]).sum(axis=1)
    return x[:, burn:]


def tent():
    """z' = 1 - 2 |z| on [-1, 1]; few steps each, since doubling uses up the bits of a float."""
    model = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    return model, model.simulate(40, z0=np.random.default_rng(3).uniform(-1, 1, (400, 1)))


def covers(estimate, truth):
    return estimate.lower <= truth <= estimate.upper


# Sources


@pytest.mark.parametrize("width", [0, 1, 3, 8, 56, 57, 63, 64, 65, 130, 300])
def test_encoding_of_any_length_of_bitcode(width):
    rng = np.random.default_rng(width)
    patterns = rng.random((9, width)) < 0.5
    bits = patterns[rng.integers(0, 9, (4, 25))]
    found = symbol_sequences(bits)
    strings = ["".join("01"[int(b)] for b in row) or "-" for row in bits.reshape(100, width)]
    assert found.names == tuple(sorted(set(strings)))
    assert [found.names[i] for i in found.codes] == strings
    assert found.lengths.tolist() == [25] * 4


def test_agrees_with_the_counts_of_the_transition_graph():
    rng = np.random.default_rng(0)
    bits = rng.random((7, 40, 5)) < 0.4
    counts = count_transitions(bits, discard=3)
    chain = markov_chain(bits, discard=3)
    assert np.array_equal(chain.source, counts.source)
    assert np.array_equal(chain.target, counts.target)
    assert np.array_equal(chain.count, counts.count)
    visits = {item.bitcode: item.visits for item in occupancy(bits, discard=3)}
    names = ["".join("01"[int(b)] for b in row) for row in counts.bitcodes]
    assert visits == dict(zip(names, counts.visits.tolist()))


def test_the_same_from_every_kind_of_source():
    model = PLRNN.al_rnn(A=[0.5, 0.9], W=[[0.1, -0.9], [0.8, 0.2]], h=[0.3, -0.2], pwl_units=2)
    run = model.simulate(50, n=6)
    text = [["".join("01"[int(b)] for b in step) for step in trial] for trial in run.bitcodes]
    expected = occupancy(run, discard=2).table()
    trials = list(run.bitcodes)
    ragged = [trials[0][:20], *trials[1:]]
    assert occupancy(run.bitcodes, discard=2).table() == expected
    assert occupancy(run.bitcodes.astype(int), discard=2).table() == expected
    assert occupancy(np.array(text), discard=2).table() == expected
    assert occupancy(trials, discard=2).table() == expected
    assert occupancy(ragged).n_steps == 20 + 5 * 50
    assert occupancy(symbol_sequences(run), discard=2).table() == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros((2, 3, 4, 5)), "source must be a trajectory"),
        (np.array([[0.5, 0.2]]), "source must be a trajectory"),
        ([[True, False], [True]], "each trial of a list"),
        ([np.zeros((3, 2), bool), np.zeros((4, 1), bool)], "one length"),
        (np.zeros((2, 0), int), "no step is left"),
        (np.zeros((0, 5), int), "no step is left"),
        ([], "source must be a trajectory"),
        (3, "source must be a trajectory"),
        ("0101", "source must be a trajectory"),
    ],
)
def test_sources_that_are_none(source, message):
    with pytest.raises(ModelError, match=message):
        symbol_sequences(source)


def test_arguments_are_checked():
    x = [0, 1, 0, 0, 1, 1]
    for call, message in (
        (lambda: occupancy(x, discard=6), "no step is left"),
        (lambda: occupancy(x, discard=-1), "discard"),
        (lambda: occupancy(x, confidence=1.0), "confidence"),
        (lambda: occupancy(x).n_for(0.0), "share"),
        (lambda: word_counts(x, 7), "longest trial"),
        (lambda: word_counts(x, 0), "length"),
        (lambda: forbidden_words(x, 1), "length"),
        (lambda: block_entropies(x, base=1), "base"),
        (lambda: markov_chain([[0], [1]]), "no transition"),
        (lambda: markov_order_test([[0], [1]]), "no transition"),
        (lambda: topological_entropy([[0], [1]]), "no transition"),
        (lambda: topological_entropy(networkx.Graph([("a", "b")])), "directed"),
        (lambda: topological_entropy(networkx.DiGraph()), "no node"),
        (lambda: markov_entropy_rate(np.eye(2)), "2 sets of states"),
        (lambda: markov_entropy_rate([[0.5, 0.6], [0.5, 0.5]]), "sum to 1"),
        (lambda: mutual_information(x, [1, 2]), "one per trial"),
        (lambda: mutual_information([x, x], [0, 1], null="shifts"), "cannot be shifted"),
        (lambda: mutual_information(x, np.full(6, np.nan)), "finite"),
        (lambda: jensen_shannon([1, -1], [1, 1]), "non-negative"),
        (lambda: compare_conditions([x, x]), "labels"),
        (lambda: compare_conditions({}), "no condition"),
        (lambda: compare_conditions({"a": x}, [0]), "mapping"),
        (lambda: compare_conditions([x, x], [0, 1, 2]), "one per trial"),
        (lambda: compare_conditions([x, x], [0, 1], linkage="centroid"), "linkage"),
        (lambda: compare_conditions({"a": np.zeros((3, 2), bool), "b": np.zeros((3, 1), bool)}), "one length"),
    ):
        with pytest.raises(ModelError, match=message):
            call()


def test_a_diverging_trajectory_is_refused():
    model = PLRNN.al_rnn(A=[4.0], W=[[0.0]], h=[0.0], pwl_units=1)
    with pytest.raises(ModelError, match="diverge"):
        occupancy(model.simulate(1000, z0=[[1.0], [0.0]]))


def test_degenerate_sources():
    """A model without ReLU, one step, one symbol: everything is 0, nothing fails."""
    linear = PLRNN.al_rnn(A=[0.5], W=[[0.0]], h=[0.0], pwl_units=0).simulate(30, n=3)
    for source in (linear, np.zeros((1, 1), int), np.zeros((1, 500), int)):
        found = occupancy(source)
        assert len(found) == 1
        assert found.effective_number.plug_in == 1.0
        blocks = block_entropies(source, 2)
        assert blocks[0].entropy.value == blocks.rate.value == 0.0
        assert dwell_times(source)[0].mean_memoryless == math.inf
        assert mutual_information(source, np.zeros(found.n_trials, int), n_permutations=9).information.value == 0.0
    assert occupancy(linear)[0].bitcode == "-"
    assert topological_entropy(linear).value == 0.0
    assert markov_chain(linear).entropy_rate.value == 0.0
    assert markov_order_test(linear).order == 0
    assert math.isnan(block_entropies([[0]], 1)[0].entropy.lower)


# Occupancy and dwell times


def test_occupancy_curve():
    x = np.repeat([3, 1, 0, 2], [50, 40, 5, 5])
    found = occupancy(x)
    assert found.table()["bitcode"] == ["3", "1", "0", "2"]
    assert np.allclose(found.curve, [0.5, 0.9, 0.95, 1.0])
    assert [found.n_for(s) for s in (0.5, 0.50001, 0.9, 0.95, 0.99, 1.0)] == [1, 2, 2, 3, 4, 4]
    assert found.effective_number.plug_in == pytest.approx(math.exp(shannon([0.5, 0.4, 0.05, 0.05])))


def test_effective_number_of_a_loaded_die_lies_in_its_interval():
    p = [0.05, 0.1, 0.15, 0.2, 0.2, 0.3]
    x = np.random.default_rng(1).choice(6, p=p, size=(40, 100))
    assert covers(occupancy(x).effective_number, math.exp(shannon(p)))


def test_dwell_times_against_a_loop():
    rng = np.random.default_rng(2)
    x = markov_source(THREE, 15, 30, rng)
    expected = {(s, kind): [] for s in "012" for kind in ("complete", "first", "last", "whole")}
    for trial in x:
        start = 0
        for t in range(1, 31):
            if t == 30 or trial[t] != trial[start]:
                kind = {(0, 0): "complete", (1, 0): "first", (0, 1): "last", (1, 1): "whole"}[start == 0, t == 30]
                expected[str(trial[start]), kind].append(t - start)
                start = t
    found = dwell_times(x)
    for (symbol, kind), stays in expected.items():
        assert sorted(getattr(found[symbol], kind).tolist()) == sorted(stays)
    total = sum(sum(getattr(d, k).sum() for k in ("complete", "first", "last", "whole")) for d in found)
    assert total == x.size
    with pytest.raises(KeyError):
        found["7"]


def test_dwell_times_of_a_chain_are_geometric():
    rng = np.random.default_rng(4)
    found = dwell_times(markov_source(TWO, 1, 100_000, rng))
    for symbol, stay in (("0", 0.9), ("1", 0.7)):
        dwell = found[symbol]
        n, d = dwell.complete.size, np.arange(1, 12)
        share = np.array([(dwell.complete == k).mean() for k in d])
        truth = stay ** (d - 1) * (1 - stay)
        assert (np.abs(share - truth) < 4 * np.sqrt(truth * (1 - truth) / n)).all()
        assert dwell.mean_memoryless == pytest.approx(1 / (1 - stay), rel=0.03)
        survival = dwell.survival()
        assert survival[0] == 1.0
        assert np.allclose(survival[:10], stay ** np.arange(10), atol=4 / math.sqrt(n))


def test_censoring_biases_the_mean_and_not_the_other_two():
    """Trials as short as the stays: complete stays are short ones."""
    rng = np.random.default_rng(5)
    dwell = dwell_times(markov_source(TWO, 20_000, 10, rng))["0"]
    assert dwell.mean < 5.0
    assert dwell.mean_memoryless == pytest.approx(10.0, rel=0.03)
    assert np.allclose(dwell.survival()[:8], 0.9 ** np.arange(8), atol=0.02)


# Words


def test_words_against_a_counter():
    rng = np.random.default_rng(6)
    trials = [markov_source(THREE, 1, n, rng)[0] for n in (5, 1, 40, 2)]
    for n in (1, 2, 3, 5):
        counter = Counter(tuple(map(str, t[i : i + n])) for t in trials for i in range(len(t) - n + 1))
        found = word_counts(trials, n)
        assert dict(found.most_frequent(10_000)) == counter
        assert found.counts.sum() == found.n_positions
    assert word_counts(trials, 2).word(0) == ("0", "0")


def test_forbidden_words_against_all_words():
    rng = np.random.default_rng(7)
    sparse = np.array([[0.0, 0.5, 0.5, 0.0], [0.4, 0.0, 0.6, 0.0], [0.2, 0.0, 0.0, 0.8], [0.5, 0.5, 0.0, 0.0]])
    x = markov_source(sparse, 5, 60, rng)
    seen = {n: {tuple(map(str, t[i : i + n])) for t in x for i in range(61 - n)} for n in (1, 2, 3, 4)}
    for n in (2, 3, 4):
        expected = {
            (*a, b[-1]) for a in seen[n - 1] for b in seen[n - 1] if a[1:] == b[:-1] and (*a, b[-1]) not in seen[n]
        }
        found = forbidden_words(x, n)
        assert {w.word for w in found} == expected
        assert found.n_forbidden == len(expected)
        assert found.complete
        values = found.table()["expected"]
        assert values == sorted(values, reverse=True)
    short = forbidden_words(x, 2, max_words=3)
    assert (len(short), short.complete, short.n_forbidden) == (3, False, len(forbidden_words(x, 2)))
    assert [w.word for w in short] == [w.word for w in forbidden_words(x, 2)][:3]


def test_forbidden_words_of_many_subregions():
    """2,000 subregions have 4 million pairs: counted exactly, the most expected listed."""
    x = np.random.default_rng(8).permuted(np.tile(np.arange(2000), 3))
    found = forbidden_words(x, 2, max_words=5)
    assert found.n_forbidden == 2000**2 - len(word_counts(x, 2))
    assert len(found) == 5


# Entropies: one draw each, so intervals of 99.9 %; that those of 95 % cover 95 % is tested below


@pytest.mark.parametrize("p", [[0.1, 0.9], [0.5, 0.5], [1 / 6] * 6, [0.05, 0.1, 0.15, 0.2, 0.2, 0.3]])
@pytest.mark.parametrize("shape", [(1, 4000), (40, 100)])
def test_bernoulli_sources(p, shape):
    x = np.random.default_rng(9).choice(len(p), p=p, size=shape)
    for base in (math.e, 2):
        blocks = block_entropies(x, 3, base=base, confidence=0.999)
        truth = shannon(p) / math.log(base)
        for block in blocks:
            assert covers(block.entropy, block.length * truth)
            assert covers(block.rate, truth)
        assert covers(markov_chain(x, base=base, confidence=0.999).entropy_rate, truth)
    assert [b.unit for b in (block_entropies(x, 1), block_entropies(x, 1, base=2))] == ["nats", "bits"]


@pytest.mark.parametrize("matrix", [TWO, THREE], ids=["two states", "three states"])
@pytest.mark.parametrize("shape", [(1, 6000), (60, 100)])
def test_markov_sources(matrix, shape):
    x = markov_source(matrix, *shape, np.random.default_rng(10))
    blocks = block_entropies(x, 4, confidence=0.999)
    rate = markov_rate(matrix)
    assert covers(blocks[0].entropy, shannon(stationary(matrix)))
    for block in blocks[1:]:
        assert covers(block.rate, rate)
    assert covers(blocks.rate, rate)
    chain = markov_chain(x, confidence=0.999)
    assert covers(chain.entropy_rate, rate)
    assert np.allclose(chain.matrix(), matrix, atol=0.05)
    assert np.allclose(chain.stationary, stationary(matrix), atol=0.05)
    assert markov_entropy_rate(matrix) == pytest.approx(rate, abs=1e-12)


def test_second_order_needs_longer_words():
    x = markov_source(SECOND, 40, 500, np.random.default_rng(11))
    pairs = np.zeros((4, 4))
    for a in range(2):
        for b in range(2):
            pairs[2 * a + b, 2 * b : 2 * b + 2] = SECOND[a, b]
    rate = markov_rate(pairs)
    blocks = block_entropies(x, 4)
    assert blocks[1].rate.lower > rate
    assert covers(blocks[2].rate, rate)
    assert covers(blocks[3].rate, rate)


def test_plug_in_against_numpy_and_miller_for_one_block():
    x = np.array([0, 1, 1, 0, 1, 2, 0])
    blocks = block_entropies(x, 2)
    assert blocks[0].entropy.plug_in == pytest.approx(shannon([3 / 7, 3 / 7, 1 / 7]))
    assert blocks[0].entropy.value == pytest.approx(shannon([3 / 7, 3 / 7, 1 / 7]) + 2 / 14)
    assert math.isnan(blocks[0].entropy.upper)
    # Pairs 01 11 10 01 12 20, given their first symbols 0 1 1 0 1 2.
    pairs, firsts = shannon(np.array([2, 1, 1, 1, 1]) / 6), shannon(np.array([2, 3, 1]) / 6)
    assert blocks[1].rate.plug_in == pytest.approx(pairs - firsts)
    assert "too few steps" in " ".join(blocks.notes)


def test_jackknife_against_recounting():
    rng = np.random.default_rng(12)
    x = markov_source(THREE, 12, 20, rng)

    def plug_in(trials):
        return shannon(np.unique(trials, return_counts=True)[1] / trials.size)

    without = np.array([plug_in(np.delete(x, i, axis=0)) for i in range(12)])
    found = block_entropies(x, 1)[0].entropy
    assert found.value == pytest.approx(12 * plug_in(x) - 11 * without.mean())
    linear = math.sqrt(11 / 12 * ((without - without.mean()) ** 2).sum())
    assert linear < found.standard_error < 1.5 * linear


def test_a_periodic_orbit_has_no_entropy():
    x = np.tile([0, 1, 2, 1], 50)
    blocks = block_entropies(x, 6)
    assert [b.n_words for b in blocks] == [3, 4, 4, 4, 4, 4]
    # After a 1 comes 0 or 2; two symbols tell all.
    assert blocks[1].rate.plug_in > 0.3
    for block in blocks[2:]:
        assert block.rate.value == pytest.approx(0.0, abs=1e-12)
        assert block.growth_ratio == 0.0
    assert topological_entropy(x).value == pytest.approx(math.log(math.sqrt(2)))
    assert topological_entropy(np.tile([0, 1, 2], 50)).value == 0.0


def test_undersampled_words_are_said_to_be():
    x = np.random.default_rng(13).integers(0, 10, (1, 3000))
    blocks = block_entropies(x, 4)
    assert [b.well_sampled for b in blocks] == [True, True, False, False]
    assert blocks.rate_length == 2
    assert blocks[3].unseen > 0.5
    assert "length 3" in " ".join(blocks.notes)


def test_stationary_distribution_of_several_classes():
    """From 0 one goes to the ring 1 2 in one trial of three and stays in 3 in two."""
    trials = [[0, 1, 2, 1, 2, 1], [0, 3, 3, 3, 3, 3], [0, 3, 3, 3, 3, 3]]
    chain = markov_chain(trials)
    assert np.allclose(chain.stationary, [0, 1 / 6, 1 / 6, 2 / 3])
    assert chain.entropy_rate.plug_in == 0.0
    assert chain.recurrent_share == pytest.approx(15 / 18)


def test_a_subregion_that_only_ends_trials():
    chain = markov_chain([0, 1, 0, 0, 1, 0, 1, 0, 2])
    assert np.allclose(chain.stationary, [4 / 7, 3 / 7, 0])
    assert chain.notes == ("1 steps into subregions without a successor were left out", "too few steps for an interval")


def test_sparse_algebra_against_dense(monkeypatch):
    monkeypatch.setattr("plrnn_analysis.symbols.markov._DENSE", 20)
    monkeypatch.setattr("plrnn_analysis.symbols.topological._DENSE", 20)
    rng = np.random.default_rng(27)
    x = np.concatenate([rng.integers(0, 90, 360), np.arange(90), [0]])
    chain = markov_chain(x)
    matrix = chain.matrix()
    assert np.allclose(matrix.sum(axis=1), 1.0)
    assert np.allclose(chain.stationary @ matrix, chain.stationary, atol=1e-12)
    assert chain.entropy_rate.plug_in == pytest.approx(markov_entropy_rate(matrix))
    values = np.linalg.eigvals((matrix > 0).astype(float))
    assert topological_entropy(x).spectral_radius == pytest.approx(np.abs(values).max(), rel=1e-9)


# Order


def test_order_is_found():
    rng = np.random.default_rng(14)
    assert markov_order_test(rng.integers(0, 3, (10, 200))).order == 0
    assert markov_order_test(markov_source(THREE, 10, 300, rng)).order == 1
    test = markov_order_test(markov_source(SECOND, 10, 300, rng))
    assert test.order == 2
    assert max(test[0].p_value, test[1].p_value) < 1e-6
    assert markov_order_test(markov_source(SECOND, 10, 300, rng), 1).order is None


def test_statistics_of_the_order_test_against_tables():
    x = markov_source(THREE, 3, 80, np.random.default_rng(15))
    from scipy.stats import chi2_contingency

    test = markov_order_test(x, 1)
    pairs = np.zeros((3, 3))
    triples = np.zeros((3, 3, 3))
    for trial in x:
        np.add.at(pairs, (trial[:-1], trial[1:]), 1)
        np.add.at(triples, (trial[:-2], trial[1:-1], trial[2:]), 1)
    tables = [[pairs], [triples[:, v] for v in range(3)]]
    for comparison, parts in zip(test, tables):
        assert comparison.statistic == pytest.approx(
            sum(chi2_contingency(t, correction=False, lambda_="log-likelihood")[0] for t in parts)
        )
        found = [chi2_contingency(t, correction=False) for t in parts]
        assert comparison.pearson == pytest.approx(sum(f[0] for f in found))
        assert comparison.degrees == sum(f[2] for f in found)
        expected = np.concatenate([f[3].ravel() for f in found])
        assert comparison.sparse_share == pytest.approx((expected < 5).mean())


def test_degrees_count_what_is_seen_only():
    """Golden mean: after 1 only 0 comes, so that context has no freedom."""
    x = markov_source(np.array([[0.5, 0.5], [1.0, 0.0]]), 5, 400, np.random.default_rng(16))
    test = markov_order_test(x, 2)
    assert [c.degrees for c in test] == [1, 1, 1]
    assert test.order == 1


def test_surrogates_keep_the_words_and_are_uniform():
    """All Eulerian trails of a small multigraph appear equally often."""
    trail = np.array([0, 1, 0, 2, 1, 1, 0, 2, 0])
    steps = Counter(zip(trail[:-1].tolist(), trail[1:].tolist()))
    rng = np.random.default_rng(17)
    drawn = Counter()
    for _ in range(6000):
        new = _random_trail(trail, rng)
        assert Counter(zip(new[:-1].tolist(), new[1:].tolist())) == steps
        assert new[0] == trail[0]
        drawn[tuple(new.tolist())] += 1

    def trails(path, left):
        if not sum(left.values()):
            return {tuple(path)}
        found = set()
        for (a, b), number in left.items():
            if a == path[-1] and number:
                found |= trails([*path, b], left - Counter([(a, b)]))
        return found

    every = trails([0], steps)
    assert set(drawn) == every
    expected = 6000 / len(every)
    chi2 = sum((drawn[t] - expected) ** 2 / expected for t in every)
    assert chi2 < len(every) - 1 + 4 * math.sqrt(2 * (len(every) - 1))


def test_exact_test_rejects_and_keeps():
    rng = np.random.default_rng(18)
    test = markov_order_test(markov_source(SECOND, 5, 80, rng), 2, surrogates=99)
    assert test.order == 2
    assert [c.exact_p_value for c in test][:2] == [0.01, 0.01]
    # The same seed gives the same p-values.
    x = markov_source(THREE, 3, 40, rng)
    tests = [markov_order_test(x, 1, surrogates=19, seed=4).table() for _ in range(2)]
    assert tests[0] == tests[1]


def test_many_symbols_leave_the_order_open():
    """A thousand subregions in 5,000 steps: chi-squared keeps order 0 of a chain that hardly moves."""
    rng = np.random.default_rng(28)
    x = (rng.integers(0, 1000, (1000, 1)) + np.cumsum(rng.integers(-1, 2, (1000, 5)), axis=1)) % 1000
    test = markov_order_test(x, 0)
    assert test[0].p_value > 0.05
    assert test.order is None
    assert "use surrogates" in repr(test)
    assert "surrogates=199" in test.notes[0]
    assert markov_order_test(x, 0, surrogates=19)[0].exact_p_value == 0.05


# Topological entropy


def test_topological_entropy_in_closed_form():
    golden = (1 + math.sqrt(5)) / 2
    graph = networkx.DiGraph([("0", "0"), ("0", "1"), ("1", "0"), ("x", "0"), ("1", "y"), ("z", "z")])
    found = topological_entropy(graph)
    assert found.value == pytest.approx(math.log(golden), abs=1e-12)
    assert topological_entropy(graph, base=2).value == pytest.approx(math.log2(golden), abs=1e-12)
    assert (found.component, found.n_nodes, found.n_edges) == (("0", "1"), 5, 6)
    assert topological_entropy(networkx.DiGraph([(0, 1), (1, 2)])).value == -math.inf
    assert topological_entropy(networkx.DiGraph([(0, 1), (1, 2), (2, 0)])).value == 0.0
    assert topological_entropy(networkx.MultiDiGraph([(0, 0), (0, 0)])).value == 0.0
    assert topological_entropy(networkx.complete_graph(5, networkx.DiGraph)).spectral_radius == pytest.approx(4.0)


@pytest.mark.parametrize(("ring", "short"), [(700, 650), (1500, 7)])
def test_topological_entropy_of_a_ring_with_a_shortcut(ring, short):
    """Closed walks of two lengths: x^-n + x^-m = 1. All eigenvalues lie close to a circle, Arnoldi does not end."""
    graph = networkx.DiGraph([(i, (i + 1) % ring) for i in range(ring)])
    graph.add_edge(short - 1, 0)
    x = topological_entropy(graph).spectral_radius
    assert x > 1
    assert x**-ring + x**-short == pytest.approx(1.0, abs=1e-9)


def test_tent_map():
    """Topological entropy, entropy rate and Lyapunov exponent are all log 2."""
    model, run = tent()
    assert topological_entropy(model.transition_graph(box=1.0)).value == pytest.approx(math.log(2), abs=1e-12)
    assert topological_entropy(run).value == pytest.approx(math.log(2), abs=1e-12)
    blocks = block_entropies(run, 6)
    lyapunov = math.log(2)
    assert covers(blocks.rate, lyapunov)
    assert blocks.rate.upper - blocks.rate.lower < 0.01
    assert covers(block_entropies(run, 6, base=2).rate, 1.0)
    assert [b.n_words for b in blocks] == [2, 4, 8, 16, 32, 64]
    assert [b.growth for b in blocks] == pytest.approx([math.log(2)] * 6)
    assert [b.growth_ratio for b in blocks] == pytest.approx([math.log(2)] * 6)
    assert forbidden_words(run, 6).n_forbidden == 0
    assert markov_order_test(run).order == 0


def test_golden_mean_words_grow_as_its_graph():
    x = markov_source(np.array([[0.5, 0.5], [1.0, 0.0]]), 20, 2000, np.random.default_rng(19))
    blocks = block_entropies(x, 9)
    assert [b.n_words for b in blocks] == [2, 3, 5, 8, 13, 21, 34, 55, 89]
    assert blocks[-1].growth_ratio == pytest.approx(topological_entropy(x).value, abs=1e-3)
    assert forbidden_words(x, 2).table()["word"] == [("1", "1")]
    # Minimal: longer words that hold 11 are not listed again.
    assert [forbidden_words(x, n).n_forbidden for n in (3, 4, 5)] == [0, 0, 0]


# Information


@pytest.mark.parametrize("flip", [0.05, 0.2])
@pytest.mark.parametrize("shape", [(1, 4000), (40, 100)])
def test_binary_symmetric_channel(flip, shape):
    rng = np.random.default_rng(20)
    sent = rng.integers(0, 2, shape)
    received = sent ^ (rng.random(shape) < flip)
    found = mutual_information(received[..., None].astype(bool), sent, n_permutations=99)
    capacity = 1 + flip * math.log2(flip) + (1 - flip) * math.log2(1 - flip)
    assert covers(found.information, capacity)
    assert found.p_value == 0.01
    assert found.information.unit == "bits"
    in_nats = mutual_information(received.astype(int), sent, base=math.e, n_permutations=0)
    assert in_nats.information.value == pytest.approx(found.information.value * math.log(2))
    assert math.isnan(in_nats.p_value)


def test_labels_of_trials():
    """I = H(mixture) - mean H, with the numbers of trials a label chosen, not drawn."""
    rng = np.random.default_rng(21)
    label = np.arange(60) % 3
    p = np.array([0.1, 0.5, 0.9])
    x = (rng.random((60, 50)) < p[label][:, None]).astype(int)
    truth = (shannon([p.mean(), 1 - p.mean()]) - np.mean([shannon([q, 1 - q]) for q in p])) / math.log(2)
    found = mutual_information(x, np.array(["low", "mid", "high"])[label])
    assert covers(found.information, truth)
    assert found.p_value == 0.001
    assert found.null == "trials"
    # The bitcode is the label: exactly its entropy, and not more.
    same = mutual_information(np.repeat(label[:, None], 5, axis=1), label, n_permutations=0)
    assert same.information.value == pytest.approx(math.log2(3))
    # The same with trials of different lengths.
    ragged = [trial[: 30 + i % 7] for i, trial in enumerate(x)]
    assert covers(mutual_information(ragged, label, n_permutations=19).information, truth)


def test_labels_of_one_trial_each():
    x = np.random.default_rng(29).integers(0, 3, (6, 20))
    found = mutual_information(x, np.arange(6), n_permutations=9)
    assert math.isnan(found.information.lower)
    assert found.information.value < found.information.plug_in
    assert "no label has two trials" in found.notes[0]
    assert "coarse" in found.notes[1]
    # Whichever trial has which label, the information is the same.
    assert found.p_value == 1.0
    some = mutual_information(x, [0, 0, 0, 1, 1, 2], n_permutations=0)
    assert some.information.lower <= some.information.upper
    assert some.notes[0] == "1 label has one trial: its bias is not corrected"


def test_information_of_labels_against_recounting():
    """The jackknife within labels, trial by trial: the other trials of its label take the place of the one left out."""
    rng = np.random.default_rng(26)
    label = np.array([0, 0, 0, 1, 1, 1, 1])
    x = rng.integers(0, 3, (7, 15))

    def information(weights):
        table = np.array([[(weights[label == y, None] * (x[label == y] == s)).sum() for s in range(3)] for y in (0, 1)])
        p = table / table.sum()
        return shannon(p.sum(axis=0)) + shannon(p.sum(axis=1)) - shannon(p.ravel())

    plug_in = information(np.ones(7))
    bias = 0.0
    for y in (0, 1):
        size = (label == y).sum()
        left = []
        for i in np.flatnonzero(label == y):
            weights = np.where(label == y, size / (size - 1), 1.0)
            weights[i] = 0.0
            left.append(information(weights))
        bias += (size - 1) * (np.mean(left) - plug_in)
    found = mutual_information(x, label, base=math.e, n_permutations=0).information
    assert found.plug_in == pytest.approx(plug_in)
    assert found.value == pytest.approx(plug_in - bias)


def test_independent_but_slow_is_not_called_significant():
    """Twenty trials of chains that hardly move: shuffled steps would reject nearly always."""
    slow = np.array([[0.97, 0.03], [0.03, 0.97]])
    rng = np.random.default_rng(22)
    p_values = []
    for seed in range(40):
        x, y = (markov_source(slow, 20, 60, rng) for _ in range(2))
        found = mutual_information(x, y, n_permutations=39, seed=seed)
        p_values.append(found.p_value)
        assert found.noise > 0
    assert 0 <= np.sum(np.array(p_values) <= 0.05) <= 7


def test_real_valued_inputs_are_binned():
    rng = np.random.default_rng(23)
    s = rng.normal(size=(30, 100))
    above = (s > np.median(s)).astype(int)
    found = mutual_information(above, s, bins=4, n_permutations=19)
    assert found.n_labels == 4
    assert found.information.value == pytest.approx(1.0, abs=1e-3)
    shifted = mutual_information(above, s, bins=4, n_permutations=19, null="shifts")
    assert shifted.p_value == 0.05


# Divergence


def js_reference(p, q):
    """The definition, by Kullback-Leibler divergences to the mixture, outcome by outcome."""
    p, q = np.asarray(p) / np.sum(p), np.asarray(q) / np.sum(q)
    total = 0.0
    for a, b in zip(p, q):
        m = (a + b) / 2
        total += (a * math.log2(a / m) if a else 0.0) / 2 + (b * math.log2(b / m) if b else 0.0) / 2
    return total


def test_divergence_against_its_definition():
    rng = np.random.default_rng(24)
    for _ in range(50):
        p, q = rng.dirichlet(np.full(7, 0.4), 2) * (rng.random((2, 7)) < 0.8) + 1e-300
        assert jensen_shannon(p, q) == pytest.approx(js_reference(p, q), abs=1e-12)
    assert jensen_shannon([0.2, 0.8], [0.2, 0.8]) == 0.0
    assert jensen_shannon([0.5, 0.5, 0, 0], [0, 0, 0.1, 0.9]) == 1.0
    # A coin that always falls on heads, and a fair one: H(3/4) - 1/2.
    assert jensen_shannon([1, 0], [0.5, 0.5]) == pytest.approx(shannon([0.75, 0.25]) / math.log(2) - 0.5)
    assert jensen_shannon([0.3, 0.7], [0.3 + 1e-9, 0.7 - 1e-9]) < 1e-15


def planted(rng, groups, per_group=3, trials=25, steps=30, n=16):
    tasks, truth = {}, []
    for g in range(groups):
        base = rng.dirichlet(np.full(n, 0.4))
        for k in range(per_group):
            p = 0.92 * base + 0.08 * rng.dirichlet(np.full(n, 1.0))
            bits = (rng.choice(n, p=p, size=(trials, steps))[..., None] >> np.arange(4)) & 1
            tasks[f"task {g}{k}"] = bits.astype(bool)
            truth.append(g)
    return tasks, tuple(truth)


@pytest.mark.parametrize("linkage", ["average", "complete", "ward"])
def test_planted_blocks_are_found(linkage):
    for seed in range(3):
        tasks, truth = planted(np.random.default_rng(seed), 4)
        found = compare_conditions(tasks, n_resamples=0, n_permutations=0, linkage=linkage)
        assert found.clusters(4) == truth
        assert [found.clusters(n) for n in (1, 12)] == [(0,) * 12, tuple(range(12))]
        same = np.equal.outer(truth, truth)
        assert found.matrix[same].max() < found.matrix[~same].min()
        # Leaves of a block stand together.
        blocks = [truth[i] for i in found.order]
        assert sum(a != b for a, b in itertools.pairwise(blocks)) == 3


def test_matrix_against_frequencies():
    tasks, _ = planted(np.random.default_rng(30), 2)
    for length in (1, 2):
        found = compare_conditions(tasks, word_length=length, n_resamples=19, n_permutations=19)
        words = {name: dict(word_counts(bits, length).most_frequent(10**6)) for name, bits in tasks.items()}
        keys = sorted({w for counts in words.values() for w in counts})
        for i, a in enumerate(tasks):
            for j, b in enumerate(tasks):
                p, q = ([words[name].get(k, 0) for k in keys] for name in (a, b))
                assert found.matrix[i, j] == pytest.approx(js_reference(p, q), abs=1e-12)
        assert np.array_equal(found.matrix, found.matrix.T)
        assert (found.lower <= found.upper).all()
        assert found.n_words == len(keys)
    labels = np.repeat(list(tasks), 25)
    pooled = compare_conditions(np.concatenate(list(tasks.values())), labels, n_resamples=0, n_permutations=0)
    assert np.allclose(pooled.matrix, compare_conditions(tasks, n_resamples=0, n_permutations=0).matrix, atol=1e-15)
    assert len(found.table()["first"]) == 15


def test_equal_and_disjoint_conditions():
    x = np.random.default_rng(31).integers(0, 3, (10, 20))
    found = compare_conditions({"a": x, "b": x.copy(), "c": x + 5}, n_resamples=99, n_permutations=99)
    assert found.matrix[0].tolist() == [0.0, 0.0, 1.0]
    assert [found.lower[0, 2], found.upper[0, 2]] == pytest.approx([1.0, 1.0], abs=1e-12)
    assert found.p_value[0, 1] == 1.0
    assert found.p_value[0, 2] == 0.01
    assert found.clusters(2) == (0, 0, 1)


def test_noise_floor_of_one_source():
    """Two samples of one source diverge by about (K - 1)(1/N + 1/N') / (8 ln 2) bits, and noise says as much."""
    rng = np.random.default_rng(32)
    runs = [
        compare_conditions(
            {"a": rng.integers(0, 8, (20, 25)), "b": rng.integers(0, 8, (20, 25))}, n_resamples=0, n_permutations=99
        )
        for _ in range(40)
    ]
    predicted = 7 * (2 / 500) / (8 * math.log(2))
    assert np.mean([r.matrix[0, 1] for r in runs]) == pytest.approx(predicted, rel=0.15)
    assert np.mean([r.noise[0, 1] for r in runs]) == pytest.approx(predicted, rel=0.1)
    assert np.sum([r.p_value[0, 1] <= 0.05 for r in runs]) <= 7


def test_conditions_of_one_trial():
    x = np.random.default_rng(33).integers(0, 3, (5, 30))
    found = compare_conditions({"one": x[:1], "four": x[1:]}, n_resamples=19, n_permutations=19)
    assert np.isnan(found.lower[0, 1])
    assert found.notes == ("no interval for conditions of one trial: one",)
    alone = compare_conditions({"only": x})
    assert (alone.matrix.shape, alone.order, alone.clusters(1), len(alone.linkage)) == ((1, 1), (0,), (0,), 0)
    with pytest.raises(ModelError, match="cannot make"):
        alone.clusters(2)


def test_results_are_read_only_and_say_what_they_are():
    x = np.random.default_rng(34).integers(0, 3, (12, 30))
    divergence = compare_conditions(x, np.arange(12) % 2, n_resamples=9, n_permutations=9)
    with pytest.raises(ValueError, match="read-only"):
        divergence.matrix[0, 0] = 1
    assert "2 conditions" in repr(divergence)
    assert "3 visited subregions in 360 steps" in repr(occupancy(x))
    assert "entropy rate" in repr(block_entropies(x, 2))
    assert "order 0" in repr(markov_order_test(x, 1, level=1e-4))
    assert "cut by the ends of trials" in repr(dwell_times(x))
    assert "of length 2" in repr(word_counts(x, 2))
    assert "states" in repr(markov_chain(x))
    assert "nats (95 %:" in str(block_entropies(x, 1)[0].entropy)


# Calibration


def test_intervals_cover_and_the_order_test_keeps_its_level():
    """A small version; 120 repetitions of 95 % leave 3.2 standard deviations down to 108."""
    rng = np.random.default_rng(35)
    rate, truth = markov_rate(THREE), shannon(stationary(THREE))
    hits = np.zeros(4, dtype=int)
    for _ in range(120):
        x = markov_source(THREE, 20, 100, rng)
        blocks, chain = block_entropies(x, 2), markov_chain(x)
        hits += [
            covers(blocks[0].entropy, truth),
            covers(blocks[1].rate, rate),
            covers(chain.entropy_rate, rate),
            markov_order_test(x, 1)[1].p_value > 0.05,
        ]
    assert (hits >= 106).all()
    assert hits[3] < 120


@pytest.mark.slow
def test_divergence_intervals_cover():
    rng = np.random.default_rng(36)
    p, q = np.array([0.1, 0.3, 0.6]), np.array([0.5, 0.3, 0.2])
    truth, hits = js_reference(p, q), 0
    for seed in range(200):
        tasks = {"a": rng.choice(3, p=p, size=(20, 20)), "b": rng.choice(3, p=q, size=(20, 20))}
        found = compare_conditions(tasks, n_resamples=199, n_permutations=0, seed=seed)
        hits += found.lower[0, 1] <= truth <= found.upper[0, 1]
    assert 178 <= hits <= 200


def test_divergence_intervals_cover_where_one_condition_has_two_trials():
    rng = np.random.default_rng(0)
    inside, repeats = 0, 60
    for _ in range(repeats):
        p, q = rng.dirichlet(np.full(4, 3.0), size=2)
        source = {"many": rng.choice(4, size=(40, 100), p=p), "few": rng.choice(4, size=(2, 100), p=q)}
        found = compare_conditions(source, n_resamples=99, n_permutations=0)
        inside += bool(found.lower[0, 1] <= jensen_shannon(p, q) <= found.upper[0, 1])
    # It is 54; with pooled variance and degrees of freedom it is 41.
    assert inside >= 52
