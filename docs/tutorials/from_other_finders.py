# %% [markdown]
"""
From FixedPointFinder or SCYFI
==============================

Which fixed points does a finder miss? We search one network in three ways: by the exact search of this package; by
SCYFI, the heuristic for piecewise-linear networks; and by gradient as in FixedPointFinder, which works for networks of
any kind.

The network is the classic example, a three-bit flip-flop: three inputs with occasional pulses of +1 or −1, and three
outputs that hold the sign of the last pulse.
"""

# %%
import time

import matplotlib.pyplot as plt
import numpy as np
import torch

import plrnn_analysis as pa
from plrnn_analysis.plotting import plot_fixed_points

torch.manual_seed(0)
torch.set_num_threads(1)


def trials(n, steps=30):
    pulses = torch.randint(-1, 2, (n, steps, 3)).float() * (torch.rand(n, steps, 3) < 0.2)
    pulses[:, 0] = 2.0 * torch.randint(0, 2, (n, 3)) - 1.0
    last = (torch.arange(steps)[:, None] * (pulses != 0)).cummax(dim=1).values
    return pulses, pulses.gather(1, last)


rnn, readout = torch.nn.RNN(3, 32, nonlinearity="relu", batch_first=True), torch.nn.Linear(32, 3)
optimiser = torch.optim.Adam([*rnn.parameters(), *readout.parameters()], lr=3e-3)
for _ in range(1500):
    pulses, wanted = trials(64)
    loss = (readout(rnn(pulses + 0.1 * torch.randn_like(pulses))[0]) - wanted).square().mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
model = pa.from_torch(torch.nn.ModuleDict({"rnn": rnn, "readout": readout}), readout="readout")
model.fixed_points()  # once before anything is timed: the first call loads the compiled code

# %% [markdown]
# The exact search
# ----------------
#
# It decides all 2^32 subregions. Its list is complete, so the other two are judged by it below.

# %%
started = time.perf_counter()
exact = model.fixed_points()
seconds = {"exact search": time.perf_counter() - started}
exact

# %% [markdown]
# SCYFI
# -----
#
# SCYFI guesses a subregion, solves for its fixed point, goes to the subregion in which that point lies, repeats, and
# restarts. It is quick, even if a network is too large for a proof, and finds most points. But it cannot know whether
# one is missing.

# %%
started = time.perf_counter()
scyfi = model.fixed_points(method="scyfi", seed=0)
seconds["SCYFI"] = time.perf_counter() - started
scyfi

# %% [markdown]
# A search by gradient
# --------------------
#
# A gradient search starts from 256 states of trials, with some noise, and minimises the speed ``|F(z) - z|^2 / 2``.
# This is the method of FixedPointFinder (Golub & Sussillo 2018) in a dozen lines, with its usual last steps: keep the
# states that are slow enough, and merge points closer than 0.001. It is here for comparison; the original has more
# options.


# %%
def by_gradient(step, starts, iterations=5000, lr=0.01, slow=1e-12, same=1e-3):
    z = torch.tensor(starts, requires_grad=True)
    optimiser = torch.optim.Adam([z], lr)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, iterations)
    for _ in range(iterations):
        optimiser.zero_grad()
        q = (step(z) - z).square().sum(dim=1) / 2
        q.sum().backward()
        optimiser.step()
        schedule.step()
    kept = []
    for point in z.detach().numpy()[q.detach().numpy() < slow]:
        if all(np.linalg.norm(point - other) > same for other in kept):
            kept.append(point)
    return np.array(kept)


states = model.run(trials(64)[0].numpy()).states.reshape(-1, 32)
rng = np.random.default_rng(0)
starts = states[rng.choice(len(states), 256)] + 0.1 * rng.normal(size=(256, 32))
W, bias = (torch.tensor(model.parameters[name]) for name in ("W_hh", "bias"))
started = time.perf_counter()
gradient = by_gradient(lambda z: torch.relu(z @ W.T + bias), starts)
seconds["gradient"] = time.perf_counter() - started

# %% [markdown]
# Side by side
# ------------

# %%
everything = np.array([point.z for point in exact])
stable = np.array([str(point.stability).startswith("stable") for point in exact])
found = {}
print(f"{'':14}{'stable':>7}{'others':>8}{'seconds':>9}")
for name, points in (("exact search", everything), ("SCYFI", [point.z for point in scyfi]), ("gradient", gradient)):
    distances = np.linalg.norm(everything[:, None] - np.reshape(points, (-1, 32)), axis=2)
    hit = found[name] = distances.min(axis=1, initial=np.inf) < 1e-3
    print(
        f"{name:14}{hit[stable].sum():>4}/{stable.sum():<3}{hit[~stable].sum():>4}/{(~stable).sum():<3}{seconds[name]:>9.2f}"
    )

# %% [markdown]
# The answer in a picture
# -----------------------
#
# All fixed points in the plane of the first two outputs, with trials. A cross marks what the gradient search missed.

# %%
axes = plt.subplots(figsize=(7, 5), layout="constrained")[1]
plot_fixed_points(exact, model.run(trials(40)[0].numpy()), outputs=(0, 1), ax=axes)
missed = np.reshape([point.output[:2] for point, hit in zip(exact, found["gradient"], strict=True) if not hit], (-1, 2))
axes.plot(*missed.T, "x", color="#0072B2", markersize=13, markeredgewidth=2, label="missed by gradient")
figure_legend = axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))

# %% [markdown]
# What a gradient search misses are saddles. It goes where trials go, so it finds the memories, which attract the states
# that it starts from. More starts find more saddles, but there is no number of starts at which one may stop. For a
# smooth network (tanh, LSTM, GRU) it is nevertheless the method to use. For a piecewise-linear network the list can be
# complete, with all saddles and their exact eigenvalues.
#
# If you come from FixedPointFinder: starting states, tolerances and iterations have no counterpart here.
# ``constant_input=`` is its ``inputs``, ``point.eigenvalues`` is its ``eigval_J_xstar``, and
# ``model.slow_manifolds(box)`` answers the questions for which one looks at slow points. If you come from SCYFI:
# ``method="scyfi"`` is that algorithm, with ``restarts`` and ``inner`` for its outer and inner loops, and
# ``model.cycles(max_period, method="scyfi")`` looks for cycles.
