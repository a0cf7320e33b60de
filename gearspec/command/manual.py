"""What the commands and the plugin say of themselves, for the page that tells of every option."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import click

from gearspec.page.option import Manual, Option
from gearspec.plugin import pytest_addoption

if TYPE_CHECKING:
    from collections.abc import Sequence


def manuals(group: click.Group) -> list[Manual]:
    """What each command of a group says."""
    root = click.Context(group, info_name="gearspec", **group.context_settings)
    return [_manual(name, command, root) for name, command in sorted(group.commands.items())]


def _manual(name: str, command: click.Command, root: click.Context) -> Manual:
    context = click.Context(command, root, info_name=name)
    written = inspect.cleandoc(command.help or "").split("\n\n")
    options = [param for param in command.get_params(context) if isinstance(param, click.Option)]
    records = [option.get_help_record(context) for option in options]
    return Manual(
        name,
        command.get_usage(context).removeprefix("Usage: "),
        [" ".join(paragraph.split()) for paragraph in written],
        [Option(*record) for record in records if record],
        [line.strip() for line in (command.epilog or "").splitlines()[2:]],
    )


class _Declared:
    """Takes the options that a plugin declares, in the place of pytest's parser."""

    def __init__(self) -> None:
        self.options: list[Option] = []

    def getgroup(self, *_: str) -> _Declared:
        return self

    def addoption(self, name: str, **keys: Any) -> None:  # noqa: ANN401 - those of argparse
        takes = keys.get("metavar") or "|".join(keys.get("choices", ()))
        if takes and "nargs" in keys:
            takes = f"[={takes}]"
        elif takes:
            takes = f"={takes}"
        self.options.append(Option(f"{name}{takes}", f"{keys['help'][0].upper()}{keys['help'][1:]}."))


def run_options() -> Sequence[Option]:
    """The options of a run, in the order in which the plugin declares them."""
    declared: Any = _Declared()
    pytest_addoption(declared)
    found: Sequence[Option] = declared.options
    return found
