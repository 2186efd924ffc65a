"""SCAN: simple commands to be turned into actions."""

from .grammar import ACTIONS, WORDS, actions_of, all_commands
from .task import ENTRY, ScanTask

__all__ = ["ACTIONS", "ENTRY", "WORDS", "ScanTask", "actions_of", "all_commands"]
