"""Target files, and what --target means."""

import re

import pytest

from gearspec.errors import TargetError, UsageError
from gearspec.harness.target import (
    INPUT_CLASSES,
    known_names,
    known_targets,
    lend,
    load_target,
    resolve_target,
)
from gearspec.model.dialect import Dialect
from gearspec.protocol.clause import EDITIONS
from gearspec.script.trait import CAPABILITIES, Traits
from gearspec.wire.address import Address


@pytest.fixture
def written(tmp_path):
    def write(text, name="mine.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def refused(path):
    with pytest.raises(TargetError) as caught:
        load_target(path)
    return str(caught.value).removeprefix(str(path))


def test_the_smallest_target_file_is_an_address_with_the_defaults(written):
    target = load_target(written("address: example.org:4731\n"))
    assert (target.name, target.address) == ("mine", Address("example.org", 4731))
    assert target.traits == Traits()
    assert target.known.name == "mine.known.yaml"


def test_everything_that_a_file_says_is_kept(written):
    target = load_target(
        written("""
title: mine
program: [a, b]
command: ["{program}", -p, "{port}"]
environment: {LANG: C}
node-module: abraxas
install: make install
version: {line: version, match: 'OK (.*)'}
edition: 1.1.18
lacks: [epoch]
fence: status
close-fence: none
grab: GRAB_JOB_UNIQ
dialect: {worker_death: fail}
avoid: {unknown-type: it ends, WORK_FAIL: so it does}
notes: [one, two]
""")
    )
    assert target.programs == ("a", "b")
    assert target.command == ("{program}", "-p", "{port}")
    assert target.environment == {"LANG": "C"}
    assert (target.install, target.title) == ("make install", "mine")
    assert target.packages == {"node-module": "abraxas"}
    assert target.version.line == "version"
    assert target.version.find("OK 1.2") == "1.2"
    assert target.version.find("ERR") is None
    assert target.traits == Traits(
        frozenset(CAPABILITIES) - {"epoch"},
        "1.1.18",
        "status",
        None,
        "GRAB_JOB_UNIQ",
        Dialect(worker_death="fail"),
    )
    assert target.avoid == {"unknown-type": "it ends", "WORK_FAIL": "so it does"}
    assert target.notes == ("one", "two")


def test_capabilities_may_be_listed_instead_of_what_is_lacking(written):
    target = load_target(written("address: h:1\ncapabilities: [echo, text]\n"))
    assert target.traits.capabilities == {"echo", "text"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", ":1: a mapping is expected here"),
        ("title: x", ":1: exactly one of command, address, embedded says where the program is"),
        ("address: h:1\ncommand: [x]", ":1: exactly one of command, address, embedded says"),
        ("address: h:1\nadress: h:2", ":2: 'adress' is no key here"),
        ("address: h:1\naddress: h:2", ":2: the key 'address' stands here twice"),
        ("address: h:x", ":1: 'x' is no port"),
        ("command: gearmand -p 1", ":1: 'command' is a list"),
        ("command: []", ":1: a command is a list: the program and its arguments"),
        ("embedded: other", ":1: 'embedded' is 'other', but one of: reference"),
        ("address: h:1\nedition: 1.1.19", ":2: 'edition' is '1.1.19', but one of: 1.1.18"),
        ("address: h:1\nfence: ping", ":2: 'fence' is 'ping', but one of: echo, status"),
        ("address: h:1\nclose-fence: x", ":2: 'close-fence' is 'x', but one of: workers, eof, none"),
        ("address: h:1\ngrab: GRAB", ":2: 'grab' is 'GRAB', but one of: GRAB_JOB"),
        ("address: h:1\nlacks: [ehco]", ":2: 'ehco' is not known as one of the lacks"),
        ("address: h:1\nlacks: []\ncapabilities: []", ":2: either 'capabilities' or 'lacks', not both"),
        ("address: h:1\ndialect: {\n  order: none}", ":3: order is 'none'; it may be"),
        ("address: h:1\ndialect:\n  colour: red", ":3: a dialect has no 'colour'"),
        ("address: h:1\ndialect: [order]", ":2: a mapping is expected here"),
        ("address: h:1\navoid: {NO_SUCH: x}", ":2: 'NO_SUCH' is neither a message nor one of: "),
        ("address: h:1\nversion: {match: '(.)'}", ":2: exactly one of line, command, file says where"),
        ("address: h:1\nversion: {line: v}", ":2: the key 'match' is missing"),
        ("address: h:1\nversion: {line: v, match: '('}", ":2: 'match' is no regular expression"),
        ("address: h:1\nversion:\n  line: v\n  match: 'v'", ":4: 'match' needs a group"),
        ("address: h:1\nversions:\n- edition: 2.0.0", ":3: the key 'range' is missing"),
        ("address: h:1\nversions:\n- range: new", ":3: 'new' is no comparison like"),
        ("address: h:1\nversions:\n- range: <2\n  edition: 9", ":4: 'edition' is '9', but one of"),
    ],
)
def test_a_fault_is_told_with_its_line(written, text, message):
    assert refused(written(text)).startswith(message)


