"""Training and reports that are killed go on from what was kept, and end as if nothing had happened: see killing.py."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("killing.py")
KILLS = 50


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="forks, and asks for the time a process has had on the processor")
@pytest.mark.parametrize("work", ["train", "fit", "sweep", "report"])
def test_what_is_killed_goes_on_and_ends_the_same(work: str, tmp_path: Path, tried: Callable[[str, int], None]) -> None:
    command = [sys.executable, str(SCRIPT), work, str(tmp_path), str(KILLS), "0"]
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **one_thread})
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.fullmatch(r"(\d+) kills in (\d+) rounds, (\d+) at operations\n", done.stdout)
    assert found is not None, done.stdout
    tried("kills", int(found[1]) + int(found[3]))
    # Files of a report are few: each is begun, written and put into its place.
    assert int(found[1]) >= KILLS and int(found[3]) >= 10
