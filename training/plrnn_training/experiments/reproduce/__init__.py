"""The figures of the paper and its claims, reproduced and judged."""

from .claims import Claim, Verdict
from .running import FIGURES, reproduce

__all__ = ["FIGURES", "Claim", "Verdict", "reproduce"]
