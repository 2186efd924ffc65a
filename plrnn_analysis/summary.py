"""A search result in plain words, and as a record for JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from .results import Continuum, FixedPoint, FixedPoints

__all__ = ["count_words", "coverage_sentences", "fixed_points_record"]

#: Version of the record that :func:`fixed_points_record` makes; raised when a field changes its meaning.
RECORD_VERSION = 1

NONE = "The model has no fixed point."

_STOPPED = {
    "max_nodes": "the node budget ended the search",
    "time_limit": "the time limit ended the search",
    "interrupt": "the search was interrupted",
    "memory": "the problem needs more memory than the search allows itself",
    "numerics": "rounding left some subregions without a verdict",
}


def count_words(n: int, noun: str, plural: str = "") -> str:
    """``1 fixed point``, ``3 fixed points``.

    Parameters
    ----------
    n : int
    noun : str
    plural : str, optional
        By default the noun with an s.

    Examples
    --------
    >>> count_words(0, "fixed point"), count_words(1, "continuum", "continua")
    ('0 fixed points', '1 continuum')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


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
    else:
        share = 100.0 * (cov.undecided / cov.subregions)
        reason = _STOPPED.get(cov.stopped_by, f"the search was stopped by {cov.stopped_by}")
        verdict = (
            f"NOT complete: {reason} with {share:.3g} % of the {everything} subregions undecided. "
            "What is listed is verified; the undecided part may hold more."
        )

    how = f"Engine: {cov.engine}; {count_words(cov.nodes, 'node')} of the search tree"
    counts = (
        (cov.pruned, "cut by a sign test"),
        (cov.collapsed, "closed by a uniqueness proof"),
        (cov.solved, "solved"),
    )
    how += "".join(f", {n:,} {what}" for n, what in counts if n) + f"; {cov.seconds:.2g} s."
    if cov.engine == "uniqueness certificate":
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
        of an ``interval``.

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
        },
        "fixed_points": [_point_record(point) for point in result],
        "continua": [_continuum_record(piece) for piece in result.continua],
    }
