"""Conversations: what several clients, workers and administrators say to a server, and in which order.

Hypothesis draws operations, each of which is a rule of `Course` and what it is told. So an operation that is
left out leaves the others what they were, which is what makes a conversation shrink.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from gearspec.fuzz.course import Course, served
from gearspec.harness.performance import perform
from gearspec.model.client import PRIORITIES
from gearspec.script.case import CLOSE, RESET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hypothesis.strategies import SearchStrategy

    from gearspec.fuzz.arena import Ordeal
    from gearspec.fuzz.author import Permits
    from gearspec.script.case import Case
    from gearspec.script.trait import Traits

    Rule = Callable[..., object]
    Operation = tuple[Rule, tuple[Any, ...]]

CLIENTS: Final = ("client", "client2", "worker2")
WORKERS: Final = ("worker", "worker2", "worker3", "client2")
"""Who does what a worker does; one connection may be that of a client and of a worker at once."""
ANYBODY: Final = tuple(dict.fromkeys(CLIENTS + WORKERS))
FUNCTIONS: Final = ("$fn", "$fn2", "${fn}x")
UNIQUES: Final = ("", "$u", "$u2", "-")
BYTES: Final = (b"w", b"", b"W\0\0\xff\n\0")
OPTIONS: Final = (b"exceptions", b"none")
SIZES: Final = ((), ("1",), ("2",), ("1", "3", "2"))
WORK: Final = (*("WORK_COMPLETE", "WORK_FAIL", "WORK_EXCEPTION", "WORK_DATA", "WORK_WARNING", "WORK_STATUS"),)
IDENTITIES: Final = ("$id", "$id2")
TABLES: Final = ("status", "prioritystatus", "workers")


def conversations(
    traits: Traits, permits: Permits = lambda _: True, *, clocks: bool = False
) -> SearchStrategy[Case]:
    """Scripts that a server passes which does what the model does in its dialect.

    Args:
        traits: of the server.
        permits: see `gearspec.fuzz.author.Author`.
        clocks: see `Course`.
    """
    return parallel_conversations([traits], permits, clocks=clocks).map(itemgetter(0))


def parallel_conversations(
    servers: Sequence[Traits], permits: Permits = lambda _: True, *, clocks: bool = False
) -> SearchStrategy[list[Case]]:
    """The same for several servers: of each conversation a script for each of them, in its dialect."""
    common = frozenset.intersection(*(traits.capabilities for traits in servers))
    operations = _operations(replace(servers[0], capabilities=common), clocks=clocks)
    # In blocks, since a list of single operations is mostly too short for anything to happen.
    blocks = st.lists(st.lists(operations, min_size=1, max_size=12), max_size=10)

    def write(traits: Traits, found: list[list[Operation]]) -> Case:
        course = Course(traits, permits, clocks=clocks)
        for rule, arguments in chain.from_iterable(found):
            rule(course, *arguments)
        course.finish()
        return course.author.case()

    return blocks.map(lambda found: [write(traits, found) for traits in servers])


def converse(case: Case) -> Ordeal:
    """The server goes through a conversation as the model does."""
    return lambda instance, stage: perform(case, instance, stage)


def _operations(traits: Traits, *, clocks: bool) -> SearchStrategy[Operation]:
    """What may be done with a server, the usual more often."""

    def some(names: Iterable[str]) -> SearchStrategy[str]:
        return st.sampled_from([name for name in names if served(name, traits)])

    client, worker, anybody = map(st.sampled_from, (CLIENTS, WORKERS, ANYBODY))
    function, unique, data, option, sizes = map(st.sampled_from, (FUNCTIONS, UNIQUES, BYTES, OPTIONS, SIZES))
    admin, job = st.just("admin"), st.integers(0, 9)
    grab, work, end = st.integers(0, 2), some(WORK), st.sampled_from([CLOSE, RESET])
    rules: list[tuple[int, str, Rule, tuple[SearchStrategy[Any], ...]]] = [
        (1, "", Course.pause, ()),  # the first is the simplest
        (8, "", Course.submit, (client, some(PRIORITIES), function, unique, data)),
        (5, "", Course.can_do, (worker, function)),
        (5, "", Course.grab, (worker, grab)),
        (3, "", Course.serve, (worker, grab)),
        (6, "", Course.work, (job, work, data)),
        (4, "", Course.sleep, (worker,)),
        (3, "", Course.leave, (anybody, end)),
        (2, "", Course.status, (anybody, job)),
        (1, "", Course.cant_do, (worker, function)),
        (1, "", Course.reset_abilities, (worker,)),
        (1, "", Course.foreign_work, (worker, job, work)),
        (1, "", Course.desert, (job, end)),
        (1, "", Course.set_client_id, (worker, st.sampled_from(IDENTITIES))),
        (4 * clocks, "", Course.lapse, ()),
        (1, "GET_STATUS_UNIQUE", Course.status_unique, (anybody, st.sampled_from(UNIQUES[1:]))),
        (2, "OPTION_REQ", Course.option, (anybody, option)),
        (1 + 3 * clocks, "CAN_DO_TIMEOUT", Course.can_do_timeout, (worker, function)),
        (1, "ECHO_REQ", Course.echo, (anybody, data)),
        (2, "status", Course.look, (admin, some(TABLES))),
        (1, "maxqueue", Course.maxqueue, (admin, function, sizes)),
        (1, "cancel job", Course.cancel_job, (admin, job)),
    ]
    # `one_of` would drop what is there twice.
    weighted = [
        st.tuples(st.just(rule), st.tuples(*arguments))
        for weight, needed, rule, arguments in rules
        if served(needed, traits)
        for _ in range(weight)
    ]
    return st.sampled_from(weighted).flatmap(lambda operation: operation)
