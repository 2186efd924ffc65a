"""Sequential digits: reading images, splits that hold, and logistic regression as their floor."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from matplotlib.image import imsave

from plrnn_analysis.errors import ModelError
from plrnn_training import Member, Recipe, Trainer
from plrnn_training.tasks.digits import DigitsTask
from plrnn_training.tasks.images import Images, read_images
from plrnn_training.tasks.registry import make_task


def stripes(n=60, size=4, seed=0):
    """Dark images with one bright row, which is the class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    pixels = 0.3 * rng.random((n, size, size)).astype(np.float32)
    pixels[np.arange(n), labels] += 0.6
    return Images("stripes", pixels, labels, ("top", "second", "third"))


@pytest.fixture
def folder(tmp_path):
    found = stripes()
    for index, (image, label) in enumerate(zip(found.pixels, found.labels)):
        own = tmp_path / "stripes" / found.classes[label]
        own.mkdir(parents=True, exist_ok=True)
        if index % 2:
            imsave(own / f"{index:03}.png", np.repeat(image[:, :, None], 3, axis=2))
        else:
            imsave(own / f"{index:03}.png", image, cmap="gray", vmin=0.0, vmax=1.0)
    (tmp_path / "stripes" / "notes.txt").write_text("not an image", encoding="utf-8")
    return tmp_path / "stripes"


def test_images_arrive_by_row_or_by_pixel():
    row, pixel = make_task("digits"), make_task("digits", "pixel")
    a, b = (task.sample(32, torch.Generator().manual_seed(0)) for task in (row, pixel))
    assert a.inputs.shape == (32, 8, 8) and b.inputs.shape == (32, 64, 1)
    assert torch.equal(a.inputs.flatten(1), b.inputs.flatten(1)) and torch.equal(a.targets, b.targets)
    assert torch.equal(a.conditions, a.targets[:, 0]) and 0.0 <= float(a.inputs.min()) < float(a.inputs.max()) == 1.0
    assert row.input_names[0] == "column 1" and pixel.input_names == ("pixel",)


def test_the_split_leaves_nothing_out_and_holds_out_every_class():
    task = make_task("digits")
    parts = task.parts
    everything = torch.cat(list(parts.values()))
    assert sorted(everything.tolist()) == list(range(1797))
    assert [len(parts[p]) for p in ("training", "validation", "test")] == [1259, 179, 359]
    for part in ("validation", "test"):
        batch = task.held_out(part, 10_000, torch.Generator())
        assert (torch.bincount(batch.conditions, minlength=10) > 15).all()
        few = task.held_out(part, 60, torch.Generator())
        assert len(few.conditions.unique()) == 10, "the first trials are of all classes"
    drawn = task.sample(500, torch.Generator().manual_seed(1)).inputs.flatten(1)
    held = task.held_out("test", 10_000, torch.Generator()).inputs.flatten(1)
    training = task._inputs[parts["training"]].flatten(1)
    assert all((training == image).all(1).any() for image in drawn[:50])
    assert len(held) == 359


def test_a_fixed_set_has_different_images_of_every_class():
    task = DigitsTask(stripes())
    small, large = task.fixed(3, 0), task.fixed(8, 0)
    assert torch.bincount(small.trials.conditions).tolist() == [3, 3, 3]
    assert len({tuple(x) for x in large.trials.inputs.flatten(1).tolist()}) == 24
    assert torch.equal(small.trials.inputs[:3], large.trials.inputs[:3])
    with pytest.raises(ModelError, match="class 'top' has 14 training images, samples=15"):
        task.fixed(15, 0)


