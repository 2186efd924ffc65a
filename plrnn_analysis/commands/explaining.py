"""``plrnn explain``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..checkpoint_options import Checkpoint, InputsOption, takes_checkpoint
from ..trial_choice import trials_for
from .shared import end, interruptible

__all__ = ["explain"]


@takes_checkpoint
def explain(
    checkpoint: Checkpoint,
    inputs: InputsOption = None,
    targets: Annotated[
        Path | None,
        typer.Option("--targets", metavar="FILE", help="Outputs wanted at the last step, .npy (trials, outputs)."),
    ] = None,
    trials: Annotated[
        int,
        typer.Option("--trials", "-n", min=1, metavar="N", help="Trials drawn where the checkpoint names its task."),
    ] = 2000,
    modes: Annotated[int, typer.Option("--modes", min=1, metavar="N", help="Modes shown of each subregion.")] = 3,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of the trials.")] = 0,
) -> None:
    """Say what each subregion does, and which ReLUs the task needs.

    Trials come from --inputs, for a network trained on addition are drawn as its checkpoint says, or are those that the
    checkpoint brings.

    Example: plrnn explain net.pt --readout fc --inputs trials.npy --targets targets.npy
    """
    with interruptible() as ctrl_c:
        from .. import terminal
        from ..explain import ablation_table
        from ..terminal.printing import say

        model = checkpoint.load()
        driven, wanted = trials_for(model, inputs, targets, trials, seed)
        run = model.run(driven)
        assert run.inputs is not None  # it is driven
        terminal.print_model(model, checkpoint.path, None, driven=True)
        missing = "what subregions do"
        try:
            found = model.explain(run, n_modes=modes, progress=ctrl_c.progress)
            terminal.print_explanation(found, run.inputs, run.input_names)
            missing = "which ReLUs the task needs"
            if wanted is not None and model.relu_units:
                terminal.print_ablations(ablation_table(model, driven, wanted, progress=ctrl_c.progress))
        except KeyboardInterrupt:
            say(f"\nInterrupted before: {missing}.")
    end(ctrl_c, True)
