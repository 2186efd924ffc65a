"""The diagonal linear recurrent unit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole

from .stacked import Recurrent, RunState

__all__ = ["LinearRecurrentUnit"]


@checked
class LinearRecurrentUnit(Recurrent):
    """A stack of diagonal linear recurrent units ``x_t = λ x_{t-1} + γ B s_t``, ``y_t = Re(C x_t) + D s_t + b``.

    x is complex; λ = exp(-exp(ν) + iθ) with θ = exp(θ'), so that ``|λ| < 1`` whatever is learnt; γ = exp(γ'). There is
    no nonlinearity at all: it can do what a network without ReLU can, and no more.

    Parameters
    ----------
    n_units : int
        M real numbers of state: M/2 complex units, rounded up.
    n_inputs, n_outputs : int
        K and N.
    generators : sequence of torch.Generator
        One per model.

    Attributes
    ----------
    nu, theta, gamma : (E, H) Parameter
        ν, θ' and γ'.
    B_real, B_imag : (E, H, K) Parameter
    C_real, C_imag : (E, N, H) Parameter
    D : (E, N, K) Parameter
    b : (E, N) Parameter

    Notes
    -----
    Moduli of λ start uniformly on the unit disk, phases on the circle; γ starts at ``√(1 - |λ|²)``, which keeps the
    size of x. Source: Orvieto et al., ICML 2023, arXiv:2303.06349, section 3; only its stacking with perceptrons is
    left out.

    Examples
    --------
    >>> unit = LinearRecurrentUnit(6, 2, 1, [torch.Generator().manual_seed(0)])
    >>> zero, one, two = (unit(torch.full((1, 5, 2), value)) for value in (0.0, 1.0, 2.0))
    >>> torch.allclose(two - one, one - zero, atol=1e-6)
    True
    """

    nu: Tensor
    theta: Tensor
    gamma: Tensor
    B_real: Tensor
    B_imag: Tensor
    C_real: Tensor
    C_imag: Tensor
    D: Tensor
    b: Tensor

    def __init__(self, n_units: int, n_inputs: int, n_outputs: int, generators: Sequence[torch.Generator]) -> None:
        self.n_complex = (whole("n_units", n_units, 1) + 1) // 2
        super().__init__(n_inputs, n_outputs, generators)

    def draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Initial parameters of one model, as published."""
        h, k, n = self.n_complex, self.n_inputs, self.n_outputs

        def normal(*shape: int, variance: float) -> Tensor:
            return math.sqrt(variance) * torch.randn(*shape, generator=generator)

        # Uniform in area: the square of the modulus is uniform.
        square = torch.rand(h, generator=generator).clamp(1e-6, 1 - 1e-6)
        nu = torch.log(-0.5 * torch.log(square))
        theta = torch.log(2 * math.pi * torch.rand(h, generator=generator).clamp(min=1e-6))
        return {
            "nu": nu,
            "theta": theta,
            "gamma": 0.5 * torch.log1p(-square),
            "B_real": normal(h, k, variance=0.5 / k),
            "B_imag": normal(h, k, variance=0.5 / k),
            "C_real": normal(n, h, variance=0.5 / h),
            "C_imag": normal(n, h, variance=0.5 / h),
            "D": normal(n, k, variance=1.0 / k),
            "b": torch.zeros(n),
        }

    def eigenvalues(self) -> Tensor:
        """λ of every model, (E, H) complex."""
        return torch.exp(torch.complex(-torch.exp(self.nu), torch.exp(self.theta)))

    def run(self, inputs: Tensor, start: tuple[Tensor, ...] | None, last: int | None) -> tuple[Tensor, RunState]:
        """Outputs (E, batch, S, N) at the last steps, and the state in which the sequence ends, as real numbers."""
        if last is not None:
            whole("last", last, 1)
        value = self.eigenvalues().unsqueeze(1)
        written = torch.exp(self.gamma)[:, None, None] * torch.complex(
            inputs @ self.B_real.mT.unsqueeze(1), inputs @ self.B_imag.mT.unsqueeze(1)
        )
        x = torch.zeros_like(written[:, :, 0]) if start is None else self._complex(start[0])
        states = []
        for step in written.unbind(2):
            x = value * x + step
            states.append(x)
        kept = torch.stack(states if last is None else states[-last:], dim=2)
        outputs = kept.real @ self.C_real.mT.unsqueeze(1) - kept.imag @ self.C_imag.mT.unsqueeze(1)
        seen = inputs if last is None else inputs[:, :, -last:]
        end = torch.cat([x.real, x.imag], dim=-1)
        return outputs + seen @ self.D.mT.unsqueeze(1) + self.b[:, None, None], (end,)

    def _complex(self, state: Tensor) -> Tensor:
        """Real parts first; a state of one number less, for an odd M, ends in a zero."""
        missing = 2 * self.n_complex - state.shape[-1]
        state = torch.nn.functional.pad(state, (0, missing))
        real, imaginary = state.split(self.n_complex, dim=-1)
        return torch.complex(real.contiguous(), imaginary.contiguous())
