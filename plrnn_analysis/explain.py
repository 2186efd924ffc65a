"""What each subregion does: its slowest modes, what the input writes on them and what the readout takes from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ._frozen import Frozen
from ._signatures import checked
from ._validation import as_array, whole
from .display.abbreviation import count_words
from .errors import ModelError
from .maps import bits_to_string, distinct_patterns
from .modes import SubregionModes, find_modes, modes_table
from .network import Network
from .progress import ProgressOption, Reporter, reports
from .results import ResultSequence, Table, Trajectory
from .trajectories import check_fits, run

__all__ = ["Ablation", "Explanation", "VisitedSubregion", "ablation_table", "explain", "gate_units"]

#: A unit is needed where replacing it multiplies the error by more than this.
NEEDED_FACTOR = 10.0


@dataclass(frozen=True, eq=False, repr=False)
class VisitedSubregion(SubregionModes):
    """A subregion that a trajectory visits, with its modes.

    Attributes
    ----------
    visits : int
        States of the trajectory inside.
    frequency : float
        The same as a share of all states.
    step_share : (T,) ndarray
        Share of the trials that are inside after each step, of those that last so long.
    mean_output : (N,) ndarray or None
        Mean of the outputs of the states inside; None for a model without readout.
    """

    visits: int
    frequency: float
    step_share: np.ndarray
    mean_output: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Explanation(ResultSequence[VisitedSubregion]):
    """The visited subregions, the most visited first.

    Attributes
    ----------
    n_steps, n_trials : int
        Of the trajectory.
    codes : (n_trials, T) ndarray of str
        Bitcode of each state; empty text for padding.
    """

    _items: tuple[VisitedSubregion, ...]
    n_trials: int
    n_steps: int
    codes: np.ndarray

    def step_ranges(self, bitcode: str, trial: int = 0) -> list[tuple[int, int]]:
        """First and last step, counted from 1, of each stay of a trial in a subregion.

        Parameters
        ----------
        bitcode : str
        trial : int, optional

        Returns
        -------
        list of tuple of int
        """
        inside = np.concatenate([[False], self.codes[trial] == bitcode, [False]])
        edges = np.flatnonzero(inside[1:] != inside[:-1])
        return [(int(a) + 1, int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]

    def table(self) -> Table:
        """One row per subregion and mode: the columns of :func:`plrnn_analysis.modes.modes_table` and ``frequency``."""
        table = modes_table(self)
        table["frequency"] = [region.frequency for region in self for _ in region.modes]
        return table

    def __repr__(self) -> str:
        most = "up to " if np.any(self.codes == "") else ""
        trials, steps = count_words(self.n_trials, "trial"), count_words(self.n_steps, "step")
        return f"<Explanation: {count_words(len(self), 'visited subregion')}, {trials} of {most}{steps}>"


@reports("explanation")
@checked
def explain(
    model: Network,
    trajectory: Trajectory,
    n_modes: int = 3,
    max_subregions: int = 64,
    *,
    progress: ProgressOption = None,
) -> Explanation:
    """The slowest modes of every visited subregion, and which steps visit it.

    Parameters
    ----------
    model : PLRNN
    trajectory : Trajectory
        Of this model.
    n_modes : int, optional
        How many of each subregion, slowest first.
    max_subregions : int, optional
        At most this many, the most visited, are described.
    progress : bool or callable, optional
        True shows how far it is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.

    Returns
    -------
    Explanation

    Raises
    ------
    ModelError
        If the trajectory is of a model with other sizes.

    Notes
    -----
    One eigenvalue problem, O(M³), per subregion. What the two gains say, see :func:`plrnn_analysis.modes.find_modes`.

    Examples
    --------
    >>> from plrnn_analysis.linear_limit import addition_trials, exact_addition_solver
    >>> model = exact_addition_solver()
    >>> found = explain(model, model.run(addition_trials(100, 20)[0]))
    >>> [(region.bitcode, region.modes[0].time_constant) for region in found]
    [('0', inf), ('1', inf)]
    """
    bits = trajectory.bitcodes
    check_fits(trajectory, model.n_units, model.pwl_units)
    n_modes = whole("n_modes", n_modes, 1)
    max_subregions = whole("max_subregions", max_subregions, 1)
    n_trials, n_steps = bits.shape[:2]
    valid = trajectory.valid
    steps = trajectory.flatten(bits)
    first, places = distinct_patterns(steps)
    patterns = steps[first]
    # Padding is a member of none.
    member = np.full((n_trials, n_steps), len(patterns))
    member[valid] = places
    counts = np.bincount(member[valid], minlength=len(patterns))
    names = np.array([*(bits_to_string(p) for p in patterns), ""])
    # Most visited first; names decide ties, so that a run and its copy are told alike.
    described = np.lexsort((names[:-1], -counts))[:max_subregions]
    means = _mean_outputs(trajectory, member, counts)
    lasting = np.maximum(valid.sum(axis=0), 1)
    regions = []
    modes = find_modes(model, names[described].tolist(), n_modes=n_modes, progress=progress)
    for index, found in zip(described, modes, strict=True):
        regions.append(
            VisitedSubregion(
                bitcode=found.bitcode,
                jacobian=found.jacobian,
                modes=found.modes,
                henrici=found.henrici,
                visits=int(counts[index]),
                frequency=float(counts[index] / valid.sum()),
                step_share=(member == index).sum(axis=0) / lasting,
                mean_output=None if means is None else means[index],
            )
        )
    return Explanation(tuple(regions), n_trials, n_steps, names[member])


def _mean_outputs(trajectory: Trajectory, member: np.ndarray, counts: np.ndarray) -> np.ndarray | None:
    """Mean output (n, N) of the states of each subregion."""
    if trajectory.outputs is None:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        sums = [
            np.bincount(member.ravel(), trajectory.outputs[..., i].ravel(), len(counts) + 1)[: len(counts)]
            for i in range(trajectory.outputs.shape[2])
        ]
        return np.reshape(sums, (len(sums), len(counts))).T / counts[:, None]


@dataclass(frozen=True)
class Ablation(Frozen):
    """A model with ReLUs replaced, and its error.

    Attributes
    ----------
    units : tuple of int
        State units without their ReLU; empty for the intact model.
    replacement : str
        ``"linear"``, ``"off"`` or ``"on"`` as in :meth:`plrnn_analysis.PLRNN.ablate`; ``"none"`` for the intact model.
    mse : float
        At the last step; infinite where the ablated model overflows.
    """

    units: tuple[int, ...]
    replacement: str
    mse: float


@reports("ablations")
@checked
def ablation_table(
    model: Network, inputs: Any, targets: Any, *, progress: ProgressOption = None
) -> tuple[Ablation, ...]:
    """Mean squared error of the intact model, with each ReLU replaced, and with all replaced.

    Parameters
    ----------
    model : PLRNN
        An AL-RNN with a readout.
    inputs : (n, T, K) array_like
    targets : (n, N) array_like
        Wanted outputs at the last step.
    progress : bool or callable, optional
        True shows how far it is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.

    Returns
    -------
    tuple of Ablation
        First the intact model, then every unit ``"linear"``, ``"off"`` and ``"on"``, then, with several ReLUs, all.

    Raises
    ------
    ModelError
        If the model has no readout or its ReLUs are no state units, or on wrong shapes.
    """
    if model.relu_units is None:
        raise ModelError(f"the ReLUs of the architecture {model.architecture} are no state units: none can be ablated")
    # Checked once here: every row of the table runs the same trials.
    u = as_array("inputs", inputs, (None, None, model.n_inputs), "(n, T, K)")
    y = as_array("targets", targets, (u.shape[0], model.n_outputs), "(n, N), the outputs at the last step")
    table = [Ablation((), "none", _mse(model, u, y))]
    groups: list[tuple[int, ...]] = [(unit,) for unit in model.relu_units]
    if len(groups) > 1:
        groups.append(model.relu_units)
    variants = list(product(groups, ("linear", "off", "on")))
    reporter = progress if isinstance(progress, Reporter) else Reporter()
    reporter.say(total=len(variants))
    for done, (units, replacement) in enumerate(variants):
        reporter.say(done=done)
        reporter.tick()
        ablated = model
        for unit in units:
            ablated = ablated.ablate(unit, replacement)
        table.append(Ablation(units, replacement, _mse(ablated, u, y)))
    return tuple(table)


@checked
def gate_units(table: Sequence[Ablation]) -> tuple[int, ...]:
    """Units whose ReLU is needed: with it linear, and with it off, the error is more than ten times as large.

    Parameters
    ----------
    table : sequence of Ablation
        From :func:`ablation_table`.

    Returns
    -------
    tuple of int
        Empty if each single ReLU can be spared, as where several do the same.
    """
    if not len(table):
        raise ModelError("the table must have at least the row of the intact network")
    intact = table[0].mse
    single: dict[int, list[float]] = {}
    for row in table:
        if len(row.units) == 1:
            single.setdefault(row.units[0], []).append(row.mse)
    return tuple(unit for unit, errors in single.items() if min(errors) > NEEDED_FACTOR * intact)


def _mse(model: Network, inputs: np.ndarray, targets: np.ndarray) -> float:
    if model.B is None:
        raise ModelError("the model has no readout: there is no error to measure")
    outputs = run(model, inputs).outputs
    assert outputs is not None  # it has a readout
    with np.errstate(over="ignore", invalid="ignore"):
        mse = float(np.square(outputs[:, -1] - targets).mean())
    return mse if np.isfinite(mse) else float("inf")
