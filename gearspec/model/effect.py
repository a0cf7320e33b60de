"""What the model asks the world to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gearspec.protocol.packet import Item


class Send(NamedTuple):
    """Send a packet or a line of text to a peer.

    Attributes:
        connection: the number it was given to `Server.connected` under.
        item: what to send.
    """

    connection: int
    item: Item


class Close(NamedTuple):
    """Close a connection, after what was sent to it before; the model has forgotten it already."""

    connection: int


Effect = Send | Close
