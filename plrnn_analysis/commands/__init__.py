"""The commands that do one thing each, one file for each or for two that are alike."""

from __future__ import annotations

import typer

from .bifurcations import bifurcations
from .certificates import certify, verify
from .comparison import compare
from .explaining import explain
from .exporting import export
from .information import info
from .input_diagram import input_diagram
from .reduction import reduce
from .reporting import report
from .searches import attractors, cycles

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Let an application have them.

    Parameters
    ----------
    app : typer.Typer
    """
    app.command()(info)
    app.command()(cycles)
    app.command()(attractors)
    app.command()(bifurcations)
    app.command("input-diagram")(input_diagram)
    app.command()(reduce)
    app.command()(compare)
    app.command()(explain)
    app.command()(report)
    app.command()(certify)
    app.command()(verify)
    app.command()(export)
