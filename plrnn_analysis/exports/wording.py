"""What stands at the top of each file: which question it asks, and what an answer means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from flint import fmpq

from ..display.abbreviation import count_words
from ..hooks import version
from ..network import Network
from ..polytopes.boxes import Box
from ..polytopes.rational import nearest_double
from .known import Known
from .mps import digits

__all__ = ["about", "box_words", "described", "left_out"]

# Coordinates of a state that are shown.
FEW = 6


def described(network: Network, constant_input: np.ndarray | None) -> str:
    """A network in a few words."""
    held = "" if constant_input is None else f", input held on: {', '.join(map(digits, constant_input.tolist()))}"
    sizes = f"{count_words(network.n_units, 'unit')}, {count_words(network.pwl_units, 'ReLU')}"
    return f"a network of the architecture {network.architecture}, {sizes}{held}"


def about(network: Network, constant_input: np.ndarray | None) -> Iterator[str]:
    """Whose question it is."""
    yield f"Fixed points of {described(network, constant_input)}."
    yield f"Written by plrnn-analysis {version()}."


def box_words(box: Box) -> str:
    """Where the fixed points are asked for."""
    if np.all(np.isinf(box.low)) and np.all(np.isinf(box.high)):
        return "anywhere"
    low, high = set(box.low.tolist()), set(box.high.tolist())
    if len(low) == len(high) == 1:
        return f"with every state from {digits(low.pop())} to {digits(high.pop())}"
    return "within the bounds of z below"


def left_out(known: Sequence[Known]) -> Iterator[str]:
    """What is not asked for."""
    if not known:
        return
    yield "Left out are the closed subregions of these bitcodes (first character: ReLU 0; * stands for 0 and 1):"
    for one in known:
        yield f"  {one.name}  {_holds(one)}"
    if any(np.any(one.either) for one in known):
        yield "A * is a ReLU whose argument is zero at the fixed point, which lies in the subregions on both sides."
    if any(one.dimension > 1 for one in known):
        yield "A solver may still answer with a point of such a family on the face of a neighbouring subregion."


def _holds(one: Known) -> str:
    if one.state is None:
        return "holds no fixed point"
    if one.dimension:
        return "holds a line of fixed points" if one.dimension == 1 else "holds a family of fixed points"
    return f"holds the fixed point {_shown(one.state)}"


def _shown(state: Sequence[fmpq]) -> str:
    shown = ", ".join(f"{nearest_double(value):.6g}" for value in state[:FEW])
    return f"({shown}{', ...' if len(state) > FEW else ''})"
