"""
Two memories, and what separates them
=====================================

Two units that suppress each other have two stable states. The border between their basins is the stable
manifold of the saddle between them, which here is a straight line. The unstable manifold of the saddle leads to
the two stable states.
"""

import matplotlib.pyplot as plt

import plrnn_analysis as pa
from plrnn_analysis.attractors import basin_slice
from plrnn_analysis.plotting import plot_basins, plot_manifolds

model = pa.PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)
fixed_points = model.fixed_points()
saddle = next(point for point in fixed_points if point.stability == "saddle")

# %%
# Basins are found by simulation: every trajectory is followed to an exact fixed point. Manifolds are made of exact
# pieces.

box = ([-4, -4], [4, 4])
basins = basin_slice(model, extents=4.0, resolution=80)
manifolds = [model.manifold(saddle, kind, box=box) for kind in ("stable", "unstable")]

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
plot_basins(basins, names=("unit 0", "unit 1"), ax=left)
plot_manifolds(manifolds, fixed_points=fixed_points, ax=right)
