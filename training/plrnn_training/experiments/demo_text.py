"""What the demo found, in words; every number in it is computed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plrnn_analysis.maps import bits_from_string
from plrnn_analysis.model import PLRNN
from plrnn_analysis.plotting.style import percent
from plrnn_analysis.results import FixedPoints, Trajectory
from plrnn_analysis.slow_manifolds import distance_in_ranges

from ..recipe import Recipe
from ..runs import TrainedModel
from ..summary import rate_sentences
from ..tasks import AdditionTask
from .gate import Gate

if TYPE_CHECKING:
    import networkx

__all__ = ["Findings", "demo_text"]


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
    """The summary as Markdown.

    Parameters
    ----------
    found : Findings

    Returns
    -------
    str
    """
    blocks = [_training(found), _linear(found), _network(found), _subregions(found), _fixed_points(found)]
    return "\n\n".join(["# Addition with and without ReLU units", *blocks]) + "\n"


def _training(found: Findings) -> str:
    task = found.task
    lines = [
        f"Task: {task.length} numbers, two of them marked (one in each half); after {task.blank_steps} blank step(s) "
        "the output should be the sum of the marked ones. "
        f"Solved means a test MSE below {task.threshold:g} ({found.recipe.test_trials:,} fresh trials).",
        "",
        *(f"- {sentence}." for sentence in rate_sentences(found.models, task, found.recipe)),
    ]
    return "\n".join(lines)


def _linear(found: Findings) -> str:
    above = [m.exact_score - found.floor for m in found.models if m.exact_score is not None]
    text = (
        "## What no linear network can do\n\n"
        f"No predictor that is affine in the whole sequence has an MSE below 1/6 - sum p_t^2/12 = {found.floor:.6f}. "
    )
    if not above:
        return text
    verdict = "all above it, as they must be" if min(above) >= 0 else "NOT all above it: something is wrong"
    return text + (
        f"The expected MSE of the {len(above)} networks with P = 0, computed in closed form from their impulse "
        f"responses, exceeds it by {min(above):.2e} to {max(above):.2e}: {verdict}. (figure: loss.png)"
    )


def _network(found: Findings) -> str:
    shown, agreement = found.displayed, found.reloaded_mse
    verdict = "solves the task" if shown.solved else "does NOT solve the task: read what follows with that in mind"
    return (
        f"## The displayed network: P = {shown.pwl_units}, seed {shown.seed}\n\n"
        f"Chosen by its error on validation trials ({shown.validation_score:.2e}) among the networks with "
        f"P = {shown.pwl_units}; its test MSE is {shown.test_score:.2e}: it {verdict}. Loaded back from "
        f"{shown.checkpoint.name} and run in double precision by the analysis package, it has {agreement:.2e} on the "
        "same trials. (figure: trial.png)"
    )


def _subregions(found: Findings) -> str:
    network, length = found.network, found.task.length
    nodes = sorted(found.graph.nodes(data=True), key=lambda item: -item[1]["visits"])
    lines = [
        "## Subregions and their linear dynamics",
        "",
        f"In {len(found.run.states):,} driven trials it visited {len(nodes)} of {2**network.pwl_units} subregions "
        "(graph: transitions.graphml, figure: dynamics.png).",
        "",
        f"| bitcode | share of steps | leading eigenvalue | modulus^{length} | second modulus | forgets in steps |",
        "|---|---|---|---|---|---|",
    ]
    for name, data in nodes:
        values = np.linalg.eigvals(network.map.jacobian(bits_from_string(name, network.pwl_units)))
        values = values[np.argsort(-np.abs(values))]
        modulus = np.abs(values)
        second = modulus[1] if modulus.size > 1 else 0.0
        forgets = f"{-1 / math.log(second):.1f}" if 0 < second < 1 else "does not" if second >= 1 else "0"
        lines.append(
            f"| {name} | {percent(data['frequency'])} | {_complex(values[0])} | {modulus[0] ** length:.4f} | "
            f"{second:.4f} | {forgets} |"
        )
    return "\n".join([*lines, "", _integrator(found, nodes[0][0]), "", _gate(found), *_redundancy(found)])


def _integrator(found: Findings, bitcode: str) -> str:
    network, length = found.network, found.task.length
    values = np.linalg.eigvals(network.map.jacobian(bits_from_string(bitcode, network.pwl_units)))
    leading = values[np.argmax(np.abs(values))]
    scale = float(np.abs(leading)) ** length
    real = abs(leading.imag) < 1e-12 and leading.real > 0
    if real and abs(scale - 1) < 0.1:
        return (
            f"In the subregion where it spends most of its time ({bitcode}) the leading eigenvalue is "
            f"{_complex(leading)}: over the {length} steps of a trial it multiplies what is stored by {scale:.4f}. So "
            "this network works as an integrator, not by settling on a fixed point."
        )
    return (
        f"In the subregion where it spends most of its time ({bitcode}) the leading eigenvalue is {_complex(leading)}, "
        f"which over the {length} steps of a trial multiplies its mode by {scale:.4g}: not an integrator in one "
        "subregion alone; the memory depends on the switching between subregions."
    )


def _gate(found: Findings) -> str:
    gate = found.gate
    if gate is None:
        return "It never leaves one subregion in these trials."
    delay = "in the very state that the mark enters" if gate.lag == 0 else f"{gate.lag} step(s) after a mark"
    kind = "switches into" if gate.correlation > 0 else "switches out of"
    strength = "" if abs(gate.correlation) > 0.5 else " The tie is weak: no single subregion marks the marks."
    return (
        f"The marks show most clearly in subregion {gate.bitcode}: {delay} the network is in it in "
        f"{percent(gate.after_marks)} of the cases, at all other steps in {percent(gate.elsewhere)} "
        f"(correlation {gate.correlation:+.3f}): it {kind} it at the marks.{strength}"
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
    return ["", f"Its ReLU units do nearly the same (their arguments correlate by at least {at_least}): one might do."]


def _fixed_points(found: Findings) -> str:
    lines = [
        "## Fixed points",
        "",
        "All of them, under a constant input. Distances are from the centre of the visited states, in units of the "
        "largest distance of a visited state: beyond 1 the network never was there.",
        "",
        f"P = {found.displayed.pwl_units} (displayed):",
        "",
        *_fixed_point_lines(found.fixed_points, found.run),
        "",
        f"P = {found.linear.pwl_units}, seed {found.linear.seed} (the best of them):",
        "",
        *_fixed_point_lines(found.linear_fixed_points, found.linear_run),
    ]
    return "\n".join([*lines, *_reading(found)])


def _reading(found: Findings) -> list[str]:
    """What the fixed points of the displayed network do and do not say."""
    points = [p for result in found.fixed_points.values() for p in result]
    if not points:
        return []
    away = distance_in_ranges(points, found.run)
    outside = [p for p, distance in zip(points, away, strict=True) if distance > 0]
    if not outside:
        return ["", "All these fixed points of the displayed network lie within the visited range."]
    slow = max(float(np.abs(p.eigenvalues - 1).min()) for p in outside)
    near = (
        f"each sits in a subregion that has an eigenvalue within {slow:.2g} of 1, where I - J is nearly singular"
        if slow < 0.1
        else "they belong to the affine maps of their subregions, far from where these are used"
    )
    if len(outside) == len(points):
        return [
            "",
            f"Every fixed point of the displayed network lies outside the visited range, the nearest by "
            f"{min(away):.3g} times its width: {near}. They are exact as solutions, but formal: no trial comes "
            "near them, and they do not explain how the network computes.",
        ]
    return [
        "",
        f"{len(points) - len(outside)} of these {len(points)} fixed points of the displayed network lie within the "
        f"visited range. The others are exact as solutions, but formal: no trial comes near them ({near}).",
    ]


def _fixed_point_lines(results: Mapping[str, FixedPoints], run: Trajectory) -> list[str]:
    lines = []
    for label, points in results.items():
        proof = "complete" if points.complete else f"NOT complete ({points.coverage.stopped_by})"
        lines.append(f"- {label}: {len(points)} isolated, {len(points.continua)} continua; the search is {proof}.")
        for p, distance in zip(points, distance_in_ranges(points, run), strict=True):
            lines.append(
                f"  - bitcode {p.bitcode}, {p.stability}, leading eigenvalue {_complex(p.eigenvalues[0])}, "
                f"{distance:.3g} visited ranges outside, residual {p.residual:.1e}"
            )
        for c in points.continua:
            lines.append(f"  - continuum of dimension {c.dimension} in bitcode {c.bitcode}, residual {c.residual:.1e}")
    return lines


def _complex(value: complex) -> str:
    if abs(value.imag) < 1e-12 * max(1.0, abs(value.real)):
        return f"{value.real:.5f}"
    return f"{value.real:.5f}{value.imag:+.5f}i"
