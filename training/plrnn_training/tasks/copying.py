"""The copy task: remember symbols over a delay and say them on cue."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch.nn.functional import one_hot

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import one_of, whole

from ..floors import Floor, copy_floor
from ..recipe import Recipe
from .base import Batch, Task
from .entry import PAPER, Setting, TaskEntry
from .objectives import CROSS_ENTROPY

__all__ = ["ENTRY", "CopyTask"]

_STAGES = 10


@checked
class CopyTask(Task):
    """A few symbols, a delay, a cue; then the symbols are wanted again, one per step, in their order.

    Parameters
    ----------
    symbols : int, optional
        K, symbols of a trial, drawn with replacement.
    alphabet : int, optional
        Different symbols; a channel each.
    shortest, longest : int, optional
        Blank steps between the last symbol and the cue, uniform on this range, both ends included.
    cue : str, optional
        ``"start"``: the cue is on at the first recall step alone; ``"throughout"``: at every recall step, and once
        more just after the last symbol, which takes a step of its own.

    Raises
    ------
    ModelError
        On sizes that make no task.

    Notes
    -----
    The first symbol is wanted at the step of the cue, as in Arjovsky, Shah & Bengio, ICML 2016, arXiv:1511.06464. Only
    recall steps are scored; what follows them in trials with a short delay is padding. Training begins with the
    shortest delay alone and widens the range, or lengthens the delay where there is only one; without that few
    networks learn.

    Examples
    --------
    >>> import torch
    >>> trials = CopyTask(symbols=2, alphabet=3, shortest=1, longest=4).sample(5, torch.Generator().manual_seed(0))
    >>> trials.inputs.shape, trials.targets.shape, int(trials.mask[0].sum())
    (torch.Size([5, 8, 4]), torch.Size([5, 5]), 2)
    """

    name = "copy"
    objective = CROSS_ENTROPY

    def __init__(
        self, symbols: int = 3, alphabet: int = 4, shortest: int = 10, longest: int = 30, cue: str = "start"
    ) -> None:
        self.symbols, self.alphabet = whole("symbols", symbols, 1), whole("alphabet", alphabet, 2)
        self.shortest, self.cue = whole("shortest", shortest, 0), one_of("cue", cue, ("start", "throughout"))
        self.longest = whole("longest", longest, self.shortest, remark="(the shortest delay)")
        self.output_names = tuple(f"symbol {c + 1}" for c in range(self.alphabet))
        self.input_names = (*self.output_names, "cue")
        self.condition_names = tuple(f"begins with {name}" for name in self.output_names)
        self.chance = 1 / self.alphabet
        self.probes = {
            "no input": (0.0,) * (self.alphabet + 1),
            "cue": (0.0,) * self.alphabet + (1.0,),
        }
        # Counted from the end: the first step at which an answer may be due.
        self.scored_steps = self._answers = self.longest - self.shortest + self.symbols

    def sample(self, batch: int, generator: torch.Generator) -> Batch:
        """Draw trials.

        Parameters
        ----------
        batch : int
        generator : torch.Generator

        Returns
        -------
        Batch
            `inputs` (batch, T, alphabet + 1); `targets` and `mask` (batch, S) at the S steps at which an answer may be
            due. The condition is the first symbol.
        """
        symbols = torch.randint(self.alphabet, (batch, self.symbols), generator=generator)
        delays = torch.randint(self.shortest, self.longest + 1, (batch,), generator=generator)
        marker = int(self.cue == "throughout")
        recall = (delays - self.shortest)[:, None] + torch.arange(self.symbols)
        before = self.symbols + marker + self.shortest
        inputs = torch.zeros(batch, before + self._answers, self.alphabet + 1)
        inputs[:, : self.symbols, : self.alphabet] = one_hot(symbols, self.alphabet).to(inputs)
        inputs[:, self.symbols, self.alphabet] = float(marker)
        cued = recall if marker else recall[:, :1]
        inputs[:, :, self.alphabet].scatter_(1, before + cued, 1.0)
        targets = torch.zeros(batch, self._answers, dtype=torch.int64).scatter_(1, recall, symbols)
        mask = torch.zeros(batch, self._answers).scatter_(1, recall, 1.0)
        lengths = before + recall[:, -1] + 1
        return Batch(inputs, targets, mask, conditions=symbols[:, 0], lengths=lengths)

    def affine_floor(self) -> Floor:
        """What any network without ReLUs can recall, see :func:`plrnn_training.floors.copy_floor`."""
        return copy_floor(self.symbols, self.alphabet, self.shortest, self.longest)

    def curriculum(self) -> tuple[CopyTask, ...]:
        """Ten steps towards the whole range of delays, or towards the one delay."""
        stages = []
        for step in range(_STAGES):
            if self.longest > self.shortest:
                stages.append((self.shortest, self.shortest + step * (self.longest - self.shortest) // _STAGES))
            else:
                stages.append(((2 * step + 1) * self.longest // (2 * _STAGES),) * 2)
        return tuple(CopyTask(self.symbols, self.alphabet, *delays, self.cue) for delays in dict.fromkeys(stages))

    def metadata(self) -> dict[str, Any]:
        """Task name, sizes, delays and the kind of cue."""
        return {
            "task": self.name,
            "symbols": self.symbols,
            "alphabet": self.alphabet,
            "delays": [self.shortest, self.longest],
            "cue": self.cue,
        }


_VARIANTS = {
    "random_delay": CopyTask(),
    "fixed": CopyTask(8, shortest=100, longest=100, cue="throughout"),
    "variable": CopyTask(5, shortest=50, longest=100, cue="throughout"),
}

_EXACT_DELAY = Recipe(iterations=3000, lr=1e-3, curriculum=0.0, init="orthogonal")

ENTRY = TaskEntry(
    name="copy",
    summary="Symbols, a delay, a cue; answer with the symbols in their order.",
    variants=tuple(_VARIANTS),
    takes_data=False,
    build=lambda variant, data: _VARIANTS[variant],
    settings={
        "default": Setting(48, (0, 1, 2, 4, 8, 16), Recipe(iterations=4000, lr=6e-3, init="leaky")),
        "quick": Setting(
            48, (0, 1, 2, 4, 8, 16), Recipe(iterations=1500, lr=6e-3, init="leaky", test_trials=4000), seeds=3
        ),
        # 2,000 trials: 500 that begin with each symbol.
        "paper": Setting(
            50,
            (0, 1, 3, 5, 10, 20, 50),
            replace(PAPER, iterations=256_000, regularised_units=25, initial_state=64**-0.5),
            samples=(500,),
        ),
    },  # Nothing may blur over one long delay: slow modes do, an orthogonal W keeps the norm of what it moves.
    variant_settings={
        "fixed": {
            "default": Setting(48, (0, 1, 3, 5, 10, 20, 48), _EXACT_DELAY),
            "quick": Setting(48, (0, 1, 4), replace(_EXACT_DELAY, iterations=1500, test_trials=1000), seeds=3),
        }
    },
)
