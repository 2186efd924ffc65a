"""Writing files whole or not at all."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from .errors import PLRNNError

__all__ = ["check_directory", "check_file", "write_atomically"]


def check_file(path: str | os.PathLike[str], option: str) -> None:
    """See that :func:`write_atomically` can write a file, before the work that is to be written.

    Parameters
    ----------
    path : path-like
    option : str
        The option of the command line that names it.

    Raises
    ------
    PLRNNError
        If it is a directory, or its directory is missing or cannot be written.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise PLRNNError(f"{option} {path}: this is a directory; give the name of a file")
    _try_to_write(target.parent, f"{option} {path}")


def check_directory(path: str | os.PathLike[str], option: str) -> None:
    """Make a directory, if there is none, and see that files can be written to it.

    Parameters
    ----------
    path : path-like
    option : str
        The option of the command line that names it.

    Raises
    ------
    PLRNNError
        If it cannot be made or written to.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise PLRNNError(f"{option} {path}: this is a file; give the name of a directory") from None
    except OSError as error:
        raise PLRNNError(f"{option} {path}: the directory cannot be made ({error.strerror})") from error
    _try_to_write(Path(path), f"{option} {path}")


def _try_to_write(directory: Path, named: str) -> None:
    if not directory.is_dir():
        raise PLRNNError(f"{named}: there is no directory {directory}")
    try:
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise PLRNNError(f"{named}: nothing can be written to {directory} ({error.strerror})") from error


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` so that `path` holds either its old content or all of the new, never a part.

    Parameters
    ----------
    path : path-like
        Its directory must exist. A symbolic link is followed, not replaced.
    data : bytes

    Raises
    ------
    OSError
        If the directory is missing or cannot be written; nothing is left behind.
    """
    target = Path(os.path.realpath(path))
    # In the same directory, since a rename across file systems is a copy; not by `tempfile`, whose
    # files are private to the user while the finished file should follow the umask.
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
