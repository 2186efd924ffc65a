"""Train the two networks that the page on sparsification measures: a double well and three scrolls, P = 10.

Both learn windows of trajectories that SciPy generates; the first units of a network are the variables of the system.
"""

from pathlib import Path

import numpy as np
import torch
from scipy.integrate import solve_ivp

import plrnn_analysis as pa
from plrnn_training import Batch, Member, Recipe, Task, Trainer


def double_well(t, v):
    x, y = v
    return y, x - x**3 - 0.5 * y


def three_scrolls(t, v):
    """Chua's circuit with a diode of seven segments (Suykens & Vandewalle, IEEE Trans. Circuits Syst. 40, 1993)."""
    x, y, z = v
    slopes, corners = [0.9 / 7, -3 / 7, 3.5 / 7, -2.4 / 7], [1.0, 2.15, 4.0]
    bends = [(a - b) * (abs(x + c) - abs(x - c)) for a, b, c in zip(slopes, slopes[1:], corners, strict=False)]
    return 9 * (y - slopes[-1] * x - sum(bends) / 2), x - y + z, -100 / 7 * y


def trajectories(velocity, starts, transient, dt, steps):
    """Solutions (n, steps, N), each variable standardised."""
    times = transient + dt * np.arange(steps)
    tolerance = {"rtol": 1e-8, "atol": 1e-8}
    solved = [solve_ivp(velocity, (0, times[-1]), v, t_eval=times, **tolerance).y.T for v in starts]
    values = np.array(solved)
    return (values - values.mean((0, 1))) / values.std((0, 1))


class Windows(Task):
    """From the first state of a window, the rest of it."""

    input_names, chance = (), 1.0

    def __init__(self, name, series, units, steps):
        self.name, self.output_names = name, tuple("xyz"[: series.shape[2]])
        self.series, self.units, self.steps = torch.tensor(series, dtype=torch.float32), units, steps

    def sample(self, batch, generator):
        """Windows from anywhere."""
        rows = torch.randint(len(self.series), (batch, 1), generator=generator)
        first = torch.randint(self.series.shape[1] - self.steps, (batch, 1), generator=generator)
        window = self.series[rows, first + torch.arange(self.steps + 1)]
        initial = torch.zeros(batch, self.units)
        initial[:, : len(self.output_names)] = window[:, 0]
        return Batch(torch.zeros(batch, self.steps, 0), window[:, 1:], initial=initial)


def train(task, iterations):
    """One network with ten ReLUs, to a file."""
    recipe = Recipe(
        iterations=iterations, batch=32, lr=5e-3, hold=0.3, final_lr=0.01, curriculum=0.0, init="data_gates",
        evaluations=4,
    )  # fmt: skip
    trainer = Trainer(task, [Member(10, 0)], task.units, recipe)
    trainer.run()
    network = trainer.network(0)
    network.metadata["output_names"] = list(task.output_names)
    path = Path(f"{task.name}.safetensors")
    pa.save(network, path)
    kinds = [str(point.stability) for point in network.fixed_points() if np.abs(point.output).max() < 4]
    print(f"{path}: error {trainer.test_scores()[0]:.2g}, fixed points {', '.join(kinds)}")


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    wells = rng.uniform([-1.6, -1.2], [1.6, 1.2], (200, 2))
    train(Windows("double_well", trajectories(double_well, wells, 0, 0.1, 200), 14, 30), 4000)
    scrolls = 0.1 * rng.normal(size=(20, 3)) + [0.1, 0, 0]
    train(Windows("three_scrolls", trajectories(three_scrolls, scrolls, 100, 0.05, 2000), 16, 40), 12_000)
