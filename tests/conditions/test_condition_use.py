"""What conditions visit, how alike they are, and what the command line makes of trials in a checkpoint."""

from __future__ import annotations

from pathlib import Path

import networkx
import numpy as np
import pytest
from typer.testing import CliRunner, Result

import plrnn_analysis as pa
from plrnn_analysis import PLRNN, ModelError, cli
from plrnn_analysis.conditions import ConditionUse, condition_use, mark_conditions
from plrnn_analysis.recorded_trials import RecordedTrials
from plrnn_analysis.story import tell_story
from plrnn_analysis.symbols import compare_conditions, group_likeness, jensen_shannon


def plrnn(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(a) for a in arguments])


def flat(text: str) -> str:
    return " ".join(text.split())


def choice() -> PLRNN:
    """Two units that inhibit each other, pushed to the left, to the right or not at all; noise in the padding."""
    rng = np.random.default_rng(0)
    inputs = np.zeros((12, 30, 2))
    inputs[:4, 3:10, 0] = inputs[4:8, 3:10, 1] = 1
    inputs += 0.1 * rng.normal(size=inputs.shape)
    lengths = [30] * 6 + [20] * 6
    inputs[6:, 20:] = 50.0 * rng.normal(size=(6, 10, 2))
    trials = RecordedTrials(inputs, [0] * 4 + [1] * 4 + [2] * 4, lengths, ("left", "right", "none"))
    model = PLRNN.al_rnn([0.5, 0.5], [[0.2, -1], [-1, 0.2]], [0.5, 0.5], 2, C=np.eye(2), B=[[1.0, -1.0]])
    model.metadata["output_names"] = ["choice"]
    return model.with_trials(trials)


def use(model: PLRNN) -> ConditionUse:
    assert model.trials is not None
    return condition_use(model.run(model.trials), model.trials.labels, model.fixed_points(), n_permutations=99)


def test_each_condition_is_counted_by_itself() -> None:
    model = choice()
    assert model.trials is not None
    found = use(model)
    assert [c.condition for c in found] == ["left", "right", "none"]
    points = model.fixed_points()
    distributions = {}
    for c in found:
        own = model.trials.select(c.condition)
        lengths = [30] * 4 if own.lengths is None else own.lengths
        runs = [model.run(row[:n]) for row, n in zip(own.inputs, lengths)]
        codes = ["".join("01"[int(b)] for b in bits) for run in runs for bits in run.bitcodes[0]]
        distributions[c.condition] = {code: codes.count(code) / len(codes) for code in set(codes)}
        assert (c.n_trials, c.n_steps, c.subregions) == (4, len(codes), len(set(codes)))
        assert dict(zip(c.bitcodes, c.frequencies)) == pytest.approx(distributions[c.condition])
        assert set(c.fixed_points) == {i for i, point in enumerate(points) if point.bitcode in codes}
        np.testing.assert_allclose(c.mean_output, np.mean([run.outputs[0, -1] for run in runs], axis=0))
        shares = sorted(distributions[c.condition].values(), reverse=True)
        assert c.held_by(0.5) == next(k for k in range(1, 9) if sum(shares[:k]) >= 0.5)
    assert found.divergences is not None and found.divergences.conditions == ("left", "right", "none")
    names = sorted({code for own in distributions.values() for code in own})
    p, q = ([distributions[c].get(code, 0.0) for code in names] for c in ("left", "none"))
    assert found.divergences.matrix[0, 2] == pytest.approx(jensen_shannon(p, q))
    usage = found.usage()
    assert set(usage) == {"bitcode", "left", "right", "none"}
    for name in distributions:
        assert sum(usage[name]) == pytest.approx(1.0)
        assert {c: s for c, s in zip(usage["bitcode"], usage[name]) if s} == pytest.approx(distributions[name])


def test_one_condition_and_names_that_collide() -> None:
    model = choice()
    run = model.run(model.trials)
    single = condition_use(run, ["bitcode"] * 12)
    assert single.divergences is None and len(single) == 1 and single[0].fixed_points == ()
    assert set(single.usage()) == {"bitcode", "condition bitcode"}
    assert repr(single) == "<ConditionUse: 1 condition, 3 to 3 subregions each>"
    for labels in (["a"] * 11, np.zeros((12, 1), int), np.zeros(12)):
        with pytest.raises(ModelError, match="labels must be text or whole numbers, one for each of 12 trials"):
            condition_use(run, labels)


