"""Playing against a server that was running already."""

import pytest

from gearspec.harness.session import NotRun
from gearspec.script.verdict import Verdict
from tests.sessioning import CASE, DANGER, fatal, shared
from tests.small_server import running


def test_a_shared_server_that_dies_is_gone_for_good():
    with running() as port:
        session = shared(port)
        result = session.play(fatal("die"))
        assert result.verdict is Verdict.CRASH
        assert result.message == "admin-version: the server cannot be connected to any more"
        assert session.gone == f"127.0.0.1:{port}: the server cannot be connected to any more"
        with pytest.raises(NotRun, match="cannot be connected to any more"):
            session.play(CASE["echo"])
        session.close()


def test_a_shared_server_that_goes_mute_is_gone_for_good():
    with running() as port:
        session = shared(port)
        result = session.play(fatal("mute"))
        assert (result.verdict, session.gone) == (
            Verdict.HANG,
            f"127.0.0.1:{port}: a fresh connection is not answered within 2 s",
        )


def test_a_shared_server_that_fails_a_case_is_still_there():
    with running() as port:
        session = shared(port)
        assert session.play(CASE["wrong"]).verdict is Verdict.FAIL
        assert session.gone is None
        assert session.play(CASE["echo"]).verdict is Verdict.PASS


def test_a_dangerous_case_is_not_run_on_a_server_that_is_not_ours():
    with running() as port, pytest.raises(NotRun, match="dangerous, and the server is not ours: it ends"):
        shared(port).play(fatal("die", DANGER))


def test_a_dangerous_case_is_run_on_a_server_of_which_the_user_said_that_it_may():
    with running() as port:
        assert shared(port, dangerous=True).play(fatal("die", DANGER)).verdict is Verdict.CRASH
