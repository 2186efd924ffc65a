"""Whatever a file calls things, it is shown as the text that it is: nothing acts, nothing is forged, nothing raises."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import networkx
import pytest
from hostile_names import FORGED, TEXTS, acting, named_network
from matplotlib import cbook
from matplotlib.figure import Figure
from matplotlib.text import Text
from reading_pages import Page
from typer.testing import CliRunner

import plrnn_analysis as pa
from plrnn_analysis import cli, plotting, symbols
from plrnn_analysis.plotting.style import drawn_name
from plrnn_analysis.report.page import HERE

EIGHT = 8


def groups(texts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Eight at a time, each of them once."""
    return (texts[i : i + EIGHT] for i in range(0, len(texts), EIGHT))


def check_terminal(file: Path, folder: Path) -> int:
    commands: tuple[tuple[object, ...], ...] = (
        ("info", file),
        ("info", file, "--json", "-"),
        ("analyze", file, "--max-period", 1, "--steps", 200),
        ("explain", file),
        ("graph", file, "--out", folder / "graph.graphml"),
        ("input-diagram", file, "--vary", "1=-1,1"),
        ("info", file.with_name("no such file")),
    )
    for command in commands:
        done = CliRunner().invoke(cli.app, [str(part) for part in command])
        assert done.exit_code == (2 if command == commands[-1] else 0), (command[0], done.output, done.exception)
        assert not acting(done.output), (command[0], ascii(acting(done.output)))
        assert FORGED not in [line.strip() for line in done.output.splitlines()], command[0]
        if "--json" in command:
            assert json.loads(done.output)["output_names"] == list(pa.load(file).output_names)
    ElementTree.parse(folder / "graph.graphml")
    assert networkx.read_graphml(folder / "graph.graphml").number_of_nodes() > 1
    return len(commands)


def check_results(model: pa.PLRNN, run: pa.results.Trajectory, folder: Path) -> int:
    found = (model, model.trials, run, model.fixed_points(), model.cycles(max_period=2), model.attractors(),
             model.input_diagram(0, (-1, 1)), model.explain(run), model.slow_manifolds(run))  # fmt: skip
    for one in found:
        assert one is not None
        name = type(one).__name__
        assert not acting(f"{one!r}{one}", lines=False), name
        page = one._repr_html_()
        assert not acting(page, lines=False) and not re.search("<(script|img|style|svg)|<[^>]* on", page), name
        text = one.to_json(folder / "record.json")
        assert not acting(text), name
        again = pa.from_json(folder / "record.json")
        for names in ("input_names", "output_names"):
            assert getattr(again, names, ()) == getattr(one, names, ()), name
    frame = run.to_pandas()
    assert frame.shape[1] == 4 + 2 + 4 + 4
    return len(found)


def drawn(figure: Figure) -> list[str]:
    """Draw it; the texts in it that are no mathematics."""
    figure.savefig(io.BytesIO(), format="png", dpi=20)
    return [text.get_text() for text in figure.findobj(Text) if not cbook.is_math_text(text.get_text())]


def check_figures(model: pa.PLRNN, run: pa.results.Trajectory) -> int:
    points, explained = model.fixed_points(), model.explain(run)
    assert model.trials is not None
    divergences = symbols.compare_conditions(run, model.trials.labels)
    assert model.B is not None
    figures = {
        plotting.plot_trial(run): (*model.input_names, *model.output_names),
        plotting.plot_state_plane(run, colour="output").figure: model.output_names[:1],
        plotting.plot_fixed_points(points, run, outputs=(0, 1)).figure: model.output_names[:2],
        plotting.plot_input_diagram(model.input_diagram(1, (-1, 1)), readout=model.B[2]).figure: model.input_names[1:2],
        plotting.plot_modes(explained, output_names=model.output_names).figure: (),
        plotting.plot_condition_divergences(divergences): divergences.conditions,
    }
    for figure, names in figures.items():
        texts = drawn(figure)
        for name in names:
            assert not name.strip() or drawn_name(name) in texts, name[:50]
    return len(figures)


def check_report(model: pa.PLRNN, folder: Path) -> int:
    page = Page(model.report(folder / "report", max_period=1).read_text(encoding="utf-8"))
    script = (HERE / "page.js").read_text(encoding="utf-8")
    assert [data for tag, data in page.texts if tag == "script"] == [script]
    assert page.unclosed == [] and not acting(page.source)
    for tag, attributes in page.elements:
        assert not any(name.startswith("on") or "javascript:" in value for name, value in attributes.items()), tag
    for name in model.input_names:
        if len(name) < 100 and name.isprintable():
            assert " ".join(name.split()) in page.text, name
    return 1


def check_exports(model: pa.PLRNN, folder: Path) -> int:
    """The same files as those of a network without names."""
    plain = pa.PLRNN("al_rnn", model.parameters, model.relu_units, model.B)
    for ending, options in ((".mps", {}), (".lp", {}), (".vnnlib", {"box": 5.0}), (".onnx", {})):
        model.export(folder / f"net{ending}", **options)
        named = (folder / f"net{ending}").read_bytes()
        plain.export(folder / f"net{ending}", **options)
        assert named == (folder / f"net{ending}").read_bytes(), ending
    model.fixed_points(certificate=folder / "net.cert.json.gz")
    done = CliRunner().invoke(cli.app, ["verify", str(folder / "net.safetensors"), str(folder / "net.cert.json.gz")])
    assert done.exit_code == 0, done.output
    return 5


def check_all(texts: tuple[str, ...], folder: Path) -> int:
    """How many outputs are right."""
    model = named_network(texts)
    for file in (folder / "net.npz", folder / "net.safetensors"):
        pa.save(model, file)
        read = pa.load(file)
        assert read.metadata == model.metadata and read.trials is not None and model.trials is not None
        assert read.trials.condition_names == model.trials.condition_names
    run = model.run(model.trials)
    return (
        check_terminal(folder / "net.safetensors", folder)
        + check_results(model, run, folder)
        + check_figures(model, run)
        + check_report(model, folder)
        + check_exports(model, folder)
    )


def test_some_hostile_names(tmp_path: Path) -> None:
    controls = ("\x1b]0;x\x07\x9b1m", "\u202ea\u2066", f"x\n{FORGED}\r\t", "\ud800\x00")
    some = (*controls, "$\\frac$", "_<script>alert(1)</script>", "x" * 10_000, "")
    check_all(some, tmp_path)


@pytest.mark.slow
def test_hostile_names(tmp_path: Path, tried: Callable[[str, int], None]) -> None:
    for texts in groups(TEXTS):
        tried("hostile names", len(texts) * check_all(texts, tmp_path))
