"""Trials of the user's own: what they hold, and the files they come in."""

from .data import Trials
from .reading import read_trials

__all__ = ["Trials", "read_trials"]
