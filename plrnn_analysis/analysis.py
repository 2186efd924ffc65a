"""What ``plrnn analyze`` finds, in one piece: the record that its ``--json`` option writes."""

from __future__ import annotations

from dataclasses import dataclass

from .model import PLRNN
from .results import Cycles, FixedPoints
from .story import Story

__all__ = ["Analysis"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Analysis(FixedPoints):
    """The fixed points of the model in a checkpoint, and what else was asked for.

    A sequence of :class:`plrnn_analysis.results.FixedPoint`, with the attributes of
    :class:`plrnn_analysis.results.FixedPoints` and those below.

    Attributes
    ----------
    checkpoint : str
        The file.
    architecture : str
    n_units, pwl_units : int
        M and P.
    constant_input : tuple of float or None
        The input held on.
    cycles : Cycles or None
        Where cycles were searched.
    story : Story or None
        Where the story was told.
    """

    checkpoint: str
    architecture: str
    n_units: int
    pwl_units: int
    constant_input: tuple[float, ...] | None
    cycles: Cycles | None = None
    story: Story | None = None

    @classmethod
    def of(
        cls,
        model: PLRNN,
        checkpoint: str,
        constant_input: tuple[float, ...] | None,
        fixed_points: FixedPoints,
        cycles: Cycles | None = None,
        story: Story | None = None,
    ) -> Analysis:
        """Put together what was found.

        Parameters
        ----------
        model : PLRNN
        checkpoint : str
        constant_input : tuple of float or None
        fixed_points : FixedPoints
        cycles : Cycles, optional
        story : Story, optional
        """
        return cls(
            **fixed_points.record_values(),
            checkpoint=checkpoint,
            architecture=model.architecture,
            n_units=model.n_units,
            pwl_units=model.pwl_units,
            constant_input=constant_input,
            cycles=cycles,
            story=story,
        )

    def __repr__(self) -> str:
        extra = [f"; {held!r}" for held in (self.cycles, self.story) if held is not None]
        return f"<Analysis of {self.checkpoint}: {super().__repr__()}{''.join(extra)}>"

    def _verdict(self) -> str:
        cycles = "" if self.cycles is None else f"; {repr(self.cycles)[1:-1]}"
        return f"{self.checkpoint}: {super()._verdict()}{cycles}"

    def _notes(self) -> list[str]:
        told = [] if self.story is None else self.story.paragraphs()
        return [*super()._notes(), *told]
