"""The models of a sweep, and the chunks in which they are trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from plrnn_analysis._validation import one_of, whole
from plrnn_analysis.errors import ModelError

from ..architectures import ARCHITECTURES
from ..recipe import Member, Recipe

__all__ = ["Grid", "chunk_size"]

# Numbers in the states of a step, over all models of a chunk: more gain nothing on a processor.
_STATES = 20_000
# Models of a chunk, at least and at most.
_FEWEST, _MOST = 4, 16
# On an accelerator large stacks cost no more than small ones.
_ON_ACCELERATOR = 64


@dataclass(frozen=True)
class Grid:
    """What is combined with what.

    Attributes
    ----------
    pwl_units : tuple of int
        P of the almost-linear RNNs.
    seeds : tuple of int
    samples : tuple of int or None
        Sizes of fixed sets of trials; None draws as the task draws.
    rates : tuple of float or None
        Learning rates; None is that of the recipe.
    baselines : tuple of str
        Other architectures, each with all seeds, samples and rates.

    Raises
    ------
    ModelError
        If there is nothing to train, or an entry is out of range.
    """

    pwl_units: tuple[int, ...]
    seeds: tuple[int, ...]
    samples: tuple[int | None, ...] = (None,)
    rates: tuple[float | None, ...] = (None,)
    baselines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for p in self.pwl_units:
            whole("pwl_units", p, 0)
        for name in self.baselines:
            one_of("baseline", name, sorted(set(ARCHITECTURES) - {"al_rnn"}))
        if not (self.pwl_units or self.baselines) or not (self.seeds and self.samples and self.rates):
            raise ModelError("a sweep needs at least one number of ReLU units or baseline, seed, data size and rate")
        # Made here so that a wrong entry is named before anything is trained.
        self.members()

    def members(self) -> tuple[Member, ...]:
        """All models: every P and baseline with the first seed, then with the next, so that a curve is soon seen."""
        kinds = [("al_rnn", p) for p in dict.fromkeys(self.pwl_units)]
        kinds += [(name, 0) for name in dict.fromkeys(self.baselines)]
        settings = product(dict.fromkeys(self.seeds), dict.fromkeys(self.samples), dict.fromkeys(self.rates), kinds)
        return tuple(Member(p, seed, lr, samples, name) for seed, samples, lr, (name, p) in settings)

    def chunks(self, size: int) -> tuple[tuple[Member, ...], ...]:
        """The models in stacks of one architecture and at most `size` models, the first members first."""
        by_architecture: dict[str, list[Member]] = {}
        for member in self.members():
            by_architecture.setdefault(member.architecture, []).append(member)
        return tuple(chunk for members in by_architecture.values() for chunk in _cut(members, size))


def _cut(members: Sequence[Member], size: int) -> list[tuple[Member, ...]]:
    """Chunks of nearly equal size."""
    n = -(-len(members) // size)
    bounds = [round(len(members) * k / n) for k in range(n + 1)]
    return [tuple(members[a:b]) for a, b in pairwise(bounds)]


def chunk_size(recipe: Recipe, n_units: int, on_accelerator: bool) -> int:
    """How many models train as one stack.

    Examples
    --------
    >>> [chunk_size(Recipe(), n_units, False) for n_units in (10, 20, 48, 100)]
    [16, 15, 6, 4]
    """
    if on_accelerator:
        return _ON_ACCELERATOR
    return max(_FEWEST, min(_MOST, _STATES // (recipe.batch * n_units)))
