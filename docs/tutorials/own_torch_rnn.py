# %% [markdown]
"""
A PyTorch network of your own
=============================

How does a recurrent network remember two bits? We train an ordinary PyTorch network with ReLUs on the *flip-flop*
task, hand it over in one line, and get all its fixed points, with a proof that there are no others.

Each of the two inputs is zero most of the time, with a pulse of +1 or −1 now and then. Each output must hold the sign
of the last pulse on its input.
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
# This part is plain PyTorch. A little noise on the input makes the memory robust.

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
# One call turns the network into a model of this package, in double precision. Its 32 ReLUs cut state space into up to
# 2^32 linear subregions. The search decides every one of them, and says so: *complete*.

# %%
model = pa.from_torch(torch.nn.ModuleDict({"rnn": rnn, "readout": readout}), readout="readout")
found = model.fixed_points()
found

# %% [markdown]
# Four of them are stable, one for each content of the memory. Their outputs are the corners of a square.
#
# The others are saddles. Between two neighbouring memories there is a saddle that a pulse has to push the state past,
# and there is one in the middle, with two unstable directions. Usually this makes nine points: three for one bit, and
# three times three for two.
#
# The answer in a picture
# -----------------------
#
# The picture shows trials in the plane of their first two principal components. Stable points are filled. Saddles are
# open, with lines along their unstable directions.

# %%
run = model.run(trials(40)[0].numpy())
axes = plot_fixed_points(found, run, ax=plt.subplots(figsize=(7, 5), layout="constrained")[1])

# %% [markdown]
# So this is how the network remembers: it holds two bits by resting at one of four stable fixed points. Between pulses
# the state stays there; a pulse pushes it past a saddle to the next one. There is no fifth memory:
# the list is proved to be complete.
#
# What to ask next: ``model.input_diagram(0, (-1, 1))`` shows how a pulse on input 0 makes fixed points meet and vanish,
# ``model.attractors()`` measures the basins, ``model.manifold(saddle, "stable")`` computes the borders between them,
# and ``pa.save(model, "flip_flop.safetensors")`` keeps the network for the command line.
