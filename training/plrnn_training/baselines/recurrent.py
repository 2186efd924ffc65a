"""torch's own recurrent layers as stacks: nn.RNN with ReLU or tanh, GRU, LSTM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import one_of, whole
from plrnn_analysis.model import PLRNN

from .stacked import Recurrent, RunState, uniform

__all__ = ["LAYERS", "RecurrentBaseline", "ReluBaseline"]

#: Recurrent layers by name: from K and M to the module of a single model.
LAYERS: dict[str, Callable[[int, int], nn.RNNBase]] = {
    "rnn": lambda k, m: nn.RNN(k, m, nonlinearity="relu", batch_first=True),
    "tanh": lambda k, m: nn.RNN(k, m, nonlinearity="tanh", batch_first=True),
    "gru": lambda k, m: nn.GRU(k, m, batch_first=True),
    "lstm": lambda k, m: nn.LSTM(k, m, batch_first=True),
}


@checked
class RecurrentBaseline(Recurrent):
    """A stack of recurrent networks as torch computes them, with a linear readout of their states.

    Parameters
    ----------
    layer : {"rnn", "tanh", "gru", "lstm"}
    n_units : int
        M; an LSTM has as many cells beside.
    n_inputs, n_outputs : int
        K and N.
    generators : sequence of torch.Generator
        One per model; all weights start as U(±1/√M), as in torch.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0 : (E, ...) Parameter
        As torch names them.
    B : (E, N, M) Parameter
    b : (E, N) Parameter

    Raises
    ------
    ModelError
        On sizes that do not make a model, or another layer.

    Notes
    -----
    The models run one after the other, each through the library's fused layer.

    Examples
    --------
    >>> stack = RecurrentBaseline("gru", 5, 3, 2, [torch.Generator().manual_seed(s) for s in (0, 1)])
    >>> stack(torch.zeros(4, 9, 3), last=1).shape
    torch.Size([2, 4, 1, 2])
    """

    B: Tensor
    b: Tensor

    def __init__(
        self, layer: str, n_units: int, n_inputs: int, n_outputs: int, generators: Sequence[torch.Generator]
    ) -> None:
        self.layer = one_of("layer", layer, LAYERS)
        self.n_units = whole("n_units", n_units, 1)
        super().__init__(n_inputs, n_outputs, generators)
        # It lends its code; the weights are those of the stack. In a list, or it would count as a part.
        self._template = [LAYERS[layer](n_inputs, n_units).to("meta")]

    def draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Initial parameters of one model: U(±1/√M)."""
        bound = self.n_units**-0.5
        gates = {"gru": 3, "lstm": 4}.get(self.layer, 1) * self.n_units
        shapes = {
            "weight_ih_l0": (gates, self.n_inputs),
            "weight_hh_l0": (gates, self.n_units),
            "bias_ih_l0": (gates,),
            "bias_hh_l0": (gates,),
            "B": (self.n_outputs, self.n_units),
            "b": (self.n_outputs,),
        }
        return {name: uniform(bound, *shape, generator=generator) for name, shape in shapes.items()}

    def run(self, inputs: Tensor, start: tuple[Tensor, ...] | None, last: int | None) -> tuple[Tensor, RunState]:
        """Outputs (E, batch, S, N) at the last steps, and the state in which the sequence ends."""
        if last is not None:
            whole("last", last, 1)
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        several = 2 if self.layer == "lstm" else 1
        given = () if start is None else start
        zero = inputs.new_zeros(*inputs.shape[:2], self.n_units)
        begin = [*given, *[zero] * (several - len(given))]
        states, ends = [], []
        for index in range(self.n_models):
            weights = {name: getattr(self, name)[index] for name in names}
            first = tuple(part[index].unsqueeze(0).contiguous() for part in begin)
            held: Any = first if several > 1 else first[0]
            out, end = functional_call(self._template[0], weights, (inputs[index], held))
            states.append(out if last is None else out[:, -last:])
            ends.append(end if several > 1 else (end,))
        outputs = torch.stack(states) @ self.B.mT.unsqueeze(1) + self.b[:, None, None]
        final = tuple(torch.cat([end[part] for end in ends]) for part in range(several))
        return outputs, final


class ReluBaseline(RecurrentBaseline):
    """A stack of ``nn.RNN(nonlinearity="relu")``: piecewise linear, so that it can be analysed."""

    def __init__(self, n_units: int, n_inputs: int, n_outputs: int, generators: Sequence[torch.Generator]) -> None:
        super().__init__("rnn", n_units, n_inputs, n_outputs, generators)

    def network(self, index: int) -> PLRNN:
        """One of the models, for analysis."""
        names = ("weight_hh_l0", "weight_ih_l0", "bias_ih_l0", "bias_hh_l0", "B", "b")
        own = (getattr(self, name)[index].detach().to("cpu", torch.float64).numpy() for name in names)
        W_hh, W_ih, b_ih, b_hh, B, b = own
        return PLRNN.relu_rnn(W_hh, b_ih + b_hh, W_ih, B=B, b=b)