def test_graphs_say_which_condition_goes_where() -> None:
    model = choice()
    assert model.trials is not None
    run, labels = model.run(model.trials), model.trials.labels
    for discard in (0, 25):
        graph = model.transition_graph(run, discard=discard)
        mark_conditions(graph, run, labels, discard)
        for _, data in graph.nodes(data=True):
            assert data["visits"] == sum(data[f"visits_{name}"] for name in ("left", "right", "none"))
        for *_, data in graph.edges(data=True):
            assert data["count"] == sum(data[f"count_{name}"] for name in ("left", "right", "none"))
        # Of the last condition no trial lasts 25 steps.
        assert (sum(d["visits_none"] for _, d in graph.nodes(data=True)) == 0) == (discard == 25)
    assert graph.graph["conditions"] == "left; right; none"


def test_groups_that_are_alike_and_groups_that_are_not() -> None:
    rng = np.random.default_rng(0)
    shares = dict(zip("abcdefgh", [0.1, 0.12, 0.35, 0.37, 0.6, 0.62, 0.9, 0.92]))
    tasks = {name: rng.random((20, 40, 1)) < p for name, p in shares.items()}
    found = compare_conditions(tasks, n_resamples=0, n_permutations=0)
    true = group_likeness(found, [tuple(pair) for pair in ("ab", "cd", "ef", "gh")])
    assert true.p_value < 0.03 and true.within < 0.1 * true.expected

    # All 105 ways to make four pairs of eight: the p-value is that of the enumeration, up to sampling.
    def matchings(left):
        if not left:
            yield []
            return
        for other in left[1:]:
            for rest in matchings([x for x in left[1:] if x != other]):
                yield [(left[0], other), *rest]

    pairs = [(0, 3), (1, 2), (4, 7), (5, 6)]
    values = [np.mean([found.matrix[i, j] for i, j in m]) for m in matchings(list(range(8)))]
    assert len(values) == 105
    mine = group_likeness(found, [tuple("abcdefgh"[i] for i in pair) for pair in pairs], n_permutations=4000)
    within = np.mean([found.matrix[i, j] for i, j in pairs])
    assert mine.within == pytest.approx(within)
    assert mine.expected == pytest.approx(found.matrix[np.triu_indices(8, 1)].mean())
    assert mine.p_value == pytest.approx(np.mean(np.array(values) <= within * (1 + 1e-12)), abs=0.03)
    wrong = group_likeness(found, [("a", "h"), ("b", "g"), ("c", "f")])
    assert wrong.p_value > 0.5 and wrong.groups == (("a", "h"), ("b", "g"), ("c", "f"))


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ([("a", "x")], "'x' is none"),
        ([("a", "b"), ("b", "c")], "one comes twice"),
        ([("a",), ("b",)], "no pair to compare"),
        (["ab"], "sequence of sequences of texts"),
        ("ab", "sequence of sequences of texts"),
    ],
)
def test_groups_that_are_refused(groups, words) -> None:
    tasks = {name: np.random.default_rng(0).random((4, 9, 1)) < 0.5 for name in "abc"}
    with pytest.raises(ModelError, match=words):
        group_likeness(compare_conditions(tasks, n_resamples=0, n_permutations=0), groups)


