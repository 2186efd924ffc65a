"""Which ReLUs does a model need? Over a stated domain, those that never switch are removed exactly."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from .._files import check_file
from .._signatures import checked
from .._validation import number, random_generator, whole
from ..engines.budget import Budget
from ..maps import CanonicalMap
from ..network import AnyNetwork, Network
from ..progress import ProgressOption, reports
from ..progress.reporting import OutOfTime
from ..statuses import ReluStatus, StoppedBy
from .answers import ReducedModel, UnitReport
from .certifying import write_reduction_certificate
from .deviation import Runs, deviation_bound, replaced, share_on, trials
from .domains import argument_ranges, choose_domain
from .invariance import Invariance, check_invariance
from .reachability import reach_for_ever
from .replacing import Findings, distinct, examine, remove_more, step_errors, with_one

__all__ = ["reduce"]


@reports("reduction")
@checked
def reduce(
    model: AnyNetwork,
    domain: Any,
    *,
    inputs: Any = None,
    inflate: float = 0.1,
    reachable: bool = False,
    horizon: int = 1,
    tolerance: float | None = None,
    samples: int = 1000,
    seed: int = 0,
    time_limit: float | None = 60.0,
    progress: ProgressOption = None,
    certificate: str | os.PathLike[str] | None = None,
) -> ReducedModel[AnyNetwork]:
    """Remove every ReLU that provably is not needed on a domain.

    Parameters
    ----------
    model : PLRNN
    domain : pair of (M,) array_like, Trajectory or Polytope
        Where the two models are to agree: a box, lower and upper corner; what a trajectory reaches; or any bounded
        polytope. Of a trajectory the ranges of the units, of the principal components and of what the ReLUs read are
        taken, each widened by `inflate`.
    inputs : pair of (K,) array_like, optional
        Lower and upper corner of the inputs. None takes the range seen in the trajectory, not widened, and elsewhere
        zero input.
    inflate : float, optional
        Each range of a trajectory is widened at both ends by this fraction of its width.
    reachable : bool, optional
        Take the domain as the set of initial states, and reduce over all that can be reached from it, under any inputs
        of the range, at any later time. Where no proof is found that this is bounded, the domain stays as given and
        `start` is None.
    horizon : int, optional
        Steps that error bounds are for.
    tolerance : float, optional
        Also remove ReLUs that switch, one after the other, as long as the proven bound of the change of any output
        within `horizon` steps, all removals together, is at most this.
    samples : int, optional
        Simulations for the measured columns.
    seed : int, optional
    time_limit : float, optional
        Seconds for everything together; None for no limit. Half of it at most goes into `reachable`, and half of what
        is left into `tolerance`. A ReLU that was not looked at in time is kept, error bounds that were not computed are
        infinite, measured errors NaN, and whether the domain is invariant may stay open. Ctrl-C does the same.
    progress : bool or callable, optional
        True shows how far the search is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.
    certificate : path-like, optional
        A file, by custom ``*.cert.json.gz``, to write a proof to of which ReLUs are always on, always off, without
        effect or multiples of one another on the domain, and of its invariance where that is proved. It can be checked
        without this package; see :func:`plrnn_analysis.reduce.verify_reduction`. `time_limit` holds for it anew.

    Returns
    -------
    ReducedModel

    Raises
    ------
    ModelError
        If the domain is empty, unbounded or of the wrong shape, a trajectory is not finite or not of this model, or an
        option is out of range.
    CertificateError
        If a certificate was asked for and could not be written. The answer is its attribute ``found``.

    Notes
    -----
    Two linear programs per ReLU bound its argument over the domain; the bounds are re-computed from the multipliers,
    so that the solver's tolerances do not matter. Whether an argument whose bounds pass zero by rounding passes it is
    decided exactly. A ReLU that is always on becomes linear, one always off disappears; ReLUs that are no state units
    and read multiples of one another are merged.

    If each ReLU left switches inside the domain, and no two on the same hyperplane, the map has a kink along that many
    hyperplanes, and a map with fewer ReLUs has not: then `minimal` is True.

    Outputs are ``B z``; for a model without readout, the state. Error bounds over several steps carry the set of
    possible differences forward as a zonotope. They hold as long as the original model stays in the domain and may grow
    fast; for one step they are exact. Measured is on pieces of the trajectory, at most as long as it is, or else on
    random states of the domain. Inputs are the trajectory's if all lie in the range, else random ones of the range.
    Steps after the original has left the domain, by more than rounding, do not count.

    With `reachable` a zonotope is followed from the domain until it lies inside its beginning. The cost is that of 2 H
    linear programs in M + K unknowns, a few for each condition of the domain, and for the error bounds
    O(H · horizon · M³) operations.

    Examples
    --------
    Unit 1 is always on where the state is positive, unit 2 switches.

    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5, 0.5, 0.5], W=[[0, 1, 1], [0, 0, 0], [0, 0, 0]], h=[0, 1, 0], pwl_units=2)
    >>> small = reduce(model, ([-9, 0, -1], [9, 3, 1]))
    >>> small
    <ReducedModel: P = 2 -> 1, equal on the domain; invariant: True>
    >>> small.table()["status"]
    ['always on', 'switches']
    """
    _check_options(inflate, horizon, tolerance, samples)
    if certificate is not None:
        check_file(certificate, "certificate")
    horizon = int(horizon)
    rng = random_generator(seed)
    budget = Budget(None, time_limit, progress)
    place = choose_domain(model.map, domain, inputs, inflate)
    reach = None
    if reachable:
        reaching = budget.portion(0.5)
        reach = reach_for_ever(model.map, place, reaching)
        _hand_on(reaching, budget)
    place = place if reach is None else reach.domain
    # An AL-RNN must stay one; its ReLUs read one unit each, so that there is nothing to merge.
    found = examine(model.map, place, model.relu_units is None, budget)
    readout = np.eye(model.n_units) if model.B is None else model.B
    initial, driven = trials(domain, place, horizon, samples, rng)
    runs = Runs.start(model.map, initial, driven, place.polytope, budget)
    linear, gone = found.on, found.off
    bound, measured, cut_short = 0.0, 0.0, StoppedBy.NOTHING
    if tolerance is not None:
        removal = budget.portion(0.5)
        linear, gone, bound = remove_more(found, readout, horizon, tolerance, removal)
        cut_short = removal.stopped_by
        _hand_on(removal, budget)
    small = replaced(found.map, linear, gone)
    # A bound of 0 is no proof of equality: the readout may not see what was removed.
    approximate = bool(np.any((linear & ~found.on) | (gone & ~found.off)))
    if approximate:
        measured = runs.largest_change(small, readout, _no_check)
    share = share_on(domain, model.map, initial, driven)
    rows = tuple(
        _report(model, found, i, linear, gone, float(share[i]), runs, readout, horizon, budget)
        for i in range(found.map.n_relu)
    )
    ranges = found.lowest, found.highest
    if found.merged:
        before = argument_ranges(model.map, place, budget)
        ranges = before.lowest, before.highest
    stays = Invariance(None, None, None, 0)
    if reach is None and not budget.stopped_by:
        stays = check_invariance(model.map, place, ranges, budget)
    stopped_by = cut_short
    if not found.settled:
        stopped_by = budget.stopped_by or StoppedBy.NUMERICS
    if budget.stopped_by is StoppedBy.INTERRUPT:
        stopped_by = StoppedBy.INTERRUPT
    result = ReducedModel(
        _items=rows,
        model=_build(model, rows, small),
        map=small,
        domain=place.polytope,
        inputs=(place.s_low, place.s_high),
        start=None if reach is None else reach.start,
        invariant=stays.invariant,
        escape=None if stays.state is None or stays.input is None else (stays.state, stays.input),
        minimal=not approximate and bool(np.all(found.needed[~(linear | gone)])) and distinct(small, place),
        horizon=horizon,
        error_bound=bound,
        measured_error=measured,
        complete=not stopped_by and found.settled,
        stopped_by=stopped_by,
    )
    if certificate is not None:
        write_reduction_certificate(
            model.map,
            place,
            found.on,
            found.off & ~found.nothing,
            found.merged,
            stays.invariant is True,
            certificate,
            Budget(None, time_limit, progress),
            result,
        )
    return result


def _hand_on(part: Budget, budget: Budget) -> None:
    """Ctrl-C in a part ends the whole; its share of the time alone does not."""
    if part.stopped_by is StoppedBy.INTERRUPT:
        budget.stop(part.stopped_by)


def _no_check() -> None:
    """Of what is short."""


def _check_options(inflate: float, horizon: int, tolerance: float | None, samples: int) -> None:
    number("inflate", inflate, least=0.0)
    whole("horizon", horizon, 1)
    whole("samples", samples, 1)
    if tolerance is not None:
        number("tolerance", tolerance, least=0.0, infinite=True, remark="or None")


def _report(
    model: Network,
    found: Findings,
    i: int,
    linear: np.ndarray,
    gone: np.ndarray,
    share: float,
    runs: Runs,
    readout: np.ndarray,
    horizon: int,
    budget: Budget,
) -> UnitReport:
    """The row of one ReLU; errors are those of replacing it beside what is removed exactly."""
    budget.reporter.say(step="errors of replacing", done=i, total=found.map.n_relu)
    bounds, measured = [0.0, 0.0], [0.0, 0.0]
    for mode, slack in enumerate(found.slack):
        if slack[i] > 0.0:
            # If the time is up nothing is known.
            bounds[mode], measured[mode] = np.inf, np.nan
            if budget.is_over():
                continue
            pair = with_one(found, i, mode, found.on, found.off)
            variant = replaced(found.map, *pair)
            try:
                bounds[mode] = deviation_bound(variant, step_errors(found, *pair), readout, horizon, budget.check)
                measured[mode] = runs.largest_change(variant, readout, budget.check)
            except OutOfTime:
                budget.stop("time_limit")
            except KeyboardInterrupt:
                budget.stop("interrupt")
    status = "no effect" if found.nothing[i] else "always on" if found.on[i] else "always off" if found.off[i] else ""
    weight = float(np.max(np.abs(found.map.W[:, i])))
    return UnitReport(
        unit=i if model.relu_units is None else model.relu_units[i],
        status=ReluStatus("merged" if i in found.merged else status or "switches"),
        replacement="merged" if i in found.merged else "linear" if linear[i] else "off" if gone[i] else "",
        lowest=float(found.lowest[i]),
        highest=float(found.highest[i]),
        share_on=share,
        step_linear=weight * float(found.slack[0][i]),
        step_off=weight * float(found.slack[1][i]),
        bound_linear=bounds[0],
        bound_off=bounds[1],
        measured_linear=measured[0],
        measured_off=measured[1],
    )


def _build(model: AnyNetwork, rows: tuple[UnitReport, ...], small: CanonicalMap) -> AnyNetwork:
    """The smaller model in an architecture of its own."""
    if model.relu_units is not None:
        for row in rows:
            if row.replacement:
                model = model.ablate(row.unit, row.replacement)
        return model
    if not any(row.replacement for row in rows):
        return model
    parameters = {"A": small.A, "W1": small.W, "W2": small.V, "h1": small.h, "h2": small.c}
    if small.n_inputs:
        parameters["C"] = small.C
    if np.any(small.E):
        parameters["E"] = small.E
    metadata = {**model.metadata, "reduced_from": {"architecture": model.architecture, "relus": len(rows)}}
    return type(model)("shallow", parameters, None, model.B, model.b, metadata, model.trials)
