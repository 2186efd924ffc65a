"""Any piecewise-linear RNN as a torch module, in the form that all of them share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from plrnn_analysis.errors import ModelError
from plrnn_analysis.model import PLRNN
from plrnn_analysis.network import Network

from .model import ALRNN

__all__ = ["CanonicalRNN"]


class CanonicalRNN(nn.Module):
    """A stack of networks ``z_t = A z_{t-1} + W relu(V z_{t-1} + c + E s_t) + h + C s_t``, ``y_t = B z_t + b``.

    All weights are free, so a network of another architecture becomes a shallow PLRNN with a full A when it is
    trained on. An AL-RNN stays one as :class:`plrnn_training.ALRNN`, which is also faster.

    Parameters
    ----------
    networks : sequence of Network
        Of equal sizes and with a readout.

    Attributes
    ----------
    A, W, V, c, h, C, E, B, b : (n_models, ...) Parameter

    Raises
    ------
    ModelError
        If a network has no readout.
    """

    A: Tensor
    W: Tensor
    V: Tensor
    c: Tensor
    h: Tensor
    C: Tensor
    E: Tensor
    B: Tensor
    b: Tensor

    def __init__(self, networks: Sequence[Network]) -> None:
        super().__init__()
        if any(network.B is None for network in networks):
            raise ModelError("a network that is trained on needs a readout B")
        weights: dict[str, list[np.ndarray]] = {name: [] for name in ("A", "W", "V", "c", "h", "C", "E", "B", "b")}
        for network in networks:
            map, b = network.map, np.zeros(network.n_outputs) if network.b is None else network.b
            values = (map.A, map.W, map.V, map.c, map.h, map.C, map.E, network.B, b)
            for name, value in zip(weights, values, strict=True):
                weights[name].append(np.asarray(value, dtype=np.float32))
        for name, stack in weights.items():
            setattr(self, name, nn.Parameter(torch.from_numpy(np.stack(stack))))
        self._first = [p.detach().clone() for p in self.parameters()]

    @property
    def n_models(self) -> int:
        """Number of networks."""
        return self.h.shape[0]

    @property
    def cores(self) -> Mapping[str, ALRNN]:
        """None: these networks are no AL-RNNs."""
        return {}

    def driving(self, inputs: Tensor) -> Tensor:
        """What reaches the networks: the inputs themselves, (n_models, batch, T, K)."""
        return inputs.expand(self.n_models, *inputs.shape) if inputs.ndim == 3 else inputs

    def reinitialise(self, index: int, init: str, generator: torch.Generator) -> None:
        """Give one of the networks back the weights that it came with; nothing is drawn."""
        with torch.no_grad():
            for parameter, value in zip(self.parameters(), self._first, strict=True):
                parameter[index].copy_(value[index])

    def forward(self, inputs: Tensor, z0: Tensor | None = None, last: int | None = None) -> Tensor:
        """Outputs of every network.

        Parameters
        ----------
        inputs : (batch, T, K) or (n_models, batch, T, K) Tensor
        z0 : (batch, M) or (n_models, batch, M) Tensor, optional
            Zero by default.
        last : int, optional
            Return only this many steps, counted from the end.

        Returns
        -------
        (n_models, batch, T, N) Tensor
        """
        n_models, n_units = self.h.shape
        if inputs.ndim == 3:
            inputs = inputs.expand(n_models, *inputs.shape)
        batch, n_steps = inputs.shape[1:3]
        z = inputs.new_zeros(n_models, batch, n_units) if z0 is None else z0.expand(n_models, batch, n_units)
        outside = inputs @ self.C.mT.unsqueeze(1) + self.h[:, None, None]
        inside = inputs @ self.E.mT.unsqueeze(1) + self.c[:, None, None]
        states = []
        for t in range(n_steps):
            argument = z @ self.V.mT + inside[:, :, t]
            z = z @ self.A.mT + argument.relu() @ self.W.mT + outside[:, :, t]
            states.append(z)
        kept = torch.stack(states[-(n_steps if last is None else last) :], dim=2)
        return kept @ self.B.mT.unsqueeze(1) + self.b[:, None, None]

    def network(self, index: int) -> PLRNN:
        """One of the networks, as a shallow PLRNN in float64."""
        p = {name: value[index].detach().to("cpu", torch.float64).numpy() for name, value in self.named_parameters()}
        used = {name: p[name] for name in ("C", "E") if p[name].any()}
        return PLRNN.shallow(p["A"], p["W"], p["V"], p["h"], p["c"], B=p["B"], b=p["b"], **used)
