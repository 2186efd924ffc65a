"""What `make docs` looks for in the pages that it has built."""

from __future__ import annotations

from pathlib import Path

import pytest
from check_docs import faults, main

GOOD = """<html><head><link rel="stylesheet" href="style.css?v=1"><script src="mathjax/tex.js"></script></head>
<body><a href="https://example.org">elsewhere</a><p class="math notranslate">\\(x\\)</p>
<img src="data:image/png;base64,AA" style="color: red"><script>fetch("index.json")</script></body></html>"""


def pages(directory: Path, text: str, style: str = "") -> Path:
    (directory / "mathjax").mkdir()
    (directory / "mathjax" / "tex.js").write_text("//")
    (directory / "style.css").write_text(style)
    (directory / "index.html").write_text(text)
    return directory


def test_pages_on_their_own_pass(tmp_path: Path) -> None:
    assert main(str(pages(tmp_path, GOOD, "a { background: url(#mark) }"))) == 0


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ('<img src="https://example.org/a.png">', "fetches https://example.org/a.png"),
        ('<img srcset="mathjax/tex.js 1x, //example.org/b.png 2x">', "fetches //example.org/b.png"),
        ('<script src="http://example.org/c.js"></script>', "fetches http://example.org/c.js"),
        ('<link rel="preload" href="https://example.org/font">', "fetches https://example.org/font"),
        ('<p style="background: url(https://example.org/d)">', "fetches https://example.org/d"),
        ("<style>@import 'https://example.org/e.css';</style>", "fetches https://example.org/e.css"),
        ('<script>fetch("https://example.org/f")</script>', "fetches https://example.org/f"),
        ('<img src="lost.png">', "lost.png is not there"),
    ],
)
def test_what_a_browser_would_fetch_is_found(tmp_path: Path, inside: str, said: str) -> None:
    found = list(faults(pages(tmp_path, GOOD.replace("<body>", f"<body>{inside}"))))
    assert found == [f"index.html: {said}"]


def test_style_sheets_and_mathematics_are_looked_at(tmp_path: Path) -> None:
    text = GOOD.replace('<script src="mathjax/tex.js"></script>', "")
    found = list(faults(pages(tmp_path, text, '@import "https://example.org/g.css";')))
    assert found == [
        "index.html: mathematics, and nothing that sets it",
        "style.css: fetches https://example.org/g.css",
    ]


def test_no_page_is_a_fault(tmp_path: Path) -> None:
    assert main(str(tmp_path)) == 1
