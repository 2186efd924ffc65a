"""A report as one page of HTML: everything is in it, and texts from files are only ever text."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from .._wording import printable

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["render_page"]

HERE = Path(__file__).parent


def render_page(**content: Any) -> str:
    """Fill the template.

    Parameters
    ----------
    **content
        What the template names.

    Returns
    -------
    str
        HTML that asks for nothing outside itself; its own policy forbids that, and any other script than its own.
    """
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _template().render(
        style=Markup(style),
        script=Markup(script),
        digest=digest,
        **content,
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")


def _shown(value: Any) -> Any:
    """Text without control characters, which could act on a terminal or turn the text around it."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
