"""The one Numba decorator of the package, and where its compiled code is kept.

Numba keys a cached kernel on its *own* source file. A kernel that calls a kernel of another file
would stay stale after that other file changed. So the cache directory carries a digest of all kernel
sources and of the Numba version: another state of the sources never sees this state's machine code.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import config as _numba_config

__all__ = ["kernel", "cache_directory"]


def _digest() -> str:
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__} {sys.version_info[:2]}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_directory() -> Path:
    """Directory for this state of the kernels; created on first use.

    ``NUMBA_CACHE_DIR`` is respected as the parent; otherwise the user's cache directory is used,
    and a private temporary directory where that cannot be written.
    """
    parents = [Path(_numba_config.CACHE_DIR)] if _numba_config.CACHE_DIR else []
    users = _users_caches()
    if users is not None:
        parents.append(users / "plrnn_analysis")
    for parent in parents:
        path = parent / f"kernels-{_DIGEST}"
        try:
            path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=path):
                return path
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="plrnn-kernels-"))


def _users_caches() -> Path | None:
    """Where the user's programs keep caches; None for a user without a home, as in many containers."""
    variable, inside = ("LOCALAPPDATA", "AppData/Local") if sys.platform == "win32" else ("XDG_CACHE_HOME", ".cache")
    named = os.environ.get(variable)
    if named:
        return Path(named)
    try:
        return Path.home() / inside
    except RuntimeError:
        return None


_DIGEST = _digest()
_DIRECTORY = cache_directory()


def kernel(*signatures: str) -> Callable[[Callable[..., Any]], Any]:
    """Compile for the given signatures: cached, without the GIL, IEEE arithmetic.

    Parameters
    ----------
    *signatures : str
        Numba signatures. All kernels state theirs, so that nothing compiles twice by surprise.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        # Numba reads this setting while it decorates; restored at once so that a user's own
        # cached functions stay where the user put them.
        before = _numba_config.CACHE_DIR
        _numba_config.CACHE_DIR = str(_DIRECTORY)
        try:
            return numba.njit(list(signatures) or None, cache=True, nogil=True, error_model="numpy", fastmath=False)(
                function
            )
        finally:
            _numba_config.CACHE_DIR = before

    return decorate
