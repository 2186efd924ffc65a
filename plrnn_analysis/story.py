"""The story of a model: where it goes, what it does slowly, what inputs do to it, and which ReLUs it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ._validation import as_array
from .errors import ModelError
from .results import Cycle, FixedPoint, FixedPoints, ResultSequence, Trajectory
from .summary import count_words

if TYPE_CHECKING:
    from .attractors import Attractor, Attractors
    from .model import PLRNN
    from .modes import Mode

__all__ = ["Section", "Story", "tell_story"]

# Trials that the slower analyses look at; what is counted is counted on all.
TRIALS = 500
# Trials over which Lyapunov exponents are averaged.
EXPONENT_TRIALS = 50
# Steps of the free runs that stand for the states in use.
FREE_STEPS = 2000
# Subregions and ends described one by one.
LISTED = 4
KINDS = {kind: f"an {kind}" if kind[0] in "iu" else f"a {kind}" for kind in ("integrator", "marginal rotation")}
# Visited ranges beyond which a fixed point says nothing about the states in use.
FAR = 1.0


@dataclass(frozen=True)
class Section:
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

    def record(self) -> dict[str, Any]:
        """The story as nested dicts and lists that :mod:`json` accepts, by title."""
        return {s.title: {"sentences": list(s.sentences), **s.numbers} for s in self}

    def __repr__(self) -> str:
        return f"<Story: {', '.join(section.title.lower() for section in self)}>"


def tell_story(
    model: PLRNN,
    constant_input: Any = None,
    *,
    trials: Any = None,
    probes: Any = None,
    fixed_points: FixedPoints | None = None,
    n_states: int = 100,
    steps: int = 20_000,
    seed: int = 0,
    time_limit: float | None = 60.0,
) -> Story:
    """What a model does, in a page of text with numbers.

    Parameters
    ----------
    model : PLRNN
    constant_input : (K,) array_like, optional
        The input held on while the model is left to itself; None stands for zero input.
    trials : (n, T, K) array_like, optional
        Inputs that the model is made for. They say which states are in use; without them free runs do, transients
        included.
    probes : (n, K) array_like, optional
        Inputs held on, one after the other: what does each do?
    fixed_points : FixedPoints, optional
        Of the model under `constant_input`, if they are known already.
    n_states, steps : int, optional
        Initial states of the search for attractors, and steps after which it gives up on one.
    seed : int, optional
    time_limit : float, optional
        Seconds for each search; None for no limit. What was not finished is said.

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
        fixed_points = model.fixed_points(constant_input=held, time_limit=time_limit)
    driven = None if trials is None else model.run(as_array("trials", trials, (None, None, k), "(n, T, K)"))
    if driven is not None and not np.all(np.isfinite(driven.states)):
        raise ModelError("the model diverges under the trials: there is no range of states in use to speak of")
    search = {"n": n_states, "steps": steps, "seed": seed, "time_limit": time_limit}
    ends = model.attractors(held, states=_starts(driven, n_states), fixed_points=fixed_points, **search)
    visited = _free_states(model, ends, held) if driven is None else driven
    sections = [_where_it_ends(ends)]
    if visited is None:
        nothing = ("All free runs diverge: there are no states in use. Give trials, or start elsewhere.",)
        return Story((*sections, Section("States in use", nothing, {})))
    few = _thinned(visited)
    sections.append(_states_in_use(visited, driven is not None, fixed_points))
    sections.append(_slow_motion(model, few, held, asked, time_limit))
    if driven is not None:
        sections.append(_trials(model, driven))
    sections.extend(_probe(model, probe, visited, search) for probe in asked)
    sections.append(_needed(model, few, held, time_limit))
    return Story(tuple(sections))


def _starts(driven: Trajectory | None, n: int) -> np.ndarray | None:
    """Where free runs start: at states that trials lead to, if there are any."""
    if driven is None:
        return None
    states = driven.states.reshape(-1, driven.states.shape[2])
    return states[np.linspace(0, len(states) - 1, min(n, len(states))).astype(int)]


def _free_states(model: PLRNN, ends: Attractors, held: np.ndarray) -> Trajectory | None:
    """Free runs of the initial states that do not diverge, transients included; None where all do."""
    stay = [index for index, end in enumerate(ends) if end.kind != "divergent"]
    z0 = ends.initial[np.isin(ends.assignment, stay)]
    if not len(z0):
        return None
    run = model.simulate(FREE_STEPS, z0=z0, constant_input=held)
    # What is undecided may still run away.
    finite = np.all(np.isfinite(run.states), axis=(1, 2))
    return model.simulate(FREE_STEPS, z0=z0[finite], constant_input=held) if finite.any() else None


