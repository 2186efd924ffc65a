"""Data sets with classes, split into training, validation and test."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from plrnn_analysis.errors import ModelError

from ..seeds import generator_for

__all__ = ["split_by_class"]


def split_by_class(
    labels: Tensor, classes: Sequence[str], validation: float, test: float, apart: Tensor | None, what: str
) -> dict[str, Tensor]:
    """Shuffle, then hold out the same share of every class.

    Parameters
    ----------
    labels : (n,) Tensor of int
    classes : sequence of str
    validation, test : float
        Shares that are held out, at least one of every class.
    apart : (n,) Tensor of bool, optional
        What the data set itself sets apart for the test; no more is then taken for it.
    what : str
        What is split, for messages: ``"texts"``.

    Returns
    -------
    dict of str to Tensor of int
        Indices of ``"training"``, ``"validation"`` and ``"test"``, mixed, so that the first ones are of all classes.
        They depend on nothing but the arguments.

    Raises
    ------
    ModelError
        If a class has too few.
    """
    generator = generator_for(0, "split")
    order = torch.randperm(len(labels), generator=generator)
    given = torch.zeros(len(labels), dtype=torch.bool) if apart is None else apart
    parts: dict[str, list[Tensor]] = {"training": [], "validation": [], "test": []}
    for label, name in enumerate(classes):
        own = order[labels[order] == label]
        tested, own = own[given[own]], own[~given[own]]
        n_validation, n_test = (max(1, round(share * len(own))) for share in (validation, test))
        if apart is not None:
            n_test = 0
        if len(own) <= n_validation + n_test:
            raise ModelError(f"class {name!r} has {len(own)} {what}, too few to train on some and hold out others")
        parts["test"].append(torch.cat([tested, own[:n_test]]))
        parts["validation"].append(own[n_test : n_test + n_validation])
        parts["training"].append(own[n_test + n_validation :])
    joined = {name: torch.cat(rows) for name, rows in parts.items()}
    return {name: rows[torch.randperm(len(rows), generator=generator)] for name, rows in joined.items()}
