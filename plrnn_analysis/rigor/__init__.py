"""Proofs of what searches in floats list, in balls and rational numbers."""
