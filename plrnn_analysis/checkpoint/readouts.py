"""The readout of a network: a linear layer of the same file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from .contents import Contents

__all__ = ["Linear", "linear_layers", "named_layer"]

# Weight and bias as frameworks call them, and whether the weight is stored as its transpose: torch, Keras by name
# and Flax, Haiku, Keras 3.
_CONVENTIONS = (("weight", "bias", False), ("kernel", "bias", True), ("w", "b", True), ("vars.0", "vars.1", True))


@dataclass(frozen=True)
class Linear:
    """A linear layer.

    Attributes
    ----------
    head : str
        Its name, plain.
    weight, bias : str
        Plain names of its arrays; no bias is "".
    turned : bool
        Whether the weight is (M, N).
    shape : tuple of int
        (N, M).
    """

    head: str
    weight: str
    bias: str
    turned: bool
    shape: tuple[int, int]

    @property
    def names(self) -> set[str]:
        """Plain names of its arrays."""
        return {self.weight, self.bias} - {""}

    def read(self, contents: Contents, names: Mapping[str, str]) -> tuple[np.ndarray, np.ndarray | None]:
        """B (N, M) and b (N,) or None."""
        weight = contents.array(names[self.weight])
        bias = contents.array(names[self.bias]) if self.bias else None
        return (weight.T.copy() if self.turned else weight), bias


def linear_layers(contents: Contents, names: Mapping[str, str], taken: Collection[str]) -> list[Linear]:
    """All linear layers that are not among the `taken` arrays."""
    layers = []
    for name in names:
        for weight, bias, turned in _CONVENTIONS:
            head = name.removesuffix(weight).removesuffix(".")
            if name in taken or not name.endswith(f".{weight}") or len(contents.entries[names[name]].shape) != 2:
                continue
            n, m = contents.entries[names[name]].shape
            beside = f"{head}.{bias}"
            has_bias = beside in names and beside not in taken
            layers.append(Linear(head, name, beside if has_bias else "", turned, (m, n) if turned else (n, m)))
            break
    return layers


def named_layer(contents: Contents, layers: list[Linear], wanted: str, prefix: str) -> Linear:
    """The layer that the caller names, in full, beside or inside the network's module.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    wanted = wanted.rstrip(".").replace("/", ".")
    parent = prefix.rpartition(".")[0]
    for head in dict.fromkeys((wanted, f"{parent}.{wanted}", f"{prefix}.{wanted}")):
        for layer in layers:
            if layer.head == head:
                return layer
    ending = [layer for layer in layers if layer.head.endswith(f".{wanted}")]
    if len(ending) == 1:
        return ending[0]
    raise contents.error(
        f"there is no linear layer {wanted!r} for the readout",
        f"Layers: {', '.join(layer.head for layer in layers) or 'none'}.",
    )
