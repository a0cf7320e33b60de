"""Shelves: where finds are kept."""

import sys

import pytest
from hypothesis.database import ExampleDatabase, InMemoryExampleDatabase

from gearspec.errors import UsageError
from gearspec.fuzz.shelf import Shelf, Store, open_folder, open_redis

KEY = b"key"


@pytest.fixture(params=["memory", "folder", "redis"])
def store(request, tmp_path):
    if request.param == "memory":
        return Store(InMemoryExampleDatabase())
    if request.param == "folder":
        return open_folder(tmp_path / "finds")
    return open_redis(request.getfixturevalue("redis_server").url)


def test_what_is_kept_is_there_until_it_is_deleted(store):
    shelf = Shelf(store, "a")
    shelf.save(KEY, b"one")
    shelf.save(KEY, b"other")
    assert set(Shelf(store, "a").fetch(KEY)) == {b"one", b"other"}
    shelf.delete(KEY, b"one")
    assert set(shelf.fetch(KEY)) == {b"other"}
    assert shelf.lost == ""


def test_a_shelf_holds_what_is_its_own(store):
    Shelf(store, "a").save(KEY, b"one")
    Shelf(store, "b").delete(KEY, b"one")
    assert set(Shelf(store, "a").fetch(KEY)) == {b"one"}
    assert set(Shelf(store, "b").fetch(KEY)) == set()


class Torn(ExampleDatabase):
    def save(self, key, value):
        raise ConnectionResetError("it went away")

    fetch = delete = save


def test_a_store_that_is_lost_is_told_and_left_alone():
    shelf = Shelf(Store(Torn(), (ConnectionResetError,)), "a")
    shelf.save(KEY, b"one")
    assert list(shelf.fetch(KEY)) == []
    assert shelf.lost == "it went away"


def test_a_redis_that_ends_is_lost(redis_server):
    shelf = Shelf(open_redis(redis_server.url), "a")
    redis_server.stop()
    shelf.save(KEY, b"one")
    assert shelf.lost


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1", "--gear-fuzz-db=http://127.0.0.1: Redis URL must specify"),
        ("redis://:secret@127.0.0.1:1/0?password=secret", "--gear-fuzz-db=redis://127.0.0.1:1/0: Error"),
    ],
)
def test_a_redis_that_is_not_there_is_told_in_one_line_without_a_password(url, words):
    with pytest.raises(UsageError) as problem:
        open_redis(url)
    assert str(problem.value).startswith(words)
    assert "secret" not in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_package_that_is_missing_is_told_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis.extra.redis", None)
    with pytest.raises(UsageError, match=r"pip install 'gearspec\[redis\]'"):
        open_redis("redis://127.0.0.1")
