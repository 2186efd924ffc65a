"""Weights of ``torch.nn.RNN`` and ``torch.nn.RNNCell`` from a state dict."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

import numpy as np

from .contents import Contents

__all__ = ["is_torch_rnn", "read_torch_rnn"]

_GATES = {3: "a GRU", 4: "an LSTM"}
_ADVICE = "Read are one-layer torch.nn.RNN and RNNCell with nonlinearity='relu', in one direction."


def is_torch_rnn(leaves: Collection[str]) -> bool:
    """Whether these are the parameter names of a recurrent torch module."""
    return "weight_hh_l0" in leaves or "weight_hh" in leaves


def read_torch_rnn(contents: Contents, name: Callable[[str], str], leaves: Collection[str]) -> dict[str, np.ndarray]:
    """``W_hh``, ``W_ih`` and ``bias`` of a one-layer RNN.

    Parameters
    ----------
    contents : Contents
    name : callable
        From a parameter's name in the module to its name in the file.
    leaves : collection of str
        The module's parameter names.

    Raises
    ------
    CheckpointError
        For LSTM, GRU, several layers, both directions, projections, or missing parts.
    """
    end = "_l0" if "weight_hh_l0" in leaves else ""
    hidden = contents.entries[name(f"weight_hh{end}")].shape
    layers = {int(m[1]) for leaf in leaves if (m := re.fullmatch(r"weight_hh_l(\d+)(?:_reverse)?", leaf))}
    problem = ""
    if any(leaf.startswith("weight_hr_") for leaf in leaves):
        problem = "an LSTM with projections"
    # Gates are stacked along the rows: their number tells a GRU from an LSTM.
    elif len(hidden) == 2 and hidden[1] > 0 and hidden[0] != hidden[1] and hidden[0] % hidden[1] == 0:
        gates = hidden[0] // hidden[1]
        problem = f"{_GATES.get(gates, f'a network with {gates} gates')} (weight_hh is {hidden})"
    elif any(leaf.endswith("_reverse") for leaf in leaves):
        problem = "a bidirectional RNN"
    elif len(layers) > 1:
        problem = f"an RNN of {len(layers)} layers"
    elif f"weight_ih{end}" not in leaves:
        problem = f"an RNN without weight_ih{end}"
    elif (f"bias_ih{end}" in leaves) != (f"bias_hh{end}" in leaves):
        problem = f"an RNN with only one of bias_ih{end} and bias_hh{end}"
    if problem:
        raise contents.error(f"it holds {problem} at {name('')[:-1]!r}", _ADVICE)
    W_hh = contents.array(name(f"weight_hh{end}"))
    bias = np.zeros(W_hh.shape[0] if W_hh.ndim else 0)
    if f"bias_ih{end}" in leaves:
        parts = [contents.array(name(f"bias_{part}{end}")) for part in ("ih", "hh")]
        if parts[0].shape != parts[1].shape:
            raise contents.error(f"bias_ih{end} and bias_hh{end} have different shapes", "Export it again.")
        bias = parts[0] + parts[1]
    return {"W_hh": W_hh, "bias": bias, "W_ih": contents.array(name(f"weight_ih{end}"))}
