"""What commands have in common: options, files that are checked first, and how a command ends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._files import check_file, write_atomically, write_figure
from ..checkpoint_options import parse_numbers
from ..errors import ModelError
from ..interruption import INTERRUPTED, Interruption
from ..results.naming import channel_name

if TYPE_CHECKING:
    import numpy as np

    from ..model import PLRNN

__all__ = [
    "FigureOption",
    "JsonOption",
    "MaxNodes",
    "Rigorous",
    "TimeLimit",
    "Workers",
    "channel",
    "check_outputs",
    "corners",
    "draw",
    "end",
    "interruptible",
    "nothing_known",
    "write_json",
    "written",
]

TimeLimit = Annotated[
    float, typer.Option("--time-limit", min=0.0, metavar="SECONDS", help="End the search after this many seconds.")
]
MaxNodes = Annotated[
    int | None, typer.Option("--max-nodes", min=1, metavar="N", help="End the search after about N nodes.")
]
Workers = Annotated[int, typer.Option("--workers", min=1, max=1024, metavar="N", help="Threads of the search.")]
Rigorous = Annotated[
    bool, typer.Option("--rigorous", help="Prove what is found, in exact arithmetic, and say what is not proven.")
]
JsonOption = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON; - prints it instead.")
]
FigureOption = Annotated[
    Path | None, typer.Option("--figure", metavar="FILE", help="Draw the result (.png, .svg or .pdf).")
]


def interruptible() -> Interruption:
    """Ctrl-C noted, and progress shown where somebody looks on."""
    return Interruption(sys.stderr.isatty())


def check_outputs(json_file: str | None, figure: Path | None = None) -> None:
    """See that what is asked for can be written, before the work.

    Raises
    ------
    PLRNNError
        If not.
    """
    if json_file not in (None, "-"):
        check_file(Path(str(json_file)), "--json")
    if figure is not None:
        from matplotlib.backend_bases import FigureCanvasBase

        known = FigureCanvasBase.get_supported_filetypes()
        if figure.suffix.lower().lstrip(".") not in known:
            raise ModelError(f"--figure {figure}: a figure is written as .png, .svg or .pdf; give a name with one")
        check_file(figure, "--figure")


@contextmanager
def nothing_known(what: str) -> Iterator[None]:
    """Say so where Ctrl-C ends a search before it has anything to return.

    Parameters
    ----------
    what : str
        What is looked for.
    """
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"Interrupted before anything was known of {what}.", err=True)
        raise typer.Exit(INTERRUPTED) from None


def corners(text: str, n_units: int) -> tuple[np.ndarray, np.ndarray]:
    """The corners (M,) of the box that an option ``--box LOW,HIGH`` gives.

    Raises
    ------
    ModelError
        If it is none.
    """
    import numpy as np

    ends = parse_numbers(text, "--box", float) or []
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise ModelError(f"--box takes two numbers, the lower first, such as -2,2; got {text!r}")
    return np.full(n_units, ends[0]), np.full(n_units, ends[1])


def write_json(json_file: str | None, record: Callable[[], str]) -> None:
    """Write a record where it was asked for."""
    if json_file == "-":
        # JSON is UTF-8, whatever a terminal shows.
        typer.echo(record().encode())
    elif json_file is not None:
        write_atomically(json_file, (record() + "\n").encode())
        written(json_file)


def draw(figure: Path | None, plot: Callable[[], Any], ctrl_c: Interruption, quiet: bool) -> None:
    """Draw a figure where it was asked for; not after Ctrl-C.

    Parameters
    ----------
    figure : Path or None
    plot : callable
        Returns axes.
    ctrl_c : Interruption
    quiet : bool
        Whether standard output is for a record alone.
    """
    if figure is None:
        return
    if ctrl_c.seen:
        typer.echo("Interrupted: the figure is not drawn.", err=True)
        return
    write_figure(plot().figure, figure)
    written(figure, quiet)


def written(file: object, quiet: bool = False) -> None:
    """Say that a file was written."""
    typer.echo(f"Written: {file}", err=quiet)


def end(ctrl_c: Interruption, complete: bool) -> None:
    """End a command with the exit code that says how far it got."""
    if ctrl_c.seen:
        raise typer.Exit(INTERRUPTED)
    if not complete:
        from ..analyze_command import INCOMPLETE

        raise typer.Exit(INCOMPLETE)


def channel(model: PLRNN, text: str, option: str, what: str = "input") -> int:
    """The number of an input or output that an option gives by name or number.

    Raises
    ------
    ModelError
        If there is none.
    """
    names: Sequence[str] = getattr(model, f"{what}_names")
    n: int = getattr(model, f"n_{what}s")
    if text in names:
        return list(names).index(text)
    if text.isdecimal() and int(text) < n:
        return int(text)
    if not n:
        raise ModelError(f"{option}: the network has no {what}")
    known = ", ".join(f"{i} ({names[i]})" if i < len(names) else channel_name(names, i, what) for i in range(min(n, 8)))
    more = f" and {n - 8} more" if n > 8 else ""
    raise ModelError(f"{option}: there is no {what} {text!r}; the {what}s are {known}{more}")
