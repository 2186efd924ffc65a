"""The story of a model: where it goes, what it does slowly, what inputs do to it, and which ReLUs it needs."""

from .sections import Section, missing_section, where_runs_end
from .telling import Story, Telling, tell_story

__all__ = ["Section", "Story", "Telling", "missing_section", "tell_story", "where_runs_end"]
