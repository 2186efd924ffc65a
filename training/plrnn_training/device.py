"""Which device trains."""

from __future__ import annotations

import torch

from plrnn_analysis.errors import ModelError

__all__ = ["choose_device"]


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name, or the best one there is.

    Parameters
    ----------
    name : str, optional
        ``"auto"`` takes the first of cuda, mps, cpu that is present; otherwise a torch device name.

    Returns
    -------
    torch.device

    Raises
    ------
    ModelError
        If the named device is not here.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(f"device {name!r} is not available here ({error}); try --device cpu") from error
    return device
