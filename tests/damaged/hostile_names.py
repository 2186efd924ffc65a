"""What a file may call things, and networks that are called so in every place where a file has a text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

import plrnn_analysis as pa
from plrnn_analysis.recorded_trials import RecordedTrials

__all__ = ["FORGED", "TEXTS", "acting", "named_network"]

FORGED = "plrnn: complete"

#: Each would do something somewhere, were it not shown as the text that it is.
TEXTS = (
    # A terminal's commands: clear the screen, set the title, copy to the clipboard, ring, move back.
    "\x1b[2J\x1b[H", "\x1b]0;owned\x07", "\x1b]52;c;cm0gLXJm\x07", "a\x07b", "safe\b\b\b\bevil", "\x9b31m\x85\x90",
    # Text that is read in another order than it is stored, or not seen.
    "\u202egnp.exe", "\u2066abc\u2069", "a\u200bb\u2060c\ufeff", "a\u2028b\u2029c",
    # Lines of their own, forged.
    f"x\n{FORGED}", "x\rComplete: all decided", "a\tb\vc\fd",
    # HTML, XML, and what ends their parts.
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onload='alert(1)", "]]>", "-->", "&amp;&#x3c;",
    "</title></svg><style>*{}</style>", "javascript:alert(1)",
    # Mathematics of matplotlib, formats, templates, markup of rich, formulas of spreadsheets, names that legends hide.
    r"$\frac$", "$x^$", "$", r"\$", "$$", "%s%n", "{0}{x!r}", "{{ 7 * 7 }}{% raw %}", "[bold]x[/bold]", "[/]",
    '=HYPERLINK("http://x")', "_hidden", "_nolegend_",
    # Nothing, much, parts of paths, ends of strings, halves of letters.
    "", " ", "long " * 2000, "x" * 10_000, "../../x", "/etc/passwd", "a\x00b", "\ud800", "\udcff", "e\u0301" * 40,
    # Comments and ends of lines in the formats that are exported.
    "* x", "\\ x", "; x", "(assert false)", "ENDATA", "End",
)  # fmt: skip


def named_network(texts: Sequence[str]) -> pa.PLRNN:
    """Four inputs, four outputs, two kinds of trials, notes and a training, all called by the texts, in turn."""
    names = [texts[i % len(texts)] for i in range(8)]
    inputs, outputs, kinds = names[:4], names[4:], list(dict.fromkeys(names))[:2]
    rng = np.random.default_rng(0)
    drive = rng.uniform(0, 2, (6, 8, 4))
    drive[..., 3] = drive[..., 3] > 1
    trials = RecordedTrials(drive, [0, 0, 0, 1, 1, 1], condition_names=kinds)
    metadata = {
        "input_names": inputs,
        "output_names": outputs,
        "notes": names,
        "training": {"task": names[0], "settings": {names[1]: names[2:]}, **dict(pairwise(names))},
        "probes": {names[0]: [[0.0, 1.0, 0.0, 0.0]]},
        names[3]: names[4],
    }
    B, C = rng.normal(size=(4, 2)), rng.normal(size=(2, 4))
    model = pa.PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], C=C, pwl_units=2, B=B)
    return pa.PLRNN("al_rnn", model.parameters, model.relu_units, model.B, None, metadata, trials)


def acting(text: str, lines: bool = True) -> str:
    """The characters of a text that act on what shows it; those that end lines too, unless it has lines."""
    kept = "\n\t\u00a0\u202f" if lines else "\u00a0\u202f"
    return "".join(letter for letter in text if not letter.isprintable() and letter not in kept)
