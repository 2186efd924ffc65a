"""Read time series from .npy, .npz, .csv and .mat files."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from plrnn_analysis.errors import CheckpointError, ModelError

from ..systems import SYSTEMS
from .series import Series, as_series

__all__ = ["read_series"]

_DATA_NAMES = ("values", "data", "series", "observations", "x", "X", "y", "Y")
_INPUT_NAMES = ("inputs", "input", "u", "s")
_FACTS = ("dt", "names", "input_names", "lambda_max", "system", "noise", "seed")
_TIME_NAMES = ("time", "t", "times", "timestamp", "seconds")
_TRIAL_NAMES = ("trial", "trials", "trial_id", "episode")
_MISSING = ("", "nan", "na", "n/a", "null", "none", "missing", "-")
_SHOWN = 12
# How unequal the intervals of a column of times may be, relative to the shortest.
_TIMING = 0.02


def read_series(path: Path, inputs: str | None = None) -> Series:
    """Read data and inputs.

    Parameters
    ----------
    path : Path
        ``.npy``: (T, N) or (n, T, N). ``.npz`` and ``.mat``: an array named ``values``, ``data``, ``series``,
        ``observations``, ``x`` or ``y``, or the only one there is, or several named alike with numbers
        (``trial_0``, ``trial_1``, ...), one per trial; beside it ``inputs``, ``dt``, ``names``, ``input_names`` and
        ``lambda_max`` are understood. ``.csv`` (also with semicolons or tabs): one column per channel, with or without
        a header; empty fields and ``NaN`` are missing values; a column ``time`` gives the interval, and rows that it
        skips are missing; a column ``trial`` separates trials.
    inputs : str, optional
        Another file of one of these kinds, or names of columns of a ``.csv``, separated by commas.

    Returns
    -------
    Series

    Raises
    ------
    CheckpointError
        If a file cannot be read, or it is unclear what in it the data are.
    ModelError
        If what it holds is no time series.
    """
    path = Path(path)
    chosen: tuple[str, ...] = ()
    beside: Series | None = None
    if inputs is not None:
        if Path(inputs).suffix.lower() in _READERS and Path(inputs).exists():
            beside = read_series(Path(inputs))
        elif path.suffix.lower() in (".csv", ".tsv", ".txt"):
            chosen = tuple(name.strip() for name in inputs.split(","))
        else:
            raise CheckpointError(
                f"{inputs}: no such file. Inputs are a file ({', '.join(_READERS)}) or, if the data are a .csv, "
                "names of its columns"
            )
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise CheckpointError(f"{path}: time series are read from {', '.join(_READERS)}, not from {path.suffix!r}")
    if not path.exists():
        raise CheckpointError(f"{path}: no such file")
    try:
        series = reader(path, chosen)
        if beside is not None:
            names = beside.names
            series = as_series(series, list(beside.trials), names=series.names, input_names=names)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    return replace(series, source=series.source if series.system else path.name)


def _read_npy(path: Path, columns: tuple[str, ...]) -> Series:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise CheckpointError(f"{path}: not readable as a NumPy file ({error})") from error
    return as_series(array)


def _read_npz(path: Path, columns: tuple[str, ...]) -> Series:
    try:
        with np.load(path, allow_pickle=False) as file:
            return _from_arrays(path, {name: file[name] for name in file.files})
    except ModelError:
        raise
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise CheckpointError(f"{path}: not readable as a NumPy archive ({error})") from error


def _read_mat(path: Path, columns: tuple[str, ...]) -> Series:
    from plrnn_analysis.checkpoint.mat_file import read_mat

    contents = read_mat(path)
    arrays = {name: np.asarray(entry.read()) for name, entry in contents.entries.items()}
    # MATLAB has no numbers, only matrices of one entry.
    return _from_arrays(path, {n: a.ravel()[0] if a.size == 1 else a for n, a in arrays.items()})


def _from_arrays(path: Path, arrays: Mapping[str, Any]) -> Series:
    facts = {name: arrays[name] for name in _FACTS if name in arrays}
    rest = {name: array for name, array in arrays.items() if name not in _FACTS}
    inputs = _trials(rest, _INPUT_NAMES)
    rest = {name: array for name, array in rest.items() if _stem(name) not in _INPUT_NAMES}
    data = _trials(rest, _DATA_NAMES)
    if data is None:
        stems = {_stem(name) for name, array in rest.items() if np.ndim(array)}
        if len(stems) != 1:
            found = ", ".join(f"{n} {np.shape(a)}" for n, a in list(arrays.items())[:_SHOWN]) or "nothing"
            raise CheckpointError(
                f"{path}: which array are the data? Name it one of {', '.join(_DATA_NAMES[:4])}. Found: {found}"
            )
        data = _trials(rest, tuple(stems))
    series = as_series(
        data,
        inputs,
        dt=float(facts["dt"]) if "dt" in facts else None,
        names=[str(name) for name in np.ravel(facts["names"])] if "names" in facts else None,
        input_names=[str(n) for n in np.ravel(facts["input_names"])] if "input_names" in facts else None,
        lambda_max=float(facts["lambda_max"]) if "lambda_max" in facts else None,
    )
    system = str(facts.get("system", ""))
    if system in SYSTEMS:
        noise, seed = float(facts.get("noise", 0.0)), int(facts.get("seed", 0))
        source = f"{system}, generated (dt {series.dt:g}, noise {noise:g}, seed {seed})"
        series = replace(series, system=system, source=source)
    return series


def _stem(name: str) -> str:
    return re.sub(r"[_.]?\d+$", "", name)


def _trials(arrays: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The array of the first of these names, or those of this name with numbers as trials in order; None without."""
    for name in names:
        if name in arrays:
            return arrays[name]
        numbered = [other for other in arrays if other != name and _stem(other) == name and np.ndim(arrays[other])]
        if numbered:
            ordered = sorted(numbered, key=lambda other: int(re.findall(r"\d+$", other)[0]))
            return [np.asarray(arrays[other]) for other in ordered]
    return None


