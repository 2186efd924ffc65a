"""Figures 1 and 4: subregions as linear systems, and addition with its switch at the marks."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, cast

from plrnn_analysis.linear_limit import addition_floor
from plrnn_analysis.plotting import plot_state_plane, plot_transition_graph, plot_trial

from ...sweeps.figure import draw_p_curve
from ...tasks import AdditionTask
from ..gate import Gate, find_gate
from .claims import Claim, Verdict, by_majority
from .context import Context
from .measures import concentration, exact, exact_sentence, leading_mode, linear_residual, summary
from .outcome import Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure_1", "figure_4"]

TRIALS = 200
# Of the quick form: the few that solve the task, and enough to ask how many subregions are in use.
PWL_UNITS = (0, 1, 2, 10)


def figure_1(context: Context) -> Outcome:
    """Subregions, each a linear system, and a trajectory as a word of bitcodes.

    Parameters
    ----------
    context : Context

    Returns
    -------
    Outcome
    """
    from matplotlib.figure import Figure

    trained = context.train("addition", pwl_units=PWL_UNITS)
    rows = [row for row in trained.rows if row.pwl_units]
    shown = trained.best([row for row in rows if row.pwl_units == 2])
    numbers, residuals, narrow = [], [], []
    for row, network in trained.networks(rows):
        run, _ = trained.run(network, TRIALS, context.seed)
        residuals.append(linear_residual(network, run))
        used = concentration(run)
        narrow.append(used.for_90_percent <= 0.1 * used.possible if used.possible >= 32 else None)
        numbers.append({"pwl_units": row.pwl_units, "seed": row.seed, "residual": residuals[-1], **summary(used)})
        if row == shown:
            figure = Figure(figsize=(10.5, 4.2), layout="constrained")
            left, right = figure.subplots(1, 2)
            plot_state_plane(run, network.fixed_points(), ax=left)
            left.set_title(f"states of P = {row.pwl_units}, coloured by subregion", fontsize=9)
            plot_transition_graph(network.transition_graph(run), ax=right)
            right.set_title("its words of bitcodes as a graph, with probabilities", fontsize=9)
    largest = max(residuals)
    claims = (
        Claim(
            "fig1",
            "P ReLUs cut state space into at most 2^P subregions, and within each the network is linear.",
            Verdict.SUPPORTED if largest <= 1e-9 else Verdict.NOT_SUPPORTED,
            "The step taken by every trained network at every visited state agrees with the affine map of the "
            "subregion to 1e-9 of the largest state.",
            {"largest_relative_difference": largest, "networks": len(rows)},
            f"Over {len(rows)} networks and {TRIALS} trials each, the largest relative difference is {largest:.1e}: "
            f"what "
            "is left is rounding.",
        ),
        Claim(
            "fig1",
            "Trajectories concentrate on few of the subregions.",
            by_majority(narrow),
            "In more than half of the networks with at least 32 subregions, nine tenths of the steps lie in at most a "
            "tenth of them; networks with fewer subregions do not count.",
            {"networks_counted": sum(n is not None for n in narrow), "networks_that_do": sum(bool(n) for n in narrow)},
            _counted(narrow),
        ),
    )
    return Outcome(
        "fig1",
        "Figure 1: piecewise linear, one linear system per subregion",
        claims,
        numbers,
        figure,
        "Left: states of a network with P = 2 trained on addition in the plane of its two ReLU arguments, with the "
        "fixed points without input. Right: the same trials as a graph of bitcodes.",
    )


def _switches_at_marks(gate: Gate | None) -> bool:
    """Whether a subregion is entered at the marks alone; where the main one is left, another is entered."""
    if gate is None:
        return False
    entered = gate.correlation > 0
    at, elsewhere = gate.after_marks, gate.elsewhere
    return (at if entered else 1 - at) >= 0.95 and (elsewhere if entered else 1 - elsewhere) <= 0.05


def _counted(narrow: list[bool | None]) -> str:
    told = [bool(n) for n in narrow if n is not None]
    if not told:
        return "No network of this sweep has 32 subregions or more."
    return f"{sum(told)} of {len(told)} networks with at least 32 subregions do."


def figure_4(context: Context) -> Outcome:
    """Addition: error against P, the switch at the marks, and the integration between them.

    Parameters
    ----------
    context : Context

    Returns
    -------
    Outcome
    """
    from matplotlib.figure import Figure

    trained = context.train("addition", pwl_units=PWL_UNITS)
    task, rows = trained.task, trained.rows
    assert isinstance(task, AdditionTask)  # of the registry
    floor = addition_floor(task.length, task.marks)
    solved = {p: [task.solved(r.score) for r in rows if r.pwl_units == p] for p in trained.pwl_units}
    least = min((p for p, told in solved.items() if 2 * sum(map(bool, told)) > len(told)), default=None)
    numbers, gates, integrates = [], [], []
    shown = trained.best([r for r in rows if r.pwl_units == 2])
    figure = Figure(figsize=(8.6, 9.6), layout="constrained")
    grid = figure.add_gridspec(2, 1, height_ratios=(1.0, 1.8))
    upper, lower = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    for row, network in trained.networks([r for r in rows if r.pwl_units in (1, 2) and task.solved(r.score)]):
        run, batch = trained.run(network, TRIALS, context.seed)
        gate = find_gate(run, task.input_names.index("mark"))
        leading = leading_mode(network, run)
        gates.append(_switches_at_marks(gate))
        integrates.append(abs(leading.modulus - 1.0) <= 0.01 and leading.next_modulus <= 0.95)
        numbers.append(
            {
                "pwl_units": row.pwl_units,
                "seed": row.seed,
                "mse": row.score,
                **({} if gate is None else {f"gate_{k}": v for k, v in summary(gate).items()}),
                **summary(leading),
                **summary(exact(network, run)),
            }
        )
        if row == shown:
            plot_trial(
                run,
                target=float(batch.targets[0, 0]),
                mark_channel=task.input_names.index("mark"),
                input_names=task.input_names,
                # A part of a figure draws as a whole one does.
                figure=cast("Figure", lower),
            )
    draw_p_curve([upper.subplots()], trained.found)
    linear = [r.score for r in rows if r.pwl_units == 0]
    claims = (
        Claim(
            "fig4",
            "A network without ReLUs cannot solve addition; few ReLUs suffice.",
            Verdict.SUPPORTED if least in (1, 2) and not any(solved.get(0, [])) else Verdict.NOT_SUPPORTED,
            "No network with P = 0 has an error below the threshold, and more than half of the seeds do at P = 1 or 2.",
            {
                "floor": floor,
                "best_at_0": min(linear, default=None),
                "threshold": task.threshold,
                "smallest_p_that_solves": least,
                "solved": {str(p): f"{sum(map(bool, told))}/{len(told)}" for p, told in solved.items()},
            },
            f"No affine predictor of any size has an error below {floor:.4f}; the best P = 0 network has "
            f"{min(linear, default=float('nan')):.4f}. "
            + (
                f"P = {least} is the smallest that most seeds solve."
                if least is not None
                else "No P is solved by most."
            ),
        ),
        Claim(
            "fig4",
            "With one or two ReLUs, another subregion is entered only at the marked steps.",
            by_majority(gates),
            "In more than half of the solved networks with P = 1 or 2, some subregion is entered, or left, at one "
            "fixed lag after at least 95 % of the marks and at no more than 5 % of all other steps.",
            {"networks": len(gates), "networks_that_do": sum(gates)},
            f"{sum(gates)} of {len(gates)} solved networks do; the table has subregion, lag and sign of each.",
        ),
        Claim(
            "fig4",
            "Between the marks the network integrates linearly, along one slow direction.",
            by_majority(integrates),
            "In more than half of those networks the most visited subregion has one eigenvalue within 0.01 of the unit "
            "circle, and the next is at most 0.95.",
            {
                "networks": len(integrates),
                "networks_that_do": sum(integrates),
                "median_modulus": median(n["modulus"] for n in numbers) if numbers else None,
                "median_next_modulus": median(n["next_modulus"] for n in numbers) if numbers else None,
            },
            f"{sum(integrates)} of {len(integrates)} do.{exact_sentence(numbers)}",
        ),
    )
    return Outcome(
        "fig4",
        "Figure 4: addition",
        claims,
        numbers,
        figure,
        "Above: error against the number of ReLUs, one dot per seed, with the floor of every affine predictor. Below: "
        "one trial of a network with P = 2; the strip shows which subregion each state lies in.",
    )
