"""The page of all options says what the code declares."""

import click
import pytest

from gearspec.cli import cli
from gearspec.command.manual import manuals, run_options
from gearspec.page.option import option_pages

pytest_plugins = ["pytester"]

COMMANDS, RUN = manuals(cli), run_options()
((_, PAGE),) = option_pages(COMMANDS, RUN)


def test_every_option_of_every_command_is_there_with_its_help():
    for name, command in cli.commands.items():
        assert f'<h2 id="{name}">' in PAGE
        for option in (param for param in command.params if isinstance(param, click.Option)):
            assert option.opts[0] in PAGE


def test_every_option_of_a_run_is_there_as_pytest_knows_it(pytester):
    shown = pytester.runpytest("--help", "-p", "gearspec.plugin").stdout.str()
    names = [option.names.partition("=")[0].rstrip("[") for option in RUN]
    assert names
    assert all(name in shown for name in names)
    told = {word.strip("[,").partition("=")[0] for word in shown.split() if "--gear-" in word}
    assert told <= set(names)


def test_a_changed_help_changes_the_page():
    option = RUN[0]._replace(help="<b>Something else.</b>")
    ((_, page),) = option_pages(COMMANDS, [option])
    assert "&lt;b&gt;Something else.&lt;/b&gt;" in page


@pytest.mark.parametrize("manual", COMMANDS, ids=lambda manual: manual.name)
def test_a_command_has_a_usage_a_summary_and_examples(manual):
    assert manual.usage.startswith(f"gearspec {manual.name}")
    assert manual.paragraphs[0].endswith(".")
    assert manual.examples
