"""Reports: one page that needs nothing else, says what was found, and takes text from files for text."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import signal
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pytest
from matplotlib.figure import Figure
from reading_pages import Page
from typer.testing import CliRunner, Result

import plrnn_analysis as pa
from plrnn_analysis import PLRNNError, cli, from_json
from plrnn_analysis.recorded_trials import RecordedTrials
from plrnn_analysis.report import downloads, graph, write_report
from plrnn_analysis.report.inline_svg import inline_svg
from plrnn_analysis.report.page import HERE

# What a file may call things: markup, quotes, a terminal's escape, an override of the direction, another script, maths.
EVIL = "</script><script>alert(1)</script>", "\"' onload=alert(2) x='", "\x1b[2J\u202eabc", "עברית $\\frac$ <!--"
SWITCH: dict[str, Any] = {"A": [0.5, 0.5], "W": [[0, -1], [-1, 0]], "h": [1, 1], "C": np.eye(2), "pwl_units": 2}


def plrnn(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(a) for a in arguments])


def report_of(model: pa.PLRNN, directory: Path, **options: Any) -> Page:
    return Page(write_report(model, directory, **options).read_text(encoding="utf-8"))


def evil_switch() -> pa.PLRNN:
    trials = RecordedTrials(
        np.random.default_rng(0).uniform(0, 2, (6, 12, 2)), [0, 0, 0, 1, 1, 1], condition_names=(EVIL[0], EVIL[3])
    )
    metadata = {
        "input_names": [EVIL[0], EVIL[2]],
        "output_names": [EVIL[1], "=1+1"],
        "training": {EVIL[0]: EVIL[1], "task": EVIL[3], "data": [1, {"a": EVIL[2]}], "keep": None},
        "notes": [EVIL[2], EVIL[0]],
    }
    model = pa.PLRNN.al_rnn(**SWITCH, B=np.eye(2))
    return pa.PLRNN("al_rnn", model.parameters, model.relu_units, model.B, None, metadata, trials)


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, Path]:
    """The page of the command on a file that has the worst of names, itself included."""
    folder = tmp_path_factory.mktemp("report")
    file = folder / "<b>&\"' $x$.safetensors"
    pa.save(evil_switch(), file)
    result = plrnn("report", file, "-o", folder / "out", "--max-period", 2, "--probe", "2,0")
    assert result.exit_code == 0, result.output
    assert "Complete: all 2^2 subregions were decided." in result.stdout and "Written: " in result.stdout
    return Page((folder / "out" / "report.html").read_text(encoding="utf-8")), file


def assert_sound(page: Page) -> None:
    """What holds of every page."""
    assert page.unclosed == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    anchors = set()
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            anchors |= set(re.findall(r"url\(#([^)]+)\)", value))
            if name in ("href", "src"):
                inside = value.startswith(("#", "data:"))
                assert inside or re.fullmatch(r"[\w-]+\.(json|graphml|csv)", value), value[:80]
                anchors |= {value[1:]} if value.startswith("#") else set()
            elif name in ("aria-labelledby", "aria-describedby"):
                anchors |= set(value.split())
            elif not value.startswith("data:"):
                assert "//" not in value or name == "title", (tag, name, value[:80])
    assert anchors <= set(ids)
    styles = "".join(data for tag, data in page.texts if tag == "style")
    assert "@import" not in styles and not re.search(r"url\((?!#)", styles)
    for tag in ("svg", "img"):
        assert all(attributes.get("aria-label") or attributes.get("alt") for attributes in page.named(tag))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(page.named("script")) == 1
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page.source)


def test_the_page_is_sound_whatever_names_a_file_has(evil: tuple[Page, Path]) -> None:
    page, file = evil
    assert_sound(page)
    script = (HERE / "page.js").read_text(encoding="utf-8")
    assert [data for tag, data in page.texts if tag == "script"] == [script]
    # The policy lets this script run and nothing else, neither from here nor from elsewhere.
    (policy,) = (meta["content"] for meta in page.named("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy
    # Names are there, as text.
    for name in (*EVIL[:2], "עברית $\\frac$ <!--", "\\x1b[2J\\u202eabc", file.name):
        assert " ".join(name.split()) in page.text, name


def test_it_says_what_was_found(evil: tuple[Page, Path]) -> None:
    page, file = evil
    assert hashlib.sha256(file.read_bytes()).hexdigest() in page.text
    assert "all 2^2 subregions were decided. There is no fixed point other than the 3 points listed." in page.text
    for title in ("Where free runs end", "Conditions", "Under constant input 2, 0", "Which ReLUs are needed"):
        assert title in [data for tag, data in page.texts if tag == "h3"]
    assert "The list of cycles is complete up to period 2." in page.text
    assert "Cycles of a period above 2 that no free run ends in." in page.text
    assert f"plrnn-analysis {pa.__version__}" in page.text and "matplotlib" in page.text
    assert "6 trials of 12 steps that the checkpoint brings" in page.text
    labels = [svg["aria-label"] for svg in page.named("svg")]
    assert labels[0] == "3 fixed points and trials in a plane of state space."
    assert "Divergences between 2 conditions." in labels and labels[-1].startswith("Transition graph of ")
    assert len(labels) == 6


def test_tables_can_be_sorted_by_keys_of_full_precision(evil: tuple[Page, Path]) -> None:
    page, _ = evil
    heads, cells = page.named("th"), page.named("td")
    assert heads and all(head["scope"] == "col" for head in heads)
    assert sum(button.get("type") == "button" for button in page.named("button")) == len(heads) + 1
    keys = [cell["data-key"] for cell in cells if cell["class"] == "number"]
    assert all(key == "" or np.isfinite(float(key)) for key in keys)
    assert any(len(key) > 15 for key in keys)


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key != "seconds"}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def test_downloads_are_what_the_commands_write(evil: tuple[Page, Path], tmp_path: Path) -> None:
    page, file = evil
    plrnn("analyze", file, "--max-period", 2, "--probe", "2,0", "--json", tmp_path / "x.json")
    of_report, of_analyze = page.download("report.json"), (tmp_path / "x.json").read_bytes()
    assert without_times(json.loads(of_report)) == without_times(json.loads(of_analyze))
    assert from_json(of_report.decode()).complete
    (tmp_path / "g.graphml").write_bytes(page.download("transitions.graphml"))
    found = networkx.read_graphml(tmp_path / "g.graphml")
    assert set(found) <= {"00", "01", "10", "11"} and all("x" in data for _, data in found.nodes(data=True))
    rows = list(csv.DictReader(io.StringIO(page.download("fixed-points.csv").decode("utf-8-sig"))))
    assert [row["bitcode"] for row in rows] == ["01", "10", "11"]
    assert abs(float(rows[2]["unit 0"]) - 2 / 3) < 1e-15 and "'=1+1" in rows[0]
    assert page.download("ends.csv") and page.download("subregions.csv")


def test_no_other_download_than_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files too large for the page are beside it."""
    monkeypatch.setattr(downloads, "LARGEST", 3000)
    page = report_of(pa.PLRNN.al_rnn(**SWITCH), tmp_path / "new" / "out", steps=200)
    offered = {a["download"]: a["href"] for a in page.named("a") if "download" in a}
    beside = {path.name for path in (tmp_path / "new" / "out").iterdir()} - {"report.html"}
    assert beside == {name for name, address in offered.items() if not address.startswith("data:")} != set()
    assert "report.json" in beside and from_json(tmp_path / "new" / "out" / "report.json").complete


