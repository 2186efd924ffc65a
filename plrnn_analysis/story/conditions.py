"""What a story says of the conditions of the trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._wording import in_a_line
from ..display.abbreviation import count_words
from ..results.naming import outputs_in_words
from .wording import LISTED, LONGEST_CODE

if TYPE_CHECKING:
    from ..conditions import ConditionUse, ConditionVisits
    from ..symbols import DivergenceMatrix

__all__ = ["told_by_condition"]

# Shuffles that differ as much as the data, as a share, beyond which a pair may not differ at all.
NO_DIFFERENCE = 0.05


def told_by_condition(found: ConditionUse) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Sentences and the numbers behind them."""
    sentences = [_visits(condition, found) for condition in found]
    numbers: dict[str, Any] = {"conditions": {c.condition: _numbers(c) for c in found}, "divergences": None}
    if found.divergences is not None:
        sentences.append(_divergences(found.divergences))
        numbers["divergences"] = found.divergences.matrix.tolist()
    return tuple(sentences), numbers


def _visits(condition: ConditionVisits, found: ConditionUse) -> str:
    """Which subregions a condition uses, whether fixed points lie there, and where its outputs end."""
    parts = [f"{in_a_line(condition.condition)}: {count_words(condition.n_trials, 'trial')}"]
    if condition.bitcodes != ("-",):
        parts[0] += f" in {count_words(condition.subregions, 'subregion')}"
        if len(condition.bitcodes[0]) <= LONGEST_CODE:
            shares = zip(condition.bitcodes[:LISTED], condition.frequencies[:LISTED], strict=True)
            more = ", ..." if condition.subregions > LISTED else ""
            parts[0] += f", share of time {', '.join(f'{code} {share:.3g}' for code, share in shares)}{more}"
        else:
            parts[0] += f", half of the time in {condition.held_by(0.5)}"
        if found.fixed_points:
            parts.append(_entered(len(condition.fixed_points), len(found.fixed_points)))
    if condition.mean_output is not None and len(condition.mean_output):
        said = outputs_in_words(condition.mean_output, found.output_names)
        parts.append(f"at the end of a trial, on average, {said}")
    return f"{'; '.join(parts)}."


def _entered(n: int, total: int) -> str:
    if total == 1:
        return "the subregion of the fixed point is among them" if n else "that of the fixed point is not among them"
    if n == 0:
        return "no fixed point lies there"
    return f"{n} of the {total} fixed points lie{'s' * (n == 1)} there"


def _divergences(found: DivergenceMatrix) -> str:
    """Which conditions use their subregions most and least alike, and whether shuffled trials differ as much."""
    rows, columns = np.triu_indices(len(found.conditions), 1)
    values = found.matrix[rows, columns]
    names = [in_a_line(name) for name in found.conditions]
    pairs = [f"{names[i]} and {names[j]}" for i, j in zip(rows, columns, strict=True)]
    doubtful = int(np.count_nonzero(found.p_value[rows, columns] > NO_DIFFERENCE))
    if len(values) == 1:
        alike = "as much" if doubtful else "less"
        return (
            f"The Jensen-Shannon divergence of their bitcodes is {values[0]:.2f} bits; shuffled trials differ {alike}."
        )
    least, most = int(np.argmin(values)), int(np.argmax(values))
    many = f"{doubtful} of {count_words(len(values), 'pair')}" if doubtful else "no pair"
    return (
        f"Jensen-Shannon divergences of their bitcodes: {values[least]:.2f} bits ({pairs[least]}) to "
        f"{values[most]:.2f} bits ({pairs[most]}); shuffled trials differ as much for {many}."
    )


def _numbers(condition: ConditionVisits) -> dict[str, Any]:
    output = condition.mean_output
    return {
        "trials": condition.n_trials,
        "frequency": dict(zip(condition.bitcodes, condition.frequencies.tolist(), strict=True)),
        "effective_number": condition.effective_number,
        "fixed_points": list(condition.fixed_points),
        "mean_output": None if output is None else output.tolist(),
    }
