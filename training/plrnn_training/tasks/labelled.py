"""Sequences with classes from a data set, of any lengths: read one, then say its class."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import number, whole
from plrnn_analysis.errors import ModelError

from .base import Batch, Task
from .objectives import CROSS_ENTROPY
from .splitting import split_by_class

__all__ = ["LabelledSequences"]


@checked
class LabelledSequences(Task):
    """Sequences of a data set, padded to one length; the answer is read at the last valid step of each.

    Parameters
    ----------
    name : str
    inputs : (n, T, ...) Tensor
    lengths : (n,) Tensor of int
        Valid steps of each sequence, at least 1; what follows is padding.
    labels : (n,) Tensor of int
    classes : sequence of str
    apart : collection of int, optional
        Sequences that the data set itself sets apart for the test.
    validation, test : float, optional
        Shares of the sequences of every class that are held out.
    what : str, optional
        What a sequence is, for messages.

    Attributes
    ----------
    parts : dict of str to Tensor of int
        Which sequences are ``"training"``, ``"validation"`` and ``"test"``. The split does not depend on the seed.
    chance : float
        The share among the test sequences of the class that is most frequent in training.

    Raises
    ------
    ModelError
        If a share is out of range, or a class has too few sequences to be split.
    """

    objective = CROSS_ENTROPY

    def __init__(
        self,
        name: str,
        inputs: Tensor,
        lengths: Tensor,
        labels: Tensor,
        classes: Sequence[str],
        apart: Collection[int] | None = None,
        *,
        validation: float = 0.1,
        test: float = 0.2,
        what: str = "sequences",
    ) -> None:
        for argument, share in (("validation", validation), ("test", test)):
            number(argument, share, above=0.0, below=1.0)
        self.name, self._what = name, what
        self.output_names = self.condition_names = tuple(classes)
        self._inputs, self._lengths, self._labels = inputs, lengths, labels
        tested = None
        if apart is not None:
            tested = torch.zeros(len(labels), dtype=torch.bool)
            tested[torch.tensor(sorted(apart), dtype=torch.int64)] = True
        self.parts = split_by_class(labels, classes, validation, test, tested, what)
        self._training, self._easier = self.parts["training"], False
        counts = torch.bincount(labels[self._training], minlength=len(classes))
        self.chance = float((labels[self.parts["test"]] == counts.argmax()).double().mean())

    def sample(self, batch: int, generator: torch.Generator) -> Batch:
        """Draw training sequences, with replacement.

        Parameters
        ----------
        batch : int
        generator : torch.Generator

        Returns
        -------
        Batch
            `inputs` (batch, T, ...), `targets` and `mask` (batch, T), `lengths` (batch,). The condition is the class.
        """
        return self._take(self._training[torch.randint(len(self._training), (batch,), generator=generator)])

    def held_out(self, part: str, trials: int, generator: torch.Generator) -> Batch:
        """Sequences held out, the same at every call; models are chosen on those for validation."""
        return self._take(self.parts["test" if part == "test" else "validation"][: whole("trials", trials, 1)])

    def training_set(self, samples: int, generator: torch.Generator) -> Batch:
        """Different training sequences, `samples` of every class; an easier version gives at most those that it has.

        Parameters
        ----------
        samples : int
        generator : torch.Generator

        Returns
        -------
        Batch

        Raises
        ------
        ModelError
            If a class has fewer.
        """
        rows = self._training[torch.randperm(len(self._training), generator=generator)]
        chosen = [rows[self._labels[rows] == label][:samples] for label in range(len(self.output_names))]
        for name, own in zip(self.output_names, chosen, strict=True):
            if len(own) < samples and not self._easier:
                raise ModelError(
                    f"class {name!r} has {len(own)} training {self._what}, samples={samples} are asked for"
                )
        return self._take(torch.cat(chosen))

    def _take(self, rows: Tensor) -> Batch:
        inputs = self._inputs[rows]
        return self._read_at_the_end(inputs, rows, inputs.shape[1])

    def _read_at_the_end(self, inputs: Tensor, rows: Tensor, n_steps: int) -> Batch:
        """Trials of `steps` steps of the network, each scored at its last valid one."""
        lengths, labels = self._lengths[rows], self._labels[rows]
        last = (torch.arange(n_steps) == lengths.unsqueeze(1) - 1).float()
        return Batch(inputs, labels.unsqueeze(1).expand(-1, n_steps), last, labels, lengths=lengths)
