"""What is printed arrives, whatever the encoding of the stream and whatever is known of its width."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

import plrnn_analysis as pa
from plrnn_analysis import cli

SPIRAL = pa.PLRNN.al_rnn([0.5, 0.5], [[0, -0.6], [0.6, 0]], [1, 1], pwl_units=1)


def printed(encoding: str, directory: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> bytes:
    """What `plrnn analyze` writes to a pipe of this encoding."""
    pa.save(SPIRAL, directory / "spiral.safetensors", {"notes": ["é or 漢"]})
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "argv", ["plrnn", "analyze", str(directory / "spiral.safetensors"), "--no-story", *more])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    stream.flush()
    return stream.buffer.getvalue()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_signs_that_an_encoding_lacks_are_shown_by_their_numbers(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = printed(encoding, tmp_path, monkeypatch).decode(encoding)
    assert ("é" if encoding == "cp1252" else "\\xe9") + " or \\u6f22" in text


def test_json_in_a_pipe_is_utf_8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "漢"
    model.mkdir()
    record = json.loads(printed("cp1252", model, monkeypatch, "--json", "-").decode("utf-8"))
    assert "漢" in json.dumps(record, ensure_ascii=False)


def test_nobody_knows_the_width(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    assert "Complete" in printed("utf-8", tmp_path, monkeypatch).decode("utf-8")