def _read_csv(path: Path, columns: tuple[str, ...]) -> Series:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path}: not readable as text ({error})") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise CheckpointError(f"{path}: the file has no rows")
    separator = max(",;\t ", key=lines[0].count)
    if not lines[0].count(separator):
        separator = ","
    rows = [[field.strip() for field in row] for row in csv.reader(lines, delimiter=separator, skipinitialspace=True)]
    header = _numbers(rows[0]) is None
    names = rows[0] if header else [f"x{i + 1}" for i in range(len(rows[0]))]
    table = np.empty((len(rows) - header, len(names)))
    for i, row in enumerate(rows[header:]):
        numbers = _numbers(row)
        if len(row) != len(names) or numbers is None:
            problem = "has text" if len(row) == len(names) else f"has {len(row)} fields, the first {len(names)}"
            raise CheckpointError(f"{path}: row {i + 1 + header} {problem} ({separator.join(row)[:60]!r})")
        table[i] = numbers
    unknown = [name for name in columns if name not in names]
    if unknown:
        raise CheckpointError(f"{path}: no column {unknown[0]!r}; the columns are {', '.join(names)}")
    return _from_table(path, names, table, columns, header)


def _numbers(row: list[str]) -> list[float] | None:
    """The numbers of a row, NaN where one is missing; None if it holds other text."""
    try:
        return [np.nan if field.lower() in _MISSING else float(field) for field in row]
    except ValueError:
        return None


def _from_table(path: Path, names: list[str], table: np.ndarray, inputs: tuple[str, ...], header: bool) -> Series:
    lower = [name.lower() if header else "" for name in names]
    time = next((i for i, name in enumerate(lower) if name in _TIME_NAMES), None)
    trial = next((i for i, name in enumerate(lower) if name in _TRIAL_NAMES), None)
    driving = [names.index(name) for name in inputs]
    channels = [i for i in range(len(names)) if i not in (time, trial, *driving)]
    if not channels:
        raise CheckpointError(f"{path}: no column is left for the data; the columns are {', '.join(names)}")
    parts = [table]
    if trial is not None:
        edges = np.flatnonzero(table[1:, trial] != table[:-1, trial]) + 1
        parts = np.split(table, edges)
    dt = None
    if time is not None:
        dt = _interval(path, [part[:, time] for part in parts])
        parts = [_with_gaps(path, part, time, dt) for part in parts]
        if driving and any(np.isnan(part[:, driving]).any() for part in parts):
            raise ModelError("rows are missing, and with them inputs: an input must be known at every step")
    return as_series(
        [part[:, channels] for part in parts],
        [part[:, driving] for part in parts] if driving else None,
        dt=dt,
        names=[names[i] for i in channels],
        input_names=[names[i] for i in driving] if driving else None,
    )


def _interval(path: Path, times: list[np.ndarray]) -> float:
    steps = np.concatenate([np.diff(t) for t in times])
    if not len(steps) or not np.isfinite(steps).all() or steps.min() <= 0:
        raise CheckpointError(f"{path}: the column of times must rise from row to row, within each trial")
    # The usual interval, whatever rows are missing.
    return float(np.median(steps[steps < 1.5 * steps.min()]))


def _with_gaps(path: Path, part: np.ndarray, time: int, dt: float) -> np.ndarray:
    """Rows at every step, those that are not there filled with NaN."""
    places = (part[:, time] - part[0, time]) / dt
    whole = np.round(places).astype(int)
    if np.any(np.abs(np.diff(places) - np.diff(whole)) > _TIMING * np.diff(whole)) or np.any(np.diff(whole) < 1):
        raise CheckpointError(
            f"{path}: the times are not evenly spaced (most are {dt:g} apart); resample the data to equal intervals"
        )
    full = np.full((whole[-1] + 1, part.shape[1]), np.nan)
    full[whole] = part
    return full


_READERS = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".txt": _read_csv,
    ".mat": _read_mat,
}
