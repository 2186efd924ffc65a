"""
Addition with one ReLU
======================

This network solves the addition task exactly. A gate opens for one step at each mark, and an accumulator stands
still on a line of fixed points in between.
"""

import matplotlib.pyplot as plt

from plrnn_analysis.linear_limit import addition_trials, exact_addition_solver
from plrnn_analysis.plotting import plot_modes, plot_transition_graph

solver = exact_addition_solver()
inputs, targets = addition_trials(200, 50)
run = solver.run(inputs)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
plot_transition_graph(solver.transition_graph(run), ax=left)
plot_modes(solver.explain(run), ax=right)

# %%
# In words:

for sentence in solver.slow_manifolds(run).sentences():
    print(sentence)
