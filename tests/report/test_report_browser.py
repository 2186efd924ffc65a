"""Reports in a browser: nothing leaves the page, nodes tell their numbers and move, tables sort.

Screenshots in light, dark, print and on a narrow screen go to the directory in ``PLRNN_SCREENSHOTS``, or else to one
that pytest names and keeps. Without a browser these tests are skipped, unless ``PLRNN_NEEDS_BROWSER`` is set, as in
``.ci/run``.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from plrnn_analysis import cli

pytestmark = pytest.mark.slow

NETWORKS = Path(__file__).resolve().parents[2] / "docs" / "networks"
NAMES = ("addition", "flipflop32", "lorenz")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# No look at a network that is not there, no sandbox inside a container, no processor for graphics.
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
).split()


def missing(what: str) -> None:
    if os.environ.get("PLRNN_NEEDS_BROWSER"):
        pytest.fail(f"{what}, and PLRNN_NEEDS_BROWSER is set")
    pytest.skip(f"{what}: pip install playwright, and apt-get install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        missing(f"there is no browser ({', '.join(BROWSERS)})")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of the networks of the documentation."""
    folder = tmp_path_factory.mktemp("reports")
    for name in NAMES:
        result = CliRunner().invoke(
            cli.app, ["report", str(NETWORKS / f"{name}.safetensors"), "-o", str(folder / name)]
        )
        assert result.exit_code in (0, 3), result.output
    return {name: folder / name / "report.html" for name in NAMES}


@pytest.fixture
def shots(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = Path(os.environ.get("PLRNN_SCREENSHOTS") or tmp_path) / request.node.name
    folder.mkdir(parents=True, exist_ok=True)
    # Shown where a test fails.
    print(f"screenshots: {folder}")
    return folder


class Opened:
    """A page in a browser without a network, and what it asked for and complained of."""

    def __init__(self, browser: Any, file: Path, **options: Any) -> None:
        self.context = browser.new_context(offline=True, **{"viewport": {"width": 1280, "height": 900}, **options})
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(file.as_uri())

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    opened: list[Opened] = []

    def opening(file: Path, **options: Any) -> Opened:
        opened.append(Opened(browser, file, **options))
        return opened[-1]

    yield opening
    for one in opened:
        one.close()


VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 400, "height": 800}},
}


@pytest.mark.parametrize("name", NAMES)
def test_the_page_stands_for_itself_in_every_view(
    name: str, reports: dict[str, Path], open_page: Any, shots: Path
) -> None:
    file = reports[name]
    assert 100_000 < file.stat().st_size < 5_000_000
    for view, options in VIEWS.items():
        opened = open_page(file, **options)
        page = opened.page
        page.screenshot(path=shots / f"{view}.png", full_page=True)
        assert opened.complaints == [] and opened.asked == [file.as_uri()], view
        # Wide things scroll in themselves; the page does not.
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), view
        back = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (back == "rgb(255, 255, 255)") == (view != "dark")
    opened = open_page(file)
    opened.page.pdf(path=shots / "print.pdf", prefer_css_page_size=True)
    # A4 at 96 dots per inch, without its margins: nothing is wider than the paper.
    opened.page.emulate_media(media="print")
    opened.page.set_viewport_size({"width": 688, "height": 1000})
    opened.page.screenshot(path=shots / "print.png", full_page=True)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 688
    cut = "[...document.querySelectorAll('table')].filter(t => t.getBoundingClientRect().right > 689).length"
    assert opened.page.evaluate(cut) == 0
    assert opened.page.locator("#graph").is_visible() and not opened.page.locator("#downloads").is_visible()
    assert opened.complaints == []


