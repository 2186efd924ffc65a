"""What of a report is proved, what was measured, and what is not known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..display.abbreviation import count_words, verb
from ..statuses import Stability

if TYPE_CHECKING:
    from ..findings import Findings
    from ..model import PLRNN

__all__ = ["Standing", "standing_of"]

RELUS = "Which ReLUs are needed"


@dataclass(frozen=True)
class Standing:
    """Sentences by what they rest on.

    Attributes
    ----------
    proved, measured, unknown : tuple of str
    """

    proved: tuple[str, ...]
    measured: tuple[str, ...]
    unknown: tuple[str, ...]


def standing_of(model: PLRNN, found: Findings, left_out: Sequence[str] = ()) -> Standing:
    """What is proved about a model, what was measured, and what is not known.

    Parameters
    ----------
    model : PLRNN
    found : Findings
    left_out : sequence of str, optional
        Titles of figures that were not drawn.
    """
    return Standing(tuple(_proved(found)), tuple(_measured(found)), tuple(_unknown(model, found, left_out)))


def _proved(found: Findings) -> Iterator[str]:
    points, cycles = found.fixed_points, found.cycles
    if points.complete:
        yield (
            "The list of fixed points is complete for these weights, taken as the rational numbers that they are, and "
            "for this constant input. What floating-point numbers left in doubt was decided in exact arithmetic."
        )
    elif len(points) or points.continua:
        yield "Each fixed point listed is one, and it is the only one in its subregion. The list may be incomplete."
    decided = sum(point.stability is not Stability.UNDECIDED for point in points)
    if decided:
        whole = "The stability of each fixed point" if decided == len(points) else f"The stability of {decided} of them"
        yield f"{whole}: whether a multiplier lies inside, on or outside the unit circle."
    if cycles is not None and cycles.complete_up_to > 1:
        yield f"The list of cycles is complete up to period {cycles.complete_up_to}."
    if found.ends is not None and (proved := sum(end.proved for end in found.ends)):
        n, finish = len(found.ends.assignment), verb(proved, "ends", "end")
        yield f"Where {proved} of the {n} free runs {finish}, up to rounding in the steps before."
    if _told(found, RELUS) and found.visited is not None and found.visited.bitcodes.shape[2]:
        yield f"What stands under “{RELUS}”, on the domain that is named there."


def _measured(found: Findings) -> Iterator[str]:
    if found.ends is not None:
        n = len(found.ends.assignment)
        seen = n - sum(end.proved for end in found.ends) - found.ends.undecided
        yield (
            f"How many of {count_words(n, 'initial state')} {verb(n, 'leads', 'lead')} to each end. An attractor that "
            "none of them leads to is not in that table."
        )
        if seen:
            subject = verb(seen, "it was followed until it", "they were followed until they")
            yield f"Where {seen} of these runs {verb(seen, 'ends', 'end')}: {subject} had settled."
    if found.visited is not None:
        what = "trial" if found.visited.inputs is not None else "free run"
        runs, steps = found.visited.states.shape[:2]
        most = "" if found.visited.lengths is None else "up to "
        yield (
            f"The subregions in use, their shares of time and the transition graph: {count_words(runs, what)} of {most}"
            f"{count_words(steps, 'step')}. Others may visit more."
        )
    if found.story is not None:
        yield "Lyapunov exponents and entropies, which are estimates from these runs."


def _unknown(model: PLRNN, found: Findings, left_out: Sequence[str]) -> Iterator[str]:
    points, cycles, story = found.fixed_points, found.cycles, found.story
    if not points.complete:
        yield "Whether there are further fixed points."
    if cycles is None:
        yield "Which cycles there are beside those that free runs end in: they were not searched for."
    else:
        yield f"Cycles of a period above {cycles.complete_up_to} that no free run ends in."
    if found.ends is not None and found.ends.undecided:
        n = found.ends.undecided
        yield f"Where {n} of the {len(found.ends.assignment)} free runs {verb(n, 'ends', 'end')}."
    for section in story or ():
        if section.stopped_by and "missing" in section.numbers:
            yield section.sentences[0]
        elif section.stopped_by:
            yield f"Part of “{section.title}”: {section.stopped_by.reason}."
    if left_out:
        yield f"Interrupted before these figures were drawn: {'; '.join(left_out)}."
    if model.n_inputs:
        yield "What other constant inputs do: fixed points and cycles are those under the constant input above."


def _told(found: Findings, title: str) -> bool:
    return any(section.title == title for section in found.story or ())
