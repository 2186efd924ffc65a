"""``write_milp``: the question for fixed points in a file that any solver of mixed-integer programs reads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._files import check_file, write_atomically
from .._signatures import checked
from .._validation import one_of
from ..maps import CanonicalMap
from ..network import Network
from ..polytopes.boxes import Box, read_box
from ..results import FixedPoints
from .known import Known, known_ones
from .lp import as_lp
from .mixed import MixedProgram, fixed_point_program
from .mps import as_mps
from .wording import about, box_words, left_out

__all__ = ["write_milp"]

_WRITERS = {".mps": as_mps, ".lp": as_lp}


@checked
def write_milp(
    network: Network,
    path: str | os.PathLike[str],
    constant_input: Any = None,
    *,
    box: Any = None,
    exclude: FixedPoints | Sequence[str] = (),
) -> None:
    """Write "is there a fixed point?" as a mixed-integer linear program, for HiGHS, SCIP, Gurobi, CPLEX or CBC.

    Parameters
    ----------
    network : Network
    path : path-like
        Ends in ``.mps`` or ``.lp``; an existing file is replaced, whole or not at all.
    constant_input : (K,) array_like, optional
        The input held on; None stands for zero input.
    box : float or pair of (M,) array_like, optional
        Where to look: ``|z_i| <= box``, or the lower and the upper corner, whose entries may be infinite. Without a box
        the question is about all states; then the file has indicator constraints, which HiGHS and CBC do not know.
    exclude : FixedPoints or sequence of str, optional
        Fixed points of this network under this input, or bitcodes, that are no answer: "is there another one?"

    Raises
    ------
    ModelError
        If the name ends otherwise, or the box or a bitcode does not fit.
    OSError
        If the file cannot be written.

    Notes
    -----
    Unknowns are z, ``f = F(z)``, ``x = relu(y)`` and ``s = x - y`` with y the argument of a ReLU, and a bit b for each
    ReLU. Coefficients are the given doubles, each written so that it is read as the same double; ``x <= U b`` and
    ``s <= S (1 - b)`` use bounds of y on the box that are computed in rational numbers and rounded outwards. So the
    conditions are satisfied by the fixed points asked for and by nothing else. Solvers work with tolerances, by default
    about 1e-6, absolute: scale a network whose offsets are of that size.

    Excluded is the closed subregion of each bitcode. It holds no other fixed point: where I - J is regular there is
    one at most, and else all of them are in the listed family. If a ReLU's argument is zero at a fixed point, which is
    decided in rational numbers, the subregions on both sides are excluded. The file lists what is excluded.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_milp(tent, folder + "/tent.lp", box=5.0, exclude=tent.fixed_points())
    ...     text = pathlib.Path(folder, "tent.lp").read_text()
    >>> print(text[text.index("Subject To") : text.index("Bounds")])
    Subject To
     next_0: 2.0 z_0 - 4.0 x_0 - 1.0 f_0 = -1.0
     fixed_0: 1.0 f_0 - 1.0 z_0 = 0.0
     argument_0: 1.0 z_0 - 1.0 x_0 + 1.0 s_0 = 0.0
     inactive_0: 1.0 x_0 - 5.0 b_0 <= 0.0
     active_0: 1.0 s_0 + 5.0 b_0 <= 5.0
     other_0: 1.0 b_0 >= 1.0
     other_1: - 1.0 b_0 >= 0.0
    <BLANKLINE>
    """
    kind = one_of("the suffix of the file", Path(path).suffix.lower(), _WRITERS)
    check_file(path, "path")
    map = network.map.with_input(constant_input)
    where = _everywhere(map) if box is None else read_box(box, map.n_units, infinite=True)
    known = known_ones(map, exclude)
    program = fixed_point_program(map, where, known)
    held = None if constant_input is None else np.asarray(constant_input, dtype=np.float64)
    comments = [*about(network, held), *_meaning(where, program, known)]
    write_atomically(path, _WRITERS[kind](program, comments).encode())


def _everywhere(map: CanonicalMap) -> Box:
    return Box(np.full(map.n_units, -np.inf), np.full(map.n_units, np.inf))


def _meaning(box: Box, program: MixedProgram, known: Sequence[Known]) -> Iterator[str]:
    yield ""
    other = "another fixed point than those left out" if known else "a fixed point"
    yield f"Is there {other}, {box_words(box)}?"
    yield "Feasible: yes, it is z, in the subregion b, to within the tolerances of the solver."
    yield "Infeasible: no."
    yield ""
    yield "z_j: the state, f = F(z) = A z + W x + h, x_i = relu(y_i) with y = V z + c, s_i = x_i - y_i, b_i: the bit of"
    yield "ReLU i. The numbers are those of the network, each read as the same double that was written. The bounds of x"
    yield "and s follow from those of z, in rational numbers rounded outwards: they exclude nothing."
    if program.has_indicators:
        yield "Conditions that hold only for one value of a bit (indicator constraints) are known to SCIP, Gurobi and"
        yield "CPLEX; write the file with a box for HiGHS and CBC."
    yield from left_out(known)
    yield ""
