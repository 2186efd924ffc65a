"""Sentiment: where texts come from, how they become numbers, and networks behind an embedding."""

from __future__ import annotations

import csv
import sys
from types import ModuleType

import numpy as np
import pytest
import torch

import plrnn_analysis
from plrnn_analysis.errors import ModelError
from plrnn_training import Member, Recipe, Trainer, sweep
from plrnn_training.exporting import export
from plrnn_training.recording import record_trials
from plrnn_training.tasks.registry import make_task
from plrnn_training.tasks.sentiment import SentimentTask, Texts, generated_reviews, read_texts
from plrnn_training.tasks.sentiment.task import PADDING, UNKNOWN, words_of

SIGNS = {"not": -1, "never": -1, "hardly": -1}
PRAISE = {"good", "great", "charming", "funny", "clever", "moving", "brilliant", "lovely"}
BLAME = {"bad", "awful", "boring", "clumsy", "dull", "silly", "weak", "ugly"}


def made_up(n=40):
    """Long and short texts whose only informative word is the third."""
    return [
        (f"It was {'fine' if k % 2 else 'poor'}, truly {'so ' * (k % 7)}", "pos" if k % 2 else "neg") for k in range(n)
    ]


def balance(text):
    """The sum that decides over a generated review, by reading it from the left."""
    total, sign, weight = 0, 1, 1
    for word in text.split():
        sign *= SIGNS.get(word, 1)
        weight *= 2 if word in ("but", "very", "really") else 1
        if word in PRAISE | BLAME:
            total += sign * weight * (1 if word in PRAISE else -1)
            sign, weight = 1, 1
    return total


def test_generated_reviews_mean_what_they_say():
    texts, labels = generated_reviews(2000, seed=3)
    assert all(abs(balance(t)) >= 3 and (balance(t) > 0) == bool(y) for t, y in zip(texts, labels))
    assert 0.45 < np.mean(labels) < 0.55
    assert 0.4 < np.mean([" but " in f" {t} " for t in texts]) < 0.6
    assert generated_reviews(5, seed=3)[0] == texts[:5] != generated_reviews(5, seed=4)[0]
    # No word alone gives much away.
    for word in ("good", "not", "but", "very"):
        share = np.mean([y for t, y in zip(texts, labels) if word in t.split()])
        assert 0.38 < share < 0.66, word


def test_words():
    assert words_of("I don't<br />like\nIT - 3/10!") == ["i", "don't", "like", "it", "3", "10"]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "opinions.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Label", "id", "Text"])
        writer.writerows([label, k, text] for k, (text, label) in enumerate(made_up()))
    return path


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "aclImdb"
    for part, rows in (("train", made_up(40)), ("test", made_up(12))):
        for k, (text, label) in enumerate(rows):
            own = root / part / label
            own.mkdir(parents=True, exist_ok=True)
            (own / f"{k}_7.txt").write_text(text + ("<br /><br />Seen." if k % 3 else ""), encoding="utf-8")
    (root / "train" / "unsup").mkdir()
    (root / "train" / "unsup" / "0_0.txt").write_text("no label", encoding="utf-8")
    (root / "imdb.vocab").write_text("it\n", encoding="utf-8")
    return root


def test_a_table(table):
    task = make_task("sentiment", data=str(table))
    assert task.output_names == ("neg", "pos") and task.metadata()["texts"] == "opinions"
    assert [len(task.parts[p]) for p in ("training", "validation", "test")] == [28, 4, 8]
    assert not task.metadata()["generated"] and task.word_dropout > 0
    assert task.simple_baselines() == {"bag_of_words": 1.0}
    tabbed = table.with_suffix(".tsv")
    tabbed.write_text(table.read_text(encoding="utf-8").replace(",", "\t").replace('"', ""), encoding="utf-8")
    assert len(read_texts(str(table)).texts) == 40
    (table.parent / "x.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ModelError, match="columns text and label, found a, b"):
        read_texts(str(table.parent / "x.csv"))


def test_a_folder_keeps_its_own_test_set(folder):
    read = read_texts(str(folder))
    assert read.classes == ("neg", "pos") and len(read.texts) == 52 and len(read.tested) == 12
    task = SentimentTask(read)
    assert sorted(task.parts["test"].tolist()) == sorted(read.tested)
    assert len(task.parts["training"]) + len(task.parts["validation"]) == 40
    assert "br" not in task.words and "unsup" not in task.output_names
    # Folders of classes without train and test serve as well.
    assert len(read_texts(str(folder / "train")).texts) == 40 and read_texts(str(folder / "test")).tested is None


def test_what_cannot_be_had_says_how(tmp_path, monkeypatch, folder):
    with pytest.raises(ModelError, match="does not exist; data is 'imdb', a table"):
        read_texts(str(tmp_path / "nothing.csv"))
    (tmp_path / "one" / "train").mkdir(parents=True)
    (folder / "train" / "pos").rename(tmp_path / "one" / "train" / "pos")
    with pytest.raises(ModelError, match="at least two classes, found 20 of 1"):
        read_texts(str(tmp_path / "one"))
    with pytest.raises(ModelError, match=r"class 'b' has 2 texts, too few"):
        SentimentTask(Texts("few", ("x",) * 12, (0,) * 10 + (1,) * 2, ("a", "b")))
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ModelError, match=r'pip install "plrnn-analysis\[data\]", or give --data FILE\.csv'):
        read_texts("imdb")

    def offline(name, split):
        raise ConnectionError("no network\nat all")

    library = ModuleType("datasets")
    library.load_dataset = offline
    monkeypatch.setitem(sys.modules, "datasets", library)
    with pytest.raises(ModelError, match=r"IMDb could not be fetched \(no network\); give --data FILE\.csv"):
        read_texts("imdb")
    library.load_dataset = lambda name, split: {"text": [f"{split} {k}" for k in range(10)], "label": [0, 1] * 5}
    read = read_texts("imdb")
    assert read.tested == frozenset(range(10, 20)) and read.labels == (0, 1) * 10


