"""The script for machines with a GPU, on the processor: its checks pass here, and a wrong result fails them."""

from __future__ import annotations

import sys

import gpu_check
import pytest
import torch

CPU = torch.device("cpu")


def test_its_checks_pass_on_the_processor():
    assert "as on the processor" in gpu_check.states_and_gradients(CPU)
    assert "bit for bit" in gpu_check.same_twice("contextual", CPU)
    assert "bit for bit" in gpu_check.same_twice("contextual", CPU, "gru")


def test_a_wrong_result_fails(monkeypatch):
    right = gpu_check.sequence_states
    monkeypatch.setattr(
        gpu_check, "sequence_states", lambda A, *rest: right(A + 1e-3 * (A.dtype == torch.float32), *rest)
    )
    with pytest.raises(AssertionError, match="differ"):
        gpu_check.states_and_gradients(CPU)
    draws = iter([[torch.zeros(2)], [torch.ones(2)]])
    monkeypatch.setattr(gpu_check, "trained", lambda *_: next(draws))
    with pytest.raises(AssertionError, match="different weights"):
        gpu_check.same_twice("contextual", CPU)


def test_a_device_that_is_not_there_is_named(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gpu_check.py", "--device", "xpu"])
    assert gpu_check.main() == 2
    assert "there is no device 'xpu' here" in capsys.readouterr().out
