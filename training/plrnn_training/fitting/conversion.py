"""Networks between the units of the data and those of training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from plrnn_analysis.errors import ModelError
from plrnn_analysis.model import PLRNN
from plrnn_analysis.reconstruction import start_states

from .series import Series
from .windows import Standardisation

__all__ = ["Given", "in_units_of_data", "own_standardisation"]


def own_standardisation(network: PLRNN, of_data: Standardisation) -> Standardisation:
    """The standardisation under which a network's first units are the channels; that of the data if there is none."""
    if not _reads_units(network):
        return of_data
    mean = np.zeros(network.n_outputs) if network.b is None else network.b
    assert network.B is not None  # it reads its units
    return replace(of_data, mean=mean, scale=np.diagonal(network.B).copy())


def _reads_units(network: PLRNN) -> bool:
    """Whether each output is one of the first units, but for its unit of measurement."""
    n = network.n_outputs
    if network.B is None or n > network.n_units:
        return False
    scale = np.diagonal(network.B)
    return bool(np.all(scale > 0) and np.array_equal(network.B, np.eye(n, network.n_units) * scale[:, None]))


@dataclass(frozen=True, eq=False)
class Given:
    """A network in the units of training, and the affine map from a first observation to a state.

    Attributes
    ----------
    network : PLRNN
    begin : (M, N) ndarray
    begin_offset : (M,) ndarray
    identity : bool
        Whether its first units are the channels.
    """

    network: PLRNN
    begin: np.ndarray
    begin_offset: np.ndarray
    identity: bool

    @classmethod
    def of(cls, network: PLRNN, standardisation: Standardisation) -> Given:
        """From an AL-RNN in the units of the data.

        Raises
        ------
        ModelError
            If it is no AL-RNN with a diagonal A and a readout.
        """
        s, p = standardisation, network.parameters
        if network.relu_units is None or p["A"].ndim != 1 or network.B is None:
            readout = "" if network.B is not None else " without a readout"
            raise ModelError(
                "teacher forcing goes on from AL-RNNs with a diagonal A and a readout B, this is "
                f"{network.architecture}{readout}"
            )
        C = network.map.C
        b = np.zeros(network.n_outputs) if network.b is None else network.b
        # The state to begin with is affine in the observation: its value at the mean, and one scale from there.
        at_mean = start_states(network, s.mean)[0]
        begin = (start_states(network, s.mean + np.diag(s.scale)) - at_mean).T
        inside = PLRNN.al_rnn(
            p["A"],
            p["W"],
            p["h"] + C @ s.input_mean,
            relu_units=network.relu_units,
            C=C * s.input_scale if network.n_inputs else None,
            B=network.B / s.scale[:, None],
            b=(b - s.mean) / s.scale,
        )
        return cls(inside, begin, at_mean, _reads_units(network))


def in_units_of_data(
    weights: Mapping[str, Tensor], relu_units: tuple[int, ...], s: Standardisation, training: Series
) -> PLRNN:
    """A network as it was trained, for analysis.

    Parameters
    ----------
    weights : mapping of str to Tensor
        A, W, C, h, B, b, and the affine map from a first observation to a state: begin, begin_offset.
    relu_units : tuple of int
    s : Standardisation
    training : Series
        For names and dt.

    Returns
    -------
    PLRNN
        Standardisation is undone in the readout (B, b) and done in C and h; ``initial_state`` in its metadata is the
        affine map, of a first observation in the units of the data.
    """
    w = {name: value.to("cpu", torch.float64).numpy() for name, value in weights.items()}
    C = w["C"] / s.input_scale
    begin = w["begin"] / s.scale
    network = PLRNN.al_rnn(
        w["A"],
        w["W"],
        w["h"] - C @ s.input_mean,
        relu_units=relu_units,
        C=C if training.n_inputs else None,
        B=w["B"] * s.scale[:, None],
        b=w["b"] * s.scale + s.mean,
    )
    network.metadata.update(
        input_names=list(training.input_names),
        output_names=list(training.names),
        dt=training.dt,
        initial_state={"matrix": begin.tolist(), "offset": (w["begin_offset"] - begin @ s.mean).tolist()},
    )
    return network