def test_a_folder_of_images(folder):
    found = read_images(str(folder))
    assert found.classes == ("second", "third", "top") and found.pixels.shape == (60, 4, 4)
    original = stripes()
    own = np.sort(found.pixels[found.labels == 2].sum(axis=(1, 2)))
    wanted = np.sort(original.pixels[original.labels == 0].sum(axis=(1, 2)))
    np.testing.assert_allclose(own, wanted, atol=0.05)  # a byte a pixel
    task = make_task("digits", "pixel", str(folder))
    assert task.metadata()["images"] == "stripes" and task.output_names == found.classes
    recipe = Recipe(iterations=150, lr=3e-3, curriculum=0.0, init="orthogonal", evaluations=1)
    trainer = Trainer(task, [Member(0, 0)], 20, recipe)
    trainer.run()
    assert trainer.test_scores()[0] > 0.9 > task.chance + 0.3


def test_folders_that_will_not_do(tmp_path, folder):
    with pytest.raises(ModelError, match="there is no such folder; data is 'mnist' or a folder"):
        read_images(str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="at least two classes, found 0"):
        read_images(str(tmp_path / "empty"))
    imsave(folder / "top" / "large.png", np.zeros((5, 6, 3)))
    with pytest.raises(ModelError, match="must be of one size, found 4 × 4, 5 × 6"):
        read_images(str(folder))
    (folder / "top" / "large.png").write_bytes(b"no image")
    with pytest.raises(ModelError, match=r"large\.png cannot be read as an image"):
        read_images(str(folder))
    few = stripes(6)
    with pytest.raises(ModelError, match="class 'top' has 2 images, too few"):
        DigitsTask(few)


def test_missing_packages_are_one_sentence_with_the_local_form(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ModelError, match=r"plrnn-analysis\[data\].*--data FOLDER"):
        read_images()
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ModelError, match=r"plrnn-analysis\[data\].*--data FOLDER"):
        read_images("mnist")


def test_mnist_comes_through_the_datasets_library_with_its_own_test_set(monkeypatch):
    def load_dataset(name, split):
        assert name == "ylecun/mnist"
        n = {"train": 40, "test": 20}[split]
        images = [np.full((28, 28), 255 if split == "test" else i, dtype=np.uint8) for i in range(n)]
        return {"image": images, "label": [i % 10 for i in range(n)]}

    library = ModuleType("datasets")
    library.load_dataset = load_dataset
    monkeypatch.setitem(sys.modules, "datasets", library)
    task = make_task("digits", "row", "mnist")
    held = task.held_out("test", 1000, torch.Generator())
    assert held.inputs.shape == (20, 28, 28) and bool((held.inputs == 1.0).all())
    assert float(task.sample(200, torch.Generator().manual_seed(0)).inputs.max()) < 0.2

    def offline(name, split):
        raise ConnectionError("no network\nand a long story")

    library.load_dataset = offline
    with pytest.raises(ModelError, match=r"MNIST could not be fetched \(ConnectionError: no network\); give --data"):
        read_images("mnist")


def test_floor_of_the_digits_is_that_of_another_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    task = make_task("digits")
    floor = task.affine_floor()
    low, high = floor.interval
    assert low < floor.score < high and "convex optimum" in floor.how and set(floor.conditions) == set("0123456789")
    train, test = (torch.cat([task.parts[p] for p in parts]) for parts in (("training",), ("test",)))
    x, y = task._inputs.flatten(1).numpy(), task._labels.numpy()
    scores = [
        LogisticRegression(C=c, max_iter=5000).fit(x[train], y[train]).score(x[test], y[test]) for c in (0.1, 1.0, 10.0)
    ]
    assert max(scores) == pytest.approx(floor.score, abs=0.02)


@pytest.mark.slow
def test_networks_without_relu_come_to_the_floor_of_the_digits():
    task = make_task("digits")
    recipe = Recipe(iterations=700, lr=3e-3, curriculum=0.0, init="orthogonal", evaluations=1)
    trainer = Trainer(task, [Member(0, s) for s in range(3)], 40, recipe)
    trainer.run()
    floor = task.affine_floor()
    assert floor.interval[0] < float(np.mean(trainer.test_scores())) < floor.interval[1]
