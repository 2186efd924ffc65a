"""Sphinx configuration."""

import plrnn_analysis

project = "plrnn-analysis"
author = "The plrnn-analysis developers"
copyright = author
version = release = plrnn_analysis.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
]
exclude_patterns = ["_build"]
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
    ("py:.*", r"(numpy|np|scipy|networkx|torch|pandas|matplotlib|typer|rich|collections|concurrent|pathlib|json)\b.*"),
    ("py:class", r"(ndarray|array_like|callable|optional|.* of .*)"),
]

html_theme = "pydata_sphinx_theme"
html_title = "plrnn-analysis"
html_theme_options = {"show_prev_next": False, "navigation_with_keys": False, "secondary_sidebar_items": ["page-toc"]}
html_show_sourcelink = False
