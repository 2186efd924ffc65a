"""SCAN: the published language, its splits, and pairs of networks that read and write."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

import plrnn_analysis
from plrnn_analysis.errors import ModelError
from plrnn_training import ALRNN, Member, Recipe, Trainer
from plrnn_training.encoder_decoder import EncoderDecoder
from plrnn_training.exporting import export
from plrnn_training.recording import record_trials
from plrnn_training.tasks.registry import make_task
from plrnn_training.tasks.scan import ACTIONS, WORDS, ScanTask, actions_of, all_commands

# The examples in the description of the published data, whose actions are called JUMP and LTURN there ...
DESCRIBED = {
    "jump": "JUMP",
    "jump left": "LTURN JUMP",
    "jump around right": "RTURN JUMP RTURN JUMP RTURN JUMP RTURN JUMP",
    "turn left twice": "LTURN LTURN",
    "jump thrice": "JUMP JUMP JUMP",
    "jump opposite left and walk thrice": "LTURN LTURN JUMP WALK WALK WALK",
    "jump opposite left after walk around left": "LTURN WALK LTURN WALK LTURN WALK LTURN WALK LTURN LTURN JUMP",
}
# ... and lines of its files.
PUBLISHED = """
IN: run opposite left and look around left twice OUT: I_TURN_LEFT I_TURN_LEFT I_RUN I_TURN_LEFT I_LOOK I_TURN_LEFT I_LOOK I_TURN_LEFT I_LOOK I_TURN_LEFT I_LOOK I_TURN_LEFT I_LOOK I_TURN_LEFT I_LOOK I_TURN_LEFT I_LOOK I_TURN_LEFT I_LOOK
IN: jump left twice after turn around right twice OUT: I_TURN_RIGHT I_TURN_RIGHT I_TURN_RIGHT I_TURN_RIGHT I_TURN_RIGHT I_TURN_RIGHT I_TURN_RIGHT I_TURN_RIGHT I_TURN_LEFT I_JUMP I_TURN_LEFT I_JUMP
IN: turn opposite left twice after look opposite right twice OUT: I_TURN_RIGHT I_TURN_RIGHT I_LOOK I_TURN_RIGHT I_TURN_RIGHT I_LOOK I_TURN_LEFT I_TURN_LEFT I_TURN_LEFT I_TURN_LEFT
IN: walk left twice after turn opposite left thrice OUT: I_TURN_LEFT I_TURN_LEFT I_TURN_LEFT I_TURN_LEFT I_TURN_LEFT I_TURN_LEFT I_TURN_LEFT I_WALK I_TURN_LEFT I_WALK
IN: run thrice after look right thrice OUT: I_TURN_RIGHT I_LOOK I_TURN_RIGHT I_LOOK I_TURN_RIGHT I_LOOK I_RUN I_RUN I_RUN
IN: walk opposite right thrice after jump thrice OUT: I_JUMP I_JUMP I_JUMP I_TURN_RIGHT I_TURN_RIGHT I_WALK I_TURN_RIGHT I_TURN_RIGHT I_WALK I_TURN_RIGHT I_TURN_RIGHT I_WALK
IN: jump and turn left OUT: I_JUMP I_TURN_LEFT
IN: look opposite left after run OUT: I_RUN I_TURN_LEFT I_TURN_LEFT I_LOOK
"""  # noqa: E501
SIZE_OF_LENGTH_SPLIT = (16_990, 3_920)  # published
SIZE_OF_SIMPLE_SPLIT = (16_728, 4_182)


def text_of(batch, row):
    """The command and the actions of a trial, read back from its tensors."""
    words = [WORDS[int(step.argmax())] for step in batch.inputs[row] if step.any()]
    tokens = batch.targets[row][batch.mask[row] > 0].tolist()
    assert tokens[-1] == len(ACTIONS) and len(ACTIONS) not in tokens[:-1]
    return " ".join(words), tuple(ACTIONS[token] for token in tokens[:-1])


def test_published_pairs():
    names = {"LTURN": "I_TURN_LEFT", "RTURN": "I_TURN_RIGHT"}
    for command, actions in DESCRIBED.items():
        assert list(actions_of(command)) == [names.get(a, f"I_{a}") for a in actions.split()], command
    lines = PUBLISHED.strip().splitlines()
    assert len(lines) == 8
    for line in lines:
        command, _, actions = line.removeprefix("IN: ").partition(" OUT: ")
        assert " ".join(actions_of(command)) == actions, command


def test_the_language_has_exactly_its_commands():
    commands = all_commands()
    assert len(commands) == len({command for command, _ in commands}) == 20_910
    assert {word for command, _ in commands for word in command.split()} == set(WORDS)
    assert max(len(command.split()) for command, _ in commands) == 9
    assert max(len(actions) for _, actions in commands) == 48


@pytest.mark.parametrize(
    "text",
    ["", "turn", "jump jump", "jump left right", "jump twice twice", "jump and", "turn twice", "walk and run and jump"],
)
def test_other_texts_are_refused(text):
    with pytest.raises(ModelError, match="is no command of SCAN"):
        actions_of(text)


@pytest.mark.parametrize("split", ["simple", "length"])
def test_splits(split):
    task = make_task("scan", split)
    everything = task.training_set(3, torch.Generator())
    assert torch.bincount(everything.conditions).tolist() == [3, 3, 3]
    test = task.held_out("test", 30_000, torch.Generator())
    validation = task.held_out("validation", 30_000, torch.Generator())
    published = SIZE_OF_SIMPLE_SPLIT if split == "simple" else SIZE_OF_LENGTH_SPLIT
    assert len(test.inputs) == published[1] and len(validation.inputs) == 1000
    drawn = task.sample(400, torch.Generator().manual_seed(0))
    held = {text_of(test, row)[0] for row in range(len(test.inputs))}
    held |= {text_of(validation, row)[0] for row in range(1000)}
    assert len(held) == published[1] + 1000
    for row in range(400):
        command, actions = text_of(drawn, row)
        assert command not in held and actions == actions_of(command)
        assert task.condition_names[drawn.conditions[row]] in (*command.split(), "one phrase")
    longest = drawn.mask.sum(1).max() - 1
    assert (longest <= 22) == (split == "length")
    assert (test.mask.sum(1).min() - 1 > 22) == (split == "length")


def test_a_constant_answer_scores_chance():
    for task in (ScanTask(), ScanTask("length")):
        test = task.held_out("test", 30_000, torch.Generator())
        logits = torch.eye(7).unsqueeze(1).unsqueeze(1).expand(7, *test.targets.shape, 7)
        wanted = test.expand(7)
        scores = task.score(logits, wanted.targets, wanted.mask)
        assert task.chance in [pytest.approx(float(s), abs=1e-6) for s in scores]
        # Left and right turns are equally frequent, but for the split.
        assert task.chance == pytest.approx(float(scores.max()), abs=0.01)
        sequences = task.further_scores(logits, wanted.targets, wanted.mask)["sequence_accuracy"]
        assert not sequences.any()


def test_sequences_count_only_without_a_mistake():
    task = ScanTask()
    trials = task.sample(50, torch.Generator().manual_seed(0))
    logits = torch.nn.functional.one_hot(trials.targets, 7).float()
    logits[trials.mask == 0] = torch.rand(7)
    logits[:5, 0] = -logits[:5, 0]
    found = task.further_scores(logits.expand(2, -1, -1, -1), trials.targets, trials.mask)
    assert found["sequence_accuracy"].tolist() == pytest.approx([0.9, 0.9])
    assert task.score(logits, trials.targets, trials.mask) == pytest.approx(1 - 5 / float(trials.mask.sum()))


def test_the_curriculum_lengthens_what_is_written():
    for task in (ScanTask(), ScanTask("length"), ScanTask(longest=5)):
        stages = [*task.curriculum(), task]
        assert all(a.longest < b.longest or a.longest == 5 for a, b in pairwise(stages))
        for stage in stages:
            batch = stage.sample(8, torch.Generator().manual_seed(0))
            assert batch.targets.shape == (8, stage.longest + 1) == (8, stage.scored_steps)
            assert (batch.mask.sum(1) <= stage.longest + 1).all()


def test_fixed_sets():
    task = ScanTask()
    small, large = (task.fixed(n, 1).trials for n in (20, 500))
    assert torch.bincount(small.conditions).tolist() == [20, 20, 20]
    kinds = torch.bincount(large.conditions).tolist()
    assert kinds[1:] == [500, 500] and kinds[0] < 102
    assert len({text_of(large, row)[0] for row in range(len(large.inputs))}) == len(large.inputs)
    with pytest.raises(ModelError, match="fewer than 9000 training commands"):
        task.fixed(9000, 1)


def pair(seed=0):
    drawn = [torch.Generator().manual_seed(seed + i) for i in range(3)]
    encoder = ALRNN(6, [0, 2, 6], 4, 1, init="leaky", generators=drawn)
    return EncoderDecoder(encoder, ALRNN(6, [0, 2, 6], 0, 5, init="leaky", generators=drawn), 7)


def test_the_decoder_starts_where_the_encoder_ends():
    stack = pair()
    inputs = torch.randn(8, 9, 4, generator=torch.Generator().manual_seed(1))
    outputs = stack(inputs)
    assert outputs.shape == (3, 8, 7, 5) and list(stack.cores) == ["encoder", "decoder"]
    torch.testing.assert_close(stack(inputs, last=3), outputs[:, :, :3])
    for i in range(3):
        reader, writer = stack.encoder.member(i), stack.decoder.member(i)
        z = reader.states(inputs)[:, -1]
        for step in range(7):
            z = writer.states(torch.zeros(8, 1, 0), z)[:, 0]
            torch.testing.assert_close(outputs[i, :, step], z @ writer.B.T + writer.b)
    outputs.square().sum().backward()
    trained = {name for name, p in stack.named_parameters() if p.grad is not None and p.grad.any()}
    assert trained == {f"encoder.{n}" for n in "AWCh"} | {f"decoder.{n}" for n in "AWhBb"}


def test_new_weights_are_those_of_a_new_pair():
    stack, other = pair(0), pair(10)
    stack.reinitialise(1, "leaky", torch.Generator().manual_seed(11))
    for name, p in stack.named_parameters():
        assert torch.equal(p[1], other.get_parameter(name)[1]), name
    assert not stack.encoder.B.any() and not stack.encoder.B.requires_grad


def test_pairs_that_do_not_fit_are_refused():
    drawn = [torch.Generator() for _ in range(2)]
    reader = ALRNN(6, [0, 2], 4, 1, generators=drawn)
    with pytest.raises(ModelError, match="must take no inputs"):
        EncoderDecoder(reader, reader, 3)
    with pytest.raises(ModelError, match="2 models of 6 units and 2 of 5"):
        EncoderDecoder(reader, ALRNN(5, [0, 2], 0, 1, generators=drawn), 3)


def trained(iterations=3):
    recipe = Recipe(iterations=iterations, batch=4, init="leaky", validation_trials=20, test_trials=40, evaluations=1)
    trainer = Trainer(ScanTask(decoder_pwl_units=3), [Member(0, 0), Member(4, 1)], 8, recipe)
    trainer.run()
    return trainer


def test_trained_pairs_are_exported_as_two_networks(tmp_path):
    trainer = trained()
    task = trainer.task
    probes = task.probe_trials(torch.Generator())
    read = {}
    for name, network in trainer.networks(1).items():
        trials = record_trials(trainer.model, task, 1, name)
        export(network, tmp_path / f"{name}.safetensors", task, {}, trials)
        read[name] = plrnn_analysis.load(tmp_path / f"{name}.safetensors")
    encoder, decoder = read["encoder"], read["decoder"]
    assert encoder.pwl_units == 4 and decoder.pwl_units == 3
    assert encoder.B is None and encoder.metadata["input_names"] == list(WORDS)
    assert decoder.n_inputs == 0 and decoder.metadata["output_names"] == [*ACTIONS, "end"]
    assert encoder.trials.condition_names == task.condition_names
    for row in range(4):
        z = encoder.run(encoder.trials.inputs[row]).states[0, -1]
        np.testing.assert_allclose(z, decoder.trials.initial[row], atol=1e-5)
        assert decoder.trials.lengths[row] == probes.mask[row].sum()


def test_a_seed_means_the_same_training():
    first, second = trained(), trained()
    assert all(torch.equal(a, b) for a, b in zip(first.model.parameters(), second.model.parameters()))
    assert first.test_scores() == second.test_scores()
    found = first.test_performance()[0].conditions
    assert set(found) == {*first.task.condition_names, "sequence_accuracy"} and found["sequence_accuracy"] < 0.5
