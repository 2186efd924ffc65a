"""One run at a time in a directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from plrnn_analysis._files import check_directory, remove_leftovers
from plrnn_analysis.errors import PLRNNError

__all__ = ["claimed"]

LOCK = ".plrnn.lock"


@contextmanager
def claimed(directory: Path, *folders: str) -> Iterator[None]:
    """Within the block no other run writes to the directory, which is made if there is none.

    Parameters
    ----------
    directory : Path
    *folders : str
        Those in it that the run writes to as well.

    Raises
    ------
    PLRNNError
        If another run is writing to it, on this machine or on another that shares it; or if nothing can be written.

    Notes
    -----
    The operating system lets go of a lock when a process ends, however it ends, so that none is left over. What a
    killed run left half written is removed.
    """
    check_directory(directory, "out")
    lock = FileLock(directory / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise PLRNNError(
            f"{directory}: another run is writing to this directory; wait until it has ended, or give another --out"
        ) from None
    try:
        for folder in (directory, *(directory / name for name in folders)):
            remove_leftovers(folder)
        yield
    finally:
        lock.release()
