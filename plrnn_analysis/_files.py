"""Writing files whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

__all__ = ["write_atomically"]


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
