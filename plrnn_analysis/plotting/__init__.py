"""Figures: training, trials, subregions and their fixed points, graphs, bifurcations, basins and what else is found.

Every function takes results and an optional ``ax`` (or ``figure``) and returns what it drew on. Nothing depends on
pyplot or on a display: without ``ax`` a :class:`matplotlib.figure.Figure` of its own is made, reachable as
``ax.figure`` and saved with ``ax.figure.savefig(path)``. Colours are those of Okabe and Ito, which
colour-blind readers can tell apart. matplotlib is imported when the first figure is made.
"""

from .basins import plot_basins
from .bifurcation_diagram import plot_bifurcation_diagram
from .bifurcation_plane import plot_bifurcation_plane
from .bitcode_statistics import plot_condition_divergences, plot_occupancy
from .error_by_relus import plot_error_by_relus
from .fixed_point_distances import plot_fixed_point_distances
from .fixed_point_plane import plot_fixed_points
from .graphs import plot_transition_graph
from .input_diagram import plot_fixed_point_count, plot_input_diagram
from .losses import plot_loss_curves
from .manifolds import plot_manifolds
from .results import plot_result
from .slow_modes import plot_drift, plot_modes
from .state_plane import plot_state_plane
from .style import bitcode_colours
from .trials import plot_trial

__all__ = [
    "bitcode_colours",
    "plot_basins",
    "plot_bifurcation_diagram",
    "plot_bifurcation_plane",
    "plot_condition_divergences",
    "plot_drift",
    "plot_error_by_relus",
    "plot_fixed_point_count",
    "plot_fixed_point_distances",
    "plot_fixed_points",
    "plot_input_diagram",
    "plot_loss_curves",
    "plot_manifolds",
    "plot_modes",
    "plot_occupancy",
    "plot_result",
    "plot_state_plane",
    "plot_transition_graph",
    "plot_trial",
]
