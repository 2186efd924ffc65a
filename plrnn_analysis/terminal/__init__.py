"""Networks and results on a terminal."""

from .comparing import print_comparison
from .diagrams import print_bifurcations, print_input_diagram
from .explaining import print_ablations, print_explanation
from .graphs import print_conditions, print_graph
from .networks import print_contents, print_model, print_subregions
from .reducing import print_reduction
from .searches import print_cycles, print_fixed_points, print_section

__all__ = [
    "print_ablations",
    "print_bifurcations",
    "print_comparison",
    "print_conditions",
    "print_contents",
    "print_cycles",
    "print_explanation",
    "print_fixed_points",
    "print_graph",
    "print_input_diagram",
    "print_model",
    "print_reduction",
    "print_section",
    "print_subregions",
]
