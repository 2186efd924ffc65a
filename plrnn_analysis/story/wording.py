"""The sentences of a story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._wording import with_article
from ..display.abbreviation import count_words, verb
from ..results import Cycle, CycleContinuum, FixedPoint
from ..results.naming import LONGEST_NAME, channel_name, outputs_in_words, place_in_words, point_noun, range_in_words
from ..statuses import StoppedBy

if TYPE_CHECKING:
    from ..attractors import Attractor
    from ..explain import VisitedSubregion

__all__ = [
    "FAR",
    "LISTED",
    "LONGEST_CODE",
    "distance_sentence",
    "end_sentence",
    "entered_sentence",
    "memory_sentence",
    "mode_sentence",
    "other_subregions",
    "stopped_sentences",
]

# Subregions and ends described one by one.
LISTED = 4
# Bitcodes longer than this are counted where several would be named.
LONGEST_CODE = 16
# Kinds of modes that are nouns take an article.
NOUNS = ("integrator", "rotation")
# Visited ranges beyond which a fixed point says nothing about the states in use.
FAR = 1.0


def end_sentence(end: Attractor, n: int, output_names: Sequence[str] = ()) -> str:
    """What `end.count` of `n` initial states do in the end."""
    share = f"{end.count} of {n} initial states" if n > 1 else "The initial state"
    finish = verb(end.count, "ends", "end")
    codes = _through(end.bitcodes)
    if end.kind == "divergent":
        return f"{share} {verb(end.count, 'diverges', 'diverge')}."
    if end.kind == "undecided":
        return f"{share} {verb(end.count, 'is', 'are')} undecided" + (f" ({end.note})." if end.note else ".")
    if isinstance(end.object, FixedPoint):
        where = place_in_words(end.object.bitcode, end.object.output, output_names)
        return f"{share} {finish} in the {point_noun(end.object.stability)}{where} {_pace(end)}."
    if isinstance(end.object, Cycle):
        return f"{share} {finish} in {_stable_cycle(end.object)}{_along(end, output_names)} {_pace(end)}."
    if end.object is not None:
        what = "fixed points" if end.period == 1 else f"cycles of period {end.period}"
        return f"{share} {finish} on a continuum of {what}{codes}: which of them depends on the initial state."
    if end.exponents is None or end.exponents_error is None:
        return f"{share} {finish} in {end.kind} motion{codes}" + (f" ({end.note})." if end.note else ".")
    value, error = end.exponents[0], end.exponents_error[0]
    note = f" ({end.note})" if end.note else ""
    return (
        f"{share} {finish} in {end.kind} motion{codes}: leading Lyapunov exponent {value:z.4f} ± {error:.4f} per step"
        f"{note}."
    )


def _along(end: Attractor, output_names: Sequence[str]) -> str:
    """Where a cycle runs: through which subregions, or where bitcodes are long, between which outputs."""
    outputs = end.object.outputs if isinstance(end.object, Cycle | CycleContinuum) else None
    if outputs is None or not outputs.shape[1] or not end.bitcodes or len(end.bitcodes[0]) <= LONGEST_NAME:
        return _through(end.bitcodes)
    return f" with {range_in_words(outputs, output_names)}"


def _through(bitcodes: tuple[str, ...]) -> str:
    if bitcodes in ((), ("-",)):
        return ""
    if len(bitcodes[0]) > LONGEST_CODE and len(bitcodes) > 1:
        return f" through {count_words(len(bitcodes), 'subregion')}"
    return f" through {', '.join(bitcodes[:LISTED])}" + (", ..." if len(bitcodes) > LISTED else "")


def _stable_cycle(cycle: Cycle) -> str:
    """``a stable cycle of period 3 (a node)`` for the stability ``stable node``."""
    kind = cycle.stability.removeprefix("stable ")
    if kind == cycle.stability:
        return f"a cycle of period {cycle.period} ({cycle.stability})"
    return f"a stable cycle of period {cycle.period} (a {kind})"


def _pace(end: Attractor) -> str:
    radius = float(np.abs(end.multipliers[0])) if end.multipliers is not None else np.nan
    return f"(leading multiplier {radius:.6g})"


def stopped_sentences(numbers: Mapping[str, Any]) -> list[str]:
    """That a search was ended early, where the numbers of a section say so."""
    reason = StoppedBy(numbers.get("stopped_by", "")).reason
    return [f"NOT complete: {reason}."] if reason else []


def distance_sentence(away: np.ndarray) -> str:
    """How far fixed points are from the states in use, in visited ranges (at least one point)."""
    far = np.sort(away[away > FAR])
    if not len(far):
        which = "The fixed point lies" if len(away) == 1 else f"{_all(len(away))} fixed points lie"
        return f"{which} among these states, or within one visited range of them."
    which = "The fixed point lies" if len(away) == 1 else f"{len(far)} of the {len(away)} fixed points lie"
    which += "s" * (len(far) == 1 < len(away))
    if len(far) == len(away) > 1:
        which = f"{_all(len(away))} fixed points lie"
    if not np.isfinite(far[-1]):
        return f"{which} away from these states, which do not move."
    reach = f"{far[0]:.3g}" if f"{far[0]:.3g}" == f"{far[-1]:.3g}" else f"{far[0]:.3g} to {far[-1]:.3g}"
    return f"{which} {reach} visited ranges away from these states."


def entered_sentence(entered: np.ndarray) -> str:
    """In how many of their subregions these states ever are (at least one point)."""
    n, inside = len(entered), int(np.count_nonzero(entered))
    if n == 1:
        return f"Its subregion is {'visited' if inside else 'never visited'}."
    if inside in (0, n):
        return f"{'None' if inside == 0 else _all(n)} of their subregions {'is' if inside == 0 else 'are'} visited."
    return f"The {verb(inside, 'subregion', 'subregions')} of {inside} of them {verb(inside, 'is', 'are')} visited."


def _all(n: int) -> str:
    return "Both" if n == 2 else f"All {n}"


def other_subregions(bitcodes: list[str], n: int) -> str:
    """Where there is no slow mode, of `n` subregions looked at."""
    if bitcodes == ["-"]:
        return "the one subregion"
    if len(bitcodes[0]) > LONGEST_CODE and len(bitcodes) > 1:
        return f"any of the {'' if len(bitcodes) == n else 'other '}{len(bitcodes)} subregions looked at"
    return ", ".join(bitcodes)


def memory_sentence(exponent: float, steps: int) -> str:
    """What a trial leaves of a small difference between initial states."""
    if np.isneginf(exponent):
        return "A small difference of initial states is gone exactly before a trial ends."
    factor = np.exp(min(exponent * steps, 700.0))
    return (
        f"Over a trial a small random difference of initial states changes by a factor of about {factor:.2g} "
        f"(largest conditional Lyapunov exponent {exponent:.3g} per step)."
    )


def mode_sentence(region: VisitedSubregion, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> str:
    """What the slowest mode of a subregion does, what writes it and what reads it."""
    mode = region.modes[0]
    written = _gains(mode.input_gains, inputs, "input")
    read = _gains(mode.readout_gains, outputs, "output")
    place = ""
    if region.mean_output is not None and len(region.mean_output) and len(region.bitcode) > LONGEST_NAME:
        place = f", where on average {outputs_in_words(region.mean_output, outputs)}"
    text = f"Subregion {region.bitcode}{place}, {100 * region.frequency:.3g} % of the steps: its slowest mode is "
    text += f"{_with_article(mode.kind)} (λ = {_complex(mode.eigenvalue)})"
    if mode.defective:
        return f"{text}, without a left vector: gains are not defined."
    text += f", written by {written}" if written else ", written by no input"
    return f"{text}; read by {read}." if read else f"{text}."


def _with_article(kind: str) -> str:
    if not kind.endswith(NOUNS):
        return kind
    return with_article(kind)


def _gains(gains: np.ndarray, names: tuple[str, ...], noun: str) -> str:
    labels = [channel_name(names, i, noun) for i in range(len(gains))]
    largest = np.nanmax(np.abs(gains), initial=0.0)
    heard = [(float(gain), label) for label, gain in zip(labels, gains, strict=True) if gain > 1e-3 * largest]
    if len(heard) <= LISTED:
        return _listed([f"{label} ({gain:.3g})" for gain, label in heard])
    loudest = sorted(heard, key=lambda pair: -pair[0])[:LISTED]
    return f"{', '.join(f'{label} ({gain:.3g})' for gain, label in loudest)} and {len(heard) - LISTED} more"


def _listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, or ``a, b and c``."""
    return " and ".join([", ".join(parts[:-1])] * (len(parts) > 1) + list(parts[-1:]))


def _complex(value: complex) -> str:
    return f"{value.real:.6g}" if value.imag == 0 else f"{value.real:.5g} ± {abs(value.imag):.5g}i"
