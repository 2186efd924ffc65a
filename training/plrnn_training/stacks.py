"""What a trainer can train: several models at once that share nothing but their sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import torch
from torch import Tensor, nn

from plrnn_analysis.model import PLRNN

if TYPE_CHECKING:
    from .model import ALRNN
    from .tasks.base import Batch

__all__ = ["NetworkStack", "SeveralCores", "Stack"]


class Stack(Protocol):
    """E models at once, as a ``torch.nn.Module`` whose parameters all have a leading axis E.

    The models share no parameter: the gradient of the sum of their losses is the gradient of each. A stacked
    :class:`plrnn_training.ALRNN` is one; a task with an encoder in front of the network has a stack of its own
    (:meth:`plrnn_training.Task.new_stack`).
    """

    @property
    def n_models(self) -> int:
        """E."""
        ...

    @property
    def cores(self) -> Mapping[str, ALRNN]:
        """The stacked AL-RNNs inside, by name: they are regularised and exported.

        The only one of a stack is called ``""``; a stack without AL-RNNs has none.
        """
        ...

    def __call__(self, inputs: Tensor, z0: Tensor | None = None, last: int | None = None) -> Tensor:
        """Outputs of every model.

        Parameters
        ----------
        inputs : (batch, T, ...) or (E, batch, T, ...) Tensor
            What the task draws; without the leading axis the same goes to every model.
        z0 : (batch, M) or (E, batch, M) Tensor, optional
            State before the first step, zero by default.
        last : int, optional
            Return only this many steps, counted from the end.

        Returns
        -------
        (E, batch, S, N) Tensor
        """
        ...

    def driving(self, inputs: Tensor) -> Tensor:
        """What reaches the core as input, (E, batch, T, K): the inputs, or what an encoder makes of them."""
        ...

    def reinitialise(self, index: int, init: str, generator: torch.Generator) -> None:
        """Give one of the models new initial weights, drawn from `generator`."""
        ...

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """As every module has them."""
        ...

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """As every module has them."""
        ...

    def to(self, device: torch.device) -> Self:
        """On another device."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """As every module has it."""
        ...

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any:
        """As every module has it."""
        ...


@runtime_checkable
class SeveralCores(Protocol):
    """A stack with more than one AL-RNN in each model, that knows what each of them sees."""

    def seen_by(self, core: str, batch: Batch) -> Batch:
        """Trials as one of the networks sees them.

        Parameters
        ----------
        core : str
            A key of ``cores``.
        batch : Batch
            What the task draws.

        Returns
        -------
        Batch
            With the inputs of that network, (E, batch, T, K), and, where these are not the default, its states before
            the first step and the valid steps.
        """
        ...


@runtime_checkable
class NetworkStack(Protocol):
    """A stack without AL-RNNs that knows how its models are exported."""

    def network(self, index: int) -> PLRNN:
        """One of the models, for analysis."""
        ...
