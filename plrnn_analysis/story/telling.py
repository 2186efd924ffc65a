"""The story of a model: where it goes, what it does slowly, what inputs do to it, and which ReLUs it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._frozen import Frozen
from .._validation import as_array
from ..attractors import MAX_PERIOD
from ..conditions import condition_use
from ..display.abbreviation import count_words
from ..display.markup import Grid
from ..errors import ModelError
from ..progress import ProgressOption, reports
from ..recorded_trials import RecordedTrials
from ..results import FixedPoints, ResultSequence, Trajectory
from .conditions import told_by_condition
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
)

if TYPE_CHECKING:
    from ..attractors import Attractors
    from ..model import PLRNN

__all__ = ["Section", "Story", "tell_story"]

# Trials that the slower analyses look at; what is counted is counted on all.
TRIALS = 500
# Trials over which Lyapunov exponents are averaged.
EXPONENT_TRIALS = 50
# Steps of the free runs that stand for the states in use, and numbers that they may hold: what is done with them takes
# seconds for each million.
FREE_STEPS, LEAST_FREE_STEPS = 2000, 200
FREE_ENTRIES = 4_000_000
# Undecided free runs that get so many times as far out as all began are no states in use.
RUN_AWAY = 1e12
# States of trials beyond this size are on the way to overflow.
HUGE = 1e100


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


@dataclass(frozen=True, eq=False)
class Story(ResultSequence[Section]):
    """Sections in the order in which one reads them."""

    _items: tuple[Section, ...]

    def text(self) -> str:
        """The story as plain text, one sentence a line."""
        return "\n\n".join("\n".join([section.title, *section.sentences]) for section in self)

    def paragraphs(self) -> list[str]:
        """Each section in a line."""
        return [f"{section.title}. {' '.join(section.sentences)}" for section in self]

    def __repr__(self) -> str:
        return f"<Story: {', '.join(section.title.lower() for section in self)}>"

    def _verdict(self) -> str:
        return count_words(len(self), "section")

    def _grids(self) -> list[Grid]:
        return []

    def _notes(self) -> list[str]:
        return self.paragraphs()


@reports("story")
def tell_story(
    model: PLRNN,
    constant_input: Any = None,
    *,
    trials: Any = None,
    probes: Any = None,
    fixed_points: FixedPoints | None = None,
    n_states: int = 100,
    steps: int = 10_000,
    max_period: int = MAX_PERIOD,
    seed: int = 0,
    time_limit: float | None = 60.0,
    progress: ProgressOption = None,
) -> Story:
    """What a model does, in a page of text with numbers.

    Parameters
    ----------
    model : PLRNN
    constant_input : (K,) array_like, optional
        The input held on while the model is left to itself; None stands for zero input.
    trials : (n, T, K) array_like or RecordedTrials, optional
        Inputs that the model is made for, such as ``model.trials``. They say which states are in use; without them free
        runs do, transients included. Where they have conditions, a section tells these apart.
    probes : (n, K) array_like, optional
        Inputs held on, one after the other: what does each do?
    fixed_points : FixedPoints, optional
        Of the model under `constant_input`, if they are known already.
    n_states, steps, max_period : int, optional
        Initial states of the search for attractors, and how far it follows them:
        see :func:`plrnn_analysis.attractors.find_attractors`.
    seed : int, optional
    time_limit : float, optional
        Seconds for each search; None for no limit. What was not finished is said.
    progress : bool or callable, optional
        True shows how far the search is; a function is told, at least once a second, by a
        :class:`~plrnn_analysis.progress.Progress`.

    Returns
    -------
    Story

    Raises
    ------
    ModelError
        On wrong shapes, or inputs that are not finite.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)
    >>> story = tell_story(model)
    >>> story
    <Story: where free runs end, states in use, slow motion, which relus are needed>
    """
    k = model.n_inputs
    held = np.zeros(k) if constant_input is None else as_array("constant_input", constant_input, (k,), "(K,)")
    asked = np.zeros((0, k)) if probes is None else as_array("probes", probes, (None, k), "(n, K), one row a probe")
    if fixed_points is None:
        fixed_points = model.fixed_points(constant_input=held, time_limit=time_limit, progress=progress)
    recorded = trials if isinstance(trials, RecordedTrials) else None
    if trials is not None and recorded is None:
        trials = as_array("trials", trials, (None, None, k), "(n, T, K)")
    driven = None if trials is None else model.run(trials)
    if driven is not None and not np.all(np.abs(driven.visited()) < HUGE):
        raise ModelError("the model diverges under the trials: there is no range of states in use to speak of")
    limits: dict[str, Any] = {"time_limit": time_limit, "progress": progress}
    search = {"n": n_states, "steps": steps, "max_period": max_period, "seed": seed, **limits}
    ends = model.attractors(held, states=_starts(driven, n_states), fixed_points=fixed_points, **search)
    visited = _free_states(model, ends, held) if driven is None else driven
    sections = [_where_it_ends(ends)]
    if visited is None:
        nothing = ("All free runs diverge: there are no states in use to describe. Give trials of the task.",)
        sections.append(Section("States in use", nothing, {}))
        sections.extend(_probe(model, probe, None, search) for probe in asked)
        return Story(tuple(sections))
    # Bounds and programs over them take as long as they are many.
    few = visited.select(slice(0, TRIALS))
    sections.append(_states_in_use(visited, driven is not None, fixed_points))
    sections.append(_slow_motion(model, few, held, asked, limits))
    if driven is not None:
        sections.append(_trials(model, driven))
        if recorded is not None and recorded.labels is not None:
            told = told_by_condition(condition_use(driven, recorded.labels, fixed_points, seed=seed))
            sections.append(Section("Conditions", *told))
    sections.extend(_probe(model, probe, visited, search) for probe in asked)
    sections.append(_needed(model, few, held, limits))
    return Story(tuple(sections))


def _starts(driven: Trajectory | None, n: int) -> np.ndarray | None:
    """Where free runs start: at states that trials lead to, if there are any."""
    if driven is None:
        return None
    states = driven.visited()
    return states[np.linspace(0, len(states) - 1, min(n, len(states))).astype(int)]


def _free_states(model: PLRNN, ends: Attractors, held: np.ndarray) -> Trajectory | None:
    """Free runs of the initial states that do not diverge, transients included; None where all do."""
    stay = [index for index, end in enumerate(ends) if end.kind != "divergent"]
    z0 = ends.initial[np.isin(ends.assignment, stay)]
    if not len(z0):
        return None
    affordable = FREE_ENTRIES // (len(z0) * max(model.n_units, model.pwl_units))
    steps = min(FREE_STEPS, max(LEAST_FREE_STEPS, affordable))
    run = model.simulate(steps, z0=z0, constant_input=held)
    # What is undecided may still run away.
    limit = RUN_AWAY * (1.0 + np.max(np.abs(z0)) + np.max(np.abs(model.map.h)))
    finite = np.all(np.abs(run.states) < limit, axis=(1, 2))
    return run.select(finite) if finite.any() else None


def _where_it_ends(ends: Attractors) -> Section:
    n = len(ends.assignment)
    sentences = [end_sentence(end, n, ends.output_names) for end in ends[:LISTED]]
    if len(ends) > LISTED:
        rest = sum(end.count for end in ends[LISTED:])
        sentences.append(f"The other {rest} of {n} initial states lead to {len(ends) - LISTED} further ends.")
    if ends.stopped_by:
        sentences.append(f"The search was stopped by {ends.stopped_by}.")
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
    return Section("Where free runs end", tuple(sentences), {"initial_states": n, "ends": records})


def _states_in_use(visited: Trajectory, driven: bool, fixed_points: FixedPoints) -> Section:
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
            f"The graph of their transitions has topological entropy {entropy:.4g} nats a step: an upper bound for "
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


def _slow_motion(
    model: PLRNN, visited: Trajectory, held: np.ndarray, probes: np.ndarray, limits: dict[str, Any]
) -> Section:
    found = model.slow_manifolds(visited, held, probe_inputs=probes, max_subregions=LISTED, **limits)
    first, *rest = found.sentences()
    told = [text for piece, text in zip(found, rest, strict=True) if piece.modes]
    if len(told) < len(found):
        told.append(f"No slow mode in {other_subregions([p.bitcode for p in found if not p.modes], len(found))}.")
    sentences = (first, *told) if any(piece.modes for piece in found) else tuple(told)
    numbers = {
        "bitcodes": [piece.bitcode for piece in found],
        "dimensions": [piece.dimension for piece in found],
        "holding_steps": [_finite(piece.holding_steps) for piece in found],
        "least_drift": [float(piece.least_drift) for piece in found],
        "least_drift_bound": [float(piece.least_drift_bound) for piece in found],
    }
    return Section("Slow motion", sentences, numbers)


def _trials(model: PLRNN, driven: Trajectory) -> Section:
    found = model.explain(driven, n_modes=1, max_subregions=LISTED)
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
        steps, inputs=driven.inputs[some, :steps], z0=driven.initial[some], n_exponents=1, transient=0
    )
    sentences.append(memory_sentence(spectrum.leading, steps))
    numbers = {
        "frequency": {region.bitcode: float(region.frequency) for region in found},
        "conditional_lyapunov_exponent": _finite(spectrum.leading),
    }
    return Section("Under trials", tuple(sentences), numbers)


def _probe(model: PLRNN, probe: np.ndarray, visited: Trajectory | None, search: dict[str, Any]) -> Section:
    from ..slow_manifolds import distance_in_ranges

    limits = {name: search[name] for name in ("time_limit", "progress")}
    found = model.fixed_points(constant_input=probe, **limits)
    ends = model.attractors(probe, states=_starts(visited, search["n"]), fixed_points=found, **search)
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
    name = ", ".join(f"{s:g}" for s in probe)
    told = [end_sentence(end, len(ends.assignment), ends.output_names) for end in ends[:LISTED]]
    sentences = [f"{count}{proof}.", *told]
    numbers = {
        "input": [float(s) for s in probe],
        "fixed_points": [point.bitcode for point in found],
        "complete": found.complete,
        "ends": [{"kind": end.kind, "period": end.period, "fraction": end.fraction, "note": end.note} for end in ends],
    }
    return Section(f"Under constant input {name}", tuple(sentences), numbers)


def _needed(model: PLRNN, visited: Trajectory, held: np.ndarray, limits: dict[str, Any]) -> Section:
    inputs = (held, held) if visited.inputs is None else None
    found = model.reduce(visited, inputs=inputs, **limits)
    numbers = {
        "pwl_units": len(found),
        "pwl_units_needed": found.pwl_units,
        "removed": [int(unit) for unit in found.removed],
        "invariant": found.invariant,
        "minimal": found.minimal,
    }
    sentences = list(found.sentences())
    if model.pwl_units:
        sentences.append("The domain is that of the states in use, widened by a tenth.")
    return Section("Which ReLUs are needed", tuple(sentences), numbers)


def _finite(x: float) -> float | None:
    """JSON has no infinity; null stands for it."""
    return float(x) if np.isfinite(x) else None
