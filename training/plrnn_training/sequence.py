"""States of a whole sequence, with a backward pass written by hand.

Autograd records three or more nodes per step and walks them again; here a step costs one matrix product each way and
the operations around it are done in place. The same code runs on every torch device. Small models on a CPU, where even
that is mostly overhead, go through :mod:`plrnn_training.kernels` instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ["COMPILED_STATES", "SMALL_STEP", "Forcing", "eager_states", "sequence_states"]

# Multiply-adds of a step, over all models, below which a second CPU thread costs more than it brings.
SMALL_STEP = 4e6
# Numbers in the states of a step, over all models, up to which compiled loops are quicker than torch's operations.
COMPILED_STATES = 12_000


@dataclass(frozen=True)
class Forcing:
    """Observations that pull a state towards themselves: before step t, z becomes ``z + K gain_t (x_t - B z - b)``.

    B, b and K are constants for the gradient, which flows through z.

    Attributes
    ----------
    gain : (E, T, batch, N) Tensor
        1 replaces the outputs by the observations, 0 leaves them (at steps between, or where a value is missing).
    observations : (E, T, batch, N) Tensor
        Finite, also where the gain is 0.
    B, b : (E, N, M), (E, N) Tensor
        The readout.
    K : (E, M, N) Tensor
        A right inverse of B; the transpose of B if the outputs are units.
    """

    gain: Tensor
    observations: Tensor
    B: Tensor
    b: Tensor
    K: Tensor

    def steps(self) -> list[bool]:
        """For every step, whether it forces anything."""
        return [bool(forced) for forced in (self.gain != 0).any(3).any(2).any(0).cpu()]

    def apply(self, z: Tensor, t: int) -> Tensor:
        """The states (E, batch, M) after forcing."""
        missing = self.gain[:, t] * (self.observations[:, t] - z @ self.B.mT - self.b.unsqueeze(1))
        return z + missing @ self.K.mT

    def pull_back(self, g: Tensor, t: int) -> Tensor:
        """The gradient for the states before forcing, from that for the states after it."""
        return g - (self.gain[:, t] * (g @ self.K)) @ self.B


class _SequenceStates(torch.autograd.Function):
    """``z_t = A z_{t-1} + W max(z_{t-1}, floor) + C s_t + h`` for a stack of models.

    With phi = max(z, floor) and n = z - phi (zero but for inactive ReLU units), A z + W phi = (W + diag A) phi + A n.
    So one product with [W + diag A, C, h] does a step, and n is touched on the last `n_tail` units only.
    """

    @staticmethod
    def forward(
        ctx: Any,
        A: Tensor,
        W: Tensor,
        C: Tensor,
        h: Tensor,
        inputs: Tensor,
        z0: Tensor,
        floor: Tensor,
        n_tail: int,
        first: int,
        forcing: Forcing | None,
    ) -> Tensor:
        n_models, batch, n_steps, n_inputs = inputs.shape
        n_units = A.shape[1]
        tail = slice(n_units - n_tail, n_units)
        J = W + torch.diag_embed(A)
        weights = torch.cat([J, C, h.unsqueeze(2)], dim=2).mT.contiguous()
        A_tail = A[:, None, tail]
        # Everything that a step multiplies, kept for the backward pass: [phi(z_{t-1}), s_t, 1].
        X = inputs.new_empty(n_steps, n_models, batch, n_units + n_inputs + 1)
        X[..., n_units:-1] = inputs.permute(2, 0, 1, 3)
        X[..., -1] = 1.0
        N = inputs.new_empty(n_steps, n_models, batch, n_tail)
        out = inputs.new_empty(n_steps - first, n_models, batch, n_units)
        x, phi, phi_tail = X.unbind(0), X[..., :n_units].unbind(0), X[..., tail].unbind(0)
        n, targets = N.unbind(0), out.unbind(0)
        z, buffer = z0, torch.empty_like(out[0])
        forced = [False] * n_steps if forcing is None else forcing.steps()
        for t in range(n_steps):
            if forcing is not None and forced[t]:
                z = forcing.apply(z, t)
            torch.maximum(z, floor, out=phi[t])
            if n_tail:
                torch.sub(z[..., tail], phi_tail[t], out=n[t])
            z = targets[t - first] if t >= first else buffer
            torch.bmm(x[t], weights, out=z)
            if n_tail:
                z[..., tail].addcmul_(n[t], A_tail)
        ctx.save_for_backward(A, J, C, X, N, floor)
        ctx.n_tail, ctx.first, ctx.forcing, ctx.forced = n_tail, first, forcing, forced
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_out: Tensor) -> tuple[Tensor | None, ...]:
        A, J, C, X, N, floor = ctx.saved_tensors
        n_tail, first = ctx.n_tail, ctx.first
        n_steps, _, _, width = X.shape
        n_units = A.shape[1]
        tail = slice(n_units - n_tail, n_units)
        A_tail = A[:, None, tail]
        x, n = X.unbind(0), N.unbind(0)
        active = (X[..., tail] > floor[..., tail]).unbind(0)
        grad_inputs = X.new_empty(*X.shape[:3], C.shape[2]) if ctx.needs_input_grad[4] else None
        grad_weights = X.new_zeros(A.shape[0], n_units, width)
        grad_n = torch.zeros_like(N[0])
        g = grad_out[-1].clone(memory_format=torch.contiguous_format)
        g_next = torch.empty_like(g)
        for t in range(n_steps - 1, -1, -1):
            grad_weights.baddbmm_(g.mT, x[t])
            if grad_inputs is not None:
                torch.bmm(g, C, out=grad_inputs[t])
            torch.bmm(g, J, out=g_next)
            if n_tail:
                g_tail = g[..., tail]
                grad_n.addcmul_(g_tail, n[t])
                # Through an inactive ReLU only the self-weight carries the gradient.
                torch.where(active[t], g_next[..., tail], g_tail.mul_(A_tail), out=g_next[..., tail])
            g, g_next = g_next, g
            if ctx.forced[t]:
                g = ctx.forcing.pull_back(g, t)
            if t > first:
                g.add_(grad_out[t - 1 - first])
        grad_W = grad_weights[..., :n_units]
        grad_A = grad_W.diagonal(dim1=1, dim2=2).clone()
        grad_A[:, tail] += grad_n.sum(1)
        if grad_inputs is not None:
            grad_inputs = grad_inputs.permute(1, 2, 0, 3)
        grad_C, grad_h = grad_weights[..., n_units:-1], grad_weights[..., -1]
        return grad_A, grad_W, grad_C, grad_h, grad_inputs, g, None, None, None, None


class _CompiledStates(torch.autograd.Function):
    """The same by compiled loops, for small models on a CPU; a stack's models one after another."""

    @staticmethod
    def forward(
        ctx: Any,
        A: Tensor,
        W: Tensor,
        C: Tensor,
        h: Tensor,
        inputs: Tensor,
        z0: Tensor,
        floor: Tensor,
        n_tail: int,
        forcing: Forcing | None,
    ) -> Tensor:
        from .kernels import forward_in_time

        n_models, batch, n_steps, _ = inputs.shape
        n_units = A.shape[1]
        J = W + torch.diag_embed(A)
        driven = inputs.transpose(1, 2).flatten(1, 2)
        states = torch.baddbmm(h.unsqueeze(1), driven, C.mT).view(n_models, n_steps, batch, n_units)
        rectified, negative = torch.empty_like(states), A.new_empty(n_models, n_steps, batch, n_tail)
        if forcing is None:
            none = A.new_empty(n_models, 0, n_units)
            held = [A.new_empty(n_models, n_steps, batch, 0)] * 2 + [none, A.new_empty(n_models, 0), none]
        else:
            held = [forcing.gain, forcing.observations, forcing.B, forcing.b, forcing.K.mT]
        A, floor, z0, *held = (v.contiguous() for v in (A, floor[:, n_units - n_tail :], z0, *held))
        arrays = (J.mT.contiguous(), A, floor, z0, *held, rectified, negative, states)
        forward_in_time(*(value.detach().numpy() for value in arrays))
        gain, _, B, _, K = held
        ctx.save_for_backward(A, J, C, driven, floor, rectified, negative, gain, B, K)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Tensor | None, ...]:
        from .kernels import backward_in_time

        A, J, C, driven, floor, rectified, negative, gain, B, K = ctx.saved_tensors
        # A copy, for autograd may use its tensor again.
        gradients = grad_states.clone(memory_format=torch.contiguous_format)
        grad_z0 = torch.empty_like(rectified[:, 0])
        arrays = (J, A, floor, rectified, gain, B, K, gradients, grad_z0)
        backward_in_time(*(value.numpy() for value in arrays))
        tail = slice(A.shape[1] - floor.shape[1], None)
        flat = gradients.flatten(1, 2)
        grad_W = flat.mT @ rectified.flatten(1, 2)
        grad_A = grad_W.diagonal(dim1=1, dim2=2).clone()
        grad_A[:, tail] += (gradients[..., tail] * negative).sum((1, 2))
        grad_inputs = (gradients @ C.unsqueeze(1)).transpose(1, 2) if ctx.needs_input_grad[4] else None
        return grad_A, grad_W, flat.mT @ driven, flat.sum(1), grad_inputs, grad_z0, None, None, None


