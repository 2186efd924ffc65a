"""A report on a network: one page of HTML with everything that was found, which needs nothing outside itself."""

from .writing import write_report

__all__ = ["write_report"]
