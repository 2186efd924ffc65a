"""``write_vnnlib``: the question for fixed points for verifiers of neural networks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._files import check_file, write_atomically
from .._signatures import checked
from .._validation import number, one_of
from .._wording import printable
from ..errors import ModelError
from ..maps import CanonicalMap
from ..network import Network
from ..numerics import EPS, gamma
from ..polytopes.boxes import Box, read_box
from ..results import FixedPoints
from .graphs import PRECISIONS, Graph, as_precision
from .known import Known, known_ones
from .mps import digits
from .onnx_step import metadata_of, step_graph
from .surroundings import box_around, clearance, without
from .wording import about, box_words, described, left_out

__all__ = ["write_vnnlib"]

# The largest residual asked for by default, relative to the box.
TOLERANCE = 1e-4


@checked
def write_vnnlib(
    network: Network,
    path: str | os.PathLike[str],
    constant_input: Any = None,
    *,
    box: Any = None,
    exclude: FixedPoints | Sequence[str] = (),
    tolerance: float | None = None,
    precision: str = "float32",
) -> None:
    """Write "is there a fixed point in this box?" as a VNN-LIB property and an ONNX network, for Marabou or α,β-CROWN.

    Parameters
    ----------
    network : Network
    path : path-like
        Of the property, ``*.vnnlib``. The network ``F(z) - z`` is written beside it, under the same name with
        ``.onnx``. Existing files are replaced.
    constant_input : (K,) array_like, optional
        The input held on; None stands for zero input.
    box : float or pair of (M,) array_like
        Where to look: ``|z_i| <= box``, or the lower and the upper corner.
    exclude : FixedPoints or sequence of str, optional
        Fixed points of this network under this input, or their bitcodes, that are no answer: "is there another one?"
    tolerance : float, optional
        The largest ``|F(z)_i - z_i|`` of a state that counts as a fixed point. By default 1e-4 of the largest bound of
        the box, or less: as little as keeps states near an excluded fixed point inside what is excluded.
    precision : {"float32", "float64"}, optional
        Of the weights in the ONNX file; most verifiers expect ``"float32"``.

    Raises
    ------
    ModelError
        If there is no finite box, an argument does not fit, the tolerance is below what rounding the weights changes,
        a family of fixed points is to be excluded that no box holds, or the package onnx is not installed
        (``pip install "plrnn-analysis[onnx]"``).
    OSError
        If a file cannot be written.

    Notes
    -----
    ``unsat`` says that the given network, in exact arithmetic, has no other fixed point in the box: the tolerance
    is at least what rounding the weights to the precision can change of ``F(z) - z`` in the box. ``sat`` comes with a
    state that moves little, which need not be near a fixed point; look at it.

    Excluded is, for each fixed point, a box in the closed subregion in which it is the only one. Where each ReLU reads
    one unit, as in an AL-RNN, that is all of the subregion, else it reaches half the way to the nearest boundary.
    The rest of the box is a union of boxes, at most two for each unit and fixed point.

    References
    ----------
    The format: VNN-LIB 1.0, https://www.vnnlib.org.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_vnnlib(tent, folder + "/tent.vnnlib", box=5.0, exclude=["0"], tolerance=0.01)
    ...     text = pathlib.Path(folder, "tent.vnnlib").read_text()
    >>> print(text[text.index("(assert") :])
    (assert (>= X_0 0.0))
    (assert (<= X_0 5.0))
    (assert (<= Y_0 0.01))
    (assert (>= Y_0 -0.01))
    <BLANKLINE>
    """
    one_of("the suffix of the file", Path(path).suffix.lower(), (".vnnlib",))
    one_of("precision", precision, PRECISIONS)
    if box is None:
        raise ModelError("a property needs a box: give box=R for |z_i| <= R, or the lower and the upper corner")
    beside = Path(path).with_suffix(".onnx")
    for file in (path, beside):
        check_file(file, "path")
    map = network.map.with_input(constant_input)
    where = read_box(box, map.n_units)
    graph, changed = _residual(map, where, precision)
    known = [one for one in known_ones(map, exclude) if one.state is not None]
    holes = [box_around(map, one, where) for one in known]
    pieces = without(where, holes)
    if tolerance is None:
        tolerance = max(2.0 * changed, _default_tolerance(map, where, known, holes))
    number("tolerance", tolerance, least=changed, remark=_why(changed, precision))
    held = None if constant_input is None else np.asarray(constant_input, dtype=np.float64)
    comments = [*about(network, held), *_meaning(where, known, beside, precision, changed)]
    text = "\n".join([*(f"; {line}".rstrip() for line in comments), *_property(where, pieces, tolerance)]) + "\n"
    size = (1, map.n_units)
    description = f"F(z) - z of {described(network, held)}."
    write_atomically(beside, graph.written({"X": size}, {"Y": size}, description, metadata_of(network, held)))
    write_atomically(path, text.encode())


def _why(changed: float, precision: str) -> str:
    return f"(by {changed:.2g} the weights in {precision} can change F(z) - z in the box)"


def _residual(map: CanonicalMap, box: Box, precision: str) -> tuple[Graph, float]:
    """The network ``F(z) - z``, and by how much its rounded weights can change it in a box."""
    A = map.A - np.eye(map.n_units)
    difference = CanonicalMap.build(A, map.W, map.V, map.c, map.h)
    graph = Graph(precision)
    step_graph(graph, difference, "X", "Y")
    reach = np.maximum(np.abs(box.low), np.abs(box.high))
    held = {name: as_precision(name, getattr(difference, name), precision).astype(np.float64) for name in "AWVch"}
    lost = {name: np.abs(held[name] - getattr(difference, name)) for name in "AWVch"}
    # What A - I lost before.
    lost["A"] += EPS * np.diag(1.0 + np.abs(np.diag(map.A)))
    values = np.abs(map.V) @ reach + np.abs(map.c)
    change = lost["A"] @ reach + lost["W"] @ values + lost["h"]
    change += np.abs(held["W"]) @ (lost["V"] @ reach + lost["c"])
    bound = float(np.max(change) * (1.0 + gamma(2 * (map.n_units + map.n_relu) + 8)))
    # Two digits, not below.
    return graph, float(f"{1.06 * bound:.1e}")


def _default_tolerance(map: CanonicalMap, box: Box, known: Sequence[Known], holes: Sequence[Box]) -> float:
    """So small that the states near a known fixed point that move less lie in its box."""
    largest = TOLERANCE * float(np.max(np.maximum(np.abs(box.low), np.abs(box.high))))
    for one, hole in zip(known, holes, strict=True):
        if one.dimension:
            continue
        inverse = np.linalg.inv(np.eye(map.n_units) - map.jacobian(one.bits))
        room = clearance(one, hole, box)
        if room > 0.0:
            largest = min(largest, 0.5 * room / float(np.abs(inverse).sum(axis=1).max()))
    return largest


def _meaning(box: Box, known: Sequence[Known], network: Path, precision: str, changed: float) -> Iterator[str]:
    yield ""
    other = "another fixed point than those left out" if known else "a fixed point"
    yield f"Is there {other}, {box_words(box).replace(' of z', ' of X')}?"
    yield f"The network is in {printable(network.name)}: X is a state z, Y is F(z) - z."
    yield "sat: X moves by no more than the bounds of Y. Look whether a fixed point is near."
    yield "unsat: there is none."
    yield f"Weights in {precision} change Y by at most {changed:.2g} in the box, less than the bounds of Y allow for."
    yield from left_out(known)
    if known:
        yield "Of these, boxes are left out that hold no other fixed point; the rest of the box is written as a union."
    yield ""


def _property(box: Box, pieces: Sequence[Box], tolerance: float) -> Iterator[str]:
    n = len(box.low)
    for letter in "XY":
        yield from (f"(declare-const {letter}_{j} Real)" for j in range(n))
    # Where nothing is left to look for, no value of the network is an answer.
    around = _hull(pieces or [box])
    for j, (a, b) in enumerate(zip(around.low.tolist(), around.high.tolist(), strict=True)):
        yield f"(assert (>= X_{j} {digits(a)}))"
        yield f"(assert (<= X_{j} {digits(b)}))"
    if len(pieces) > 1:
        yield "(assert (or"
        yield from (f"  (and {_sides(piece, around)})" for piece in pieces)
        yield "))"
    for j in range(n):
        yield f"(assert (<= Y_{j} {digits(tolerance if pieces else -tolerance)}))"
        yield f"(assert (>= Y_{j} {digits(-tolerance if pieces else tolerance)}))"


def _hull(pieces: Sequence[Box]) -> Box:
    low, high = (np.array([getattr(piece, side) for piece in pieces]) for side in ("low", "high"))
    return Box(low.min(axis=0), high.max(axis=0))


def _sides(piece: Box, around: Box) -> str:
    """The conditions of a piece that do not hold everywhere."""
    sides = []
    for j, (a, b) in enumerate(zip(piece.low.tolist(), piece.high.tolist(), strict=True)):
        if a > around.low[j]:
            sides.append(f"(>= X_{j} {digits(a)})")
        if b < around.high[j]:
            sides.append(f"(<= X_{j} {digits(b)})")
    return " ".join(sides) or f"(>= X_0 {digits(float(piece.low[0]))})"
