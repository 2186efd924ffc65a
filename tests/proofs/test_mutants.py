"""Certificates with one thing changed: the checker refuses each that a second implementation of the format calls wrong.

Some changes leave a proof right, and are then accepted: multipliers times a positive number, or changed within their
margin; a direction times a number; another state of the same continuum; a branch on another unit above leaves that do
not mind. They are not guessed at: the oracle decides, for every mutant, and the checker must agree with it.
"""

from __future__ import annotations

import copy
import gzip
import importlib.util
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from certificate_oracle import is_right, number
from systems import degenerate_map, random_model, with_inputs

from plrnn_analysis import CanonicalMap, CertificateError
from plrnn_analysis.cycles import find_cycles
from plrnn_analysis.fixed_points import find_fixed_points
from plrnn_analysis.proofs import checker_path, verify_certificate

specification = importlib.util.spec_from_file_location("independent_checker", checker_path())
checker = importlib.util.module_from_spec(specification)
specification.loader.exec_module(checker)


def accepts(document: dict) -> bool:
    try:
        checker.check(document)
    except Exception:
        return False
    return True


def certificates(seeds: range, path: Path) -> Iterator[tuple[Any, dict]]:
    """Maps and certificates of the fixed points of small networks, generic ones and degenerate ones in turn."""
    for seed in seeds:
        map = drawn(seed).with_input(None)
        if map.n_relu <= 4 and map.n_units <= 4:
            find_fixed_points(map, certificate=path)
            yield map, read(path)


