"""Making sure which server answers."""

import pytest

from gearspec.errors import UsageError
from gearspec.harness.identity import identify
from gearspec.harness.target import load_target, resolve_target
from gearspec.wire.address import Address
from tests.small_server import running


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "address: h:1\nversion: {line: version, match: 'OK (.*)'}\nedition: 1.1.18\n"
        "versions:\n- range: '>=2'\n  edition: 2.0.0\n"
    )
    return load_target(path)


def at(port):
    return Address("127.0.0.1", port)


def meet(port, scale=1.0):
    return identify(resolve_target(f"127.0.0.1:{port}"), at(port), scale=scale)


def test_a_server_with_a_file_tells_its_version(mine):
    with running("version=OK 1.5") as port:
        target, version = identify(mine, at(port))
    assert (target, version) == (mine, "1.5")


def test_what_is_known_of_its_version_counts(mine):
    with running("version=OK 2.5") as port:
        assert identify(mine, at(port))[0].traits.edition == "2.0.0"


def test_a_server_that_tells_another_version_is_another_server(mine):
    with running("version=v2.5") as port, pytest.raises(UsageError) as caught:
        identify(mine, at(port))
    assert str(caught.value) == "this is not mine: to 'version' it answers 'v2.5'"


def test_a_server_that_tells_no_version_is_another_server(mine):
    with running("text") as port, pytest.raises(UsageError, match="to 'version' it answers nothing"):
        identify(mine, at(port), scale=0.1)


def test_a_version_that_is_known_already_is_not_asked_for(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("address: h:1\nversions:\n- range: '>=2'\n  edition: 1.1.20\n")
    with running() as port:
        target, version = identify(load_target(path), at(port), "2.1")
    assert (target.traits.edition, version) == ("1.1.20", "2.1")


def test_a_server_without_the_fence_of_its_file_speaks_something_else(mine):
    with (
        running("echo") as port,
        pytest.raises(UsageError, match="speaks something else than mine: ECHO_REQ is not"),
    ):
        identify(mine, at(port), scale=0.1)


def test_a_server_that_answers_no_fence_at_all_is_no_job_server():
    with running("echo", "status") as port, pytest.raises(UsageError, match="is no job server: it answers"):
        meet(port, scale=0.1)


def test_a_known_server_at_a_bare_address_is_lent_its_file():
    with running("version=OK 1.1.20+ds") as port:
        target, version = meet(port)
        assert (target.name, version, target.address) == ("gearmand", "1.1.20+ds", at(port))
    assert target.command == ()
    assert target.known.name == "gearmand.known.yaml"
    assert target.traits == resolve_target("gearmand").traits


def test_an_unknown_server_at_a_bare_address_has_the_defaults():
    with running() as port:
        target, version = meet(port)
    assert (target.path, version, target.title) == (None, None, "none of the known servers")
    assert (target.traits.fence, target.traits.close_fence) == ("echo", "workers")


def test_an_unknown_server_is_fenced_by_what_it_answers():
    with running("echo", "version=other") as port:
        target, _ = meet(port, scale=0.1)
    assert target.traits.fence == "status"
