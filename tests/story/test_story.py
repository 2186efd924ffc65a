"""The story of a model: its numbers against models whose story is known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.linear_limit import addition_trials, exact_addition_solver
from plrnn_analysis.progress import reporting
from plrnn_analysis.story import tell_story


def choice() -> PLRNN:
    return PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], C=[[1, 0], [0, 1]], pwl_units=2)


def sections(story):
    return {section.title: section for section in story}


def test_two_stable_states_and_a_probe_that_removes_one():
    story = tell_story(choice(), probes=[[2.0, 0.0]])
    told = sections(story)
    assert list(told) == [
        "Where free runs end", "States in use", "Slow motion", "Under constant input 2, 0", "Which ReLUs are needed",
    ]  # fmt: skip
    ends = told["Where free runs end"].numbers["ends"]
    assert [end["kind"] for end in ends] == ["fixed point", "fixed point"]
    assert sum(end["fraction"] for end in ends) == pytest.approx(1.0)
    probe = told["Under constant input 2, 0"]
    assert probe.numbers["fixed_points"] == ["10"] and probe.numbers["complete"]
    assert "100 of 100 initial states end in the stable node of 10 (leading multiplier 0.5)." in probe.sentences
    assert told["Which ReLUs are needed"].numbers["pwl_units_needed"] == 2
    assert told["States in use"].numbers["fixed_point_distances_in_ranges"] == [0.0, 0.0, 0.0]


def test_addition_by_hand():
    """One integrator, written through the gate only, read by the output; neither it nor the gate can go."""
    solver = exact_addition_solver()
    inputs, _ = addition_trials(50, 20)
    told = sections(tell_story(solver, trials=inputs))
    gate_off, gate_on, memory = told["Under trials"].sentences[1:]
    assert "changes by a factor of about" in memory
    assert told["Under trials"].numbers["conditional_lyapunov_exponent"] == pytest.approx(0.0, abs=1e-3)
    assert gate_off.startswith("Subregion 0") and "an integrator (λ = 1)" in gate_off
    assert "written by no input" in gate_off and gate_off.endswith("read by sum (1).")
    assert gate_on.startswith("Subregion 1") and "written by value (1) and mark (1); read by sum (1)" in gate_on
    # Two marks in each trial, and the gate is open for the step after: 2 of 21.
    assert told["Under trials"].numbers["frequency"]["1"] == pytest.approx(2 / 21)
    assert told["Which ReLUs are needed"].sentences[0] == "The ReLU cannot be removed on the domain."
    assert told["Which ReLUs are needed"].numbers["minimal"]
    slow = told["Slow motion"].numbers
    assert slow["dimensions"][slow["bitcodes"].index("0")] == 1
    assert slow["holding_steps"][slow["bitcodes"].index("0")] is None, "infinite: it is an exact line attractor"
    assert "continuum" in told["Where free runs end"].sentences[0]


def test_a_network_that_forgets_says_how_fast():
    leaky = PLRNN.al_rnn(A=[0.9, 0.5], W=np.zeros((2, 2)), h=[0.0, 0.0], pwl_units=1, C=[[1.0], [1.0]])
    told = sections(tell_story(leaky, trials=np.random.default_rng(0).normal(size=(10, 40, 1))))
    assert told["Under trials"].numbers["conditional_lyapunov_exponent"] == pytest.approx(np.log(0.9), abs=0.02)
    off = PLRNN.al_rnn(A=[0.0], W=[[0.0]], h=[0.0], pwl_units=1, C=[[1.0]])
    told = sections(tell_story(off, trials=np.ones((2, 5, 1))))
    assert "gone exactly" in told["Under trials"].sentences[-1]
    assert told["Under trials"].numbers["conditional_lyapunov_exponent"] is None


def test_chaos_has_an_exponent():
    lozi = PLRNN.al_rnn(A=[[0, 1], [0.5, 1.7]], W=[[0, 0], [0, -3.4]], h=[0, 1], relu_units=[1])
    lozi_inside = np.random.default_rng(0).uniform(-0.1, 0.1, (5, 2))
    assert np.all(np.isfinite(lozi.simulate(500, z0=lozi_inside).states))
    told = sections(tell_story(lozi, n_states=40, steps=3000))
    ends = {end["kind"]: end for end in told["Where free runs end"].numbers["ends"]}
    assert ends["chaotic"]["exponents"][0] == pytest.approx(0.47, abs=0.02)
    assert sum(ends["chaotic"]["exponents"]) == pytest.approx(np.log(0.5), abs=1e-6)
    assert any("chaotic motion" in text for text in told["Where free runs end"].sentences)


def test_a_transient_is_told_as_one():
    """A tent that leaves a gap of 1e-5: some runs have escaped after ten thousand steps, and more will."""
    tent = PLRNN.al_rnn([2.00001], [[-4.00002]], [1.0], pwl_units=1)
    states = np.random.default_rng(0).uniform(-0.9, 0.9, 15)
    found = tent.attractors(states=states[:, None])
    chaos = next(end for end in found if end.kind == "chaotic")
    from plrnn_analysis.story.wording import end_sentence

    text = end_sentence(chaos, 15)
    assert "per step (" in text and "may be a transient" in text and text.endswith("raise steps).")


def test_a_model_that_runs_away():
    story = tell_story(PLRNN.al_rnn(A=[1.5], W=[[0.0]], h=[1.0], pwl_units=0))
    told = sections(story)
    assert list(told) == ["Where free runs end", "States in use"]
    assert told["Where free runs end"].sentences == ("100 of 100 initial states diverge.",)
    assert "all free runs diverge" in told["States in use"].sentences[0].lower()


def test_without_relus_and_without_fixed_points():
    rotation = PLRNN.al_rnn(A=[0.0, 0.0], W=0.99 * np.array([[0.8, -0.6], [0.6, 0.8]]), h=[1.0, 0.0], pwl_units=0)
    told = sections(tell_story(rotation))
    assert told["Which ReLUs are needed"].sentences == ("The model has no ReLU.",)
    assert told["Where free runs end"].numbers["ends"][0]["kind"] == "fixed point"


def test_text_and_record_hold_the_same():
    story = tell_story(choice())
    record = {section["title"]: section for section in json.loads(story.to_json())["items"]}
    for section in story:
        assert section.title in story.text()
        assert record[section.title]["sentences"] == list(section.sentences)
        assert all(sentence in story.text() for sentence in section.sentences)


def test_refusals():
    with pytest.raises(ModelError, match="probes"):
        tell_story(choice(), probes=[[1.0]])
    with pytest.raises(ModelError, match="trials"):
        tell_story(choice(), trials=np.zeros((3, 5, 1)))
    runaway = PLRNN.al_rnn(A=[1e200], W=[[0.0]], h=[1.0], pwl_units=0, C=[[1.0]])
    with pytest.raises(ModelError, match="diverges under the trials"):
        tell_story(runaway, trials=np.ones((1, 5, 1)))


def test_probes_are_tried_even_if_all_free_runs_diverge():
    # z -> 2 relu(z) + 1 + s runs away from every z > -1 without input and rests on 1 + s where that is negative.
    model = PLRNN.al_rnn(A=[0.0], W=[[2.0]], h=[1.0], relu_units=[0], C=[[1.0]])
    told = sections(tell_story(model, probes=[[-3.0]]))
    probe = told["Under constant input -3"]
    assert probe.numbers["fixed_points"] == ["0", "1"]
    assert probe.sentences[0] == "2 fixed points."
    assert "stable node of 0" in probe.sentences[1]


def test_trials_of_one_step_have_no_transitions():
    told = sections(tell_story(choice(), trials=np.zeros((3, 1, 2))))
    assert told["States in use"].numbers["topological_entropy"] is None
    assert not any("entropy" in text for text in told["States in use"].sentences)


def test_trials_close_to_overflow_are_refused():
    with pytest.raises(ModelError, match="diverges under the trials"):
        tell_story(choice(), trials=np.full((2, 3, 2), 1e200))


def test_names_of_ends():
    ring = PLRNN.al_rnn(A=[0.0, 0.0], W=[[0.0, 0.9], [0.9, 0.0]], h=[0.0, 0.0], pwl_units=0)
    text = tell_story(ring).text()
    assert "100 of 100 initial states end in the stable node (leading multiplier 0.9)." in text
    assert "the one subregion of a model without ReLU" in text
    wave = PLRNN.al_rnn(A=[0.5], W=[[-2.0]], h=[1.0], pwl_units=1)
    text = tell_story(wave).text()
    assert "end in a stable cycle of period 2 (a node) through 0, 1 (leading multiplier 0.75)." in text


def test_long_bitcodes_are_counted_and_modes_have_articles():
    from plrnn_analysis.story.wording import _through, _with_article, distance_sentence, other_subregions

    long = tuple("0" * 39 + c for c in "01")
    assert _through(long) == " through 2 subregions"
    assert _through(("0", "1")) == " through 0, 1"
    assert _through(()) == _through(("-",)) == ""
    assert other_subregions(list(long), 2) == "any of the 2 subregions looked at"
    assert other_subregions(list(long), 3) == "any of the other 2 subregions looked at"
    assert _with_article("unstable rotation") == "an unstable rotation"
    assert _with_article("decaying") == "decaying"
    assert distance_sentence(np.zeros(2)).startswith("Both fixed points lie among")
    assert (
        distance_sentence(np.array([2.0, 9.0])) == "Both fixed points lie 2 to 9 visited ranges away from these states."
    )


def test_one_of_several_is_one():
    from plrnn_analysis.story.wording import distance_sentence, end_sentence, entered_sentence

    far = np.array([0.0, 0.5, 0.2, 7.0])
    assert distance_sentence(far) == "1 of the 4 fixed points lies 7 visited ranges away from these states."
    assert distance_sentence(far + 2.0).startswith("All 4 fixed points lie ")
    assert entered_sentence(np.array([True, False, False])) == "The subregion of 1 of them is visited."
    assert entered_sentence(np.array([True, True, False])) == "The subregions of 2 of them are visited."
    model = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)
    starts = [[5.0, -3.0], [5.0, -4.0], [-3.0, 5.0]]
    ends = model.attractors(states=starts)
    assert [end_sentence(end, 3).partition(" in the ")[0] for end in ends] == [
        "2 of 3 initial states end",
        "1 of 3 initial states ends",
    ]
    (only,) = model.attractors(states=starts[:1])
    assert end_sentence(only, 1).startswith("The initial state ends in the stable node of ")
    (lost,) = PLRNN.al_rnn(A=[2.0], W=[[0.0]], h=[1.0], pwl_units=1).attractors(states=[[1.0]])
    assert end_sentence(lost, 9) == "1 of 9 initial states diverges."


def test_without_time_what_runs_away_is_not_in_use():
    model = PLRNN.al_rnn(A=[1.9, 1.5], W=[[0.0, 1.0], [1.0, 0.0]], h=[1.0, 1.0], pwl_units=2)
    told = sections(tell_story(model, time_limit=0.0))
    assert "undecided (stopped by time_limit)" in told["Where free runs end"].sentences[0]
    assert list(told) == ["Where free runs end", "States in use"]
    assert "diverge" in told["States in use"].sentences[0]


def test_a_section_that_ran_out_of_time_says_so():
    story = tell_story(choice(), trials=np.random.default_rng(0).normal(size=(5, 20, 2)), time_limit=0.0)
    told = sections(story)
    assert all(section.sentences for section in story)
    assert told["Slow motion"].sentences == ("NOT complete: 0 subregions described: the time limit ended the search.",)
    assert told["Where free runs end"].sentences[-1] == "NOT complete: the time limit ended the search."
    assert told["Slow motion"].stopped_by == story.stopped_by == "time_limit"
    assert not tell_story(choice()).stopped_by


def interrupting(at: str):
    """Progress that is Ctrl-C once a search of this name reports."""

    def progress(reported):
        if at in reported.what:
            raise KeyboardInterrupt

    return progress


PARTS = ["Where free runs end", "States in use", "Slow motion", "Under constant input 2, 0", "Which ReLUs are needed"]


@pytest.mark.parametrize(("at", "told"), [("fixed", 0), ("attractors", 1), ("slow", 3)])
def test_ctrl_c_ends_the_story_and_what_is_missing_is_said(at, told, monkeypatch):
    monkeypatch.setattr(reporting, "INTERVAL", -1.0)
    story = tell_story(choice(), probes=[[2.0, 0.0]], progress=interrupting(at))
    assert [section.title for section in story] == [*PARTS[:told], "What is missing"]
    assert story[-1].numbers["missing"] == PARTS[told:] and PARTS[told] in story[-1].sentences[0]
    assert story.stopped_by == "interrupt"


def test_ctrl_c_in_the_last_search_leaves_a_section_that_says_so(monkeypatch):
    monkeypatch.setattr(reporting, "INTERVAL", -1.0)
    story = tell_story(choice(), probes=[[2.0, 0.0]], progress=interrupting("reduction"))
    assert [section.title for section in story] == PARTS
    assert story.stopped_by == story[-1].stopped_by == "interrupt"


def test_ctrl_c_between_searches_ends_the_story_too(monkeypatch):
    model = choice()

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(type(model), "simulate", interrupted)
    story = tell_story(model)
    assert [section.title for section in story] == ["Where free runs end", "What is missing"]
    assert story[1].numbers["missing"] == ["States in use", "Slow motion", "Which ReLUs are needed"]


def test_ctrl_c_in_the_search_of_a_probe_keeps_what_it_found(monkeypatch):
    monkeypatch.setattr(reporting, "INTERVAL", -1.0)
    known = choice().fixed_points()
    story = tell_story(
        choice(), probes=[[2.0, 0.0]], fixed_points=known, n_states=1, progress=interrupting("fixed points")
    )
    assert [section.title for section in story] == [*PARTS[:4], "What is missing"]
    assert story[3].sentences[-1] == "NOT complete: the search was interrupted." and story[3].numbers["ends"] == []
