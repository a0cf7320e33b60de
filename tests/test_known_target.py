"""The known targets, on the real programs, where these are installed."""

import pytest

from gearspec.data import data_folder
from gearspec.errors import UsageError
from gearspec.harness.locate import locate
from gearspec.harness.session import Session
from gearspec.harness.target import known_names, resolve_target
from gearspec.script.load import load_cases
from gearspec.script.trait import CAPABILITIES
from gearspec.script.verdict import Verdict

PROBES = {case.id: case for case in load_cases(data_folder("suites") / "probes.gear.yaml")}
SAMPLE = {
    "reference": "sched",
    "gearmand": "sched",
    "perl-gearmand": "epoch",
    "geard": "coalescing",
    "abraxas": "status-unique",
}
"""Something that each lacks, and that it does not take long to see."""


@pytest.fixture(params=known_names())
def session(request):
    target = resolve_target(request.param)
    try:
        if target.command:
            locate(target)
    except UsageError as missing:
        pytest.skip(str(missing))
    session = Session(target)
    session.start()
    yield session
    session.close()


def test_it_is_started_has_a_version_and_answers_the_grab_of_its_file(session):
    assert session.version
    capability = session.traits.grab.lower().replace("_", "-")
    assert session.play(PROBES[f"probe-{capability}"]).verdict is Verdict.PASS


def test_it_lacks_what_its_file_says(session):
    lacking = SAMPLE[session.target.name]
    assert lacking not in session.traits.capabilities
    assert session.play(PROBES[f"probe-{lacking}"]).verdict in {Verdict.FAIL, Verdict.RECORDED}


def test_it_is_recognised_at_its_bare_address(session):
    address = str(session.address)
    bare = Session(resolve_target(address))
    bare.start()
    assert bare.target.name == session.target.name
    assert bare.version in {session.version, None}
    assert bare.traits == session.traits


def test_the_reference_server_has_what_its_file_says_and_no_more():
    session = Session(resolve_target("reference"))
    session.start()
    found = {name for name in CAPABILITIES if session.play(PROBES[f"probe-{name}"]).verdict is Verdict.PASS}
    session.close()
    assert found == session.traits.capabilities


def test_there_is_a_probe_for_each_capability():
    assert {f"probe-{name}" for name in CAPABILITIES} == set(PROBES)
