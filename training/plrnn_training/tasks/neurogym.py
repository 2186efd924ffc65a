"""Tasks of NeuroGym, or of any environment that draws whole trials as it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from math import inf
from typing import Any, NamedTuple

import numpy as np

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole
from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.errors import ModelError

from ..recipe import Recipe
from ..trials import Trials
from .entry import Setting, TaskEntry
from .trials import TrialsTask

__all__ = ["ENTRY", "neurogym_task"]

# What environments call the period in which an answer is wanted, in the order in which they are looked for.
_ANSWER_PERIODS = ("decision", "response", "choice", "report", "reach", "go", "test")
# More values than that are no kinds of trials but a quantity.
_MOST_KINDS = 20


class _Drawn(NamedTuple):
    """One trial: observations (T, K), what is wanted (T,) or (T, N), which steps are scored (T,), and its kind."""

    inputs: np.ndarray
    wanted: np.ndarray
    scored: np.ndarray
    kind: Any


@checked
def neurogym_task(
    environment: Any,
    trials: int = 2000,
    seed: int = 0,
    *,
    period: str | None = None,
    name: str | None = None,
    **options: Any,
) -> TrialsTask:
    """A task from an environment: its trials are drawn once, and training draws from them.

    Parameters
    ----------
    environment : object or str
        Anything whose ``new_trial()`` draws a trial and leaves it in ``ob`` (T, K) and ``gt``: classes (T,), or values
        (T, N). Text is a name of NeuroGym, such as ``"GoNogo-v0"``; the version may be left out.
    trials : int, optional
        How many are drawn; 15 % each are held out for validation and for the test.
    seed : int, optional
        Given to the environment's ``seed()``, if it has one, or else to ``reset(seed=...)``.
    period : str, optional
        Which period is scored: a name in the environment's ``start_ind``, or ``"all"`` for all steps. By default that
        of the answer (``"decision"``, ``"response"``, ...), or the last one; all steps where there are no periods.
    name : str, optional
        Of the task; ``"neurogym-"`` and the name of the environment by default.
    **options
        For the environment, if it is given by name.

    Returns
    -------
    TrialsTask

    Raises
    ------
    ModelError
        If NeuroGym is asked for and is not there or does not know the name, or the environment draws no such trials.

    Notes
    -----
    Trials of unequal length are padded to the longest. Kinds of trials are the values of ``trial["ground_truth"]``, if
    these are few.

    Examples
    --------
    >>> class SameOrNot:
    ...     start_ind = {"sample": 0, "decision": 6}
    ...
    ...     def seed(self, seed):
    ...         self.rng = np.random.default_rng(seed)
    ...
    ...     def new_trial(self):
    ...         a, b = self.rng.integers(2, size=2)
    ...         self.ob = np.zeros((8, 2))
    ...         self.ob[0, a] = self.ob[3, b] = 1.0
    ...         self.gt = np.repeat([0, 1 + (a == b)], [6, 2])
    >>> task = neurogym_task(SameOrNot(), trials=100)
    >>> task.name, len(task.input_names), len(task.output_names)
    ('neurogym-SameOrNot', 2, 3)
    """
    count = whole("trials", trials, 3)
    if isinstance(environment, str):
        called = environment
        environment = _made(environment, options)
    else:
        if options:
            raise ModelError(f"options go to environments given by name; {', '.join(options)} came with an object")
        called = type(getattr(environment, "unwrapped", environment)).__name__
    source = environment if hasattr(environment, "new_trial") else getattr(environment, "unwrapped", environment)
    if not callable(getattr(source, "new_trial", None)):
        raise ModelError(f"an environment draws whole trials by new_trial(), which {called} does not have")
    _seed(source, whole("seed", seed, 0, 2**32 - 1))
    drawn = [_trial(source, called, period) for _ in range(count)]
    return TrialsTask(_assembled(drawn, source, called), name or f"neurogym-{called}")


def _made(name: str, options: Mapping[str, Any]) -> Any:
    try:
        neurogym = import_module("neurogym")
    except ImportError as error:
        raise ModelError(
            f"the environment {name!r} comes from the package neurogym, which is not installed: pip install neurogym, "
            "or give an environment of your own to plrnn_training.tasks.neurogym_task()"
        ) from error
    for full in dict.fromkeys((name, name if "-v" in name else f"{name}-v0")):
        try:
            return neurogym.make(full, **options)
        # gym and gymnasium each have errors of their own, and an environment may raise anything.
        except Exception as error:
            reason = error
    raise ModelError(f"neurogym made no environment {name!r}: {reason}") from reason


def _seed(environment: Any, seed: int) -> None:
    if callable(getattr(environment, "seed", None)):
        environment.seed(seed)
    elif callable(getattr(environment, "reset", None)):
        environment.reset(seed=seed)


def _trial(environment: Any, called: str, period: str | None) -> _Drawn:
    environment.new_trial()
    if getattr(environment, "ob", None) is None or getattr(environment, "gt", None) is None:
        raise ModelError(f"{called}: new_trial() must leave the trial's inputs in ob and what is wanted in gt")
    # The environment may fill the same arrays again.
    inputs = np.array(environment.ob, dtype=np.float64)
    wanted = np.array(environment.gt)
    inputs = inputs.reshape(len(inputs), -1)
    if wanted.ndim == 0 or len(wanted) != len(inputs) or wanted.dtype.kind not in "iuf":
        raise ModelError(
            f"{called}: gt must hold a class or values for each of the {count_words(len(inputs), 'step')} of ob, got "
            f"{wanted.dtype} of shape {wanted.shape}"
        )
    if wanted.dtype.kind == "f" or wanted.ndim > 1:
        wanted = wanted.astype(np.float64).reshape(len(wanted), -1)
    trial = getattr(environment, "trial", None)
    kind = trial.get("ground_truth") if isinstance(trial, Mapping) else None
    return _Drawn(inputs, wanted, _scored(environment, called, period, len(inputs)), kind)


def _scored(environment: Any, called: str, period: str | None, n_steps: int) -> np.ndarray:
    """One at the steps of the period in which an answer is wanted."""
    steps = np.arange(n_steps)
    starts = getattr(environment, "start_ind", None)
    if starts is None and period not in (None, "all"):
        raise ModelError(f"{called} names no periods (it has no start_ind), so none is {period!r}")
    if period == "all" or starts is None or not len(starts):
        return np.ones(n_steps)
    if not isinstance(starts, Mapping):
        starts = {str(i): start for i, start in enumerate(np.ravel(starts))}
    begins = {str(key): int(np.ravel(value)[-1]) for key, value in starts.items()}
    if period is None:
        period = next((p for p in _ANSWER_PERIODS if p in begins), max(begins, key=lambda p: begins[p]))
    if period not in begins:
        raise ModelError(f"{called} has no period {period!r}; it has {', '.join(begins)}")
    ends = getattr(environment, "end_ind", None)
    end = int(np.ravel(ends[period])[-1]) if isinstance(ends, Mapping) and period in ends else n_steps
    scored = (steps >= begins[period]) & (steps < end)
    if not scored.any():
        raise ModelError(f"{called}: the period {period!r} has no step within a trial of {n_steps} steps")
    return scored.astype(np.float64)


def _assembled(drawn: list[_Drawn], environment: Any, called: str) -> Trials:
    widths = {(trial.inputs.shape[1], trial.wanted.shape[1:]) for trial in drawn}
    if len(widths) > 1:
        raise ModelError(f"{called}: all trials must have the same numbers of inputs and outputs")
    lengths = np.array([len(trial.inputs) for trial in drawn])

    def padded(arrays: list[np.ndarray]) -> np.ndarray:
        whole_array = np.zeros((len(arrays), lengths.max(), *arrays[0].shape[1:]), dtype=arrays[0].dtype)
        for row, array in zip(whole_array, arrays, strict=True):
            row[: len(array)] = array
        return whole_array

    wanted, mask = padded([trial.wanted for trial in drawn]), padded([trial.scored for trial in drawn])
    kinds = np.array([str(trial.kind) for trial in drawn])
    few = drawn[0].kind is not None and len(set(kinds)) <= _MOST_KINDS
    classes = wanted.ndim == 2
    n_outputs = _n_classes(environment, wanted) if classes else wanted.shape[2]
    return Trials.build(
        padded([trial.inputs for trial in drawn]),
        None if classes else wanted,
        labels=wanted if classes else None,
        mask=mask,
        lengths=lengths,
        conditions=np.array([f"ground truth {kind}" for kind in kinds]) if few else None,
        input_names=_names(environment, "observation_space", drawn[0].inputs.shape[1]),
        output_names=_names(environment, "action_space", n_outputs) or [f"action {i}" for i in range(n_outputs)],
    )


def _n_classes(environment: Any, wanted: np.ndarray) -> int:
    actions = getattr(getattr(environment, "action_space", None), "n", 0)
    return max(int(actions), int(wanted.max()) + 1, 2)


def _names(environment: Any, space: str, n: int) -> list[str] | None:
    """Names of channels from a space's ``name``, a mapping from names to an index or several; None where incomplete."""
    given = getattr(getattr(environment, space, None), "name", None)
    if not isinstance(given, Mapping):
        return None
    names: dict[int, str] = {}
    for name, where in given.items():
        indices = [int(i) for i in np.ravel(where)]
        names.update({i: str(name) if len(indices) == 1 else f"{name} {k + 1}" for k, i in enumerate(indices)})
    return [names[i] for i in range(n)] if set(names) == set(range(n)) else None


_RECIPE = Recipe(iterations=2000, lr=5e-3, curriculum=0.0, init="leaky", test_trials=1000, evaluations=10)

ENTRY = TaskEntry(
    name="neurogym",
    summary="A task of NeuroGym, by its name there: neurogym:PerceptualDecisionMaking-v0.",
    variants=(),
    takes_data=False,
    build=lambda variant, data: neurogym_task(variant),
    settings={
        "default": Setting(32, (0, 1, 2, 4, 8, 16, 32), _RECIPE),
        "quick": Setting(32, (0, 2, 8), replace(_RECIPE, iterations=600), seeds=3),
        # Not among the paper's tasks: sizes and rate are those of its cognitive suite.
        "paper": Setting(
            64,
            (0, 1, 2, 4, 8, 16, 32, 64),
            replace(
                _RECIPE,
                iterations=20_000,
                lr=1e-3,
                betas=(0.9, 0.999),
                clip=inf,
                hold=1.0,
                init="integrators",
                tau=0.01,
                regularised_units=32,
            ),
        ),
    },
)
