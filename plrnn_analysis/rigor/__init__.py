"""Proofs of what searches in floats list, in balls and rational numbers."""

from .objects import Prover

__all__ = ["Prover"]