def certificates_of_cycles(seeds: range, path: Path) -> Iterator[tuple[Any, dict]]:
    """The same of cycles, every third under an input of period two."""
    for seed in seeds:
        map, inputs = drawn(seed), None
        if map.n_relu > 3 or map.n_units > 3:
            continue
        longest = 4 if map.n_relu <= 1 else 3 if map.n_relu == 2 else 2
        if seed % 3 == 0:
            longest = 2 * (longest // 2)
            map, inputs = with_inputs(map, np.random.default_rng(seed), 2)
        find_cycles(map, longest, periodic_input=inputs, certificate=path)
        yield map, read(path)


def drawn(seed: int) -> CanonicalMap:
    rng = np.random.default_rng(seed)
    return random_model(rng).map if seed % 2 else degenerate_map(rng)


def read(path: Path) -> dict:
    return json.loads(gzip.decompress(path.read_bytes()))


def spots(value: Any) -> list[tuple[list, int]]:
    """The places of all whole numbers in nested lists."""
    found = []
    for at, part in enumerate(value):
        if isinstance(part, list):
            found += spots(part)
        elif number_like(part):
            found.append((value, at))
    return found


def number_like(part: Any) -> bool:
    if isinstance(part, str):
        try:
            int(part, 16)
        except ValueError:
            return False
    return isinstance(part, int | str)


def change(rng: np.random.Generator, places: list[tuple[list, int]], how: Callable[[int], int]) -> bool:
    """Change one of some numbers; False if there is none, or nothing changes."""
    if not places:
        return False
    values, at = places[rng.integers(len(places))]
    old = int(number(values[at]))
    values[at] = how(old)
    return values[at] != old


def evidence(document: dict, *kinds: str) -> list[list]:
    return [step for step in document["proof"] if isinstance(step, list) and step[0] in kinds]


def numbers_of(document: dict) -> list[tuple[list, int]]:
    vectors = [part for step in evidence(document, "refute", "force") for part in step[1:]]
    return spots(vectors + [s["multipliers"] for s in document["solutions"] if any(s["multipliers"])])


def negative(value: int) -> int:
    return -value


def more(value: int) -> int:
    return value + 1


def far(value: int) -> int:
    return 3 * value - 1000


def nothing(value: int) -> int:
    return 0


def entry(how: Callable[[int], int]) -> Callable[[dict, np.random.Generator], bool]:
    return lambda d, rng: change(rng, numbers_of(d), how)


def weight(how: Callable[[int], int]) -> Callable[[dict, np.random.Generator], bool]:
    return lambda d, rng: change(rng, spots([d[name] for name in "AWVch"]), how)


def state(how: Callable[[int], int]) -> Callable[[dict, np.random.Generator], bool]:
    return lambda d, rng: change(rng, spots([s["state"] for s in d["solutions"]]), how)


def direction(d: dict, rng: np.random.Generator) -> bool:
    return change(rng, spots([s["directions"] for s in d["solutions"]]), more)


def form(how: Callable[[int], int]) -> Callable[[dict, np.random.Generator], bool]:
    return lambda d, rng: change(rng, spots([step[2:] for step in evidence(d, "unique")]), how)


def denominator(d: dict, rng: np.random.Generator) -> bool:
    if not d["solutions"]:
        return False
    solution = d["solutions"][rng.integers(len(d["solutions"]))]
    solution["denominator"] = int(number(solution["denominator"])) + 1
    return True


def flipped(text: str, at: int) -> str:
    return text[:at] + "10"[int(text[at])] + text[at + 1 :]


def bitcode(d: dict, rng: np.random.Generator) -> bool:
    if not d["solutions"] or not d["base"]:
        return False
    solution = d["solutions"][rng.integers(len(d["solutions"]))]
    solution["bits"] = flipped(solution["bits"], rng.integers(len(d["base"])))
    return True


def base(d: dict, rng: np.random.Generator) -> bool:
    if not d["base"]:
        return False
    d["base"] = flipped(d["base"], rng.integers(len(d["base"])))
    return True


def scale(d: dict, rng: np.random.Generator) -> bool:
    d["scale"] += 1
    return True


def period_dropped(d: dict, rng: np.random.Generator) -> bool:
    if len(d["periods"]) < 2:
        return False
    d["periods"].pop(0)
    return True


def periods_exchanged(d: dict, rng: np.random.Generator) -> bool:
    if len(d["periods"]) < 2:
        return False
    d["periods"][:2] = reversed(d["periods"][:2])
    return True


def input_moved(d: dict, rng: np.random.Generator) -> bool:
    before = copy.deepcopy(d["network"]["h"])
    d["network"]["h"].append(d["network"]["h"].pop(0))
    return d["network"]["h"] != before


def input_prolonged(d: dict, rng: np.random.Generator) -> bool:
    for name in "ch":
        d["network"][name] *= 2
    return True


def solution_dropped(d: dict, rng: np.random.Generator) -> bool:
    return bool(d["solutions"]) and bool(d["solutions"].pop(rng.integers(len(d["solutions"]))))


def solution_doubled(d: dict, rng: np.random.Generator) -> bool:
    if not d["solutions"]:
        return False
    d["solutions"].append(copy.deepcopy(d["solutions"][rng.integers(len(d["solutions"]))]))
    return True


def multipliers_dropped(d: dict, rng: np.random.Generator) -> bool:
    having = [solution for solution in d["solutions"] if any(solution["multipliers"])]
    if having:
        having[0]["multipliers"] = [0] * len(having[0]["multipliers"])
    return bool(having)


def step_dropped(d: dict, rng: np.random.Generator) -> bool:
    d["proof"].pop(rng.integers(len(d["proof"])))
    return True


def step_doubled(d: dict, rng: np.random.Generator) -> bool:
    at = rng.integers(len(d["proof"]))
    d["proof"].insert(at, copy.deepcopy(d["proof"][at]))
    return True


def steps_exchanged(d: dict, rng: np.random.Generator) -> bool:
    if len(d["proof"]) < 2:
        return False
    a, b = rng.choice(len(d["proof"]), 2, replace=False)
    d["proof"][a], d["proof"][b] = d["proof"][b], d["proof"][a]
    return d["proof"][a] != d["proof"][b]


def leaf_replaced(d: dict, rng: np.random.Generator) -> bool:
    leaves = [at for at, step in enumerate(d["proof"]) if isinstance(step, list)]
    a, b = rng.choice(leaves, 2)
    changed = d["proof"][a] != d["proof"][b]
    d["proof"][a] = copy.deepcopy(d["proof"][b])
    return changed


def end_of(proof: list, at: int) -> int:
    """Where the part of a proof ends that begins at a place."""
    left = 1
    while left:
        step = proof[at]
        left += 1 if isinstance(step, int) else (0 if step[0] == "force" else -1)
        at += 1
    return at


def children_swapped(d: dict, rng: np.random.Generator) -> bool:
    branches = [at for at, step in enumerate(d["proof"]) if isinstance(step, int)]
    if not branches:
        return False
    at = branches[rng.integers(len(branches))]
    middle = end_of(d["proof"], at + 1)
    end = end_of(d["proof"], middle)
    first, second = d["proof"][at + 1 : middle], d["proof"][middle:end]
    d["proof"][at + 1 : end] = second + first
    return first != second


def another_unit(d: dict, rng: np.random.Generator) -> bool:
    branches = [at for at, step in enumerate(d["proof"]) if isinstance(step, int)]
    if not branches or len(d["base"]) < 2:
        return False
    at = branches[rng.integers(len(branches))]
    d["proof"][at] = (d["proof"][at] + int(rng.integers(1, len(d["base"])))) % len(d["base"])
    return True


def another_solution(d: dict, rng: np.random.Generator) -> bool:
    steps = evidence(d, "solution", "unique")
    if not steps or len(d["solutions"]) < 2:
        return False
    step = steps[rng.integers(len(steps))]
    step[1] = (step[1] + int(rng.integers(1, len(d["solutions"])))) % len(d["solutions"])
    return True


def another_turn(d: dict, rng: np.random.Generator) -> bool:
    steps = [step for step in evidence(d, "solution") if not step[2]]
    if not steps:
        return False
    steps[rng.integers(len(steps))][2] = int(rng.integers(1, 3))
    return True


# Of the network, of the part of one period, and of all of a certificate.
NETWORK: dict[str, Callable[[dict, np.random.Generator], bool]] = {
    "sign of a weight": weight(negative),
    "weight, by one": weight(more),
    "scale": scale,
}
PART: dict[str, Callable[[dict, np.random.Generator], bool]] = {
    "sign of a multiplier": entry(negative),
    "multiplier": entry(far),
    "multiplier, by one": entry(more),
    "multiplier gone": entry(nothing),
    "state moved": state(more),
    "sign of a state": state(negative),
    "denominator": denominator,
    "direction": direction,
    "form": form(far),
    "sign in a form": form(negative),
    "bitcode": bitcode,
    "base": base,
    "solution dropped": solution_dropped,
    "solution doubled": solution_doubled,
    "multipliers dropped": multipliers_dropped,
    "step dropped": step_dropped,
    "step doubled": step_doubled,
    "steps exchanged": steps_exchanged,
    "leaf replaced": leaf_replaced,
    "children swapped": children_swapped,
    "another unit": another_unit,
    "another solution": another_solution,
    "another turn": another_turn,
}
WHOLE: dict[str, Callable[[dict, np.random.Generator], bool]] = {
    "period dropped": period_dropped,
    "periods exchanged": periods_exchanged,
    "input moved": input_moved,
    "input prolonged": input_prolonged,
}


def changed(document: dict, rng: np.random.Generator) -> Iterator[tuple[str, dict]]:
    """The certificate with one thing changed, one after the other."""
    for kinds in (NETWORK, PART, WHOLE):
        for kind, apply in kinds.items():
            mutant = copy.deepcopy(document)
            part = mutant["periods"][rng.integers(len(mutant["periods"]))]
            if apply(mutant["network"] if kinds is NETWORK else part if kinds is PART else mutant, rng):
                yield kind, mutant


def mutants(documents: Iterator[tuple[Any, dict]]) -> tuple[Counter, Counter]:
    """How many mutants of each kind were wrong and refused, and how many were right and accepted."""
    wrong, right = Counter(), Counter()
    for at, (_, document) in enumerate(documents):
        assert accepts(document) and is_right(document)
        for kind, mutant in changed(document, np.random.default_rng(at)):
            verdict = is_right(mutant)
            assert accepts(mutant) == verdict, (at, kind, verdict)
            (right if verdict else wrong)[kind] += 1
    return wrong, right


def test_mutants(tmp_path: Path) -> None:
    wrong, right = mutants(certificates(range(40), tmp_path / "net.cert.json.gz"))
    assert wrong.total() > 250 and right.total() > 20


def test_mutants_of_cycles(tmp_path: Path) -> None:
    wrong, right = mutants(certificates_of_cycles(range(10), tmp_path / "net.cert.json.gz"))
    assert wrong.total() > 40 and right.total() > 2


@pytest.mark.slow
def test_thousands_of_mutants(tmp_path: Path, tried: Callable[[str, int], None]) -> None:
    wrong, right = mutants(certificates(range(100, 900), tmp_path / "net.cert.json.gz"))
    tried("certificates", wrong.total())
    assert wrong.total() >= 5000
    # No kind of change is harmless throughout, and structural ones never are.
    assert min(wrong[kind] for kind in {**NETWORK, **PART} if kind != "another turn") > 0
    assert not right.keys() & {"bitcode", "solution dropped", "solution doubled", "step dropped", "step doubled"}


@pytest.mark.slow
def test_many_mutants_of_cycles(tmp_path: Path, tried: Callable[[str, int], None]) -> None:
    wrong, right = mutants(certificates_of_cycles(range(100, 300), tmp_path / "net.cert.json.gz"))
    tried("certificates", wrong.total())
    assert wrong.total() >= 1000
    assert min(wrong[kind] for kind in {**NETWORK, **PART, **WHOLE}) > 0
    assert not right.keys() & {"bitcode", "solution dropped", "solution doubled", "step dropped", "step doubled"}


def test_another_weight_is_another_network(tmp_path: Path) -> None:
    path = tmp_path / "net.cert.json.gz"
    refused = 0
    for map, document in certificates(range(30), path):
        rng = np.random.default_rng(0)
        if not weight(more)(document["network"], rng):
            continue
        path.write_bytes(gzip.compress(json.dumps(document).encode()))
        with pytest.raises(CertificateError):
            verify_certificate(map, path)
        refused += 1
    assert refused > 10
