"""What a step costs, against the number of ReLUs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from plrnn_analysis.plotting.style import PALETTE, open_frame

from .claims import Claim, Verdict
from .context import Context
from .outcome import Outcome

__all__ = ["ModalForm", "cost"]

UNITS = 100
BATCH = 64
STEPS = 200
REPEATS = 15
PWL_UNITS = (0, 1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True, eq=False)
class ModalForm:
    """An AL-RNN in the coordinates of the eigenvectors of J = A + W: exact, and cheap where P is small.

    With ``relu(z) = z - min(z, 0)`` on the last P units, ``z' = J z - W_P min(z_P, 0)``. In eigenvectors J is diagonal,
    so a step takes about 2 M real products for it and 2 M P for the ReLUs, against M² of the direct form.

    Attributes
    ----------
    eigenvalues : (m,) complex ndarray
        Of J, one of each conjugate pair.
    read : (m, P) complex ndarray
        z_P is the real part of ``y @ read``.
    write : (P, m) complex ndarray
    back : (m, M) complex ndarray
        z is the real part of ``y @ back``.
    forth : (M, m) complex ndarray
    """

    eigenvalues: np.ndarray
    read: np.ndarray
    write: np.ndarray
    back: np.ndarray
    forth: np.ndarray

    @classmethod
    def of(cls, A: np.ndarray, W: np.ndarray, pwl_units: int) -> ModalForm:
        """Of a network with diagonal A (M,) and W (M, M) whose J = A + W has independent eigenvectors."""
        values, vectors = np.linalg.eig(np.diag(A) + W)
        inverse = np.linalg.inv(vectors)
        kept = values.imag >= 0
        twice = np.where(values[kept].imag > 0, 2.0, 1.0)[:, None]
        back = twice * vectors.T[kept]
        last = slice(len(A) - pwl_units, None)
        return cls(values[kept], back[:, last], -(inverse @ W[:, last]).T[:, kept], back, inverse.T[:, kept])

    def run(self, states: np.ndarray, steps: int) -> np.ndarray:
        """States (batch, M) after this number of steps without input."""
        y = states @ self.forth
        for _ in range(steps):
            ahead = y * self.eigenvalues
            if self.read.shape[1]:
                below = np.minimum((y @ self.read).real, 0.0)
                ahead += below @ self.write
            y = ahead
        return np.asarray((y @ self.back).real)


def _direct(A: np.ndarray, W: np.ndarray, pwl_units: int, states: np.ndarray, steps: int) -> np.ndarray:
    first = len(A) - pwl_units
    transposed = W.T.copy()
    for _ in range(steps):
        rectified = states.copy()
        np.maximum(rectified[:, first:], 0.0, out=rectified[:, first:])
        states = states * A + rectified @ transposed
    return states


def _times(calls: dict[str, Any]) -> dict[str, float]:
    """Seconds of each call, the quickest of several taken in turn: other load can only add to them."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(REPEATS):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - began)
    return best


def cost(context: Context) -> Outcome:
    """Operations and measured time a step, for the direct and the modal form.

    Parameters
    ----------
    context : Context

    Returns
    -------
    Outcome
    """
    from matplotlib.figure import Figure

    rng = np.random.default_rng(context.seed)
    A = np.full(UNITS, 0.5)
    W = 0.4 * np.linalg.qr(rng.standard_normal((UNITS, UNITS)))[0]
    states = rng.standard_normal((BATCH, UNITS))
    numbers = []
    for p in PWL_UNITS:
        modal = ModalForm.of(A, W, p)
        direct, other = _direct(A, W, p, states, 20), modal.run(states, 20)
        seconds = _times(
            {
                "direct": lambda p=p: _direct(A, W, p, states, STEPS),
                "modal": lambda modal=modal: modal.run(states, STEPS),
            }
        )
        numbers.append(
            {
                "pwl_units": p,
                "products_direct": UNITS**2 + UNITS,
                # A complex product counts as four real ones; there is one complex coordinate for two real ones.
                "products_modal": 2 * UNITS + 2 * UNITS * p,
                **{f"microseconds_{name}": 1e6 * taken / STEPS for name, taken in seconds.items()},
                "difference": float(np.abs(direct - other).max() / np.abs(direct).max()),
            }
        )
    sparse = [n for n in numbers if 0 < n["pwl_units"] <= UNITS // 10]
    ratios = {n["pwl_units"]: n["microseconds_modal"] / n["microseconds_direct"] for n in numbers}
    direct_times = [n["microseconds_direct"] for n in numbers if n["pwl_units"]]
    exact = max(n["difference"] for n in numbers)
    flat = min(direct_times) >= 0.8 * max(direct_times)
    claims = (
        Claim(
            "cost",
            "Fewer ReLUs make a step cheaper.",
            Verdict.SUPPORTED
            if exact <= 1e-9 and all(ratios[n["pwl_units"]] <= 0.8 for n in sparse)
            else Verdict.NOT_SUPPORTED,
            f"In the coordinates of the eigenvectors, which change no output (to 1e-9), a step of a network of {UNITS} "
            f"units takes at most 0.8 of the time of the direct form for every P up to {UNITS // 10}.",
            {"time_modal_over_direct": {str(p): r for p, r in ratios.items()}, "largest_difference": exact},
            "As it is usually computed, a step costs the same whatever P is"
            f" ({min(direct_times):.0f} to {max(direct_times):.0f} microseconds for a batch of {BATCH}"
            f"{'' if flat else ', with scatter'}). In eigenvector coordinates it takes "
            + ", ".join(f"{ratios[p]:.2f} of that at P = {p}" for p in ratios)
            + ".",
        ),
    )
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    for ax, key, label in zip(
        figure.subplots(1, 2),
        ("products", "microseconds"),
        ("real products per step and trial", f"microseconds per step, batch of {BATCH}"),
        strict=True,
    ):
        for form, marker, colour in (("direct", "o-", PALETTE[0]), ("modal", "x-", PALETTE[5])):
            values = [n[f"{key}_{form}"] for n in numbers]
            ax.plot(range(len(numbers)), values, marker, color=colour, label=f"{form} form", markersize=5)
        ax.set_xticks(range(len(numbers)), [str(n["pwl_units"]) for n in numbers])
        ax.set_xlabel(f"number of ReLU units P, of {UNITS} units")
        ax.set_ylabel(label)
        ax.set_ylim(bottom=0)
        ax.yaxis.set_major_formatter("{x:,.0f}")
        open_frame(ax)
        ax.legend(frameon=False, fontsize=8)
    return Outcome(
        "cost",
        "Cost of a step",
        claims,
        numbers,
        figure,
        "Left: products counted. Right: measured with NumPy on one core, the two forms in turn, the quickest of "
        f"{REPEATS} runs of {STEPS} steps each.",
    )
