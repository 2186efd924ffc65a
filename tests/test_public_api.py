"""Everything public stands on an API page, and says what it takes and what it returns."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {"plrnn_analysis": ROOT / "plrnn_analysis", "plrnn_training": ROOT / "training" / "plrnn_training"}
# Rooms of the command line: what they export is for cli.py.
COMMAND_LINE = {"plrnn_analysis.commands", "plrnn_analysis.terminal"}


def documented() -> list[tuple[str, str]]:
    """Module and name of everything that the API pages list."""
    module, found = "", []
    pages = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "api").glob("*.md"))]
    for line in "\n".join(pages).splitlines():
        if line.startswith(".. currentmodule:: "):
            module = line.removeprefix(".. currentmodule:: ")
        elif line.startswith(".. autodata:: "):
            found.append(tuple(line.removeprefix(".. autodata:: ").rsplit(".", 1)))
        elif re.fullmatch(r"   \w+", line):
            found.append((module, line.strip()))
    return found


def exported() -> Iterator[tuple[str, str]]:
    """Room and name of everything in the ``__all__`` of a package of ours."""
    for package, root in SOURCES.items():
        for path in sorted(root.rglob("__init__.py")):
            room = ".".join((package, *path.parent.relative_to(root).parts))
            if room not in COMMAND_LINE:
                # The entry of a task is listed by the registry.
                yield from (
                    (room, name)
                    for name in importlib.import_module(room).__dict__.get("__all__", [])
                    if name != "ENTRY"
                )


def section(doc: str, title: str) -> str:
    """A section of a numpydoc docstring, empty where it is missing."""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", doc, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def test_no_two_public_things_share_a_name() -> None:
    names = [name for _, name in documented() if not name.isupper()]
    assert len(names) > 300 and len(set(names)) == len(names)


def test_every_public_name_is_on_an_api_page() -> None:
    """Under its own room, or under that from which another one hands it on."""
    pages = {(name, id(getattr(importlib.import_module(module), name))) for module, name in documented()}
    things = {(room, name): getattr(importlib.import_module(room), name) for room, name in exported()}
    assert [f"{room}.{name}" for (room, name), thing in things.items() if (name, id(thing)) not in pages] == []


def test_what_the_pages_list_exists_and_has_words() -> None:
    for module, name in documented():
        thing = getattr(importlib.import_module(module), name)
        if name.isupper():  # a constant has a comment, which Sphinx reads
            continue
        assert inspect.getdoc(thing), f"{module}.{name}"
        if inspect.isclass(thing):
            silent = [
                key
                for key, value in vars(thing).items()
                if key[0] != "_" and inspect.isroutine(value) and not inspect.getdoc(value)
            ]
            assert not silent, f"{module}.{name}: {silent}"


def test_functions_say_what_they_take_and_return() -> None:
    for module, name in documented():
        function = getattr(importlib.import_module(module), name)
        if not inspect.isfunction(function):
            continue
        doc, signature = inspect.getdoc(function) or "", inspect.signature(function)
        heads = re.findall(r"^(\S.*)$", section(doc, "Parameters"), re.MULTILINE)
        named = {word.strip().lstrip("*") for head in heads for word in head.split(" : ")[0].split(",")}
        assert {word for word in signature.parameters if word[0] != "_"} <= named, f"{module}.{name}"
        if signature.return_annotation not in (None, "None"):
            assert section(doc, "Returns") or section(doc, "Yields"), f"{module}.{name}"
