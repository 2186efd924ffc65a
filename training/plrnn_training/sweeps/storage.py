"""The directory of a sweep: what was asked for, one result a finished model, states of what is under way."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from plrnn_analysis._files import remove_leftovers, write_atomically
from plrnn_analysis._validation import shown
from plrnn_analysis.errors import CheckpointError

from ..recipe import Member
from ..record_files import fields_of, read_object
from .row import SweepRow

__all__ = ["SETTINGS", "SweepDirectory", "member_name"]

SETTINGS = "sweep.json"
RESULTS = "results.csv"
MODELS = "models"
# As member_name writes them: no path, and nothing that a pattern of files would take for more than itself.
_NAME = re.compile(r"\w[\w.+-]{0,200}")
STATES = "unfinished"


def member_name(task: str, member: Member) -> str:
    """The name of a model's files.

    Examples
    --------
    >>> member_name("addition", Member(2, 0))
    'addition_p2_seed0'
    >>> member_name("neurogym:Bandit-v0", Member(0, 1, lr=0.01, samples=20, architecture="gru"))
    'neurogym-Bandit-v0_gru_seed1_n20_lr0.01'
    """
    kind = f"p{member.pwl_units}" if member.architecture == "al_rnn" else member.architecture
    parts = [re.sub(r"[^\w.-]+", "-", task), kind, f"seed{member.seed}"]
    if member.samples is not None:
        parts.append(f"n{member.samples}")
    if member.lr is not None:
        parts.append(f"lr{member.lr:g}")
    return "_".join(parts)


class SweepDirectory:
    """Files of a sweep; each is written whole or not at all.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def models(self) -> Path:
        """Checkpoints, and a result beside each."""
        return self.path / MODELS

    def state_path(self, chunk: int) -> Path:
        """Where the state of an unfinished chunk is."""
        return self.path / STATES / f"chunk_{chunk:04d}.pt"

    def read_settings(self) -> dict[str, Any] | None:
        """What was asked for; None where there is no sweep.

        Raises
        ------
        CheckpointError
            If the file is damaged, or names files that are not in the directory.
        """
        path = self.path / SETTINGS
        settings = _read(path)
        if settings is None:
            return None
        for key, kind in (("asked", dict), ("about", dict), ("models", list), ("chunk_size", int)):
            if not isinstance(settings.get(key), kind):
                raise CheckpointError(f"{path} is damaged, or was changed: its {key} is {shown(settings.get(key))}")
        # Files are made and removed under these names.
        for name in settings["models"]:
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise CheckpointError(f"{path} is damaged, or was changed: {shown(name)} is no name of a model")
        return settings

    def has_begun(self) -> bool:
        """Whether anything was trained here: a model is finished, or a state was kept."""
        return any(self.models.glob("*.json")) or any((self.path / STATES).glob("*.pt"))

    def write_settings(self, settings: dict[str, Any]) -> None:
        """Once, at the beginning."""
        self.path.mkdir(parents=True, exist_ok=True)
        _write(self.path / SETTINGS, settings)

    def write_result(self, name: str, row: SweepRow) -> None:
        """That a model is finished."""
        self.models.mkdir(parents=True, exist_ok=True)
        _write(self.models / f"{name}.json", asdict(row))

    def read_result(self, name: str) -> SweepRow | None:
        """The result of a model; None while it is not finished.

        Raises
        ------
        CheckpointError
            If the file is damaged.
        """
        content = _read(self.models / f"{name}.json")
        if content is None:
            return None
        return SweepRow(**fields_of(SweepRow, content, self.models / f"{name}.json"))

    def tidy(self) -> None:
        """Remove states, and what writing left behind where it was killed."""
        shutil.rmtree(self.path / STATES, ignore_errors=True)
        for folder in (self.path, self.models):
            remove_leftovers(folder)

    def remove(self) -> None:
        """The sweep that is here, and nothing else."""
        settings = self.read_settings()
        if settings is None:
            return
        for name in settings["models"]:
            for path in (self.models / f"{name}.json", *self.models.glob(f"{name}*.safetensors")):
                path.unlink(missing_ok=True)
        self.tidy()
        # Last, for a kill in the middle must not leave results without settings.
        (self.path / SETTINGS).unlink(missing_ok=True)

    def write_table(self, rows: Sequence[SweepRow]) -> None:
        """All results so far as ``results.csv``; scores by kind of trial get columns of their own."""
        names = [field.name for field in fields(SweepRow) if field.name != "conditions"]
        conditions = list(dict.fromkeys(name for row in rows for name in row.conditions))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*names, *(f"score {name}" for name in conditions)])
        for row in rows:
            values = [getattr(row, name) for name in names] + [row.conditions.get(name) for name in conditions]
            writer.writerow(["" if value is None else value for value in values])
        self.path.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path / RESULTS, text.getvalue().encode())


def _write(path: Path, content: dict[str, Any]) -> None:
    # Diverged models have scores that are no numbers; NaN is read back by Python, if by few others.
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return read_object(path)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise CheckpointError(f"{path} is damaged ({error}); remove it to have it made again") from error
