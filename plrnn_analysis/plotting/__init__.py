"""Figures: losses, error against P, driven trials, subregions with their fixed points, transition graphs.

Every function takes results and an optional ``ax`` (or ``figure``) and returns what it drew on. Nothing depends on
pyplot or on a display: without ``ax`` a :class:`matplotlib.figure.Figure` of its own is made, reachable as
``ax.figure`` and saved with ``ax.figure.savefig(path)``. Colours are those of Okabe and Ito, which
colour-blind readers can tell apart. matplotlib is imported when the first figure is made.
"""

from .error_by_relus import plot_error_by_relus
from .fixed_point_distances import distance_in_visited_ranges, plot_fixed_point_distances
from .graphs import plot_transition_graph
from .losses import plot_loss_curves
from .state_plane import plot_state_plane
from .style import bitcode_colours
from .trials import plot_trial

__all__ = [
    "bitcode_colours",
    "distance_in_visited_ranges",
    "plot_error_by_relus",
    "plot_fixed_point_distances",
    "plot_loss_curves",
    "plot_state_plane",
    "plot_transition_graph",
    "plot_trial",
]
