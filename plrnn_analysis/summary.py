"""A search result in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._signatures import checked
from .display.abbreviation import count_words, upper_number, verb
from .statuses import Engine, StoppedBy

if TYPE_CHECKING:
    from .bifurcations import Bifurcations
    from .input_diagrams import InputDiagram
    from .results import Cycles, FixedPoints, WholeProof

__all__ = ["bifurcation_sentences", "coverage_sentences", "cycle_sentences", "input_diagram_sentences"]

NONE = "The model has no fixed point."


def _patterns(n: int, n_relu: int) -> str:
    return f"2^{n_relu}" + (f" = {n:,}" if 4 <= n_relu <= 40 else "")


def _share(part: int, whole: int) -> str:
    """A part in per cent; only the whole is all of it.

    Examples
    --------
    >>> _share(1, 3), _share(2**80 - 1, 2**80), _share(2**80, 2**80), _share(1, 2**80)
    ('33.3 %', 'more than 99.9 %', '100 %', '8.27e-23 %')
    """
    if part < whole and 1000 * part > 999 * whole:
        return "more than 99.9 %"
    return f"{100.0 * (part / whole):.3g} %"


@checked
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
    Complete: all 2^1 subregions were decided. There is no fixed point other than the 2 points listed.
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
        verdict += f"There is no fixed point other than the {' and '.join(listed)} listed." if listed else NONE
    elif cov.limit is not None:
        verdict = (
            f"NOT complete: points were excluded only where all ReLU arguments are at most {cov.limit:.3g} in modulus. "
            "What is listed is verified; there may be more further out."
        )
    else:
        share = _share(cov.undecided, cov.subregions)
        verdict = (
            f"NOT complete: {StoppedBy(cov.stopped_by).reason} with {share} of the {everything} subregions "
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
    proofs = [] if cov.rigorous is None else [cov.rigorous]
    proven = _proof_sentences(proofs, [*result, *result.continua])
    return [verdict, *proven, how, *(f"Note: {note}." for note in cov.notes)]


def _proof_sentences(proofs: Sequence[WholeProof], objects: Sequence[Any]) -> list[str]:
    """What ``verify="rigorous"`` proved, in words; nothing where it was not asked for."""
    if not proofs:
        return []
    if not all(proof.rigorous for proof in proofs):
        missing = [reason for proof in proofs for reason in proof.missing]
        missing += [reason for one in objects if one.proof is not None for reason in one.proof.missing]
        return [f"NOT proven in every respect: {'; '.join(dict.fromkeys(missing))}."]
    if not objects:
        return ["Proven in exact arithmetic: there is none."]
    radius = max(one.proof.radius for one in objects)
    what = "what is listed exists, where it is listed to within {}, with the stability listed, and nothing else does"
    return [f"Proven in exact arithmetic: {what.format(upper_number(radius))}."]


@checked
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
    Complete: there is no cycle of period 2 to 3 other than the 3 listed.
    """
    longer = sum(c.period > 1 for c in result)
    where = "" if result.box is None else " inside the box"
    families = sum(f.period > 1 for f in result.continua)
    extra = f" and {count_words(families, 'family', 'families')}" if families else ""
    proofs = [coverage.rigorous for coverage in result.coverage.values() if coverage.rigorous is not None]
    proven = _proof_sentences(proofs, [*result, *result.continua])
    if result.complete:
        periods = "2" if result.max_period == 2 else f"2 to {result.max_period}"
        others = f" other than the {'one' if longer == 1 else longer} listed{extra}" if longer or families else ""
        return [f"Complete: there is no cycle of period {periods}{where}{others}.", *proven]
    reasons = dict.fromkeys(StoppedBy(c.stopped_by) for c in result.coverage.values() if c.stopped_by)
    why = "; ".join(word.reason for word in reasons) or "the search was stopped"
    done = (
        f"complete up to period {result.complete_up_to}" if result.complete_up_to else "not even period 1 is complete"
    )
    return [f"NOT complete: {why}; {done} of {result.max_period}{where}. What is listed{extra} is verified.", *proven]


def bifurcation_sentences(result: Bifurcations) -> list[str]:
    """What following fixed points and cycles through a parameter proved, in words.

    Parameters
    ----------
    result : Bifurcations

    Returns
    -------
    list of str

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[0.4], W=[[-1.9]], h=[1.0], pwl_units=1)
    >>> print(bifurcation_sentences(tent.bifurcations(("h", 0), [-1.0, 0.4, 1.0]))[0])
    Complete at all 3 values of h[0]: 2 branches, 1 event.
    """
    found = f"{count_words(len(result.branches), 'branch', 'branches')}, {count_words(len(result), 'event')}"
    n, done = len(result.values), int(np.count_nonzero(result.complete_at))
    if result.complete:
        verdict = f"Complete at all {n} values of {result.parameter}: {found}."
    elif done == n:
        verdict = (
            f"NOT complete: all {n} values of {result.parameter} were searched, but not every branch was followed."
        )
        verdict += f" So far: {found}."
    else:
        verdict = (
            f"NOT complete: {done} of {n} values of {result.parameter} {verb(done, 'was', 'were')} searched to the end."
        )
        verdict += f" So far: {found}."
    return [verdict, *(f"{note[0].upper()}{note[1:]}." for note in result.notes)]


def input_diagram_sentences(result: InputDiagram, names: Sequence[str]) -> list[str]:
    """What an input diagram proves, in words.

    Parameters
    ----------
    result : InputDiagram
    names : sequence of str
        Of the inputs that vary.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5], W=[[1.5]], h=[0.0], pwl_units=1, C=[[1.0]])
    >>> print(input_diagram_sentences(model.input_diagram(0, (-1, 1)), ["current"])[0])
    Complete: for current from -1 to 1 there is no fixed point other than the 2 branches listed.
    """
    where = " and ".join(f"{name} from {a:g} to {b:g}" for name, (a, b) in zip(names, result.ranges, strict=True))
    listed = [count_words(len(result), "branch", "branches")] if len(result) else []
    if result.continua:
        listed.append(count_words(len(result.continua), "continuum", "continua"))
    if result.complete:
        others = f" other than the {' and '.join(listed)} listed" if listed else ""
        verdict = f"Complete: for {where} there is no fixed point{others}."
    else:
        reason = StoppedBy(result.coverage.stopped_by).reason
        verdict = f"NOT complete: {reason}. For {where} there may be more fixed points than those listed."
    told = [f"Subregion {c.bitcode} holds a continuum of dimension {c.dimension}." for c in result.continua]
    return [verdict, *told, *(f"Note: {note}." for note in result.coverage.notes), *result.proof_sentences()]
