"""``gearspec serve``: the reference server, until it is told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from gearspec.command.word import examples

if TYPE_CHECKING:
    from gearspec.wire.address import Address

_MEGABYTE: Final = 1024 * 1024


@click.command(
    "serve",
    epilog=examples(
        "gearspec serve --port=4730",
        "gearspec serve --listen=:: --port=0           # all addresses, any port that is free",
    ),
)
@click.option("--listen", metavar="HOST", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    default=4730,
    show_default=True,
    help="0 for any that is free.",
)
@click.option(
    "--max-size",
    metavar="MIB",
    type=click.IntRange(1, 4095),
    default=64,
    show_default=True,
    help="The largest packet that is accepted.",
)
def serve(listen: str, port: int, max_size: int) -> None:
    """Run the reference server.

    It speaks the whole protocol and keeps everything in memory. With port 0 the
    system picks one. SIGTERM and SIGINT end it, after what it has to send is sent.
    """
    import asyncio  # noqa: PLC0415 - 'gearspec --help' shall be quick

    asyncio.run(_serve(listen, port, max_size * _MEGABYTE))


async def _serve(listen: str, port: int, max_size: int) -> None:
    import asyncio  # noqa: PLC0415 - likewise
    import contextlib  # noqa: PLC0415 - likewise
    import signal  # noqa: PLC0415 - likewise

    from gearspec.peers.server import serve as run  # noqa: PLC0415 - likewise

    running = asyncio.ensure_future(run(listen, port, ready=_say, max_size=max_size))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def _say(address: Address) -> None:
    click.echo(f"listening on {address}")
