"""Sizes and times of certificates: the tables of docs/certificate-format.md and docs/reduction-certificates.md.

    python tests/benchmarks/bench_certificates.py [--limit 60] [--sizes 10,20,40,60] [--seeds 3]
    python tests/benchmarks/bench_certificates.py --cycles
    python tests/benchmarks/bench_certificates.py --reductions

Random AL-RNNs with 2 P units: entries of W normal with standard deviation 1/sqrt(2 P), A uniform in 0.3 to 0.9. Either
h is standard normal, or it is chosen so that a given state is a fixed point ("planted", which is harder to search). And
the trained networks of ``docs/networks``. With ``--cycles``, of cycles up to a period instead, of smaller networks, and
of uniqueness; with ``--reductions``, of reductions: the trained networks where their trials lead, and contractions on
invariant boxes. Seconds of processor time; the checker runs by itself, without any package.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from systems import CASES, known, planted_al_rnn

import plrnn_analysis as pa
from plrnn_analysis import PLRNN, CanonicalMap, CertificateError
from plrnn_analysis.certificates import certify_unique
from plrnn_analysis.cycles import find_cycles
from plrnn_analysis.fixed_points import find_fixed_points
from plrnn_analysis.proofs import checker_path, write_certificate
from plrnn_analysis.reduce import reduction_checker_path, verify_reduction

NETWORKS = Path(__file__).resolve().parents[2] / "docs" / "networks"


def networks(sizes: list[int], seeds: int) -> Iterator[tuple[str, CanonicalMap]]:
    for P in sizes:
        M = 2 * P
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            A, W = rng.uniform(0.3, 0.9, M), rng.normal(0.0, 1.0 / np.sqrt(M), (M, M))
            yield f"random, P = {P}, M = {M}", PLRNN.al_rnn(A, W, rng.normal(size=M), pwl_units=P).map
        for seed in range(seeds):
            yield f"planted, P = {P}, M = {M}", planted_al_rnn(np.random.default_rng(seed), M, P)[0].map
    for path in sorted(NETWORKS.glob("*.safetensors")):
        map = pa.load(path).map.with_input(None)
        yield f"{path.stem}, {map.n_relu} ReLUs, M = {map.n_units}", map


def networks_with_cycles() -> Iterator[tuple[str, CanonicalMap, int]]:
    """Networks and the period up to which their cycles are certified."""
    yield "tent map, 1 ReLU", PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1).map, 10
    for P, longest in ((2, 8), (4, 5), (8, 3), (16, 2)):
        rng = np.random.default_rng(P)
        A, W = rng.uniform(-0.9, 0.9, 2 * P), rng.normal(0.0, 2.0 / np.sqrt(2 * P), (2 * P, 2 * P))
        yield f"random, P = {P}, M = {2 * P}", PLRNN.al_rnn(A, W, rng.normal(size=2 * P), pwl_units=P).map, longest
    for name, longest in (("addition", 6), ("lorenz", 6), ("flipflop32", 1)):
        map = pa.load(NETWORKS / f"{name}.safetensors").map.with_input(None)
        yield f"`{name}`, {map.n_relu} ReLUs, M = {map.n_units}", map, longest

    clipped = known(CASES["scyfi_clipsh_M2H10_a"]).map.with_input(None)
    yield f"clipped shallow, published, {clipped.n_relu} ReLUs, M = {clipped.n_units}", clipped, 2


def unique_networks() -> Iterator[tuple[str, CanonicalMap]]:
    """Networks with one fixed point."""
    for n in (50, 100, 200):
        rng = np.random.default_rng(n)
        W = 0.5 * np.linalg.qr(rng.normal(size=(n, n)))[0]
        yield f"orthogonal, {n} ReLUs", PLRNN.relu_rnn(W, rng.normal(size=n)).map


def timed(work):
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--limit", type=float, default=60.0, help="seconds for each search, and ten times that to write"
    )
    parser.add_argument("--sizes", default="10,20,40,60")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cycles", action="store_true", help="cycles and uniqueness instead of fixed points")
    parser.add_argument("--reductions", action="store_true", help="reductions instead")
    given = parser.parse_args()
    if given.reductions:
        reductions(given.limit)
        return
    find_fixed_points(next(networks([14], 1))[1], method="linear programs")  # loads compiled code
    what = "cycles" if given.cycles else "fixed points"
    print(f"| network | {what} | steps | search | write | check | size |")
    print("|---|---|---|---|---|---|---|")
    if given.cycles:
        for name, map, longest in networks_with_cycles():
            measure(f"{name}, periods to {longest}", map, partial(find_cycles, map, longest), given.limit)
        for name, map in unique_networks():
            measure(name, map, partial(certify_unique, map), given.limit, timed_search=False)
        return
    for name, map in networks([int(size) for size in given.sizes.split(",")], given.seeds):
        measure(name, map, partial(find_fixed_points, map), given.limit)


def reductions(limit: float) -> None:
    print("| network | conditions | always on, off | invariant | reduce, write | check | size |")
    print("|---|---|---|---|---|---|---|")
    for path in sorted(NETWORKS.glob("*.safetensors")):
        model = pa.load(path)
        measure_reduction(
            f"`{path.stem}`, {model.map.n_relu} ReLUs, where trials lead", model, model.run(model.trials), limit
        )
    for n in (10, 20, 40):
        rng = np.random.default_rng(n)
        W = rng.normal(size=(n, n))
        model = PLRNN.relu_rnn(0.7 * W / np.abs(W).sum(axis=1, keepdims=True), rng.normal(size=n))
        reach = 4.0 * float(np.abs(model.map.c).max())
        measure_reduction(f"contraction, {n} ReLUs, box", model, (np.full(n, -reach), np.full(n, reach)), limit)


def measure_reduction(name: str, model: PLRNN, domain, limit: float) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "net.cert.json.gz"
        small, write = timed(partial(model.reduce, domain, samples=10, time_limit=limit, certificate=path))
        before = children()
        subprocess.run(
            [sys.executable, "-I", "-S", str(reduction_checker_path()), str(path)], check=True, capture_output=True
        )
        check, size = children() - before, path.stat().st_size
        proved = verify_reduction(model.map, path)
    sides = f"{len(proved.always_on)}, {len(proved.always_off)}"
    stays = "yes" if proved.invariant else "no" if small.invariant is False else "not shown"
    times = f"{write:.2f} s | {check:.2f} s"
    print(f"| {name} | {proved.conditions} | {sides} | {stays} | {times} | {size / 1000:,.0f} kB |", flush=True)


def measure(name: str, map: CanonicalMap, find, limit: float, timed_search: bool = True) -> None:
    """Search, write and check, and print a row of the table."""
    found, search = timed(partial(find, time_limit=limit) if timed_search else find)
    if not (found.complete if timed_search else found.unique):
        print(f"| {name} | search not complete | | {search:.1f} s | | | |", flush=True)
        return
    number = len(found) if timed_search else 1
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "net.cert.json.gz"
        try:
            _, write = timed(partial(write_certificate, map, found, path, time_limit=10 * limit))
        except CertificateError as error:
            print(f"| {name} | {number} | {error} | {search:.2f} s | | | |", flush=True)
            return
        before = children()
        command = [sys.executable, "-I", "-S", str(checker_path()), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        check, size = children() - before, path.stat().st_size
    steps = sum(int(part.split()[0]) for part in done.stdout.splitlines()[1].partition(": ")[2].split(", "))
    times = " | ".join(f"{seconds:.2f} s" for seconds in (search, write, check))
    print(f"| {name} | {number} | {steps:,} | {times} | {size / 1000:,.0f} kB |", flush=True)


if __name__ == "__main__":
    main()
