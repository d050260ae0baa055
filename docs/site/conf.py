"""The documentation as a site: `make docs`."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from sphinx.application import Sphinx

import elmjax  # it imports nothing heavy

project = "elmjax"
author = "the elmjax authors"
copyright = "the elmjax authors, Apache-2.0"
release = version = elmjax.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathml"]
# Pages link to each other as they lie in the repository, which is the folder of sources therefore.
root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "elmjax/models/*/README.md",
]
exclude_patterns = [".*", "build", "runs", "tests", "physics", "docs/site"]
html_extra_path = ["root"]
nitpicky = False  # types of other packages in signatures are not documented here

# Pages are read on GitHub, too: headings as anchors, dollars for equations within a text, and for
# others blocks of `math`, in which GitHub takes no backslash for an escape.
myst_enable_extensions = ["dollarmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = "elmjax"
html_static_path = ["static"]
html_css_files = ["equations.css"]
html_math_renderer = "mathml"
html_show_sphinx = False
html_copy_source = False

default_role = "code"  # docstrings mark code with single backticks
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False


def setup(app: Sphinx) -> None:
    """Gives tables of experiments, which begin with a line of text, that line as their title."""

    def add_title(app: Sphinx, page: str, source: list[str]) -> None:
        if page.endswith("/table") and not source[0].startswith("#"):
            source[0] = f"# {source[0]}"

    app.connect("source-read", add_title)
