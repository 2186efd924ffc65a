"""docs/numerics.md names every small constant of the package, with its value."""

import ast
import importlib
import re
from pathlib import Path

import numpy as np

import plrnn_analysis
from plrnn_analysis.numerics import gamma

PACKAGE = Path(plrnn_analysis.__file__).parent
PAGE = PACKAGE.parent / "docs" / "numerics.md"
CONSTANT = re.compile(r"_?[A-Z][A-Z_0-9]*")


def is_small(value):
    """What is nearly zero, or nearly one."""
    return isinstance(value, float) and (0.0 < abs(value) <= 1e-2 or 0.0 < abs(1.0 - value) <= 1e-2)


def small_constants():
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        if name.startswith("plotting"):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign):
                targets = [n.id for n in ast.walk(node.targets[0]) if isinstance(n, ast.Name)]
                module = importlib.import_module(f"plrnn_analysis.{name}")
                for target in targets:
                    if CONSTANT.fullmatch(target) and is_small(getattr(module, target)):
                        found[f"{name}.{target}"] = getattr(module, target)
    return found


def test_the_page_lists_every_small_constant_with_its_value():
    rows = re.findall(r"^\| `([\w.]+)` \| (\S+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name: float(value) for name, value, _ in rows} == small_constants()
    assert all(len(meaning) > 10 for _, _, meaning in rows)


def test_gamma_bounds_sums_of_products_in_any_order():
    rng = np.random.default_rng(0)
    for n in (1, 3, 30, 300):
        a, b = rng.normal(size=(2, 50, n)) * 2.0 ** rng.integers(-20, 20, (2, 50, n))
        exact = np.array([float(sum(int(x * 2**80) * int(y * 2**80) for x, y in zip(p, q))) for p, q in zip(a, b)])
        size = np.sum(np.abs(a * b), axis=1)
        for order in (np.arange(n), np.arange(n)[::-1], rng.permutation(n)):
            assert np.all(
                np.abs(np.einsum("ij,ij->i", a[:, order], b[:, order]) * 2.0**160 - exact) <= 2.0**160 * gamma(n) * size
            )
