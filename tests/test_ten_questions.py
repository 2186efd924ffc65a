"""Ten questions that readers come with: each is answered within two clicks of the first page."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
#: Question: page, heading of the section there, and what of the answer must stand in that section.
ANSWERS = {
    "Are these all the fixed points?": (
        "theory",
        "What `complete=True` means",
        "no fixed point and no continuum other than",
    ),
    "Where do trajectories end?": ("howto/attractors", "Attractors", r"`model\.attractors\(\)` follows initial states"),
    "How does it remember?": (
        "howto/modes",
        "How long is the memory, really?",
        r"\.slow_manifolds\(run\)",
    ),
    "Which ReLUs are needed?": ("howto/reduce", "Find out which ReLUs a network needs", r"model\.reduce\("),
    "What does this input do?": (
        "howto/input-diagrams",
        "See what an input does to the fixed points",
        r"input_diagram\(",
    ),
    "What changes along a parameter?": ("howto/bifurcations", "One parameter", r"model\.bifurcations\("),
    "Do two networks do the same?": ("howto/comparison", "Compare two networks", r"`compare` decides"),
    "How does the transition graph get into Gephi?": ("howto/graphs", "Open it", r'flavour="gephi"'),
    "How do I load my own network?": ("howto/checkpoints", "What is recognised", r"torch\.nn\.RNN"),
    "How do I fit my own data?": ("howto/fit", "What data may be", r"`\.csv`"),
    'What does "undecided" mean?': ("faq", 'What does "undecided" mean?', "neither proved nor refuted"),
}
TOCTREE = re.compile(r"^```\{toctree\}.*?^```", re.MULTILINE | re.DOTALL)
LINKS = (
    re.compile(r"\]\(([^)#:\s]+?)(?:\.md)?(?:#[^)]*)?\)"),
    re.compile(r"\{(?:doc|download)\}`(?:[^`<]*<)?([^`>]+)>?`"),
    re.compile(r"^:link: (\S+)", re.MULTILINE),
)
LABEL = re.compile(r"^\(([\w-]+)\)=", re.MULTILINE)
REFERENCE = re.compile(r"\{ref\}`(?:[^`<]*<)?([^`>]+)>?`")


def text_of(page: str) -> str:
    path = DOCS / f"{page}.md"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def clicks(page: str) -> set[str]:
    """Pages that a page links to in its text; what every page has in its margin does not count."""
    text = TOCTREE.sub("", text_of(page))
    found = {target for pattern in LINKS for target in pattern.findall(text)}
    pages = {_resolved(page, target) for target in found}
    return {target for target in pages if (DOCS / f"{target}.md").exists()} | _labelled(text)


def _resolved(page: str, target: str) -> str:
    parts: list[str] = []
    for part in (PurePosixPath(page).parent / target).parts:
        if part == ".." and parts:
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def _labelled(text: str) -> set[str]:
    wanted = set(REFERENCE.findall(text))
    pages = [str(p.relative_to(DOCS).with_suffix("")) for p in DOCS.rglob("*.md") if "_build" not in p.parts]
    return {page for page in pages if wanted & set(LABEL.findall(text_of(page)))}


def section(page: str, heading: str) -> str:
    """From the heading to the next of its level or above."""
    match = re.search(rf"^(#+) {re.escape(heading)}$", text_of(page), re.MULTILINE)
    assert match, (page, heading)
    rest = text_of(page)[match.end() :]
    after = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.MULTILINE)
    return rest[: after.start()] if after else rest


@pytest.mark.parametrize("question", ANSWERS)
def test_two_clicks(question: str) -> None:
    page, heading, answer = ANSWERS[question]
    once = clicks("index")
    assert len(once) >= 6
    twice = once.union(*(clicks(first) for first in sorted(once)))
    assert page in twice, f"{page} is more than two clicks away"
    found = section(page, heading)
    assert re.search(answer, found)
    # An answer is not an empty room: some sentences, not only code.
    assert len(re.sub(r"```.*?```", "", found, flags=re.DOTALL).split()) > 30


def test_more_than_two_clicks_would_be_seen() -> None:
    once = clicks("index")
    assert not {"changelog", "style"} & once.union(*map(clicks, once))
