"""Independent random streams, one a purpose, from one seed."""

from __future__ import annotations

import hashlib

import torch

__all__ = ["generator_for"]


def generator_for(seed: int, *purpose: str | int) -> torch.Generator:
    """A CPU generator for one seed and one purpose.

    Draws are made on the CPU whatever device trains, so that a seed means the same data and the same initial weights
    everywhere.

    Parameters
    ----------
    seed : int
    *purpose : str or int
        What the stream is for, e.g. ``"batches"``; streams of different purposes are unrelated.

    Returns
    -------
    torch.Generator
    """
    digest = hashlib.sha256(repr((int(seed), *purpose)).encode()).digest()
    return torch.Generator(device="cpu").manual_seed(int.from_bytes(digest[:8], "little") >> 1)
