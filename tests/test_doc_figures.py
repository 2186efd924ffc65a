"""Every how-to page has a figure, which the build draws, with words for those who do not see it and a caption."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
FIGURE = re.compile(r"[`:]{3}\{figure\} (\S+)\n((?::[^\n]*\n)*)\n?(.*?)\n[`:]{3}", re.DOTALL)
PAGES = sorted(page for page in DOCS.rglob("*.md") if not {"_build", "_generated"} & set(page.parts))
HOWTO = [page for page in PAGES if page.parent.name == "howto" and page.stem != "index"]


def drawn() -> set[str]:
    """Names of the files that docs/figures makes."""
    modules = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((DOCS / "figures").glob("*.py"))]
    functions = [node for module in modules for node in module.body if isinstance(node, ast.FunctionDef)]
    # A figure takes nothing and returns what was drawn on.
    figures = [f for f in functions if not f.args.args and f.returns and ast.unparse(f.returns) in ("Axes", "Figure")]
    return {f"{function.name.replace('_', '-')}.png" for function in figures if not function.name.startswith("_")}


@pytest.mark.parametrize("page", HOWTO, ids=lambda page: page.stem)
def test_every_howto_page_has_a_figure(page: Path) -> None:
    assert FIGURE.search(page.read_text(encoding="utf-8"))


def test_figures_have_words_and_are_drawn() -> None:
    used: set[str] = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        used.update(re.findall(r"_generated/figures/([\w-]+\.png)", text))
        for path, options, caption in FIGURE.findall(text):
            assert re.search(r"^:alt: \S.{20,}$", options, re.MULTILINE), (page, path, "what the figure shows")
            assert len(caption.split()) >= 8, (page, path, "a caption that says how to read it")
    assert used <= drawn(), "a page shows a figure that nothing draws"
    assert drawn() - used == set(), "a figure is drawn that no page shows"
