"""What a time limit pays for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from plrnn_analysis.engines import budget as budgets
from plrnn_analysis.engines.budget import Budget, loading


def test_loading_compiled_code_is_not_paid_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(budgets, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    outer, unlimited = Budget(None, 10.0), Budget(None, None)
    now[0] = 103.0
    inner = Budget(None, 2.0)
    now[0] = 104.0
    with loading():
        now[0] = 130.0
        late = Budget(None, 1.0)
        now[0] = 134.0
    assert (outer.seconds, unlimited.seconds, inner.seconds, late.seconds) == (4.0, 4.0, 1.0, 0.0)
    assert (outer.remaining, inner.remaining, late.remaining) == (6.0, 1.0, 1.0)
    assert unlimited.deadline is None
    assert not outer.overdue and inner.take(5) == 5
    now[0] = 135.0
    assert inner.take(5) == 0 and inner.stopped_by == "time_limit"


def test_what_was_loaded_until_ctrl_c_is_not_paid_for_either(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(budgets, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    budget = Budget(None, 10.0)

    def interrupted() -> None:
        with loading():
            now[0] = 7.0
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert budget.seconds == 0.0


@pytest.mark.slow
def test_a_search_is_whole_though_its_code_is_compiled_first(tmp_path: Path) -> None:
    """Compilation takes several times the limit, the search a twentieth of it."""
    code = """
import numpy as np, plrnn_analysis as pa
n = 14
W = np.zeros((n, n))
for i in range(0, 8, 2): W[i, i + 1] = W[i + 1, i] = -1
found = pa.PLRNN.al_rnn(np.full(n, 0.5), W, np.ones(n), pwl_units=n).fixed_points(time_limit=1.0)
print(len(found), found.complete, found.coverage.engine)
"""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout == "81 True linear programs\n", done.stderr
    assert list(tmp_path.rglob("branching.*.nbi")), "nothing was compiled"
