"""Where finds are kept, to be tried first in the next search: on disk, or in a Redis for many machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

from hypothesis.database import DirectoryBasedExampleDatabase, ExampleDatabase

from gearspec.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

Answer = TypeVar("Answer")
_SECONDS: Final = 5.0
"""How long a Redis may take for one answer."""


class Store(NamedTuple):
    """All that is kept, whatever it was found with.

    Attributes:
        database: where.
        faults: what it raises when it cannot be reached.
    """

    database: ExampleDatabase
    faults: tuple[type[Exception], ...] = ()


class Shelf(ExampleDatabase):
    """The part of a store that is about one property of one program.

    What one program fails at, another may pass; and Hypothesis forgets what has passed.

    Args:
        store: the whole.
        name: of the part.

    Attributes:
        lost: why it is not used any more; empty while it is.
    """

    def __init__(self, store: Store, name: str) -> None:
        super().__init__()
        self.lost = ""
        self._store, self._prefix = store, name.encode() + b":"

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """What was found."""
        return self._ask(lambda database: list(database.fetch(self._prefix + key)), [])

    def save(self, key: bytes, value: bytes) -> None:
        """Keep something."""
        self._ask(lambda database: database.save(self._prefix + key, value), None)

    def delete(self, key: bytes, value: bytes) -> None:
        """Forget something."""
        self._ask(lambda database: database.delete(self._prefix + key, value), None)

    def _ask(self, question: Callable[[ExampleDatabase], Answer], otherwise: Answer) -> Answer:
        """Ask the database; once it is lost, the search goes on without it."""
        if not self.lost:
            try:
                return question(self._store.database)
            except self._store.faults as problem:
                self.lost = str(problem)
        return otherwise


def open_folder(path: Path) -> Store:
    """A store on disk; the folder is made when something is kept."""
    return Store(DirectoryBasedExampleDatabase(path))


def open_redis(url: str) -> Store:
    """A store in a Redis.

    Args:
        url: as the package redis takes it: ``redis://HOST:PORT/NUMBER``, ``rediss://`` or ``unix://``.

    Raises:
        UsageError: the package is missing, the address is none, or nobody answers there.
    """
    try:
        from hypothesis.extra.redis import RedisExampleDatabase  # noqa: PLC0415 - an extra that few need
        from redis import Redis, RedisError  # noqa: PLC0415 - likewise
    except ImportError:
        raise UsageError("--gear-fuzz-db needs the package redis: pip install 'gearspec[redis]'") from None
    try:
        client = Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)
        client.ping()
    except (RedisError, ValueError) as problem:
        reason = str(problem).partition("\n")[0]
        raise UsageError(f"--gear-fuzz-db={without_password(url)}: {reason}") from None
    return Store(RedisExampleDatabase(client), (RedisError,))


def without_password(url: str) -> str:
    """The address of a Redis as it may be printed."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
