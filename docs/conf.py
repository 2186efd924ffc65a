"""Sphinx configuration."""

import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

import plrnn_analysis

HERE = Path(__file__).parent
logger = logging.getLogger(__name__)

project = "plrnn-analysis"
author = "The plrnn-analysis developers"
copyright = author
version = release = plrnn_analysis.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
    "sphinx-mathjax-offline",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
]
exclude_patterns = ["_build", "_generated", "examples", "tutorials", "figures"]
templates_path = ["_templates"]
root_doc = "index"
nitpicky = True

myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence", "attrs_inline"]
myst_heading_anchors = 3

autosummary_generate = True
autosummary_ignore_module_all = False
# Types stand in the Parameters sections, with their shapes; annotations would only repeat them.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# Names of other projects, which this build does not look up.
nitpick_ignore_regex = [
    (
        "py:.*",
        r"(numpy|np|scipy|networkx|torch|pandas|xarray|matplotlib|typer|rich|collections|concurrent|pathlib|json)\b.*",
    ),
    ("py:class", r"(ndarray|array_like|callable|optional|.* of .*)"),
]

# Without PyTorch, plrnn_training is described by its source alone, and the tutorials, which train networks, are shown
# without their output. The build says so, and so does every page that lacks something.
TRAINS = find_spec("torch") is not None
if not TRAINS:
    autodoc_mock_imports = ["torch"]

# The examples use pyplot, without a display.
os.environ.setdefault("MPLBACKEND", "agg")
sphinx_gallery_conf = {
    "examples_dirs": ["examples", "tutorials"],
    "gallery_dirs": ["gallery", "notebooks"],
    "filename_pattern": r"/plot_|/tutorials/" if TRAINS else r"/plot_",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
    # What a plotting call returns says nothing to a reader: the figure is below it.
    "ignore_repr_types": r"matplotlib|plrnn_analysis\.plotting",
}

html_theme = "pydata_sphinx_theme"
html_title = "plrnn-analysis"
html_theme_options = {
    "show_prev_next": True,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 6,
}
# Pages without pages below them: nothing to list beside them.
html_sidebars = {
    name: [] for name in (*(page.stem for page in HERE.glob("*.md")), "networks/README", "reproduced/index")
}
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["pages.css"]

# Figures of the pages, drawn again where what they are made from has changed.
sys.path.insert(0, str(HERE))


def draw_figures(app: Sphinx) -> None:
    """Draw the figures of docs/figures before any page is read."""
    from figures.drawing import draw_all

    started = time.perf_counter()
    drawn = draw_all(HERE / "_generated" / "figures")
    logger.info("figures: %d drawn in %.0f s", len(drawn), time.perf_counter() - started)


def say_what_is_missing(app: Sphinx, name: str, source: list[str]) -> None:
    """Begin a tutorial that was not run with a note that says so."""
    if name.startswith("notebooks/") and name != "notebooks/index" and not TRAINS:
        logger.info("%s needs PyTorch, which is not installed: shown without its output", name)
        source[0] = f".. note:: Built without PyTorch: the code is shown, its output is not.\n\n{source[0]}"


# A report to look at, beside the pages.
REPORTS = HERE / "_generated" / "reports"
REPORTS.mkdir(parents=True, exist_ok=True)
html_extra_path = [str(REPORTS)]


def write_report(app: Sphinx) -> None:
    """Write the report on the flip-flop network, unless there is one that is newer than what it is made from."""
    # As one would name it.
    network = Path(os.path.relpath(HERE / "networks" / "flipflop32.safetensors"))
    made_from = [network, *Path(plrnn_analysis.__file__).parent.rglob("*.*")]
    page = REPORTS / "flipflop32" / "report.html"
    if not page.exists() or page.stat().st_mtime < max(path.stat().st_mtime for path in made_from):
        plrnn_analysis.load(network).report(page.parent, checkpoint=network)


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", draw_figures)
    app.connect("source-read", say_what_is_missing)
    app.connect("builder-inited", write_report)
