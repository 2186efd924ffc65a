"""Certificates checked by the independent program, after it was seen that they are about the right network."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from .._frozen import Frozen
from .._signatures import checked
from ..display.abbreviation import count_words
from ..engines.ring import driven_maps
from ..errors import CertificateError
from ..maps import CanonicalMap
from .equations import integers_of

__all__ = ["Verification", "checked_by", "checker_path", "format_of", "located", "verify_certificate"]


@dataclass(frozen=True, eq=False)
class Verification(Frozen):
    """What a certificate proves.

    Attributes
    ----------
    points : dict of int to int
        Number of isolated cycles of each period; fixed points are those of period 1.
    continua : dict of int to int
        Number of affine pieces of such cycles.
    nodes : dict of str to int
        Number of nodes of each kind in the proof.
    fingerprint : str
        SHA-256 of the network, as :file:`tools/check_certificate.py` prints it.
    words : dict of int to tuple of tuple of str
        The subregions of the solutions of each period, in the order of the file; those that repeat a shorter cycle are
        left out.
    """

    points: dict[int, int]
    continua: dict[int, int]
    nodes: dict[str, int]
    fingerprint: str
    words: dict[int, tuple[tuple[str, ...], ...]]

    @property
    def claim(self) -> str:
        """What is proved, in a few words."""
        if list(self.points) == [1]:
            return f"{self.sentence(1)}, and no others"
        return "; ".join(f"period {k}: {self.sentence(k)}" for k in self.points) + "; and no others of these periods"

    def sentence(self, period: int) -> str:
        """How many isolated cycles and continua of a period there are, in words."""
        thing = "isolated point" if period == 1 else "isolated cycle"
        continua = count_words(self.continua.get(period, 0), "continuum", "continua")
        return f"{count_words(self.points[period], thing)} and {continua}"

    def __repr__(self) -> str:
        return f"<Verification: {self.claim}; {count_words(sum(self.nodes.values()), 'node')}>"


@checked
def checker_path() -> Path:
    """Where the program stands that checks certificates: one file of Python's standard library alone.

    Returns
    -------
    Path
    """
    return located(Path(__file__), "check_certificate.py")


def located(module: Path, name: str) -> Path:
    """A program of ``tools``, which in an installed package stands beside a module."""
    here = module.resolve()
    installed, source = here.with_name(name), here.parents[2] / "tools" / name
    return installed if installed.exists() else source


@lru_cache(maxsize=2)
def _program(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def format_of(path: str | os.PathLike[str]) -> str:
    """The name of the format of a certificate; empty where there is none, which whoever checks it will say."""
    try:
        return str(_program(checker_path()).read(path)["format"])
    except Exception:
        return ""


def checked_by(program: Path, path: str | os.PathLike[str], compare: Callable[[Any], None]) -> tuple[Any, Any]:
    """The document of a certificate, and what the program says that checks it.

    Parameters
    ----------
    program : Path
    path : path-like
        The certificate.
    compare : callable
        Is given the document first, and raises a CertificateError if it is about another network.

    Raises
    ------
    CertificateError
        If the certificate proves nothing.
    OSError
        If it cannot be read.
    """
    checker = _program(program)
    try:
        document = checker.read(path)
        compare(document)
        return document, checker.check(document)
    except checker.Refused as reason:
        raise CertificateError(f"{os.fspath(path)}: refused: {reason}") from None
    except Exception as error:
        # A file that is no gzip file is an OSError too, without a number.
        if isinstance(error, CertificateError) or (isinstance(error, OSError) and error.errno is not None):
            raise
        raise CertificateError(
            f"{os.fspath(path)}: damaged, or no certificate ({type(error).__name__}: {error})"
        ) from error


@checked
def verify_certificate(map: CanonicalMap, path: str | os.PathLike[str], *, periodic_input: Any = None) -> Verification:
    """Check a certificate of a map.

    Parameters
    ----------
    map : CanonicalMap
        Without input, or with one if `periodic_input` is given; ``map.with_input(s)`` holds an input on.
    path : path-like
    periodic_input : (p, K) array_like, optional
        The input under which its cycles were found.

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
    maps = driven_maps(map, periodic_input)
    program = checker_path()
    document, (network, periods, counts) = checked_by(
        program, path, lambda document: _compare(_program(program).Network(document["network"]), maps)
    )
    points, continua, words = {}, {}, {}
    for (period, solutions), part in zip(periods.items(), document["periods"], strict=True):
        new = [not solution.repeats for solution in solutions]
        points[period] = sum(own and not one.dimension for own, one in zip(new, solutions, strict=True))
        continua[period] = sum(new) - points[period]
        bits = [given["bits"] for own, given in zip(new, part["solutions"], strict=True) if own]
        words[period] = tuple(_in_words(one, period, network.n) for one in bits)
    return Verification(points, continua, counts, network.fingerprint, words)


def _in_words(bits: str, period: int, relus: int) -> tuple[str, ...]:
    return tuple(bits[t * relus : (t + 1) * relus] or "-" for t in range(period))


def _compare(network: Any, maps: Sequence[CanonicalMap]) -> None:
    map = maps[0]
    if (network.m, network.n) != (map.n_units, map.n_relu):
        raise CertificateError(
            f"the certificate is of another network: {count_words(network.m, 'unit')} and "
            f"{count_words(network.n, 'ReLU')}; this one has {map.n_units} and {map.n_relu}"
        )
    own = [integers_of(map) for map in maps]
    weights = all(_same(getattr(own[0], name), own[0].one, getattr(network, name), network.one) for name in "AWV")
    offsets = network.p == len(maps) and all(
        _same([getattr(one, name)], one.one, [getattr(network, name)[t]], network.one)
        for t, one in enumerate(own)
        for name in "ch"
    )
    if not weights:
        raise CertificateError("the certificate is of another network: the weights differ")
    if not offsets:
        raise CertificateError(
            "the certificate is of this network with other offsets: if it was made under an input, give that input"
        )


def _same(rows: list[list[int]], one: int, others: list[list[int]], other_one: int) -> bool:
    return [[v * other_one for v in row] for row in rows] == [[v * one for v in row] for row in others]
