"""``plrnn certify`` writes a certificate of the fixed points or cycles, ``plrnn verify`` checks one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .._files import check_file
from ..checkpoint_options import Checkpoint, InputOption, parse_numbers, takes_checkpoint
from ..errors import CertificateError, ModelError
from ..results import Cycles, FixedPoints
from ..trial_choice import held_input
from .shared import TimeLimit, Workers, end, interruptible, written

if TYPE_CHECKING:
    from ..model import PLRNN

__all__ = ["certify", "verify"]

CertificateArgument = Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="A file, NAME.cert.json.gz.")]


@takes_checkpoint
def certify(
    checkpoint: Checkpoint,
    certificate: CertificateArgument,
    max_period: Annotated[
        int, typer.Option("--max-period", min=1, metavar="N", help="Certify every cycle up to this period.")
    ] = 1,
    constant_input: InputOption = None,
    time_limit: TimeLimit = 60.0,
    workers: Workers = 1,
) -> None:
    """Find all fixed points, or cycles up to a period, and write a proof that there are no others.

    Anyone can check the proof. The time limit holds for the search and then for the writing. Exit codes are those of
    plrnn analyze.

    Example: plrnn certify rnn.safetensors rnn.cert.json.gz --max-period 3 --input 1,0
    """
    check_file(certificate, "CERTIFICATE")
    with interruptible() as ctrl_c:
        from .. import terminal

        held = parse_numbers(constant_input, "--input", float)
        model = checkpoint.load()
        at = held_input(model, held, "--input")
        terminal.print_model(model, checkpoint.path, held)
        asked = {"certificate": certificate, "progress": ctrl_c.progress, "time_limit": time_limit, "workers": workers}
        try:
            found = model.fixed_points(at, **asked) if max_period == 1 else model.cycles(max_period, at, **asked)
        except CertificateError as error:
            _print(error.found)
            typer.echo(f"plrnn: {error}", err=True)
            end(ctrl_c, False)
        else:
            _print(found)
            written(certificate)
            end(ctrl_c, True)


def _print(found: FixedPoints | Cycles) -> None:
    from .. import terminal

    if isinstance(found, Cycles):
        terminal.print_cycles(found)
    else:
        terminal.print_fixed_points(found)


@takes_checkpoint
def verify(checkpoint: Checkpoint, certificate: CertificateArgument, constant_input: InputOption = None) -> None:
    """Check that a certificate is of this network and proves what it says.

    The weights are compared, then tools/check_certificate.py checks the proof, or tools/check_reduction.py what plrnn
    reduce wrote: 250 lines of standard Python each, which share no code with this program.

    Example: plrnn verify rnn.safetensors rnn.cert.json.gz --input 1,0
    """
    from ..proofs import checker_path, verify_certificate
    from ..proofs.checking import format_of
    from ..reduce.certifying import FORMAT

    held = parse_numbers(constant_input, "--input", float)
    model = checkpoint.load()
    at = held_input(model, held, "--input")
    if format_of(certificate) == FORMAT:
        _verify_reduction(model, certificate, held)
        return
    found = verify_certificate(model.map.with_input(at), certificate)
    typer.echo(f"Verified by {checker_path()}")
    typer.echo(f"Network: SHA-256 {found.fingerprint}")
    for period, words in found.words.items():
        things = "fixed points are" if period == 1 else f"cycles of period {period} are"
        where = " Their subregions:" if words else ""
        typer.echo(f"The {things} {found.sentence(period)}, and no others.{where}")
        for word in words:
            typer.echo(f"  {' '.join(word)}")


def _verify_reduction(model: PLRNN, certificate: Path, held: list[float] | None) -> None:
    from ..reduce import reduction_checker_path, verify_reduction

    if held is not None:
        raise ModelError("--input: the inputs of a reduction stand in its certificate; leave the option out")
    found = verify_reduction(model.map, certificate)
    typer.echo(f"Verified by {reduction_checker_path()}")
    typer.echo(f"Network: SHA-256 {found.fingerprint}")
    typer.echo("On the domain in the certificate, of the ReLUs, counted from 0:")
    for words, relus in (
        ("always on", found.always_on),
        ("always off", found.always_off),
        ("without effect", found.without_effect),
        ("multiples of an earlier one", found.multiples),
    ):
        typer.echo(f"  {words}: {', '.join(map(str, relus)) or 'none'}")
    stays = "A step from the domain ends in it" if found.invariant else "That states stay in the domain is not claimed"
    typer.echo(f"{stays}.")
