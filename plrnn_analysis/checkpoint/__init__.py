"""Checkpoint files: read what others wrote, write a versioned format of our own."""

from .reading import from_torch, load
from .writing import save

__all__ = ["from_torch", "load", "save"]
