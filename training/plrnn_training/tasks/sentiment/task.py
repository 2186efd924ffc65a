"""Sentiment as a task: words one after another, each with a vector of its own, then the class of the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import number, one_of, whole

from ...encoders import Chain, Embedding, EncodedRNN, Encoder, Perceptron
from ...floors import logistic_regression
from ...model import ALRNN
from ...recipe import Recipe
from ...stacks import Stack
from ..base import Batch
from ..entry import Setting, TaskEntry
from ..fingerprint import fingerprint
from ..labelled import LabelledSequences
from .texts import Texts, read_texts

__all__ = ["ENTRY", "PADDING", "UNKNOWN", "SentimentTask", "words_of"]

#: The number of no word, whose vector is zero.
PADDING = 0
#: The number of all words outside the vocabulary.
UNKNOWN = 1

_ENCODERS = ("embedding", "perceptron")
_TAG = re.compile(r"<[^>]*>")
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
# Longest texts of the curriculum, as a share of the longest of all.
_CURRICULUM = (0.3, 0.44, 0.58, 0.72, 0.86)
# Initial vectors of words; larger ones drown the few that matter.
_SCALE = 0.3
_HIDDEN = (128, 128)
_BAG_PENALTY = 1e-3


def words_of(text: str) -> list[str]:
    """The words of a text: lower case, letters, digits and apostrophes within; tags such as ``<br />`` are left out.

    Examples
    --------
    >>> words_of("It isn't <br />GOOD, 10/10.")
    ['it', "isn't", 'good', '10', '10']
    """
    return _WORD.findall(_TAG.sub(" ", text.lower()))


@checked
class SentimentTask(LabelledSequences):
    """Say of which class a text is, after its last word.

    Parameters
    ----------
    texts : Texts
        See :func:`plrnn_training.tasks.sentiment.read_texts`.
    encoder : {"embedding", "perceptron"}, optional
        A vector for every word; or a perceptron on such vectors.
    width : int, optional
        Channels that reach the network.
    vocabulary : int, optional
        Words with a vector of their own: the most frequent ones of the training texts, each in at least `least` places.
        The others are one word, "unknown".
    least : int, optional
    length : int, optional
        Words of a text that are read.
    keep : {"last", "first"}, optional
        Which words those are where a text is longer.
    padding : {"end", "start"}, optional
        Where a shorter text is padded. At the end, the answer is read at the last word; at the start, the network runs
        without input first, and the answer is read at the last step.
    word_dropout : float, optional
        Share of the words that training reads as unknown.
    validation, test : float, optional
        Shares of the texts of every class that are held out; texts that the data set itself sets apart are the test.

    Attributes
    ----------
    words : tuple of str
        By number; the first two are no word and the unknown word.

    Raises
    ------
    ModelError
        On a setting out of range, or if a class has too few texts to be split.
    """

    def __init__(
        self,
        texts: Texts,
        encoder: str = "embedding",
        *,
        width: int = 8,
        vocabulary: int = 20_000,
        least: int = 2,
        length: int = 128,
        keep: str = "last",
        padding: str = "end",
        word_dropout: float = 0.0,
        validation: float = 0.1,
        test: float = 0.2,
    ) -> None:
        self.encoder = one_of("encoder", encoder, _ENCODERS)
        self.width, self.length = whole("width", width, 1), whole("length", length, 1)
        whole("vocabulary", vocabulary, 1)
        whole("least", least, 1)
        one_of("keep", keep, ("last", "first"))
        self.padding = one_of("padding", padding, ("end", "start"))
        self.word_dropout = number("word_dropout", word_dropout, least=0.0, below=1.0)
        self.input_names = tuple(f"feature {k + 1}" for k in range(width))
        self._texts = texts
        self._settings = {"vocabulary": vocabulary, "least": least, "length": length, "padding": padding}
        # "keep" is also a setting of the recipe, which stands beside in a checkpoint.
        self._settings |= {"kept_words": keep, "word_dropout": word_dropout, "held_out": [validation, test]}
        labels = torch.tensor(texts.labels)
        kept = slice(-length, None) if keep == "last" else slice(length)
        split = [words_of(text)[kept] for text in texts.texts]
        # A text without words is one unknown word.
        lengths = torch.tensor([max(1, len(words)) for words in split])
        nothing = torch.full((len(split), int(lengths.max())), PADDING)
        super().__init__(
            "sentiment",
            nothing,
            lengths,
            labels,
            texts.classes,
            texts.tested,
            validation=validation,
            test=test,
            what="texts",
        )
        counts = Counter(word for row in self._training.tolist() for word in split[row])
        known = [word for word, count in counts.most_common(vocabulary) if count >= least]
        self.words = ("", "(unknown)", *known)
        numbers = {word: index for index, word in enumerate(self.words) if index > UNKNOWN}
        for row, words in enumerate(split):
            read = torch.tensor([numbers.get(word, UNKNOWN) for word in words] or [UNKNOWN])
            self._inputs[row, self._place(len(read))] = read
        if self.padding == "start":
            self._lengths = torch.full_like(lengths, self._inputs.shape[1])
        self._counted = lengths

    def sample(self, batch: int, generator: torch.Generator) -> Batch:
        """Draw training texts, with replacement.

        Parameters
        ----------
        batch : int
        generator : torch.Generator

        Returns
        -------
        Batch
            `inputs` (batch, T) are the numbers of words; `targets` and `mask` (batch, T). The condition is the class.
        """
        return self.perturbed(super().sample(batch, generator), generator)

    def perturbed(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Some of the words unknown, as `word_dropout` says."""
        if not self.word_dropout:
            return batch
        dropped = torch.rand(batch.inputs.shape, generator=generator) < self.word_dropout
        return replace(batch, inputs=batch.inputs.where(~dropped | (batch.inputs == PADDING), UNKNOWN))

    def curriculum(self) -> tuple[SentimentTask, ...]:
        """Short texts first, each stage with some of every class."""
        stages: list[SentimentTask] = []
        for share in _CURRICULUM:
            longest = int(share * self._inputs.shape[1])
            rows = self._training[self._counted[self._training] <= longest]
            if len(torch.unique(self._labels[rows])) < len(self.output_names):
                continue
            stage = copy(self)
            stage._training, stage._easier = rows, True
            stage._inputs = self._inputs[:, :longest] if self.padding == "end" else self._inputs[:, -longest:]
            if self.padding == "start":
                stage._lengths = torch.full_like(self._lengths, longest)
            stages.append(stage)
        return tuple(stages)

    def new_encoder(self, generators: Sequence[torch.Generator]) -> Encoder:
        """What turns words into driving input, one encoder per generator."""
        if self.encoder == "embedding":
            return Embedding(len(self.words), self.width, generators, padding=PADDING, scale=_SCALE)
        vectors = Embedding(len(self.words), self.width, generators, padding=PADDING)
        return Chain([vectors, Perceptron((self.width, *_HIDDEN, self.width), generators)])

    def new_stack(
        self, n_units: int, pwl_units: Sequence[int], init: str, generators: Sequence[torch.Generator]
    ) -> Stack:
        """AL-RNNs behind encoders of their own."""
        core = ALRNN(n_units, list(pwl_units), self.width, len(self.output_names), init=init, generators=generators)
        return EncodedRNN(self.new_encoder(generators), core)

    def simple_baselines(self) -> dict[str, float]:
        """Test accuracy of ``"bag_of_words"``: logistic regression on how often each word comes up.

        Its penalty is fixed. A network without ReLU can also weigh words by their place, so this is no bound of it.
        """
        counts = {part: self._bags(rows) for part, rows in self.parts.items() if part != "validation"}
        labels = {part: self._labels[rows].numpy() for part, rows in self.parts.items()}
        slopes, offset = logistic_regression(
            counts["training"], labels["training"], len(self.output_names), _BAG_PENALTY
        )
        answers = (counts["test"] @ slopes + offset).argmax(1)
        return {"bag_of_words": float((answers == labels["test"]).mean())}

    def metadata(self) -> dict[str, Any]:
        """Task name, where the texts come from, a fingerprint of them, encoder and settings."""
        return {
            "task": self.name,
            "texts": self._texts.name,
            "generated": self._texts.generated,
            "data": fingerprint(self._inputs.numpy(), self._labels.numpy()),
            "encoder": self.encoder,
            "width": self.width,
            "words": len(self.words),
            **self._settings,
        }

    def _place(self, words: int) -> slice:
        return slice(0, words) if self.padding == "end" else slice(-words, None)

    def _bags(self, rows: Tensor) -> np.ndarray:
        counts = torch.zeros(len(rows), len(self.words))
        counts.scatter_add_(1, self._inputs[rows], torch.ones_like(self._inputs[rows], dtype=torch.float32))
        return counts[:, UNKNOWN:].double().numpy()


