"""Whether conditions that belong together are more alike than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from .._validation import random_generator, whole
from ..errors import ModelError
from .divergence import DivergenceMatrix

__all__ = ["GroupLikeness", "group_likeness"]


@dataclass(frozen=True, eq=False)
class GroupLikeness(Frozen):
    """How alike the conditions of each group are, against groups drawn at random.

    Attributes
    ----------
    groups : tuple of tuple of str
        The conditions that belong together.
    within : float
        Mean Jensen-Shannon divergence of two conditions of one group, in bits.
    expected : float
        The same if the conditions are dealt at random into groups of these sizes: the mean over all pairs.
    p_value : float
        Share of such deals, the true one among them, whose mean is as small or smaller.
    n_permutations : int
        Deals that were drawn.
    """

    groups: tuple[tuple[str, ...], ...]
    within: float
    expected: float
    p_value: float
    n_permutations: int

    def __repr__(self) -> str:
        return (
            f"<GroupLikeness: {len(self.groups)} groups, {self.within:.3g} bits within, {self.expected:.3g} expected; "
            f"p = {self.p_value:.3g}>"
        )


@checked
def group_likeness(
    divergences: DivergenceMatrix, groups: Sequence[Sequence[str]], *, n_permutations: int = 9999, seed: int = 0
) -> GroupLikeness:
    """Whether conditions that belong together, such as a task's pro and anti variants, are more alike than chance.

    Parameters
    ----------
    divergences : DivergenceMatrix
        From :func:`plrnn_analysis.symbols.compare_conditions`.
    groups : sequence of sequence of str
        Names of the conditions of each group, two at least in one of them; none in two groups.
    n_permutations : int, optional
        Random deals of all conditions, also of those in no group, into groups of the same sizes.
    seed : int, optional

    Returns
    -------
    GroupLikeness

    Raises
    ------
    ModelError
        If a name is no condition or comes twice, or no group has two conditions.

    Notes
    -----
    A permutation test on the labels of a dissimilarity matrix, in one direction (Mantel 1967, Cancer Research 27,
    209-220; p-values as of Phipson & Smyth 2010, doi:10.2202/1544-6115.1585). What is exchanged are conditions, not
    trials: the test asks about the grouping, and takes each divergence as it is. With few conditions there are few
    deals: two pairs of four conditions can reach no less than 1/3.

    Examples
    --------
    >>> from plrnn_analysis.symbols import compare_conditions
    >>> rng = np.random.default_rng(0)
    >>> shares = {"go": 0.1, "no-go": 0.12, "left": 0.5, "right": 0.52, "early": 0.9, "late": 0.92}
    >>> tasks = {name: rng.random((30, 40, 1)) < p for name, p in shares.items()}
    >>> found = compare_conditions(tasks, n_resamples=0, n_permutations=0)
    >>> test = group_likeness(found, [("go", "no-go"), ("left", "right"), ("early", "late")])
    >>> test.within < test.expected, round(test.p_value, 1)
    (True, 0.1)
    """
    n_permutations = whole("n_permutations", n_permutations, 1)
    rng = random_generator(seed)
    places = _places(divergences.conditions, groups)
    pairs = np.array([pair for group in places for pair in combinations(group, 2)])
    if not len(pairs):
        raise ModelError("no group has two conditions: there is no pair to compare")
    n = len(divergences.conditions)
    first, second = pairs.T
    within = float(divergences.matrix[first, second].mean())
    # A deal of equal groups is the true one again, up to rounding of the mean.
    limit = within * (1 + 1e-12)
    fewer = 0
    for _ in range(n_permutations):
        dealt = rng.permutation(n)
        fewer += bool(divergences.matrix[dealt[first], dealt[second]].mean() <= limit)
    return GroupLikeness(
        groups=tuple(tuple(group) for group in groups),
        within=within,
        expected=float(divergences.matrix[np.triu_indices(n, 1)].mean()),
        p_value=(fewer + 1) / (n_permutations + 1),
        n_permutations=n_permutations,
    )


def _places(conditions: tuple[str, ...], groups: Any) -> list[list[int]]:
    if isinstance(groups, str) or any(isinstance(group, str) for group in groups):
        raise ModelError("groups must be a list of lists of conditions")
    if not all(isinstance(name, str) for group in groups for name in group):
        raise ModelError("groups must be a list of lists of conditions")
    named = [name for group in groups for name in group]
    unknown = [name for name in named if name not in conditions]
    if unknown or len(set(named)) < len(named):
        what = f"{unknown[0]!r} is none" if unknown else "one comes twice"
        raise ModelError(f"groups must name conditions ({', '.join(conditions)}), each once; {what}")
    return [[conditions.index(name) for name in group] for group in groups]
