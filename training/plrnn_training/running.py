"""The loop around the iterations of a training run: threads, stop requests, and the state kept on the way."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch

from plrnn_analysis._files import error_text
from plrnn_analysis.errors import CheckpointError

from .interrupt import stop_requests
from .sequence import SMALL_STEP
from .state import save_state

__all__ = ["Run", "check_configuration", "run_to_the_end"]


class Run(Protocol):
    """What is trained in iterations and can be kept: a trainer, a fitter."""

    seconds: float
    iteration: int

    @property
    def recipe(self) -> Any:
        """Its settings, ``iterations`` among them."""
        ...

    @property
    def finished(self) -> bool:
        """Whether all iterations are done."""
        ...

    def step(self) -> Any:
        """One iteration."""
        ...

    def state(self) -> dict[str, Any]:
        """Everything needed to go on later."""
        ...


AnyRun = TypeVar("AnyRun", bound=Run)


def run_to_the_end(
    run: AnyRun,
    products: int,
    device: torch.device,
    state_path: Path | None,
    on_progress: Callable[[AnyRun], None] | None,
    save_every: float,
) -> bool:
    """Train until done or asked to stop (Ctrl-C, SIGTERM).

    Parameters
    ----------
    run : Run
    products : int
        Multiply-adds of one step.
    device : torch.device
    state_path : Path or None
        Where to keep the state: every `save_every` seconds, when stopped, and at the end.
    on_progress : callable or None
        Called with `run` after each iteration. If it raises an exception, the state is kept first.
    save_every : float

    Returns
    -------
    bool
        Whether training is finished.

    Raises
    ------
    OSError
        If training was stopped and its state cannot be written.

    Notes
    -----
    A state that cannot be written is said on standard error. Training goes on, and it is tried again after
    `save_every` seconds: what was kept before is still there.
    """
    threads = torch.get_num_threads()
    if device.type == "cpu" and products < SMALL_STEP:
        # For small products waking threads costs more than they save.
        torch.set_num_threads(1)
    started = saved = time.monotonic()
    try:
        with stop_requests() as stop_requested:
            while not run.finished and not stop_requested():
                run.step()
                now = time.monotonic()
                run.seconds, started = run.seconds + now - started, now
                if on_progress is not None:
                    _tell(on_progress, run, state_path)
                if state_path is not None and now - saved > save_every:
                    _try_to_save(run, state_path)
                    saved = now
            if run.finished:
                # What came of it is to be written in any case.
                _try_to_save(run, state_path)
            elif state_path is not None:
                save_state(run.state(), state_path)
    finally:
        torch.set_num_threads(threads)
    return run.finished


def _tell(on_progress: Callable[[AnyRun], None], run: AnyRun, state_path: Path | None) -> None:
    try:
        on_progress(run)
    except Exception:
        _try_to_save(run, state_path)
        raise


def _try_to_save(run: Run, state_path: Path | None) -> None:
    if state_path is None:
        return
    try:
        save_state(run.state(), state_path)
    except OSError as error:
        print(f"plrnn: {error_text(error)}", file=sys.stderr)


def check_configuration(path: Path, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    """Refuse the state of a run with other settings.

    Raises
    ------
    CheckpointError
        If any setting differs; the message names each.
    """
    different = [
        f"{name} was {theirs.get(name)!r}, is {ours.get(name)!r}"
        for name in sorted(set(theirs) | set(ours))
        if theirs.get(name) != ours.get(name)
    ]
    if different:
        raise CheckpointError(
            f"{path}: the run there had other settings: {'; '.join(different)}; "
            "take another --out, or --overwrite to start anew"
        )
