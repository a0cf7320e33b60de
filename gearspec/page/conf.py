"""What Sphinx is told about the site: its settings, by the names that it gives them."""

from __future__ import annotations

from pathlib import Path

from gearspec import __version__

project = "gearspec"
version = __version__
extensions = ["myst_parser", "gearspec.page.fragment"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
suppress_warnings = ["toc.not_included"]  # only indexes stand in the sidebar, and link to the rest
html_theme = "furo"
html_title = f"gearspec {__version__}"
html_static_path = [str(Path(__file__).with_name("static"))]
html_css_files = ["gearspec.css", "chart.css", "matrix.css"]
html_copy_source = False
html_use_index = False
html_show_copyright = False
html_show_search_summary = False  # it would fetch each page that is found, which file:// forbids
