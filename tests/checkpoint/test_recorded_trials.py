"""Trials that travel with a network: what is refused, and where they stay with it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import plrnn_analysis as pa
from plrnn_analysis import PLRNN, CheckpointError, ModelError
from plrnn_analysis.recorded_trials import MAX_NUMBERS, RecordedTrials

FORMATS = (".safetensors", ".npz", ".mat")


def network() -> PLRNN:
    model = PLRNN.al_rnn([0.5, 0.5], [[0.2, -1], [-1, 0.2]], [0.5, 0.5], 2, C=np.eye(2), B=[[1.0, -1.0]])
    model.metadata["input_names"] = ["left", "right"]
    return model


def trials(**changes) -> RecordedTrials:
    rng = np.random.default_rng(0)
    given = {
        "inputs": rng.normal(size=(5, 7, 2)),
        "conditions": [2, 0, 0, 2, 0],
        "lengths": [7, 3, 5, 7, 1],
        "condition_names": ("go", "never", "no-go"),
        "initial": rng.normal(size=(5, 2)),
    }
    return RecordedTrials(**{**given, **changes})


def assert_same(left: RecordedTrials, right: RecordedTrials) -> None:
    for name in ("inputs", "conditions", "lengths", "initial"):
        mine, other = getattr(left, name), getattr(right, name)
        assert (mine is None) == (other is None)
        assert mine is None or (mine.dtype == other.dtype and np.array_equal(mine, other))
    assert left.condition_names == right.condition_names


def test_what_is_held_and_selected() -> None:
    held = trials()
    assert (held.n_trials, held.n_steps, held.n_inputs, held.present) == (5, 7, 2, ("go", "no-go"))
    assert held.labels is not None and held.labels.tolist() == ["no-go", "go", "go", "no-go", "go"]
    assert (
        repr(held)
        == "<RecordedTrials: 5 trials of 7 steps (1 to 7 valid), 2 inputs; conditions: go 3, never 0, no-go 2>"
    )
    go = held.select("go")
    assert np.array_equal(go.inputs, held.inputs[[1, 2, 4]]) and go.lengths.tolist() == [3, 5, 1]
    assert np.array_equal(held.select(2).initial, held.initial[[0, 3]])
    assert not held.inputs.flags.writeable and held.inputs.dtype == np.float32
    assert len(repr(trials(condition_names=[f"condition {i}" for i in range(60)]))) <= 200
    bare = RecordedTrials(held.inputs, lengths=[7] * 5)
    assert bare.labels is None and bare.present == () and bare.lengths is None
    assert_same(pickle.loads(pickle.dumps(held)), held)
    assert_same(RecordedTrials.from_json(held.to_json()), held)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"inputs": np.zeros((5, 7))}, "inputs must have shape"),
        ({"inputs": np.zeros((0, 7, 2))}, "at least one trial of one step"),
        ({"inputs": np.full((5, 7, 2), np.nan)}, "NaN or infinite"),
        ({"inputs": np.full((5, 7, 2), 1e300)}, "beyond single precision"),
        ({"inputs": np.broadcast_to(np.zeros(1), (5, 7, MAX_NUMBERS // 16))}, "hold at most 16777216 numbers"),
        ({"conditions": [0, 1, 2, 3, 0]}, "whole numbers in 0..2, got 0 to 3"),
        ({"conditions": [0, 1, 2, 1.5, 0]}, "whole numbers"),
        ({"conditions": [0, 1]}, "conditions must have shape"),
        ({"condition_names": ()}, "condition_names, which are missing"),
        ({"condition_names": ("a", "a", "b")}, "different names"),
        ({"condition_names": "abc"}, "different names"),
        ({"lengths": [7, 3, 5, 7, 0]}, "whole numbers in 1..7, got 0 to 7"),
        ({"lengths": [8, 3, 5, 7, 1]}, "whole numbers in 1..7"),
        ({"initial": np.zeros((4, 2))}, "initial must have shape"),
    ],
)
def test_what_is_refused(changes, words) -> None:
    with pytest.raises(ModelError, match=words.replace("(", r"\(").replace(".", r"\.")):
        trials(**changes)


def test_selections_that_are_refused() -> None:
    with pytest.raises(ModelError, match="no trial of the condition 'never'"):
        trials().select("never")
    with pytest.raises(ModelError, match="condition must be one of 'go', 'never', 'no-go'"):
        trials().select("stop")
    with pytest.raises(ModelError, match=r"condition must be a whole number in 0\.\.2"):
        trials().select(3)
    with pytest.raises(ModelError, match="no conditions"):
        trials(conditions=None).select("go")


def test_they_must_fit_the_network() -> None:
    with pytest.raises(ModelError, match="for 2 inputs, the network has 0"):
        PLRNN.al_rnn([0.5], [[1.0]], [0.0], 1).with_trials(trials())
    with pytest.raises(ModelError, match="states of 3 units, the network has 2"):
        network().with_trials(trials(initial=np.zeros((5, 3))))
    with pytest.raises(ModelError, match="must be a RecordedTrials or None, got an array"):
        network().with_trials(np.zeros((5, 7, 2)))  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    "changes", [{}, {"initial": None, "lengths": None}, {"conditions": None, "condition_names": ()}]
)
def test_files_keep_them(tmp_path: Path, suffix: str, changes) -> None:
    model = network().with_trials(trials(**changes))
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    pa.save(model, first)
    loaded = pa.load(first)
    assert loaded.trials is not None and model.trials is not None
    assert_same(loaded.trials, model.trials)
    assert loaded.metadata == model.metadata
    pa.save(loaded, second)
    assert first.read_bytes() == second.read_bytes()
    pa.save(loaded.with_trials(None), second)
    assert pa.load(second).trials is None and pa.load(second).metadata == model.metadata


def test_they_stay_where_units_lose_their_relu() -> None:
    model = network().with_trials(trials())
    shallow = PLRNN.shallow(np.eye(2) / 2, np.eye(2), np.eye(2), [1, 1], [0, 0], C=np.eye(2)).with_trials(trials())
    changed = [model.ablate(0, "off"), model.with_parameters(h=[0.0, 0.0]), PLRNN.from_json(model.to_json())]
    changed += [m.reduce(([1.0, 1.0], [2.0, 2.0])).model for m in (model, shallow)]
    assert changed[-1].pwl_units < shallow.pwl_units
    for other in changed:
        assert other.trials is not None
        assert_same(other.trials, trials())


def stored(tmp_path: Path, **changes) -> Path:
    """A file of our own format with some of its arrays or metadata replaced."""
    import safetensors
    import safetensors.numpy

    path = tmp_path / "changed.safetensors"
    pa.save(network().with_trials(trials()), path)
    with safetensors.safe_open(path, framework="np") as file:
        header = dict(file.metadata())
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    if "condition_names" in changes:
        metadata = json.loads(header["metadata"])
        metadata["condition_names"] = changes.pop("condition_names")
        header["metadata"] = json.dumps(metadata)
    for name, value in changes.items():
        if value is None:
            del tensors[f"trials_{name}"]
        else:
            tensors[f"trials_{name}"] = value
    safetensors.numpy.save_file(tensors, path, header)
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"conditions": np.array([0, 1, 2, 5, 0])}, "conditions must be whole numbers in 0..2"),
        ({"conditions": np.array([0, 1])}, "conditions must have shape"),
        ({"condition_names": ["go"]}, "conditions must be whole numbers in 0..0"),
        ({"condition_names": "{"}, "the recorded trials in it are damaged"),
        ({"condition_names": 7}, "different names"),
        ({"lengths": np.array([9, 1, 1, 1, 1])}, "lengths must be whole numbers in 1..7"),
        ({"inputs": np.zeros((5, 7, 3), np.float32)}, "for 3 inputs, the network has 2"),
        ({"inputs": np.full((5, 7, 2), np.inf, np.float32)}, "NaN or infinite"),
        ({"initial": np.zeros((5, 3), np.float32)}, "states of 3 units"),
        ({"inputs": None}, "unknown trials_conditions"),
        ({"lengths": np.zeros(MAX_NUMBERS + 1, np.int8)}, "larger than recorded trials may be"),
    ],
)
def test_damaged_files(tmp_path: Path, changes, words) -> None:
    with pytest.raises(CheckpointError, match=words.replace("(", r"\(").replace(".", r"\.")):
        pa.load(stored(tmp_path, **changes))


def test_files_of_others_may_carry_them(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    weights = {"A": np.full(2, 0.5), "W": np.eye(2), "h": np.ones(2), "C": np.eye(2)}
    arrays = {**weights, "trials_inputs": trials().inputs, "trials_conditions": trials().conditions}
    tensors = {name: torch.tensor(value) for name, value in arrays.items()}
    names = list(trials().condition_names)
    torch.save({"state_dict": tensors, "metadata": {"condition_names": names}}, tmp_path / "a.pt")
    np.savez(tmp_path / "a.npz", **arrays, __metadata__=json.dumps({"condition_names": names}))
    for file in ("a.pt", "a.npz"):
        found = pa.load(tmp_path / file, pwl_units=1).trials
        assert found is not None
        assert_same(found, trials(lengths=None, initial=None))
    np.savez(tmp_path / "b.npz", **arrays)
    with pytest.raises(CheckpointError, match="condition_names, which are missing"):
        pa.load(tmp_path / "b.npz", pwl_units=1)
