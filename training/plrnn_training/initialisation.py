"""Initial weights, by name.

``gated`` and ``generic`` come from measurements on the addition task (see the docs page on training): leaky
self-weights and almost no recurrence. Identity self-weights or an orthogonal W failed there. ``leaky`` is for
other tasks with long delays, ``integrators`` for suites of them, ``orthogonal`` for those in which all inputs count
alike, ``data_gates`` for time series, ``small`` is that of the paper's program.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from plrnn_analysis._validation import one_of

__all__ = ["INITIALISATIONS", "initial_weights"]

Weights = dict[str, Tensor]


def _uniform(low: float, high: float, *shape: int, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(*shape, generator=generator)


def _normal(std: float, *shape: int, generator: torch.Generator) -> Tensor:
    return std * torch.randn(*shape, generator=generator)


def generic(n_units: int, pwl_units: int, n_inputs: int, n_outputs: int, generator: torch.Generator) -> Weights:
    """Nothing about the ReLU units beyond their zero self-weight: C ~ N(0, .5²) everywhere and h = 0.

    On addition (T = 100, M = 20, 3000 iterations, 10 seeds) 4 networks with P = 1 and 9 with P = 2 learnt it,
    against 10 and 10 from :func:`gated`. With a second blank step more do: some networks open their gate a step late.
    """
    linear = n_units - pwl_units
    A = torch.zeros(n_units)
    A[:linear] = _uniform(0.8, 1.0, linear, generator=generator)
    return {
        "A": A,
        "W": _normal(0.01, n_units, n_units, generator=generator),
        "C": _normal(0.5, n_units, n_inputs, generator=generator),
        "h": torch.zeros(n_units),
        "B": _normal(0.3 / n_units**0.5, n_outputs, n_units, generator=generator),
        "b": torch.ones(n_outputs),
    }


def gated(n_units: int, pwl_units: int, n_inputs: int, n_outputs: int, generator: torch.Generator) -> Weights:
    """As :func:`generic`, but ReLU units start as weak gates: their rows of C ~ U(.3, .8), their h = -.25.

    It leans towards units that open when several inputs are on at once, and so towards the known solution of the
    addition task; say so where results are quoted.
    """
    weights = generic(n_units, pwl_units, n_inputs, n_outputs, generator)
    linear = n_units - pwl_units
    weights["C"][linear:] = _uniform(0.3, 0.8, pwl_units, n_inputs, generator=generator)
    weights["h"][linear:] = -0.25
    return weights


def leaky(n_units: int, pwl_units: int, n_inputs: int, n_outputs: int, generator: torch.Generator) -> Weights:
    """For tasks that nothing is known about: A = .8 on every unit, W = .2 times a random orthogonal matrix.

    Its eigenvalues are .8 + .2 exp(iθ): a few slow modes near 1, the others decay, and a ReLU unit leaks below zero as
    it does above. C ~ N(0, 1/M), h = -.1 on ReLU units, B ~ N(0, .3²/M).

    On copying at random delays (M = 48, P = 2, 1500 iterations, two seeds) it recalled .83 and .86 of the symbols; with
    .9 or .5 in place of .8 it was .70 to .76 and .65 to .73.
    """
    return _leaking(0.8, n_units, pwl_units, n_inputs, n_outputs, generator)


def orthogonal(n_units: int, pwl_units: int, n_inputs: int, n_outputs: int, generator: torch.Generator) -> Weights:
    """For tasks in which early and late inputs count alike: A = 0, W a random orthogonal matrix, the rest as `leaky`.

    Without ReLUs nothing is forgotten and nothing grows. On contextual integration (M = 10, 600 iterations) three of
    three networks with P = 1, 2 and 5 reached .97.
    """
    return _leaking(0.0, n_units, pwl_units, n_inputs, n_outputs, generator)


def small(n_units: int, pwl_units: int, n_inputs: int, n_outputs: int, generator: torch.Generator) -> Weights:
    """As in the paper's program: W, h and the A of ReLU units ~ N(0, .01²), C and B ~ N(0, .1²); A = 0 elsewhere.

    Such networks forget at once: memory has to come from manifold-attractor regularisation (``tau``).

    Source: Brenner & Koppe, 2026, arXiv:2506.07919.
    """
    A = torch.zeros(n_units)
    A[n_units - pwl_units :] = _normal(0.01, pwl_units, generator=generator)
    return {
        "A": A,
        "W": _normal(0.01, n_units, n_units, generator=generator),
        "C": _normal(0.1, n_units, n_inputs, generator=generator),
        "h": _normal(0.01, n_units, generator=generator),
        "B": _normal(0.1, n_outputs, n_units, generator=generator),
        "b": torch.zeros(n_outputs),
    }


def _leaking(
    leak: float, n_units: int, pwl_units: int, n_inputs: int, n_outputs: int, generator: torch.Generator
) -> Weights:
    orthogonal, triangle = torch.linalg.qr(_normal(1.0, n_units, n_units, generator=generator))
    h = torch.zeros(n_units)
    h[n_units - pwl_units :] = -0.1
    return {
        "A": torch.full((n_units,), leak),
        # The signs make the draw uniform among orthogonal matrices, whatever the factorisation prefers.
        "W": (1 - leak) * orthogonal * triangle.diagonal().sign(),
        "C": _normal(n_units**-0.5, n_units, n_inputs, generator=generator),
        "h": h,
        "B": _normal(0.3 / n_units**0.5, n_outputs, n_units, generator=generator),
        "b": torch.zeros(n_outputs),
    }


def data_gates(n_units: int, pwl_units: int, n_inputs: int, n_outputs: int, generator: torch.Generator) -> Weights:
    """For time series whose N channels are the first N units: ReLUs that open and close within the data.

    Observed units keep their value (A = 1), hidden linear ones leak (A ~ U(.3, 1)), ReLU units begin without memory
    and read the observed units, W ~ N(0, min(1, 3 / N)) and h ~ U(-1, 1), so that their kinks lie among standardised
    data.
    All else is small: W ~ N(0, .05²) from ReLU units to linear ones, N(0, .01²) elsewhere, C ~ N(0, .1²).

    On Lorenz-63 literature-style weights (A from a normalised positive definite matrix) ended at fixed points and
    cycles with P = 2, at every interval of forcing.
    """
    linear = n_units - pwl_units
    observed = min(n_outputs, n_units)
    A = torch.ones(n_units)
    A[observed:linear] = _uniform(0.3, 1.0, max(0, linear - observed), generator=generator)
    A[max(observed, linear) :] = 0.0
    W = _normal(0.01, n_units, n_units, generator=generator)
    W[:linear, linear:] = _normal(0.05, linear, pwl_units, generator=generator)
    gates = n_units - max(observed, linear)
    W[n_units - gates :, :observed] = _normal(min(1.0, (3 / observed) ** 0.5), gates, observed, generator=generator)
    h = torch.zeros(n_units)
    h[n_units - gates :] = _uniform(-1.0, 1.0, gates, generator=generator)
    return {
        "A": A,
        "W": W,
        "C": _normal(0.1, n_units, n_inputs, generator=generator),
        "h": h,
        "B": torch.eye(n_outputs, n_units),
        "b": torch.zeros(n_outputs),
    }


def integrators(n_units: int, pwl_units: int, n_inputs: int, n_outputs: int, generator: torch.Generator) -> Weights:
    """Slow units, those with a ReLU too: A ~ N(.9, .1²) but at most 1, W ~ N(0, .1²/M), h = 0, C and B ~ N(0, .1²).

    For suites of tasks that remember for tens of steps. Without the bound a unit of 1.15 grows by nine orders of
    magnitude in 150 steps.

    Source: the weights of the multi-task suite in Brenner & Koppe, 2026, arXiv:2506.07919, but for the bound.
    """
    return {
        "A": (0.9 + _normal(0.1, n_units, generator=generator)).clamp(max=1.0),
        "W": _normal(0.1 / n_units**0.5, n_units, n_units, generator=generator),
        "C": _normal(0.1, n_units, n_inputs, generator=generator),
        "h": torch.zeros(n_units),
        "B": _normal(0.1, n_outputs, n_units, generator=generator),
        "b": torch.zeros(n_outputs),
    }


INITIALISATIONS: dict[str, Callable[[int, int, int, int, torch.Generator], Weights]] = {
    "data_gates": data_gates,
    "gated": gated,
    "generic": generic,
    "integrators": integrators,
    "leaky": leaky,
    "orthogonal": orthogonal,
    "small": small,
}


def initial_weights(
    name: str, n_units: int, pwl_units: int, n_inputs: int, n_outputs: int, generator: torch.Generator
) -> Weights:
    """Draw the initial weights of one model.

    Parameters
    ----------
    name : str
        A key of :data:`INITIALISATIONS`.
    n_units, pwl_units, n_inputs, n_outputs : int
    generator : torch.Generator

    Returns
    -------
    dict of str to Tensor
        ``A`` (M,), ``W`` (M, M), ``C`` (M, K), ``h`` (M,), ``B`` (N, M), ``b`` (N,), float32 on the CPU.

    Raises
    ------
    ModelError
        If the name is unknown.
    """
    return INITIALISATIONS[one_of("init", name, sorted(INITIALISATIONS))](
        n_units, pwl_units, n_inputs, n_outputs, generator
    )
