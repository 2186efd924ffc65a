"""The AL-RNN as a torch module, alone or as a stack of models that train at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole
from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.errors import ModelError
from plrnn_analysis.network import Network

from .initialisation import initial_weights
from .sequence import Forcing, sequence_states

__all__ = ["ALRNN"]


@checked
class ALRNN(nn.Module):
    """Almost-linear RNN ``z_t = A z_{t-1} + W phi(z_{t-1}) + C s_t + h``, ``y_t = B z_t + b``.

    phi is a ReLU on the last P units and the identity on the others; A is diagonal.

    Parameters
    ----------
    n_units : int
        M.
    pwl_units : int or sequence of int
        P. A sequence makes a stack of E models, one entry per model, with their own P: every parameter then has a
        leading axis E.
    n_inputs, n_outputs : int
        K and N.
    init : str, optional
        Name of the initialisation, see :mod:`plrnn_training.initialisation`.
    generators : torch.Generator or sequence of torch.Generator, optional
        One per model; where not given, torch's global seed starts them.

    Attributes
    ----------
    A, h : (M,) or (E, M) Parameter
    W : (M, M) or (E, M, M) Parameter
    C : (M, K) or (E, M, K) Parameter
    B : (N, M) or (E, N, M) Parameter
    b : (N,) or (E, N) Parameter
    pwl_units : () or (E,) Tensor of int
        Stored with the weights, so that a state dict says which units have a ReLU.

    Raises
    ------
    ModelError
        On sizes that do not make a model.

    Notes
    -----
    Source: Brenner et al., NeurIPS 2024, arXiv:2410.14240.
    """

    def __init__(
        self,
        n_units: int,
        pwl_units: int | Sequence[int],
        n_inputs: int,
        n_outputs: int,
        *,
        init: str = "gated",
        generators: torch.Generator | Sequence[torch.Generator] | None = None,
    ) -> None:
        super().__init__()
        self.stacked = not isinstance(pwl_units, int)
        members = [pwl_units] if isinstance(pwl_units, int) else [int(p) for p in pwl_units]
        if n_units < 1 or n_inputs < 0 or n_outputs < 1 or not members:
            raise ModelError(
                f"a model needs at least one unit and one output, got n_units={n_units}, n_inputs={n_inputs}, "
                f"n_outputs={n_outputs}, n_models={len(members)}"
            )
        for p in members:
            whole("pwl_units", p, 0, n_units, remark=f"(the model has {count_words(n_units, 'unit')})")
        if generators is None:
            generators = [torch.Generator().manual_seed(int(torch.randint(2**62, (1,)))) for _ in members]
        elif isinstance(generators, torch.Generator):
            generators = [generators]
        if len(generators) != len(members):
            raise ModelError(f"give one generator per model: {len(members)} expected, got {len(generators)}")
        self.n_units, self.n_inputs, self.n_outputs = n_units, n_inputs, n_outputs
        weights = [
            initial_weights(init, n_units, p, n_inputs, n_outputs, g) for p, g in zip(members, generators, strict=True)
        ]
        stack = {name: torch.stack([w[name] for w in weights]) for name in weights[0]}
        for name, value in stack.items():
            setattr(self, name, nn.Parameter(value if self.stacked else value[0]))
        self.register_buffer("pwl_units", torch.tensor(members if self.stacked else members[0]))
        self._n_tail = max(members)
        index = torch.arange(n_units)
        floor = torch.zeros(len(members), n_units)
        floor[index < n_units - torch.tensor(members).unsqueeze(1)] = -torch.inf
        self.register_buffer("_floor", floor, persistent=False)

    A: Tensor
    W: Tensor
    C: Tensor
    h: Tensor
    B: Tensor
    b: Tensor
    pwl_units: Tensor
    _floor: Tensor

    @classmethod
    def from_networks(cls, networks: Sequence[Network]) -> ALRNN:
        """A stack with the weights of given AL-RNNs, each with ReLUs on units of its own.

        Parameters
        ----------
        networks : sequence of Network
            AL-RNNs of equal sizes with a diagonal A and a readout.

        Returns
        -------
        ALRNN

        Raises
        ------
        ModelError
            If one of them is no such network.
        """
        if not len(networks):
            raise ModelError("networks must hold at least one network, got none")
        first = networks[0]
        if any(n.relu_units is None or n.parameters["A"].ndim != 1 or n.B is None for n in networks):
            raise ModelError("a stack is made of AL-RNNs with a diagonal A and a readout B")
        stack = cls(
            first.n_units,
            [n.pwl_units for n in networks],
            first.n_inputs,
            first.n_outputs,
            generators=[torch.Generator() for _ in networks],
        )
        with torch.no_grad():
            for index, network in enumerate(networks):
                p = network.parameters
                weights = {"A": p["A"], "W": p["W"], "h": p["h"], "C": network.map.C, "B": network.B, "b": network.b}
                for name, value in weights.items():
                    parameter = getattr(stack, name)[index]
                    parameter.copy_(torch.zeros(()) if value is None else torch.from_numpy(np.array(value)))
                stack._floor[index] = -torch.inf
                stack._floor[index, list(network.relu_units or ())] = 0.0
        stack._n_tail = first.n_units - min((u for n in networks for u in n.relu_units or ()), default=first.n_units)
        return stack

    @property
    def relu_units(self) -> tuple[int, ...]:
        """Which units of a single model have a ReLU."""
        if self.stacked:
            raise ModelError("every model of a stack has its own ReLU units: ask one of them, model.member(i)")
        return self.relu_units_of(0)

    def relu_units_of(self, index: int) -> tuple[int, ...]:
        """Which units of one model of the stack have a ReLU."""
        index = self._index("index", index)
        return tuple(int(i) for i in torch.nonzero(self._floor[index] == 0.0).flatten())

    @property
    def n_models(self) -> int:
        """Number of models in the stack; 1 for a single model."""
        return self._floor.shape[0]

    @property
    def cores(self) -> Mapping[str, ALRNN]:
        """The AL-RNNs inside, as for every stack: this one."""
        return {"": self}

    def driving(self, inputs: Tensor) -> Tensor:
        """What reaches the network: the inputs themselves, (E, batch, T, K)."""
        return inputs.expand(self.n_models, *inputs.shape) if inputs.ndim == 3 else inputs

    def states(
        self, inputs: Tensor, z0: Tensor | None = None, last: int | None = None, forcing: Forcing | None = None
    ) -> Tensor:
        """States after each input.

        Parameters
        ----------
        inputs : (batch, T, K) or (E, batch, T, K) Tensor
            A stack takes either; inputs without the leading axis go to every model.
        z0 : (batch, M) or (E, batch, M) Tensor, optional
            Zero by default.
        last : int, optional
            Return only this many steps, counted from the end.
        forcing : Forcing, optional
            Observations that pull states towards themselves on the way.

        Returns
        -------
        (..., batch, T, M) Tensor
            With the leading axis E for a stack.
        """
        return self._leading(self._time_major(inputs, z0, last, forcing).permute(1, 2, 0, 3))

    def forward(self, inputs: Tensor, z0: Tensor | None = None, last: int | None = None) -> Tensor:
        """Outputs ``B z_t + b``; parameters as in :meth:`states`, result (..., batch, T, N)."""
        states = self._time_major(inputs, z0, last).permute(1, 2, 0, 3)
        B, b = (self.B, self.b) if self.stacked else (self.B.unsqueeze(0), self.b.unsqueeze(0))
        return self._leading(states @ B.mT.unsqueeze(1) + b[:, None, None])

    def member(self, index: int) -> ALRNN:
        """One model of the stack as a module of its own (a copy)."""
        if not self.stacked:
            raise ModelError("only a stack of models has members")
        index = self._index("index", index)
        p = int(self.pwl_units[index])
        single = ALRNN(self.n_units, p, self.n_inputs, self.n_outputs, generators=torch.Generator())
        single.to(device=self.A.device, dtype=self.A.dtype)
        with torch.no_grad():
            for name, value in self.named_parameters():
                getattr(single, name).copy_(value[index])
            single._floor.copy_(self._floor[index : index + 1])
        single._n_tail = self._n_tail
        return single

    def members(self, indices: Sequence[int]) -> ALRNN:
        """Some models of the stack, in that order, as a stack of their own (a copy)."""
        if not self.stacked:
            raise ModelError("only a stack of models has members")
        indices = [self._index("indices", index) for index in indices]
        chosen = [int(self.pwl_units[i]) for i in indices]
        generators = [torch.Generator() for _ in chosen]
        stack = ALRNN(self.n_units, chosen, self.n_inputs, self.n_outputs, generators=generators)
        stack.to(device=self.A.device, dtype=self.A.dtype)
        with torch.no_grad():
            for name, value in self.named_parameters():
                getattr(stack, name).copy_(value[list(indices)])
            stack._floor.copy_(self._floor[list(indices)])
        stack._n_tail = self._n_tail
        return stack

    def reinitialise(self, index: int, init: str, generator: torch.Generator) -> None:
        """Give one model of the stack new initial weights, drawn from `generator`."""
        if not self.stacked:
            raise ModelError("only a stack of models has members")
        index = self._index("index", index)
        weights = initial_weights(
            init, self.n_units, int(self.pwl_units[index]), self.n_inputs, self.n_outputs, generator
        )
        with torch.no_grad():
            for name, value in weights.items():
                getattr(self, name)[index].copy_(value)

    def _index(self, name: str, index: int) -> int:
        remark = f"(there are {count_words(self.n_models, 'model')})"
        return whole(name, index, 0, self.n_models - 1, remark=remark)

    def _time_major(
        self, inputs: Tensor, z0: Tensor | None, last: int | None, forcing: Forcing | None = None
    ) -> Tensor:
        if inputs.ndim == 3:
            inputs = inputs.expand(self.n_models, *inputs.shape)
        if inputs.ndim != 4 or inputs.shape[0] != self.n_models or inputs.shape[-1] != self.n_inputs:
            raise ModelError(
                f"inputs must have shape (batch, T, {self.n_inputs}) or ({self.n_models}, batch, T, {self.n_inputs}), "
                f"got {tuple(inputs.shape)}"
            )
        n_steps = inputs.shape[2]
        last = n_steps if last is None else last
        last = whole("last", last, 1, n_steps, remark=f"(the sequence has {n_steps} steps)")
        if z0 is not None:
            z0 = z0.expand(self.n_models, inputs.shape[1], self.n_units).contiguous()
        A, W, C, h = (p if self.stacked else p.unsqueeze(0) for p in (self.A, self.W, self.C, self.h))
        return sequence_states(A, W, C, h, inputs, self._floor, self._n_tail, n_steps - last, z0, forcing)

    def _leading(self, value: Tensor) -> Tensor:
        return value if self.stacked else value[0]
