"""The group of all commands: their help, which fits the terminal, and their errors, in a line."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import typer
from typer.core import TyperGroup

from ._files import NO_ROOM, error_text
from ._wording import printable
from .errors import PLRNNError
from .interruption import INTERRUPTED, Termination
from .wrapping import line_width, wrapped, wrapped_command

__all__ = ["TRAINING_HINT", "TRAINING_PACKAGES", "CommandGroup", "CommandList"]

TRAINING_HINT = 'this command trains networks and needs PyTorch: pip install "plrnn-analysis[train]"'
# What the extra "train" installs; any of them may be the first that is missed.
TRAINING_PACKAGES = ("torch", "filelock")

# Help is no wider than this, and no narrower.
WIDEST, NARROWEST = 80, 24
EXAMPLE = "Example: "
# What stands for a value, by its type in Python.
_VALUES = {"int": "N", "int range": "N", "float": "X", "float range": "X", "str": "TEXT", "path": "FILE"}
_TYPE = re.compile(r" <([^<>]+)>$")
# What typer and click raise for options that cannot be read; which of the two it comes from depends on their versions.
_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]


class CommandList(TyperGroup):
    """A group whose help gives the first sentence of each command, whole."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands."""
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                first = " ".join((command.help or "").partition("\n\n")[0].split())
                rows.append((name, re.split(r"(?<=\.) ", first)[0]))
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


class CommandGroup(CommandList):
    """Turns the package's errors, of any subcommand, into one line and an exit code."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        _fit(self)

    def make_context(self, *args: Any, **options: Any) -> Any:
        """Read the arguments of the group itself."""
        with Termination() as termination, _errors_in_a_line(termination):
            return super().make_context(*args, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        with Termination() as termination, _errors_in_a_line(termination):
            try:
                return super().invoke(ctx)
            finally:
                # Or else a full disk would be noticed when Python has left.
                if sys.stdout is not None:
                    sys.stdout.flush()


@contextmanager
def _errors_in_a_line(termination: Termination) -> Iterator[None]:
    """Errors end the program with a line and an exit code."""
    try:
        yield
        return
    except _USAGE_ERROR as error:
        raise _in_lines(error) from None
    except typer.Exit as end:
        # Commands say that they were interrupted; by what, they do not know.
        raise typer.Exit(termination.exit_code) if end.exit_code == INTERRUPTED else end from None
    except PLRNNError as error:
        message, code = str(error), 2
    except KeyboardInterrupt:
        message, code = termination.notice, termination.exit_code
    except MemoryError:
        message, code = "there is not enough memory for this: ask for fewer steps, trajectories or trials", 2
    except BrokenPipeError:
        raise
    except OSError as error:
        message, code = _of_the_system(error), 2
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in TRAINING_PACKAGES:
            raise
        message, code = TRAINING_HINT, 1
    _say(printable(" ".join(message.split())))
    raise typer.Exit(code)


def _of_the_system(error: OSError) -> str:
    if error.filename or error.errno not in NO_ROOM:
        return error_text(error)
    # Every other file has a name. Whatever waits to be written would be tried again when Python leaves.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return f"the output cannot be written ({error.strerror}); make room, or send it somewhere else"


def _say(message: str) -> None:
    """One line on standard error, or as many as a terminal needs for it."""
    width = line_width()
    text = f"plrnn: {message}"
    typer.echo(text if width is None else wrapped(text, width, break_long=False), err=True)


def _in_lines(error: Any) -> Any:
    """The error, whose message fits the terminal."""
    width, beginning = line_width(), "Error: "
    if width is not None:
        text = wrapped(beginning + error.format_message(), width, break_long=False).removeprefix(beginning)
        error.format_message = lambda: text
    return error


def _fit(command: Any) -> None:
    """Let the help of a command, and of those below it, fit the terminal."""
    contexts: Any = command.context_class
    formatters: Any = contexts.formatter_class
    if not issubclass(formatters, _Fitting):
        own = type("HelpFormatter", (_Fitting, formatters), {})
        command.context_class = type("Context", (contexts,), {"formatter_class": own})
    for below in getattr(command, "commands", {}).values():
        _fit(below)


class _Fitting:
    """What a formatter of help does otherwise: any width, words whole, examples that can be copied."""

    width: int
    current_indent: int

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        columns = shutil.get_terminal_size().columns
        fitting = max(min(columns, max_width or WIDEST) - 2, NARROWEST)
        super().__init__(indent_increment, width or fitting, max_width)  # type: ignore[call-arg]

    def write(self, string: str) -> None:
        """Write to the page."""
        super().write(string)  # type: ignore[misc]

    def write_text(self, text: str) -> None:
        """Paragraphs; those that begin with "Example:" are commands."""
        room, indent = self.width - self.current_indent, " " * self.current_indent
        shown = []
        for paragraph in re.split(r"\n\s*\n", text.strip()):
            line = " ".join(paragraph.split())
            fold = wrapped_command if line.startswith(EXAMPLE) else wrapped
            shown.append("\n".join(indent + part for part in fold(line, room).split("\n")))
        self.write("\n\n".join(shown) + "\n")

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Options or commands, and beside or below each what it is."""
        room = self.width - self.current_indent
        rows = [(_named(name), text) for name, text in rows]
        first = min(max(len(name) for name, _ in rows), col_max, room // 3) + col_spacing
        for name, text in rows:
            lines = wrapped(" ".join(text.split()), room - first).split("\n") if text else [""]
            heads = wrapped(name, room, "  ").split("\n")
            if len(heads) > 1 or len(heads[0]) > first - col_spacing:
                beside = [*heads, *(" " * first + line for line in lines if line)]
            else:
                beside = [f"{heads[0]:<{first}}{lines[0]}", *(" " * first + line for line in lines[1:])]
            for line in beside:
                self.write(f"{' ' * self.current_indent}{line}".rstrip() + "\n")


def _named(name: str) -> str:
    """An option or argument with the kind of its value in a word; an argument is a word already."""
    found = _TYPE.search(name)
    if found is None:
        return name
    bare = name[: found.start()]
    return f"{bare} {_VALUES.get(found[1], 'TEXT')}" if name.startswith("-") else bare
