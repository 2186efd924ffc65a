"""Sizes and times of certificates: the table of docs/certificate-format.md.

    python tests/benchmarks/bench_certificates.py [--limit 60] [--sizes 10,20,40,60] [--seeds 3]

Random AL-RNNs with 2 P units: entries of W normal with standard deviation 1/sqrt(2 P), A uniform in 0.3 to 0.9. Either
h is standard normal, or it is chosen so that a given state is a fixed point ("planted", which is harder to search). And
the trained networks of ``docs/networks``. Seconds of processor time; the checker runs by itself, without any package.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from systems import planted_al_rnn

import plrnn_analysis as pa
from plrnn_analysis import PLRNN, CanonicalMap, CertificateError
from plrnn_analysis.fixed_points import find_fixed_points
from plrnn_analysis.proofs import checker_path, write_certificate

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
    given = parser.parse_args()
    find_fixed_points(next(networks([14], 1))[1], method="linear programs")  # loads compiled code
    print("| network | fixed points | steps | search | write | check | size |")
    print("|---|---|---|---|---|---|---|")
    for name, map in networks([int(size) for size in given.sizes.split(",")], given.seeds):
        found, search = timed(lambda map=map: find_fixed_points(map, time_limit=given.limit))
        if not found.complete:
            print(f"| {name} | search not complete | | {search:.1f} s | | | |", flush=True)
            continue
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "net.cert.json.gz"
            try:
                _, write = timed(lambda: write_certificate(map, found, path, time_limit=10 * given.limit))  # noqa: B023
            except CertificateError as error:
                print(f"| {name} | {len(found)} | {error} | {search:.2f} s | | | |", flush=True)
                continue
            before = children()
            command = [sys.executable, "-I", "-S", str(checker_path()), str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            check, size = children() - before, path.stat().st_size
        steps = sum(int(part.split()[0]) for part in done.stdout.splitlines()[1].partition(": ")[2].split(", "))
        times = " | ".join(f"{seconds:.2f} s" for seconds in (search, write, check))
        print(f"| {name} | {len(found)} | {steps:,} | {times} | {size / 1000:,.0f} kB |", flush=True)


if __name__ == "__main__":
    main()
