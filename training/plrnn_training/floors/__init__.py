"""What the best network without ReLU, of any size, can reach on a task."""

from .floor import Floor

__all__ = ["Floor"]
