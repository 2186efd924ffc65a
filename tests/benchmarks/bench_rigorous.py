"""What ``verify="rigorous"`` costs beside the search in floats: the table of docs/what-it-proves.md.

    python tests/benchmarks/bench_rigorous.py [--sizes 10,20,40] [--seeds 3] [--limit 60]

AL-RNNs as in bench_certificates.py: random ones, and planted ones, which are harder to search; cycles up to period 8 of
the tent map, and the trained networks of ``docs/networks``. Of each the best of three runs, in seconds of processor
time on one core. The last column is what the proof costs beside the search, in units of the search.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

from bench_certificates import networks

from plrnn_analysis import PLRNN
from plrnn_analysis.cycles import find_cycles
from plrnn_analysis.fixed_points import find_fixed_points

REPEATS = 3


def best(search: Callable[[], Any]) -> tuple[Any, float]:
    """The result, and the least seconds of processor time of several runs."""
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        found = search()
        seconds.append(time.process_time() - start)
    return found, min(seconds)


def row(name: str, plain: Callable[[], Any], rigorous: Callable[[], Any]) -> None:
    """One line of the table."""
    found, search = best(plain)
    if not found.complete:
        print(f"| {name} | search not complete | | {search:.3f} s | | |", flush=True)
        return
    proved, both = best(rigorous)
    wholes = proved.coverage.values() if isinstance(proved.coverage, dict) else [proved.coverage]
    checked = sum(whole.rigorous.cuts + whole.rigorous.subregions for whole in wholes)
    said = "yes" if proved.rigorous else "NO"
    times = f"{search:.3f} s | {both:.3f} s | {both / search - 1.0:.1f} ×"
    print(f"| {name} | {len(found)} | {checked:,} | {said} | {times} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="10,20,40")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=60.0)
    given = parser.parse_args()
    # Compiled code is loaded before anything is measured.
    find_fixed_points(next(networks([14], 1))[1], method="linear programs", verify="rigorous")
    print("| network | objects | parts refuted or solved | all proven | search | search and proof | proof / search |")
    print("|---|---|---|---|---|---|---|")
    limit = {"time_limit": given.limit}
    for name, map in networks([int(size) for size in given.sizes.split(",")], given.seeds):
        row(
            name,
            lambda map=map: find_fixed_points(map, **limit),
            lambda map=map: find_fixed_points(map, verify="rigorous", **limit),
        )
    tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1).map
    row(
        "tent map, cycles up to period 8",
        lambda: find_cycles(tent, 8, **limit),
        lambda: find_cycles(tent, 8, verify="rigorous", **limit),
    )


if __name__ == "__main__":
    main()
