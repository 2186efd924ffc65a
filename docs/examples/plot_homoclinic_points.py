"""
Where chaos comes from
======================

The Lozi map can be written as a network with two ReLUs. The stable and unstable manifolds of its saddle cross. Each
crossing is a homoclinic point, and a single one is enough for chaos. The Lyapunov exponent of a trajectory says the
same in one number.
"""

import matplotlib.pyplot as plt

import plrnn_analysis as pa
from plrnn_analysis.manifolds import intersections
from plrnn_analysis.plotting import plot_manifolds

lozi = pa.PLRNN.shallow([[0, 1], [0.5, 0]], [[-1.7, -1.7], [0, 0]], [[1, 0], [-1, 0]], [1, 0], [0, 0])
fixed_points = lozi.fixed_points()
saddle = fixed_points[1]
box = ([-2, -2], [2, 2])
stable = lozi.manifold(saddle, "stable", box=box, iterations=4)
unstable = lozi.manifold(saddle, "unstable", box=box, iterations=7)
crossings = intersections(stable, unstable)
spectrum = lozi.lyapunov(50_000, z0=[0.1, 0.1])

figure, ax = plt.subplots(figsize=(7, 5), layout="constrained")
plot_manifolds([stable, unstable], crossings, fixed_points=fixed_points, ax=ax)

# %%
# The number of crossings, and the exponent in nats per step:

print(len(crossings), "homoclinic points;", f"exponent {spectrum.leading:.2f}")
