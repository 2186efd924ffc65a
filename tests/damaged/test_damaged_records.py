"""Damaged JSON of every result: an object, or one short error of ours."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from damage import NASTY, damaged_bytes
from every_result import examples

import plrnn_analysis as pa

LONGEST = 5000


def damaged_record(rng: random.Random, text: str) -> str:
    """One or two values somewhere inside changed or left out, or a few bytes of the text."""
    if rng.random() < 0.3:
        return damaged_bytes(rng, text.encode()).decode("utf-8", "replace")
    whole = json.loads(text)
    for _ in range(rng.randint(1, 2)):
        node = whole
        while keys := list(node) if isinstance(node, dict) else list(range(len(node))):
            key = rng.choice(keys)
            if isinstance(node[key], (dict, list)) and node[key] and rng.random() < 0.8:
                node = node[key]
                continue
            if isinstance(node, dict) and rng.random() < 0.2:
                node.pop(key)
            else:
                node[key] = copy.deepcopy(rng.choice(NASTY))
            break
    return json.dumps(whole)


def outcomes(each: int) -> tuple[int, int]:
    """How many damaged records are read, and how many refused; anything else is raised."""
    read = refused = 0
    for kind, items in sorted(examples().items(), key=lambda pair: pair[0].__qualname__):
        if not hasattr(items[0], "to_json"):
            continue
        text = items[0].to_json()
        for index in range(each if len(text) < 200_000 else 1):
            # After a line break it is no name of a file.
            record = "\n" + damaged_record(random.Random(f"{kind.__qualname__} {index}"), text)
            try:
                found = pa.from_json(record)
            except pa.PLRNNError as error:
                assert len(str(error)) < LONGEST, kind  # noqa: PT017
                refused += 1
            else:
                assert len(repr(found)) < LONGEST
                read += 1
    return read, refused


def test_some_damaged_records() -> None:
    read, refused = outcomes(2)
    assert read > 0 and refused > 50


@pytest.mark.stress
def test_many_damaged_records(tried: Callable[[str, int], None]) -> None:
    read, refused = outcomes(40)
    tried("records", read + refused)
    assert read > 100 and refused > 1000


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "record.json")
    with pytest.raises(pa.PLRNNError, match="no regular file"):
        pa.from_json(tmp_path / "record.json")
