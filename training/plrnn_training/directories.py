"""One run at a time in a directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from plrnn_analysis.errors import PLRNNError

__all__ = ["claimed"]

LOCK = ".plrnn.lock"


@contextmanager
def claimed(directory: Path) -> Iterator[None]:
    """Within the block no other run writes to the directory, which is made if there is none.

    Parameters
    ----------
    directory : Path

    Raises
    ------
    PLRNNError
        If another run is writing to it, on this machine or on another that shares it.

    Notes
    -----
    The operating system lets go of a lock when a process ends, however it ends, so that none is left over. What a
    killed run left half written is removed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(directory / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise PLRNNError(
            f"{directory}: another run is writing to this directory; wait until it has ended, or give another --out"
        ) from None
    try:
        for path in directory.glob(".*.tmp"):
            path.unlink(missing_ok=True)
        yield
    finally:
        lock.release()
