"""SCAN as a task: read a command, then write its actions and say that this was all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import one_of, whole
from plrnn_analysis.errors import ModelError
from plrnn_analysis.model import PLRNN

from ...encoder_decoder import EncoderDecoder
from ...model import ALRNN
from ...recipe import Recipe
from ...seeds import generator_for
from ...stacks import Stack
from ..base import Batch, Task
from ..entry import Setting, TaskEntry
from ..objectives import CROSS_ENTROPY
from .grammar import ACTIONS, LONGEST_COMMAND, LONGEST_OUTPUT, WORDS, all_commands

__all__ = ["ENTRY", "ScanTask"]

_SPLITS = ("simple", "length")
_END = len(ACTIONS)
# The longest outputs to train on are those of the published length split.
_LONGEST_TRAINED = 22
_TEST_SHARE = 0.2
_VALIDATION_COMMANDS = 1000
# Longest outputs of the curriculum, as a share of the task's own.
_CURRICULUM = (0.22, 0.32, 0.42, 0.52, 0.62, 0.72, 0.82, 0.92)


@checked
@dataclass(frozen=True)
class ScanTask(Task):
    """Commands such as "jump around left twice and walk" are read word by word, then their actions are written.

    Two AL-RNNs with the same P: an encoder reads the command, one-hot and at the end of nine steps; a decoder starts
    from its last state and runs freely, without input, until it has written the actions and the end.

    Parameters
    ----------
    split : {"simple", "length"}, optional
        A fifth of all 20,910 commands, drawn at random, is for the test; or those of more than 22 actions are. 1,000 of
        the others are for validation.
    longest : int, optional
        Train on outputs of at most this number of actions, and write no more.
    decoder_pwl_units : int, optional
        P of every decoder; that of its encoder by default.

    Attributes
    ----------
    chance : float
        Token accuracy on the test commands of the action that is most frequent in training.

    Raises
    ------
    ModelError
        On a split that there is not, or a length out of range.

    Notes
    -----
    The score is the share of tokens, actions and the end, that are right; :meth:`further_scores` gives the share of
    commands without a mistake. Source: B. Lake, M. Baroni, ICML 2018, arXiv:1711.00350.
    """

    split: str = "simple"
    longest: int = LONGEST_OUTPUT
    decoder_pwl_units: int | None = None

    name = "scan"
    input_names = WORDS
    output_names = (*ACTIONS, "end")
    objective = CROSS_ENTROPY
    condition_names = ("one phrase", "and", "after")

    def __post_init__(self) -> None:
        one_of("split", self.split, _SPLITS)
        whole("longest", self.longest, 1, LONGEST_OUTPUT)

    @property
    def scored_steps(self) -> int:  # type: ignore[override]
        """Steps that the decoder runs."""
        return self.longest + 1

    @property
    def chance(self) -> float:  # type: ignore[override]
        """Token accuracy of the best constant answer on the test commands."""
        corpus, parts = _corpus(), _parts(self.split)
        counts = torch.bincount(corpus.tokens[parts["training"]][corpus.scored(parts["training"])])
        tested = corpus.tokens[parts["test"]][corpus.scored(parts["test"])]
        return float((tested == counts.argmax()).double().mean())

    def sample(self, batch: int, generator: torch.Generator) -> Batch:
        """Draw training commands, with replacement.

        Parameters
        ----------
        batch : int
        generator : torch.Generator

        Returns
        -------
        Batch
            `inputs` (batch, 9, 13), `targets` and `mask` (batch, longest + 1).
        """
        rows = self._training()
        return self._take(rows[torch.randint(len(rows), (batch,), generator=generator)])

    def held_out(self, part: str, trials: int, generator: torch.Generator) -> Batch:
        """Commands held out, the same at every call."""
        return self._take(_parts(self.split)["test" if part == "test" else "validation"][: whole("trials", trials, 1)])

    def training_set(self, samples: int, generator: torch.Generator) -> Batch:
        """Different training commands, the same number of every kind, but of single phrases no more than there are."""
        whole("samples", samples, 1)
        rows = self._training()
        rows = rows[torch.randperm(len(rows), generator=generator)]
        kinds = _corpus().kinds[rows]
        chosen = [rows[kinds == kind][:samples] for kind in range(len(self.condition_names))]
        if any(len(c) < samples for c in chosen[1:]):
            counts = ", ".join(f"{name!r}: {int((kinds == k).sum())}" for k, name in enumerate(self.condition_names))
            raise ModelError(f"scan has fewer than {samples} training commands of a kind ({counts}): ask for fewer")
        return self._take(torch.cat(chosen))

    def further_scores(self, outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Mapping[str, Tensor]:
        """``"sequence_accuracy"``, the share of commands all of whose tokens are right, of each model."""
        right = outputs.argmax(-1) == targets
        if mask is not None:
            right |= mask == 0
        return {"sequence_accuracy": right.all(-1).to(outputs.dtype).mean(-1)}

    def curriculum(self) -> tuple[ScanTask, ...]:
        """The commands with short outputs first."""
        own = _LONGEST_TRAINED if self.split == "length" else LONGEST_OUTPUT
        lengths = [round(share * min(own, self.longest)) for share in _CURRICULUM]
        return tuple(replace(self, longest=longest) for longest in dict.fromkeys(lengths) if longest >= 1)

    def new_stack(
        self, n_units: int, pwl_units: Sequence[int], init: str, generators: Sequence[torch.Generator]
    ) -> Stack:
        """Encoders and decoders of this number of units each."""
        encoder = ALRNN(n_units, list(pwl_units), len(WORDS), 1, init=init, generators=generators)
        written = list(pwl_units) if self.decoder_pwl_units is None else [self.decoder_pwl_units] * len(pwl_units)
        decoder = ALRNN(n_units, written, 0, len(self.output_names), init=init, generators=generators)
        return EncoderDecoder(encoder, decoder, LONGEST_OUTPUT + 1)

    def in_user_units(self, model: PLRNN) -> PLRNN:
        """The encoder without its readout, which is not trained; the decoder as it is."""
        if not model.n_inputs:
            return model
        p = model.parameters
        return PLRNN(model.architecture, p, model.relu_units, metadata=model.metadata, trials=model.trials)

    def metadata(self) -> dict[str, Any]:
        """Task name, split, longest output and P of the decoder where it is fixed."""
        fixed = {} if self.decoder_pwl_units is None else {"decoder_pwl_units": self.decoder_pwl_units}
        return {"task": self.name, "split": self.split, "longest": self.longest, **fixed}

    def _training(self) -> Tensor:
        rows = _parts(self.split)["training"]
        return rows[_corpus().lengths[rows] <= self.longest]

    def _take(self, rows: Tensor) -> Batch:
        corpus, steps = _corpus(), self.longest + 1
        mask = corpus.scored(rows)[:, :steps].float()
        return Batch(corpus.inputs[rows], corpus.tokens[rows, :steps], mask, corpus.kinds[rows])


@dataclass(frozen=True)
class _Corpus:
    """All commands as tensors.

    Attributes
    ----------
    inputs : (n, 9, 13) Tensor
        Words, one-hot; nothing before a command that is shorter.
    tokens : (n, 49) Tensor of int
        Actions, then the end.
    lengths : (n,) Tensor of int
        Numbers of actions.
    kinds : (n,) Tensor of int
        0 for one phrase, 1 for two joined by "and", 2 for two joined by "after".
    """

    inputs: Tensor
    tokens: Tensor
    lengths: Tensor
    kinds: Tensor

    def scored(self, rows: Tensor) -> Tensor:
        """Which tokens of some commands count: the actions and one end."""
        return torch.arange(self.tokens.shape[1]) <= self.lengths[rows].unsqueeze(1)


@cache
def _corpus() -> _Corpus:
    commands = all_commands()
    word_number = {word: i for i, word in enumerate(WORDS)}
    action_number = {action: i for i, action in enumerate(ACTIONS)}
    inputs = torch.zeros(len(commands), LONGEST_COMMAND, len(WORDS))
    tokens = torch.full((len(commands), LONGEST_OUTPUT + 1), _END)
    for row, (command, actions) in enumerate(commands):
        words = torch.tensor([word_number[word] for word in command.split()])
        inputs[row, torch.arange(LONGEST_COMMAND - len(words), LONGEST_COMMAND), words] = 1.0
        tokens[row, : len(actions)] = torch.tensor([action_number[action] for action in actions])
    kinds = [(" and " in command) + 2 * (" after " in command) for command, _ in commands]
    return _Corpus(inputs, tokens, torch.tensor([len(a) for _, a in commands]), torch.tensor(kinds))


@cache
def _parts(split: str) -> dict[str, Tensor]:
    """Commands for training, validation and the test, each part in a random order that never changes."""
    lengths = _corpus().lengths
    order = torch.randperm(len(lengths), generator=generator_for(0, "split"))
    if split == "simple":
        testing = torch.zeros(len(lengths), dtype=torch.bool)
        testing[order[: round(_TEST_SHARE * len(lengths))]] = True
    else:
        testing = lengths > _LONGEST_TRAINED
    rest = order[~testing[order]]
    return {
        "test": order[testing[order]],
        "validation": rest[:_VALIDATION_COMMANDS],
        "training": rest[_VALIDATION_COMMANDS:],
    }


_RECIPE = Recipe(
    iterations=1800,
    lr=3e-3,
    hold=0.5,
    curriculum=0.3,
    init="leaky",
    validation_trials=500,
    test_trials=1000,
    evaluations=20,
)

ENTRY = TaskEntry(
    name="scan",
    summary="Read a command such as 'jump around left twice', then write its actions.",
    variants=_SPLITS,
    takes_data=False,
    build=lambda variant, data: ScanTask(variant),
    settings={
        "default": Setting(96, (0, 4, 16, 32, 64, 96), replace(_RECIPE, iterations=4000, test_trials=5000)),
        "quick": Setting(96, (0, 4, 32, 96), _RECIPE, seeds=3),
        # A hundred passes over the 16,728 commands of the published simple split.
        "paper": Setting(
            128,
            (0, 4, 8, 16, 64, 128),
            Recipe(
                iterations=26_100,
                lr=1e-3,
                betas=(0.9, 0.999),
                clip=math.inf,
                hold=1.0,
                curriculum=0.0,
                init="small",
                validation_trials=1000,
                test_trials=5000,
            ),
        ),
    },
)