def numbers_of(task, text, row=0):
    return [task.words[k] for k in task._inputs[row].tolist()]


def test_vocabulary_truncation_and_padding():
    texts = Texts("t", ("a b c d", "c d", "d c b e") * 6, (0, 1, 1) * 6, ("x", "y"))
    task = SentimentTask(texts, vocabulary=3, length=3)
    assert len(task.words) == 5 and set(task.words[2:]) <= {"b", "c", "d"}
    assert numbers_of(task, texts, 0)[1:] == ["c", "d"] and numbers_of(task, texts, 1) == ["c", "d", ""]
    first = SentimentTask(texts, length=3, keep="first", least=1)
    assert numbers_of(first, texts, 0) == ["a", "b", "c"]
    start = SentimentTask(texts, padding="start")
    assert numbers_of(start, texts, 1) == ["", "", "c", "d"]
    for task in (first, start):
        batch = task.sample(40, torch.Generator().manual_seed(0))
        assert torch.equal(batch.mask.argmax(1), batch.lengths - 1) and torch.equal(batch.mask.sum(1), torch.ones(40))
        assert (batch.inputs.gather(1, batch.lengths[:, None] - 1) != PADDING).all()
    dropping = SentimentTask(texts, word_dropout=0.5)
    for task in (dropping, dropping.fixed(4, 0)):
        dropped = task.sample(400, torch.Generator().manual_seed(0))
        share = (dropped.inputs == UNKNOWN).sum() / (dropped.inputs != PADDING).sum()
        assert 0.4 < share < 0.6
        assert not (task.held_out("test", 99, torch.Generator()).inputs == UNKNOWN).any()


def test_the_curriculum_lengthens_texts():
    for padding in ("end", "start"):
        task = SentimentTask(few_reviews(), padding=padding)
        stages = [*task.curriculum(), task]
        assert len(stages) == 6
        for stage in stages:
            batch = stage.sample(64, torch.Generator().manual_seed(0))
            words = (batch.inputs != PADDING).sum(1)
            assert words.max() <= stage._inputs.shape[1] and (padding == "start" or torch.equal(words, batch.lengths))
        assert stages[0]._inputs.shape[1] < stages[1]._inputs.shape[1]


def test_a_constant_answer_scores_chance():
    task = make_task("sentiment")
    test = task.held_out("test", 10_000, torch.Generator())
    logits = torch.eye(2)[:, None, None].expand(2, *test.inputs.shape, 2)
    scores = [float(task.score(own, test.targets, test.mask)) for own in logits]
    assert task.chance == pytest.approx(min(scores, key=lambda s: abs(s - task.chance)))
    assert 0.48 < task.chance < 0.52 and sum(scores) == pytest.approx(1.0)
    assert task.simple_baselines()["bag_of_words"] < 0.62


def few_reviews():
    texts, labels = generated_reviews(400, seed=1)
    return Texts("few", tuple(texts), tuple(labels), ("negative", "positive"), generated=True)


def trained(variant="embedding", iterations=3):
    task = SentimentTask(few_reviews(), variant, width=6)
    recipe = Recipe(iterations=iterations, batch=4, init="leaky", validation_trials=20, test_trials=40, evaluations=1)
    trainer = Trainer(task, [Member(0, 0), Member(4, 1), Member(2, 2, samples=20)], 8, recipe)
    trainer.run()
    return trainer


@pytest.mark.parametrize("variant", ["embedding", "perceptron"])
def test_checkpoints_bring_what_the_encoder_makes_of_test_texts(tmp_path, variant):
    trainer = trained(variant)
    task = trainer.task
    trials = record_trials(trainer.model, task, 1)
    export(trainer.networks(1)[""], tmp_path / "model.safetensors", task, {}, trials)
    read = plrnn_analysis.load(tmp_path / "model.safetensors")
    batch = task.probe_trials(torch.Generator())
    with torch.no_grad():
        outputs = trainer.model(batch.inputs)[1]
    for row in (0, 9):  # one of each class
        length = int(batch.lengths[row])
        z = read.run(read.trials.inputs[row][:length]).states[0, -1]
        np.testing.assert_allclose(read.B @ z + read.b, outputs[row, length - 1], atol=1e-4)
    assert read.trials.condition_names == ("negative", "positive")
    assert read.metadata["training"]["generated"] is True
    assert read.metadata["input_names"][0] == "feature 1"


def test_a_seed_means_the_same_training():
    first, second = trained(), trained()
    assert all(torch.equal(a, b) for a, b in zip(first.model.parameters(), second.model.parameters()))
    assert first.test_scores() == second.test_scores()


def test_a_sweep_shows_the_bag_of_words(tmp_path):
    task = SentimentTask(few_reviews(), width=4)
    recipe = Recipe(iterations=2, batch=4, init="leaky", validation_trials=20, test_trials=40, evaluations=1)
    found = sweep(task, pwl_units=[0, 2], seeds=1, units=4, recipe=recipe, out=tmp_path / "runs")
    assert found.simple_baselines == task.simple_baselines() and 0.4 < found.simple_baselines["bag_of_words"] < 0.75
    texts = [t.get_text() for ax in found.plot().axes for t in ax.texts]
    assert sum(t.startswith("bag of words") for t in texts) == 1 and sum(t.startswith("chance") for t in texts) == 1
    of_one_class = [t.get_text() for ax in found.plot(condition="positive").axes for t in ax.texts]
    assert not any(t.startswith(("bag of words", "chance")) for t in of_one_class)
