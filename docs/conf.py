"""Sphinx configuration."""

import os
from pathlib import Path

import plrnn_analysis

project = "plrnn-analysis"
author = "The plrnn-analysis developers"
copyright = author
version = release = plrnn_analysis.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
    "numpydoc",
    "myst_parser",
]
exclude_patterns = ["_build", "_generated", "examples", "tutorials", "sg_execution_times.rst"]
templates_path = ["_templates"]
root_doc = "index"
nitpicky = True

myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
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

# The examples use pyplot, without a display.
os.environ.setdefault("MPLBACKEND", "agg")
sphinx_gallery_conf = {
    "examples_dirs": ["examples", "tutorials"],
    "gallery_dirs": ["gallery", "notebooks"],
    "filename_pattern": r"/plot_|/tutorials/",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e9,
}

html_theme = "pydata_sphinx_theme"
html_title = "plrnn-analysis"
html_theme_options = {"show_prev_next": False, "navigation_with_keys": False, "secondary_sidebar_items": ["page-toc"]}
html_show_sourcelink = False

#: Where the reader keeps the published network of howto/lorenz.md, which is not part of this package.
LORENZ_CHECKPOINT = "PLRNN_LORENZ_CHECKPOINT"
CAPTION = """
States of a free run, coloured by subregion, in the plane of the first and third observed unit (standardised x and z).
Numbers are the fixed points of 00, 01, 10 and 11, in this order; the arrow points to the first, which lies outside.
"""
NOT_DRAWN = f"""
```{{note}}
Built with `{LORENZ_CHECKPOINT}=path/to/lorenz_m20_p2.pt make docs`, this page shows the attractor and its fixed points
here.
```
"""


def draw_lorenz(app: object) -> None:
    """Write the figure of the Lorenz page, or the note that stands for it."""
    directory = Path(__file__).parent / "_generated"
    directory.mkdir(exist_ok=True)
    path = os.environ.get(LORENZ_CHECKPOINT)
    if path:
        from plrnn_analysis.plotting import plot_state_plane

        model = plrnn_analysis.load(path, pwl_units=2)
        z0 = [0.5, 0.5, 0.5] @ model.B
        z0[:3] = 0.5
        ax = plot_state_plane(model.simulate(5000, z0=z0), model.fixed_points(), units=(0, 2), max_points=5000)
        ax.figure.savefig(directory / "lorenz.png", dpi=110)
    figure = "![The attractor and the fixed points](../_generated/lorenz.png)\n" + CAPTION
    (directory / "lorenz_figure.md").write_text(figure if path else NOT_DRAWN, encoding="utf-8")


def setup(app) -> None:
    app.connect("builder-inited", draw_lorenz)