def test_the_graph_of_a_checkpoint_with_trials(tmp_path: Path) -> None:
    pa.save(choice(), tmp_path / "c.safetensors")
    files = {name: tmp_path / f"c.{name}" for name in ("graphml", "png", "json")}
    arguments = ["graph", tmp_path / "c.safetensors", "--out", files["graphml"]]
    result = plrnn(*arguments, "--figure", files["png"], "--json", files["json"])
    assert result.exit_code == 0, result.output
    text = flat(result.output)
    assert (
        "12 trials of up to 30 steps" in text and "Jensen-Shannon divergence" in text and "constant input" not in text
    )
    found = ConditionUse.from_json(files["json"])
    assert [c.condition for c in found] == ["left", "right", "none"] and found.fixed_points
    assert files["png"].read_bytes()[:4] == b"\x89PNG"
    graph = networkx.read_graphml(files["graphml"])
    assert sum(data["visits"] for _, data in graph.nodes(data=True)) == 6 * 30 + 6 * 20
    assert sum(data["visits_left"] for _, data in graph.nodes(data=True)) == 120
    for free in (["--free"], ["--steps", 50], ["-n", 3], ["--input", "0,0"]):
        text = flat(plrnn(*arguments, *free).output)
        assert "trajectories of" in text and "Conditions" not in text
    refused = plrnn(*arguments, "--free", "--figure", files["png"])
    assert refused.exit_code == 2 and "--figure is about conditions" in flat(refused.stderr)
    refused = plrnn(*arguments, "--transient", 30)
    assert refused.exit_code == 2 and "--transient 30 leaves nothing of 30 steps" in flat(refused.stderr)


def test_the_story_of_a_checkpoint_with_trials(tmp_path: Path) -> None:
    pa.save(choice(), tmp_path / "c.safetensors")
    result = plrnn("analyze", tmp_path / "c.safetensors", "--steps", 300, "--json", tmp_path / "c.json")
    assert result.exit_code == 0, result.output
    text = flat(result.output)
    assert "12 trials of up to 30 steps visit 3 subregions" in text
    assert "left: 4 trials in 2 subregions" in text and "at the end of a trial, on average, choice = " in text
    story = {section.title: section.numbers for section in pa.from_json(tmp_path / "c.json").story}
    assert story["Conditions"]["conditions"]["none"]["trials"] == 4
    assert np.shape(story["Conditions"]["divergences"]) == (3, 3)
    text = flat(plrnn("analyze", tmp_path / "c.safetensors", "--steps", 300, "--free").output)
    assert "100 free runs" in text and "Conditions" not in text
    np.save(tmp_path / "other.npy", np.zeros((2, 9, 2)))
    text = flat(plrnn("analyze", tmp_path / "c.safetensors", "--steps", 300, "--inputs", tmp_path / "other.npy").output)
    assert "2 trials of 9 steps" in text and "Conditions" not in text
    refused = plrnn("analyze", tmp_path / "c.safetensors", "--free", "--inputs", tmp_path / "other.npy")
    assert refused.exit_code == 2 and "--free and --inputs exclude each other" in flat(refused.stderr)
    text = flat(plrnn("explain", tmp_path / "c.safetensors").output)
    assert "12 trials of up to 30 steps: 3 subregions described" in text


def test_two_conditions_without_relu(tmp_path: Path) -> None:
    inputs = np.random.default_rng(0).normal(size=(6, 10, 1))
    model = PLRNN.al_rnn([0.5], [[0.0]], [0.0], 0, C=[[1.0]])
    model = model.with_trials(RecordedTrials(inputs, [0, 0, 0, 1, 1, 1], condition_names=("a", "b")))
    pa.save(model, tmp_path / "linear.npz")
    text = flat(plrnn("analyze", tmp_path / "linear.npz", "--steps", 100).output)
    assert "a: 3 trials. b: 3 trials." in text
    assert "divergence of their bitcodes is 0.00 bits; shuffled trials differ as much." in text


def test_sentences_name_the_loudest_of_many_channels() -> None:
    rng = np.random.default_rng(0)
    model = PLRNN.al_rnn([0.9, 0.1], [[0.0, 0.0], [0.2, 0.0]], [0.0, 0.0], 1, C=rng.uniform(0.1, 1.0, (2, 9)))
    model = model.with_trials(RecordedTrials(rng.normal(size=(4, 12, 9))))
    (text,) = [s for s in tell_story(model, trials=model.trials, steps=100)[3].sentences if "Subregion 1," in s]
    written = text.partition("written by ")[2]
    assert written.endswith("and 5 more.") and written.count("(") == 4
    gains = [float(part.partition("(")[2].partition(")")[0]) for part in written.split(", ")]
    assert gains == sorted(gains, reverse=True)
