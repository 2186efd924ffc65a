"""Import the public modules of some packages, each before all others of them, then everything; warnings are errors.

Usage: python -I -W error tests/check_imports.py PACKAGE... Prints how many modules there are; those that need a package
that is not installed, such as PyTorch, are counted apart.
"""

from __future__ import annotations

import importlib.util
import os
import pkgutil
import sys
import traceback
from collections.abc import Iterator

# Loaded once for all: what takes time is not ours.
COMMON = ("numpy", "numba", "scipy.linalg", "networkx", "matplotlib.figure", "flint", "typer", "torch")


def is_there(name: str, packages: list[str]) -> bool:
    """Import it; False if it needs something that is not installed."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in packages:
            raise
        return False
    return True


def succeeds_first(name: str, packages: list[str]) -> bool:
    """Whether the module can be imported by a process that has imported nothing else of ours."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    try:
        is_there(name, packages)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    os._exit(1)


def names_below(folder: str, package: str) -> Iterator[str]:
    """All modules of a package, by its files: none of them is imported."""
    yield package
    for module in pkgutil.iter_modules([folder]):
        name = f"{package}.{module.name}"
        if module.ispkg:
            yield from names_below(os.path.join(folder, module.name), name)
        else:
            yield name


def main(packages: list[str]) -> None:
    for name in COMMON:
        is_there(name, packages)
    names = []
    for package in packages:
        (folder,) = importlib.util.find_spec(package).submodule_search_locations
        names += names_below(folder, package)
    # Running `python -m` is what __main__ is for.
    names = [name for name in names if not name.endswith(".__main__")]
    public = [name for name in names if name.count(".") <= 1 and "._" not in name]
    failed = [name for name in public if not succeeds_first(name, packages)]
    assert not failed, failed
    more = [name for name in names if not is_there(name, packages)]
    print(f"{len(public)} public modules imported, each first; {len(names)} modules, of which {len(more)} need more")


if __name__ == "__main__":
    main(sys.argv[1:])
