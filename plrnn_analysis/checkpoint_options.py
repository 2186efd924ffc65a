"""The argument CHECKPOINT of commands, and the options that say how it is to be read; one place for all commands."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from .errors import CheckpointError, ModelError

if TYPE_CHECKING:
    from .model import PLRNN

__all__ = [
    "Checkpoint",
    "InputOption",
    "InputsOption",
    "ProbesOption",
    "in_options",
    "parse_numbers",
    "takes_checkpoint",
    "takes_checkpoints",
    "takes_two_checkpoints",
]

Number = TypeVar("Number", int, float)

InputOption = Annotated[
    str | None, typer.Option("--input", metavar="S1,S2,...", help="Constant input, comma-separated; zero by default.")
]
InputsOption = Annotated[
    Path | None, typer.Option("--inputs", metavar="FILE", help="Trials, a .npy array (trials, steps, channels).")
]
ProbesOption = Annotated[
    list[str] | None,
    typer.Option("--probe", metavar="S1,S2,...", help="A constant input to try as well; may be repeated."),
]

_ARGUMENTS = "pwl_units|relu_units|architecture|prefix|readout|alpha|form|thresholds|ignore"
# An argument as Python messages write it: architecture="leaky_rnn", ignore=['a', 'b'], pwl_units=P, prefix=.
_ARGUMENT = re.compile(rf"\b({_ARGUMENTS})=(\[[^\]]*\]|\([^)]*\)|'[^']*'|\"[^\"]*\"|[\w./-]*[\w/])?")


@dataclass(frozen=True)
class Checkpoint:
    """A file, and how the command line says that it is to be read.

    Attributes
    ----------
    path : Path
    options : mapping of str to object
        Arguments of :func:`plrnn_analysis.load`.

    Examples
    --------
    >>> Checkpoint(Path("nowhere.npz")).load()
    Traceback (most recent call last):
    plrnn_analysis.errors.CheckpointError: nowhere.npz: there is no such file. ...
    """

    path: Path
    options: Mapping[str, Any] = field(default_factory=dict)

    def load(self) -> PLRNN:
        """The model in it.

        Raises
        ------
        CheckpointError
            As :func:`plrnn_analysis.load`; what to do is said in options of the command line.
        """
        from .checkpoint import load

        try:
            return load(self.path, **self.options)
        except CheckpointError as error:
            raise CheckpointError(in_options(str(error))) from error


def in_options(message: str) -> str:
    """A message that speaks of arguments in Python, in the options of the command line.

    Examples
    --------
    >>> in_options('give architecture="leaky_rnn", alpha=dt/tau, or ignore=["W_mask", "D"].')
    'give --architecture leaky_rnn, --alpha dt/tau, or --ignore W_mask --ignore D.'
    """

    def option(match: re.Match[str]) -> str:
        name, value = match[1], match[2] or ""
        flag = f"--{name.replace('_', '-')}"
        if value[:1] in ("[", "("):
            items = [_shell(item.strip()) for item in value[1:-1].split(",") if item.strip()]
            if name == "ignore":
                return " ".join(item if item == "..." else f"{flag} {item}" for item in items)
            return f"{flag} {','.join(items)}"
        return f"{flag} {_shell(value)}" if value else flag

    return _ARGUMENT.sub(option, message)


def _shell(value: str) -> str:
    """A value without the quotes of Python where a shell needs none."""
    bare = value[1:-1] if value[:1] in ("'", '"') else value
    return bare if re.fullmatch(r"[\w./,-]+", bare) else f"'{bare}'"


def parse_numbers(text: str | None, option: str, kind: Callable[[str], Number]) -> list[Number] | None:
    """A comma-separated list of numbers.

    Raises
    ------
    typer.BadParameter
        If it is none.

    Examples
    --------
    >>> parse_numbers("1,0.5", "--input", float)
    [1.0, 0.5]
    """
    if text is None:
        return None
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{option} takes comma-separated numbers such as 1,0; got {text!r}") from None


def takes_checkpoint(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the argument CHECKPOINT and the options of :func:`plrnn_analysis.load`.

    Parameters
    ----------
    command : callable
        Its first parameter is the :class:`Checkpoint`; the others are its own, as typer knows them.

    Returns
    -------
    callable
        What typer makes a command of.
    """
    return _reading(command, {"checkpoint": _CHECKPOINT}, _checkpoint)


def takes_checkpoints(command: Callable[..., None]) -> Callable[..., None]:
    """As :func:`takes_checkpoint`, for a command whose first parameter is a list of them, read in one way."""

    def read(checkpoints: list[Path], **options: Any) -> list[Checkpoint]:
        return [_checkpoint(path, **options) for path in checkpoints]

    several = Annotated[list[Path], typer.Argument(metavar="CHECKPOINT", help=f"{_FILES} Several are a path.")]
    return _reading(command, {"checkpoints": several}, read)


