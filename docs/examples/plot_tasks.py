"""
Which tasks share machinery
===========================

The figure shows the Jensen-Shannon divergence between the bitcode distributions of several conditions, with
hierarchical clustering. The data are generated: three pairs of tasks, each pair with the same preferred subregions.
"""

import matplotlib.pyplot as plt
import numpy as np

from plrnn_analysis.plotting import plot_condition_divergences
from plrnn_analysis.symbols import compare_conditions

rng = np.random.default_rng(0)
preferred = rng.dirichlet(np.full(16, 0.4), size=3)
tasks = {}
for pair, name in enumerate(("delay", "reach", "match")):
    for variant in ("pro", "anti"):
        own = 0.85 * preferred[pair] + 0.15 * rng.dirichlet(np.full(16, 0.4))
        tasks[f"{name} {variant}"] = rng.choice(16, size=(30, 60), p=own)
divergences = compare_conditions(tasks)

plot_condition_divergences(divergences, figure=plt.figure(figsize=(8, 4.5), layout="constrained"))

# %%
# There are three clusters. The p-values say whether two tasks differ by more than sampling explains:

print(divergences.clusters(3))
print(np.round(divergences.p_value, 3))
