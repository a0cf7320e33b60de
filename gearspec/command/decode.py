"""``gearspec decode``: what some bytes mean, and what is wrong with them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from gearspec.command.word import examples
from gearspec.errors import UsageError


@click.command(
    "decode",
    epilog=examples(
        "gearspec decode 00524551000000100000000268 69",
        "gearspec decode traffic.pcap --port=4730",
        "tcpdump -w - tcp port 4730 > traffic.pcap     # what it reads",
    ),
)
@click.argument("source", nargs=-1)
@click.option("--port", type=click.IntRange(1, 65535), help="The port of the servers in a capture (4730).")
def decode(source: tuple[str, ...], port: int | None) -> None:
    """Decode packets and lines of text.

    SOURCE is bytes in hexadecimal, or a file: a capture (pcap, pcapng), or bytes
    as they are. Without one, or with '-', bytes or hexadecimal are read from
    standard input.
    """
    from gearspec import decode as decoder  # noqa: PLC0415 - 'gearspec --help' shall be quick

    if source in {(), ("-",)}:
        data = sys.stdin.buffer.read()
        if data.startswith(decoder.CAPTURES):
            raise UsageError("a capture is read from a file, not from standard input: name the file")
        # What is nothing but hexadecimal was written by a person.
        text = data.decode("latin-1")
        written = re.fullmatch(r"(?:0x|\\x|[0-9A-Fa-f\s:,])+", text)
        click.echo(decoder.decode_hex(text) if written else decoder.decode_bytes(data))
    elif len(source) == 1 and Path(source[0]).is_file():
        click.echo(decoder.decode_file(Path(source[0]), port))
    else:
        click.echo(decoder.decode_hex(" ".join(source)))
