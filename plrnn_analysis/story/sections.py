"""The sections of a story: each is computed and put into words here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from ..display.abbreviation import count_words, verb
from ..progress import ProgressOption
from ..results import FixedPoints, Trajectory
from ..statuses import StoppedBy
from .wording import (
    FAR,
    LISTED,
    LONGEST_CODE,
    distance_sentence,
    end_sentence,
    entered_sentence,
    memory_sentence,
    mode_sentence,
    other_subregions,
    stopped_sentences,
)

if TYPE_CHECKING:
    from ..attractors import Attractors
    from ..model import PLRNN

__all__ = [
    "Section",
    "missing_section",
    "needed_relus",
    "probe_title",
    "slow_motion",
    "starts",
    "states_in_use",
    "under_probe",
    "under_trials",
    "where_runs_end",
]

# Trials over which Lyapunov exponents are averaged.
EXPONENT_TRIALS = 50


@dataclass(frozen=True)
class Section(Frozen):
    """A paragraph of the story.

    Attributes
    ----------
    title : str
    sentences : tuple of str
    numbers : dict
        The figures behind it, in types that :mod:`json` accepts.
    """

    title: str
    sentences: tuple[str, ...]
    numbers: dict[str, Any]

    @property
    def stopped_by(self) -> StoppedBy:
        """What ended a search of this section before it was through."""
        return StoppedBy(self.numbers.get("stopped_by", ""))


@checked
def missing_section(titles: Sequence[str]) -> Section:
    """What Ctrl-C left untold.

    Parameters
    ----------
    titles : sequence of str

    Returns
    -------
    Section

    Examples
    --------
    >>> missing_section(["States in use", "Slow motion"]).sentences
    ('Interrupted before: States in use; Slow motion.',)
    """
    stopped_by = StoppedBy.INTERRUPT
    return Section(
        "What is missing",
        (f"Interrupted before: {'; '.join(titles)}.",),
        {"missing": list(titles), "stopped_by": stopped_by.value},
    )


def _stop(*reasons: str) -> dict[str, Any]:
    """An entry of the numbers of a section where something ended a search early: Ctrl-C, or else the first reason."""
    given = [reason for reason in reasons if reason]
    if not given:
        return {}
    return {"stopped_by": str(StoppedBy.INTERRUPT if StoppedBy.INTERRUPT in given else given[0])}


def starts(driven: Trajectory | None, n: int) -> np.ndarray | None:
    """Where free runs start: at states that trials lead to, if there are any."""
    if driven is None:
        return None
    states = driven.visited()
    return states[np.linspace(0, len(states) - 1, min(n, len(states))).astype(int)]


@checked
def where_runs_end(ends: Attractors) -> Section:
    """Where free runs end, and how many of them.

    Parameters
    ----------
    ends : Attractors

    Returns
    -------
    Section
    """
    n = len(ends.assignment)
    sentences = [end_sentence(end, n, ends.output_names) for end in ends[:LISTED]]
    if len(ends) > LISTED:
        rest = sum(end.count for end in ends[LISTED:])
        further = count_words(len(ends) - LISTED, "further end")
        others = "One other" if rest == 1 else f"The other {rest}"
        sentences.append(f"{others} of {n} initial states {verb(rest, 'leads', 'lead')} to {further}.")
    stop = _stop(ends.stopped_by)
    sentences += stopped_sentences(stop)
    sentences += [] if ends.proof is None else ends.proof.sentences()
    records = [
        {
            "kind": end.kind,
            "period": end.period,
            "fraction": end.fraction,
            "interval": list(end.interval),
            "exponents": None if end.exponents is None else [_finite(x) for x in end.exponents],
            "note": end.note,
        }
        for end in ends
    ]
    return Section("Where free runs end", tuple(sentences), {"initial_states": n, "ends": records, **stop})


def states_in_use(visited: Trajectory, driven: bool, fixed_points: FixedPoints) -> Section:
    """The subregions visited, how often, and how far the fixed points are from there."""
    from ..slow_manifolds import distance_in_ranges
    from ..symbols import occupancy, topological_entropy

    found = occupancy(visited)
    n_relu = visited.bitcodes.shape[2]
    n_runs, steps = visited.states.shape[:2]
    most = "" if visited.lengths is None else "up to "
    where = count_words(n_runs, "trial" if driven else "free run") + f" of {most}{count_words(steps, 'step')}"
    visit, stay = ("visits", "stays") if n_runs == 1 else ("visit", "stay")
    named = n_relu <= LONGEST_CODE
    shown = ", ".join((f"{item.bitcode} " if named else "") + f"{item.frequency:.3g}" for item in found[:LISTED])
    more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
    share = f"share of time {shown}{more}; effective number {found.effective_number.plug_in:.4g}"
    sentences = [
        f"{where} {visit} {count_words(len(found), 'subregion')} of at most 2^{n_relu}: {share}."
        if n_relu
        else f"{where} {stay} in the one subregion of a model without ReLU."
    ]
    entropy = None
    if visited.n_steps > 1 and n_relu:
        entropy = float(topological_entropy(visited).value)
        sentences.append(
            f"The graph of their transitions has topological entropy {entropy:.4g} nats per step: an upper bound for "
            "that of the motion."
        )
    away = distance_in_ranges(fixed_points, visited)
    entered = fixed_points.visited(visited)
    if len(fixed_points):
        sentences.append(distance_sentence(away))
        if n_relu:
            sentences.append(entered_sentence(entered))
    numbers = {
        "visited_subregions": len(found),
        "effective_number": found.effective_number.plug_in,
        "topological_entropy": entropy,
        "fixed_point_distances_in_ranges": [_finite(a) for a in away],
        "fixed_points_in_visited_subregions": int(np.count_nonzero(entered)),
    }
    return Section("States in use", tuple(sentences), numbers)


def slow_motion(
    model: PLRNN, visited: Trajectory, held: np.ndarray, probes: np.ndarray, limits: dict[str, Any]
) -> Section:
    """What moves slowly in the most visited subregions."""
    found = model.slow_manifolds(visited, held, probe_inputs=probes, max_subregions=LISTED, **limits)
    first, *rest = found.sentences()
    told = [text for piece, text in zip(found, rest, strict=True) if piece.modes]
    if len(told) < len(found):
        told.append(f"No slow mode in {other_subregions([p.bitcode for p in found if not p.modes], len(found))}.")
    stop = _stop(found.stopped_by)
    if stop or any(piece.modes for piece in found):
        told.insert(0, f"NOT complete: {first}" if stop else first)
    numbers = {
        "bitcodes": [piece.bitcode for piece in found],
        "dimensions": [piece.dimension for piece in found],
        "holding_steps": [_finite(piece.holding_steps) for piece in found],
        "least_drift": [float(piece.least_drift) for piece in found],
        "least_drift_bound": [float(piece.least_drift_bound) for piece in found],
        **stop,
    }
    return Section("Slow motion", tuple(told), numbers)


def under_trials(model: PLRNN, driven: Trajectory, progress: ProgressOption = None) -> Section:
    """What trials write and read, and how long it is kept."""
    found = model.explain(driven, n_modes=1, max_subregions=LISTED, progress=progress)
    names = (model.input_names, model.output_names)
    # What is said over a trial is said over the steps that all trials have.
    steps = driven.n_steps if driven.lengths is None else int(driven.lengths.min())
    length = count_words(steps, "step") if steps == driven.n_steps else f"{steps:,} to {driven.n_steps:,} steps"
    sentences = [f"{count_words(found.n_trials, 'trial')} of {length}."]
    for region in found:
        if region.modes:
            sentences.append(mode_sentence(region, names[0], names[1]))
    some = slice(0, EXPONENT_TRIALS)
    assert driven.inputs is not None  # it is driven
    spectrum = model.lyapunov(
        steps,
        inputs=driven.inputs[some, :steps],
        z0=driven.initial[some],
        n_exponents=1,
        transient=0,
        progress=progress,
    )
    sentences.append(memory_sentence(spectrum.leading, steps))
    numbers = {
        "frequency": {region.bitcode: float(region.frequency) for region in found},
        "conditional_lyapunov_exponent": _finite(spectrum.leading),
    }
    return Section("Under trials", tuple(sentences), numbers)


def probe_title(probe: np.ndarray) -> str:
    """Heading of the section about an input held on."""
    return f"Under constant input {', '.join(f'{s:g}' for s in probe)}"


def under_probe(model: PLRNN, probe: np.ndarray, visited: Trajectory | None, search: dict[str, Any]) -> Section:
    """What an input held on does."""
    from ..slow_manifolds import distance_in_ranges

    limits = {name: search[name] for name in ("time_limit", "progress")}
    found = model.fixed_points(constant_input=probe, **limits)
    # Ctrl-C ends the section, not only the first of its searches.
    going_on = found.coverage.stopped_by is not StoppedBy.INTERRUPT
    first = starts(visited, search["n"])
    ends = model.attractors(probe, states=first, fixed_points=found, **search) if going_on else None
    count = count_words(len(found), "fixed point") if len(found) else "No fixed point"
    if len(found) and visited is not None:
        near = int(np.count_nonzero(distance_in_ranges(found, visited) <= FAR))
        which = "" if len(found) == 1 else "none of them " if near == 0 else f"{near} of them "
        if len(found) == 1 and near == 0:
            count += ", more than one visited range away from the states in use"
        else:
            count += f", {which}within one visited range of the states in use"
    count += f", and {count_words(len(found.continua), 'continuum', 'continua')}" if found.continua else ""
    proof = "" if found.complete else " (the search was not complete)"
    stop = _stop(found.coverage.stopped_by, "" if ends is None else ends.stopped_by)
    told: list[str] = []
    records: list[dict[str, Any]] = []
    if ends is not None:
        told = [end_sentence(end, len(ends.assignment), ends.output_names) for end in ends[:LISTED]]
        records = [{"kind": e.kind, "period": e.period, "fraction": e.fraction, "note": e.note} for e in ends]
    sentences = [f"{count}{proof}.", *told, *stopped_sentences(stop)]
    numbers = {
        "input": [float(s) for s in probe],
        "fixed_points": [point.bitcode for point in found],
        "complete": found.complete,
        "ends": records,
        **stop,
    }
    return Section(probe_title(probe), tuple(sentences), numbers)


def needed_relus(model: PLRNN, visited: Trajectory, held: np.ndarray, limits: dict[str, Any]) -> Section:
    """Which ReLUs the states in use need."""
    inputs = (held, held) if visited.inputs is None else None
    found = model.reduce(visited, inputs=inputs, **limits)
    numbers = {
        "pwl_units": len(found),
        "pwl_units_needed": found.pwl_units,
        "removed": [int(unit) for unit in found.removed],
        "invariant": found.invariant,
        "minimal": found.minimal,
        # That floats leave something undecided is a property of the model, not of this search.
        **_stop(found.stopped_by if found.stopped_by is not StoppedBy.NUMERICS else ""),
    }
    sentences = list(found.sentences())
    if model.pwl_units:
        sentences.append("The domain is that of the states in use, widened by a tenth.")
    return Section("Which ReLUs are needed", tuple(sentences), numbers)


def _finite(x: float) -> float | None:
    """JSON has no infinity; null stands for it."""
    return float(x) if np.isfinite(x) else None
