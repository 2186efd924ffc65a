"""What the linear-limit experiment found, in words: theorems apart from measurements, every number computed."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.explain import Ablation

if TYPE_CHECKING:
    from .linear_limit import AblationFindings, Limits, Measured

__all__ = ["linear_limit_text"]

# One-sided level of all tests of a report together.
_LEVEL = 0.01


def linear_limit_text(found: Limits) -> str:
    """The report as Markdown.

    Parameters
    ----------
    found : Limits

    Returns
    -------
    str
    """
    blocks = [_theorems(found), _setting(found), _linear(found), _nonlinear(found)]
    blocks += [_ablation(found, a) for a in found.ablations]
    return "\n\n".join(["# What no linear network can do: addition", *blocks, _table(found)]) + "\n"


def _theorems(found: Limits) -> str:
    task, floor = found.task, found.affine_floor
    applies = (
        f"It binds here: read out without a blank step, so no network of this report can be below "
        f"{found.readout_floor:.6g}."
        if task.blank_steps == 0
        else f"These networks are read out after {count_words(task.blank_steps, 'blank step')}: it does not bind them."
    )
    return (
        "## Theorems\n\n"
        f"1. **Affine floor.** A network without ReLU (P = 0), of any size and however trained, is affine in the whole "
        f"sequence. No affine predictor has an expected MSE below 1/6 - sum p_t^2/12 = **{floor:.8f}** "
        f'(T = {task.length}, marks "{task.marks}").\n'
        "2. **Certificate.** On one of four short trials every affine predictor errs by at least 1/4, since "
        "f(s1) - f(s2) = f(s3) - f(s4) while the targets' differences differ by 1.\n"
        "3. **One ReLU is enough.** acc + relu(value + mark - 1) has no error after one blank step, for every T; "
        f"computed on 1,000 trials of this length: MSE {found.exact_solver_mse:.1e}. So the smallest sufficient P is "
        "1.\n"
        f"4. **Readout floor.** Read out at the last input step itself, every AL-RNN of any P has an MSE of at least "
        f"p(1 - p)/12 = {found.readout_floor:.6g}, p the probability of a mark there. {applies}"
    )


def _setting(found: Limits) -> str:
    least = found.least_squares
    low, high = least.interval
    inside = "holds" if low <= found.affine_floor <= high else "does NOT hold"
    return (
        "## Measurements\n\n"
        f"{len(found.models)} networks with {found.n_units} units, trained as one ensemble for "
        f"{found.recipe.iterations} iterations (batch {found.recipe.batch}, init {found.recipe.init}), loaded back and "
        f"measured in double precision on {found.recipe.test_trials:,} trials that nothing else has seen. Solved means "
        f"a test MSE below {found.task.threshold:g}.\n\n"
        f"Least squares on {least.n_train:,} simulated trials has an MSE of {least.score:.6f} on {least.n_test:,} "
        f"others; its {100 * least.confidence:g} % bootstrap interval, {low:.6f} to {high:.6f}, {inside} the floor of "
        f"theorem 1."
    )


def _linear(found: Limits) -> str:
    own = [m for m in found.models if m.population_mse is not None]
    if not own:
        return "There is no network with P = 0 in this run."
    above = [m.population_mse - found.affine_floor for m in own if m.population_mse is not None]
    verdict = "as theorem 1 says" if min(above) >= 0 else "AGAINST theorem 1: something is wrong"
    significant = [m for m in own if m.p_below_floor < _LEVEL / len(found.models)]
    return (
        f"**P = 0.** The expected MSE, in closed form from the impulse response of the file's weights, is "
        f"{min(above):.2e} to {max(above):.2e} above the floor in {count_words(len(own), 'network')}: {verdict}. "
        f"Below it: {sum(a < 0 for a in above)}. The sampled test MSE has a standard error of about "
        f"{median(m.test_mse_error for m in own):.1e} and may fall on either side; significantly below the floor "
        f"(one-sided, level {_LEVEL:g} over all {len(found.models)} networks by Bonferroni): {len(significant)}. "
        f"Superposition gap, largest: {max(m.superposition_gap for m in own):.1e} of the output scale: affine to "
        "rounding."
    )


def _nonlinear(found: Limits) -> str:
    lines = []
    for p in sorted({m.pwl_units for m in found.models} - {0}):
        own = [m for m in found.models if m.pwl_units == p]
        below = [m for m in own if m.p_below_floor < _LEVEL / len(found.models)]
        solved = [m for m in own if m.solved]
        gap = f", superposition gap of these at least {min(m.superposition_gap for m in solved):.2f}" if solved else ""
        seeds = found.p_seeds.get(p)
        over_seeds = "" if seeds is None else f"; t-test of log MSE over seeds, one-sided: p = {seeds:.1e}"
        lines.append(
            f"**P = {p}.** {len(solved)} of {len(own)} solved{gap}; median test MSE "
            f"{median(m.test_mse for m in own):.2e}; significantly below the floor: {len(below)} of {len(own)}"
            f"{over_seeds}."
        )
    return "\n\n".join(lines) if lines else "There is no network with ReLUs in this run."


def _ablation(found: Limits, a: AblationFindings) -> str:
    above = a.linear_population_mse >= found.affine_floor
    gate = (
        f"No single ReLU is needed (replaced, the error stays within ten times that of the intact network, "
        f"{a.table[0].mse:.1e})."
        if not a.gate_units
        else f"The gate: unit {' and unit '.join(map(str, a.gate_units))}. Where one such ReLU is replaced, linear or "
        "off, the error is more than ten times as large."
    )
    lines = [
        f"## Ablation: P = {a.pwl_units}, seed {a.seed} (best on validation trials)",
        "",
        "| unit | replaced by | MSE |",
        "|---|---|---|",
        *(f"| {_unit(r)} | {r.replacement} | {r.mse:.3e} |" for r in a.table),
        "",
        f"{gate} With every ReLU linear the expected MSE is {a.linear_population_mse:.6g}: "
        f"{'not below' if above else 'BELOW'} the floor. The rest of the weights is left as it is, so an ablated error "
        "may be far above the floor: it says that the ReLU is used, not how well a retrained network would do.",
    ]
    return "\n".join(lines)


def _unit(row: Ablation) -> str:
    return "-" if not row.units else str(row.units[0]) if len(row.units) == 1 else "all"


def _table(found: Limits) -> str:
    head = "| P | seed | test MSE | ± | expected MSE | superposition gap | p (below floor) | solved |"
    return "\n".join(["## All networks", "", head, "|---|---|---|---|---|---|---|---|", *map(_row, found.models)])


def _row(m: Measured) -> str:
    expected = "" if m.population_mse is None else f"{m.population_mse:.8f}"
    return (
        f"| {m.pwl_units} | {m.seed} | {m.test_mse:.3e} | {m.test_mse_error:.1e} | {expected} | "
        f"{m.superposition_gap:.2g} | {_p_value(m.p_below_floor)} | {'yes' if m.solved else 'no'} |"
    )


def _p_value(p: float) -> str:
    return "< 1e-300" if p < 1e-300 else f"{p:.2g}"
