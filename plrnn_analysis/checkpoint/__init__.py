"""Checkpoint files: read what others wrote, write a versioned format of our own."""

from .reading import load
from .writing import save

__all__ = ["load", "save"]
