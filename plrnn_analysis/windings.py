"""How often a trajectory turns around each fixed point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ._frozen import Frozen
from ._signatures import checked
from .errors import ModelError
from .maps import bits_from_string
from .network import Network
from .readouts import with_outputs
from .results import FixedPoint, ResultSequence, Trajectory
from .trajectories import check_fits

__all__ = ["Winding", "Windings", "count_turns"]

# An eigenvalue whose imaginary part is a smaller share of its modulus than this counts as real.
REAL = 1e-9


@dataclass(frozen=True, eq=False)
class Winding(Frozen):
    """What a trajectory does around one fixed point.

    Attributes
    ----------
    fixed_point : FixedPoint
    visits : int
        How often the trajectory came to this point's subregion from that of another spiral.
    turns : (visits,) ndarray
        Full turns made during each visit, in the sense in which the subregion's map rotates; negative if against it.
    steps_a_turn : float
        Of the linear map of the subregion: 2 pi / arg of the leading eigenvalue.
    steps : int
        Steps spent on all visits together.
    """

    fixed_point: FixedPoint
    visits: int
    turns: np.ndarray
    steps_a_turn: float
    steps: int

    @property
    def bitcode(self) -> str:
        """Of the fixed point."""
        return self.fixed_point.bitcode

    @property
    def most_turns(self) -> float:
        """Turns of the visit that made most; 0 without a visit."""
        return float(np.max(self.turns, initial=0.0))

    @property
    def total_turns(self) -> float:
        """Turns of all visits together."""
        return float(np.sum(self.turns))

    @property
    def circled(self) -> bool:
        """Whether at least one visit made a full turn."""
        return bool(np.any(self.turns >= 1.0))


@dataclass(frozen=True, eq=False)
class Windings(ResultSequence[Winding]):
    """One :class:`Winding` for every fixed point that can be circled, in the order of the fixed points.

    Attributes
    ----------
    not_spirals : tuple of FixedPoint
        Points whose leading eigenvalue is real: motion near them has no sense of rotation to count.
    """

    columns = ("bitcode", "visits", "total_turns", "most_turns", "steps_a_turn", "circled")

    _items: tuple[Winding, ...]
    not_spirals: tuple[FixedPoint, ...]

    def __repr__(self) -> str:
        circled = [w.fixed_point.bitcode for w in self if w.circled]
        return f"<Windings: circles the fixed points of {', '.join(circled)}>" if circled else "<Windings: none>"


@checked
def count_turns(model: Network, trajectory: Trajectory, fixed_points: Iterable[FixedPoint] | None = None) -> Windings:
    """Which fixed points a free trajectory circles, and how often.

    Parameters
    ----------
    model : PLRNN
    trajectory : Trajectory
        Of this model, without a varying input.
    fixed_points : iterable of FixedPoint, optional
        All of the trajectory's map by default.

    Returns
    -------
    Windings

    Raises
    ------
    ModelError
        If the trajectory was driven by inputs, or is of a model with other sizes, or has states that are not finite.

    Notes
    -----
    A point whose leading eigenvalues are a complex pair has a plane of rotation. With l their left eigenvector,
    ``l (z - z*)`` is a complex number that the subregion's map multiplies by the eigenvalue; its angle, followed
    without jumps, counts turns, also while the orbit passes through other subregions on its way around. A visit
    begins when the trajectory enters the point's subregion and ends when it enters that of another such point.
    Costs O(batch · T · M) operations for each point.

    Examples
    --------
    A slowly decaying rotation by a tenth of a turn per step, for 20 steps.

    >>> import numpy as np
    >>> from plrnn_analysis import PLRNN
    >>> a = 2 * np.pi / 10
    >>> rotation = 0.99 * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    >>> model = PLRNN.al_rnn(A=[0.0, 0.0], W=rotation, h=[0.0, 0.0], pwl_units=0)
    >>> winding = count_turns(model, model.simulate(21, z0=[1.0, 0.0]))[0]
    >>> winding.total_turns.__round__(6), winding.steps_a_turn.__round__(6)
    (2.0, 10.0)
    """
    if trajectory.inputs is not None:
        raise ModelError("turns are counted on free trajectories; this one was driven by inputs: use model.simulate")
    states, bits = trajectory.states, trajectory.bitcodes
    check_fits(trajectory, model.n_units, model.pwl_units)
    if not np.all(np.isfinite(states)):
        raise ModelError("the trajectory diverges (it holds NaN or infinity): there are no turns to count")
    if fixed_points is None:
        from .fixed_points import find_fixed_points

        fixed_points = with_outputs(find_fixed_points(trajectory.map), model)
    points = list(fixed_points)
    if not all(isinstance(point, FixedPoint) for point in points):
        raise ModelError("fixed_points must be those of the model")
    spirals = [p for p in points if abs(p.eigenvalues[0].imag) > REAL * abs(p.eigenvalues[0])]
    owner = _owners(bits, [bits_from_string(p.bitcode, model.pwl_units) for p in spirals])
    found = tuple(_winding(model, states, owner == index, point) for index, point in enumerate(spirals))
    return Windings(found, tuple(p for p in points if not any(p is q for q in spirals)))


def _owners(bits: np.ndarray, patterns: list[np.ndarray]) -> np.ndarray:
    """For each state the index of the last entered subregion among `patterns`; -1 before the first."""
    n, steps = bits.shape[:2]
    owner = np.full((n, steps), -1)
    for index, pattern in enumerate(patterns):
        owner[np.all(bits == pattern, axis=2)] = index
    # Between two spirals the orbit still belongs to the one it came from: that is where it may come back to.
    last = np.maximum.accumulate(np.where(owner >= 0, np.arange(steps), -1), axis=1)
    return np.where(last >= 0, np.take_along_axis(owner, np.maximum(last, 0), axis=1), -1)


def _winding(model: Network, states: np.ndarray, inside: np.ndarray, point: FixedPoint) -> Winding:
    left, eigenvalue = _rotation(model, point)
    turns = []
    for trial, here in zip(states, inside, strict=True):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], here, [False]]).astype(np.int8)))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            # One state more: the step that leaves belongs to the visit.
            angle = np.unwrap(np.angle((trial[start : stop + 1] - point.z) @ left))
            turns.append((angle[-1] - angle[0]) / (2.0 * np.pi))
    steps_a_turn = float(2.0 * np.pi / np.angle(eigenvalue))
    return Winding(point, len(turns), np.array(turns, dtype=np.float64), steps_a_turn, int(inside.sum()))


def _rotation(model: Network, point: FixedPoint) -> tuple[np.ndarray, complex]:
    """Left eigenvector and eigenvalue, positive imaginary part, of the leading pair."""
    jacobian = model.map.jacobian(bits_from_string(point.bitcode, model.pwl_units))
    values, vectors = np.linalg.eig(jacobian.T)
    leading = complex(point.eigenvalues[0].real, abs(point.eigenvalues[0].imag))
    index = int(np.argmin(np.abs(values - leading)))
    return vectors[:, index], complex(values[index])
