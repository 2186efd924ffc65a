"""The story of a model: where it goes, what it does slowly, what inputs do to it, and which ReLUs it needs."""

from .telling import Section, Story, tell_story

__all__ = ["Section", "Story", "tell_story"]
