"""A run: what is played with a program, and in which order."""

import pytest
import yaml

from gearspec.data import data_folder
from gearspec.run import Options, Run
from gearspec.suite import suite_cases


class Prepared:
    """A session that notes what it is to play."""

    version = "1"
    subject = None

    def __init__(self):
        self.order = []

    def start(self):
        """Nothing has to be started."""

    def prepare(self, cases, role):
        self.order += [(case.id, role) for case in cases]


@pytest.fixture
def session():
    return Prepared()


@pytest.fixture
def cases():
    return suite_cases(data_folder("suites") / "client")[:5]


@pytest.fixture
def run(session, tmp_path, cases):
    listed = tmp_path / "it.known.yaml"
    entry = {"case": cases[3].id, "outcome": "HANG", "message": "m", "kind": "defect", "reason": "r"}
    listed.write_text(yaml.safe_dump({"known": [entry]}))
    return Run(Options(expectations=str(listed)), make_session=lambda _options, _kind: session)


def test_what_is_known_to_deviate_is_begun_first(run, session, cases):
    run.prepare(cases, "client")
    assert [name for name, _ in session.order] == [cases[n].id for n in (3, 0, 1, 2, 4)]


def test_what_was_begun_is_not_begun_again(run, session, cases):
    run.prepare(cases[:2], "client")
    run.prepare(cases, "client")
    assert len(session.order) == len(set(session.order)) == len(cases)
