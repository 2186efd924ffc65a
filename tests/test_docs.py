"""Every example in README.md and docs/ is run, in a directory of its own, and its output compared."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from page_examples import blocks, run_examples
from typer.testing import CliRunner

from plrnn_analysis.cli import app

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if "_generated" not in page.parts]
# A page about a file of the reader's own names it and the variable that says where it is.
NEEDS = re.compile(r"<!-- examples need: (\S+) from (\w+) -->")


def plrnn(arguments: list[str]) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    needed = NEEDS.match(page.read_text(encoding="utf-8"))
    if needed:
        file, variable = needed.groups()
        if not os.environ.get(variable):
            pytest.skip(f"{variable} does not say where {file} is")
        shutil.copy(os.environ[variable], tmp_path / file)
    if page == PAGES[0]:
        # It is read in the repository, and names files there.
        (tmp_path / "docs").symlink_to(ROOT / "docs")
    run_examples(page, plrnn)


def test_no_example_escapes() -> None:
    """A prompt outside the two kinds of fence would never be run."""
    for page in PAGES:
        for language, body in blocks(page):
            if language not in ("pycon", "console"):
                assert ">>> " not in body and "$ plrnn" not in body, (page, body)


def test_readme_and_quickstart_print_what_make_runs() -> None:
    files = ("README.md", "docs/quickstart.md", "Makefile", ".ci/run")
    readme, quickstart, makefile, ci = ((ROOT / name).read_text(encoding="utf-8") for name in files)
    for command in (
        '-m pip install -c constraints.txt -e ".[train,dev]"',
        "plrnn demo --out demo-out",
        "pytest tests plrnn_analysis training/plrnn_training --doctest-modules",
    ):
        assert command in quickstart and command in makefile
    assert "pytest tests plrnn_analysis training/plrnn_training --doctest-modules" in readme
    commands = re.findall(r"^\$ (.*)$", readme, re.MULTILINE)
    assert [command.split()[:2] for command in commands] == [["make", "demo"], ["make", "test"]]
    for target in re.findall(r"[`$] ?make ([a-z-]+)", readme):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE) and re.search(
            rf"^make {target}\b", ci, re.MULTILINE
        ), target


def test_readme_fits_on_a_screen_and_points_at_what_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 72
    for target in re.findall(r"\]\(([^)#]+)\)", readme):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_readme_cites_as_the_citation_file_does() -> None:
    cff = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    entry = "\n".join(body for language, body in blocks(ROOT / "README.md") if language == "bibtex")
    plain = re.sub(r"[{}]", "", entry)
    for value in re.findall(
        r'^ *(?:- )?(?:title|version|journal|year|value|name): "?([^"\n]+?)"?$',
        cff.split("  - type: conf")[0],
        re.MULTILINE,
    ):
        assert value in plain, value
    assert "Brenner, Manuel and Koppe, Georgia" in plain


def test_the_table_of_finders_is_one_table() -> None:
    """README shows what the page on other finders shows, and the counts of the networks in docs/networks."""
    import plrnn_analysis as pa

    def rows(name: str) -> list[str]:
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("| found, seconds |"))
        return lines[start : start + 6]

    table = rows("README.md")
    assert table == rows("docs/coming-from/index.md")
    for row, name in zip(table[2:4], ("flipflop32", "lorenz")):
        model = pa.load(ROOT / "docs" / "networks" / f"{name}.safetensors")
        found = model.fixed_points()
        assert found.complete and f"{model.map.n_relu} ReLUs" in row and f" all {len(found)}, " in row.split("|")[-2]


def test_examples_that_are_not_run_here_are_python() -> None:
    """Blocks for frameworks that are not installed are at least no nonsense."""
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for block in re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            compile(block, str(page), "exec")
