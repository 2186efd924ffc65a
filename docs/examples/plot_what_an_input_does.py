"""
What an input does
==================

On the left, all fixed points as exact functions of one input; on the right, their number over two inputs. There is
no grid: every branch and every border collision is found.
"""

import matplotlib.pyplot as plt

import plrnn_analysis as pa
from plrnn_analysis.plotting import plot_fixed_point_count, plot_input_diagram

model = pa.PLRNN.al_rnn(
    A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], C=[[1, 0], [0, 1]], pwl_units=2,
)  # fmt: skip
one = model.input_diagram(0, (-3, 3))
two = model.input_diagram([0, 1], [(-3, 3), (-3, 3)])

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
plot_input_diagram(one, ax=left)
plot_fixed_point_count(two, ax=right)

# %%
# Between the two folds the circuit has two stable states. In which of them it is depends on the past: this is
# hysteresis.

for collision in one.collisions:
    print(collision)
