"""The figures of a report: what is drawn, how it is read, and what is said to who does not see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ..display.abbreviation import count_words
from ..interruption import Interruption
from ..progress import Progress
from .inline_svg import inline_svg

if TYPE_CHECKING:
    from ..findings import Findings
    from ..results import FixedPoints, Trajectory

__all__ = ["Picture", "draw_pictures"]

# More fixed points are not listed one under another.
LISTED_POINTS = 40


@dataclass(frozen=True)
class Picture:
    """A figure on a page.

    Attributes
    ----------
    name : str
        Its id.
    title, caption : str
    svg : Markup
    """

    name: str
    title: str
    caption: str
    svg: Markup


@dataclass(frozen=True)
class _Plan:
    """A figure that is still to be drawn."""

    name: str
    title: str
    alternative: str
    caption: str
    draw: Callable[[], Any]


def draw_pictures(found: Findings, ctrl_c: Interruption) -> tuple[list[Picture], list[str]]:
    """Draw what was found.

    Parameters
    ----------
    found : Findings
    ctrl_c : Interruption
        Is told how far this is. Ctrl-C while figures are drawn leaves the others out.

    Returns
    -------
    pictures : list of Picture
    left_out : list of str
        Titles of those that were not drawn.
    """
    plans = list(_plans(found))
    already = ctrl_c.seen
    pictures: list[Picture] = []
    for done, plan in enumerate(plans):
        if ctrl_c.seen and not already:
            break
        if not ctrl_c.seen:
            _say(ctrl_c, done, len(plans))
        svg = inline_svg(plan.draw(), plan.name, plan.alternative)
        pictures.append(Picture(plan.name, plan.title, plan.caption, svg))
    if not ctrl_c.seen:
        _say(ctrl_c, len(plans), len(plans))
    return pictures, [plan.title for plan in plans[len(pictures) :]]


def _say(ctrl_c: Interruption, done: int, total: int) -> None:
    ctrl_c.progress(Progress("figures", done, total, done, 0.0, ended=done == total))


def _plans(found: Findings) -> Iterator[_Plan]:
    from ..plotting import plot_fixed_point_distances, plot_fixed_points

    points, run = found.fixed_points, found.visited
    if run is not None or len(points):
        runs = "free runs" if run is None or not _driven(run) else "trials"
        yield _Plan(
            "figure-fixed-points",
            "Fixed points and states in use",
            f"{_points_in_words(points)} and {runs} in a plane of state space.",
            f"The {runs} are lines. Filled points are stable: states near them stay. Open points are saddles or "
            "unstable, and the lines through them are their unstable directions. Principal components span "
            "the plane in which the states vary most; points that look close here may be far apart in others.",
            lambda: plot_fixed_points(points, run).figure,
        )
    if run is None:
        return
    if 0 < len(points) <= LISTED_POINTS:
        yield _Plan(
            "figure-distances",
            "How far fixed points are from the states in use",
            f"Distances of {_points_in_words(points)} from the states in use.",
            "Distances are counted in visited ranges, over all units: in the shaded band a point is among the states "
            "in use. A point far outside says little about what the network does there.",
            lambda: plot_fixed_point_distances(points, run).figure,
        )
    yield from _of_subregions(run)
    if found.conditions is not None and found.conditions.divergences is not None:
        divergences = found.conditions.divergences
        yield _Plan(
            "figure-conditions",
            "How much conditions differ",
            f"Divergences between {count_words(len(divergences.conditions), 'condition')}.",
            "Strongly coloured entries are pairs of conditions that use different subregions; the tree joins those "
            "that use them alike. A circle marks a pair that shuffled trials would set apart as much.",
            divergences.plot,
        )


def _of_subregions(run: Trajectory) -> Iterator[_Plan]:
    from ..plotting import plot_occupancy, plot_state_plane, plot_trial
    from ..symbols import occupancy

    if run.bitcodes.shape[2]:
        shares = occupancy(run)
        yield _Plan(
            "figure-subregions",
            "How time is shared among subregions",
            f"Shares of time in {count_words(len(shares), 'visited subregion')}.",
            "Bars, or the filled area, are single subregions, the most visited first; the line is their sum. Where it "
            "rises quickly, a few subregions hold most of the motion.",
            lambda: plot_occupancy(shares).figure,
        )
    if _driven(run):
        yield _Plan(
            "figure-trial",
            "One trial over time",
            "Inputs, arguments of the ReLUs, states, subregions and outputs of the first trial.",
            "From top to bottom, as far as there are any: what the network is given, the arguments of its ReLUs, which "
            "are on above zero, the states of all units, the subregion at each step as a colour, and what is read out.",
            lambda: plot_trial(run),
        )
    if not run.map.n_inputs and run.bitcodes.shape[2]:
        yield _Plan(
            "figure-plane",
            "Visited states by subregion",
            "Visited states in a plane, coloured by subregion.",
            "Each dot is a step. Colours are the most visited subregions, grey is all others. On an axis that is the "
            "argument of a ReLU, the line at zero is where it switches.",
            lambda: plot_state_plane(run).figure,
        )


def _driven(run: Trajectory) -> bool:
    """Whether it is one of trials, of which a network without inputs has only where they begin."""
    return run.inputs is not None


def _points_in_words(points: FixedPoints) -> str:
    return count_words(len(points), "fixed point") if len(points) else "No fixed point"
