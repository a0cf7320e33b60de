"""Fixtures of more than one test file."""

import pytest

from gearspec.protocol import clause
from tests.redising import RedisServer
from tests.staging import CHECKOUT, SESSION


@pytest.fixture
def levels():
    """An id of a clause for each level."""
    return {clause.level: clause.id for clause in reversed(clause.load_clauses().values())}


@pytest.fixture
def redis_server(tmp_path):
    """A Redis of one's own."""
    server = RedisServer(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def run(pytester, monkeypatch):
    """Write cases and run them with the session above."""
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # what is not needed takes a second to load
    pytester.makeconftest(SESSION)

    def run(*options, files=None, **cases):
        for name, text in ({"a": "".join(cases.values())} | (files or {})).items():
            if text:
                pytester.path.joinpath(f"{name}.gear.yaml").write_text(text)
        options = ("-p", "gearspec.plugin", "--strict-markers", *options)
        if "-n" in options:
            return pytester.runpytest_subprocess("-p", "xdist.plugin", *options)
        return pytester.runpytest_inprocess(*options)

    return run
