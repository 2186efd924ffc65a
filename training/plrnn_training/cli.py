"""The commands that train; they join ``plrnn`` through the entry-point group ``plrnn.commands``."""

from __future__ import annotations

import typer

from plrnn_analysis.command_group import CommandList

from .commands.demo import demo
from .commands.fit import fit_series, generate_series
from .commands.linear_limit import linear_limit_addition
from .commands.reproduce import reproduce_figures
from .commands.sparsify import sparsify
from .commands.sweep import sweep_task
from .commands.train_addition import train_addition
from .commands.train_trials import TaskOrFile, train_trials

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``train``, ``sweep``, ``linear-limit``, ``sparsify``, ``reproduce`` and ``demo`` to the command line.

    Parameters
    ----------
    app : typer.Typer
    """
    train = typer.Typer(
        cls=TaskOrFile,
        help="Train almost-linear RNNs: on a task by name, or on trials of your own (plrnn train FILE).\n\n"
        "Example: plrnn train addition --out runs/addition\n\n"
        "Example: plrnn train go-nogo.npz --out runs/go-nogo",
        subcommand_metavar="TASK|FILE [OPTIONS]",
        no_args_is_help=True,
    )
    train.command("addition")(train_addition)
    train.command("trials")(train_trials)
    app.add_typer(train, name="train")
    limit = typer.Typer(
        cls=CommandList,
        help="What no linear model can do, and what one ReLU changes.\n\n"
        "Example: plrnn linear-limit addition --out runs/linear-limit",
        no_args_is_help=True,
    )
    limit.command("addition")(linear_limit_addition)
    # A callback keeps `addition` a subcommand while it is the only one.
    limit.callback()(lambda: None)
    app.add_typer(limit, name="linear-limit")
    app.command("fit")(fit_series)
    app.command("generate")(generate_series)
    app.command("sparsify")(sparsify)
    app.command("sweep")(sweep_task)
    app.command("reproduce")(reproduce_figures)
    app.command("demo")(demo)