def test_nodes_tell_their_numbers_to_mouse_and_keyboard(reports: dict[str, Path], open_page: Any, shots: Path) -> None:
    opened = open_page(reports["flipflop32"])
    page = opened.page
    told = page.locator("#graph-numbers")
    invitation = told.inner_text()
    first, second = page.locator("#graph .node").nth(0), page.locator("#graph .node").nth(1)
    first.scroll_into_view_if_needed()
    first.hover()
    assert told.inner_text().startswith("S1: ") and "spectral radius" in told.inner_text()
    assert "of the time" in told.inner_text() and "fixed points: stable node" in told.inner_text()
    assert page.locator("#graph.telling").count() == 1 and page.locator(".edge.near").count() > 0
    page.screenshot(path=shots / "hover.png")
    page.mouse.move(2, 2)
    assert told.inner_text() == invitation
    # One stop of the tab key before the button that puts all back.
    page.locator("#graph-back").focus()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement === document.querySelector('#graph .node')")
    assert told.inner_text().startswith("S1: ")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == second.get_attribute("aria-label")
    assert told.inner_text().startswith("S2: ")
    page.screenshot(path=shots / "focus.png")
    page.keyboard.press("Home")
    before = first.get_attribute("transform")
    page.keyboard.press("Shift+ArrowDown")
    assert first.get_attribute("transform") != before
    page.keyboard.press("Escape")
    assert told.inner_text() == invitation and opened.complaints == []


def numbers_in(path: str) -> list[float]:
    return [float(number) for number in re.findall(r"[\d.-]+", path)]


def test_a_node_is_dragged_and_its_edges_follow(reports: dict[str, Path], open_page: Any, shots: Path) -> None:
    opened = open_page(reports["flipflop32"])
    page = opened.page
    node = page.locator("#graph .node").nth(0)
    node.scroll_into_view_if_needed()
    edges = "[...document.querySelectorAll('.edge')].map(e => [e.dataset.ends.split(' '), e.getAttribute('d')])"
    before, place = page.evaluate(edges), node.get_attribute("transform")
    box = node.locator("circle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=4)
    page.mouse.up()
    after, moved = page.evaluate(edges), node.locator("circle").bounding_box()
    assert abs(moved["x"] - box["x"] - 60) < 2 and abs(moved["y"] - box["y"] - 40) < 2
    page.screenshot(path=shots / "dragged.png")
    changed = [old != new for (_, old), (_, new) in zip(before, after, strict=True)]
    assert changed == ["0" in ends for ends, _ in before] and 0 < sum(changed) < len(changed)
    page.locator("#graph-back").click()
    assert node.get_attribute("transform") == place
    # To the digits in which the page gives the places.
    for (_, drawn), (_, back) in zip(before, page.evaluate(edges), strict=True):
        assert np.allclose(numbers_in(drawn), numbers_in(back), atol=0.21)
    assert opened.complaints == []


def test_tables_sort_by_mouse_and_keyboard(reports: dict[str, Path], open_page: Any, shots: Path) -> None:
    opened = open_page(reports["flipflop32"])
    page = opened.page
    table = page.locator("table", has=page.get_by_role("button", name="unstable directions"))
    heads = table.locator("th")
    column = [head.inner_text().strip() for head in heads.all()].index("spectral radius")

    def keys(place: int) -> list[str]:
        return [cell.get_attribute("data-key") for cell in table.locator(f"tbody td:nth-child({place + 1})").all()]

    button = heads.nth(column).get_by_role("button")
    button.click()
    assert heads.nth(column).get_attribute("aria-sort") == "ascending"
    assert [float(key) for key in keys(column)] == sorted(float(key) for key in keys(column))
    # The rows went with it.
    assert keys(0) != sorted(keys(0), key=float)
    button.focus()
    page.keyboard.press("Enter")
    assert heads.nth(column).get_attribute("aria-sort") == "descending"
    assert [float(key) for key in keys(column)] == sorted((float(key) for key in keys(column)), reverse=True)
    page.screenshot(path=shots / "sorted.png")
    heads.nth(1).get_by_role("button").click()
    assert heads.nth(column).get_attribute("aria-sort") is None
    # S2 stands before S10.
    named = [key for key in keys(1) if key.startswith("S")]
    assert named == sorted(named, key=lambda name: int(name[1:])) and len(named) > 5
    assert opened.complaints == []


def test_downloads_are_taken_from_the_page(reports: dict[str, Path], open_page: Any, tmp_path: Path) -> None:
    opened = open_page(reports["lorenz"])
    with opened.page.expect_download() as waited:
        opened.page.get_by_role("link", name="fixed-points.csv").click()
    waited.value.save_as(tmp_path / "points.csv")
    assert (tmp_path / "points.csv").read_text(encoding="utf-8-sig").startswith("no.,visited,bitcode,stability")
    assert opened.complaints == []
