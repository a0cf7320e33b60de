"""What the reference says of messages, arguments and commands in words of its own."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from gearspec.errors import DocumentError
from gearspec.form import Form


class Words(NamedTuple):
    """Sentences by name.

    Attributes:
        messages: what each is for.
        arguments: what each means.
        commands: what each does.
        requests: how each command is written.
        rows: what a row holds in the reply to each command that lists something.
        groups: what the clauses of each are about.
    """

    messages: dict[str, str]
    arguments: dict[str, str]
    commands: dict[str, str]
    requests: dict[str, str]
    rows: dict[str, str]
    groups: dict[str, str]


@cache
def load_words() -> Words:
    """The words of ``words.yaml``.

    Raises:
        DocumentError: the file is not as it must be.
    """
    form = Form(Path(__file__).with_name("words.yaml"), DocumentError)
    document = form.keys(form.load(), set(Words._fields), Words._fields)
    parts = (form.mapping(document[part]) for part in Words._fields)
    return Words(*({str(name): form.text(part, name) for name in part} for part in parts))
