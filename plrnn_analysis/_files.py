"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import glob
import io
import os
import re
import secrets
import stat
import tempfile
import time
from pathlib import Path
from typing import Any

from .errors import PLRNNError

__all__ = [
    "NO_ROOM", "check_directory", "check_file", "error_text", "remove_leftovers", "write_atomically", "write_figure",
]  # fmt: skip

# Seconds after which a file that was being written is taken for one whose writer was killed.
ABANDONED = 60.0
_LEFTOVER = re.compile(r"\..+\.[0-9a-f]{12}\.tmp")
#: What the system says where nothing more can be written.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# What to do about it.
_ROOM, _PLACE = "make room, or write somewhere else", "write somewhere else"
_REMEDIES = {
    **dict.fromkeys(NO_ROOM, _ROOM),
    errno.EACCES: _PLACE,
    errno.EPERM: _PLACE,
    errno.EROFS: _PLACE,
    errno.ENOENT: "its directory is not there: make it, or write somewhere else",
    errno.ENOTDIR: "a part of the path is a file: write somewhere else",
    errno.EISDIR: "this is a directory: give another name, or move it away",
    errno.ENAMETOOLONG: "give it a shorter name",
}


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
        If it is a directory, its name is too long, or its directory is missing or cannot be written.
    """
    target = Path(os.path.realpath(path))
    try:
        mode = _mode(path)
    except OSError as error:
        raise PLRNNError(f"{option} {path}: {_in_words(error)}") from error
    if stat.S_ISDIR(mode):
        raise PLRNNError(f"{option} {path}: this is a directory; give the name of a file")
    if not _is_a_place(mode):
        if not os.access(path, os.W_OK):
            raise PLRNNError(f"{option} {path}: nothing can be written to it")
        return
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
        raise PLRNNError(f"{option} {path}: {_in_words(error, 'the directory cannot be made')}") from error
    _try_to_write(Path(path), f"{option} {path}")


def error_text(error: Exception) -> str:
    """An error in a line; one of the system with the file first, and without its number."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _try_to_write(directory: Path, named: str) -> None:
    if not directory.is_dir():
        raise PLRNNError(f"{named}: there is no directory {directory}")
    try:
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise PLRNNError(f"{named}: {_in_words(error, f'nothing can be written to {directory}')}") from error


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` so that `path` holds either its old content or all of the new, never a part.

    Parameters
    ----------
    path : path-like
        Its directory must exist. A symbolic link is followed, not replaced; a device or a pipe gets the data.
    data : bytes

    Raises
    ------
    OSError
        If it cannot be written, with `path` as its file name and what to do in its words; nothing is left behind.

    Notes
    -----
    What a process that was killed left behind is removed by the next that writes the same file, a minute later or more.
    """
    try:
        if _is_a_place(_mode(path)):
            _replace(Path(os.path.realpath(path)), data)
        else:
            with open(path, "wb") as file:
                file.write(data)
    except OSError as error:
        # The system names the temporary file, which means nothing to the user.
        raise OSError(error.errno, _in_words(error), os.fspath(path)) from error


def write_figure(figure: Any, path: str | os.PathLike[str], **options: Any) -> None:
    """Save a figure of matplotlib, as :func:`write_atomically` writes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path-like
        Its ending says the format.
    **options
        Of :meth:`matplotlib.figure.Figure.savefig`.

    Raises
    ------
    OSError
        As there.
    """
    image = io.BytesIO()
    figure.savefig(image, format=Path(path).suffix.lower().lstrip("."), **options)
    write_atomically(path, image.getvalue())


def remove_leftovers(directory: Path, older_than: float = 0.0, name: str = "*") -> None:
    """Remove what is left of files that were being written when their process was killed.

    Parameters
    ----------
    directory : Path
    older_than : float, optional
        Seconds since they were begun; only what nobody else writes may be removed at once.
    name : str, optional
        Of the file that was written; a pattern.
    """
    now = time.time()
    for path in directory.glob(f".{name}.*.tmp"):
        with contextlib.suppress(OSError):
            if _LEFTOVER.fullmatch(path.name) and now - path.stat().st_mtime >= older_than:
                path.unlink()


def _replace(target: Path, data: bytes) -> None:
    # In the same directory, since a rename across file systems is a copy; not by `tempfile`, whose
    # files are private to the user while the finished file should follow the umask.
    name = target.name[:100]
    temporary = target.with_name(f".{name}.{secrets.token_hex(6)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    remove_leftovers(target.parent, ABANDONED, glob.escape(name))


def _mode(path: str | os.PathLike[str]) -> int:
    """What kind of file there is; 0 for none."""
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _is_a_place(mode: int) -> bool:
    """Whether a file can be put there; devices and pipes take what is written to them and must stay."""
    return mode == 0 or stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _in_words(error: OSError, what: str = "cannot be written") -> str:
    reason = error.strerror or str(error)
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{what} ({reason})" + (f"; {remedy}" if remedy else "")
