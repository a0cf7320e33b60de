"""One conversation with the server under test and with others: what differs that no dialect explains."""

import pytest

from gearspec.fuzz.conversation import parallel_conversations
from gearspec.fuzz.difference import converse_with_each
from gearspec.property import Property

pytest_plugins = ["gearspec.property"]


@pytest.mark.clause(
    "results-only-to-submitter", "priority-fifo", "forwarded-unchanged", "one-terminal-packet"
)
def test_servers_differ_in_nothing_but_their_dialects(gear_difference: Property):
    """Servers differ in nothing but their dialects."""
    examples = parallel_conversations(gear_difference.sides, gear_difference.permits)
    gear_difference.hold(converse_with_each, examples, count=60)
