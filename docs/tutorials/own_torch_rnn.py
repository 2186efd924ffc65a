# %% [markdown]
"""
A torch network of your own
===========================

How does a recurrent network remember two bits? We train an ordinary ReLU network of PyTorch on the *flip-flop* task,
hand it over in one line, and get all its fixed points, with a proof that there are no others.

Each of two inputs is mostly zero, with now and then a pulse of +1 or −1. Each output must hold the sign of the last
pulse of its input.
"""

# %%
import matplotlib.pyplot as plt
import torch

import plrnn_analysis as pa
from plrnn_analysis.plotting import plot_fixed_points

torch.manual_seed(0)
torch.set_num_threads(1)  # small networks are quickest on one


def trials(n, steps=30):
    pulses = torch.randint(-1, 2, (n, steps, 2)).float() * (torch.rand(n, steps, 2) < 0.2)
    pulses[:, 0] = 2.0 * torch.randint(0, 2, (n, 2)) - 1.0
    last = (torch.arange(steps)[:, None] * (pulses != 0)).cummax(dim=1).values
    return pulses, pulses.gather(1, last)


# %% [markdown]
# Training
# --------
#
# Nothing here belongs to this package. A little noise on the input makes the memory robust.

# %%
rnn, readout = torch.nn.RNN(2, 32, nonlinearity="relu", batch_first=True), torch.nn.Linear(32, 2)
optimiser = torch.optim.Adam([*rnn.parameters(), *readout.parameters()], lr=3e-3)
for _ in range(1000):
    pulses, wanted = trials(64)
    loss = (readout(rnn(pulses + 0.1 * torch.randn_like(pulses))[0]) - wanted).square().mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()

# %% [markdown]
# All fixed points
# ----------------
#
# The network becomes a model of this package, in double precision. Its 32 ReLUs cut state space into up to 2^32
# linear subregions. The search decides every one of them, and says so: *complete*.

# %%
model = pa.from_torch(torch.nn.ModuleDict({"rnn": rnn, "readout": readout}), readout="readout")
found = model.fixed_points()
found

# %% [markdown]
# Four of them are stable, one for each content of the memory. Their outputs are the corners of a square.
#
# The others are saddles, what a pulse has to push the state across. As a rule there are five: one between each two
# neighbouring memories, with one direction in which it lets go, and one in the middle, with two. That makes nine
# points: three for one bit, three times three for two.
#
# The picture
# -----------
#
# Trials in the plane of their first two principal components. Stable points are filled, saddles open, with lines
# along their unstable directions.

# %%
run = model.run(trials(40)[0].numpy())
axes = plot_fixed_points(found, run, ax=plt.subplots(figsize=(7, 5), layout="constrained")[1])

# %% [markdown]
# From here: ``model.input_diagram(0, (-1, 1))`` shows how a pulse on the first input makes fixed points meet and
# vanish, ``model.attractors()`` measures the basins, ``model.manifold(saddle, "stable")`` draws what divides them,
# and ``pa.save(model, "flip_flop.safetensors")`` keeps the network for the command line.
