"""Which ReLUs does a model need? Over a stated domain, those that never switch are removed exactly."""

from .answers import ReducedModel, UnitReport
from .domains import Polytope
from .proving import reduce
from .verifying import VerifiedReduction, reduction_checker_path, verify_reduction

__all__ = [
    "Polytope",
    "ReducedModel",
    "UnitReport",
    "VerifiedReduction",
    "reduce",
    "reduction_checker_path",
    "verify_reduction",
]
