"""What the demo found, in words; every number in it is computed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.maps import bits_from_string
from plrnn_analysis.model import PLRNN
from plrnn_analysis.plotting.style import percent
from plrnn_analysis.results import FixedPoints, Trajectory
from plrnn_analysis.slow_manifolds import distance_in_ranges

from ..recipe import Recipe
from ..runs import TrainedModel, success_rates
from ..summary import rate_sentences
from ..tasks import AdditionTask
from .gate import Gate

if TYPE_CHECKING:
    import networkx

__all__ = ["Findings", "at_rest", "demo_text", "what_was_found"]

#: A correlation with the marks beyond which a subregion is said to answer to them.
CLEAR = 0.5


@dataclass(frozen=True)
class Findings:
    """Everything the text and the figures draw on."""

    task: AdditionTask
    recipe: Recipe
    floor: float
    models: list[TrainedModel]
    displayed: TrainedModel
    linear: TrainedModel
    network: PLRNN
    linear_network: PLRNN
    run: Trajectory
    linear_run: Trajectory
    graph: networkx.DiGraph
    fixed_points: Mapping[str, FixedPoints]
    linear_fixed_points: Mapping[str, FixedPoints]
    reloaded_mse: float
    gate: Gate | None


def demo_text(found: Findings) -> str:
    """The summary as Markdown: what was found, then the details.

    Parameters
    ----------
    found : Findings

    Returns
    -------
    str
    """
    opening = "\n".join(["## What was found", "", *(f"- {sentence}" for sentence in what_was_found(found))])
    blocks = [opening, _training(found), _linear(found), _network(found), _subregions(found), _fixed_points(found)]
    return "\n\n".join(["# Addition with and without ReLUs", *blocks]) + "\n"


def what_was_found(found: Findings) -> list[str]:
    """The demo in four sentences or so, for a reader who reads nothing else.

    Parameters
    ----------
    found : Findings

    Returns
    -------
    list of str
    """
    shown, linear = found.displayed, found.linear
    sentences = []
    for p, (solved, total) in success_rates(found.models).items():
        if total == 1:
            who, verb = "the network", "solves" if solved else "does not solve"
        else:
            who, verb = f"{solved} of {total} networks", "solves" if solved == 1 else "solve"
        sentence = f"With {_relus(p)}, {who} {verb} the task."
        if p == 0:
            sentence += f" No linear network can: its mean squared error is at least {found.floor:.4f}"
            sentence += "." if linear.exact_score is None else f", and the best here has {linear.exact_score:.4f}."
        sentences.append(sentence)
    bitcode, data = _by_share(found)[0]
    leading, kept = _leading(found, bitcode)
    how = (
        "remembers by integrating" if _integrates(leading, kept) else "has no integrator in the subregion it uses most"
    )
    sentences.append(
        f"The network shown (P = {shown.pwl_units}, seed {shown.seed}) {how}: over the {found.task.length} steps of a "
        f"trial, the leading mode of subregion {bitcode}, where it spends {percent(data['frequency'])} of its steps, "
        f"is multiplied by {kept:.4f}."
    )
    if found.gate is not None and abs(found.gate.correlation) > CLEAR:
        sentences.append(_at_marks(found.gate))
    return [*sentences, at_rest(found)]


def at_rest(found: Findings) -> str:
    """The fixed points of the network shown without input, in a sentence or two.

    Parameters
    ----------
    found : Findings

    Returns
    -------
    str
    """
    points = next(iter(found.fixed_points.values()))
    listed = [count_words(len(points), "fixed point")] if len(points) or not points.continua else []
    if points.continua:
        listed.append(f"{count_words(len(points.continua), 'continuum', 'continua')} of fixed points")
    number = " and ".join(listed)
    if points.complete:
        sentence = f"Without input it has {number}, and it is proved that there are no others."
    else:
        sentence = f"Without input {number} were found. The search was ended early, so there may be others."
    away = distance_in_ranges(points, found.run)
    if len(points) and min(away) > 0:
        lies = "It lies" if len(points) == 1 else "The nearest lies"
        sentence += (
            f" {lies} {min(away):.3g} visited ranges outside the states of the trials, so these do not settle there."
        )
    return sentence


def _training(found: Findings) -> str:
    task = found.task
    after = f", {count_words(task.blank_steps, 'blank step')} after the last number," if task.blank_steps else ""
    lines = [
        "## The task and the training",
        "",
        f"The network reads {task.length} numbers, two of them marked, one in each half. At the end{after} its "
        "output should be the sum of the two marked numbers. A network counts as a solution if its mean squared error "
        f"(MSE) is below {task.threshold:g} on {found.recipe.test_trials:,} fresh trials.",
        "",
        *(f"- {sentence}." for sentence in rate_sentences(found.models, task, found.recipe)),
    ]
    return "\n".join(lines)


def _linear(found: Findings) -> str:
    above = [m.exact_score - found.floor for m in found.models if m.exact_score is not None]
    text = (
        "## What no linear network can do\n\n"
        f"No predictor that is affine in the whole input sequence has an MSE below {found.floor:.6f}. (This is "
        "1/6 - sum p_t^2/12, where p_t is the probability that step t is marked.) "
    )
    if not above:
        return text.rstrip()
    verdict = "All are above it, as they must be." if min(above) >= 0 else "NOT all are above it: something is wrong."
    return text + (
        f"The expected MSE of the {count_words(len(above), 'network')} with P = 0 is computed in closed form from the "
        f"impulse response. It exceeds the limit by {min(above):.2e} to {max(above):.2e}. {verdict} (Figure: loss.png.)"
    )


def _network(found: Findings) -> str:
    shown = found.displayed
    verdict = (
        "It solves the task." if shown.solved else "It does NOT solve the task: read what follows with that in mind."
    )
    return (
        f"## The network shown: P = {shown.pwl_units}, seed {shown.seed}\n\n"
        f"Of the networks with P = {shown.pwl_units} it has the smallest MSE on validation trials "
        f"({shown.validation_score:.2e}); on test trials it has {shown.test_score:.2e}. {verdict} Loaded back from "
        f"{shown.checkpoint.name} and run in double precision by the analysis package, it has {found.reloaded_mse:.2e} "
        "on the same test trials. (Figure: trial.png.)"
    )


def _subregions(found: Findings) -> str:
    network, length = found.network, found.task.length
    nodes = _by_share(found)
    lines = [
        "## Subregions and their linear dynamics",
        "",
        f"In {count_words(len(found.run.states), 'trial')} it visited {len(nodes)} of "
        f"{count_words(2**network.pwl_units, 'subregion')}. (Graph: transitions.graphml; figure: dynamics.png.)",
        "",
        f"| bitcode | share of steps | leading eigenvalue | its modulus over {length} steps | second modulus | "
        "time constant of the second, in steps |",
        "|---|---|---|---|---|---|",
    ]
    for name, data in nodes:
        values = _eigenvalues(network, name)
        modulus = np.abs(values)
        second = modulus[1] if modulus.size > 1 else 0.0
        lasts = f"{-1 / math.log(second):.1f}" if 0 < second < 1 else "does not decay" if second >= 1 else "0"
        lines.append(
            f"| {name} | {percent(data['frequency'])} | {_complex(values[0])} | {modulus[0] ** length:.4f} | "
            f"{second:.4f} | {lasts} |"
        )
    return "\n".join([*lines, "", _integrator(found, nodes[0][0]), "", _gate(found), *_redundancy(found)])


def _by_share(found: Findings) -> list[tuple[str, dict[str, Any]]]:
    """The subregions visited, the one with most steps first."""
    return sorted(found.graph.nodes(data=True), key=lambda item: -item[1]["visits"])


def _eigenvalues(network: PLRNN, bitcode: str) -> np.ndarray:
    values = np.linalg.eigvals(network.map.jacobian(bits_from_string(bitcode, network.pwl_units)))
    return values[np.argsort(-np.abs(values))]


def _leading(found: Findings, bitcode: str) -> tuple[complex, float]:
    """The leading eigenvalue in a subregion, and its modulus to the power of the length of a trial."""
    leading = complex(_eigenvalues(found.network, bitcode)[0])
    return leading, abs(leading) ** found.task.length


def _integrates(leading: complex, kept: float) -> bool:
    return abs(leading.imag) < 1e-12 and leading.real > 0 and abs(kept - 1) < 0.1


def _integrator(found: Findings, bitcode: str) -> str:
    length = found.task.length
    leading, kept = _leading(found, bitcode)
    start = f"The leading eigenvalue in {bitcode}, where the network spends most of its time, is {_complex(leading)}. "
    if _integrates(leading, kept):
        return start + (
            f"Over the {length} steps of a trial it multiplies what is stored by {kept:.4f}. So this network works as "
            "an integrator, and not by settling on a fixed point."
        )
    return start + (
        f"Over the {length} steps of a trial it multiplies its mode by {kept:.4g}. So no integrator in this subregion "
        "alone holds the memory."
    )


def _gate(found: Findings) -> str:
    gate = found.gate
    if gate is None:
        return "It never leaves one subregion in these trials."
    weak = "" if abs(gate.correlation) > CLEAR else " The tie is weak: no single subregion answers to the marks."
    return f"{_at_marks(gate)} (Correlation {gate.correlation:+.3f}.){weak}"


def _at_marks(gate: Gate) -> str:
    when = "At the step of a mark" if gate.lag == 0 else f"{count_words(gate.lag, 'step').capitalize()} after a mark"
    way = "into" if gate.correlation > 0 else "out of"
    return (
        f"Marks switch it {way} subregion {gate.bitcode}. {when} it is there in {percent(gate.after_marks)} of the "
        f"cases, at all other steps in {percent(gate.elsewhere)}."
    )


def _redundancy(found: Findings) -> list[str]:
    """Whether ReLU units do the same thing."""
    arguments = found.network.map.preactivation(found.run.states).reshape(-1, found.network.pwl_units)
    if arguments.shape[1] < 2 or np.any(arguments.std(axis=0) == 0):
        return []
    correlation = np.corrcoef(arguments.T)
    weakest = float(np.abs(correlation[np.triu_indices_from(correlation, k=1)]).min())
    if weakest < 0.95:
        return []
    # Rounded down: "at least" must hold as written.
    at_least = math.floor(weakest * 1e4) / 1e4
    return ["", f"Its ReLUs do nearly the same: their arguments correlate by at least {at_least}. One might do."]


def _fixed_points(found: Findings) -> str:
    lines = [
        "## Fixed points",
        "",
        f"All fixed points under {count_words(len(found.fixed_points), 'constant input')}. The distance is from the "
        "states of the trials, in widths of the range that each unit visits, for the unit that is furthest out: 0 is "
        "inside the visited range, 5 is five widths outside.",
        "",
        f"P = {found.displayed.pwl_units}, seed {found.displayed.seed} (the network shown):",
        "",
        *_fixed_point_table(found.fixed_points, found.run),
        "",
        f"P = {found.linear.pwl_units}, seed {found.linear.seed} (the best without a ReLU):",
        "",
        *_fixed_point_table(found.linear_fixed_points, found.linear_run),
    ]
    return "\n".join([*lines, *_reading(found)])


def _reading(found: Findings) -> list[str]:
    """What the fixed points of the network shown do and do not say."""
    points = [p for result in found.fixed_points.values() for p in result]
    if not points:
        return []
    away = distance_in_ranges(points, found.run)
    outside = [p for p, distance in zip(points, away, strict=True) if distance > 0]
    if not outside:
        return ["", "All these fixed points of the network shown lie within the visited range."]
    slow = max(float(np.abs(p.eigenvalues - 1).min()) for p in outside)
    near = (
        f"Each belongs to a subregion with an eigenvalue within {slow:.2g} of 1, where a small offset moves it far."
        if slow < 0.1
        else "They belong to the affine maps of their subregions, away from where these are used."
    )
    nearest = float(away[away > 0].min())
    never = "no trial comes near them" if nearest >= 1 else "no trial reaches them"
    formal = f"They are exact solutions, but {never}, so they do not explain how the network computes."
    if len(outside) == len(points):
        where = f"Every fixed point of the network shown lies outside the visited range, the nearest at {nearest:.3g}."
    else:
        where = (
            f"{len(points) - len(outside)} of these {len(points)} fixed points of the network shown lie within the "
            f"visited range. Of the others the nearest lies at {nearest:.3g}."
        )
    return ["", f"{where} {near} {formal}"]


def _fixed_point_table(results: Mapping[str, FixedPoints], run: Trajectory) -> list[str]:
    lines = [
        "| input | bitcode | stability | leading eigenvalue | distance | residual |",
        "|---|---|---|---|---|---|",
    ]
    for label, points in results.items():
        for p, distance in zip(points, distance_in_ranges(points, run), strict=True):
            lines.append(
                f"| {label} | {p.bitcode} | {p.stability} | {_complex(p.eigenvalues[0])} | {distance:.3g} | "
                f"{p.residual:.1e} |"
            )
        for c in points.continua:
            lines.append(f"| {label} | {c.bitcode} | continuum of dimension {c.dimension} | | | {c.residual:.1e} |")
        if not len(points) and not points.continua:
            lines.append(f"| {label} | none | | | | |")
    unfinished = [label for label, points in results.items() if not points.complete]
    proof = "NOT complete under: " + "; ".join(unfinished) if unfinished else "Complete: there are no others"
    return [*lines, "", f"{proof}."]


def _relus(number: int) -> str:
    return "no ReLU" if number == 0 else count_words(number, "ReLU")


def _complex(value: complex) -> str:
    if abs(value.imag) < 1e-12 * max(1.0, abs(value.real)):
        return f"{value.real:.5f}"
    return f"{value.real:.5f}{value.imag:+.5f}i"