def _build(variant: str, data: str | None) -> SentimentTask:
    """Real texts have more words, most of them rare."""
    if data is None:
        return SentimentTask(read_texts(), variant, width=8 if variant == "embedding" else 100)
    width = 16 if variant == "embedding" else 100
    return SentimentTask(read_texts(data), variant, width=width, word_dropout=0.1)


_RECIPE = Recipe(
    iterations=2000, lr=5e-3, curriculum=0.5, init="leaky", validation_trials=500, test_trials=5000, evaluations=20
)

ENTRY = TaskEntry(
    name="sentiment",
    summary="Read a text word by word, then say whether it praises; generated reviews unless --data gives real ones.",
    variants=_ENCODERS,
    takes_data=True,
    build=_build,
    settings={
        "default": Setting(32, (0, 1, 2, 5, 10, 20, 32), replace(_RECIPE, iterations=4000)),
        "quick": Setting(32, (0, 2, 10, 32), _RECIPE, seeds=3),
        # Fifteen passes over 22,500 reviews of IMDb.
        "paper": Setting(
            100,
            (0, 1, 3, 5, 10, 20, 50, 75, 100),
            Recipe(
                iterations=5300,
                lr=1e-3,
                betas=(0.9, 0.999),
                clip=5.0,
                hold=1.0,
                curriculum=0.0,
                init="small",
                tau=0.1,
                regularised_units=50,
                validation_trials=2500,
                test_trials=25_000,
            ),
        ),
    },
)
