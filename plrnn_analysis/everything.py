"""Every room that defines results, imported, so that a record may name any of them."""

from . import (
    analysis,
    attractors,
    bifurcations,
    border_collisions,
    comparison,
    conditions,
    explain,
    graph_summary,
    input_diagrams,
    linear_limit,
    lyapunov,
    manifolds,
    model,
    modes,
    proofs,
    recorded_trials,
    reduce,
    results,
    slow_manifolds,
    story,
    symbols,
    tables,
    transitions,
    windings,
)

__all__ = ["ROOMS"]

#: The rooms, those that they import themselves left out.
ROOMS = (
    analysis, attractors, bifurcations, border_collisions, comparison, conditions, explain, graph_summary,
    input_diagrams, linear_limit, lyapunov, manifolds, model, modes, recorded_trials, reduce, results, slow_manifolds,
    story, symbols, tables, transitions, windings, proofs,
)  # fmt: skip
