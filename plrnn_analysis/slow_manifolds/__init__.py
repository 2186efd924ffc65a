"""Where a model moves slowly: approximate line attractors, how long they hold, and the slowest points."""

from .search import SlowManifold, SlowManifolds, distance_in_ranges, find_slow_manifolds

__all__ = ["SlowManifold", "SlowManifolds", "distance_in_ranges", "find_slow_manifolds"]
