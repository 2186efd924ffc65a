"""Spoken words: hear one frame by frame, then say which it was."""

from .sounds import Sounds, read_sounds
from .task import ENTRY, SpokenTask
from .words import GENERATED_WORDS, generated_word

__all__ = ["ENTRY", "GENERATED_WORDS", "Sounds", "SpokenTask", "generated_word", "read_sounds"]
