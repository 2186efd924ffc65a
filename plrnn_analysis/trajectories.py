"""Trajectories: a model driven by inputs, or left to itself."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ._signatures import checked
from ._validation import as_array, check_memory, random_generator, thread_count, whole
from .engines.budget import loading
from .errors import ModelError
from .maps import CanonicalMap
from .network import Network
from .progress.ctrl_c import raise_if_pressed
from .recorded_trials import RecordedTrials, valid_steps
from .results import Trajectory

__all__ = ["check_fits", "run", "simulate"]

# Trajectories that one kernel call advances together.
_BLOCK = 64
# With fewer units than this, and at least this many trajectories, the kernel runs along the trajectories.
_FEW_UNITS = 32
_MANY_TRAJECTORIES = 16
# Operations a kernel call may take, some tenths of a second: Ctrl-C is answered between calls.
_CALL_OPERATIONS = 2e8


@checked
def run(model: Network, inputs: Any, z0: Any = None, workers: int = 1, lengths: Any = None) -> Trajectory:
    """Drive a model with inputs.

    Parameters
    ----------
    model : PLRNN
    inputs : (batch, T, K) or (T, K) array_like, or RecordedTrials
        Input of each step; K may be 0 for a model without input. (T, K) is a batch of one. Recorded trials, such as
        ``model.trials``, have initial states and lengths of their own.
    z0 : (M,) or (batch, M) array_like, optional
        State before the first step, the same for all or one each; zero by default.
    workers : int, optional
        Threads over the batch.
    lengths : (batch,) array_like of int, optional
        Valid steps of each trial, from 1 to T. What follows is padding: it is run, and no analysis counts it.

    Returns
    -------
    Trajectory
        ``states[:, t]`` is the state after input t.

    Raises
    ------
    ModelError
        On wrong shapes, NaN or infinity in the inputs or initial states, lengths out of range, or initial states or
        lengths beside those of recorded trials.

    Notes
    -----
    Takes O(batch · T · M · (M + H + K)) operations, less where A, W or V are diagonal or otherwise sparse. Memory as in
    :func:`simulate`. The result is the same to the last bit for every batch size and number of workers.

    A model may diverge. That is no error and no warning: its states become infinite and then NaN, in the
    trajectory as they do in the arithmetic, and a NaN counts as inactive in the bitcodes.
    ``numpy.isfinite(trajectory.states)`` tells.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> counter = PLRNN.al_rnn(A=[1.0], W=[[0.0]], h=[0.0], pwl_units=0, C=[[1.0]], B=[[2.0]])
    >>> trajectory = run(counter, [[1.0], [0.0], [1.0]])
    >>> trajectory.outputs[0, :, 0]
    array([2., 2., 4.])
    """
    if isinstance(inputs, RecordedTrials):
        if lengths is not None or (z0 is not None and inputs.initial is not None):
            raise ModelError("recorded trials have lengths and initial states of their own: give neither beside them")
        inputs, z0, lengths = inputs.inputs, inputs.initial if z0 is None else z0, inputs.lengths
    n_inputs = model.n_inputs
    given = np.ndim(inputs)
    what = "(batch, T, K) or (T, K), one row per step"
    u = as_array("inputs", inputs, (None, n_inputs) if given == 2 else (None, None, n_inputs), what)
    if given == 2:
        u = u[None]
    if u.shape[0] == 0 or u.shape[1] == 0:
        raise ModelError(f"inputs must hold at least one trajectory and one step, got shape {np.shape(inputs)}")
    initial = _initial("z0", z0, u.shape[0], model.n_units)
    found = _iterate(model, model.map, u, initial, u.shape[1], workers)
    return found if lengths is None else replace(found, lengths=valid_steps(lengths, *u.shape[:2]))


@checked
def simulate(
    model: Network,
    steps: int,
    z0: Any = None,
    n: int = 1,
    constant_input: Any = None,
    seed: int | None = 0,
    workers: int = 1,
) -> Trajectory:
    """Let a model run freely.

    Parameters
    ----------
    model : PLRNN
    steps : int
        T, at least 1.
    z0 : (M,) or (n, M) array_like, optional
        Initial states; standard normal draws with `seed` by default.
    n : int, optional
        Number of trajectories; where `z0` has two axes its rows count.
    constant_input : (K,) array_like, optional
        Input held on; None stands for zero input.
    seed : int or None, optional
        Of the initial states; None draws others each time.
    workers : int, optional
        Threads over the trajectories.

    Returns
    -------
    Trajectory
        With ``inputs`` None, and as ``map`` the autonomous map under the constant input: bitcodes are those
        of the states, also where the input enters inside the ReLU.

    Raises
    ------
    ModelError
        On wrong shapes or counts, NaN or infinity.

    Notes
    -----
    Cost and divergence as in :func:`run`. Memory: 8 bytes for each state and output and 1 for each ReLU, per step and
    trajectory; what this machine cannot hold is refused.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> trajectory = simulate(tent, 4, z0=[0.1])
    >>> trajectory.states[0, :, 0].round(3)
    array([ 0.8, -0.6, -0.2,  0.6])
    >>> trajectory.bitcodes[0, :, 0]
    array([ True, False, False,  True])
    """
    steps = whole("steps", steps, 1)
    n = whole("n", n, 1)
    if z0 is None:
        initial = random_generator(seed).standard_normal((n, model.n_units))
    elif np.ndim(z0) == 2:
        initial = _initial("z0", z0, None if n == 1 else n, model.n_units)
    else:
        if n > 1:
            raise ModelError(f"a single z0 gives n={n} identical trajectories; give z0 of shape ({n}, {model.n_units})")
        initial = _initial("z0", z0, 1, model.n_units)
    return _iterate(model, model.map.with_input(constant_input), None, initial, steps, workers)


def check_fits(trajectory: Trajectory, n_units: int, n_relu: int) -> None:
    """Refuse a trajectory of a model with other sizes.

    Raises
    ------
    ModelError
    """
    units, relus = trajectory.states.shape[2], trajectory.bitcodes.shape[2]
    if units != n_units or relus != n_relu:
        raise ModelError(
            f"the trajectory has {units} units and {relus} ReLUs, the model {n_units} and {n_relu}: give a trajectory "
            "of this model"
        )


def _initial(name: str, value: Any, n: int | None, m: int) -> np.ndarray:
    if value is None:
        return np.zeros((1 if n is None else n, m))
    if np.ndim(value) == 2:
        states = as_array(name, value, (n, m), "(batch, M), one row per trajectory")
        if states.shape[0] == 0:
            raise ModelError(f"{name} must hold at least one state, got shape {states.shape}")
        return states
    state = as_array(name, value, (m,), "(M,) or (batch, M)")
    return np.tile(state, (1 if n is None else n, 1))


@dataclass(frozen=True)
class _Product:
    """A matrix and an offset, split as the kernel wants them."""

    full: np.ndarray
    columns: np.ndarray
    places: np.ndarray
    weights: np.ndarray
    offset: np.ndarray

    @classmethod
    def of(cls, blocks: Sequence[np.ndarray], offset: np.ndarray) -> _Product:
        matrix = np.hstack(blocks)
        used = np.count_nonzero(matrix, axis=0)
        # Half full is where the blocked product and the entries one by one take the same time.
        full = np.flatnonzero(2 * used > matrix.shape[0])
        rest = matrix.copy()
        rest[:, full] = 0.0
        places = np.argwhere(rest)
        return cls(
            np.ascontiguousarray(matrix[:, full]),
            full.astype(np.int64),
            np.ascontiguousarray(places, dtype=np.int64),
            rest[places[:, 0], places[:, 1]],
            np.array(offset),
        )

    def arrays(self, turned: bool) -> tuple[np.ndarray, ...]:
        full = np.ascontiguousarray(self.full.T) if turned else self.full
        return full, self.columns, self.places, self.weights, self.offset

    @property
    def operations(self) -> int:
        return 2 * (self.full.size + self.weights.size) + self.offset.size


def _iterate(
    model: Network, map: CanonicalMap, inputs: np.ndarray | None, initial: np.ndarray, steps: int, workers: int
) -> Trajectory:
    with loading():
        from .kernels.trajectories import advance_along_batch, advance_along_units
    workers = thread_count(workers)
    n, m = initial.shape
    h = map.n_relu
    outputs = 0 if model.B is None else len(model.B)
    check_memory("the states", n * steps * (8 * (m + outputs) + h), "take fewer steps or trajectories")
    states = np.empty((n, steps, m))
    bits = np.empty((n, steps, h), dtype=bool)
    # A free run is one with inputs of no dimension: one kernel for both.
    driven = np.zeros((n, steps, 0)) if inputs is None else inputs
    to_y = _Product.of([map.V, np.zeros((h, h)), map.E], map.c)
    to_z = _Product.of([map.A, map.W, map.C], map.h)
    along_batch = m < _FEW_UNITS and n >= _MANY_TRAJECTORIES
    advance = advance_along_batch if along_batch else advance_along_units
    arrays = (*to_y.arrays(not along_batch), *to_z.arrays(not along_batch), bool(np.any(map.E)))
    interrupted = threading.Event()

    def fill(first: int, last: int) -> None:
        work = (last - first) * (to_y.operations + to_z.operations + m + h)
        chunk = max(1, int(_CALL_OPERATIONS / work))
        for start in range(0, steps, chunk):
            if interrupted.is_set():
                return
            raise_if_pressed()
            advance(states, bits, initial, driven, *arrays, first, last, start, min(start + chunk, steps))

    # No fewer than four in a block, that is the width of the kernel; no more than gives each worker one.
    size = max(4, min(_BLOCK, -(-n // workers)))
    blocks = [(first, min(first + size, n)) for first in range(0, n, size)]
    if workers == 1 or len(blocks) == 1:
        for first, last in blocks:
            fill(first, last)
    else:
        with ThreadPoolExecutor(workers) as pool:
            try:
                pending: set[Future[None]] = {pool.submit(fill, *block) for block in blocks}
                while pending:
                    raise_if_pressed()
                    finished, pending = wait(pending, timeout=0.1, return_when=FIRST_EXCEPTION)
                    for future in finished:
                        future.result()
            except BaseException:
                interrupted.set()
                raise
    names = () if inputs is None else model.input_names
    return Trajectory(states, bits, model.read_out(states), initial, inputs, map, names, model.output_names)
