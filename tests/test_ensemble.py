"""Scenes of several items, beside everything else."""

import threading

import pytest

from gearspec.errors import UsageError
from gearspec.harness.adapter import EmbeddedAdapter
from gearspec.harness.ensemble import Ensemble
from gearspec.script.action import Wait
from gearspec.script.verdict import Result, Verdict


def scene(verdict=Verdict.PASS, message="", wait=0.0):
    news = yield Wait(0)
    until = news.now + wait
    while news.now < until:
        news = yield Wait(until)
    return Result(verdict, message)


def broken():
    yield Wait(0)
    raise RuntimeError("a bug of ours")


@pytest.fixture
def ensemble():
    made = []

    def make(items, begin=EmbeddedAdapter, **settings):
        made.append(Ensemble(items, begin, **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


def verdicts(results):
    return [result.verdict for result in results]


def test_the_results_of_an_item_are_collected_once_in_their_order(ensemble):
    items = {("a", "client"): [scene(), scene(Verdict.FAIL, "no")], ("b", "client"): [scene(Verdict.HANG)]}
    played = ensemble(items, most=2)
    assert verdicts(played.collect(("b", "client"))) == [Verdict.HANG]
    assert verdicts(played.collect(("a", "client"))) == [Verdict.PASS, Verdict.FAIL]
    assert played.collect(("a", "client")) == []
    assert played.collect(("c", "client")) == []


def test_an_adapter_that_does_not_start_is_an_error_of_its_scene_alone(ensemble):
    begun = []

    def begin():
        begun.append(1)
        if len(begun) == 1:
            raise UsageError("there is no program x")
        return EmbeddedAdapter()

    played = ensemble({("a", "client"): [scene(), scene()]}, begin)
    first, second = played.collect(("a", "client"))
    assert (first.verdict, first.message) == (
        Verdict.ERROR,
        "the adapter does not start: there is no program x",
    )
    assert second.verdict is Verdict.PASS


def test_a_fault_of_ours_is_an_error_of_its_scene_alone(ensemble):
    results = ensemble({("a", "client"): [broken(), scene()]}).collect(("a", "client"))
    assert verdicts(results) == [Verdict.ERROR, Verdict.PASS]
    assert "a bug of ours" in results[0].message


def test_what_the_adapter_wrote_is_shown_with_what_is_no_pass(ensemble):
    class Talkative(EmbeddedAdapter):
        def words(self):
            return ["first", "last"]

    scenes = [scene(), scene(Verdict.FAIL, "no"), scene(Verdict.CRASH, "gone"), scene(Verdict.ERROR, "odd")]
    good, wrong, gone, odd = ensemble({("a", "client"): scenes}, Talkative).collect(("a", "client"))
    assert good.transcript.events == []
    assert [event.what.name for event in wrong.transcript.events] == ["first", "last"]
    assert (wrong.message, wrong.came) == ("no", "")
    assert (gone.message, gone.came) == ("gone", "first\nlast")
    assert odd.message == "odd: last"


def test_closing_leaves_nobody_waiting(ensemble):
    played = ensemble({("a", "client"): [scene(wait=600)]})
    results = []
    waiting = threading.Thread(target=lambda: results.extend(played.collect(("a", "client"))))
    waiting.start()
    played.close()
    waiting.join()
    assert verdicts(results) == [Verdict.ERROR]
