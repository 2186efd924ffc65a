"""Benchmark systems whose time series are generated, not shipped: Lorenz-63, Rössler, van der Pol, Chua."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plrnn_analysis._files import write_atomically
from plrnn_analysis._frozen import Frozen
from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import number, one_of, whole

__all__ = ["SYSTEMS", "GeneratedSeries", "System", "generate", "write_series"]

# Relative and absolute tolerance of the integrator.
TOLERANCE = 1e-9
# The largest interval between points, in units of the usual one.
_COARSEST = 1000.0
# Standard deviation of what a seed adds to the initial state.
SPREAD = 0.1


@checked
@dataclass(frozen=True)
class System:
    """An ordinary differential equation with its usual parameters.

    Attributes
    ----------
    name : str
    equation : str
        As a reader writes it.
    velocity : callable
        ``velocity(t, state)``, the right-hand side.
    variables : tuple of str
    dt : float
        Sampling interval that is usual for it.
    initial : tuple of float
    transient : float
        Time after which it has settled.
    lambda_max : float
        Largest Lyapunov exponent per unit of time.
    source : str
        Of the exponent.
    """

    name: str
    equation: str
    velocity: Callable[[float, np.ndarray], tuple[float, ...]]
    variables: tuple[str, ...]
    dt: float
    initial: tuple[float, ...]
    transient: float
    lambda_max: float
    source: str


@checked
@dataclass(frozen=True, eq=False)
class GeneratedSeries(Frozen):
    """A generated time series.

    Attributes
    ----------
    system : System
    values : (n, N) ndarray
    dt : float
    noise : float
        Standard deviation of the observation noise, as a share of that of each variable.
    seed : int
    """

    system: System
    values: np.ndarray
    dt: float
    noise: float
    seed: int


def _lorenz63(t: float, v: np.ndarray) -> tuple[float, ...]:
    x, y, z = v
    return 10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z


def _roessler(t: float, v: np.ndarray) -> tuple[float, ...]:
    x, y, z = v
    return -y - z, x + 0.2 * y, 0.2 + z * (x - 5.7)


def _van_der_pol(t: float, v: np.ndarray) -> tuple[float, ...]:
    x, y = v
    return y, (1.0 - x * x) * y - x


def _chua(t: float, v: np.ndarray) -> tuple[float, ...]:
    x, y, z = v
    diode = -5.0 / 7.0 * x - 1.5 / 7.0 * (abs(x + 1.0) - abs(x - 1.0))
    return 9.0 * (y - x - diode), x - y + z, -100.0 / 7.0 * y


_SPROTT = "Sprott, Chaos and Time-Series Analysis (2003), appendix A"

#: The systems by name.
SYSTEMS: dict[str, System] = {
    system.name: system
    for system in (
        System(
            "lorenz63", "x' = 10 (y - x), y' = x (28 - z) - y, z' = x y - 8/3 z",
            _lorenz63, ("x", "y", "z"), 0.01, (1.0, 1.0, 20.0), 50.0, 0.9056, _SPROTT,
        ),
        System(
            "roessler", "x' = -y - z, y' = x + 0.2 y, z' = 0.2 + z (x - 5.7)",
            _roessler, ("x", "y", "z"), 0.1, (1.0, 1.0, 0.0), 200.0, 0.0714, _SPROTT,
        ),
        System(
            "van_der_pol", "x' = y, y' = (1 - x²) y - x",
            _van_der_pol, ("x", "y"), 0.1, (2.0, 0.0), 50.0, 0.0, "a limit cycle",
        ),
        System(
            "chua", "x' = 9 (y - x - g(x)), y' = x - y + z, z' = -100/7 y, g(x) = -5/7 x - 3/14 (|x + 1| - |x - 1|)",
            _chua, ("x", "y", "z"), 0.05, (0.7, 0.0, 0.0), 200.0, 0.3271, _SPROTT,
        ),
    )
}  # fmt: skip


@checked
def generate(
    system: str, steps: int = 10_000, *, dt: float | None = None, noise: float = 0.0, seed: int = 0
) -> GeneratedSeries:
    """A time series of a benchmark system, on its attractor from the beginning.

    Parameters
    ----------
    system : str
        A key of :data:`SYSTEMS`: ``"lorenz63"``, ``"roessler"``, ``"van_der_pol"`` or ``"chua"``.
    steps : int, optional
        Points of the series.
    dt : float, optional
        Time between two of them; by default what is usual for the system.
    noise : float, optional
        Standard deviation of normal observation noise, as a share of that of each variable.
    seed : int, optional
        Of the initial state and the noise. Chaotic systems visit other states with another seed.

    Returns
    -------
    GeneratedSeries

    Raises
    ------
    ModelError
        On an unknown system or a number out of range.

    Notes
    -----
    Integrated by LSODA with a tolerance of 1e-9. About 20 µs a point for Lorenz-63.

    Examples
    --------
    >>> series = generate("lorenz63", 500)
    >>> series.values.shape, series.dt, series.system.lambda_max
    ((500, 3), 0.01, 0.9056)
    """
    from scipy.integrate import solve_ivp

    chosen = SYSTEMS[one_of("system", system, SYSTEMS)]
    steps = whole("steps", steps, 1)
    dt = chosen.dt if dt is None else number("dt", dt, above=0.0, most=_COARSEST * chosen.dt)
    noise = number("noise", noise, least=0.0)
    rng = np.random.default_rng(whole("seed", seed, 0))
    initial = np.array(chosen.initial) + SPREAD * rng.normal(size=len(chosen.initial))
    times = chosen.transient + dt * np.arange(steps)
    solution = solve_ivp(
        chosen.velocity, (0.0, times[-1]), initial, method="LSODA", t_eval=times, rtol=TOLERANCE, atol=TOLERANCE
    )
    values = np.ascontiguousarray(solution.y.T)
    values += noise * values.std(axis=0) * rng.normal(size=values.shape)
    return GeneratedSeries(chosen, values, dt, noise, seed)


@checked
def write_series(series: GeneratedSeries, path: str | Path) -> None:
    """Write a generated series to a file that ``plrnn fit`` reads.

    Parameters
    ----------
    series : GeneratedSeries
    path : path-like
        ``.npz`` also holds the interval, the names, the known exponent and how the series was generated; ``.csv`` has
        a header and a column of times; ``.npy`` holds the values alone.

    Raises
    ------
    ModelError
        If the ending is another.
    """
    target = Path(path)
    suffix = one_of("the ending of the file", target.suffix.lower(), (".npz", ".npy", ".csv"))
    system, buffer = series.system, io.BytesIO()
    if suffix == ".npz":
        facts = {"dt": series.dt, "names": np.array(system.variables), "lambda_max": system.lambda_max}
        made = {"system": system.name, "noise": series.noise, "seed": series.seed}
        np.savez(buffer, values=series.values, **facts, **made)  # type: ignore[arg-type]
    elif suffix == ".npy":
        np.save(buffer, series.values)
    else:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["time", *system.variables])
        for i, row in enumerate(series.values):
            writer.writerow([f"{i * series.dt:.10g}", *(repr(float(value)) for value in row)])
        buffer.write(text.getvalue().encode())
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, buffer.getvalue())
