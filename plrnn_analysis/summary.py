"""A search result in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .display.abbreviation import count_words
from .statuses import Engine, StoppedBy

if TYPE_CHECKING:
    from .results import Cycles, FixedPoints

__all__ = ["coverage_sentences", "cycle_sentences"]

NONE = "The model has no fixed point."


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
    elif cov.limit is not None:
        verdict = (
            f"NOT complete: points were excluded only where all ReLU arguments are at most {cov.limit:.3g} in modulus. "
            "What is listed is verified; there may be more further out."
        )
    else:
        share = 100.0 * (cov.undecided / cov.subregions)
        verdict = (
            f"NOT complete: {StoppedBy(cov.stopped_by).reason} with {share:.3g} % of the {everything} subregions "
            "undecided. What is listed is verified; the undecided part may hold more."
        )

    how = f"Engine: {cov.engine}; {count_words(cov.nodes, 'node')} of the search tree"
    counts = (
        (cov.pruned, "cut by a sign test"),
        (cov.collapsed, "closed by a uniqueness proof"),
        (cov.solved, "solved"),
    )
    how += "".join(f", {n:,} {what}" for n, what in counts if n) + f"; {cov.seconds:.2g} s."
    if cov.engine == Engine.UNIQUENESS:
        how = (
            "Engine: uniqueness certificate (the symmetric part of I - G is positive definite, so exactly one "
            f"fixed point exists); {cov.seconds:.2g} s."
        )
    return [verdict, how, *(f"Note: {note}." for note in cov.notes)]


def cycle_sentences(result: Cycles) -> list[str]:
    """What a search for cycles proved, in words.

    Parameters
    ----------
    result : Cycles

    Returns
    -------
    list of str

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> print(cycle_sentences(tent.cycles(max_period=3))[0])
    Complete: there is no cycle of period 2 to 3 beside the 3 listed.
    """
    longer = sum(c.period > 1 for c in result)
    where = "" if result.box is None else " inside the box"
    families = sum(f.period > 1 for f in result.continua)
    extra = f" and {count_words(families, 'family', 'families')}" if families else ""
    if result.complete:
        periods = "2" if result.max_period == 2 else f"2 to {result.max_period}"
        beside = f" beside the {longer} listed{extra}" if longer or families else ""
        return [f"Complete: there is no cycle of period {periods}{where}{beside}."]
    reasons = dict.fromkeys(StoppedBy(c.stopped_by) for c in result.coverage.values() if c.stopped_by)
    why = "; ".join(word.reason for word in reasons) or "the search was stopped"
    done = (
        f"complete up to period {result.complete_up_to}" if result.complete_up_to else "not even period 1 is complete"
    )
    return [f"NOT complete: {why}; {done} of {result.max_period}{where}. What is listed{extra} is verified."]
