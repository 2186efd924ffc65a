"""What a network is, and what its checkpoint brings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .._wording import in_a_line
from ..checkpoint_options import in_options
from ..display.abbreviation import count_words
from .printing import say
from .tables import new_table

if TYPE_CHECKING:
    from ..model import PLRNN

__all__ = ["print_contents", "print_model", "print_subregions"]

# Subregions are listed one by one up to this many ReLUs.
LISTED_RELUS = 4
# Letters of a note, or of a setting of the training.
LONGEST = 2000


def print_model(model: PLRNN, checkpoint: Path, constant_input: Sequence[float] | None, driven: bool = False) -> None:
    """Where a model comes from and how large it is.

    Parameters
    ----------
    model : PLRNN
    checkpoint : Path
    constant_input : sequence of float or None
    driven : bool, optional
        Whether trials drive the model, so that there is no constant input to speak of.
    """
    n = model.pwl_units
    sizes = [count_words(model.n_units, "unit"), count_words(n, "ReLU"), f"at most 2^{n} subregions"]
    sizes += [count_words(model.n_inputs, "input"), count_words(model.n_outputs, "output")]
    say(in_a_line(str(checkpoint), LONGEST), style="bold")
    say(f"{model.architecture}: {', '.join(sizes)}")
    if model.n_inputs and not driven:
        held = "zero" if constant_input is None else ", ".join(f"{s:g}" for s in constant_input)
        say(f"constant input: {held}")
    for note in model.notes:
        say(f"Note: {in_a_line(in_options(note), LONGEST)}.")


def print_contents(model: PLRNN) -> None:
    """What a checkpoint brings beside the weights: names, trials, and how the model was trained.

    Parameters
    ----------
    model : PLRNN
    """
    for what, names in (("inputs", model.input_names), ("outputs", model.output_names)):
        if names:
            say(f"{what}: {', '.join(map(in_a_line, names))}")
    if model.trials is not None:
        say(f"trials: {repr(model.trials)[1:-1].partition(': ')[2]}")
    if model.training:
        say(f"training: {', '.join(f'{in_a_line(k)} {in_a_line(str(v), LONGEST)}' for k, v in model.training.items())}")


def print_subregions(model: PLRNN, constant_input: Sequence[float] | None) -> None:
    """The subregions of a model, if they are few.

    Parameters
    ----------
    model : PLRNN
    constant_input : sequence of float or None
    """
    if model.pwl_units > LISTED_RELUS:
        say(f"(subregions are listed for up to {LISTED_RELUS} ReLUs only)")
        return
    table = new_table("Subregions", "bitcode", "spectral radius", "fixed point inside")
    for region in model.regions(constant_input=constant_input):
        inside = "yes" if region.contains_fixed_point else "no" if region.fixed_point is not None else "singular"
        table.add_row(region.bitcode, f"{region.spectral_radius:.6g}", inside)
    say(table)
