"""Teaches Sphinx to read our pages: a fragment of HTML becomes sections with HTML in them.

What lies between two headings is kept as it is. The headings make the table of contents,
and Sphinx searches the text of all of it.
"""

from __future__ import annotations

import html
import posixpath
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from docutils import nodes
from sphinx.parsers import Parser

from gearspec.protocol.clause import load_clauses

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from sphinx.application import Sphinx

_HEADING: Final = re.compile(
    r'^<h(?P<level>[123])(?: id="(?P<id>[^"]+)")?>(?P<title>.*)</h(?P=level)>$', re.MULTILINE
)
_CODE: Final = re.compile(
    r'<code class="docutils literal notranslate"><span class="pre">(?P<text>[a-z0-9-]+)</span></code>'
)
_GUIDE: Final = re.compile(
    r'(?P<link><a class="reference internal" href="(?P<page>[a-z-]+)\.html"><span class="std std-doc">)'
    r"(?P=page)\.md(?=</span>)"
)
"""A link to a guide that has the name of its file for its words, which suits a folder and not a site."""


class Fragment(Parser):
    """The parser of what ends in ``.html``."""

    supported = ("fragment",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Put the sections of a page into a document."""
        self.setup_parse(inputstring, document)
        above: list[nodes.Element] = [document]
        headings = list(_HEADING.finditer(inputstring))
        ends = [heading.start() for heading in headings[1:]] + [len(inputstring)]
        for heading, end in zip(headings, ends, strict=True):
            section = nodes.section(ids=[heading["id"] or "top"])
            section += nodes.title("", html.unescape(heading["title"]))
            if text := inputstring[heading.end() : end].strip():
                section += nodes.raw("", text, format="html")
            level = int(heading["level"])
            above[level:] = [section]
            above[level - 1].append(section)
        self.finish_parse()


def _share_navigation(
    made: dict[str, str],
    app: Sphinx,
    name: str,
    _template: str,
    context: dict[str, Any],
    _doctree: nodes.document | None,
) -> None:
    """Make the navigation once for all pages of a folder that do not stand in it, and so have the same.

    It is a quarter of all the work if it is made for each of them.
    """
    if name not in app.env.files_to_rebuild:  # which has the pages that stand in a table of contents
        resolve, folder = context["toctree"], posixpath.dirname(name)
        context["toctree"] = lambda **options: made.get(folder) or made.setdefault(folder, resolve(**options))


def _help_keyboards(
    _app: Sphinx, _name: str, _template: str, context: dict[str, Any], _doctree: nodes.document | None
) -> None:
    """Give the keyboard what Sphinx and the theme leave to the mouse, and captions the level they lack."""
    for part, plain, better in (
        ("body", "<pre>", '<pre tabindex="0">'),
        ("body", '<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'),
        ("furo_navigation_tree", 'role="heading"', 'role="heading" aria-level="2"'),
    ):
        context[part] = context.get(part, "").replace(plain, better)


def _link_names(
    app: Sphinx, name: str, _template: str, context: dict[str, Any], _doctree: nodes.document | None
) -> None:
    """Have a guide lead to the cases and clauses that it names, and call other guides by their titles."""
    if name.startswith("guides/"):
        body = _CODE.sub(partial(_linked, app.env.found_docs), context.get("body", ""))
        context["body"] = _GUIDE.sub(partial(_titled, app.env.titles), body)


def _linked(pages: Container[str], code: re.Match[str]) -> str:
    clause = load_clauses().get(code["text"])
    page = f"clauses/{clause.group}" if clause else f"cases/{code['text']}"
    if page not in pages:
        return code[0]
    anchor = f"#{clause.id}" if clause else ""
    return f'<a href="../{page}.html{anchor}">{code[0]}</a>'


def _titled(titles: Mapping[str, nodes.title], link: re.Match[str]) -> str:
    return link["link"] + html.escape(titles[f"guides/{link['page']}"].astext())


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls."""
    app.add_source_parser(Fragment)
    app.add_source_suffix(".html", "fragment")
    app.connect(
        "html-page-context", partial(_share_navigation, {}), priority=100
    )  # before the theme, which has 500
    app.connect("html-page-context", _help_keyboards, priority=900)  # after it
    app.connect("html-page-context", _link_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
