"""Sparsification in a directory: checkpoints, records, figure, story; a run that was stopped goes on."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

import plrnn_analysis
from plrnn_analysis._files import write_atomically
from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole
from plrnn_analysis.errors import CheckpointError, PLRNNError
from plrnn_analysis.model import PLRNN

from ..directories import claimed
from ..fitting.series import Series, as_series
from ..record_files import fields_of, read_object
from ..runs import Interrupted, write_json
from ..tasks import Task
from .figure import plot_sparsification
from .results import Judgement, Level, Sparsification, TrainedBranch
from .search import sparsify
from .settings import SparsifySettings
from .story import sentences

__all__ = ["RECORD_FILE", "sparsify_in"]

RECORD_FILE = "sparsify.json"
BRANCHES = "branches"
# Settings that do not change the path.
_COMPARISON = ("compare_seeds", "compare_iterations", "compare_init", "lowest")


@checked
def sparsify_in(
    directory: Path,
    network: PLRNN,
    task: Task | None = None,
    settings: SparsifySettings | None = None,
    *,
    series: Any = None,
    source: str = "",
    device: torch.device | str = "cpu",
    resume: bool = False,
    overwrite: bool = False,
    on_progress: Callable[[str, float], None] | None = None,
    on_level: Callable[[Level], None] | None = None,
) -> Sparsification:
    """Sparsify, and write everything that comes of it.

    Parameters
    ----------
    directory : Path
        Gets ``sparsify.json``, ``sparsify.csv``, ``sparsify.png``, ``story.txt``, ``smallest.safetensors`` and one
        checkpoint a branch in ``branches/``.
    network, task, settings, series, device, on_progress, on_level
        As for :func:`plrnn_training.sparsify`.
    source : str, optional
        Where the network comes from, for the record.
    resume : bool, optional
        Go on with the run in the directory, if there is one.
    overwrite : bool, optional
        Start anew even if there is one.

    Returns
    -------
    Sparsification

    Raises
    ------
    PLRNNError
        If the directory holds a run and neither `resume` nor `overwrite` is set.
    CheckpointError
        If the run there was of another network or had other settings.
    Interrupted
        If stopped by Ctrl-C; the levels that were done are kept.
    """
    settings = settings or SparsifySettings()
    with claimed(directory, BRANCHES):
        path = directory / RECORD_FILE
        series = None if series is None else as_series(series)
        configuration = _configuration(network, task, series, settings)
        before: list[Level] = []
        if path.exists() and not overwrite:
            if not resume:
                raise PLRNNError(
                    f"{directory} holds a sparsification already: give --resume, --overwrite or another --out"
                )
            before = _levels(path, configuration)
        done = list(before)

        def keep(level: Level) -> None:
            if not done:
                # Or else, after a kill, it would name networks of another run.
                path.unlink(missing_ok=True)
            for branch in level.branches:
                _save(branch.network, directory / BRANCHES / _file(branch), network, branch)
            done.append(level)
            write_json(path, {"configuration": configuration, "source": source, "levels": _level_records(done)})
            if on_level is not None:
                on_level(level)

        try:
            found = sparsify(
                network,
                task,
                settings,
                series=series,
                device=device,
                before=before,
                on_level=keep,
                on_progress=on_progress,
            )
        except Interrupted as stop:
            raise Interrupted(f"{stop} in {directory}: repeat the command with --resume to go on") from stop
        last = [level.best for level in found if level.chosen is not None]
        _save(found.network, directory / "smallest.safetensors", network, last[-1] if last else None)
        write_json(
            path,
            {
                "configuration": configuration,
                "source": source,
                "original": asdict(found.original),
                "smallest_pwl_units": found.pwl_units,
                "smallest_checkpoint": "smallest.safetensors",
                "test_score": found.test_score,
                "levels": _level_records(found),
                "direct": None
                if found.direct is None
                else {**asdict(found.direct), "successes": found.direct.successes},
            },
        )
        _write_csv(found, directory / "sparsify.csv")
        plot_sparsification(found, directory / "sparsify.png")
        write_atomically(directory / "story.txt", ("\n".join(sentences(found)) + "\n").encode())
        return found


def _configuration(
    network: PLRNN, task: Task | None, series: Series | None, settings: SparsifySettings
) -> dict[str, Any]:
    digest = hashlib.sha256(network.architecture.encode())
    for name, value in sorted(network.parameters.items()):
        digest.update(name.encode() + np.ascontiguousarray(value).tobytes())
    values = {name: value for name, value in asdict(settings).items() if name not in _COMPARISON}
    data = None if task is None else task.metadata()
    if series is not None:
        data = {"series": [len(series.trials), series.n_steps, float(np.nansum(np.concatenate(series.trials)))]}
    return {"network": digest.hexdigest()[:16], "data": data, **values}


def _file(branch: TrainedBranch) -> str:
    return f"p{branch.pwl_units:03d}_unit{branch.unit}_{branch.replacement}.safetensors"


def _save(network: PLRNN, path: Path, original: PLRNN, branch: TrainedBranch | None) -> None:
    """Write a network, without the readout that stood in for one where the original has none."""
    bare = original.B is None
    written = PLRNN(
        network.architecture,
        network.parameters,
        network.relu_units,
        None if bare else network.B,
        None if bare else network.b,
        original.metadata,
        original.trials,
    )
    if "initial_state" in network.metadata:
        written.metadata["initial_state"] = network.metadata["initial_state"]
    if branch is not None:
        written.metadata["sparsified"] = {"from_pwl_units": original.pwl_units, **branch.record()}
    path.parent.mkdir(parents=True, exist_ok=True)
    plrnn_analysis.save(written, path)


def _level_records(levels: Sequence[Level]) -> list[dict[str, Any]]:
    return [
        {
            "pwl_units": level.pwl_units,
            "chosen": level.chosen,
            "branches": [{**b.record(), "checkpoint": f"{BRANCHES}/{_file(b)}"} for b in level.branches],
        }
        for level in levels
    ]


def _levels(path: Path, configuration: dict[str, Any]) -> list[Level]:
    """The levels of the run that a record is of."""
    try:
        record = read_object(path)
        theirs, levels = record["configuration"], record["levels"]
        theirs = dict(theirs)
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: not the record of a sparsification; start it anew with --overwrite") from error
    # As JSON has it: tuples are lists there.
    ours = json.loads(json.dumps(configuration))
    different = [
        f"{name} was {theirs.get(name)!r}, is {ours.get(name)!r}"
        for name in sorted(set(theirs) | set(ours))
        if theirs.get(name) != ours.get(name)
    ]
    if different:
        raise CheckpointError(
            f"{path}: the run there had other settings: {'; '.join(different)}; "
            "take another --out, or --overwrite to start anew"
        )
    try:
        return [_level(level, path) for level in levels]
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is not complete, or was changed: {error!r}") from error


def _level(level: dict[str, Any], path: Path) -> Level:
    branches = tuple(_branch(row, path) for row in level["branches"])
    chosen = None if level["chosen"] is None else whole("chosen", level["chosen"], 0, len(branches) - 1)
    return Level(whole("pwl_units", level["pwl_units"], 0), branches, chosen)


def _branch(row: dict[str, Any], path: Path) -> TrainedBranch:
    names = {field.name for field in fields(Judgement)}
    judged = {name: row[name] for name in names}
    if judged["score"] is None:  # what JSON has for NaN
        judged["score"] = float("nan")
    judged = fields_of(Judgement, judged, path)
    own = {name: value for name, value in row.items() if name not in names and name != "checkpoint"}
    own = fields_of(TrainedBranch, own, path, but=("judgement", "network"))
    network = plrnn_analysis.load(path.parent / row["checkpoint"])
    if network.B is None:
        network = PLRNN(
            network.architecture,
            network.parameters,
            network.relu_units,
            np.eye(network.n_units),
            None,
            network.metadata,
            network.trials,
        )
    return TrainedBranch(**own, judgement=Judgement(**judged), network=network)


def _write_csv(found: Sparsification, path: Path) -> None:
    rows = [
        {"chosen": index == level.chosen, **branch.record()}
        for level in found
        for index, branch in enumerate(level.branches)
    ]
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    write_atomically(path, text.getvalue().encode())
