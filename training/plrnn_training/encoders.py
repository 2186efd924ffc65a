"""Thin encoders in front of a core: word embeddings, a perceptron at every step, a short convolution over time.

They turn what a task offers, such as words, into the driving input of an AL-RNN. Every parameter has a leading axis E,
one entry per model of the stack, and each model draws its own from its own generator, so that what one learns does not
depend on the others. A checkpoint holds the core; the encoder's output is the core's input there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import number, whole
from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.errors import ModelError

from .model import ALRNN
from .stacks import Stack

__all__ = ["Chain", "Convolution", "Embedding", "Encoded", "EncodedRNN", "Encoder", "Perceptron"]


class Encoder(nn.Module):
    """What stands in front of the cores of a stack; derive from it for an encoder of your own.

    Attributes
    ----------
    n_models : int
        E.
    n_outputs : int
        K, channels that reach the core.
    """

    n_models: int
    n_outputs: int

    def reinitialise(self, index: int, generator: torch.Generator) -> None:
        """Give the encoder of one model new initial weights, drawn from `generator`."""
        raise NotImplementedError


class _Layer(Encoder):
    """Parameters drawn model by model and stacked."""

    def _stack(self, generators: Sequence[torch.Generator]) -> None:
        if not len(generators):
            raise ModelError("an encoder needs one generator per model, got none")
        self.n_models = len(generators)
        drawn = [self._draw(generator) for generator in generators]
        for name in drawn[0]:
            self.register_parameter(name, nn.Parameter(torch.stack([weights[name] for weights in drawn])))

    def _draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        raise NotImplementedError

    def reinitialise(self, index: int, generator: torch.Generator) -> None:
        """Give the encoder of one model new initial weights, drawn from `generator`."""
        with torch.no_grad():
            for name, value in self._draw(generator).items():
                getattr(self, name)[index].copy_(value)


@checked
class Embedding(_Layer):
    """A vector for every word.

    Parameters
    ----------
    vocabulary : int
        V, number of words.
    width : int
        K.
    generators : sequence of torch.Generator
        One per model.
    padding : int, optional
        The word whose vector is zero and stays so.
    scale : float, optional
        Vectors start as N(0, scale²); as in torch by default.

    Attributes
    ----------
    weight : (E, V, K) Parameter

    Examples
    --------
    >>> import torch
    >>> embedding = Embedding(5, 3, [torch.Generator().manual_seed(s) for s in (0, 1)], padding=0)
    >>> embedding(torch.tensor([[2, 4, 0]])).shape
    torch.Size([2, 1, 3, 3])
    """

    weight: Tensor

    def __init__(
        self,
        vocabulary: int,
        width: int,
        generators: Sequence[torch.Generator],
        padding: int | None = None,
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.vocabulary, self.n_outputs = whole("vocabulary", vocabulary, 1), whole("width", width, 1)
        self.padding = None if padding is None else whole("padding", padding, 0, vocabulary - 1)
        self.scale = number("scale", scale, above=0.0)
        self._stack(generators)

    def forward(self, inputs: Tensor) -> Tensor:
        """Words (batch, T) or (E, batch, T), counted from 0, to vectors (E, batch, T, K)."""
        if inputs.ndim not in (2, 3) or inputs.is_floating_point():
            raise ModelError(
                f"words must be whole numbers of shape (batch, T), got {inputs.dtype} {tuple(inputs.shape)}"
            )
        words = inputs.expand(self.n_models, *inputs.shape[-2:])
        # One table of all models: a lookup is then one operation.
        offset = self.vocabulary * torch.arange(self.n_models, device=words.device)
        vectors = functional.embedding(words + offset[:, None, None], self.weight.flatten(0, 1))
        return vectors if self.padding is None else vectors * (words != self.padding).unsqueeze(-1)

    def _draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        return {"weight": self.scale * torch.randn(self.vocabulary, self.n_outputs, generator=generator)}


@checked
class Convolution(_Layer):
    """A short convolution over time that looks back only: step j reads the last inputs up to the j-th stride.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Channels.
    width : int
        Inputs that a step reads; with 1 it is a linear map at every step.
    generators : sequence of torch.Generator
        One per model; weights and biases start as U(±1/√(n_inputs · width)), as in torch.
    stride : int, optional
        Inputs per step of the output, at most `width`. T inputs give ⌈T / stride⌉ steps; what is missing of the last is
        zero, as is what came before the first.

    Attributes
    ----------
    weight : (E, n_outputs, n_inputs, width) Parameter
    bias : (E, n_outputs) Parameter

    Examples
    --------
    >>> import torch
    >>> convolution = Convolution(4, 3, width=5, stride=2, generators=[torch.Generator()])
    >>> convolution(torch.zeros(2, 9, 4)).shape
    torch.Size([1, 2, 5, 3])
    """

    weight: Tensor
    bias: Tensor

    def __init__(
        self, n_inputs: int, n_outputs: int, width: int, generators: Sequence[torch.Generator], stride: int = 1
    ) -> None:
        super().__init__()
        self.n_inputs, self.n_outputs = whole("n_inputs", n_inputs, 1), whole("n_outputs", n_outputs, 1)
        self.width = whole("width", width, 1)
        self.stride = whole("stride", stride, 1, width)
        self._stack(generators)

    def forward(self, inputs: Tensor) -> Tensor:
        """Inputs (batch, T, n_inputs) or (E, batch, T, n_inputs) to (E, batch, ⌈T / stride⌉, n_outputs)."""
        if inputs.ndim not in (3, 4) or inputs.shape[-1] != self.n_inputs:
            raise ModelError(f"inputs must have shape (batch, T, {self.n_inputs}), got {tuple(inputs.shape)}")
        after = -inputs.shape[-2] % self.stride
        padded = functional.pad(inputs, (0, 0, self.width - self.stride, after))
        padded = padded.expand(self.n_models, *padded.shape[-3:])
        windows = padded.unfold(2, self.width, self.stride).flatten(3)
        return windows @ self.weight.flatten(2).mT.unsqueeze(1) + self.bias[:, None, None]

    def _draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        bound = (self.n_inputs * self.width) ** -0.5

        def uniform(*shape: int) -> Tensor:
            return bound * (2 * torch.rand(*shape, generator=generator) - 1)

        return {"weight": uniform(self.n_outputs, self.n_inputs, self.width), "bias": uniform(self.n_outputs)}


@checked
class Chain(Encoder):
    """Encoders one after another.

    Parameters
    ----------
    encoders : sequence of Encoder
        Of as many models each.
    relu : bool, optional
        Put a ReLU between them. It is one of the encoder, which P, the number in the core, does not count.

    Raises
    ------
    ModelError
        If there is none, or they are of different numbers of models.
    """

    def __init__(self, encoders: Sequence[Encoder], relu: bool = False) -> None:
        super().__init__()
        if len({encoder.n_models for encoder in encoders}) != 1:
            raise ModelError(f"encoders must be of one number of models, got {[e.n_models for e in encoders]}")
        self.n_models, self.n_outputs = encoders[0].n_models, encoders[-1].n_outputs
        self.parts, self.relu = nn.ModuleList(encoders), relu
        self._encoders = tuple(encoders)

    def forward(self, inputs: Tensor) -> Tensor:
        """What the first one takes to (E, batch, T, K)."""
        value: Tensor = self._encoders[0](inputs)
        for encoder in self._encoders[1:]:
            value = encoder(value.relu() if self.relu else value)
        return value

    def reinitialise(self, index: int, generator: torch.Generator) -> None:
        """Give the encoders of one model new initial weights, drawn from `generator`."""
        for encoder in self._encoders:
            encoder.reinitialise(index, generator)


@checked
class Perceptron(Chain):
    """A multi-layer perceptron at every step, with a ReLU after each layer but the last.

    Parameters
    ----------
    widths : sequence of int
        Channels of the input, of every hidden layer and of the output.
    generators : sequence of torch.Generator
        One per model; layers start as in torch.

    Examples
    --------
    >>> import torch
    >>> Perceptron((4, 16, 3), [torch.Generator()])(torch.zeros(2, 9, 4)).shape
    torch.Size([1, 2, 9, 3])
    """

    def __init__(self, widths: Sequence[int], generators: Sequence[torch.Generator]) -> None:
        if len(widths) < 2:
            raise ModelError(f"a perceptron needs the widths of its input and its output, got {list(widths)}")
        layers = [Convolution(n, m, 1, generators) for n, m in pairwise(widths)]
        super().__init__(layers, relu=True)


@checked
class Encoded(nn.Module):
    """A stack of models of any kind, each behind an encoder of its own.

    Parameters
    ----------
    encoder : Encoder
    core : Stack
        Of as many models, that takes what the encoder gives.
    """

    core: Stack

    def __init__(self, encoder: Encoder, core: Stack) -> None:
        super().__init__()
        self.encoder, self.core = encoder, core

    @property
    def n_models(self) -> int:
        """Number of models in the stack."""
        return self.core.n_models

    @property
    def cores(self) -> Mapping[str, ALRNN]:
        """The AL-RNN behind the encoder, regularised and exported; none where models are of another kind."""
        return self.core.cores

    def driving(self, inputs: Tensor) -> Tensor:
        """What reaches the cores as their input, (E, batch, T, K)."""
        driving: Tensor = self.encoder(inputs)
        return driving

    def forward(self, inputs: Tensor, z0: Tensor | None = None, last: int | None = None) -> Tensor:
        """Outputs of the cores (E, batch, S, N) at the last `last` steps; `inputs` are what the encoder takes."""
        return self.core(self.driving(inputs), z0, last)

    def reinitialise(self, index: int, init: str, generator: torch.Generator) -> None:
        """Give one model new initial weights, drawn from `generator`: first the core's, then the encoder's."""
        self.core.reinitialise(index, init, generator)
        self.encoder.reinitialise(index, generator)


@checked
class EncodedRNN(Encoded):
    """A stack of AL-RNNs, each behind an encoder of its own.

    Parameters
    ----------
    encoder : Encoder
    core : ALRNN
        A stack of as many models that takes what the encoder gives.

    Raises
    ------
    ModelError
        If the two do not fit together.

    Examples
    --------
    >>> import torch
    >>> generators = [torch.Generator().manual_seed(s) for s in (0, 1)]
    >>> core = ALRNN(6, [0, 2], n_inputs=3, n_outputs=2, init="leaky", generators=generators)
    >>> stack = EncodedRNN(Embedding(5, 3, generators), core)
    >>> words = torch.tensor([[2, 4, 1, 1]])
    >>> stack(words).shape, stack.driving(words).shape
    (torch.Size([2, 1, 4, 2]), torch.Size([2, 1, 4, 3]))
    """

    core: ALRNN

    def __init__(self, encoder: Encoder, core: ALRNN) -> None:
        if not core.stacked or core.n_models != encoder.n_models or core.n_inputs != encoder.n_outputs:
            raise ModelError(
                f"an encoder of {count_words(encoder.n_models, 'model')} with "
                f"{count_words(encoder.n_outputs, 'output')} needs a stack "
                f"of as many cores with as many inputs, got {core.n_models} with {core.n_inputs}"
            )
        super().__init__(encoder, core)
