"""Every fixed point of a piecewise-linear map, and what was proved."""

from __future__ import annotations

import os
from concurrent.futures import Executor

import numpy as np

from ._files import check_file
from ._signatures import checked
from .engines.budget import Budget
from .engines.coverage import coverage_of
from .engines.description import describe_points
from .engines.examination import examine
from .engines.portfolio import RIGOROUS, choose_workers, heuristic_settings, search_patterns
from .engines.singular import continuum_of
from .engines.verification import Checker
from .errors import ModelError
from .maps import CanonicalMap
from .numerics import BOUNDARY
from .progress import ProgressOption, reports
from .results import FixedPoints

__all__ = ["find_fixed_points"]


@reports("fixed points")
@checked
def find_fixed_points(
    map: CanonicalMap,
    *,
    max_nodes: int | None = None,
    time_limit: float | None = 60.0,
    progress: ProgressOption = None,
    workers: int = 1,
    executor: Executor | None = None,
    method: str = "auto",
    verify: str | None = None,
    boundary_tolerance: float = BOUNDARY,
    seed: int = 0,
    restarts: int | None = None,
    inner: int | None = None,
    certificate: str | os.PathLike[str] | None = None,
) -> FixedPoints:
    """All fixed points of a map, isolated ones and continua.

    Parameters
    ----------
    map : CanonicalMap
        Without input; ``map.with_input(s)`` holds an input on.
    max_nodes : int, optional
        Ends the search after about this number of nodes of the search tree.
    time_limit : float, optional
        Ends it after this number of seconds; None for no limit.
    progress : bool or callable, optional
        True shows how far the search is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.
    workers : int, optional
        Threads over subtrees.
    executor : concurrent.futures.Executor, optional
        Searches the subtrees instead of threads here: processes of this machine, or a cluster. The answer is the
        same. Limits hold for all tasks together: each gets the time that is left and an equal share of
        `max_nodes`; see the how-to page on clusters.
    method : str, optional
        ``"elimination"`` or ``"linear programs"`` force an engine; ``"auto"`` tries the uniqueness proof first and
        then takes the first for few ReLUs, the second for many. ``"scyfi"`` is the published heuristic, for sizes
        beyond both: it finds some, and is never complete.
    verify : str, optional
        ``"farkas"``: search by linear programs and re-check every cut in exact arithmetic; ``coverage`` says how
        many were proved, for the reduced problem as it stands in double precision. ``"rigorous"``: prove each
        point, its place and its stability, and that there are no others, in balls and exact arithmetic; see
        :class:`plrnn_analysis.results.Proof` and :class:`plrnn_analysis.results.WholeProof`. `time_limit` holds for
        search and proof together.
    boundary_tolerance : float, optional
        A point is flagged ``on_boundary`` if a ReLU argument is at most this fraction of the size of the
        terms it is made of.
    seed : int, optional
        Of the random bitcodes of ``"scyfi"``.
    restarts, inner : int, optional
        Of ``"scyfi"``: random bitcodes a round, and bitcodes followed from each; rounds go on while they find
        something new. The defaults, 10 and 20, are the published ones.
    certificate : path-like, optional
        A file, by custom ``*.cert.json.gz``, to write a proof to that the list is complete, which can be checked
        without this package; see :func:`plrnn_analysis.proofs.write_certificate`. `time_limit` holds for the writing
        anew.

    Returns
    -------
    FixedPoints
        ``complete`` is True only if all 2**H sign patterns were decided.

    Raises
    ------
    ModelError
        If an option is out of range.
    CertificateError
        If a certificate was asked for and could not be written, as for a list that is not complete. What was found is
        its attribute ``found``.

    Notes
    -----
    The state is eliminated first, which leaves a linear complementarity problem in the H ReLUs. If the
    symmetric part of I - G is positive definite there is exactly one fixed point, whatever H is. Else the
    sign patterns are searched: by Schur elimination, at most about ``2**H * 2 H`` operations, or by branch and
    bound, a linear program of H unknowns a node and a number of nodes that depends on the problem. The search runs in
    balanced units (:func:`plrnn_analysis.units.balanced`); it drops a subtree only where a sign is wrong by more than
    an error bound that holds for the given doubles, and what is left is decided by such bounds or, in doubt, in exact
    rational arithmetic. So ``complete`` is a statement about the given doubles. A point on a boundary has one bitcode:
    a ReLU whose argument is zero counts as inactive.

    References
    ----------
    R. W. Cottle, J.-S. Pang, R. E. Stone, *The Linear Complementarity Problem*, SIAM 2009,
    doi:10.1137/1.9780898719000, for P-matrices, Schur complements and principal pivoting.

    Examples
    --------
    The tent map ``x -> 1 - 2 |x|`` has one fixed point on each side of its kink.

    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> fps = find_fixed_points(tent.map)
    >>> [(p.bitcode, round(float(p.z[0]), 6)) for p in fps], fps.complete
    ([('0', -1.0), ('1', 0.333333)], True)
    """
    if map.n_inputs:
        map = map.with_input(None)
    if not boundary_tolerance >= 0.0:
        raise ModelError(f"boundary_tolerance must be >= 0, got {boundary_tolerance!r}")
    if certificate is not None:
        check_file(certificate, "certificate")
    heuristic = heuristic_settings(method, seed, restarts, inner)
    budget = Budget(max_nodes, time_limit, progress)
    checker = Checker([map])
    outcome, engine, notes = search_patterns(
        checker, budget, choose_workers(workers, executor), method, verify=verify, heuristic=heuristic
    )
    found = examine(
        checker,
        outcome.words,
        budget,
        lambda hits: describe_points(map, hits, boundary_tolerance, checker.units.map),
        lambda piece: continuum_of(map, piece),
    )
    coverage = coverage_of(
        outcome,
        map.n_relu,
        engine,
        budget,
        undecided=found.undecided,
        notes=(*notes, *found.notes),
        unit=float(np.min(checker.units.relu, initial=np.inf)),
    )
    result = FixedPoints(
        _items=tuple(found.described),
        complete=not coverage.stopped_by and coverage.undecided == 0,
        continua=tuple(found.continua),
        coverage=coverage,
    )
    if verify == RIGOROUS:
        from .rigor.searches import Searched, prove_fixed_points

        result = prove_fixed_points(result, Searched(checker, outcome), budget, workers)
    if certificate is not None:
        from .proofs import write_certificate

        write_certificate(map, result, certificate, time_limit=time_limit, progress=budget.reporter, workers=workers)
    return result
