"""What a scripted server sends in pieces, and for whom it waits between them."""

import pytest

from gearspec.protocol.packet import response
from gearspec.script.host import STALLS, Host, Visit
from gearspec.script.scene import News, Settle

DATA = response("NOOP").encode() * 4


def waits(reads):
    """How often it waits for a reader, who has read in time as often as `reads` says of the count so far."""
    sending = Host("client").send(Visit("server#1", "server"), DATA, [], tuple(range(1, len(DATA))))
    now, count = 100.0, 0
    cue = next(sending)
    while True:
        if isinstance(cue, Settle):
            count += 1
            now = now + 0.001 if reads(count) else cue.until
        try:
            cue = sending.send(News(now))
        except StopIteration:
            return count


@pytest.mark.parametrize(
    ("reads", "count"),
    [
        (lambda _: True, len(DATA) - 1),
        (lambda count: count % STALLS == 0, len(DATA) - 1),
        (lambda _: False, STALLS),
        (lambda count: count <= 7, 7 + STALLS),
    ],
    ids=["who-reads", "who-is-slow", "who-never-reads", "who-stops-reading"],
)
def test_who_has_stopped_reading_is_not_waited_for(reads, count):
    assert waits(reads) == count
