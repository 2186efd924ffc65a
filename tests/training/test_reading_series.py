"""Time series from files of every kind that is read, and what is said of those that are not."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.io

from plrnn_analysis.errors import CheckpointError, ModelError
from plrnn_training.fitting import read_series
from plrnn_training.systems import generate, write_series

VALUES = np.random.default_rng(0).normal(size=(20, 3))
INPUTS = np.random.default_rng(1).normal(size=(20, 2))


def test_npy(tmp_path):
    np.save(tmp_path / "a.npy", VALUES)
    found = read_series(tmp_path / "a.npy")
    assert np.array_equal(found.trials[0], VALUES) and found.dt == 1.0 and found.source == "a.npy"
    np.save(tmp_path / "b.npy", VALUES.reshape(4, 5, 3))
    assert [len(t) for t in read_series(tmp_path / "b.npy").trials] == [5, 5, 5, 5]
    np.save(tmp_path / "c.npy", VALUES[:, 0])
    assert read_series(tmp_path / "c.npy").n_channels == 1


@pytest.mark.parametrize("suffix", [".npz", ".mat"])
@pytest.mark.parametrize("name", ["data", "values", "x", "recording"])
def test_archives_with_facts_and_inputs(tmp_path, suffix, name):
    path = tmp_path / f"a{suffix}"
    save = np.savez if suffix == ".npz" else scipy.io.savemat
    arrays = {name: VALUES, "inputs": INPUTS, "dt": 0.5, "lambda_max": 0.2}
    save(path, arrays) if suffix == ".mat" else save(path, **arrays)
    found = read_series(path)
    assert np.array_equal(found.trials[0], VALUES) and np.array_equal(found.inputs[0], INPUTS)
    assert (found.dt, found.lambda_max, found.input_names) == (0.5, 0.2, ("s1", "s2"))


@pytest.mark.parametrize("suffix", [".npz", ".mat"])
def test_numbered_arrays_are_trials_in_the_order_of_their_numbers(tmp_path, suffix):
    trials = {f"trial_{i}": np.full((5 + i, 2), float(i)) for i in (10, 2, 1)}
    path = tmp_path / f"a{suffix}"
    np.savez(path, **trials) if suffix == ".npz" else scipy.io.savemat(path, trials)
    found = read_series(path)
    assert [len(t) for t in found.trials] == [6, 7, 15]


def test_csv_with_a_header_a_time_column_and_missing_values(tmp_path):
    (tmp_path / "a.csv").write_text("time, rate, voltage\n0.0,1,2\n0.5,,3\n1.0,4,NaN\n2.5,5,6\n")
    found = read_series(tmp_path / "a.csv")
    assert found.names == ("rate", "voltage") and found.dt == 0.5
    nan = np.nan
    np.testing.assert_array_equal(found.trials[0], [[1, 2], [nan, 3], [4, nan], [nan, nan], [nan, nan], [5, 6]])


@pytest.mark.parametrize("separator", [",", ";", "\t", " "])
def test_csv_without_a_header(tmp_path, separator):
    np.savetxt(tmp_path / "a.csv", VALUES, delimiter=separator, header="a comment")
    np.testing.assert_array_equal(read_series(tmp_path / "a.csv").trials[0], VALUES)


def test_csv_with_trials_and_input_columns(tmp_path):
    (tmp_path / "a.csv").write_text("trial,x,u\n1,1,5\n1,2,6\n2,3,7\n2,4,8\n2,5,9\n")
    found = read_series(tmp_path / "a.csv", "u")
    assert [len(t) for t in found.trials] == [2, 3] and found.names == ("x",) and found.input_names == ("u",)
    np.testing.assert_array_equal(found.inputs[1][:, 0], [7, 8, 9])
    with pytest.raises(CheckpointError, match="no column 'v'; the columns are trial, x, u"):
        read_series(tmp_path / "a.csv", "v")


def test_inputs_from_another_file(tmp_path):
    np.save(tmp_path / "x.npy", VALUES)
    (tmp_path / "u.csv").write_text("light\n" + "\n".join(map(str, range(20))))
    found = read_series(tmp_path / "x.npy", str(tmp_path / "u.csv"))
    assert found.input_names == ("light",) and found.inputs[0][3, 0] == 3.0
    with pytest.raises(CheckpointError, match="no such file"):
        read_series(tmp_path / "x.npy", "u.npy")


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".csv"])
def test_generated_series_go_to_files_and_back(tmp_path, suffix):
    series = generate("lorenz63", 50, noise=0.1, seed=3)
    write_series(series, tmp_path / f"new/a{suffix}")
    found = read_series(tmp_path / f"new/a{suffix}")
    np.testing.assert_array_equal(found.trials[0], series.values)
    if suffix == ".npz":
        assert found.system == "lorenz63" and found.lambda_max == 0.9056 and "noise 0.1, seed 3" in found.source
    if suffix != ".npy":
        assert found.names == ("x", "y", "z") and found.dt == pytest.approx(0.01)


def contents(tmp_path, name, content):
    path = tmp_path / name
    if isinstance(content, dict):
        np.savez(path, **content)
    elif isinstance(content, str):
        path.write_text(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xlsx", "x", "time series are read from .npy, .npz, .csv"),
        ("a.npy", None, "no such file"),
        ("a.npy", "text", r"not readable as \.npy"),
        ("a.npz", "text", r"not readable as \.npz"),
        ("a.mat", "text", "not readable as a MATLAB"),
        ("a.npz", {"first": VALUES, "second": VALUES}, "which array are the data"),
        ("a.npz", {"dt": 1.0}, "which array are the data"),
        ("a.csv", "", "the file has no rows"),
        ("a.csv", "x,y\n1,2\n1,zwei\n", "row 3 has text"),
        ("a.csv", "x,y\n1,2\n1\n", "row 3 has 1 fields, the first 2"),
        ("a.csv", "time,x\n0,1\n1,2\n1.4,3\n3,3\n", "not evenly spaced"),
        ("a.csv", "time,x\n0,1\n0,2\n", "must rise from row to row"),
        ("a.csv", "time\n0\n1\n", "no column is left for the data"),
    ],
)
def test_what_cannot_be_read(tmp_path, name, content, message):
    with pytest.raises(CheckpointError, match=message):
        read_series(contents(tmp_path, name, content))


def test_what_is_no_series(tmp_path):
    with pytest.raises(ModelError, match=r"a.npz: inputs must be as long as the data"):
        read_series(contents(tmp_path, "a.npz", {"data": VALUES, "inputs": INPUTS[:5]}))
    with pytest.raises(ModelError, match="an input must be known at every step"):
        read_series(contents(tmp_path, "b.csv", "time,x,u\n0,1,1\n1,2,1\n3,3,1\n"), "u")