def test_a_file_that_is_not_there_is_a_fault_of_who_named_it():
    with pytest.raises(TargetError, match=r"no-such\.yaml: cannot be read: No such file"):
        resolve_target("./no-such.yaml")


VERSIONED = """
address: h:1
edition: 1.1.20
lacks: [sched]
dialect: {order: lifo, wakeup: '3'}
versions:
- range: <1.1
  edition: 1.1.18
- range: '>=2'
  edition: 2.0.0
  dialect: {order: fifo}
"""


def test_a_version_in_a_range_is_known_by_what_changed_in_it(written):
    target = load_target(written(VERSIONED))
    assert target.at("1.0").traits.edition == "1.1.18"
    assert target.at("1.0").traits.dialect == Dialect(order="lifo", wakeup=3)
    assert target.at("2.0.1").traits.edition == "2.0.0"
    assert target.at("2.0.1").traits.dialect == Dialect(order="fifo", wakeup=3)
    assert target.at("2.0.1").traits.capabilities == target.traits.capabilities


@pytest.mark.parametrize("version", ["1.1.20+ds", None, "unknown"])
def test_a_version_in_no_range_is_known_by_the_rest_of_the_file(written, version):
    target = load_target(written(VERSIONED))
    assert target.at(version) == target


def test_a_target_is_named_by_its_name():
    assert resolve_target("gearmand").title == "gearmand, the job server in C"
    assert resolve_target("reference").embedded


def test_a_target_is_named_by_a_path(written):
    assert resolve_target(str(written("address: h:1"))).name == "mine"


@pytest.mark.parametrize("text", ["127.0.0.1:4731", "[::1]:4731"])
def test_a_target_is_named_by_its_address(text):
    target = resolve_target(text)
    assert (target.name, target.path, target.known) == (text, None, None)
    assert target.traits == Traits()


def test_a_name_that_is_nothing_at_all_is_told_with_the_known_ones():
    known = re.escape("'gearmnd' is no known target (abraxas, geard, gearmand, perl-gearmand, reference), ")
    with pytest.raises(UsageError, match=known):
        resolve_target("gearmnd")


def test_what_a_file_says_can_be_lent_to_a_server_that_runs_already(written):
    target = load_target(written("command: [x]\nfence: status"))
    lent = lend(target, Address("h", 2))
    assert (lent.command, lent.address, lent.traits.fence) == ((), Address("h", 2), "status")


@pytest.mark.parametrize("target", known_targets(), ids=known_names())
def test_each_known_target_says_what_it_is_and_how_its_version_is_told(target):
    assert target.title
    assert target.version is not None
    assert target.traits.edition in EDITIONS
    assert target.embedded or target.install
    assert target.embedded or "{port}" in " ".join(target.command)


def test_known_targets_avoid_only_what_is_described():
    named = {name for target in known_targets() for name in target.avoid if name.islower()}
    assert named == set(INPUT_CLASSES)
