"""What ``result.plot()`` draws: for each type of result the function that draws it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._signatures import checked
from ..attractors import BasinSlice
from ..bifurcations import BifurcationPlane, Bifurcations
from ..errors import ModelError
from ..explain import Explanation
from ..input_diagrams import InputDiagram
from ..manifolds import Manifold
from ..modes import SubregionModes
from ..results import FixedPoints, Trajectory
from ..slow_manifolds import SlowManifolds
from ..symbols import DivergenceMatrix, Occupancy
from ..transition_graphs import TransitionGraph
from .basins import plot_basins
from .bifurcation_diagram import plot_bifurcation_diagram
from .bifurcation_plane import plot_bifurcation_plane
from .bitcode_statistics import plot_condition_divergences, plot_occupancy
from .fixed_point_plane import plot_fixed_points
from .graphs import plot_transition_graph
from .input_diagram import plot_fixed_point_count, plot_input_diagram
from .manifolds import plot_manifolds
from .slow_modes import plot_drift, plot_modes
from .state_plane import plot_state_plane
from .trials import plot_trial

__all__ = ["plot_result"]


@checked
def plot_result(result: Any, **options: Any) -> Any:
    """Draw a result with the function made for its type; the same as ``result.plot(**options)``.

    Parameters
    ----------
    result : object
        A basin slice, bifurcations along one or two parameters, an explanation, fixed points, an input diagram, a
        manifold, an occupancy, divergences of conditions, slow manifolds, modes, a trajectory, or a transition
        graph.
    **options
        Of that function, such as ``ax``. Fixed points take ``run``, a trajectory of the same model: it spans the plane,
        and saddles get their unstable directions. A trajectory with inputs is drawn as a trial unless an option of
        :func:`plot_state_plane` is given.

    Returns
    -------
    Axes or Figure
        What it was drawn on.

    Raises
    ------
    ModelError
        If there is no figure of this type of result, or the function refuses it.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> decay = PLRNN.al_rnn([0.5, 0.2], [[0.0, 0.0], [0.0, 0.1]], [1.0, 0.0], pwl_units=1)
    >>> ax = decay.fixed_points().plot(run=decay.simulate(50, n=3))
    >>> ax.has_data()
    True
    """
    for kind in type(result).__mro__:
        if kind in DRAWN:
            return DRAWN[kind](result, **options)
    names = ", ".join(sorted(kind.__name__ for kind in DRAWN))
    raise ModelError(f"there is no figure of {type(result).__name__}; what can be drawn: {names}")


def _plot_fixed_points(found: FixedPoints, run: Trajectory | None = None, **options: Any) -> Any:
    if run is not None and not isinstance(run, Trajectory):
        raise ModelError(
            f"run must be a trajectory of the same model, plot(run=model.run(inputs)); got {type(run).__name__}"
        )
    return plot_fixed_points(found, run, **options)


def _plot_trajectory(run: Trajectory, **options: Any) -> Any:
    plane = {"fixed_points", "relus", "max_points", "ax", "units", "colour"}
    if run.inputs is None or run.outputs is None or plane & options.keys():
        return plot_state_plane(run, **options)
    return plot_trial(run, **options)


def _plot_input_diagram(diagram: InputDiagram, **options: Any) -> Any:
    return (plot_input_diagram if len(diagram.inputs) == 1 else plot_fixed_point_count)(diagram, **options)


def _plot_modes_of_one(region: SubregionModes, **options: Any) -> Any:
    return plot_modes([region], **options)


#: The function for each type; a type that is not here is drawn as the nearest type that it derives from.
DRAWN: dict[type, Callable[..., Any]] = {
    BasinSlice: plot_basins,
    BifurcationPlane: plot_bifurcation_plane,
    Bifurcations: plot_bifurcation_diagram,
    DivergenceMatrix: plot_condition_divergences,
    Explanation: plot_modes,
    FixedPoints: _plot_fixed_points,
    InputDiagram: _plot_input_diagram,
    Manifold: plot_manifolds,
    Occupancy: plot_occupancy,
    SlowManifolds: plot_drift,
    SubregionModes: _plot_modes_of_one,
    Trajectory: _plot_trajectory,
    TransitionGraph: plot_transition_graph,
}
