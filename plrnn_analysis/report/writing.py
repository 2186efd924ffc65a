"""Write a report: find everything, draw it, and put it into one page."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._files import check_directory, write_atomically
from .._signatures import checked
from .._validation import as_array
from ..analysis import Analysis
from ..appearance import by_visits, node_labels
from ..display.abbreviation import count_words, verb
from ..findings import Findings, Wanted, find_everything
from ..graph_summary import summarize_graph
from ..hooks import version
from ..interruption import Interruption
from ..statuses import EndKind
from ..summary import coverage_sentences, cycle_sentences
from .card import Fact, facts_of, training_of
from .downloads import collect_downloads
from .graph import BEND, FEW, GraphPicture, draw_graph
from .page import render_page
from .pictures import Picture, draw_pictures
from .proof import standing_of
from .sheets import MOST_ROWS
from .tables import report_sheets

if TYPE_CHECKING:
    from ..model import PLRNN

__all__ = ["PAGE", "Origin", "Tile", "make_report", "write_report"]

#: Name of the page in its directory.
PAGE = "report.html"
# A subregion in a sentence, where it has a shorter name.
_BITCODE = re.compile(r"\b[01]{2,}\b")
PACKAGES = ("numpy", "scipy", "numba", "python-flint", "networkx", "matplotlib", "Jinja2")


@dataclass(frozen=True)
class Origin:
    """Where a report comes from.

    Attributes
    ----------
    file : Path or None
        The checkpoint.
    command : str
        What was called.
    """

    file: Path | None
    command: str


@dataclass(frozen=True)
class Tile:
    """A number at the head of a page.

    Attributes
    ----------
    term, number, note : str
    """

    term: str
    number: str
    note: str


@dataclass(frozen=True)
class _Part:
    """Sentences under a heading."""

    title: str
    sentences: Sequence[str]


@checked
def write_report(
    model: PLRNN,
    directory: str | os.PathLike[str],
    constant_input: Any = None,
    *,
    trials: Any = None,
    probes: Any = None,
    max_period: int = 1,
    steps: int = 10_000,
    seed: int = 0,
    max_nodes: int | None = None,
    time_limit: float | None = 60.0,
    workers: int = 1,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> Path:
    """Find everything about a model, and write it to one page of HTML.

    The same as :meth:`plrnn_analysis.PLRNN.report`, and what ``plrnn report`` does.

    Parameters
    ----------
    model : PLRNN
    directory : path-like
        Is made, if there is none; the page in it is ``report.html``.
    constant_input : (K,) array_like, optional
        The input held on while fixed points and cycles are searched; None stands for zero input.
    trials : (n, T, K) array_like, RecordedTrials or False, optional
        What the model is made for; by default the trials that it brings. False lets it run freely.
    probes : (n, K) array_like, optional
        Inputs held on that are tried as well.
    max_period : int, optional
        Every cycle up to this period is searched; 1 for none.
    steps : int, optional
        For which free runs are followed.
    seed : int, optional
        Of their initial states.
    max_nodes, time_limit, workers
        Of the searches, as in :func:`plrnn_analysis.fixed_points.find_fixed_points`.
    checkpoint : path-like, optional
        The file that the model came from; the page has its name and SHA-256.
    progress : bool, optional
        Whether to show how far it is, on standard error.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    PLRNNError
        If the directory cannot be written to, or an argument is wrong.

    Notes
    -----
    The page needs nothing outside itself. Files that it offers are in it, those above 1.5 MB beside it. Ctrl-C ends the
    searches; the page is written with what is known by then, and says what is missing. A second one ends the call.

    Examples
    --------
    >>> import tempfile
    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = write_report(model, folder, steps=200)
    ...     print(page.name, "3 fixed points" in page.read_text(encoding="utf-8"))
    report.html True
    """
    k = model.n_inputs
    used = model.trials if trials is None else None if trials is False else trials
    wanted = Wanted(
        held=None if constant_input is None else as_array("constant_input", constant_input, (k,), "(K,)"),
        probes=() if probes is None else tuple(as_array("probes", probes, (None, k), "(n, K), one row per probe")),
        trials=used,
        max_period=max_period,
        steps=steps,
        seed=seed,
        max_nodes=max_nodes,
        time_limit=time_limit,
        workers=workers,
    )
    origin = Origin(None if checkpoint is None else Path(checkpoint), "model.report() in Python")
    check_directory(directory, "directory")
    with Interruption(progress) as ctrl_c:
        make_report(model, wanted, origin, directory, ctrl_c)
    return Path(directory) / PAGE


def make_report(
    model: PLRNN, wanted: Wanted, origin: Origin, directory: str | os.PathLike[str], ctrl_c: Interruption
) -> Findings:
    """Find everything and write the page.

    Parameters
    ----------
    model : PLRNN
    wanted : Wanted
    origin : Origin
    directory : path-like
        Is there, and can be written to.
    ctrl_c : Interruption
        Within its block this is called.

    Returns
    -------
    Findings
    """
    found = find_everything(model, wanted, ctrl_c)
    directory = Path(directory)
    graph, names, picture = None, {}, None
    if found.visited is not None:
        graph = model.transition_graph(found.visited, fixed_points=found.fixed_points)
        names = node_labels(by_visits(graph))
        picture = draw_graph(graph, names)
    pictures, left_out = draw_pictures(found, ctrl_c)
    sheets = report_sheets(found, names, None if graph is None else summarize_graph(graph))
    held = None if wanted.held is None else tuple(map(float, wanted.held))
    file = "" if origin.file is None else str(origin.file)
    record = Analysis.of(model, file, held, found.fixed_points, found.cycles, found.story).to_json(indent=2)
    standing = standing_of(model, found, left_out)
    page = render_page(
        title=repr(model).strip("<>") if origin.file is None else origin.file.resolve().name,
        tiles=_tiles(model, found, names),
        interrupted=_interrupted(found, left_out, ctrl_c.seen),
        contents=_contents(pictures, picture, bool(sheets)),
        card=facts_of(model, origin.file, wanted),
        training=training_of(model),
        findings=_findings(found, names),
        standing=[
            ("Proved", standing.proved, "Nothing."),
            ("Measured", standing.measured, "Nothing."),
            ("Not known", standing.unknown, "Nothing that was asked for."),
        ],
        lead=pictures[0] if pictures else None,
        pictures=pictures[1:],
        graph=picture,
        bend=BEND,
        arrow=9 if picture is not None and len(picture.nodes) <= FEW else 5,
        sheets=sheets,
        most_rows=MOST_ROWS,
        downloads=collect_downloads(directory, record, sheets, graph),
        made=_made(origin, wanted),
    )
    write_atomically(directory / PAGE, page.encode())
    return found


def _contents(pictures: Sequence[Picture], graph: GraphPicture | None, tables: bool) -> list[tuple[str, str]]:
    parts = [
        ("lead", "Fixed points", bool(pictures)),
        ("model", "Model", True),
        ("findings", "Findings", True),
        ("standing", "Proved or not", True),
        ("figures", "Figures", len(pictures) > 1),
        ("transitions", "Transition graph", graph is not None),
        ("tables", "Tables", tables),
        ("downloads", "Downloads", True),
        ("made", "How it was made", True),
    ]
    return [(anchor, name) for anchor, name, there in parts if there]


def _tiles(model: PLRNN, found: Findings, names: Mapping[str, str]) -> list[Tile]:
    """The numbers that one looks for first."""
    points, cycles, ends = found.fixed_points, found.cycles, found.ends
    stable = sum(point.stability.startswith("stable") for point in points)
    parts = [f"{stable} stable" if len(points) else "", *_continua(len(points.continua))]
    parts.append("complete" if points.complete else "not complete")
    tiles = [Tile("fixed points", f"{len(points):,}", ", ".join(filter(None, parts)))]
    if cycles is not None:
        longer = sum(cycle.period > 1 for cycle in cycles)
        tiles.append(Tile("cycles", f"{longer:,}", f"complete up to period {cycles.complete_up_to}"))
    if names:
        tiles.append(Tile("subregions in use", f"{len(names):,}", f"of at most 2^{model.pwl_units}"))
    if ends is not None:
        kinds = [end.kind for end in ends if end.kind not in (EndKind.DIVERGENT, EndKind.UNDECIDED)]
        several = [_ends_in_words(kinds.count(kind), kind) for kind in dict.fromkeys(kinds)]
        n = len(ends.assignment)
        rest = [f"{end.count} of {n} runs {_rest(end.kind, end.count)}" for end in ends if end.kind not in kinds]
        tiles.append(Tile("ends of free runs", str(len(kinds)), ", ".join([*several, *rest])))
    for section in found.story or ():
        if "pwl_units_needed" in section.numbers and model.pwl_units:
            needed = section.numbers["pwl_units_needed"]
            tiles.append(Tile("ReLUs needed", f"{needed:,}", f"of {model.pwl_units:,}, on the states in use"))
    return tiles


def _continua(n: int) -> list[str]:
    return [count_words(n, "continuum", "continua")] if n else []


def _ends_in_words(n: int, kind: EndKind) -> str:
    if kind is EndKind.CONTINUUM:
        return count_words(n, "continuum", "continua")
    return f"{n} {kind}" if kind in (EndKind.CHAOTIC, EndKind.QUASI_PERIODIC) else count_words(n, str(kind))


def _rest(kind: EndKind, n: int) -> str:
    return verb(n, "diverges", "diverge") if kind is EndKind.DIVERGENT else "undecided"


def _findings(found: Findings, names: Mapping[str, str]) -> list[_Part]:
    """What the terminal prints as well, in the same words; subregions by their short names."""
    parts = [_Part("Fixed points", coverage_sentences(found.fixed_points))]
    if found.cycles is not None:
        parts.append(_Part(f"Cycles up to period {found.cycles.max_period}", cycle_sentences(found.cycles)))
    parts += [_Part(section.title, section.sentences) for section in found.story or ()]

    def named(sentence: str) -> str:
        return _BITCODE.sub(lambda code: names.get(code[0], code[0]), sentence)

    return [_Part(part.title, list(map(named, part.sentences))) for part in parts]


def _interrupted(found: Findings, left_out: Sequence[str], seen: bool) -> str:
    """What stands at the head of a page that is not what was asked for."""
    if seen and (left_out or not found.complete):
        return "Interrupted: the page holds what was known by then. What is missing stands under “Not known”."
    if not found.complete:
        return "Not complete: a search ended early, or rounding left something undecided. See “Not known”."
    return ""


def _made(origin: Origin, wanted: Wanted) -> list[Fact]:
    limit = "no time limit" if wanted.time_limit is None else f"at most {wanted.time_limit:g} s per search"
    options = f"steps {wanted.steps:,}, longest period searched {wanted.max_period:,}, seed {wanted.seed}, {limit}"
    if wanted.max_nodes is not None:
        options += f", at most {wanted.max_nodes:,} nodes per search"
    packages = [f"{name} {metadata.version(name)}" for name in PACKAGES]
    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    return [
        Fact("command", origin.command, code=True),
        Fact("options", options),
        Fact("date", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
        Fact("versions", ", ".join([f"plrnn-analysis {version()}", python, *packages])),
    ]
