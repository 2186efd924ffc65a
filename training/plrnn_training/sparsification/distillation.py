"""A network's own trajectories as a task: what trains others to do as it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from plrnn_analysis.errors import ModelError
from plrnn_analysis.model import PLRNN
from plrnn_analysis.results import FixedPoint

from ..tasks import Batch, Task
from ..tasks.fingerprint import fingerprint
from .free_runs import channel_scales
from .keeping import Reference, network_outputs, probes_of
from .settings import SparsifySettings

__all__ = ["DistillationTask", "distillation", "starting_states"]

RUNS, STEPS = 64, 1000
# Spread of states, in spreads of those that runs start from, below which all have come to rest.
REST = 1e-6
# Steps of a window.
WINDOW = 30
# Standard deviations of the noise on starting states, in spreads of the visited states: near and far.
NOISE = (0.03, 0.3)


def starting_states(
    network: PLRNN, probes: Mapping[str, Sequence[float]], seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """States that a network visits when left to itself, and the probe under which it does.

    Parameters
    ----------
    network : PLRNN
    probes : mapping of str to sequence of float
        Constant inputs.
    seed : int, optional

    Returns
    -------
    (n, M) ndarray
        From runs that start at standard normal states and go on for 1000 steps: the states of their second half.
    (n,) ndarray of int
        The number of the probe.

    Raises
    ------
    ModelError
        If every run diverges, or all come to rest at one point, which nothing can be learnt from.
    """
    found, under = [], []
    for index, held in enumerate(probes.values()):
        run = network.simulate(STEPS, n=RUNS, constant_input=list(held) or None, seed=seed)
        # A run that leaves every bound may still be finite here.
        size = np.abs(run.states[:, STEPS // 2 :]).max(axis=(1, 2))
        stays = np.isfinite(size) & (size <= 10 * np.abs(run.states[:, : STEPS // 2]).max(axis=(1, 2)) + 1)
        states = run.states[stays, STEPS // 2 :: 7].reshape(-1, network.n_units)
        found.append(states)
        under.append(np.full(len(states), index))
    states = np.concatenate(found)
    if not len(states):
        raise ModelError(
            "every free run of the network from standard normal states diverges: give states that it visits, or trials"
        )
    if states.std(axis=0).max() <= REST:
        raise ModelError(
            "every free run of the network comes to rest at the same point, which says nothing about what it computes "
            "with its inputs: give trials, or a series"
        )
    return states, np.concatenate(under)


class DistillationTask(Task):
    """From a state of the original network, give the outputs that it gives over the next steps.

    Parameters
    ----------
    network : PLRNN
        The original, with a readout.
    probes : mapping of str to sequence of float
        Constant inputs; every window is under one of them.
    states : (n, M) ndarray
        States that it visits.
    under : (n,) ndarray of int
        Under which probe.
    points : sequence of (str, FixedPoint)
        Fixed points, with their probe; a third of the windows start near one of them.
    window : int
        Steps of a window.
    windows : int
        How many for training; a quarter as many for validation, and again for the test.
    seed : int

    Notes
    -----
    Windows start at visited states and near fixed points, with small or large noise. Errors are relative to the
    variance of each output over the windows, so that an answer that does not look at the state has 1.
    """

    name, chance = "distillation", 1.0
    scored_steps = None

    def __init__(
        self,
        network: PLRNN,
        probes: Mapping[str, Sequence[float]],
        states: np.ndarray,
        under: np.ndarray,
        points: Sequence[tuple[str, FixedPoint]],
        window: int,
        windows: int,
        seed: int,
    ) -> None:
        self.probes = dict(probes)
        names = network.metadata
        self.input_names = tuple(names.get("input_names") or (f"input {i + 1}" for i in range(network.n_inputs)))
        self.output_names = tuple(names.get("output_names") or (f"output {i + 1}" for i in range(network.n_outputs)))
        self._settings = {"window": window, "windows": windows}
        rng = np.random.default_rng([seed, 1])
        held = np.array([list(value) for value in probes.values()], dtype=np.float64).reshape(len(probes), -1)
        spread = states.std(axis=0)
        parts = {"training": windows, "validation": max(50, windows // 4), "test": max(50, windows // 4)}
        self._parts = {}
        for part, n in parts.items():
            initial, probe = _starts(states, under, points, list(probes), spread, n, rng)
            inputs = np.repeat(held[probe][:, None], window, axis=1)
            outputs = network.run(inputs, initial).outputs
            assert outputs is not None  # it has a readout
            finite = np.isfinite(outputs).all(axis=(1, 2))
            self._parts[part] = [initial[finite], inputs[finite], outputs[finite]]
        if not len(self._parts["training"][0]):
            raise ModelError("the network diverges from every state that it was started at")
        self._scale = channel_scales(self._parts["training"][2].reshape(-1, network.n_outputs))
        self._tensors = {
            part: [torch.from_numpy(array.astype(np.float32)) for array in arrays]
            for part, arrays in self._parts.items()
        }

    def sample(self, batch: int, generator: torch.Generator) -> Batch:
        """Draw training windows, with replacement."""
        initial, inputs, targets = self._tensors["training"]
        rows = torch.randint(len(initial), (batch,), generator=generator)
        return Batch(inputs[rows], targets[rows], initial=initial[rows])

    def held_out(self, part: str, trials: int, generator: torch.Generator) -> Batch:
        """Windows that nothing is trained on, the same at every call."""
        initial, inputs, targets = (t[:trials] for t in self._tensors["test" if part == "test" else "validation"])
        return Batch(inputs, targets, initial=initial)

    @property
    def score_name(self) -> str:
        """The error relative to the variance."""
        return "relative error"

    def loss(self, outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
        """Mean squared error in variances of each output."""
        scale = torch.as_tensor(1.0 / self._scale, dtype=outputs.dtype, device=outputs.device)
        return super().loss(outputs * scale, targets * scale, mask)

    def score(self, outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
        """As the loss."""
        return self.loss(outputs, targets, mask)

    def metadata(self) -> dict[str, Any]:
        """Sizes and a fingerprint of the windows."""
        return {"task": self.name, **self._settings, "data": fingerprint(*self._parts["training"])}


def _starts(
    states: np.ndarray,
    under: np.ndarray,
    points: Sequence[tuple[str, FixedPoint]],
    probes: list[str],
    spread: np.ndarray,
    n: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Starting states (n, M) and the number of the probe of each."""
    rows = rng.integers(len(states), size=n)
    initial, probe = states[rows].copy(), under[rows].copy()
    if points:
        near = rng.random(n) < 1 / 3
        chosen = rng.integers(len(points), size=n)
        initial[near] = np.array([points[i][1].z for i in chosen[near]]).reshape(-1, states.shape[1])
        probe[near] = [probes.index(points[i][0]) for i in chosen[near]]
    size = rng.choice([0.0, *NOISE], size=(n, 1))
    return initial + size * spread * rng.normal(size=initial.shape), probe


def distillation(network: PLRNN, settings: SparsifySettings, states: Any = None) -> DistillationTask:
    """The task of a network's own trajectories.

    Parameters
    ----------
    network : PLRNN
        With a readout.
    settings : SparsifySettings
    states : (n, M) array_like, optional
        States that it visits, under zero input; by default :func:`starting_states`.

    Raises
    ------
    ModelError
        If every run of it diverges.
    """
    s, probes = settings, probes_of(network, {})
    if states is None:
        visited, under = starting_states(network, probes, s.seed)
    else:
        visited = np.asarray(states, dtype=np.float64).reshape(-1, network.n_units)
        under = np.zeros(len(visited), dtype=int)
    # What counts as near is not known before the windows are: all fixed points within the visited states' reach.
    outputs = network_outputs(network, visited)
    near = Reference(network, probes, outputs, max(1.0, s.margin), s.tolerance, s.time_limit).named_points()
    return DistillationTask(network, probes, visited, under, near, s.window or WINDOW, s.windows, s.seed)
