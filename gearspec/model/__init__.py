"""What a job server must do, as a sans-IO machine: events and the time in, effects out. Pure.

`Server` takes what happened (a peer connected, a packet or line came, a peer left, time
passed) and returns what to send and what to close. It follows the newest PROTOCOL, and where
that is silent the practice that most servers share; `Dialect` names the other practices.

Modules of this package import one another relatively, and nothing refers to the package by
its name, so that a copy with one line changed can be loaded beside it under another name.
"""

from .dialect import Dialect
from .effect import Close, Effect, Send
from .server import Server

__all__ = ["Close", "Dialect", "Effect", "Send", "Server"]
