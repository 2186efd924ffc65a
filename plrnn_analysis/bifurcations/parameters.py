"""One-parameter families of models: an entry, an input, a path through checkpoints, a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic

import numpy as np

from .._signatures import checked
from .._validation import as_array, whole
from ..display.abbreviation import count_words
from ..errors import ModelError
from ..maps import CanonicalMap
from ..network import AnyNetwork, Network
from ..results.naming import channel_name
from ..units import balanced, in_units

__all__ = ["CheckpointPath", "Family", "family_of", "path_through"]


@dataclass(frozen=True, eq=False)
class Family:
    """Maps without input, one for every value of a parameter.

    Attributes
    ----------
    label : str
    model_at : callable
        From a value to the model and the input that is held on.
    affine : bool
        Whether every entry of the map is known to be affine in the parameter.
    domain : pair of float
        Where the family is defined.
    nodes : tuple of float
        Values at which an otherwise affine path bends.
    units : pair of (M,) and (H,) ndarray, or None
        Powers of two in which states and ReLU arguments are measured; None for the model's own.
    """

    label: str
    model_at: Callable[[float], tuple[Network, np.ndarray | None]]
    affine: bool
    domain: tuple[float, float] = (-np.inf, np.inf)
    nodes: tuple[float, ...] = ()
    units: tuple[np.ndarray, np.ndarray] | None = None

    def map_at(self, value: float) -> CanonicalMap:
        """The map at one value of the parameter."""
        model, held = self.model_at(float(value))
        map = model.map.with_input(held)
        return map if self.units is None else in_units(map, *self.units)

    def balanced(self, value: float) -> Family:
        """The same family in units that suit its map at a value: there, no state or ReLU dwarfs another."""
        own = balanced(self.map_at(value))
        return replace(self, units=(own.state, own.relu))


class CheckpointPath(Generic[AnyNetwork]):
    """A straight path from each model to the next; see :func:`path_through`."""

    def __init__(self, models: Sequence[AnyNetwork]) -> None:
        self.models = tuple(models)
        if not self.models:
            raise ModelError("a path needs at least one model")
        first = self.models[0]
        for number, other in enumerate(self.models):
            for what, of in _SAME.items():
                if of(other) != of(first):
                    raise ModelError(
                        f"models of a path must agree in {what}: model 0 has {of(first)}, model {number} {of(other)}"
                    )

    @property
    def last(self) -> int:
        """The largest parameter value, number of models less one."""
        return len(self.models) - 1

    def __call__(self, value: float) -> AnyNetwork:
        """The model at a value in 0..n-1."""
        value = float(value)
        if not 0.0 <= value <= self.last:
            raise ModelError(f"a path through {len(self.models)} models has values in 0..{self.last}, got {value!r}")
        # At whole numbers the models themselves, not mixtures that equal them to rounding.
        i = min(int(value), max(self.last - 1, 0))
        t = value - i
        if t == 0.0:
            return self.models[i]
        if t == 1.0:
            return self.models[i + 1]
        a, b = self.models[i], self.models[i + 1]

        def mix(x: Any, y: Any) -> Any:
            return None if x is None else (1.0 - t) * x + t * y

        parameters = {name: mix(a.parameters[name], b.parameters[name]) for name in a.parameters}
        return type(a)(a.architecture, parameters, a.relu_units, mix(a.B, b.B), mix(a.b, b.b))

    def __repr__(self) -> str:
        return f"<CheckpointPath through {count_words(len(self.models), 'model')}>"


_SAME: dict[str, Callable[[Any], Any]] = {
    "architecture": lambda m: m.architecture,
    "ReLU units": lambda m: m.relu_units,
    "parameters and their shapes": lambda m: {name: value.shape for name, value in sorted(m.parameters.items())},
    "readout": lambda m: tuple(None if a is None else a.shape for a in (m.B, m.b)),
}


@checked
def path_through(models: Sequence[AnyNetwork]) -> CheckpointPath[AnyNetwork]:
    """A function from 0..n-1 to models, straight from each of n models to the next.

    Parameters
    ----------
    models : sequence of PLRNN
        Such as the checkpoints of a training run: the same architecture and sizes.

    Returns
    -------
    CheckpointPath
        Callable; to be given to :func:`bifurcations` as its parameter. The whole numbers are the models themselves.

    Raises
    ------
    ModelError
        If the models differ in architecture, sizes or ReLU units.

    Notes
    -----
    Training did not go along the straight lines between checkpoints. What happens between two of them is a shortest
    account of the change, and depends on how densely checkpoints were saved.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = [PLRNN.al_rnn(A=[0.5], W=[[w]], h=[1.0], pwl_units=1) for w in (0.0, -2.0)]
    >>> path_through(tent)(0.25).parameters["W"]
    array([[-0.5]])
    """
    return CheckpointPath(models)


def family_of(model: Network, parameter: Any, constant_input: Any = None) -> Family:
    """The family that a user's `parameter` names; see :func:`plrnn_analysis.bifurcations.bifurcations`.

    Raises
    ------
    ModelError
        If the parameter is unknown, its index is out of range, or a function returns something else than a model of
        the same size.
    """
    held = None
    if constant_input is not None:
        held = as_array("constant_input", constant_input, (model.n_inputs,), "(K,)")
    if callable(parameter):
        return _function_family(model, parameter, held)
    if not isinstance(parameter, (tuple, list)) or not parameter or not isinstance(parameter[0], str):
        raise ModelError(
            'parameter must be a tuple such as ("W", 3, 4), ("h", 2) or ("input", 0), or a function from a number to '
            f"a model; got {parameter!r}"
        )
    name, index = parameter[0], tuple(parameter[1:])
    return _input_family(model, index, held) if name == "input" else _entry_family(model, name, index, held)


def _entry_family(model: Network, name: str, index: tuple[Any, ...], held: np.ndarray | None) -> Family:
    if name not in model.parameters:
        raise ModelError(f"the model has the parameters {', '.join(model.parameters)} and input; got {name!r}")
    value = model.parameters[name]
    full = index
    if name == "A" and len(index) == 1 and value.ndim == 2:
        full = index * 2
    elif name == "A" and len(index) == 2 and value.ndim == 1:
        if index[0] != index[1]:
            raise ModelError(f"A of this model is a diagonal: it has no entry {index}")
        full = index[:1]
    if len(full) != value.ndim:
        raise ModelError(f"{name} has shape {value.shape}: no entry {index}")
    for i, n in zip(full, value.shape, strict=True):
        whole(f"an index of {name}", i, 0, n - 1, remark=f"({name} has shape {value.shape})")

    def model_at(theta: float) -> tuple[Network, np.ndarray | None]:
        changed = value.copy()
        changed[full] = theta
        return model.with_parameters(**{name: changed}), held

    label = f"{name}[{', '.join(str(int(i)) for i in index)}]" if index else name
    return Family(label, model_at, affine=True)


def _input_family(model: Network, index: tuple[Any, ...], held: np.ndarray | None) -> Family:
    base = np.zeros(model.n_inputs) if held is None else held.copy()
    if len(index) != 1:
        raise ModelError(f'("input", k) or ("input", direction), got {("input", *index)!r}')
    if np.ndim(index[0]) == 0:
        k = whole("the index of input", index[0], 0, model.n_inputs - 1, remark=f"(there are {model.n_inputs} inputs)")
        direction = np.zeros(model.n_inputs)
        direction[k] = 1.0
        base[k] = 0.0
        label = channel_name(model.input_names, k, "input")
    else:
        direction = as_array("the direction in input space", index[0], (model.n_inputs,), "(K,)")
        shown = ", ".join(f"{x:g}" for x in direction[:6]) + (", ..." if direction.size > 6 else "")
        label = f"input along [{shown}]"
    return Family(label, lambda theta: (model, base + theta * direction), affine=True)


def _function_family(model: Network, function: Callable[[float], Network], held: np.ndarray | None) -> Family:
    sizes = (model.n_units, model.pwl_units)

    def model_at(theta: float) -> tuple[Network, np.ndarray | None]:
        made = function(theta)
        if not isinstance(made, Network):
            raise ModelError(f"the parameter function must return a PLRNN, got {type(made).__name__} at {theta!r}")
        if (made.n_units, made.pwl_units) != sizes:
            raise ModelError(
                f"the parameter function must return models of {sizes[0]} units and {sizes[1]} ReLUs, "
                f"got {made.n_units} and {made.pwl_units} at {theta!r}"
            )
        return made, held

    if isinstance(function, CheckpointPath):
        inner = tuple(float(i) for i in range(len(function.models)))
        return Family("checkpoint", model_at, affine=False, domain=(0.0, float(function.last)), nodes=inner)
    return Family("parameter", model_at, affine=False)
