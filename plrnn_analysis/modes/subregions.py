"""Modes of subregions: what decays, turns or stays, what the input writes on it and what the readout takes from it."""

from __future__ import annotations

import cmath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from .._validation import number, whole
from ..errors import ModelError
from ..maps import bits_from_string, bits_to_string
from ..network import Network
from ..progress import ProgressOption, Reporter, reports
from ..results import Table
from ..statuses import ModeKind
from .eigen import MARGINAL, eigensystem, henrici_departure, largest_power

__all__ = ["Mode", "SubregionModes", "classify_mode", "find_modes", "modes_table"]


@dataclass(frozen=True, eq=False)
class Mode(Frozen):
    """One mode of the linear map of a subregion.

    Attributes
    ----------
    eigenvalue : complex
        λ; of a complex pair the one with positive imaginary part.
    kind : ModeKind
        In the words of :func:`classify_mode`.
    time_constant : float
        ``-1 / ln|λ|`` in steps: 0 for λ = 0, infinite for modulus 1, negative for a mode that grows.
    period : float
        ``2 pi / |arg λ|``, steps of a full turn: infinite for λ >= 0, 2 for λ < 0.
    condition : float
        ``1 / |l r|`` with both vectors of norm 1: how far λ moves, at most, if the matrix moves by a small distance 1.
        1 for a normal matrix, large where modes are nearly parallel.
    defective : bool
        Whether λ is, to within single-precision weights, a multiple eigenvalue without a full set of eigenvectors.
        The mode then has no left vector; beside λ^t the state has terms like t λ^t.
    input_gain : float
        ``|l C|``: what an input of norm 1 writes on the mode, at most; l the left eigenvector with l r = 1. Infinite
        where the eigenvalue is defective and there is an input.
    input_gains : (K,) ndarray
        The same for each input alone.
    readout_gain : float
        ``|B r|``: what the readout takes from one unit of the mode; r the right eigenvector of norm 1. NaN without
        readout.
    readout_gains : (N,) ndarray
        The same for each output alone.
    left, right : (M,) ndarray
        l and r. Of a defective eigenvalue l is NaN.
    """

    eigenvalue: complex
    kind: ModeKind
    time_constant: float
    period: float
    condition: float
    defective: bool
    input_gain: float
    input_gains: np.ndarray
    readout_gain: float
    readout_gains: np.ndarray
    left: np.ndarray
    right: np.ndarray


@dataclass(frozen=True, eq=False)
class SubregionModes(Frozen):
    """A subregion with its modes.

    Attributes
    ----------
    bitcode : str
    jacobian : (M, M) ndarray
    modes : tuple of Mode
        Slowest first: by modulus of the eigenvalue.
    henrici : float
        Departure from normality: ``|N| / |J|`` in the Frobenius norm, N the strictly upper part of the Schur form. 0
        for a normal matrix, 1 for a nilpotent one.
    """

    bitcode: str
    jacobian: np.ndarray
    modes: tuple[Mode, ...]
    henrici: float

    def transient_growth(self, horizon: int = 1000) -> tuple[float, int, bool]:
        """How much a state can grow on the way, even where every mode decays.

        Parameters
        ----------
        horizon : int, optional
            Largest power looked at.

        Returns
        -------
        peak : float
            Largest spectral norm of ``J^k``, k = 0, 1, ..., `horizon`: at least 1.
        step : int
            The k that reaches it.
        proven : bool
            True if no later power is larger (up to rounding). False if the horizon ended the search: `peak` then
            is a lower bound.

        Raises
        ------
        ModelError
            If `horizon` is not positive.

        Notes
        -----
        The powers are those of one matrix: they tell what the model does while it stays in the subregion. Once
        some power has norm at most 1 all later ones are bounded by those before. O(horizon · M³).

        References
        ----------
        L. N. Trefethen, M. Embree, *Spectra and Pseudospectra*, Princeton University Press 2005, part IV.
        """
        return largest_power(self.jacobian, whole("horizon", horizon, 1))

    def table(self) -> Table:
        """One row per mode; see :func:`~plrnn_analysis.modes.modes_table`."""
        return modes_table([self])

    def __repr__(self) -> str:
        shown = len(self.modes)
        return f"<{type(self).__name__} {self.bitcode}: {shown} mode{'' if shown == 1 else 's'}>"


@checked
def classify_mode(eigenvalue: complex, marginal: float = MARGINAL) -> ModeKind:
    """Name what a mode does.

    Parameters
    ----------
    eigenvalue : complex
        λ
    marginal : float, optional
        m, the tolerance below.

    Returns
    -------
    ModeKind
        A string, the first that holds:

        - ``"integrator"``: ``|λ - 1| <= m``. It changes by at most the share m per step.
        - ``"marginal rotation"``: ``||λ| - 1| <= m``, with an angle. λ near -1 is such a rotation, of period 2.
        - ``"decaying"``: ``|λ| < 1``, λ real and not negative.
        - ``"oscillating"``: ``|λ| < 1``, any other λ.
        - ``"unstable"``: ``|λ| > 1``, λ real and positive.
        - ``"unstable rotation"``: ``|λ| > 1``, any other λ.

    Raises
    ------
    ModelError
        If λ is NaN or infinite, or m is not in [0, 1).

    Examples
    --------
    >>> [classify_mode(value) for value in (0.9994, 0.5, -0.5, 0.999j, 1.3)]
    ['integrator', 'decaying', 'oscillating', 'marginal rotation', 'unstable']
    """
    value = complex(eigenvalue)
    marginal = number("marginal", marginal, least=0.0, below=1.0)
    if not cmath.isfinite(value):
        raise ModelError(f"eigenvalue must be a finite number, got {eigenvalue!r}")
    if abs(value - 1.0) <= marginal:
        return ModeKind.INTEGRATOR
    if abs(abs(value) - 1.0) <= marginal:
        return ModeKind.MARGINAL_ROTATION
    turns = value.imag != 0.0 or value.real < 0.0
    if abs(value) < 1.0:
        return ModeKind.OSCILLATING if turns else ModeKind.DECAYING
    return ModeKind.UNSTABLE_ROTATION if turns else ModeKind.UNSTABLE


