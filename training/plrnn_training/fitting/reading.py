"""Read time series from .npy, .npz, .csv and .mat files."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from plrnn_analysis._signatures import checked
from plrnn_analysis.checkpoint.array_files import Opaque, check_regular, read_arrays
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
# Share of rows that may be missing of a table with times: memory is taken for them too.
_MOST_MISSING = 0.9
# Columns that are taken for channels, of however few rows.
_WIDE = 10_000


@checked
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
    (array,) = _arrays(path).values()
    return as_series(array)


def _read_named(path: Path, columns: tuple[str, ...]) -> Series:
    return _from_arrays(path, _arrays(path))


def _arrays(path: Path) -> dict[str, np.ndarray]:
    found = read_arrays(path)
    unread = [f"{name} ({kind})" for name, kind in found.items() if isinstance(kind, Opaque)]
    arrays = {name: array for name, array in found.items() if not isinstance(array, Opaque)}
    if not arrays:
        found_instead = f", but {', '.join(unread[:_SHOWN])}" if unread else ""
        raise CheckpointError(f"{path}: there are no arrays of numbers in it{found_instead}")
    # MATLAB has no numbers, only matrices of one entry.
    return {name: array.reshape(()) if name in _FACTS and array.size == 1 else array for name, array in arrays.items()}


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
    dt, lambda_max, noise, seed = (_number(facts, name) for name in ("dt", "lambda_max", "noise", "seed"))
    names, input_names = (_texts(facts, name) for name in ("names", "input_names"))
    series = as_series(data, inputs, dt=dt, names=names, input_names=input_names, lambda_max=lambda_max)
    system = str(facts.get("system", ""))
    if system in SYSTEMS:
        source = f"{system}, generated (dt {series.dt:g}, noise {noise or 0:g}, seed {seed or 0:g})"
        series = replace(series, system=system, source=source)
    return series


def _number(facts: Mapping[str, Any], name: str) -> float | None:
    try:
        return float(facts[name]) if name in facts else None
    except (TypeError, ValueError) as error:
        raise ModelError(f"{name} must be a number ({error})") from error


def _texts(facts: Mapping[str, Any], name: str) -> list[str] | None:
    return [str(text) for text in np.ravel(facts[name])] if name in facts else None


def _stem(name: str) -> str:
    return re.sub(r"[_.]?\d+$", "", name)


def _place(name: str) -> tuple[int, str]:
    """By the number at the end, of which a file may have more digits than Python makes an int of."""
    digits = re.findall(r"\d+$", name)[0].lstrip("0")
    return len(digits), digits


def _trials(arrays: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The array of the first of these names, or those of this name with numbers as trials in order; None without."""
    for name in names:
        if name in arrays:
            return arrays[name]
        numbered = [other for other in arrays if other != name and _stem(other) == name and np.ndim(arrays[other])]
        if numbered:
            ordered = sorted(numbered, key=_place)
            return [np.asarray(arrays[other]) for other in ordered]
    return None


def _read_csv(path: Path, columns: tuple[str, ...]) -> Series:
    check_regular(path)
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
    widest = lines[0].count(separator) + 1
    if widest > max(_WIDE, len(lines)):
        raise CheckpointError(
            f"{path}: {widest} columns in {len(lines)} rows; time goes down the rows, so transpose them"
        )
    try:
        read = list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
    except csv.Error as error:
        raise CheckpointError(f"{path}: not readable as a table ({error})") from error
    rows = [[field.strip() for field in row] for row in read]
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
    with np.errstate(invalid="ignore", over="ignore"):
        steps = np.concatenate([np.diff(t) for t in times])
    if not len(steps) or not np.isfinite(steps).all() or steps.min() <= 0:
        raise CheckpointError(f"{path}: the column of times must rise from row to row, within each trial")
    # The usual interval, whatever rows are missing.
    return float(np.median(steps[steps < 1.5 * steps.min()]))


def _with_gaps(path: Path, part: np.ndarray, time: int, dt: float) -> np.ndarray:
    """Rows at every step, those that are not there filled with NaN."""
    places = (part[:, time] - part[0, time]) / dt
    if len(part) < (1 - _MOST_MISSING) * places[-1]:
        raise CheckpointError(
            f"{path}: the times run over {places[-1]:.3g} intervals of {dt:g}, and there are {len(part)} rows: more "
            f"than {_MOST_MISSING:.0%} are missing"
        )
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
    ".npz": _read_named,
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".txt": _read_csv,
    ".mat": _read_named,
}