def _where_it_ends(ends: Attractors) -> Section:
    n = len(ends.assignment)
    sentences = [_end_sentence(end, n) for end in ends[:LISTED]]
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
        }
        for end in ends
    ]
    return Section("Where free runs end", tuple(sentences), {"initial_states": n, "ends": records})


def _end_sentence(end: Attractor, n: int) -> str:
    share = f"{end.count} of {n} initial states"
    codes = ", ".join(end.bitcodes[:LISTED]) + (", ..." if len(end.bitcodes) > LISTED else "")
    if end.kind == "divergent":
        return f"{share} diverge."
    if end.kind == "undecided":
        return f"{share} are undecided" + (f" ({end.note})." if end.note else ".")
    if isinstance(end.object, FixedPoint):
        return f"{share} end in the {end.object.stability} of {end.object.bitcode} {_pace(end)}."
    if isinstance(end.object, Cycle):
        return f"{share} end in a {end.object.stability} cycle of period {end.period} through {codes} {_pace(end)}."
    if end.object is not None:
        return f"{share} end on a continuum in {codes}, each where it happens to arrive."
    if end.exponents is None or end.exponents_error is None:
        return f"{share} end in {end.kind} motion through {codes}."
    value, error = end.exponents[0], end.exponents_error[0]
    return (
        f"{share} end in {end.kind} motion through {codes}: leading Lyapunov exponent {value:.4f} ± {error:.4f} a step."
    )


def _pace(end: Attractor) -> str:
    radius = float(np.abs(end.multipliers[0])) if end.multipliers is not None else np.nan
    return f"(leading multiplier {radius:.6g})"


def _thinned(visited: Trajectory) -> Trajectory:
    """The first trials: bounds and programs over them take as long as they are many."""
    from dataclasses import replace

    parts: dict[str, Any] = {name: getattr(visited, name)[:TRIALS] for name in ("states", "bitcodes", "initial")}
    for name in ("outputs", "inputs"):
        value = getattr(visited, name)
        parts[name] = None if value is None else value[:TRIALS]
    return replace(visited, **parts)


def _states_in_use(visited: Trajectory, driven: bool, fixed_points: FixedPoints) -> Section:
    from .slow_manifolds import distance_in_ranges
    from .symbols import occupancy, topological_entropy

    found = occupancy(visited)
    graph = topological_entropy(visited)
    n_relu = visited.bitcodes.shape[2]
    where = "Trials" if driven else "Free runs"
    shown = ", ".join(f"{item.bitcode} {item.frequency:.3g}" for item in found[:LISTED])
    more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
    sentences = [
        f"{where} visit {count_words(len(found), 'subregion')} of at most 2^{n_relu}: share of time {shown}{more}; "
        f"effective number {found.effective_number.plug_in:.4g}.",
        f"Their transition graph has topological entropy {graph.value:.4g} nats a step (an upper bound for that of the "
        "motion).",
    ]
    away = distance_in_ranges(fixed_points, visited)
    if len(fixed_points):
        sentences.append(_distance_sentence(away))
    numbers = {
        "visited_subregions": len(found),
        "effective_number": found.effective_number.plug_in,
        "topological_entropy": float(graph.value),
        "fixed_point_distances_in_ranges": [_finite(a) for a in away],
    }
    return Section("States in use", tuple(sentences), numbers)


def _distance_sentence(away: np.ndarray) -> str:
    far = np.sort(away[away > FAR])
    if not len(far):
        which = "The fixed point lies" if len(away) == 1 else f"All {len(away)} fixed points lie"
        return f"{which} among these states, or within {FAR:g} visited range of them."
    which = "The fixed point lies" if len(away) == 1 else f"{len(far)} of the {len(away)} fixed points lie"
    if not np.isfinite(far[-1]):
        return f"{which} away from these states, which do not move."
    reach = f"{far[0]:.3g}" if f"{far[0]:.3g}" == f"{far[-1]:.3g}" else f"{far[0]:.3g} to {far[-1]:.3g}"
    return f"{which} {reach} visited ranges away from these states."


