"""Check built pages: nothing is loaded from another host, all that is loaded is there, and mathematics is set on board.

Usage: python tests/check_docs.py docs/_build/html
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Attributes whose address a browser fetches by itself; what <a href> names is fetched by a reader.
FETCHED = {"src", "srcset", "poster", "data", "background", "xlink:href", "action", "formaction"}
IN_STYLE = re.compile(r"url\(\s*[\"']?([^\"')]+)|@import\s+[\"']([^\"']+)")
IN_SCRIPT = re.compile(
    r"(?:fetch|import|importScripts|open|WebSocket|EventSource)\(\s*(?:[\"']GET[\"'],\s*)?[\"'](\w+://[^\"']+)"
)


class Page(HTMLParser):
    """Addresses that a page fetches, and whether it holds mathematics."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.has_mathematics = False
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag if tag in ("script", "style") else ""
        for name, value in attrs:
            if value is None:
                continue
            if name == "srcset":
                self.addresses += [part.split()[0] for part in value.split(",") if part.strip()]
            elif name in FETCHED or (name == "href" and tag in ("link", "use", "image", "base")):
                self.addresses.append(value)
            elif name == "style":
                self.addresses += in_style(value)
            elif name == "class" and "math" in value.split():
                self.has_mathematics = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.addresses += in_style(data)
        elif self._inside == "script":
            self.addresses += IN_SCRIPT.findall(data)


def in_style(text: str) -> list[str]:
    """Addresses in a style sheet."""
    return [url or imported for url, imported in IN_STYLE.findall(text)]


def faults(root: Path) -> Iterator[str]:
    """What is wrong with the pages below a directory, in words."""
    for path in sorted(root.rglob("*")):
        if path.suffix == ".html" and "_static" not in path.parts:  # templates of the theme lie there
            page = Page(path.read_text(encoding="utf-8"))
            yield from faults_of(path, root, page.addresses)
            scripts = [address for address in page.addresses if "mathjax" in address.lower()]
            if page.has_mathematics and not scripts:
                yield f"{path.relative_to(root)}: mathematics, and nothing that sets it"
        elif path.suffix == ".css":
            yield from faults_of(path, root, in_style(path.read_text(encoding="utf-8")))
        elif path.suffix in (".js", ".mjs"):
            yield from faults_of(path, root, IN_SCRIPT.findall(path.read_text(encoding="utf-8")))


def faults_of(path: Path, root: Path, addresses: list[str]) -> Iterator[str]:
    """Addresses in a file that lead to another host, or to a file that is not there."""
    for address in addresses:
        parts = urlsplit(address)
        if parts.scheme in ("data", "blob", "about") or (not parts.path and not parts.netloc):
            continue
        if parts.scheme or parts.netloc:
            yield f"{path.relative_to(root)}: fetches {address}"
        elif not (path.parent / unquote(parts.path)).exists():
            yield f"{path.relative_to(root)}: {address} is not there"


def main(directory: str) -> int:
    """Print the faults; the exit status says whether there are any."""
    root = Path(directory)
    found = list(faults(root))
    pages = len(list(root.rglob("*.html")))
    print("\n".join([*found, f"{pages} pages checked: {len(found)} faults"]))
    return int(bool(found) or not pages)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
