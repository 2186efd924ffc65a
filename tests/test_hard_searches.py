"""Every search on hard networks: with a time limit and little memory, and interrupted at random moments.

The clock is the time of the processor, see ``limits.py``, which prints the figures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hard_searches import SEARCHES, WITHOUT_LIMIT

LIMIT, MEGABYTES, TIMES = 0.5, 600, 3
# What the limit may be passed by, and for other programs that slow the processor itself down.
OVERTIME, SPARE = 0.3, 0.2

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads memory and processor time from /proc"),
]


def measured(*arguments: object) -> list[dict[str, Any]]:
    """What ``limits.py`` prints."""
    command = [sys.executable, str(Path(__file__).with_name("limits.py")), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), timeout=900, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_time_limits_hold_in_little_memory(tried: Callable[[str, int], None]) -> None:
    found = measured("time", LIMIT, MEGABYTES)
    assert {one["search"] for one in found} == set(SEARCHES)
    tried("time limits", len(found))
    assert not [one for one in found if "error" in one]
    assert not [one for one in found if one["seconds"] > LIMIT + OVERTIME + SPARE]


def test_ctrl_c_at_random_moments_is_a_result_or_an_interrupt_at_once(tried: Callable[[str, int], None]) -> None:
    found = measured("ctrl-c", TIMES)
    tried("Ctrl-C in searches", len(found))
    assert not [one for one in found if "error" in one]
    assert not [one for one in found if one["threads"] != 1]
    assert not [one for one in found if one["seconds"] is not None and one["seconds"] > 1.0 + SPARE]
    pressed = defaultdict(list)
    for one in found:
        pressed[one["search"]].append(one["result"])
    assert set(pressed) == {*SEARCHES, *WITHOUT_LIMIT}
    # A search that takes a time limit has something to show after Ctrl-C as well, but for what is whole or nothing.
    whole = ("certificate", "comparison", "exact graph")
    empty = [name for name in SEARCHES if "KeyboardInterrupt" in pressed[name] and not name.startswith(whole)]
    assert not empty
