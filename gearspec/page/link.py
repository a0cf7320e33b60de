"""Links that lead nowhere."""

from __future__ import annotations

import posixpath
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


class _Reader(HTMLParser):
    """Collects the anchors of a page, and what it links to or loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors = {""}
        self.links: dict[str, int] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.anchors.add(value or "")
            elif name in {"href", "src"} and tag != "base":
                self.links.setdefault(value or "", self.getpos()[0])


def broken(pages: Mapping[str, str], files: Collection[str]) -> Iterator[str]:
    """The links that lead to no page, no file or no anchor, each with its place; other sites are not asked.

    Args:
        pages: the text of each page by its path.
        files: the paths of what else there is.
    """
    read = {path: _Reader(text) for path, text in pages.items()}
    for path, page in read.items():
        for link, line in page.links.items():
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            aim = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(parts.path)))
            target = read.get(aim if parts.path else path)
            known = unquote(parts.fragment) in target.anchors if target else aim in files
            if not known:
                yield f"{path}:{line}: '{link}' leads nowhere"