def takes_two_checkpoints(command: Callable[..., None]) -> Callable[..., None]:
    """As :func:`takes_checkpoint`, for a command whose first parameter is a pair of them.

    Options hold for both; with ``b-`` before its name one holds for the second alone.
    """
    own = {f"b_{name}": _for_second(name, annotation) for name, annotation in _options().items()}

    def read(a: Path, b: Path, **given: Any) -> tuple[Checkpoint, Checkpoint]:
        options = {name: given[name] for name in _options()}
        second = {name: options[name] if given[f"b_{name}"] is None else given[f"b_{name}"] for name in options}
        return _checkpoint(a, **options), _checkpoint(b, **second)

    first = Annotated[Path, typer.Argument(metavar="A", help=f"The first network. {_FILES}")]
    other = Annotated[Path, typer.Argument(metavar="B", help="The second network, likewise.")]
    return _reading(command, {"a": first, "b": other}, read, own)


def _for_second(name: str, annotation: Any) -> Any:
    """The option of that name for the second of two checkpoints; help has a sentence on all of them."""
    return Annotated[annotation.__origin__, typer.Option(f"--b-{name.replace('_', '-')}", hidden=True)]


def _options() -> dict[str, Any]:
    """Annotations of the options that say how a file is to be read."""
    parameters = inspect.signature(_checkpoint, eval_str=True).parameters
    return {name: parameter.annotation for name, parameter in parameters.items() if name != "checkpoint"}


def _reading(
    command: Callable[..., None],
    arguments: Mapping[str, Any],
    read: Callable[..., Any],
    more: Mapping[str, Any] | None = None,
) -> Callable[..., None]:
    """A command with arguments that are files and the options that say how these are to be read."""
    reading = {**arguments, **_options(), **(more or {})}
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        checkpoints = read(**{name: given.pop(name) for name in reading})
        command(checkpoints, **given)

    by_name = inspect.Parameter.KEYWORD_ONLY
    files = [inspect.Parameter(name, by_name, annotation=annotation) for name, annotation in arguments.items()]
    options = {name: annotation for name, annotation in reading.items() if name not in arguments}
    parameters = [*files, *(p.replace(kind=by_name) for p in own)]
    for name, annotation in options.items():
        parameters.append(inspect.Parameter(name, by_name, default=None, annotation=annotation))
    # typer reads both, and help lists arguments and options in this order.
    with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {p.name: p.annotation for p in parameters}
    return with_options


_FILES = "A .safetensors, .npz, .mat, .pt, .pth, .ckpt, .h5 or .keras file, or a directory with one."
_CHECKPOINT = Annotated[Path, typer.Argument(metavar="CHECKPOINT", help=_FILES)]


def _checkpoint(
    checkpoint: Path,
    pwl_units: Annotated[
        int | None, typer.Option("--pwl-units", metavar="P", help="Number of ReLU units, where the file does not say.")
    ] = None,
    relu_units: Annotated[
        str | None,
        typer.Option("--relu-units", metavar="I1,I2,...", help="The ReLU units by index, instead of their number."),
    ] = None,
    architecture: Annotated[
        str | None,
        typer.Option("--architecture", help="Where the names in the file do not decide, e.g. clipped_shallow."),
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option("--prefix", help="Which part of a larger model's state dict to take, e.g. encoder.rnn."),
    ] = None,
    readout: Annotated[
        str | None,
        typer.Option(
            "--readout",
            metavar="NAME|FILE",
            help="A linear layer in the checkpoint by name, e.g. fc, or B in a .npy file, or B and b in a .npz file.",
        ),
    ] = None,
    alpha: Annotated[
        str | None,
        typer.Option(
            "--alpha", metavar="A|A1,A2,...", help="Leak dt/tau of a rate network, one number, or one per unit."
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--form", help="Where the activation of a rate network stands: rate, current or outer."),
    ] = None,
    thresholds: Annotated[
        str | None, typer.Option("--thresholds", help="Of a dendritic PLRNN: added or subtracted.")
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="NAME", help="An array or pattern that changes nothing; may be repeated."),
    ] = None,
) -> Checkpoint:
    leak = parse_numbers(alpha, "--alpha", float)
    options = {
        "pwl_units": pwl_units,
        "relu_units": parse_numbers(relu_units, "--relu-units", int),
        "architecture": architecture,
        "prefix": prefix,
        "readout": _readout(readout),
        "alpha": leak[0] if leak and len(leak) == 1 else leak,
        "form": form,
        "thresholds": thresholds,
        "ignore": tuple(ignore or ()),
    }
    return Checkpoint(checkpoint, options)


def _readout(text: str | None) -> Any:
    """Name of a layer, or B and b from a file."""
    path = Path(text or "")
    if path.suffix.lower() not in (".npy", ".npz"):
        return text
    import numpy as np

    try:
        with open(path, "rb") as file:
            found = np.load(file, allow_pickle=False)
            return found if isinstance(found, np.ndarray) else (found["B"], found["b"] if "b" in found else None)
    # NumPy raises a dozen types on damaged files.
    except Exception as error:
        wanted = "--readout takes a layer's name, B (N, M) in a .npy file, or B and b (N,) in a .npz file"
        raise ModelError(f"{wanted}; {path} cannot be read ({type(error).__name__}: {str(error)[:200]})") from error
