"""The one Numba decorator of the package, and where its compiled code is kept.

Numba keys a cached kernel on its *own* source file. A kernel that calls a kernel of another file
would stay stale after that other file changed. So the cache directory carries a digest of all kernel
sources and of the Numba version: another state of the sources never sees this state's machine code.
A cache that is damaged, or a disk that is full, costs time and never an analysis.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import warnings
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


def cache_directory() -> Path | None:
    """Directory for this state of the kernels, created on first use; None where nothing can be written.

    ``NUMBA_CACHE_DIR`` is respected as the parent; otherwise the user's cache directory is used.
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
    return None


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
    """Compile for the given signatures: cached where that is possible, without the GIL, IEEE arithmetic.

    Parameters
    ----------
    *signatures : str
        Numba signatures. All kernels state theirs, so that nothing compiles twice by surprise.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        # The second time without what was found in the cache: it may have been cut off or overwritten.
        for attempt in (_compiled_with_cache, _compiled_with_new_cache):
            if _DIRECTORY is None:
                break
            try:
                return attempt(function, signatures)
            except OSError as error:
                _give_up_cache(error)
            except Exception:
                # Unpickling damaged files can raise anything. What is wrong with the kernel itself comes again.
                continue
        return _compiled(function, signatures, cache=False)

    return decorate


def _compiled(function: Callable[..., Any], signatures: tuple[str, ...], cache: bool) -> Any:
    return numba.njit(list(signatures), cache=cache, nogil=True, error_model="numpy", fastmath=False)(function)


def _compiled_with_cache(function: Callable[..., Any], signatures: tuple[str, ...]) -> Any:
    # Numba reads this setting while it decorates; restored at once so that a user's own
    # cached functions stay where the user put them.
    before = _numba_config.CACHE_DIR
    _numba_config.CACHE_DIR = str(_DIRECTORY)
    try:
        return _compiled(function, signatures, cache=True)
    finally:
        _numba_config.CACHE_DIR = before


def _compiled_with_new_cache(function: Callable[..., Any], signatures: tuple[str, ...]) -> Any:
    assert _DIRECTORY is not None
    name = f"{Path(function.__code__.co_filename).stem}.{function.__qualname__}-*.nb[ic]"
    for path in _DIRECTORY.glob(f"*/{name}"):
        path.unlink(missing_ok=True)
    return _compiled_with_cache(function, signatures)


def _give_up_cache(error: OSError) -> None:
    """Compile without a cache from now on, as on a full disk, and say so once."""
    global _DIRECTORY
    full, _DIRECTORY = _DIRECTORY, None
    warnings.warn(
        f"compiled code cannot be kept in {full} ({error.strerror or error}): each process compiles it anew. "
        "Make room there, or name another directory in NUMBA_CACHE_DIR",
        RuntimeWarning,
        stacklevel=3,
    )
