"""
What a weight changes
=====================

A single unit has the slope 0.4 below zero. As its slope above zero passes -1, its fixed point loses stability in
a flip. What happens depends on the sign of the offset, so fixed points and cycles are followed along both
parameters.
"""

import matplotlib.pyplot as plt
import numpy as np

import plrnn_analysis as pa
from plrnn_analysis.bifurcations import bifurcation_plane
from plrnn_analysis.plotting import plot_bifurcation_diagram, plot_bifurcation_plane

model = pa.PLRNN.al_rnn(A=[0.4], W=[[-1.9]], h=[1.0], pwl_units=1)
along_offset = model.bifurcations(("h", 0), np.linspace(-1, 1, 5), max_period=2)
plane = bifurcation_plane(model, [("W", 0, 0), ("h", 0)], np.linspace(-3, 0, 13), np.linspace(-1, 1, 9), max_period=2)

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
plot_bifurcation_diagram(along_offset, ax=left)
plot_bifurcation_plane(plane, ax=right)

# %%
# At offset 0 the fixed point meets the boundary. It goes on beyond it, and a 2-cycle is born on one side:

for event in along_offset:
    print(event)
