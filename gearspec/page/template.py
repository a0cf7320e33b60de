"""Templates: the one way from what is known to the text of a page."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gearspec.protocol.transcript import printable


class Page(NamedTuple):
    """One page of the site.

    Attributes:
        path: where it lies in the site, ``FOLDER/NAME.html``.
        text: what stands on it; the docstring of the package tells its form.
    """

    path: str
    text: str


def render(name: str, /, **values: Any) -> str:  # noqa: ANN401 - a template takes whatever it names
    """A template of ``templates/``, filled in; all values are escaped.

    Raises:
        jinja2.UndefinedError: the template names something that was not given.
    """
    return _environment().get_template(name).render(values)


def slug(name: str) -> str:
    """A name as it stands in an address: ``SUBMIT_JOB`` becomes ``submit-job``."""
    return name.lower().replace("_", "-").replace(" ", "-")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(slug=slug, shown=printable)
    return environment
