"""Help: every command has an example that can be run as it is, and fits a terminal of any width."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from plrnn_analysis import cli
from plrnn_analysis.command_group import EXAMPLE

ROOT = typer.main.get_command(cli.app)


def commands(command: Any = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words that lead to each command, groups included."""
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


def page(path: tuple[str, ...], width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    result = CliRunner().invoke(cli.app, [*path, "--help"], prog_name="plrnn")
    assert result.exit_code == 0, result.output
    return result.stdout


def examples(text: str) -> list[list[str]]:
    """Of a page of help, as a shell reads them."""
    found = []
    for paragraph in text.split("\n\n"):
        line = paragraph.replace("\\\n", " ").strip()
        if line.startswith(EXAMPLE):
            found.append(shlex.split(line.removeprefix(EXAMPLE)))
    return found


def parse(words: list[str]) -> None:
    """Read the arguments of a command as if it were run."""
    command: Any = ROOT
    context = None
    while hasattr(command, "commands"):
        context = command.make_context("plrnn", words, parent=context)
        name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
    command.make_context(name, words, parent=context)


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_has_an_example_that_parses(path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    for width in (80, 40):
        found = examples(page(path, width, monkeypatch))
        assert found, f"plrnn {' '.join(path)} has no example"
        for words in found:
            assert words[0] == "plrnn"
            if words[1:] == ["COMMAND", "--help"]:
                continue
            parse(words[1:])
            assert tuple(words[1 : len(path) + 1]) == path or path == ("train", "trials")


def test_a_wrong_example_would_be_noticed() -> None:
    with pytest.raises(Exception, match="no-such-option"):
        parse(["cycles", "x.npz", "--no-such-option", "1"])
    with pytest.raises(Exception, match="checkpoint"):
        parse(["cycles"])


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_help_fits(path: tuple[str, ...], width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = page(path, width, monkeypatch)
    assert max(map(len, text.splitlines())) <= min(width, 80)
    assert "..." not in text.replace("S1,S2,...", "").replace("I1,I2,...", "").replace("A1,A2,...", "").replace(
        "FIGURE...", ""
    ).replace("[ARGS]...", "").replace("}...", "").replace("2, ...", "")
    # Every word is one of those of the wide page: none was broken.
    whole = set(page(path, 80, monkeypatch).split())
    assert set(text.replace("\\\n", " ").split()) <= whole | {"\\"}


@pytest.mark.parametrize("width", [40, 60])
def test_errors_fit_a_terminal_and_are_a_line_in_a_file(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments in (["cycles"], ["cycles", "x.npz", "--max-period", "1"], ["cycle"], ["cycles", "nowhere.npz"]):
        monkeypatch.setattr("plrnn_analysis.command_group.line_width", lambda: width)
        result = CliRunner().invoke(cli.app, arguments, prog_name="plrnn", env={"COLUMNS": str(width)})
        assert result.exit_code == 2 and max(map(len, result.stderr.splitlines())) <= width
        monkeypatch.undo()
        in_file = CliRunner().invoke(cli.app, arguments, prog_name="plrnn", env={"COLUMNS": "80"})
        assert in_file.stderr.split() == result.stderr.split()
        assert len(in_file.stderr.splitlines()) == (1 if "nowhere.npz" in arguments else 4)
