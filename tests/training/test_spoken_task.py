"""Spoken words: how they are made and read, their spectra, and networks behind a convolution."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from scipy.io import wavfile

import plrnn_analysis
from plrnn_analysis.errors import ModelError
from plrnn_training import Member, Recipe, Trainer
from plrnn_training.exporting import export
from plrnn_training.recording import record_trials
from plrnn_training.tasks.spoken import GENERATED_WORDS, Sounds, SpokenTask, generated_word, read_sounds
from plrnn_training.tasks.spoken.features import mfcc
from plrnn_training.tasks.spoken.words import RATE


def few_words(each=12, words=("yes", "go", "stop")):
    rng = np.random.default_rng(1)
    labels = [k for k in range(len(words)) for _ in range(each)]
    sounds = tuple(generated_word(words[k], rng) for k in labels)
    return Sounds("few words", sounds, RATE, tuple(labels), tuple(words), generated=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("words")
    made = few_words()
    for index, (sound, label) in enumerate(zip(made.sounds, made.labels)):
        path = root / f"{made.classes[label]}_{index:02}.wav"
        if index % 3 == 0:
            wavfile.write(path, RATE, (32767 * sound / max(1.0, np.abs(sound).max())).astype(np.int16))
        elif index % 3 == 1:
            wavfile.write(path, RATE, np.stack([sound, sound], axis=1))
        else:
            wavfile.write(path, RATE // 2, sound[::2])
    (root / "notes.txt").write_text("no sound", encoding="utf-8")
    return root


def energy_around(sound, low, high):
    spectrum = np.abs(np.fft.rfft(sound)) ** 2
    frequency = np.fft.rfftfreq(len(sound), 1 / RATE)
    return spectrum[(low <= frequency) & (frequency < high)].sum() / spectrum.sum()


def test_generated_words_sound_like_what_they_are():
    for word in GENERATED_WORDS:
        sounds = [generated_word(word, np.random.default_rng(seed)) for seed in range(10)]
        assert all(0.1 < len(s) / RATE < 0.9 and np.isfinite(s).all() and np.abs(s).max() < 4.0 for s in sounds)
        assert len({len(s) for s in sounds}) > 5
    again = [generated_word("yes", np.random.default_rng(3)) for _ in range(2)]
    np.testing.assert_array_equal(*again)
    # A final s hisses; an o does not.
    rng = np.random.default_rng(0)
    tails = [[generated_word(word, rng)[-1000:-300] for _ in range(40)] for word in ("yes", "go")]
    hissing = [np.median([energy_around(tail, 2500, 4000) for tail in own]) for own in tails]
    assert hissing[0] > 0.3 > 0.22 > hissing[1]


def test_coefficients_are_those_of_librosa():
    from librosa.feature import mfcc as by_librosa

    sound = generated_word("left", np.random.default_rng(0))
    found = mfcc(sound, RATE, 13, 0.016)
    wanted = by_librosa(y=sound, sr=RATE, n_mfcc=13, n_fft=256, hop_length=128, n_mels=40).T
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    assert found.shape == (1 + len(sound) // 128, 13)


def test_a_folder_of_files(folder):
    read = read_sounds(str(folder))
    made = few_words()
    assert read.classes == ("go", "stop", "yes") and read.rate == RATE and not read.generated
    assert len(read.sounds) == 36 and np.bincount(read.labels).tolist() == [12, 12, 12]
    lengths = sorted(len(s) for s in read.sounds)
    assert np.allclose(lengths, sorted(len(s) for s in made.sounds), atol=2)
    assert all(np.abs(s).max() < 4.0 for s in read.sounds)
    task = SpokenTask(read)
    assert task.output_names == ("go", "stop", "yes") and task.metadata()["sounds"] == folder.name


def test_what_cannot_be_had_says_how(tmp_path, monkeypatch):
    with pytest.raises(ModelError, match="there is no such folder; data is 'speech_commands' or a folder"):
        read_sounds(str(tmp_path / "nowhere"))
    with pytest.raises(ModelError, match="at least two labels, found 0 of 0"):
        read_sounds(str(tmp_path))
    (tmp_path / "a_1.wav").write_bytes(b"RIFF")
    (tmp_path / "b_1.wav").write_bytes(b"RIFF")
    with pytest.raises(ModelError, match=r"a_1\.wav cannot be read as a wav file"):
        read_sounds(str(tmp_path))
    with pytest.raises(ModelError, match="class 'go' has 2 sounds, too few"):
        SpokenTask(few_words(each=2, words=("go", "no")))
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ModelError, match=r'pip install "plrnn-analysis\[data\]", or give --data FOLDER'):
        read_sounds("speech_commands")

    def offline(*names, split):
        raise ConnectionError("no network")

    library = ModuleType("datasets")
    library.load_dataset = offline
    monkeypatch.setitem(sys.modules, "datasets", library)
    with pytest.raises(ModelError, match=r"Speech Commands could not be fetched \(no network\); give --data FOLDER"):
        read_sounds("speech_commands")
    monkeypatch.setitem(sys.modules, "librosa.feature", None)
    with pytest.raises(ModelError, match=r'need librosa .* pip install "plrnn-analysis\[audio\]"'):
        SpokenTask(few_words())


def test_speech_commands_keep_their_own_test_set(monkeypatch):
    class Part(list):
        features = {"label": type("Labels", (), {"names": ["cat", "yes", "no"]})}  # noqa: RUF012

    def load(name, version, split):
        rows = [(1, 400), (0, 300), (2, 500)] if split == "train" else [(2, 200), (0, 100)]
        return Part({"label": label, "audio": {"array": np.zeros(n), "sampling_rate": 16_000}} for label, n in rows)

    library = ModuleType("datasets")
    library.load_dataset = load
    monkeypatch.setitem(sys.modules, "datasets", library)
    read = read_sounds("speech_commands")
    assert [len(s) for s in read.sounds] == [400, 500, 200] and read.tested == frozenset({2}) and read.rate == 16_000
    assert [read.classes[label] for label in read.labels] == ["yes", "no", "no"]


@pytest.mark.parametrize(("encoder", "stride"), [("convolution", 2), ("two_convolutions", 4)])
def test_trials_end_where_the_word_ends(encoder, stride):
    task = SpokenTask(few_words(), encoder)
    batch = task.sample(30, torch.Generator().manual_seed(0))
    frames = (batch.inputs != 0).any(-1).sum(1)
    assert torch.equal(batch.lengths, -(-frames // stride))
    assert torch.equal(batch.mask.argmax(1), batch.lengths - 1) and torch.equal(batch.mask.sum(1), torch.ones(30))
    stack = task.new_stack(6, [0, 3], "leaky", [torch.Generator().manual_seed(s) for s in (0, 1)])
    outputs = stack(batch.inputs)
    assert outputs.shape == (2, 30, batch.targets.shape[1], 3)
    everything = task.training_set(5, torch.Generator())
    valid = everything.inputs[(everything.inputs != 0).any(-1)]
    assert valid.mean(0).abs().max() < 0.5 and (valid.std(0) - 1).abs().max() < 0.5


def test_a_constant_answer_scores_chance():
    task = SpokenTask(few_words(each=20))
    test = task.held_out("test", 100, torch.Generator())
    logits = torch.eye(3)[:, None, None].expand(3, *test.targets.shape, 3)
    scores = [float(task.score(own, test.targets, test.mask)) for own in logits]
    assert scores == pytest.approx([1 / 3] * 3) and task.chance == pytest.approx(1 / 3)


def trained(data):
    recipe = Recipe(iterations=60, batch=16, lr=1e-2, curriculum=0.0, init="leaky", validation_trials=20, evaluations=1)
    trainer = Trainer(SpokenTask(data, width=6), [Member(0, 0), Member(4, 1)], 10, recipe)
    trainer.run()
    return trainer


def test_words_from_a_folder_are_learnt_and_exported(tmp_path, folder):
    first, second = (trained(read_sounds(str(folder))) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.model.parameters(), second.model.parameters()))
    assert max(first.test_scores()) > 0.6
    task = first.task
    trials = record_trials(first.model, task, 1)
    export(first.networks(1)[""], tmp_path / "model.safetensors", task, {}, trials)
    read = plrnn_analysis.load(tmp_path / "model.safetensors")
    batch = task.probe_trials(torch.Generator())
    with torch.no_grad():
        outputs = first.model(batch.inputs)[1]
    length = int(batch.lengths[2])
    z = read.run(read.trials.inputs[2][:length]).states[0, -1]
    np.testing.assert_allclose(read.B @ z + read.b, outputs[2, length - 1], atol=1e-4)
    assert read.metadata["training"]["features"] == "librosa MFCC"
