"""The tables of a report: fixed points, continua, cycles, ends of free runs, and the subregions in use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..display.abbreviation import short_bitcode, short_number, short_word
from ..results import FixedPoint
from ..results.naming import LISTED_OUTPUTS, channel_name
from ..slow_manifolds import distance_in_ranges
from .sheets import Column, Sheet

if TYPE_CHECKING:
    from ..attractors import Attractors
    from ..findings import Findings
    from ..graph_summary import GraphSummary
    from ..results import Cycles, FixedPoints, Trajectory

__all__ = ["report_sheets"]

# Characters of a word of a cycle.
WORD = 60
NOT_VISITED = "not visited"
NAMES = " Subregions are named as in the table of subregions, by how often the states in use are there."


def report_sheets(found: Findings, names: Mapping[str, str], summary: GraphSummary | None) -> list[Sheet]:
    """The tables of what was found; none for what there is not.

    Parameters
    ----------
    found : Findings
    names : mapping of str to str
        Short names of the subregions visited.
    summary : GraphSummary or None
        Of the transition graph; None where no states in use are known.
    """
    return list(_sheets(found, names, summary))


def _sheets(found: Findings, names: Mapping[str, str], summary: GraphSummary | None) -> Iterator[Sheet]:
    points, cycles = found.fixed_points, found.cycles
    if len(points):
        yield _fixed_points(points, found.visited, names)
    if points.continua:
        yield _continua(points, names)
    if cycles is not None and any(cycle.period > 1 for cycle in cycles):
        yield _cycles(cycles, names)
    if found.ends is not None:
        yield _ends(found.ends)
    if summary is not None:
        yield _subregions(summary, names)


def _state_columns(n_units: int) -> list[Column]:
    """The units of a state, for the CSV file."""
    return [Column(f"unit {i}", None) for i in range(n_units)]


def _output_columns(n: int, names: Sequence[str]) -> list[Column]:
    """One column per output, the first of them shown."""
    headings = [channel_name(names, i, "output") for i in range(n)]
    return [Column(head, _short if i < LISTED_OUTPUTS else None, number=True) for i, head in enumerate(headings)]


def _fixed_points(points: FixedPoints, visited: Trajectory | None, names: Mapping[str, str]) -> Sheet:
    away: Sequence[Any] = [None] * len(points) if visited is None else distance_in_ranges(points, visited).tolist()
    n_outputs = max((len(p.output) for p in points if p.output is not None), default=0)
    plain = _are_bitcodes(names)
    columns = [
        Column("no.", str, number=True),
        Column("visited" if plain else "subregion"),
        Column("bitcode", short_bitcode, code=True),
        Column("stability"),
        Column("unstable directions", str, number=True),
        Column("spectral radius", _six, number=True),
        Column("to boundary", _short, number=True),
        Column("ranges away", _short, number=True),
        Column("residual", None, number=True),
        *_output_columns(n_outputs, points.output_names),
        *_state_columns(len(points[0].z)),
    ]
    rows = []
    for number, (point, distance) in enumerate(zip(points, away, strict=True)):
        unstable = int(np.count_nonzero(np.abs(point.eigenvalues) > 1.0))
        outputs = [] if point.output is None else point.output.tolist()
        rows.append(
            (
                number, _place(point.bitcode, names, plain), point.bitcode, str(point.stability), unstable,
                point.spectral_radius, 0.0 if point.on_boundary else point.boundary_distance, distance, point.residual,
                *outputs, *point.z.tolist(),
            )
        )  # fmt: skip
    explanation = (
        "The spectral radius is the largest modulus of a multiplier: below 1 the point attracts. To boundary is the "
        "distance to the nearest boundary of its subregion; ranges away is the distance from the states in use, in "
        f"visited ranges, 0 inside. Numbers are those of the figures.{'' if plain else NAMES}"
    )
    return Sheet("fixed-points", "Fixed points", explanation, columns, rows)


def _continua(points: FixedPoints, names: Mapping[str, str]) -> Sheet:
    plain = _are_bitcodes(names)
    columns = [
        Column("visited" if plain else "subregion"),
        Column("bitcode", short_bitcode, code=True),
        Column("dimension", str, number=True),
        Column("from", _short, number=True),
        Column("to", _short, number=True),
        Column("residual", None, number=True),
        *_state_columns(len(points.continua[0].anchor)),
    ]
    rows = [
        (
            _place(piece.bitcode, names, plain), piece.bitcode, piece.dimension, *(piece.interval or (None, None)),
            piece.residual, *piece.anchor.tolist(),
        )
        for piece in points.continua
    ]  # fmt: skip
    explanation = "How far a line of fixed points reaches to either side of the state in the CSV file."
    explanation += "" if plain else NAMES
    return Sheet("continua", "Continua of fixed points", explanation, columns, rows)


def _cycles(cycles: Cycles, names: Mapping[str, str]) -> Sheet:
    def written(word: tuple[str, ...]) -> str:
        return short_word([names.get(code, code) for code in word], WORD)

    columns = [
        Column("period", str, number=True),
        Column("word", written, code=True),
        Column("stability"),
        Column("spectral radius", _six, number=True),
        Column("to boundary", _short, number=True),
        Column("residual", None, number=True),
    ]
    rows = [
        (
            cycle.period, cycle.word, str(cycle.stability), cycle.spectral_radius,
            0.0 if cycle.on_boundary else cycle.boundary_distance, cycle.residual,
        )
        for cycle in cycles
        if cycle.period > 1
    ]  # fmt: skip
    explanation = (
        "The word lists the subregions in the order in which the cycle runs through them; a power counts steps in one. "
        "The spectral radius is that of a whole round; to boundary is the smallest distance of a point to a boundary."
    )
    return Sheet("cycles", "Cycles", explanation, columns, rows)


def _ends(ends: Attractors) -> Sheet:
    points = [end.object.output if isinstance(end.object, FixedPoint) else None for end in ends]
    n_outputs = max((len(output) for output in points if output is not None), default=0)
    columns = [
        Column("end"),
        Column("period", str, number=True),
        Column("initial states", str, number=True),
        Column("share", _short, number=True),
        Column("at least", _short, number=True),
        Column("at most", _short, number=True),
        Column("proved", str, number=True),
        Column("leading multiplier", _six, number=True),
        Column("subregions", str, number=True),
        *_output_columns(n_outputs, ends.output_names),
        Column("note", long=True),
    ]
    rows = [
        (
            str(end.kind), end.period, end.count, end.fraction, end.low, end.high, end.proved, end.leading,
            len(end.bitcodes), *([None] * n_outputs if output is None else output.tolist()), end.note,
        )
        for end, output in zip(ends, points, strict=True)
    ]  # fmt: skip
    explanation = (
        f"What {len(ends.assignment)} initial states lead to. At least and at most are a 95 % interval of the share; "
        "proved is for how many of these states the end is proved, not only seen. The leading multiplier is per "
        "period, of motion that is no cycle per step."
    )
    return Sheet("ends", "Where free runs end", explanation, columns, rows)


def _subregions(summary: GraphSummary, names: Mapping[str, str]) -> Sheet:
    def followed(shares: Mapping[str, float]) -> str:
        return ", ".join(f"{names[code]} {share:.2g}" for code, share in shares.items())

    columns = [
        Column("name", None if _are_bitcodes(names) else str),
        Column("bitcode", short_bitcode, code=True),
        Column("share of time", _short, number=True),
        Column("steps", str, number=True),
        Column("spectral radius", _six, number=True),
        Column("fixed points", long=True),
        Column("followed by", long=True),
    ]
    rows = [
        (
            names[node.bitcode], node.bitcode, node.frequency, node.visits, node.spectral_radius,
            node.stability or "none", followed(node.followed_by),
        )
        for node in summary
    ]  # fmt: skip
    explanation = (
        "The states in use, the most visited subregion first. The spectral radius is that of the one linear map that "
        "acts in the subregion; followed by lists the next subregions with their probabilities."
    )
    return Sheet("subregions", "Subregions in use", explanation, columns, rows)


def _are_bitcodes(names: Mapping[str, str]) -> bool:
    """Whether subregions go by their bitcodes."""
    return all(name == code for code, name in names.items())


def _place(bitcode: str, names: Mapping[str, str], plain: bool) -> str | None:
    """Whether the states in use are there, by the name of the subregion where it has another than its bitcode."""
    if not names:
        return None
    if plain:
        return "yes" if bitcode in names else "no"
    return names.get(bitcode, NOT_VISITED)


def _short(value: float) -> str:
    return short_number(float(value))


def _six(value: float) -> str:
    return f"{value:.6f}" if 1e-3 <= abs(value) < 1e4 else f"{value:.3e}"
