"""A search result in plain words, and as a record for JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .display.abbreviation import count_words
from .statuses import Engine, StoppedBy

if TYPE_CHECKING:
    import numpy as np

    from .results import Continuum, Cycle, Cycles, FixedPoint, FixedPoints

__all__ = ["coverage_sentences", "cycle_sentences", "cycles_record", "fixed_points_record"]

#: Version of the record that :func:`fixed_points_record` makes; raised when a field changes its meaning.
RECORD_VERSION = 1

NONE = "The model has no fixed point."


def _patterns(n: int, n_relu: int) -> str:
    return f"2^{n_relu}" + (f" = {n:,}" if 4 <= n_relu <= 40 else "")


def coverage_sentences(result: FixedPoints) -> list[str]:
    """What a search for fixed points proved, in words.

    Parameters
    ----------
    result : FixedPoints

    Returns
    -------
    list of str
        Complete sentences: first the verdict, then how it was reached, then the notes of the search.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> print(coverage_sentences(tent.fixed_points())[0])
    Complete: all 2^1 subregions were decided. There is no fixed point beside the 2 points listed.
    """
    cov = result.coverage
    n_relu = cov.subregions.bit_length() - 1
    everything = _patterns(cov.subregions, n_relu)
    listed = [count_words(len(result), "point")] if len(result) else []
    if result.continua:
        listed.append(count_words(len(result.continua), "continuum", "continua"))

    if result.complete:
        one = cov.subregions == 1
        verdict = f"Complete: {'the single subregion was' if one else f'all {everything} subregions were'} decided. "
        verdict += f"There is no fixed point beside the {' and '.join(listed)} listed." if listed else NONE
    elif cov.limit is not None:
        verdict = (
            f"NOT complete: points were excluded only where all ReLU arguments are at most {cov.limit:.3g} in modulus. "
            "What is listed is verified; there may be more further out."
        )
    else:
        share = 100.0 * (cov.undecided / cov.subregions)
        verdict = (
            f"NOT complete: {StoppedBy(cov.stopped_by).reason} with {share:.3g} % of the {everything} subregions "
            "undecided. What is listed is verified; the undecided part may hold more."
        )

    how = f"Engine: {cov.engine}; {count_words(cov.nodes, 'node')} of the search tree"
    counts = (
        (cov.pruned, "cut by a sign test"),
        (cov.collapsed, "closed by a uniqueness proof"),
        (cov.solved, "solved"),
    )
    how += "".join(f", {n:,} {what}" for n, what in counts if n) + f"; {cov.seconds:.2g} s."
    if cov.engine == Engine.UNIQUENESS:
        how = (
            "Engine: uniqueness certificate (the symmetric part of I - G is positive definite, so exactly one "
            f"fixed point exists); {cov.seconds:.2g} s."
        )
    return [verdict, how, *(f"Note: {note}." for note in cov.notes)]


def _number(x: float) -> float | None:
    """JSON has no infinity; null stands for it."""
    return float(x) if math.isfinite(x) else None


def _complex_pairs(values: np.ndarray) -> list[list[float]]:
    return [[float(v.real), float(v.imag)] for v in values]


def _point_record(point: FixedPoint) -> dict[str, Any]:
    return {
        "bitcode": point.bitcode,
        "z": point.z.tolist(),
        "stability": point.stability,
        "spectral_radius": float(point.spectral_radius),
        "eigenvalues": _complex_pairs(point.eigenvalues),
        "residual": float(point.residual),
        "boundary_distance": _number(point.boundary_distance),
        "on_boundary": bool(point.on_boundary),
    }


def _continuum_record(piece: Continuum) -> dict[str, Any]:
    return {
        "bitcode": piece.bitcode,
        "dimension": int(piece.dimension),
        "anchor": piece.anchor.tolist(),
        "directions": piece.directions.tolist(),
        "interval": None if piece.interval is None else [_number(end) for end in piece.interval],
        "eigenvalues": _complex_pairs(piece.eigenvalues),
        "residual": float(piece.residual),
    }


def fixed_points_record(result: FixedPoints) -> dict[str, Any]:
    """A search result as nested dicts and lists that :mod:`json` accepts.

    Parameters
    ----------
    result : FixedPoints

    Returns
    -------
    dict
        ``complete``, ``coverage``, ``fixed_points`` and ``continua``. Eigenvalues are pairs (real,
        imaginary); null stands for infinity: a ``boundary_distance`` of a model without ReLU, an open end
        of an ``interval``. A ``limit`` that is not null is the modulus of ReLU arguments up to which fixed points
        were excluded.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> decay = PLRNN.al_rnn(A=[0.5], W=[[0.0]], h=[1.0], pwl_units=0)
    >>> record = fixed_points_record(decay.fixed_points())
    >>> record["complete"], record["fixed_points"][0]["z"], record["fixed_points"][0]["boundary_distance"]
    (True, [2.0], None)
    """
    cov = result.coverage
    return {
        "complete": bool(result.complete),
        "coverage": {
            "subregions_log2": cov.subregions.bit_length() - 1,
            "decided_fraction": cov.decided / cov.subregions,
            "engine": cov.engine,
            "nodes": int(cov.nodes),
            "pruned": int(cov.pruned),
            "collapsed": int(cov.collapsed),
            "solved": int(cov.solved),
            "stopped_by": cov.stopped_by,
            "seconds": float(cov.seconds),
            "notes": list(cov.notes),
            "limit": cov.limit,
        },
        "fixed_points": [_point_record(point) for point in result],
        "continua": [_continuum_record(piece) for piece in result.continua],
    }


def cycle_sentences(result: Cycles) -> list[str]:
    """What a search for cycles proved, in words.

    Parameters
    ----------
    result : Cycles

    Returns
    -------
    list of str

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> print(cycle_sentences(tent.cycles(max_period=3))[0])
    Complete: there is no cycle of period 2 to 3 beside the 3 listed.
    """
    longer = sum(c.period > 1 for c in result)
    where = "" if result.box is None else " inside the box"
    families = sum(f.period > 1 for f in result.continua)
    extra = f" and {count_words(families, 'family', 'families')}" if families else ""
    if result.complete:
        periods = "2" if result.max_period == 2 else f"2 to {result.max_period}"
        beside = f" beside the {longer} listed{extra}" if longer or families else ""
        return [f"Complete: there is no cycle of period {periods}{where}{beside}."]
    reasons = dict.fromkeys(StoppedBy(c.stopped_by) for c in result.coverage.values() if c.stopped_by)
    why = "; ".join(word.reason for word in reasons) or "the search was stopped"
    done = (
        f"complete up to period {result.complete_up_to}" if result.complete_up_to else "not even period 1 is complete"
    )
    return [f"NOT complete: {why}; {done} of {result.max_period}{where}. What is listed{extra} is verified."]


def _cycle_record(cycle: Cycle) -> dict[str, Any]:
    return {
        "period": int(cycle.period),
        "word": list(cycle.word),
        "points": cycle.points.tolist(),
        "stability": cycle.stability,
        "spectral_radius": float(cycle.spectral_radius),
        "multipliers": _complex_pairs(cycle.multipliers),
        "residual": float(cycle.residual),
        "boundary_distance": _number(cycle.boundary_distance),
        "on_boundary": bool(cycle.on_boundary),
    }


def cycles_record(result: Cycles) -> dict[str, Any]:
    """A cycle search as nested dicts and lists that :mod:`json` accepts, like :func:`fixed_points_record`.

    Parameters
    ----------
    result : Cycles

    Returns
    -------
    dict
        ``complete_up_to``, ``max_period``, ``stopped_by`` of each period, ``cycles`` and ``families``.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> record = cycles_record(tent.cycles(max_period=2))
    >>> record["complete_up_to"], record["cycles"][-1]["word"]
    (2, ['0', '1'])
    """
    return {
        "complete_up_to": int(result.complete_up_to),
        "max_period": int(result.max_period),
        "stopped_by": {str(k): c.stopped_by for k, c in result.coverage.items()},
        "limit": {str(k): c.limit for k, c in result.coverage.items() if c.limit is not None},
        "cycles": [_cycle_record(cycle) for cycle in result],
        "families": [
            {
                "period": int(f.period),
                "word": list(f.word),
                "dimension": int(f.dimension),
                "anchor": f.anchor.tolist(),
                "directions": f.directions.tolist(),
            }
            for f in result.continua
        ],
    }