def sequence_states(
    A: Tensor,
    W: Tensor,
    C: Tensor,
    h: Tensor,
    inputs: Tensor,
    floor: Tensor,
    n_tail: int,
    first: int = 0,
    z0: Tensor | None = None,
    forcing: Forcing | None = None,
    compiled: bool | None = None,
) -> Tensor:
    """States of E stacked AL-RNNs over a sequence.

    Parameters
    ----------
    A, h : (E, M) Tensor
    W : (E, M, M) Tensor
    C : (E, M, K) Tensor
    inputs : (E, batch, T, K) Tensor
    floor : (E, M) Tensor
        0 for a ReLU unit, minus infinity for a linear one; every model has its own.
    n_tail : int
        All ReLU units of all models are among the last `n_tail`.
    first : int, optional
        Return the states from this step on.
    z0 : (E, batch, M) Tensor, optional
        State before the first step, zero by default.
    forcing : Forcing, optional
        Pulls states towards observations on the way.
    compiled : bool, optional
        Whether to use compiled loops. By default they are used for small models on a CPU, in single or double
        precision, where they are several times faster.

    Returns
    -------
    (T - first, E, batch, M) Tensor
        Time comes first.

    Notes
    -----
    Differentiable once, in everything but `floor` and `forcing`. The derivative of the ReLU at 0 is 0, as in torch.
    Memory: T · E · batch · (M + K + 1 + n_tail) numbers, or 3 T · E · batch · M if compiled.
    """
    if z0 is None:
        z0 = inputs.new_zeros(*inputs.shape[:2], A.shape[1])
    if compiled is None:
        small = A.shape[0] * inputs.shape[1] * A.shape[1] <= COMPILED_STATES
        compiled = small and A.device.type == "cpu" and A.dtype in (torch.float32, torch.float64)
    states: Tensor
    if compiled:
        states = _CompiledStates.apply(A, W, C, h, inputs, z0, floor, n_tail, forcing)
        return states.transpose(0, 1)[first:]
    states = _SequenceStates.apply(A, W, C, h, inputs, z0, floor.unsqueeze(1), n_tail, first, forcing)
    return states


def eager_states(
    A: Tensor,
    W: Tensor,
    C: Tensor,
    h: Tensor,
    inputs: Tensor,
    floor: Tensor,
    n_tail: int = 0,
    first: int = 0,
    z0: Tensor | None = None,
    forcing: Forcing | None = None,
) -> Tensor:
    """The same as :func:`sequence_states` by plain autograd: slow and obvious, for checks and comparisons."""
    z = inputs.new_zeros(*inputs.shape[:2], A.shape[1]) if z0 is None else z0
    states = []
    for t in range(inputs.shape[2]):
        if forcing is not None:
            z = forcing.apply(z, t)
        phi = torch.maximum(z, floor.unsqueeze(1))
        z = A.unsqueeze(1) * z + phi @ W.mT + inputs[:, :, t] @ C.mT + h.unsqueeze(1)
        states.append(z)
    return torch.stack(states[first:])
