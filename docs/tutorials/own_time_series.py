# %% [markdown]
"""
A time series of your own
=========================

Which fixed points does a system have of which we only have a recording? We fit a network that generates such data, and
ask the network, which can be answered exactly.

The series here comes from the Lorenz equations, because for these we know what should be found. To use your own,
replace ``series`` by an array (time, channel) or a list of such arrays, one per trial.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from plrnn_analysis.plotting import plot_fixed_points
from plrnn_training import fit
from plrnn_training.systems import generate

series = generate("lorenz63", 20_000, seed=0)
series.values.shape, series.dt

# %% [markdown]
# Fitting
# -------
#
# Two networks of 20 units, 10 of them with a ReLU, are trained by sparse teacher forcing: every 20 steps the data
# replace the network's own outputs. The last fifth of the series is held out.

# %%
fitted = fit(series, pwl_units=10, interval=20, seeds=2, iterations=6000)
fitted.compared()

# %% [markdown]
# For a chaotic series small forecast errors say little. What counts is whether the free run has the same geometry
# (``d_stsp``, a divergence of the visited states), the same spectra (``d_h``) and the same largest Lyapunov exponent.
# Beside the networks the table has two baselines: that nothing changes, and the best linear autoregression. Its last
# row compares two stretches of the true system; no network can be expected to do better.
#
# Its fixed points
# ----------------
#
# The ten ReLUs cut state space into up to 1,024 linear subregions, and the search for fixed points decides them all.
# The Lorenz equations have three fixed points: the origin, and two centres around which trajectories turn, at ±√72,
# ±√72, 27. The network has never seen the equations, and never a state at rest.

# %%
network = fitted.best.model
found = network.fixed_points()
found

# %%
side = np.sqrt(72.0)
for name, true in (("origin", (0, 0, 0)), ("left centre", (-side, -side, 27)), ("right centre", (side, side, 27))):
    nearest = min(found, key=lambda point: np.linalg.norm(point.output - true))
    print(f"{name:12} {np.round(true, 2)}  nearest: {nearest.output.round(2)}, {nearest.stability}")

# %% [markdown]
# Both centres are close to where they should be. In the equations they are only just unstable: a step multiplies a
# distance by 1.001, which is less than the fit resolves. The origin is found less exactly, because the data seldom
# come near it.
#
# The answer in a picture
# -----------------------
#
# On the left the data, on the right a free run of the network, which starts from the held-out data and is then left to
# itself, with the fixed points of the network.

# %%
free = network.simulate(5000, z0=fitted.runs().starts[0])
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), sharex=True, sharey=True, layout="constrained")
left.plot(series.values[:5000, 0], series.values[:5000, 2], linewidth=0.6)
left.set(title="data", xlabel="x", ylabel="z")
axes = plot_fixed_points(found, free, outputs=(0, 2), ax=right)

# %% [markdown]
# So the recording was enough to find the two centres of the system. That there are no fixed points other than those
# listed is proved for the network. How far it holds for the system depends on how well the network fits, which the
# table above measures.
#
# What to ask next: ``fitted.figure()`` also draws time courses and spectra, ``fitted.text()`` describes the fit in
# words, ``network.transition_graph(free)`` gives the symbolic dynamics, and ``pwl_units=2`` asks for a network with at
# most four subregions, at the price of longer training. On the command line, ``plrnn fit series.csv --out fitted`` does
# the same.
