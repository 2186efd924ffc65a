"""Sentences that users meet: the rules of docs/style.md that a pattern can decide."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = [ROOT / "plrnn_analysis", ROOT / "training" / "plrnn_training"]
#: The page of rules names what is not to be written.
RULES = ROOT / "docs" / "style.md"

THING = (
    "step|trial|turn|second|minute|transition|pivot|unit|node|worker|model|basis|row|network|channel|condition|seed|"
    "symbol|iteration|task|call|point|line|file|panel|bin|column|dot|epoch|period|class|generator"
)
COUNTED = "nats|bits|steps|trials|turns|seconds|ms|nodes|digits|times|rows?|dots?|columns?|entry|one|once|twice"
THINGS = "fixed points|points|steps|trials|subregions|units|networks|cycles|ReLUs|seeds|nodes|states"
#: For each rule: the pattern that breaks it, and a sentence that does.
PATTERNS = {
    "number agreement, not (s)": (re.compile(r"(?<!y_i)(?<!_)[a-z]{2,}\(e?s\)(?!\w)"), "2 trial(s)"),
    '"per", not "a step"': (
        re.compile(rf"((?<![A-Z] = )(?<![A-Z] = \d)\b\d+|\b({COUNTED}))\s+an?\s+({THING})\b(?! (becomes|costs|takes))"),
        "0.01 nats a step",
    ),
    '"about 20 nodes", not "so many nodes"': (re.compile(r"\bso many\b", re.IGNORECASE), "after so many nodes"),
    '"about twenty", not "some twenty"': (
        re.compile(r"\bsome (\d+|ten|twelve|twenty|thirty|forty|fifty|hundreds?|thousand) "),
        "some twenty ReLUs",
    ),
    "1 is singular": (re.compile(rf"(?<![\d.,^-])\b1 ({THINGS})\b"), "1 fixed points"),
    "British spelling": (
        re.compile(
            r"\b(behaviors?|neighbors?|neighboring|colored|favor\w*|(initial|normal|optim|standard|general|real|discret)"
            r"iz\w+)\b"
        ),
        "its behavior",
    ),
    "no filler": (re.compile(r"\b(simply|obviously|of course)\b", re.IGNORECASE), "simply load it"),
    "the terms": (
        re.compile(r"\b(equilibri(um|a)|orthants?|itinerar\w+|Floquet|state machines?|automat(on|a))\b", re.IGNORECASE),
        "a stable equilibrium",
    ),
}

FENCE = re.compile(r"^[ ]*```\{?(\w|-)*\}?.*?^[ ]*```[ ]*$", re.MULTILINE | re.DOTALL)
PROSE_FENCE = re.compile(r"^[ ]*```\{(glossary|note|admonition|figure)")
CODE = re.compile(r"``.+?``|`[^`\n]+`|\$\$.+?\$\$|\$[^$\n]+\$|<!--.*?-->|\]\([^)]*\)|<https?://\S+>", re.DOTALL)
DOCTEST = re.compile(r"^\s*(>>>|\.\.\.) .*(\n(?!\s*\n).*)*", re.MULTILINE)


def prose(text: str) -> str:
    """What is left when code, formulas and addresses are taken out, on the same lines."""

    def blank(match: re.Match[str]) -> str:
        whole = match.group(0)
        return whole if PROSE_FENCE.match(whole) else re.sub(r"[^\n]+", " ", whole)

    return CODE.sub(blank, DOCTEST.sub(blank, FENCE.sub(blank, text)))


def pages() -> Iterator[tuple[str, str]]:
    docs = [p for p in sorted((ROOT / "docs").rglob("*.md")) if not {"_generated", "_build"} & set(p.parts)]
    for path in [ROOT / "README.md", *docs]:
        if path != RULES:
            yield str(path.relative_to(ROOT)), prose(path.read_text(encoding="utf-8"))
    for path in sorted([*(ROOT / "docs" / "tutorials").glob("*.py"), *(ROOT / "docs" / "examples").glob("*.py")]):
        source = path.read_text(encoding="utf-8")
        comments = "\n".join(line[2:] for line in source.splitlines() if line.startswith("# "))
        yield str(path.relative_to(ROOT)), prose(f"{ast.get_docstring(ast.parse(source))}\n{comments}")


def in_code(path: Path) -> Iterator[tuple[str, str]]:
    """Docstrings of what is public, and texts of more than a word: messages, captions, help."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    place = path.relative_to(ROOT)
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            text = ast.get_docstring(node)
            if text:
                assert isinstance(node.body[0], ast.Expr)
                inside.add(id(node.body[0].value))
                if not getattr(node, "name", "").startswith("_"):
                    yield f"{place}:{node.body[0].lineno}", prose(text)
        elif isinstance(node, ast.JoinedStr):
            inside.update(id(part) for part in node.values)
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "9" for part in node.values)
            yield f"{place}:{node.lineno}", text
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in inside and node.value.count(" ") > 1:
                yield f"{place}:{node.lineno}", node.value


@cache
def sentences() -> list[tuple[str, str]]:
    files = [path for package in PACKAGES for path in sorted(package.rglob("*.py"))]
    # Words by which checkpoints of others are recognised are theirs.
    files = [path for path in files if path.name not in ("said_activation.py", "said_step.py")]
    return [*pages(), *(found for path in files for found in in_code(path))]


@pytest.mark.parametrize("rule", PATTERNS)
def test_sentences(rule: str) -> None:
    pattern, broken = PATTERNS[rule]
    assert pattern.search(broken)
    found = []
    for place, text in sentences():
        for match in pattern.finditer(text):
            line = text[text.rfind("\n", 0, match.start()) + 1 :].split("\n", 1)[0].strip()
            found.append(f"{place}: {line}")
    assert not found, "\n" + "\n".join(found)
