"""Slow manifolds in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..results.naming import channel_name

if TYPE_CHECKING:
    from ..modes import Mode
    from .search import SlowManifold, SlowManifolds

__all__ = ["manifold_sentence"]

# Inputs or outputs listed one by one; of more only the strongest.
LISTED = 4
# A drift is common to all points if differences keep this many times longer than places.
COMMON = 10.0
# A bound this close to the value is the value.
TIGHT = 1e-3


def manifold_sentence(piece: SlowManifold, found: SlowManifolds) -> str:
    """One subregion in words."""
    share = "" if np.isnan(piece.frequency) else f" ({_percent(piece.frequency)} of the visited states)"
    start = f"Subregion {piece.bitcode}{share}: "
    if piece.dimension == 0:
        text = f"no slow direction (no eigenvalue within {1.0 / found.time_constant:.2g} of 1). "
        return start + text + _modes(piece, "Near-marginal mode") + _slowest(piece)
    if piece.extents is None:
        directions = _count(piece.dimension, "slow direction")
        text = f"{directions}, but its slow manifold misses the range: states pass through. "
        return start + text + _modes(piece, "Mode") + _inputs(piece, found) + _slowest(piece)
    return start + _holding(piece, found) + _modes(piece, "Mode") + _inputs(piece, found) + _slowest(piece)


def _holding(piece: SlowManifold, found: SlowManifolds) -> str:
    shape = {1: "line", 2: "plane"}.get(piece.dimension, f"{piece.dimension}-dimensional manifold")
    kind = f"{shape} attractor" if piece.attracting else f"slow {shape} that other modes leave"
    if piece.largest_piece_drift <= piece.rounding:
        return f"a {kind}, exact to rounding: all its points are at rest. "
    allowed = _percent(found.hold)
    limit = f"by more than {allowed} of its visited range"
    if piece.holding_steps >= 1.0 and COMMON * piece.holding_steps < piece.difference_steps:
        text = f"a {shape} along which all points drift together, by {_range(piece)} per step"
        text += f"{_output_clause(piece, found)}. Differences between them "
        if np.isinf(piece.difference_steps):
            text += "stay as they are"
        else:
            text += f"change by more than {allowed} after {_steps(piece.difference_steps + 1)} at the earliest"
        return f"{text}; some unit moves {limit} after {_steps(piece.holding_steps + 1)}{_leaving(piece)}. "
    if piece.holding_steps < 1.0:
        text = f"a slow {shape} that holds nothing: a single step can move some unit {limit}"
    elif np.isinf(piece.holding_steps):
        text = f"approximately a {kind}: starting on it no unit ever moves {limit}"
    else:
        text = f"a {kind} for {_least(piece)}{_steps(piece.holding_steps)}: until then no unit moves {limit}"
    return text + _leaving(piece) + f". Drift on it: {_range(piece)} per step" + _output_clause(piece, found) + ". "


def _leaving(piece: SlowManifold) -> str:
    if np.isinf(piece.crossing_steps):
        return "; a fixed point lies on it"
    if np.isnan(piece.crossing_steps):
        return ""
    return f"; after {_steps(piece.crossing_steps)} every point has left its part of the range"


def _output_clause(piece: SlowManifold, found: SlowManifolds) -> str:
    if not len(piece.output_drift):
        return ""
    i = int(np.argmax(np.abs(piece.output_drift)))
    name = "the output" if len(piece.output_drift) == 1 else channel_name(found.output_names, i, "output")
    return f", at most {piece.output_drift[i]:.3g} in {name}"


def _range(piece: SlowManifold) -> str:
    low, high = f"{piece.least_piece_drift:.3g}", f"{piece.largest_piece_drift:.3g}"
    return high if low == high else f"{low} to {high}"


def _least(piece: SlowManifold) -> str:
    return "at least " if piece.dimension > 1 else ""


def _inputs(piece: SlowManifold, found: SlowManifolds) -> str:
    n_outputs, n_inputs = piece.output_slopes.shape
    if n_inputs == 0 or piece.dimension == 0:
        return ""
    if n_outputs == 1:
        slopes, what = piece.output_slopes[0], "the output"
    elif n_outputs:
        slopes, what = np.linalg.norm(piece.output_slopes, axis=0), "the outputs"
    elif piece.dimension == 1:
        slopes, what = piece.input_slopes[0], "the state"
    else:
        slopes, what = np.linalg.norm(piece.input_slopes, axis=0), "the state"
    order = np.arange(n_inputs) if n_inputs <= LISTED else np.argsort(-np.abs(slopes), kind="stable")[:LISTED]
    listed = ", ".join(f"{slopes[i]:.3g} ({channel_name(found.input_names, int(i), 'input')})" for i in order)
    more = "" if n_inputs <= LISTED else ", the strongest of them"
    return f"Each step a unit of input moves {what} along it by {listed}{more}. "


def _slowest(piece: SlowManifold) -> str:
    if piece.least_drift <= piece.rounding:
        return "It holds points at rest to rounding."
    text = f"Its slowest point moves by {piece.least_drift:.3g} per step"
    if piece.least_drift_bound >= (1.0 - TIGHT) * piece.least_drift:
        return text + "; proved: no point of it in the range moves less."
    return text + f"; proved: no point of it in the range moves less than {piece.least_drift_bound:.1e}."


def _modes(piece: SlowManifold, what: str) -> str:
    if not piece.modes:
        return ""
    shown = ", ".join(_mode(mode) for mode in piece.modes[:3])
    more = f" and {len(piece.modes) - 3} more" if len(piece.modes) > 3 else ""
    plural = "s" if len(piece.modes) > 1 else ""
    return f"{what}{plural}: {shown}{more}. "


def _mode(mode: Mode) -> str:
    value = mode.eigenvalue
    text = f"λ = {value.real:.7g}" if value.imag == 0.0 else f"λ = {value.real:.5g} ± {value.imag:.5g}i"
    if np.isinf(mode.time_constant):
        return text
    return f"{text} ({'grows' if mode.time_constant < 0 else 'decays'}, time constant {abs(mode.time_constant):.3g})"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _steps(n: float) -> str:
    return f"{n:,.0f} step{'' if n == 1 else 's'}" if n < 1e6 else f"{n:.2g} steps"


def _percent(share: float) -> str:
    return f"{100.0 * share:.3g}%"
