"""What the claims speak of, measured on one network and its trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plrnn_analysis.maps import bits_from_string
from plrnn_analysis.model import PLRNN
from plrnn_analysis.modes import principal_components
from plrnn_analysis.results import Trajectory
from plrnn_analysis.symbols import compare_conditions, group_likeness, occupancy

__all__ = [
    "Concentration",
    "Exact",
    "FamilyTest",
    "Leading",
    "concentration",
    "exact",
    "exact_sentence",
    "family_test",
    "leading_mode",
    "linear_residual",
    "switch_rate",
    "valid_bitcodes",
]


def valid_bitcodes(run: Trajectory) -> list[np.ndarray]:
    """The bitcodes (steps, P) of each trial without its padding."""
    return [bits[valid] for bits, valid in zip(run.bitcodes, run.valid, strict=True)]


@dataclass(frozen=True)
class Concentration:
    """How few subregions are in use.

    Attributes
    ----------
    possible : float
        2^P.
    visited, for_90_percent : int
        Subregions visited at all, and those that hold nine tenths of the steps.
    effective : float
        Perplexity of the frequencies.
    independent : float
        The same if each unit were on as often as it is, but independently of the others.
    steps : int
    """

    possible: float
    visited: int
    for_90_percent: int
    effective: float
    independent: float
    steps: int


def concentration(run: Trajectory) -> Concentration:
    """Count the subregions of a run, padding left out.

    Parameters
    ----------
    run : Trajectory

    Returns
    -------
    Concentration
    """
    found = occupancy(run)
    on = run.flatten(run.bitcodes).mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.nansum(on * np.log(on)) - np.nansum((1 - on) * np.log(1 - on))
    return Concentration(
        possible=2.0 ** run.bitcodes.shape[2],
        visited=len(found),
        for_90_percent=found.n_for(0.9),
        effective=float(found.effective_number.plug_in),
        independent=float(np.exp(entropy)),
        steps=found.n_steps,
    )


@dataclass(frozen=True)
class Leading:
    """The slowest mode of the most visited subregion beside the first principal component of the states.

    Attributes
    ----------
    bitcode : str
    modulus : float
        Of the eigenvalue nearest to the unit circle.
    next_modulus : float
        Of the largest other one, its complex conjugate apart; 0 if there is none.
    cosine : float
        Norm of the first component's projection on the span of that mode, from 0 to 1.
    variance : float
        Share of the variance along the first component.
    components_for_90_percent : int
    participation_ratio : float
    """

    bitcode: str
    modulus: float
    next_modulus: float
    cosine: float
    variance: float
    components_for_90_percent: int
    participation_ratio: float


def leading_mode(network: PLRNN, run: Trajectory) -> Leading:
    """Compare the slowest mode with the first principal component.

    Parameters
    ----------
    network : PLRNN
    run : Trajectory
        Of that network.

    Returns
    -------
    Leading
    """
    bitcode = occupancy(run)[0].bitcode
    bits = bits_from_string(bitcode, network.map.n_relu)
    values, vectors = np.linalg.eig(network.map.jacobian(bits))
    first = int(np.argmin(np.abs(np.abs(values) - 1.0)))
    others = [float(abs(v)) for i, v in enumerate(values) if i != first and not np.isclose(v, np.conj(values[first]))]
    found = principal_components(run)
    vector = vectors[:, first]
    basis, sigma, _ = np.linalg.svd(np.stack([vector.real, vector.imag], axis=1), full_matrices=False)
    basis = basis[:, sigma > 1e-9 * sigma[0]]
    return Leading(
        bitcode=bitcode,
        modulus=float(abs(values[first])),
        next_modulus=max(others, default=0.0),
        cosine=min(float(np.linalg.norm(found.components[0] @ basis)), 1.0),
        variance=float(found.explained[0]),
        components_for_90_percent=int(np.searchsorted(np.cumsum(found.explained), 0.9) + 1),
        participation_ratio=float(found.participation_ratio),
    )


def linear_residual(network: PLRNN, run: Trajectory) -> float:
    """Largest difference between a run and the linear map of the subregion that each state lies in.

    Parameters
    ----------
    network : PLRNN
    run : Trajectory
        Driven by inputs.

    Returns
    -------
    float
        Relative to the largest state.
    """
    map = network.map
    assert run.inputs is not None  # the runs of tasks are driven
    before = np.concatenate([run.initial[:, None], run.states[:, :-1]], axis=1)
    scale, worst = float(np.abs(run.states).max()), 0.0
    for inputs, state, after in zip(run.inputs, before, run.states, strict=True):
        bits = map.bits(state)
        for code in np.unique(bits, axis=0):
            inside = np.all(bits == code, axis=1)
            predicted = state[inside] @ map.jacobian(code).T + map.offset(code) + inputs[inside] @ map.C.T
            worst = max(worst, float(np.abs(predicted - after[inside]).max()))
    return worst / scale if scale else worst


def switch_rate(run: Trajectory, chosen: np.ndarray) -> tuple[float, float]:
    """Share of steps at which the bitcode changes, at chosen steps and at all others, padding left out.

    Parameters
    ----------
    run : Trajectory
    chosen : (batch, T) ndarray of bool

    Returns
    -------
    tuple of float
        NaN where there is no such step.
    """
    changed = np.any(run.bitcodes[:, 1:] != run.bitcodes[:, :-1], axis=2)
    at, valid = chosen[:, 1:], run.valid[:, 1:]
    return tuple(float(changed[which].mean()) if which.any() else float("nan") for which in (at & valid, ~at & valid))  # type: ignore[return-value]


@dataclass(frozen=True)
class Exact:
    """What the exact analysis adds.

    Attributes
    ----------
    fixed_points : int
        Without input; continua count as one each.
    complete : bool
        Whether it is proved that there are no others.
    needed : int
        ReLUs that are left when those are removed of which it is proved that nothing changes within the visited ranges.
    """

    fixed_points: int
    complete: bool
    needed: int


def exact(network: PLRNN, run: Trajectory, time_limit: float = 10.0) -> Exact:
    """Search all fixed points and remove the ReLUs that do nothing.

    Parameters
    ----------
    network : PLRNN
    run : Trajectory
        Its ranges are the domain on which a ReLU has to do nothing.
    time_limit : float, optional
        Seconds of each of the two searches.

    Returns
    -------
    Exact
    """
    found = network.fixed_points(time_limit=time_limit)
    left = network.reduce(run, time_limit=time_limit).pwl_units if network.pwl_units else 0
    return Exact(len(found) + len(found.continua), found.complete, left)


def exact_sentence(entries: Sequence[Mapping[str, Any]]) -> str:
    """A sentence on the networks of rows that hold the fields of :class:`Exact`."""
    own = [entry for entry in entries if "fixed_points" in entry]
    if not own:
        return ""
    counts = [entry["fixed_points"] for entry in own]
    proved = sum(entry["complete"] for entry in own)
    span = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    spare = sum(entry["needed"] < entry["pwl_units"] for entry in own)
    return (
        f" Exact search: without input these networks have {span} fixed point{'' if counts == [1] * len(own) else 's'} "
        f"each, and in {proved} of {len(own)} it is proved that there are no others; in {spare} of them some ReLU is "
        "proved to do nothing on these trials."
    )


@dataclass(frozen=True)
class FamilyTest:
    """Whether related conditions use subregions more alike than unrelated ones.

    Attributes
    ----------
    within, between : float
        Mean Jensen-Shannon divergence in bits of pairs of one family, and of all others.
    p_value : float
        Share of relabellings of the conditions, the given one among them, that are at least as close within families.
    matrix : (C, C) ndarray
    conditions : tuple of str
    """

    within: float
    between: float
    p_value: float
    matrix: np.ndarray
    conditions: tuple[str, ...]


def family_test(
    parts: Mapping[str, Sequence[np.ndarray]],
    families: Sequence[Sequence[str]],
    relabellings: int = 9999,
    seed: int = 0,
) -> FamilyTest:
    """Divergence within families of conditions against that between them, tested by relabelling the conditions.

    Parameters
    ----------
    parts : mapping of str to sequence of (steps, P) ndarray of bool
        The trials of each condition, without padding.
    families : sequence of sequence of str
        Conditions that belong together; the others are on their own.
    relabellings : int, optional
    seed : int, optional

    Returns
    -------
    FamilyTest
    """
    found = compare_conditions({name: list(trials) for name, trials in parts.items()}, n_resamples=0, n_permutations=0)
    test = group_likeness(found, families, n_permutations=relabellings, seed=seed)
    pairs = len(found.conditions) * (len(found.conditions) - 1) // 2
    inside = sum(len(family) * (len(family) - 1) // 2 for family in families)
    return FamilyTest(
        within=test.within,
        between=(pairs * test.expected - inside * test.within) / (pairs - inside),
        p_value=test.p_value,
        matrix=found.matrix,
        conditions=found.conditions,
    )


def summary(value: Any) -> Any:
    """A dataclass of numbers as JSON types, for the numbers of a claim."""
    return {name: entry for name, entry in vars(value).items() if not isinstance(entry, np.ndarray)}
