"""Metadata of a file may be of any JSON type: what is of another kind than expected is said and not used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import plrnn_analysis as pa
from plrnn_analysis.checkpoint.mat_file import encode_mat
from plrnn_analysis.checkpoint.native import encode
from plrnn_analysis.checkpoint.npz_file import encode_npz
from plrnn_analysis.checkpoint.safetensors_file import encode_safetensors
from plrnn_analysis.cli import app
from plrnn_analysis.trial_choice import MAX_TRIAL_STEPS, STORY_TRIALS, story_trials

KEYS = ("notes", "training", "input_names", "output_names", "probes", "initial_state")
ENCODERS = {".safetensors": encode_safetensors, ".npz": encode_npz, ".mat": encode_mat}
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def model(**metadata: Any) -> pa.PLRNN:
    weights: dict[str, Any] = {
        "A": [0.5, 0.5],
        "W": [[0, -1], [-1, 0]],
        "h": [1, 1],
        "C": [[1, 0], [0, 1]],
        "B": [[1, 0]],
    }
    made = pa.PLRNN.al_rnn(**weights, pwl_units=2)
    made.metadata.update(metadata)
    return made


def written(path: Path, metadata: dict[str, Any]) -> Path:
    """A file that another program, which does not check names, may have written."""
    path.write_bytes(ENCODERS[path.suffix](*encode(model(), metadata)))
    return path


def analyzed(path: Path, *options: str) -> Any:
    return CliRunner().invoke(app, ["analyze", str(path), "--steps", "50", "--time-limit", "5", *options])


@settings(max_examples=25, deadline=None)
@given(metadata=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3), ending=st.sampled_from(sorted(ENCODERS)))
def test_any_metadata_can_be_read_shown_and_named(
    metadata: dict[str, Any], ending: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("metadata") / f"model{ending}"
    written(path, metadata)
    loaded = pa.load(path)
    assert all(isinstance(text, str) for text in (*loaded.notes, *loaded.input_names, *loaded.output_names))
    assert loaded._repr_html_() and repr(loaded)
    for key in ("training", "probes", "initial_state"):
        said = any(f"the metadata's {key} is not used" in note for note in loaded.notes)
        assert said == (metadata.get(key) is not None and not isinstance(metadata[key], dict) and metadata[key] != [])
    shown = CliRunner().invoke(app, ["info", str(path)])
    assert shown.exit_code == 0, (shown.output, shown.exception)


@pytest.mark.parametrize(
    "metadata",
    [
        {"notes": 5},
        {"notes": "abc"},
        {"training": []},
        {"training": None},
        {"training": "x"},
        {"training": {"task": ["addition"]}},
        {"input_names": 5},
        {"output_names": None},
        {"input_names": [1, 2]},
    ],
)
def test_a_story_is_told_whatever_the_metadata_are(metadata: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    written(path, metadata)
    result = analyzed(path)
    assert result.exit_code == 0, (result.output, result.exception)
    assert ("not used" in result.output) == (next(iter(metadata.values())) not in (None, [], {"task": ["addition"]}))


@pytest.mark.parametrize(
    ("training", "words"),
    [
        ({"blank_steps": -50}, "blank_steps must be a whole number >= 0"),
        ({"blank_steps": 1.5}, "blank_steps must be a whole number >= 0"),
        ({"length": "long"}, "length must be a whole number >= 2"),
        ({"length": 10**12}, "--inputs"),
        ({"marks": 3}, "marks must be a text"),
    ],
)
def test_settings_of_a_task_that_are_none_are_refused(training: dict[str, Any], words: str, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    pa.save(model(training={"task": "addition", **training}), path)
    result = analyzed(path)
    assert result.exit_code == 2 and words in " ".join(result.stderr.split())
    assert analyzed(path, "--free").exit_code == 0


@pytest.mark.parametrize("length", [100, 200_000, MAX_TRIAL_STEPS - 1])
def test_drawn_trials_are_fewer_where_a_file_says_that_they_are_long(length: int) -> None:
    drawn = story_trials(model(training={"task": "addition", "length": length}), None, False, 0)
    assert isinstance(drawn, np.ndarray) and drawn.shape[1] == length + 1
    assert drawn.shape[0] * drawn.shape[1] <= MAX_TRIAL_STEPS
    assert drawn.shape[0] == STORY_TRIALS or (drawn.shape[0] + 1) * drawn.shape[1] > MAX_TRIAL_STEPS


def test_inputs_must_be_one_array_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    pa.save(model(), path)
    np.savez(tmp_path / "several.npz", a=np.zeros((1, 3, 2)), b=np.zeros(2))
    (tmp_path / "empty.npy").write_bytes(b"")
    (tmp_path / "text.npy").write_text(json.dumps([1, 2]))
    for name, reason in (
        ("several.npz", "--inputs takes a .npy file of numbers"),
        ("empty.npy", "not readable as .npy"),
        ("text.npy", "not readable as .npy"),
    ):
        result = analyzed(path, "--inputs", str(tmp_path / name))
        said = " ".join(result.stderr.split())
        assert result.exit_code == 2 and reason in said and name in said
