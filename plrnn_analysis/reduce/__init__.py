"""Which ReLUs does a model need? Over a stated domain, those that never switch are removed exactly."""

from .domains import Polytope
from .proving import ReducedModel, UnitReport, reduce

__all__ = ["Polytope", "ReducedModel", "UnitReport", "reduce"]
