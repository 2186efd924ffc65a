"""One ReLU fewer: what each replacement changes on the states that a network visits, and the network after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plrnn_analysis.model import PLRNN

__all__ = ["Replacement", "Visited", "closed_form", "possible_replacements", "replaced", "visited_states"]

#: Replacements by name; where ``"fitted"`` changes no less than one of the others it is left out.
KINDS = ("linear", "off", "fitted")


@dataclass(frozen=True, eq=False)
class Visited:
    """States from which a network makes a step, and what came in at that step.

    Attributes
    ----------
    states : (n, M) ndarray
    inputs : (n, K) ndarray
    """

    states: np.ndarray
    inputs: np.ndarray


@dataclass(frozen=True)
class Replacement:
    """One ReLU replaced by the straight line ``slope · y + offset`` of its argument y.

    Attributes
    ----------
    unit : int
        The state unit of an AL-RNN, else the number of the ReLU.
    kind : str
        ``"linear"`` (slope 1) or ``"off"`` (slope 0), both as in :meth:`plrnn_analysis.PLRNN.ablate`, or ``"fitted"``:
        the least-squares line on the visited states.
    slope, offset : float
    deviation : float
        Root mean square of the change that it makes to a step, over the visited states, relative to their spread.
    """

    unit: int
    kind: str
    slope: float
    offset: float
    deviation: float


def closed_form(network: PLRNN) -> PLRNN:
    """The same map in a form that loses ReLUs without leaving its kind, and with a readout.

    Parameters
    ----------
    network : PLRNN

    Returns
    -------
    PLRNN
        An AL-RNN whose A is diagonal stays what it is; every other network becomes the shallow PLRNN with a full A and
        the same states. Without a readout the outputs are the units.
    """
    B = np.eye(network.n_units) if network.B is None else network.B
    b = np.zeros(len(B)) if network.b is None else network.b
    p = network.parameters
    if network.architecture == "al_rnn" and p["A"].ndim == 1:
        made = PLRNN.al_rnn(p["A"], p["W"], p["h"], relu_units=network.relu_units, C=network.map.C, B=B, b=b)
    else:
        map = network.map
        made = PLRNN.shallow(map.A, map.W, map.V, map.h, map.c, C=map.C, E=map.E, B=B, b=b)
    made.metadata.update(network.metadata)
    return made.with_trials(network.trials)


def visited_states(
    network: PLRNN, inputs: np.ndarray, initial: np.ndarray | None, lengths: np.ndarray | None = None
) -> Visited:
    """States on the way of driven trajectories.

    Parameters
    ----------
    network : PLRNN
    inputs : (batch, T, K) ndarray
    initial : (batch, M) ndarray or None
        Zero where None.
    lengths : (batch,) ndarray of int or None
        Valid steps of each trajectory; what follows is padding.

    Returns
    -------
    Visited
        Without padding, and without those of trajectories that have diverged.
    """
    run = network.run(inputs, initial, lengths=lengths)
    states = run.states
    first = np.zeros((len(states), network.n_units)) if initial is None else np.asarray(initial, dtype=np.float64)
    before = np.concatenate([first[:, None], states[:, :-1]], axis=1)
    kept = np.isfinite(before).all(axis=2) & run.valid
    return Visited(before[kept], np.asarray(inputs, dtype=np.float64)[kept])


def possible_replacements(network: PLRNN, labels: tuple[int, ...], visited: Visited) -> list[Replacement]:
    """Every ReLU with every replacement, those first that change the steps least.

    Parameters
    ----------
    network : PLRNN
        In the form of :func:`closed_form`.
    labels : tuple of int
        What the network's ReLUs are called, in their order.
    visited : Visited

    Returns
    -------
    list of Replacement

    Notes
    -----
    O(n M P) for n states: a replaced ReLU changes a step by its column of W times a number.
    """
    map = network.map
    arguments = visited.states @ map.V.T + visited.inputs @ map.E.T + map.c
    spread = float(np.sqrt(visited.states.var(axis=0).sum())) or 1.0
    found = []
    for index, label in enumerate(labels):
        y, size = arguments[:, index], float(np.linalg.norm(map.W[:, index])) / spread
        lines = {"linear": (1.0, 0.0), "off": (0.0, 0.0), "fitted": _line(y)}
        deviations = {
            kind: size * float(np.sqrt(np.mean((np.maximum(y, 0.0) - slope * y - offset) ** 2)))
            for kind, (slope, offset) in lines.items()
        }
        if deviations["fitted"] >= min(deviations["linear"], deviations["off"]):
            del deviations["fitted"]
        found += [Replacement(label, kind, *lines[kind], deviation) for kind, deviation in deviations.items()]
    return sorted(found, key=lambda r: (r.deviation, r.unit, KINDS.index(r.kind)))


def replaced(network: PLRNN, labels: tuple[int, ...], replacement: Replacement) -> tuple[PLRNN, tuple[int, ...]]:
    """The network with the replacement made, and what its remaining ReLUs are called.

    Parameters
    ----------
    network : PLRNN
        In the form of :func:`closed_form`.
    labels : tuple of int
    replacement : Replacement

    Returns
    -------
    PLRNN
    tuple of int
    """
    index = labels.index(replacement.unit)
    p = {name: value.copy() for name, value in network.parameters.items()}
    slope, offset = replacement.slope, replacement.offset
    left = labels[:index] + labels[index + 1 :]
    if network.relu_units is not None:
        unit = network.relu_units[index]
        p["h"] += offset * p["W"][:, unit]
        p["W"][:, unit] *= slope
        units = tuple(u for u in network.relu_units if u != unit)
        return PLRNN("al_rnn", p, units, network.B, network.b, network.metadata, network.trials), left
    column, row = p["W1"][:, index], p["W2"][index]
    p["A"] += slope * np.outer(column, row)
    p["h1"] += (slope * p["h2"][index] + offset) * column
    if "E" in p:
        p["C"] = network.map.C + slope * np.outer(column, p["E"][index])
        p["E"] = np.delete(p["E"], index, axis=0)
    p["W1"], p["W2"] = np.delete(p["W1"], index, axis=1), np.delete(p["W2"], index, axis=0)
    p["h2"] = np.delete(p["h2"], index)
    return PLRNN("shallow", p, None, network.B, network.b, network.metadata, network.trials), left


def _line(y: np.ndarray) -> tuple[float, float]:
    """Slope and offset of the least-squares line through (y, relu(y))."""
    rectified = np.maximum(y, 0.0)
    centred = y - y.mean()
    size = float(centred @ centred)
    slope = float(centred @ rectified) / size if size > 0 else 0.0
    return slope, float(rectified.mean() - slope * y.mean())
