"""Examples of the documentation, run and compared with what the page prints; needs nothing but the package."""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Callable
from pathlib import Path

FENCE = re.compile(r"^([ ]*)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
# Minutes of training, or an installation: `make` runs these, see .ci/run.
NOT_HERE = (
    "plrnn demo", "plrnn fit", "plrnn sparsify", "plrnn sweep", "plrnn train", "plrnn reproduce", "plrnn linear-limit",
    "make ", "pip ", "python3 ", ".venv/", "docker ",
)  # fmt: skip
# Written by the examples of the quickstart, which other pages go on with.
CHOICE = {"A": [0.5, 0.5], "W": [[0, -1], [-1, 0]], "h": [1, 1], "C": [[1, 0], [0, 1]], "pwl_units": 2}

Plrnn = Callable[[list[str]], tuple[int, str]]


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of every fenced block."""
    found = []
    for indent, language, body in FENCE.findall(page.read_text(encoding="utf-8")):
        found.append((language, re.sub(rf"^{indent}", "", body, flags=re.MULTILINE)))
    return found


def run_examples(page: Path, plrnn: Plrnn) -> None:
    """Run a page's examples in the current directory; `plrnn` takes arguments and returns exit code and output."""
    import plrnn_analysis as pa

    found = [block for block in blocks(page) if block[0] in ("pycon", "console")]
    if page.name not in ("README.md", "quickstart.md") and found:
        pa.save(pa.PLRNN.al_rnn(**CHOICE), "choice.safetensors")
    names: dict[str, object] = {}
    for language, body in found:
        if language == "pycon":
            run_python(body, names, page)
        else:
            run_console(body, plrnn)


def run_python(body: str, names: dict[str, object], page: Path) -> None:
    test = doctest.DocTestParser().get_doctest(body, names, page.name, str(page), 0)
    report: list[str] = []
    failed = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append, clear_globs=False).failed
    names.update(test.globs)
    assert not failed, "".join(report)


def run_console(body: str, plrnn: Plrnn) -> None:
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        if command.startswith(NOT_HERE):
            continue
        words = shlex.split(command, comments=True)
        assert words[0] == "plrnn", command
        code, output = plrnn(words[1:])
        assert code == 0, output
        # Rules under table heads are as long as the widest row.
        wanted, got = (re.sub("─+", "─", text) for text in (expected, output))
        assert doctest.OutputChecker().check_output(wanted, got, FLAGS), (
            f"$ {command}\nexpected\n{expected}\ngot\n{output}"
        )