def diverging() -> pa.PLRNN:
    return pa.PLRNN.al_rnn(A=[2.0], W=[[0.0]], h=[1.0], pwl_units=1)


MODELS = {
    "no ReLU": lambda: pa.PLRNN.al_rnn(A=[0.5, 0.2], W=np.zeros((2, 2)), h=[1, 0], pwl_units=0),
    "nothing stays": diverging,
    "a line of fixed points": lambda: pa.PLRNN.al_rnn(A=[1.0, 0.5], W=np.zeros((2, 2)), h=[0, 0], pwl_units=1),
    "no fixed point": lambda: pa.PLRNN.al_rnn(A=[1.0], W=[[0.0]], h=[1.0], pwl_units=0),
    "cycles": lambda: pa.PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_kind_of_model_has_a_page(name: str, tmp_path: Path) -> None:
    page = report_of(MODELS[name](), tmp_path, steps=200, max_period=4 if name == "cycles" else 1)
    assert_sound(page)
    there = {"no ReLU": "Fixed points", "a line of fixed points": "Continua of fixed points", "cycles": "Cycles"}
    if name in there:
        assert there[name] in [data for tag, data in page.texts if tag == "h3"]
    if name == "nothing stays":
        assert "All free runs diverge" in page.text and "runs diverge" in page.text
        assert len(page.named("svg")) == 1 and page.download("report.json")
    if name == "no fixed point":
        assert "The model has no fixed point." in page.text


def test_what_is_not_complete_is_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    hard = pa.PLRNN.al_rnn(rng.uniform(0, 0.5, 30), rng.normal(size=(30, 30)), rng.normal(size=30), pwl_units=30)
    pa.save(hard, tmp_path / "hard.npz")
    result = plrnn("report", tmp_path / "hard.npz", "-o", tmp_path, "--time-limit", "0", "--steps", "50")
    assert result.exit_code == 3, result.output
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert_sound(page)
    assert "Not complete: a search ended early" in page.text and "Whether there are further fixed points." in page.text


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_in_a_search_writes_what_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pa.save(pa.PLRNN.al_rnn(**SWITCH), tmp_path / "m.npz")
    simulate = pa.PLRNN.simulate
    monkeypatch.setattr(pa.PLRNN, "simulate", lambda *a, **o: press() or simulate(*a, **o))
    result = plrnn("report", tmp_path / "m.npz", "-o", tmp_path / "out", "--steps", "100")
    assert result.exit_code == 130 and "Written" in result.stdout
    page = Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert_sound(page)
    assert "Interrupted: the page holds what was known by then." in page.text
    assert "Interrupted before: Slow motion; Which ReLUs are needed." in page.text
    # Figures take a second or two: those of what is known are drawn.
    assert len(page.named("svg")) > 2


def test_ctrl_c_while_figures_are_drawn_names_those_that_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plrnn_analysis import plotting

    pa.save(pa.PLRNN.al_rnn(**SWITCH), tmp_path / "m.npz")
    draw = plotting.plot_fixed_points
    monkeypatch.setattr(plotting, "plot_fixed_points", lambda *a, **o: press() or draw(*a, **o))
    result = plrnn("report", tmp_path / "m.npz", "-o", tmp_path / "out", "--steps", "100")
    assert result.exit_code == 130
    page = Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert_sound(page)
    assert "Interrupted before these figures were drawn: How far fixed points" in page.text


def test_the_directory_is_looked_at_first(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = plrnn("report", tmp_path / "no.npz", "-o", tmp_path / "file")
    assert result.exit_code == 2 and "--out" in result.stderr and "this is a file" in result.stderr
    result = plrnn("report", tmp_path / "no.npz", "-o", tmp_path / "out")
    assert result.exit_code == 2 and "there is no such file" in result.stderr
    with pytest.raises(PLRNNError, match=r"directory .*this is a file"):
        pa.PLRNN.al_rnn(**SWITCH).report(tmp_path / "file")
    with pytest.raises(PLRNNError, match="probes"):
        pa.PLRNN.al_rnn(**SWITCH).report(tmp_path / "out", probes=[[1.0]])


def test_the_directory_is_named_after_the_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pa.save(pa.PLRNN.al_rnn(**SWITCH), tmp_path / "choice.npz")
    result = plrnn("report", tmp_path / "choice.npz", "--steps", "100", "--input", "2,0", "--free")
    assert result.exit_code == 0 and "the 1 point listed" in result.stdout
    text = Page((tmp_path / "choice-report" / "report.html").read_text(encoding="utf-8")).text
    assert "constant input 2, 0" in text and "at most 60 s per search" in text


def ring(n: int) -> networkx.DiGraph:
    """Subregions that follow each other, and some that jump."""
    made = networkx.DiGraph()
    codes = [f"{i:010b}" for i in range(n)]
    for i, code in enumerate(codes):
        made.add_node(code, visits=n - i, frequency=2 * (n - i) / (n * (n + 1)), spectral_radius=0.9, stability="")
    for i in range(n):
        for step in range(1, 8):
            made.add_edge(codes[i], codes[(i + step) % n], probability=1 / 7, count=n - i)
    return made


def test_of_a_large_graph_the_most_visited_are_drawn() -> None:
    many = ring(400)
    names = {code: f"S{i}" for i, code in enumerate(many, start=1)}
    drawn = graph.draw_graph(many, names)
    assert (len(drawn.nodes), drawn.n_nodes, len(drawn.edges), drawn.n_edges) == (300, 400, 1500, 2800)
    assert drawn.nodes[0].numbers[0] == "S1: 0000000000" and "fixed points: none" in drawn.nodes[0].numbers
    at = np.array([(node.x, node.y) for node in drawn.nodes])
    assert np.all(at >= 0) and np.all(at <= [drawn.width, drawn.height])
    # Where there are fewer, none lies upon another.
    few = graph.draw_graph(ring(60), names)
    at, radii = np.array([(n.x, n.y) for n in few.nodes]), np.array([n.radius for n in few.nodes])
    apart = np.linalg.norm(at[:, None] - at[None], axis=2) - radii[:, None] - radii[None]
    assert apart[~np.eye(60, dtype=bool)].min() > 0


def test_figures_with_many_points_become_images() -> None:
    figure = Figure()
    ax = figure.subplots()
    ax.plot(np.random.default_rng(0).normal(size=(100_000, 2)), label="noise")
    ax.axhline(0.0)
    text = inline_svg(figure, "many", 'a "name" & <more>')
    assert "<image" in text and len(text) < 400_000 and "http" not in text
    assert 'aria-label="a &quot;name&quot; &amp; &lt;more&gt;"' in text
    small = Figure()
    small.subplots().plot([0, 1], [0, 1])
    assert "<image" not in inline_svg(small, "few", "a line")
    assert inline_svg(small, "few", "a line") == inline_svg(small, "few", "a line")


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_texts_stand_out_from_what_is_behind_them() -> None:
    """A contrast of 4.5 or more, as WCAG 2 computes it, in light, dark and print."""
    blocks = re.findall(r":root \{(.*?)\}", (HERE / "page.css").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for front in ("ink", "quiet", "link"):
            for back in ("paper", "wash", "warn-wash"):
                bright, dark = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
                assert (bright + 0.05) / (dark + 0.05) >= 4.5, (front, back, colours)


def test_the_script_is_short_and_asks_for_nothing() -> None:
    script = (HERE / "page.js").read_text(encoding="utf-8")
    assert script.count("\n") <= 150
    assert not re.search(r"fetch|XMLHttp|import\b|eval|innerHTML|https?:", script)
