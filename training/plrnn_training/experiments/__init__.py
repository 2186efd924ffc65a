"""Experiments: whole studies in one command."""
