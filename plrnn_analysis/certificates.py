"""Existence and uniqueness of the fixed point, and whether everything tends to it, for any number of ReLUs."""

from __future__ import annotations

import os

import numpy as np

from ._files import check_file
from ._signatures import checked
from .engines.description import describe
from .engines.reduction import reduce_fixed_points
from .engines.uniqueness import CONTRACTING, contraction_rates, prove_unique, settle
from .engines.verification import Checker, Hit
from .maps import CanonicalMap
from .numerics import BOUNDARY
from .results import UniquenessCertificate

__all__ = ["certify_unique"]


@checked
def certify_unique(
    map: CanonicalMap,
    *,
    boundary_tolerance: float = BOUNDARY,
    certificate: str | os.PathLike[str] | None = None,
    time_limit: float | None = 60.0,
) -> UniquenessCertificate:
    """Try to prove that a map has exactly one fixed point.

    Parameters
    ----------
    map : CanonicalMap
        Without input; ``map.with_input(s)`` holds an input on.
    boundary_tolerance : float, optional
        As in :func:`plrnn_analysis.fixed_points.find_fixed_points`.
    certificate : path-like, optional
        A file, by custom ``*.cert.json.gz``, to write a proof to that can be checked without this package; see
        :func:`plrnn_analysis.proofs.write_certificate`.
    time_limit : float, optional
        Seconds for writing it; None for no limit.

    Returns
    -------
    UniquenessCertificate

    Raises
    ------
    ModelError
        If an option is out of range.
    CertificateError
        If a certificate was asked for and could not be written, as where uniqueness was not proved. The answer is its
        attribute ``found``.

    Notes
    -----
    Two sufficient conditions, neither necessary. *Monotone*: the symmetric part of I - G is positive definite
    (beyond the rounding of G); then I - G is a P-matrix and the linear complementarity problem has exactly one
    solution for every offset (Cottle, Pang, Stone 2009, doi:10.1137/1.9780898719000, theorem 3.3.7). *Contraction*: a
    norm in which all Jacobians are below 1, hence one fixed point that attracts everything. Cost: a few
    factorisations of M by M and H by H matrices.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5, 0.2], W=[[0.0, 0.3], [-0.4, 0.0]], h=[1.0, 1.0], pwl_units=2)
    >>> certificate = certify_unique(model.map)
    >>> certificate.unique, certificate.globally_attracting, certificate.fixed_point.bitcode
    (True, True, '11')
    """
    if map.n_inputs:
        map = map.with_input(None)
    if certificate is not None:
        check_file(certificate, "certificate")
    checker = Checker([map])
    own = checker.units.map
    rates = contraction_rates(own)
    norm = min(rates, key=lambda name: rates[name])
    attracting = rates[norm] < CONTRACTING
    reduction = reduce_fixed_points(own)
    margin = np.nan
    hit: object = None
    proof = ""
    if reduction is not None:
        monotone = np.eye(map.n_relu) - reduction.G
        margin = float(np.linalg.eigvalsh(0.5 * (monotone + monotone.T))[0]) if map.n_relu else np.inf
        word = prove_unique(reduction)
        if word is not None:
            proof = "monotone"
            hit = next(checker.solve((word ^ reduction.base)[None]))
    if not isinstance(hit, Hit) and attracting:
        proof = norm
        hit = next(checker.solve(settle(own)[None]))
    point = describe(map, hit, boundary_tolerance) if isinstance(hit, Hit) else None
    result = UniquenessCertificate(
        unique=bool(proof) and point is not None,
        globally_attracting=attracting and point is not None,
        monotone_margin=margin,
        contraction_rates=rates,
        proof=proof if point is not None else "",
        fixed_point=point,
    )
    if certificate is not None:
        from .proofs import write_certificate

        write_certificate(map, result, certificate, time_limit=time_limit)
    return result
