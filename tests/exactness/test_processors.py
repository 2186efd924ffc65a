"""The answers do not depend on the processor: the same searches under several BLAS kernels, in child processes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from answering import as_data, drawn_systems

ROOT = Path(__file__).resolve().parents[2]
# From plain SSE to AVX-512; each adds up in another order.
KERNELS = ("Nehalem", "Haswell", "SkylakeX", "Zen")


PRODUCTS = "import numpy as np; a = np.ones((64, 64)); a @ a; np.linalg.inv(a + np.eye(64))"
LOUD = "import os; os.environ['OPENBLAS_VERBOSE'] = '2'; import numpy"


def run(kernel: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess:
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT), str(ROOT / "training"), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, *arguments], input=given, capture_output=True, text=True, env=environment, check=False
    )


@pytest.fixture(scope="module")
def kernels() -> list[str]:
    # Without the instructions of a kernel the child is ended by a signal.
    usable = [kernel for kernel in KERNELS if run(kernel, "-c", PRODUCTS).returncode == 0]
    assert usable
    return usable


def test_the_kernel_is_really_another(kernels):
    """OpenBLAS says which one it took; where NumPy has another library there is nothing to choose."""
    chosen = set()
    for kernel in kernels:
        done = run(kernel, "-c", LOUD)
        chosen |= set(re.findall(r"Core: (\w+)", done.stderr + done.stdout))
    assert not chosen or len(chosen) > 1 or len(kernels) == 1


def differences(kernels: list[str], first: int, number: int) -> tuple[list[str], int]:
    """In what the answers differ, and to how many systems they were given."""
    systems = list(drawn_systems(first, number))
    given = json.dumps([as_data(seed, drawn.map) for seed, drawn in systems])
    answers = {}
    for kernel in kernels:
        done = run(kernel, "-m", "answering", given=given)
        assert done.returncode == 0, done.stderr
        answers[kernel] = json.loads(done.stdout)
    reference = answers[kernels[0]]
    found = []
    for kernel in kernels[1:]:
        for (seed, drawn), one, other in zip(systems, reference, answers[kernel]):
            where = f"seed {seed}, {drawn.name}, {kernels[0]} and {kernel}"
            names = [name for name in one if name != "numbers" and one[name] != other[name]]
            if drawn.near_degenerate and not (one["all subregions"] and other["all subregions"]):
                # In cells thinner than the doubles are dense a point is found or not; what is listed is true anyway.
                names = [name for name in names if "subregions" not in name]
            found += [f"{where}: {name} {one[name]} and {other[name]}" for name in names]
            if "fixed points" not in names:
                for (code, *_), a, b in zip(one["fixed points"], one["numbers"], other["numbers"]):
                    if not close(drawn.map, code, np.array(a), np.array(b)):
                        found.append(f"{where}: z of {code} {a} and {b}")
    return found, len(systems)


def close(map, code: str, a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two solutions differ by no more than the condition of I - J makes of rounding."""
    bits = np.array([character == "1" for character in code.replace("-", "")], dtype=bool)
    x = bits * (np.abs(map.V) @ np.abs(a) + np.abs(map.c))
    terms = np.abs(map.A) @ np.abs(a) + np.abs(map.W) @ x + np.abs(map.h) + np.abs(a)
    inverse = np.abs(np.linalg.pinv(np.eye(map.n_units) - map.jacobian(bits), rcond=0.0))
    return bool(np.all(np.abs(a - b) <= 1e-9 * (inverse @ terms + terms)))


def test_answers_are_those_of_every_kernel(kernels):
    found, systems = differences(kernels, 0, 8)
    assert systems > 40 and not found, "\n".join(found)


@pytest.mark.stress
def test_many_answers_are_those_of_every_kernel(kernels, tried):
    found, systems = differences(kernels, 100, 160)
    tried("processors", systems)
    assert systems >= 1000 and not found, "\n".join(found[:20])
