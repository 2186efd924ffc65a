"""Certificates checked by the independent program, after it was seen that they are about the right network."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from .._frozen import Frozen
from .._signatures import checked
from ..display.abbreviation import count_words
from ..errors import CertificateError
from ..maps import CanonicalMap
from .equations import integers_of

__all__ = ["Verification", "checker_path", "verify_certificate"]

NAME = "check_certificate.py"


@dataclass(frozen=True, eq=False)
class Verification(Frozen):
    """What a certificate proves.

    Attributes
    ----------
    points : int
        Number of isolated fixed points.
    continua : int
        Number of affine pieces of fixed points.
    nodes : dict of str to int
        Number of nodes of each kind in the proof.
    fingerprint : str
        SHA-256 of the network, as :file:`tools/check_certificate.py` prints it.
    bitcodes : tuple of str
        The subregions of the solutions, in the order of the file.
    """

    points: int
    continua: int
    nodes: dict[str, int]
    fingerprint: str
    bitcodes: tuple[str, ...]

    @property
    def claim(self) -> str:
        """What is proved, in a few words."""
        points = count_words(self.points, "isolated point")
        return f"{points} and {count_words(self.continua, 'continuum', 'continua')}, and no others"

    def __repr__(self) -> str:
        return f"<Verification: {self.claim}; {count_words(sum(self.nodes.values()), 'node')}>"


@checked
def checker_path() -> Path:
    """Where the program stands that checks certificates: one file of Python's standard library alone.

    Returns
    -------
    Path
    """
    here = Path(__file__).resolve()
    installed, source = here.with_name(NAME), here.parents[2] / "tools" / NAME
    return installed if installed.exists() else source


@lru_cache(maxsize=1)
def _checker() -> ModuleType:
    specification = importlib.util.spec_from_file_location("check_certificate", checker_path())
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@checked
def verify_certificate(map: CanonicalMap, path: str | os.PathLike[str]) -> Verification:
    """Check a certificate of a map.

    Parameters
    ----------
    map : CanonicalMap
        Without input; ``map.with_input(s)`` holds an input on.
    path : path-like

    Returns
    -------
    Verification

    Raises
    ------
    CertificateError
        If the certificate is of another network, or proves nothing; says what is wrong with it.
    OSError
        If the file cannot be read.

    Notes
    -----
    Weights are compared as the numbers that they are, then ``tools/check_certificate.py`` does the rest. It is not a
    part of this package and shares no code with it.
    """
    if map.n_inputs:
        map = map.with_input(None)
    checker = _checker()
    try:
        document = checker.read(path)
        network = checker.Network(document["network"])
        _compare(network, map)
        network, solutions, counts = checker.check(document)
        bitcodes = tuple(solution["bits"] or "-" for solution in document["solutions"])
    except checker.Refused as reason:
        raise CertificateError(f"{os.fspath(path)}: refused: {reason}") from None
    except Exception as error:
        # A file that is no gzip file is an OSError too, without a number.
        if isinstance(error, CertificateError) or (isinstance(error, OSError) and error.errno is not None):
            raise
        raise CertificateError(
            f"{os.fspath(path)}: damaged, or no certificate ({type(error).__name__}: {error})"
        ) from error
    points = sum(not solution.dimension for solution in solutions)
    return Verification(points, len(solutions) - points, counts, network.fingerprint, bitcodes)


def _compare(network: Any, map: CanonicalMap) -> None:
    own = integers_of(map)
    if (network.m, network.n) != (map.n_units, map.n_relu):
        raise CertificateError(
            f"the certificate is of another network: {count_words(network.m, 'unit')} and "
            f"{count_words(network.n, 'ReLU')}; this one has {map.n_units} and {map.n_relu}"
        )
    if network.one == own.one and all(getattr(network, name) == getattr(own, name) for name in "AWVch"):
        return
    ratio = own.one, network.one
    same = all(
        [[v * ratio[1] for v in row] for row in getattr(own, name)]
        == [[v * ratio[0] for v in row] for row in getattr(network, name)]
        for name in "AWV"
    )
    if same:
        raise CertificateError(
            "the certificate is of this network with other offsets: if it was made under a constant input, give that "
            "input"
        )
    raise CertificateError("the certificate is of another network: the weights differ")
