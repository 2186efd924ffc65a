"""What sparsification found: levels of branches, direct training beside them, and the smallest network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from plrnn_analysis._frozen import Frozen
from plrnn_analysis.model import PLRNN
from plrnn_analysis.tables import ResultSequence, Table

__all__ = ["TrainedBranch", "DirectTraining", "Judgement", "Level", "Original", "Sparsification"]


@dataclass(frozen=True)
class Judgement(Frozen):
    """A network held against the original.

    Attributes
    ----------
    wanted, kept, changed, lost, new : int
        Fixed points within the range of the outputs: of the original; with a partner of the same stability; with one
        of another stability; without one; and those of the network that have no partner.
    complete : bool
        Whether all lists of fixed points are proved complete.
    score : float
        On held-out trials, by which branches are chosen.
    divergence : float or None
        Of the states of free runs from those of the original, in nats; None for networks that are trained on trials.
    keeps : bool
        Whether every fixed point is kept, none is new, and score and divergence are within their limits.
    """

    wanted: int
    kept: int
    changed: int
    lost: int
    new: int
    complete: bool
    score: float
    divergence: float | None
    keeps: bool


@dataclass(frozen=True, eq=False)
class TrainedBranch(Frozen):
    """One ReLU replaced, and the network trained on.

    Attributes
    ----------
    pwl_units : int
        P after it.
    unit : int
        Which ReLU: the state unit of an AL-RNN, else its number.
    replacement : str
        ``"linear"``, ``"off"`` or ``"fitted"``.
    deviation : float
        Root mean square change of a step over the visited states, relative to their spread.
    kept_before, differences_before : int
        Exactly, before the network was trained on: fixed points kept; changed, lost and new ones together.
    iterations : int
        Of training before it was taken: of its states before, during and after training the one with the best score
        that keeps the dynamics, or the last.
    judgement : Judgement
    network : PLRNN
    """

    pwl_units: int
    unit: int
    replacement: str
    deviation: float
    kept_before: int
    differences_before: int
    iterations: int
    judgement: Judgement
    network: PLRNN

    def record(self) -> dict[str, Any]:
        """All but the network, as JSON types."""
        own = {name: value for name, value in vars(self).items() if name not in ("judgement", "network")}
        return {**own, **asdict(self.judgement)}


@dataclass(frozen=True, eq=False)
class Level(Frozen):
    """All branches that were tried at one P.

    Attributes
    ----------
    pwl_units : int
    branches : tuple of TrainedBranch
        In the order in which they were tried.
    chosen : int or None
        The branch from which the next level goes on; None where none keeps the dynamics.
    """

    pwl_units: int
    branches: tuple[TrainedBranch, ...]
    chosen: int | None

    @property
    def best(self) -> TrainedBranch:
        """The chosen branch, or the one that has the fewest differences."""
        if self.chosen is not None:
            return self.branches[self.chosen]
        return min(self.branches, key=lambda b: b.judgement.wanted - b.judgement.kept + b.judgement.new)


@dataclass(frozen=True)
class Original(Frozen):
    """The network that was given.

    Attributes
    ----------
    pwl_units : int
    score : float
    score_name : str
    higher_is_better : bool
    score_limit : float or None
        What a branch must reach.
    divergence_floor : float or None
        Of free runs of the original from others that start a thousandth of the spread away.
    divergence_limit : float or None
    fixed_points : tuple of dict
        Those within the range of the outputs: probe, bitcode, stability, output.
    complete : bool
    task : str
    """

    pwl_units: int
    score: float
    score_name: str
    higher_is_better: bool
    score_limit: float | None
    divergence_floor: float | None
    divergence_limit: float | None
    fixed_points: tuple[dict[str, Any], ...]
    complete: bool
    task: str


@dataclass(frozen=True)
class DirectTraining(Frozen):
    """Networks trained from scratch at the smallest P, on the same data.

    Attributes
    ----------
    pwl_units, iterations : int
    init : str
    seeds : tuple of int
    judgements : tuple of Judgement
        One per seed.
    """

    pwl_units: int
    iterations: int
    init: str
    seeds: tuple[int, ...]
    judgements: tuple[Judgement, ...]

    @property
    def successes(self) -> int:
        """How many keep the dynamics."""
        return sum(judgement.keeps for judgement in self.judgements)


@dataclass(frozen=True, eq=False)
class Sparsification(ResultSequence[Level]):
    """A path of networks with fewer and fewer ReLUs; a sequence of levels, P falling.

    Attributes
    ----------
    original : Original
    network : PLRNN
        The last one that keeps the dynamics.
    pwl_units : int
        Its number of ReLUs.
    test_score : float
        Its score on trials that nothing was chosen by.
    direct : DirectTraining or None
    """

    _items: tuple[Level, ...]
    original: Original
    network: PLRNN
    pwl_units: int
    test_score: float
    direct: DirectTraining | None

    @property
    def claim(self) -> str:
        """What was found, in a few words."""
        proof = "" if self.original.complete else ", fixed points NOT proved complete"
        return f"P from {self.original.pwl_units} to {self.pwl_units}{proof}"

    def table(self) -> Table:
        """One row per level: the chosen branch, or the best of those that broke."""
        return self._table([level.best for level in self])

    def branches(self) -> Table:
        """One row a branch, also those that were not chosen."""
        return self._table([branch for level in self for branch in level.branches])

    def _table(self, rows: Sequence[TrainedBranch]) -> Table:
        records = [branch.record() for branch in rows]
        table = Table({name: [record[name] for record in records] for name in records[0]} if records else {})
        table.claim = self.claim
        return table

    def __repr__(self) -> str:
        return f"<Sparsification: {self.claim}>"
