"""The facade: a network with a one-line method for every analysis."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from .errors import ModelError
from .hooks import report
from .network import Network
from .readouts import with_outputs

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from .attractors import Attractors
    from .bifurcations import Bifurcations
    from .explain import Explanation
    from .input_diagrams import InputDiagram
    from .lyapunov import LyapunovSpectrum
    from .manifolds import Manifold
    from .modes import SubregionModes
    from .proofs import Verification
    from .reduce import ReducedModel
    from .results import Cycle, Cycles, FixedPoint, FixedPoints, Subregions, Trajectory, UniquenessCertificate
    from .slow_manifolds import SlowManifolds
    from .transition_graphs import TransitionGraph

__all__ = ["PLRNN"]


class PLRNN(Network):
    """A piecewise-linear recurrent network, ready for analysis.

    Build one with a constructor named after its architecture (:meth:`al_rnn`, :meth:`shallow`,
    :meth:`clipped_shallow`, :meth:`dendritic`, :meth:`relu_rnn`, :meth:`rnn`, :meth:`leaky_rnn`,
    :meth:`low_rank_rnn`) or with :func:`plrnn_analysis.load`.

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
        Trials that the checkpoint brought; they stay with the model where it is saved, ablated or reduced.

    Examples
    --------
    >>> model = PLRNN.al_rnn(A=[0.5, 0.0], W=[[0.0, 1.0], [0.3, 0.0]], h=[0.1, -1.0], pwl_units=1)
    >>> model
    <PLRNN al_rnn: M=2 units, 1 ReLU, at most 2^1 subregions>
    >>> [p.bitcode for p in model.fixed_points()]
    ['0']
    """

    def fixed_points(self, constant_input: Any = None, **options: Any) -> FixedPoints:
        """All fixed points, with a certificate; see :func:`plrnn_analysis.fixed_points.find_fixed_points`.

        Parameters
        ----------
        constant_input : (K,) array_like, optional
            The input held on; None stands for zero input.
        **options
            ``max_nodes``, ``time_limit``, ``workers``, ... of :func:`~plrnn_analysis.fixed_points.find_fixed_points`.
        """
        from .fixed_points import find_fixed_points

        return with_outputs(find_fixed_points(self.map.with_input(constant_input), **options), self)

    def verify_certificate(
        self, path: str | os.PathLike[str], constant_input: Any = None, periodic_input: Any = None
    ) -> Verification:
        """Check a certificate of fixed points or cycles; see :func:`plrnn_analysis.proofs.verify_certificate`.

        Parameters
        ----------
        path : path-like
            What ``fixed_points(certificate=path)`` or ``cycles(6, certificate=path)`` wrote.
        constant_input : (K,) array_like, optional
            The input that was held on; None stands for zero input.
        periodic_input : (p, K) array_like, optional
            The input that was repeated, instead of `constant_input`.

        Raises
        ------
        ModelError
            If both inputs are given.
        """
        from .proofs import verify_certificate

        if periodic_input is None:
            return verify_certificate(self.map.with_input(constant_input), path)
        if constant_input is not None:
            raise ModelError("give constant_input or periodic_input, not both")
        return verify_certificate(self.map, path, periodic_input=periodic_input)

    def uniqueness(self, constant_input: Any = None, **options: Any) -> UniquenessCertificate:
        """Is there exactly one fixed point? See :func:`plrnn_analysis.certificates.certify_unique`.

        Parameters
        ----------
        constant_input : (K,) array_like, optional
            The input held on; None stands for zero input.
        **options
            ``certificate``, ... of :func:`~plrnn_analysis.certificates.certify_unique`.
        """
        from .certificates import certify_unique

        return with_outputs(certify_unique(self.map.with_input(constant_input), **options), self)

    def cycles(self, max_period: int, constant_input: Any = None, periodic_input: Any = None, **options: Any) -> Cycles:
        """All cycles up to a period, with a certificate; see :func:`plrnn_analysis.cycles.find_cycles`.

        Parameters
        ----------
        max_period : int
        constant_input : (K,) array_like, optional
            The input held on; None stands for zero input.
        periodic_input : (p, K) array_like, optional
            Inputs repeated for ever, instead of `constant_input`.
        **options
            ``box``, ``method``, ``time_limit``, ... of :func:`~plrnn_analysis.cycles.find_cycles`.

        Raises
        ------
        ModelError
            If both inputs are given, or an option is out of range.
        """
        from .cycles import find_cycles

        if periodic_input is not None:
            if constant_input is not None:
                raise ModelError("give constant_input or periodic_input, not both")
            found = find_cycles(self.map, max_period, periodic_input=periodic_input, **options)
        else:
            found = find_cycles(self.map.with_input(constant_input), max_period, **options)
        return with_outputs(found, self)

    def regions(self, constant_input: Any = None, **options: Any) -> Subregions:
        """The non-empty subregions; see :func:`plrnn_analysis.regions.find_subregions`.

        Parameters
        ----------
        constant_input : (K,) array_like, optional
            The input held on; None stands for zero input.
        **options
            Passed to :func:`~plrnn_analysis.regions.find_subregions`.
        """
        from .regions import find_subregions

        return find_subregions(self.map.with_input(constant_input), **options)

    def run(self, inputs: Any, z0: Any = None, lengths: Any = None) -> Trajectory:
        """Drive the model with inputs; see :func:`plrnn_analysis.trajectories.run`.

        Parameters
        ----------
        inputs : (batch, T, K) or (T, K) array_like, or RecordedTrials
            ``model.trials`` for those that the checkpoint brought.
        z0 : (M,) or (batch, M) array_like, optional
            State before the first step; zero by default.
        lengths : (batch,) array_like of int, optional
            Valid steps of each trial; what follows is padding.
        """
        from .trajectories import run

        return run(self, inputs, z0, lengths=lengths)

    def simulate(
        self, steps: int, z0: Any = None, n: int = 1, constant_input: Any = None, seed: int | None = 0
    ) -> Trajectory:
        """Let the model run freely; see :func:`plrnn_analysis.trajectories.simulate`.

        Parameters
        ----------
        steps : int
        z0 : (M,) or (n, M) array_like, optional
            Initial states; standard normal draws with `seed` by default.
        n : int, optional
            Number of trajectories.
        constant_input : (K,) array_like, optional
        seed : int or None, optional
        """
        from .trajectories import simulate

        return simulate(self, steps, z0, n, constant_input, seed)

    def explain(self, trajectory: Trajectory, **options: Any) -> Explanation:
        """The modes of each visited subregion; see :func:`plrnn_analysis.explain.explain`.

        Parameters
        ----------
        trajectory : Trajectory
        **options
            Passed to :func:`plrnn_analysis.explain.explain`.
        """
        from .explain import explain

        return explain(self, trajectory, **options)

    def modes(self, bitcodes: str | Sequence[str], **options: Any) -> tuple[SubregionModes, ...]:
        """The modes of given subregions; see :func:`plrnn_analysis.modes.find_modes`.

        Parameters
        ----------
        bitcodes : str or sequence of str
        **options
            Passed to :func:`plrnn_analysis.modes.find_modes`.
        """
        from .modes import find_modes

        return find_modes(self, bitcodes, **options)

    def slow_manifolds(self, visited: Any, constant_input: Any = None, **options: Any) -> SlowManifolds:
        """Where the model moves slowly, within a range; see :func:`plrnn_analysis.slow_manifolds.find_slow_manifolds`.

        Parameters
        ----------
        visited : Trajectory or pair of (M,) array_like
            States that the model visits, or the lower and upper corner of the box around them.
        constant_input : (K,) array_like, optional
            The input held on; None stands for zero input.
        **options
            Passed to :func:`plrnn_analysis.slow_manifolds.find_slow_manifolds`.
        """
        from .slow_manifolds import find_slow_manifolds

        return find_slow_manifolds(self, visited, constant_input, **options)

    def lyapunov(self, steps: int = 10_000, **options: Any) -> LyapunovSpectrum:
        """Lyapunov exponents, free or under input; see :func:`plrnn_analysis.lyapunov.lyapunov_spectrum`.

        Parameters
        ----------
        steps : int, optional
        **options
            ``z0``, ``constant_input``, ``inputs``, ... of :func:`plrnn_analysis.lyapunov.lyapunov_spectrum`.
        """
        from .lyapunov import lyapunov_spectrum

        return lyapunov_spectrum(self, steps, **options)

    def attractors(self, constant_input: Any = None, **options: Any) -> Attractors:
        """Where trajectories end up, and how many of them; see :func:`plrnn_analysis.attractors.find_attractors`.

        Parameters
        ----------
        constant_input : (K,) array_like, optional
            The input held on; None stands for zero input.
        **options
            ``states``, ``box``, ... of :func:`plrnn_analysis.attractors.find_attractors`.
        """
        from .attractors import find_attractors

        return find_attractors(self, constant_input, **options)

    def manifold(self, saddle: FixedPoint | Cycle, kind: str, constant_input: Any = None, **options: Any) -> Manifold:
        """Stable or unstable manifold of a saddle; see :func:`plrnn_analysis.manifolds.invariant_manifold`.

        Parameters
        ----------
        saddle : FixedPoint or Cycle
        kind : {"stable", "unstable"}
        constant_input : (K,) array_like, optional
            The input held on; None stands for zero input.
        **options
            Passed to :func:`plrnn_analysis.manifolds.invariant_manifold`.
        """
        from .manifolds import invariant_manifold

        return invariant_manifold(self, saddle, kind, constant_input, **options)

    def bifurcations(self, parameter: Any, values: Any, **options: Any) -> Bifurcations:
        """Fixed points and cycles followed through a parameter; see :func:`plrnn_analysis.bifurcations.bifurcations`.

        Parameters
        ----------
        parameter : tuple or callable
            Such as ``("W", 3, 4)``, ``("h", 2)``, ``("input", 0)``, or a function from a number to a model.
        values : (n,) array_like
            Increasing.
        **options
            Passed to :func:`plrnn_analysis.bifurcations.bifurcations`.
        """
        from .bifurcations import bifurcations

        return bifurcations(self, parameter, values, **options)

    def reduce(self, domain: Any, **options: Any) -> ReducedModel[Self]:
        """The same model with every ReLU removed that provably is not needed; see :func:`plrnn_analysis.reduce.reduce`.

        Parameters
        ----------
        domain : pair of (M,) array_like, Trajectory or Polytope
            Where the two are to agree.
        **options
            Passed to :func:`plrnn_analysis.reduce.reduce`.
        """
        from .reduce import reduce

        return reduce(self, domain, **options)

    def input_diagram(self, inputs: int | Sequence[int], ranges: Any, **options: Any) -> InputDiagram:
        """Fixed points as exact functions of inputs; see :func:`plrnn_analysis.input_diagrams.input_diagram`.

        Parameters
        ----------
        inputs : int or pair of int
            Which input coordinates vary.
        ranges : pair of float, or pair of pairs
            From where to where, for each.
        **options
            Passed to :func:`plrnn_analysis.input_diagrams.input_diagram`.
        """
        from .input_diagrams import input_diagram

        return input_diagram(self, inputs, ranges, **options)

    def transition_graph(
        self, trajectory: Trajectory | None = None, box: Any = None, constant_input: Any = None, **options: Any
    ) -> TransitionGraph:
        """Which subregion follows which: on a trajectory, or exactly, inside a box.

        Parameters
        ----------
        trajectory : Trajectory, optional
            The empirical graph: the steps that were made, with their counts.
        box : float or pair of (M,) array_like, optional
            The exact graph instead: all steps that points inside the box can make. Give one of the two.
        constant_input : (K,) array_like, optional
            For the exact graph, the input held on; a trajectory has its own.
        **options
            Passed to :func:`plrnn_analysis.transitions.transition_graph` or
            :func:`plrnn_analysis.exact_transitions.exact_transition_graph`.

        Raises
        ------
        ModelError
            If not exactly one of `trajectory` and `box` is given, or an input beside a trajectory.
        """
        if (trajectory is None) == (box is None):
            raise ModelError("give exactly one of trajectory (empirical graph) and box (exact graph)")
        if trajectory is not None:
            from .transitions import transition_graph

            if constant_input is not None:
                raise ModelError("constant_input is for the exact graph; a trajectory has its own input")
            return transition_graph(self, trajectory, **options)
        from .exact_transitions import exact_transition_graph

        graph = exact_transition_graph(self.map.with_input(constant_input), box, **options)
        graph.graph.update(model=repr(self).strip("<>"), architecture=self.architecture)
        return graph

    def export(self, path: str | os.PathLike[str], constant_input: Any = None, **options: Any) -> None:
        """Write a file for other solvers, verifiers and programs; see :func:`plrnn_analysis.exports.export_network`.

        Parameters
        ----------
        path : path-like
            ``.mps``, ``.lp`` or ``.vnnlib`` for the question "is there a fixed point?", ``.onnx`` for one step.
        constant_input : (K,) array_like, optional
            The input held on; None stands for zero input, for ``.onnx`` for inputs that are given at each step.
        **options
            ``box``, ``exclude``, ``precision``, ... of :func:`plrnn_analysis.exports.write_milp`,
            :func:`~plrnn_analysis.exports.write_vnnlib` and :func:`~plrnn_analysis.exports.write_onnx`.
        """
        from .exports import export_network

        export_network(self, path, constant_input, **options)

    def report(self, directory: str | os.PathLike[str], constant_input: Any = None, **options: Any) -> Path:
        """Write everything that is found to one page of HTML; see :func:`plrnn_analysis.report.write_report`.

        Parameters
        ----------
        directory : path-like
            Of the page.
        constant_input : (K,) array_like, optional
            The input held on; None stands for zero input.
        **options
            ``trials``, ``max_period``, ``time_limit``, ... of :func:`plrnn_analysis.report.write_report`.
        """
        page: Path = report(self, directory, constant_input, **options)
        return page