@reports("modes of subregions")
@checked
def find_modes(
    model: Network,
    bitcodes: str | Sequence[str],
    *,
    n_modes: int | None = None,
    marginal: float = MARGINAL,
    progress: ProgressOption = None,
) -> tuple[SubregionModes, ...]:
    """The modes of given subregions.

    Parameters
    ----------
    model : PLRNN
    bitcodes : str or sequence of str
        Such as ``"01"``; one string is one subregion.
    n_modes : int, optional
        How many of each, slowest first; all by default.
    marginal : float, optional
        Tolerance of :func:`classify_mode`.
    progress : bool or callable, optional
        True shows how far it is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.

    Returns
    -------
    tuple of SubregionModes
        In the order of `bitcodes`. A complex pair is one mode.

    Raises
    ------
    ModelError
        If a bitcode does not fit the model, or an option is out of range.

    Notes
    -----
    One eigenvalue problem, O(M³), per subregion. While the state stays in the subregion the coordinate ``l·z`` of a
    mode is multiplied by λ each step and gets ``l·(C s + h)`` added, and the readout takes ``B r`` times it. Of the two
    gains only the product does not depend on how l and r are scaled. Inputs inside the ReLU
    (``torch.nn.RNN``) arrive through the active ones. It is not asked whether the subregion holds a state.

    Examples
    --------
    Addition by hand: in subregion 0 the sum is kept and hears nothing, in subregion 1 the gate is added to it.

    >>> from plrnn_analysis.linear_limit import exact_addition_solver
    >>> for region in find_modes(exact_addition_solver(), ["0", "1"]):
    ...     slow = region.modes[0]
    ...     print(region.bitcode, slow.kind, slow.time_constant, slow.input_gains.round(9), slow.readout_gain)
    0 integrator inf [0. 0.] 1.0
    1 integrator inf [1. 1.] 1.0
    """
    if n_modes is not None:
        n_modes = whole("n_modes", n_modes, 1, remark="or None for all modes")
    marginal = number("marginal", marginal, least=0.0, below=1.0)
    found: list[SubregionModes] = []
    codes = [bitcodes] if isinstance(bitcodes, str) else list(bitcodes)
    reporter = progress if isinstance(progress, Reporter) else Reporter()
    reporter.say(total=len(codes))
    for code in codes:
        reporter.say(done=len(found))
        reporter.tick()
        bits = bits_from_string(code, model.pwl_units)
        jacobian = model.map.jacobian(bits)
        modes = _modes(model, jacobian, bits, n_modes, marginal)
        found.append(SubregionModes(bits_to_string(bits), jacobian, modes, henrici_departure(jacobian)))
    return tuple(found)


@checked
def modes_table(subregions: Iterable[SubregionModes]) -> Table:
    """One row per subregion and mode.

    Parameters
    ----------
    subregions : iterable of SubregionModes
        As :func:`find_modes` returns them.

    Returns
    -------
    Table
        Columns ``bitcode`` and the attributes of :class:`Mode` except the vectors.
    """
    rows = [(region, mode) for region in subregions for mode in region.modes]
    names = (
        "eigenvalue", "kind", "time_constant", "period", "condition", "defective",
        "input_gain", "input_gains", "readout_gain", "readout_gains",
    )  # fmt: skip
    columns: dict[str, list[Any]] = {"bitcode": [region.bitcode for region, _ in rows]}
    return Table(columns | {name: [getattr(mode, name) for _, mode in rows] for name in names})


def _modes(
    model: Network, jacobian: np.ndarray, bits: np.ndarray, n_modes: int | None, marginal: float
) -> tuple[Mode, ...]:
    system = eigensystem(jacobian)
    # Inputs inside the ReLU arrive through the active ReLUs of this subregion.
    writes = model.map.C + model.map.W @ (bits[:, None] * model.map.E)
    silent = np.linalg.norm(writes, axis=0) == 0.0
    readout = np.zeros((0, model.n_units)) if model.B is None else model.B
    modes = []
    for i in np.flatnonzero(system.values.imag >= 0.0)[:n_modes]:
        value = complex(system.values[i])
        right, left, defective = system.right[:, i], system.left[i], bool(system.defective[i])
        # Without a left vector there is no coordinate to write on; an input that writes nothing at all is still silent.
        inputs = np.where(silent, 0.0, np.inf) if defective else np.abs(left @ writes)
        outputs = np.abs(readout @ right)
        modulus = abs(value)
        angle = abs(np.angle(value)) if modulus > 0.0 else 0.0
        modes.append(
            Mode(
                eigenvalue=value,
                kind=classify_mode(value, marginal),
                time_constant=0.0 if modulus == 0 else np.inf if modulus == 1 else float(-1.0 / np.log(modulus)),
                period=float(2.0 * np.pi / angle) if angle > 0.0 else np.inf,
                condition=float(system.conditions[i]),
                defective=defective,
                input_gain=float(np.linalg.norm(inputs)),
                input_gains=inputs,
                readout_gain=float("nan") if model.B is None else float(np.linalg.norm(outputs)),
                readout_gains=outputs,
                left=left.copy(),
                right=right.copy(),
            )
        )
    return tuple(modes)
