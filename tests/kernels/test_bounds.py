"""Every kernel once with index checks: compiled code that reads past an array says nothing otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import numpy as np
import plrnn_analysis as pa

rng = np.random.default_rng(0)
for m, p in ((4, 0), (4, 2), (8, 6), (14, 14)):
    model = pa.PLRNN.al_rnn(
        rng.uniform(-0.5, 0.5, m), 1.3 * rng.normal(size=(m, m)) / np.sqrt(m), rng.normal(size=m), pwl_units=p
    )
    for method in ("elimination", "linear programs"):
        assert model.fixed_points(method=method).complete
    model.fixed_points(workers=2)
    model.cycles(3)
    run = model.simulate(50, n=20)
    model.transition_graph(run)

import torch
from plrnn_training.sequence import Forcing, sequence_states

for E, batch, T, M, N, H in ((1, 1, 1, 3, 1, 0), (2, 3, 7, 6, 2, 4), (1, 2, 3, 5, 5, 5)):
    draw = lambda *shape: torch.randn(*shape, requires_grad=True)
    readout = map(torch.zeros, ((E, N, M), (E, N), (E, M, N)))
    forcing = Forcing(torch.rand(E, T, batch, N), torch.rand(E, T, batch, N), *readout)
    for forced in (None, forcing):
        sequence_states(
            draw(E, M), draw(E, M, M), draw(E, M, 2), draw(E, M), draw(E, batch, T, 2),
            torch.where(torch.arange(M) < M - H, -torch.inf, 0.0).expand(E, M), H, forcing=forced, compiled=True,
        ).sum().backward()
"""


@pytest.mark.slow
def test_kernels_stay_inside_their_arrays(tmp_path: Path) -> None:
    # A cache of its own: code without the checks must not be taken from, nor this code left in, the user's.
    environment = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
