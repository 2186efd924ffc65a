"""Polyhedra: boxes, cells of hyperplanes, linear programs, and exact answers about all of them."""
