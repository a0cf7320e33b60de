"""Conversations of several clients, workers and administrators that nobody has typed."""

import pytest

from gearspec.fuzz.conversation import conversations, converse
from gearspec.property import Property

pytest_plugins = ["gearspec.property"]


@pytest.mark.clause(
    "submit-job-created",
    "grab-job-assign",
    "grab-no-job",
    "presleep-wakes",
    "results-only-to-submitter",
    "priority-fifo",
    "forwarded-unchanged",
    "one-terminal-packet",
    "status-res-fields",
    "admin-status-columns",
)
def test_every_conversation_goes_as_the_specification_says(gear_property: Property):
    """Every conversation goes as the specification says."""
    examples = conversations(gear_property.traits, gear_property.permits)
    gear_property.hold(converse, examples, count=60)
