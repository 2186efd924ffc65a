"""All fixed points as exact piecewise-linear functions of one or two inputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._validation import as_array
from ..display.abbreviation import count_words
from ..engines import singular as singular_regions
from ..engines.budget import Budget
from ..engines.description import describe_points
from ..engines.examination import examine
from ..engines.verification import Checker
from ..errors import ModelError
from ..network import Network
from ..readouts import with_outputs
from ..results import Coverage, FixedPoints, ResultSequence, Table
from .results import (
    FixedPointBranch,
    InputCollision,
    InputContinuum,
)
from .solutions import CLOSE, Piece, Sheet, as_floats

__all__ = ["InputDiagram"]


@dataclass(frozen=True, eq=False)
class InputDiagram(ResultSequence[FixedPointBranch]):
    """Every branch of fixed points over a range of inputs, and what was proved; ordered by bitcode.

    Attributes
    ----------
    inputs : tuple of int
        The input coordinates that vary.
    ranges : (d, 2) ndarray
    base : (K,) ndarray
        The values of the other inputs; those that vary are 0 here.
    network : Network
        The one that the diagram is of.
    complete : bool
        True only if all 2**H subregions were decided: then there is no other fixed point for any input in the range.
        With ``verify="rigorous"`` each branch and continuum has a ``proof``, and ``coverage.rigorous`` is that of the
        whole.
    collisions : tuple of InputCollision
        Ordered by place.
    continua : tuple of InputContinuum
    coverage : Coverage
    """

    columns = ("bitcode", "stability", "spectral_radius", "corners", "offset", "slope", "proof")
    optional_columns = ("proof",)

    _items: tuple[FixedPointBranch, ...]
    inputs: tuple[int, ...]
    ranges: np.ndarray
    base: np.ndarray
    complete: bool
    collisions: tuple[InputCollision, ...]
    continua: tuple[InputContinuum, ...]
    coverage: Coverage
    network: Network = field(repr=False)
    _sheets: tuple[Sheet, ...] = field(repr=False)
    _pieces: tuple[Piece, ...] = field(repr=False)
    _stable: tuple[bool, ...] = field(repr=False)

    def input_at(self, values: Any) -> np.ndarray:
        """The whole input (K,) with the varying coordinates at `values`.

        Raises
        ------
        ModelError
            If a value lies outside the range.
        """
        s = as_array("values", np.atleast_1d(values), (len(self.inputs),), "(d,), one per varying input")
        outside = (s < self.ranges[:, 0]) | (s > self.ranges[:, 1])
        if np.any(outside):
            low, high = self.ranges[int(np.argmax(outside))]
            raise ModelError(
                f"the diagram covers {low:g} to {high:g}, got {s[np.argmax(outside)]:g}: compute a wider one"
            )
        whole = self.base.copy()
        whole[list(self.inputs)] = s
        return whole

    def at(self, values: Any) -> FixedPoints:
        """All fixed points for one input, in the form of a search; only the branches that reach it are evaluated.

        Parameters
        ----------
        values : float or (d,) array_like

        Raises
        ------
        ModelError
            If it lies outside the range.

        Notes
        -----
        Each point is solved anew in its subregion, so that residuals and flags are those of
        :func:`plrnn_analysis.fixed_points.find_fixed_points`. Points and continua have the output of a network with a
        readout. ``coverage`` is that of the diagram.
        """
        map = self.network.map.with_input(self.input_at(values))
        t = self._scaled(np.atleast_1d(np.asarray(values, dtype=np.float64))[None])[0]
        words = [
            sheet.point.bits for sheet, inside in zip(self._sheets, self._margins(t[None])[1][0], strict=True) if inside
        ]
        words += [piece.bits for piece in self._pieces if piece.near(t)]
        found = examine(Checker([map]), words, Budget(None, None))
        points = list(describe_points(map, found.hits))
        listed = FixedPoints(
            _items=tuple(sorted(points, key=lambda point: point.bitcode)),
            complete=self.complete,
            continua=tuple(singular_regions.continuum_of(map, piece) for piece in found.pieces),
            coverage=self.coverage,
        )
        return with_outputs(listed, self.network)

    # A sequence's own count(item) has no use here: no two branches are equal.
    def count(self, values: Any, stable_only: bool = False) -> Any:
        """How many isolated fixed points there are.

        Parameters
        ----------
        values : float, (n,) or (n, d) array_like
            Inputs. For two varying inputs (2,) is a single point.
        stable_only : bool, optional
            Count stable ones only.

        Returns
        -------
        int or (n,) ndarray of int

        Raises
        ------
        ModelError
            On a wrong shape, or if some value lies outside the range.
        """
        d = len(self.inputs)
        if np.ndim(values) == d - 1:
            return int(self.count(np.reshape(values, (1, d)), stable_only)[0])
        given = np.reshape(values, (-1, 1)) if d == 1 and np.ndim(values) == 1 else values
        s = as_array("values", given, (None, d), "(n, d)")
        for extreme in s[[*s.argmin(axis=0), *s.argmax(axis=0)]] if len(s) else s:
            self.input_at(extreme)
        t = self._scaled(s)
        sure, near = self._margins(t)
        counted = sure & np.array(self._stable, dtype=bool) if stable_only else sure
        numbers = counted.sum(axis=1)
        doubt = np.any(sure != near, axis=1)
        for piece in self._pieces:
            doubt |= np.array([piece.near(row) for row in t], dtype=bool)
        for i in np.flatnonzero(doubt):
            numbers[i] = sum(1 for point in self.at(s[i]) if not stable_only or point.stability.startswith("stable"))
        return numbers.astype(np.intp)

    def intervals(self) -> Table:
        """For one input: between which values how many fixed points exist, and how many of them are stable.

        Returns
        -------
        Table
            Columns ``low``, ``high``, ``fixed_points``, ``stable``; neighbours with equal numbers are joined.

        Raises
        ------
        ModelError
            If two inputs vary.
        """
        if len(self.inputs) != 1:
            raise ModelError("intervals are for one varying input; use count(values) for two")
        ends = [as_floats(sheet.corners)[:, 0] for sheet in self._sheets if sheet.wide] + [
            p.corners[:, 0] for p in self._pieces
        ]
        t = np.unique(np.concatenate([np.array([0.0, 1.0]), *ends]))
        t = t[np.concatenate([[True], np.diff(t) > CLOSE])]
        t[-1] = 1.0
        (low, high), middle = self.ranges[0], (t[:-1] + t[1:]) / 2.0
        s = low + (high - low) * t
        inside = low + (high - low) * middle
        rows: list[list[float]] = []
        for a, b, n, k in zip(s[:-1], s[1:], self.count(inside), self.count(inside, stable_only=True), strict=True):
            if rows and rows[-1][2:] == [n, k]:
                rows[-1][1] = float(b)
            else:
                rows.append([float(a), float(b), int(n), int(k)])
        names = ("low", "high", "fixed_points", "stable")
        return Table({name: [row[i] for row in rows] for i, name in enumerate(names)})

    def sentences(self) -> list[str]:
        """What the inputs do, in words."""
        which = " and ".join(
            f"input {k} from {a:g} to {b:g}" for k, (a, b) in zip(self.inputs, self.ranges, strict=True)
        )
        stable = sum(branch.stability.startswith("stable") for branch in self)
        proof = "there are no others" if self.complete else "there may be others"
        branches = count_words(len(self), "branch of fixed points", "branches of fixed points")
        text = [f"{which[0].upper()}{which[1:]}: {branches}, {stable} stable; {proof}."]
        if len(self.inputs) == 1:
            table = self.intervals()
            for low, high, n, k in zip(*table.values(), strict=True):
                text.append(f"Between {low:.6g} and {high:.6g}: {_counted(n, k)}.")
            for collision in self.collisions:
                if collision.kind != "persistence":
                    codes = ", ".join([*collision.below, *collision.above])
                    what = {"continuum": "ends in a continuum", "degenerate": "degenerate collision"}
                    kind = what.get(collision.kind, collision.kind)
                    text.append(f"At {collision.location[0, 0]:.6g}: {kind}, subregions {codes}.")
        for continuum in self.continua:
            text.append(f"Subregion {continuum.bitcode} holds a continuum of dimension {continuum.dimension}.")
        return [*text, *self.proof_sentences()]

    @property
    def rigorous(self) -> bool:
        """Whether all that is listed, and that nothing else exists, is proven, by ``verify="rigorous"``."""
        return self.complete and self.coverage.rigorous is not None and self.coverage.rigorous.rigorous

    def proof_sentences(self) -> list[str]:
        """What ``verify="rigorous"`` proved, in words; empty without it."""
        proof = self.coverage.rigorous
        if proof is None:
            return []
        listed = count_words(proof.objects, "branch or continuum", "branches and continua")
        text = f"Proven, with ends and stability: {proof.proven} of {listed}."
        text += f" That no others exist is {'proven, too' if proof.whole else 'not proven'}: "
        text += f"{count_words(proof.cuts, 'part')} of the tree refuted in whole numbers, "
        text += f"{count_words(proof.subregions, 'subregion')} solved in rational numbers."
        return [text, *(f"Not proven: {reason}." for reason in proof.missing)]

    def __repr__(self) -> str:
        proof = "complete" if self.complete else f"NOT complete, stopped by {self.coverage.stopped_by}"
        proof += f", {self.coverage.rigorous.claim}" if self.coverage.rigorous is not None else ""
        folds = sum(collision.kind == "nonsmooth fold" for collision in self.collisions)
        found = count_words(len(self), "branch", "branches")
        found += f", {count_words(len(self.continua), 'continuum', 'continua')}" if self.continua else ""
        collisions = f"border collisions: {len(self.collisions)}, of them nonsmooth folds: {folds}"
        return f"<InputDiagram: {found}; {collisions}; {proof}>"

    def _notes(self) -> list[str]:
        notes = [f"Note: {note}." for note in self.coverage.notes]
        return [*notes, *self.proof_sentences()]

    def _scaled(self, s: np.ndarray) -> np.ndarray:
        result: np.ndarray = (s - self.ranges[:, 0]) / (self.ranges[:, 1] - self.ranges[:, 0])
        return result

    def _margins(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For parameters (n, d), which branches are there for certain, and which to rounding; (n, sheets) each."""
        sure = np.zeros((len(t), len(self._sheets)), dtype=bool)
        near = sure.copy()
        for k, sheet in enumerate(self._sheets):
            constants, slopes = sheet.point.inside[:, 0], sheet.point.inside[:, 1:]
            give = sheet.point.y_error + CLOSE * np.abs(slopes).sum(axis=1)
            moving = np.any(sheet.point.inside != 0.0, axis=1)
            y = t @ slopes.T + constants
            near[:, k] = np.all(y >= -give, axis=1)
            sure[:, k] = np.all(y[:, moving] > give[moving], axis=1) & near[:, k] & sheet.wide
        return sure, near


def _counted(n: int, stable: int) -> str:
    if n < 2:
        return "no fixed point" if n == 0 else "1 stable fixed point" if stable else "1 fixed point, not stable"
    return f"{count_words(n, 'fixed point')}, {stable} stable"
