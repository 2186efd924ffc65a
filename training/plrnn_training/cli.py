"""The commands that train; they join ``plrnn`` through the entry-point group ``plrnn.commands``."""

from __future__ import annotations

import typer

from .commands.demo import demo
from .commands.linear_limit import linear_limit_addition
from .commands.train import train_addition

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``train``, ``linear-limit`` and ``demo`` to the command line.

    Parameters
    ----------
    app : typer.Typer
    """
    train = typer.Typer(help="Train almost-linear RNNs.", no_args_is_help=True)
    train.command("addition")(train_addition)
    # A callback keeps `addition` a subcommand while it is the only one.
    train.callback()(lambda: None)
    app.add_typer(train, name="train")
    limit = typer.Typer(help="What no linear model can do, and what one ReLU changes.", no_args_is_help=True)
    limit.command("addition")(linear_limit_addition)
    limit.callback()(lambda: None)
    app.add_typer(limit, name="linear-limit")
    app.command("demo")(demo)
