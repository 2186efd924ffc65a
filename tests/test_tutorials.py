"""The tutorials, run as the notebooks that they are, and what they say of their results."""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest

TUTORIALS = Path(__file__).resolve().parent.parent / "docs" / "tutorials"

# Run in the notebook's own names after its last cell.
CHECKS = {
    "own_torch_rnn": """
assert found.complete and len(found) % 2 == 1
memories = {tuple(point.output.round().astype(int).tolist()) for point in found if "stable" == point.stability[:6]}
assert memories == {(-1, -1), (-1, 1), (1, -1), (1, 1)}
assert sum(point.stability == "saddle" for point in found) >= 3
""",
    "own_time_series": """
assert fitted.best.d_stsp < 0.25 * min(baseline.agreement.d_stsp for baseline in fitted.baselines)
assert found.complete
for centre in ((-side, -side, 27.0), (side, side, 27.0)):
    assert min(np.linalg.norm(point.output - centre) for point in found) < 3.0
""",
    "from_other_finders": """
assert exact.complete and not scyfi.complete and stable.sum() == 8
assert len(scyfi) <= len(exact) and 8 <= len(gradient) <= len(exact)
""",
}


def test_every_tutorial_is_checked() -> None:
    assert {path.stem for path in TUTORIALS.glob("*.py")} == CHECKS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
# What Jupyter's own libraries warn of is not ours to mend.
@pytest.mark.filterwarnings("ignore")
def test_the_notebook_runs(name: str, tmp_path: Path) -> None:
    import jupytext
    import nbformat
    from ipykernel.kernelspec import KERNEL_NAME
    from nbclient import NotebookClient

    notebook = jupytext.read(TUTORIALS / f"{name}.py", fmt="py:percent")
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds[0] == "markdown" and kinds.count("code") >= 3
    notebook.cells.append(nbformat.v4.new_code_cell(CHECKS[name]))
    NotebookClient(
        notebook, timeout=300, kernel_name=KERNEL_NAME, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()


@pytest.mark.parametrize("name", CHECKS)
def test_it_needs_what_a_reader_has_installed(name: str) -> None:
    """Training and the analysis, `pip install ".[train]"`; no package for developers, no helper of the tests."""
    tree = ast.parse((TUTORIALS / f"{name}.py").read_text(encoding="utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    found |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    project = tomllib.loads((TUTORIALS.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = project["dependencies"] + project["optional-dependencies"]["train"]
    names = {re.split(r"[>=\[]", requirement)[0] for requirement in installed} | {"plrnn_analysis", "plrnn_training"}
    assert {module.split(".")[0] for module in found} <= names | sys.stdlib_module_names


def code_lines(path: Path) -> int:
    """Lines that hold code: neither blank nor comments, the text of the page left out."""
    source = path.read_text(encoding="utf-8")
    page = ast.parse(source).body[0]
    skip = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {line for t in tokens if t.type not in skip for line in range(t.start[0], t.end[0] + 1)}
    return len(lines - set(range(page.lineno, (page.end_lineno or page.lineno) + 1)))


def test_a_network_of_your_own_takes_25_lines() -> None:
    """From the first import to the figure, training included."""
    assert code_lines(TUTORIALS / "own_torch_rnn.py") <= 25