def _slow_motion(
    model: PLRNN, visited: Trajectory, held: np.ndarray, probes: np.ndarray, time_limit: float | None
) -> Section:
    found = model.slow_manifolds(visited, held, probe_inputs=probes, max_subregions=LISTED, time_limit=time_limit)
    first, *rest = found.sentences()
    told = [text for piece, text in zip(found, rest, strict=True) if piece.modes]
    if len(told) < len(found):
        others = [piece.bitcode for piece in found if not piece.modes]
        told.append(f"No slow mode in {', '.join(others)}.")
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
    names = [tuple(model.metadata.get(key, ())) for key in ("input_names", "output_names")]
    sentences = [f"{count_words(found.n_trials, 'trial')} of {count_words(found.n_steps, 'step')}."]
    for region in found:
        if region.modes:
            sentences.append(_mode_sentence(region.bitcode, region.frequency, region.modes[0], names[0], names[1]))
    some = slice(0, EXPONENT_TRIALS)
    assert driven.inputs is not None  # it is driven
    spectrum = model.lyapunov(
        driven.n_steps, inputs=driven.inputs[some], z0=driven.initial[some], n_exponents=1, transient=0
    )
    sentences.append(_memory_sentence(spectrum.leading, driven.n_steps))
    numbers = {
        "frequency": {region.bitcode: float(region.frequency) for region in found},
        "conditional_lyapunov_exponent": _finite(spectrum.leading),
    }
    return Section("Under trials", tuple(sentences), numbers)


def _memory_sentence(exponent: float, steps: int) -> str:
    """What a trial leaves of a small difference between initial states."""
    if np.isneginf(exponent):
        return "A small difference of initial states is gone exactly before a trial ends."
    factor = np.exp(min(exponent * steps, 700.0))
    return (
        f"Over a trial a small random difference of initial states changes by a factor of about {factor:.2g} "
        f"(largest conditional Lyapunov exponent {exponent:.3g} a step)."
    )


def _mode_sentence(
    bitcode: str, frequency: float, mode: Mode, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> str:
    written = _gains(mode.input_gains, inputs, "input")
    read = _gains(mode.readout_gains, outputs, "output")
    text = f"Subregion {bitcode}, {100 * frequency:.3g} % of the steps: its slowest mode is "
    text += f"{KINDS.get(mode.kind, mode.kind)} (λ = {_complex(mode.eigenvalue)})"
    if mode.defective:
        return f"{text}, without a left vector: gains are not defined."
    text += f", written by {written}" if written else ", written by no input"
    return f"{text}; read by {read}." if read else f"{text}."


def _gains(gains: np.ndarray, names: tuple[str, ...], noun: str) -> str:
    labels = names if len(names) == len(gains) else [f"{noun} {i}" for i in range(len(gains))]
    largest = np.nanmax(np.abs(gains), initial=0.0)
    parts = [f"{label} ({gain:.3g})" for label, gain in zip(labels, gains, strict=True) if gain > 1e-3 * largest]
    return " and ".join(parts)


def _complex(value: complex) -> str:
    return f"{value.real:.6g}" if value.imag == 0 else f"{value.real:.5g} ± {abs(value.imag):.5g}i"


def _probe(model: PLRNN, probe: np.ndarray, visited: Trajectory, search: dict[str, Any]) -> Section:
    from .slow_manifolds import distance_in_ranges

    found = model.fixed_points(constant_input=probe, time_limit=search["time_limit"])
    ends = model.attractors(probe, states=_starts(visited, search["n"]), fixed_points=found, **search)
    away = distance_in_ranges(found, visited)
    near = int(np.count_nonzero(away <= FAR))
    where = f"{near} of them within {FAR:g} visited range" if len(found) else ""
    count = count_words(len(found), "fixed point") + (f", {where}" if where else "")
    count += f", and {count_words(len(found.continua), 'continuum', 'continua')}" if found.continua else ""
    proof = "" if found.complete else " (the search was not complete)"
    name = ", ".join(f"{s:g}" for s in probe)
    sentences = [f"{count}{proof}.", *(_end_sentence(end, len(ends.assignment)) for end in ends[:LISTED])]
    numbers = {
        "input": [float(s) for s in probe],
        "fixed_points": [point.bitcode for point in found],
        "complete": found.complete,
        "ends": [{"kind": end.kind, "period": end.period, "fraction": end.fraction} for end in ends],
    }
    return Section(f"Under constant input {name}", tuple(sentences), numbers)


def _needed(model: PLRNN, visited: Trajectory, held: np.ndarray, time_limit: float | None) -> Section:
    inputs = (held, held) if visited.inputs is None else None
    found = model.reduce(visited, inputs=inputs, time_limit=time_limit)
    numbers = {
        "pwl_units": len(found),
        "pwl_units_needed": found.pwl_units,
        "removed": [int(unit) for unit in found.removed],
        "invariant": found.invariant,
        "minimal": found.minimal,
    }
    return Section("Which ReLUs are needed", tuple(found.sentences()), numbers)


def _finite(x: float) -> float | None:
    """JSON has no infinity; null stands for it."""
    return float(x) if np.isfinite(x) else None
