"""Text in lines of a given width, with no word broken that fits a line."""

from __future__ import annotations

import re
import shutil
import sys

__all__ = ["line_width", "wrapped", "wrapped_command"]

# Signs after which a word that is longer than a line goes on in the next.
_BREAK = re.compile(r"(?<=[/\\_.,;:=-])")


def line_width() -> int | None:
    """Columns of standard error; None where it is a file, whose lines are as long as they are."""
    if not sys.stderr.isatty():
        return None
    return shutil.get_terminal_size().columns


def wrapped_command(text: str, width: int) -> str:
    r"""A command of the shell in lines that can be copied as they are.

    Examples
    --------
    >>> print(wrapped_command("plrnn cycles rnn.safetensors --max-period 6", 24))
    plrnn cycles \
      rnn.safetensors \
      --max-period 6
    """
    return wrapped(text, max(width - 2, 1), "  ", break_long=False).replace("\n", " \\\n")


def wrapped(text: str, width: int, hanging: str = "", *, break_long: bool = True) -> str:
    r"""The text in lines of at most `width` cells, broken between words.

    Parameters
    ----------
    text : str
        Its own line ends stay.
    width : int
    hanging : str, optional
        What the lines that a line is continued in begin with.
    break_long : bool, optional
        False leaves a word that is longer than a line whole, as one wants to copy the name of a file.

    Notes
    -----
    A word that is longer than a line is broken after a slash, a dot or the like, or, without any, where the line ends.

    Examples
    --------
    >>> print(wrapped("9 fixed points in runs/flipflop/net.safetensors", 20))
    9 fixed points in
    runs/flipflop/net.
    safetensors
    """
    width = max(width, 1)
    if _cells(hanging) > width // 2:
        hanging = ""
    return "\n".join(_wrapped_line(line, width, hanging, break_long) for line in text.split("\n"))


def _wrapped_line(text: str, width: int, hanging: str, break_long: bool) -> str:
    lines: list[str] = []
    line, empty = "", True
    for space, word in re.findall(r"([ \t]*)([^ \t]+)", text):
        if empty and not lines and not line:
            # Indentation.
            line = space if _cells(space) < width // 2 else ""
            space = ""
        if not empty and _cells(line + space + word) > width:
            lines.append(line)
            line, space, empty = hanging, "", True
        rooms = width - _cells(line + space), width - _cells(hanging)
        for piece in _pieces(word, *rooms) if break_long else [word]:
            if not empty and _cells(line + space + piece) > width:
                lines.append(line)
                line, space = hanging, ""
            line, space, empty = line + space + piece, "", False
    return "\n".join([*lines, line])


def _pieces(word: str, first: int, others: int) -> list[str]:
    """A word in pieces, the first and the others of at most this many cells."""
    if _cells(word) <= first:
        return [word]
    pieces: list[str] = []
    for part in filter(None, _BREAK.split(word)):
        room = others if len(pieces) > 1 else first
        if pieces and _cells(pieces[-1] + part) <= room:
            pieces[-1] += part
            continue
        room = others if pieces else first
        while _cells(part) > room:
            end = next(i for i in range(len(part), 0, -1) if _cells(part[:i]) <= max(room, 2))
            pieces.append(part[:end])
            part, room = part[end:], others
        if part:
            pieces.append(part)
    return pieces


def _cells(text: str) -> int:
    """How many columns a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
