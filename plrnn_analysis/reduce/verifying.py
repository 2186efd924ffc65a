"""Certificates of reductions checked by an independent program, after it was seen that they are about the right map."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._frozen import Frozen
from .._signatures import checked
from ..display.abbreviation import count_words
from ..errors import CertificateError
from ..maps import CanonicalMap
from ..proofs.checking import checked_by, located
from ..proofs.equations import whole_parts

__all__ = ["VerifiedReduction", "reduction_checker_path", "verify_reduction"]


@dataclass(frozen=True, eq=False)
class VerifiedReduction(Frozen):
    """What a certificate of a reduction proves, of ReLUs by their number.

    Attributes
    ----------
    always_on, always_off : tuple of int
        ReLUs whose argument is never negative on the domain, and never positive.
    without_effect : tuple of int
        Nothing reads them.
    multiples : tuple of int
        They read a multiple of what an earlier ReLU reads.
    invariant : bool
        Whether it is proved that a step from the domain, under any of the inputs, ends in it.
    conditions : int
        Number of conditions of the domain beside its box.
    fingerprint : str
        SHA-256 of the network, as :file:`tools/check_reduction.py` prints it.
    """

    always_on: tuple[int, ...]
    always_off: tuple[int, ...]
    without_effect: tuple[int, ...]
    multiples: tuple[int, ...]
    invariant: bool
    conditions: int
    fingerprint: str

    @property
    def claim(self) -> str:
        """What is proved, in a few words."""
        numbers = [
            f"{len(self.always_on)} always on",
            f"{len(self.always_off)} always off",
            f"{len(self.without_effect)} without effect",
            f"{count_words(len(self.multiples), 'multiple')} of an earlier one",
        ]
        stays = "invariant" if self.invariant else "not shown to be invariant"
        return f"ReLUs on the domain: {', '.join(numbers)}; the domain is {stays}"

    def __repr__(self) -> str:
        return f"<VerifiedReduction: {self.claim}>"


@checked
def reduction_checker_path() -> Path:
    """Where the program stands that checks certificates of reductions.

    Returns
    -------
    Path
    """
    return located(Path(__file__), "check_reduction.py")


@checked
def verify_reduction(map: CanonicalMap, path: str | os.PathLike[str]) -> VerifiedReduction:
    """Check a certificate of a reduction.

    Parameters
    ----------
    map : CanonicalMap
        With its inputs.
    path : path-like
        What ``reduce(model, domain, certificate=path)`` wrote.

    Returns
    -------
    VerifiedReduction

    Raises
    ------
    CertificateError
        If the certificate is of another network, or proves nothing; says what is wrong with it.
    OSError
        If the file cannot be read.

    Notes
    -----
    Weights are compared as the numbers that they are, then ``tools/check_reduction.py`` does the rest. It is not a part
    of this package and shares no code with it. The domain stands in the file.

    Examples
    --------
    >>> import tempfile
    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5, 0.5, 0.5], W=[[0, 1, 1], [0, 0, 0], [0, 0, 0]], h=[0, 1, 0], pwl_units=2)
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     _ = model.reduce(([-9, 0, -1], [9, 3, 1]), certificate=f"{directory}/net.cert.json.gz")
    ...     verified = verify_reduction(model.map, f"{directory}/net.cert.json.gz")
    >>> verified.always_on, verified.always_off, verified.invariant
    ((0,), (), True)
    """
    _, proved = checked_by(reduction_checker_path(), path, lambda document: _compare(document, map))
    network, domain, kinds, leaves = proved
    return VerifiedReduction(
        always_on=tuple(kinds["always on"]),
        always_off=tuple(kinds["always off"]),
        without_effect=tuple(kinds["without effect"]),
        multiples=tuple(kinds["multiples of an earlier one"]),
        invariant=leaves is not None,
        conditions=len(domain.conditions),
        fingerprint=network.fingerprint,
    )


def _compare(document: Any, map: CanonicalMap) -> None:
    given = document["network"]
    sizes = map.n_units, map.n_relu, map.n_inputs
    if (given["units"], given["relus"], given["inputs"]) != sizes:
        raise CertificateError(
            f"the certificate is of another network; this one has {count_words(sizes[0], 'unit')}, "
            f"{count_words(sizes[1], 'ReLU')} and {count_words(sizes[2], 'input')}"
        )
    parts = [map.A, map.W, map.V, map.C, map.E, map.c[None], map.h[None]]
    scale, own = whole_parts(parts)
    theirs = [given[name] for name in "AWVCE"] + [[given["c"]], [given["h"]]]
    same = given["scale"] == scale and all(
        [[_whole(v) for v in row] for row in rows] == mine for rows, mine in zip(theirs, own, strict=True)
    )
    if not same:
        raise CertificateError("the certificate is of another network: the weights differ")


def _whole(value: int | str) -> int:
    return value if isinstance(value, int) else int(value, 16)
