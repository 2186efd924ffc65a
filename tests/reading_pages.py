"""What a page holds, by the parser of the standard library."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

# Elements that have no end.
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """The elements of a page in their order, with their attributes and the text in them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = text
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.unclosed: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.unclosed.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed and self.unclosed.pop() == tag, f"</{tag}> closes what is not open"

    def handle_data(self, data: str) -> None:
        self.texts.append((self.unclosed[-1] if self.unclosed else "", data))

    def named(self, tag: str) -> list[dict[str, str]]:
        """Attributes of all elements of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        """All text that is read, in one line."""
        return " ".join(" ".join(data for tag, data in self.texts if tag not in ("script", "style")).split())

    def download(self, name: str) -> bytes:
        """A file that is in the page."""
        (address,) = (a["href"] for a in self.named("a") if a.get("download") == name)
        found = re.fullmatch(r"data:[\w/+.]+;base64,(.*)", address)
        assert found, address[:80]
        return base64.b64decode(found[1])
