"""``gearspec completion``: what makes a shell complete commands, options, cases and names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from gearspec.command.word import examples


@click.command(
    "completion",
    epilog=examples(
        'eval "$(gearspec completion bash)"           # in ~/.bashrc',
        'eval "$(gearspec completion zsh)"            # in ~/.zshrc',
        "gearspec completion fish > ~/.config/fish/completions/gearspec.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete these words.

    Commands and options are completed, the ids of cases, and the names of the
    servers and libraries that gearspec knows.
    """
    root = context.find_root()
    made = get_completion_class(shell)
    assert made is not None, "click knows each of the choices"
    click.echo(made(root.command, {}, "gearspec", "_GEARSPEC_COMPLETE").source())
