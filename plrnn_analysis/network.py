"""A network: its weights, the map they make, its readout and what is known about it; no analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeVar

import numpy as np

from ._frozen import Frozen, freeze
from ._signatures import checked
from ._validation import as_array, as_index_tuple, detached, one_of, rows, whole
from .architectures import ARCHITECTURES, canonical_map
from .constructors import Constructors
from .errors import ModelError
from .known_metadata import mapping_entry, texts_entry
from .maps import CanonicalMap, bits_from_string
from .recorded_trials import RecordedTrials

__all__ = ["AnyNetwork", "Network"]

#: For functions that return a network of the kind they were given.
AnyNetwork = TypeVar("AnyNetwork", bound="Network")


class Network(Constructors, Frozen):
    """Weights and what follows from them; every analysis takes one.

    Users have a :class:`plrnn_analysis.PLRNN`, which is a network with a method for every analysis. Constructors and
    methods here return the class they are called on.

    Attributes
    ----------
    architecture : str
    parameters : dict of str to ndarray
        Weights in the architecture's own names, read-only.
    relu_units : tuple of int or None
        For an AL-RNN, which state units pass a ReLU; None where ReLUs are not state units.
    map : CanonicalMap
        The form all analyses work on.
    B : (N, M) ndarray or None
        Readout matrix.
    b : (N,) ndarray or None
        Readout offset.
    metadata : dict
        What the checkpoint said: names of inputs and outputs, how the model was trained, notes of the
        reader.
    trials : RecordedTrials or None
        Trials that the checkpoint brought, see :meth:`with_trials`.

    Examples
    --------
    >>> Network.al_rnn(A=[0.5, 0.0], W=[[0.0, 1.0], [0.3, 0.0]], h=[0.1, -1.0], pwl_units=1)
    <Network al_rnn: M=2 units, 1 ReLU, at most 2^1 subregions>
    """

    @checked
    def __init__(
        self,
        architecture: str,
        parameters: Mapping[str, Any],
        relu_units: Sequence[int] | None = None,
        B: Any = None,
        b: Any = None,
        metadata: Mapping[str, Any] | None = None,
        trials: RecordedTrials | None = None,
    ) -> None:
        given = {name: detached(value) for name, value in parameters.items() if value is not None}
        self.map: CanonicalMap = canonical_map(architecture, given, () if relu_units is None else relu_units)
        self.architecture = architecture
        self.parameters: dict[str, np.ndarray] = {
            name: freeze(np.array(value, dtype=np.float64)) for name, value in given.items()
        }
        has_units = ARCHITECTURES[architecture].has_relu_units
        self.relu_units: tuple[int, ...] | None = (
            as_index_tuple("relu_units", () if relu_units is None else relu_units, self.n_units) if has_units else None
        )
        if b is not None and B is None:
            raise ModelError("a readout offset b needs a readout matrix B")
        self.B = None if B is None else freeze(as_array("B", B, (None, self.n_units), "(N, M), one row per output"))
        self.b = None if self.B is None or b is None else freeze(as_array("b", b, (self.B.shape[0],), "(N,)"))
        self.metadata: dict[str, Any] = dict(metadata or {})
        self.trials = trials
        _check_trials(trials, self.n_inputs, self.n_units)

    @property
    def n_units(self) -> int:
        """Dimension M of the state."""
        return self.map.n_units

    @property
    def pwl_units(self) -> int:
        """Number of ReLUs: P of an AL-RNN, H in general."""
        return self.map.n_relu

    @property
    def n_inputs(self) -> int:
        """Dimension K of the input."""
        return self.map.n_inputs

    @property
    def n_outputs(self) -> int:
        """Dimension N of the readout; 0 without one."""
        return 0 if self.B is None else int(self.B.shape[0])

    @property
    def input_names(self) -> tuple[str, ...]:
        """One name an input, where the metadata hold as many as there are inputs; else empty."""
        return self._names("input_names", self.n_inputs)

    @property
    def output_names(self) -> tuple[str, ...]:
        """One name an output, where the metadata hold as many as there are outputs; else empty."""
        return self._names("output_names", self.n_outputs)

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be assumed when the network was read, from the metadata."""
        return texts_entry(self.metadata, "notes")

    @property
    def training(self) -> Mapping[str, Any]:
        """How the network was trained, from the metadata: ``task``, its settings, ...; empty where nothing is said."""
        return mapping_entry(self.metadata, "training")

    def _names(self, key: str, count: int) -> tuple[str, ...]:
        names = texts_entry(self.metadata, key)
        return names if len(names) == count else ()

    def read_out(self, states: np.ndarray) -> np.ndarray | None:
        """Readout ``B z + b`` of states (..., M) as (..., N); None for a network without one.

        Examples
        --------
        >>> network = Network.al_rnn(A=[0.5], W=[[1.0]], h=[0.0], pwl_units=1, B=[[2.0]], b=[1.0])
        >>> network.read_out(np.array([[3.0], [4.0]]))
        array([[7.],
               [9.]])
        """
        if self.B is None:
            return None
        # A diverged state has a diverged readout: no news, no warning.
        with np.errstate(all="ignore"):
            outputs = rows("states", states, self.n_units) @ self.B.T
            if self.b is not None:
                outputs += self.b
        return np.asarray(outputs)

    def jacobian(self, subregion: Any) -> np.ndarray:
        """Jacobian ``A + W diag(b) V`` of the step inside a linear subregion.

        Parameters
        ----------
        subregion : str or (P,) array_like of bool or int
            A bitcode such as ``"0110"``, ``"-"`` for a network without ReLU; or the same as truth values, 0 and 1.

        Returns
        -------
        (M, M) ndarray

        Raises
        ------
        ModelError
            If it is no bitcode of this network.

        Examples
        --------
        >>> network = Network.al_rnn(A=[0.5, 0.0], W=[[0.0, 1.0], [0.3, 0.0]], h=[0.1, -1.0], pwl_units=1)
        >>> network.jacobian("1")
        array([[0.5, 1. ],
               [0.3, 0. ]])
        """
        n = self.map.n_relu
        if isinstance(subregion, str):
            return self.map.jacobian(bits_from_string(subregion, n))
        try:
            bits = np.asarray(subregion)
        except ValueError:  # rows of different lengths
            bits = np.empty(0, dtype=object)
        if bits.shape != (n,) or (n and (bits.dtype.kind not in "biuf" or not np.isin(bits, (0, 1)).all())):
            example = "'-'" if n == 0 else repr("01"[:n] + "1" * (n - 2))
            raise ModelError(
                f"a subregion of this model, which has P = {n}, is a bitcode such as {example} or an array of {n} "
                f"truth values; got {subregion!r}"
            )
        return self.map.jacobian(bits.astype(bool))

    def __repr__(self) -> str:
        plural = "" if self.pwl_units == 1 else "s"
        return (
            f"<{type(self).__name__} {self.architecture}: M={self.n_units} units, {self.pwl_units} ReLU{plural}, "
            f"at most 2^{self.pwl_units} subregions>"
        )

    @classmethod
    def record_hints(cls) -> dict[str, Any]:
        """A record holds what the constructor takes."""
        array = np.ndarray | None
        names: dict[str, Any] = {"architecture": str, "parameters": dict[str, np.ndarray]}
        held: dict[str, Any] = {"B": array, "b": array, "metadata": dict[str, Any], "trials": RecordedTrials | None}
        return {**names, "relu_units": tuple[int, ...] | None, **held}

    def shown_fields(self) -> list[tuple[str, Any]]:
        """What a notebook shows of a network: sizes, names and weights, by name."""
        about = {"units M": self.n_units, "ReLUs P": self.pwl_units, "inputs K": self.n_inputs}
        about["outputs N"] = self.n_outputs
        named = {"input names": ", ".join(self.input_names), "output names": ", ".join(self.output_names)}
        weights = {
            **self.parameters,
            **{name: held for name, held in (("B", self.B), ("b", self.b)) if held is not None},
        }
        return [*about.items(), *((key, text) for key, text in named.items() if text), *weights.items()]

    def _verdict(self) -> str:
        return f"{self.architecture}, at most 2^{self.pwl_units} subregions"

    def _notes(self) -> list[str]:
        return [f"Note: {note}." for note in self.notes]

    def with_parameters(self, **weights: Any) -> Self:
        """The same network with other values of some weights.

        Parameters
        ----------
        **weights : array_like
            By the names in ``parameters``, and of the same shapes; the rest stay as they are.

        Returns
        -------
        Network
            With the same readout and metadata.

        Raises
        ------
        ModelError
            If there is no such parameter, or on wrong shapes, NaN or infinity.

        Examples
        --------
        >>> model = Network.al_rnn(A=[0.5], W=[[1.0]], h=[0.0], pwl_units=1)
        >>> model.with_parameters(h=[2.0]).parameters["h"]
        array([2.])
        """
        unknown = sorted(weights.keys() - self.parameters.keys())
        if unknown:
            raise ModelError(f"the model has the parameters {', '.join(self.parameters)}; got {', '.join(unknown)}")
        for name, value in weights.items():
            weights[name] = as_array(name, value, self.parameters[name].shape)
        parameters = {**self.parameters, **weights}
        return type(self)(self.architecture, parameters, self.relu_units, self.B, self.b, self.metadata, self.trials)

    def with_trials(self, trials: RecordedTrials | None) -> Self:
        """The same network with other recorded trials.

        They are kept in its checkpoint, and stay with it where units lose their ReLU or weights change.

        Parameters
        ----------
        trials : RecordedTrials or None
            For as many inputs, and from states of as many units, as the network has.

        Raises
        ------
        ModelError
            If they are for another number of inputs or units.

        Examples
        --------
        >>> model = Network.al_rnn(A=[0.5], W=[[1.0]], h=[0.0], C=[[1.0]], pwl_units=1)
        >>> model.with_trials(RecordedTrials(np.ones((4, 10, 1)))).trials
        <RecordedTrials: 4 trials of 10 steps, 1 input>
        """
        p = self.parameters
        return type(self)(self.architecture, p, self.relu_units, self.B, self.b, self.metadata, trials)

    def ablate(self, unit: int, replacement: str = "linear") -> Self:
        """The same AL-RNN with one of its ReLUs replaced.

        Parameters
        ----------
        unit : int
            Index of the *state unit* (the P ReLU units are the last ones: M-P, ..., M-1), see ``relu_units``.
        replacement : {"linear", "off", "on"}, optional
            ``"linear"``: the unit loses its ReLU, phi(z) = z. ``"on"``: as if it were always on its active side;
            since ReLU is the identity there this is the same as ``"linear"``. ``"off"``: as if always on its inactive
            side, phi(z) = 0: its column of W is zero.

        Returns
        -------
        Network
            With one ReLU fewer, so bitcodes one character shorter. Its metadata say what was replaced.

        Raises
        ------
        ModelError
            If the unit has no ReLU, the architecture's ReLUs are not state units, or the replacement is unknown.

        Examples
        --------
        >>> model = Network.al_rnn(A=[0.5, 0.0], W=[[0.0, 1.0], [0.3, 0.0]], h=[0.1, -1.0], pwl_units=1)
        >>> model.ablate(1, "off").pwl_units
        0
        """
        if self.relu_units is None:
            raise ModelError(
                f"the ReLUs of the architecture {self.architecture} are no state units: none can be ablated"
            )
        one_of("replacement", replacement, ("linear", "off", "on"))
        unit = whole("unit", unit)
        if unit not in self.relu_units:
            units = ", ".join(map(str, self.relu_units)) or "none"
            raise ModelError(f"unit {unit!r} has no ReLU: only ReLU units can be ablated ({units})")
        parameters = dict(self.parameters)
        if replacement == "off":
            parameters["W"] = parameters["W"].copy()
            parameters["W"][:, unit] = 0.0
        left = tuple(i for i in self.relu_units if i != unit)
        done = [*self.metadata.get("ablations", []), {"unit": unit, "replacement": replacement}]
        metadata = {**self.metadata, "ablations": done}
        return type(self)(self.architecture, parameters, left, self.B, self.b, metadata, self.trials)


def _check_trials(trials: Any, n_inputs: int, n_units: int) -> None:
    if trials is None:
        return
    if not isinstance(trials, RecordedTrials):
        raise ModelError(f"trials must be RecordedTrials or None, got {type(trials).__name__}")
    if trials.n_inputs != n_inputs:
        raise ModelError(f"the recorded trials are for {trials.n_inputs} inputs, the network has {n_inputs}")
    if trials.initial is not None and trials.initial.shape[1] != n_units:
        raise ModelError(
            f"the recorded trials start from states of {trials.initial.shape[1]} units, the network has {n_units}"
        )
