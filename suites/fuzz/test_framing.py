"""Frames as they should be, cut anywhere; and frames as nobody should send them."""

import pytest

from gearspec.fuzz.hazard import hazards
from gearspec.fuzz.strategy import attacks, conversations
from gearspec.fuzz.trial import agree, survive
from gearspec.property import Property

pytest_plugins = ["gearspec.property"]


@pytest.mark.clause("frame-any-chunking", "frame-pipelining")
def test_any_chunking_of_a_valid_stream_gives_the_same_answers(gear_property: Property):
    """Any chunking of a valid stream gives the same answers."""
    gear_property.hold(agree, conversations(gear_property.traits), hazards=hazards, count=60)


@pytest.mark.clause("other-connections-undisturbed", "server-survives")
def test_no_mutated_frame_ends_the_server_or_disturbs_another_connection(gear_property: Property):
    """No mutated frame ends the server or disturbs another connection."""
    gear_property.hold(survive, attacks(), hazards=hazards, count=150)
