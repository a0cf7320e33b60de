"""docs/peers.md: every line of Python on it does what it says, with a job server at the first address."""

import doctest
import re

import pytest

from gearspec.peers.server import run_in_thread
from gearspec.peers.task import Task
from tests.acting import vacant
from tests.staging import CHECKOUT

PAGE = CHECKOUT / "docs" / "peers.md"
TEXT = PAGE.read_text("utf-8")


@pytest.fixture
def page():
    """The page, with addresses where a server is and where none is."""
    server = run_in_thread()
    yield TEXT.replace("localhost:4730", str(server.address)).replace("localhost:4731", vacant())
    server.stop()


def test_the_page_does_what_it_says(page):
    test = doctest.DocTestParser().get_doctest(page, {}, PAGE.name, str(PAGE), 0)
    said = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(test, out=said.append)
    assert "".join(said) == ""
    assert runner.summarize(verbose=False).attempted > 30


def test_the_page_names_every_event_and_option_of_a_task():
    options = set(Task.__init__.__kwdefaults__)
    events = {name for name in vars(Task) if name.startswith("on_")}
    assert options | events <= set(re.findall(r"`(\w+)`", TEXT))
