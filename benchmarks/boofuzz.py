"""How soon a fault is found by the framing fuzz of gearspec, and by boofuzz, on the same servers.

Usage: python -m benchmarks.boofuzz [--seeds=10] [--seconds=60] [FAULT]...

The first server is gearmand, whose first death counts; the others are the reference server with a planted
fault. Both fuzzers get the server that gearspec starts and watches. Ours looks after each example whether
others have suffered; boofuzz has no notion of these, so what it is told after each of its test cases is
whether the server lives and answers. It has no chance in it either: the seed gives the order of messages.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from statistics import median_high
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import boofuzz
from hypothesis import HealthCheck, Phase, given, seed, settings

from benchmarks.planted import FAULTS, planted
from gearspec.fuzz.arena import ServerArena
from gearspec.fuzz.strategy import attacks
from gearspec.fuzz.trial import survive
from gearspec.harness.instance import start_server
from gearspec.harness.target import resolve_target
from gearspec.protocol.message import MESSAGES, REQ
from gearspec.script.verdict import Verdict

if TYPE_CHECKING:
    from gearspec.fuzz.strategy import Sending
    from gearspec.harness.target import Target
    from gearspec.protocol.message import Message

NEVER: Final = float("inf")
DEADLY: Final = frozenset({Verdict.CRASH, Verdict.HANG})
GEARMAND: Final = "gearmand"
_SETTINGS: Final = settings(
    deadline=None,
    database=None,
    max_examples=10**9,  # the clock ends it
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Outcome(NamedTuple):
    """What a fuzzer came to.

    Attributes:
        seconds: until the fault was found; `NEVER` if it was not.
        rate: examples a second.
    """

    seconds: float
    rate: float


class _Over(BaseException):  # boofuzz logs every Exception of a callback, and goes on
    """It was found, or the time is over."""


class _Watch:
    """A clock, and the count of examples."""

    def __init__(self, limit: float) -> None:
        self.began, self.limit, self.count, self.found = time.monotonic(), limit, 0, NEVER
        self.last = 0.0

    def note(self, *, found: bool) -> None:
        """An example was tried.

        Raises:
            _Over: nothing more is to be tried.
        """
        if (passed := time.monotonic() - self.began) < self.limit:
            self.count, self.last = self.count + 1, passed
            if not found:
                return
            self.found = passed
        raise _Over

    def outcome(self) -> Outcome:
        """What it came to."""
        return Outcome(self.found, self.count / self.last)


def ours(target: Target, start: int, limit: float) -> Outcome:
    """The framing fuzz of gearspec, which avoids nothing; of a real server only its death counts."""
    counts = DEADLY if target.name == GEARMAND else DEADLY | {Verdict.FAIL}
    watch = _Watch(limit)

    @seed(start)
    @_SETTINGS
    @given(attacks())
    def try_one(sending: Sending) -> None:
        watch.note(found=arena.try_out(survive(sending)).verdict in counts)

    with closing(ServerArena(target)) as arena, suppress(_Over):
        try_one()
    return watch.outcome()


def theirs(target: Target, start: int, limit: float) -> Outcome:
    """boofuzz, with every request of the table, each of its parts mutated in turn."""
    instance = start_server(target)
    watch = _Watch(limit)

    def look(*_: Any, **__: Any) -> None:  # noqa: ANN401 - as boofuzz calls it
        watch.note(found=instance.loss(target.traits.fence) is not None)

    with ExitStack() as end:
        end.callback(instance.stop)
        folder = Path(end.enter_context(tempfile.TemporaryDirectory()))
        log = end.enter_context((folder / "log").open("w"))
        address = instance.address
        session = boofuzz.Session(
            target=boofuzz.Target(connection=boofuzz.TCPSocketConnection(address.host, address.port)),
            post_test_case_callbacks=[look],
            fuzz_loggers=[boofuzz.FuzzLoggerText(file_handle=log)],
            db_filename=str(folder / "results.db"),
            web_port=None,
        )
        messages = [message for message in MESSAGES if message.senders]
        random.Random(start).shuffle(messages)  # noqa: S311 - an order that is the same in the next run
        for message in messages:
            session.connect(_request(message))
        with suppress(_Over):
            session.fuzz(max_depth=1)
    return watch.outcome()


def _request(message: Message) -> boofuzz.Request:
    arguments = []
    for number, name in enumerate(message.arguments):
        arguments += [boofuzz.Delim(f"end-{number}", "\0")] if number else []
        arguments.append(boofuzz.String(name, "gear"))
    return boofuzz.Request(
        message.name,
        children=(
            boofuzz.Bytes("magic", REQ),
            boofuzz.DWord("type", message.type, endian=">"),
            boofuzz.Size("size", "body", length=4, endian=">", fuzzable=True),
            boofuzz.Block("body", children=tuple(arguments)),
        ),
    )


def compare(fault: str, target: Target, asked: argparse.Namespace) -> None:
    """Print a row."""
    told, medians = [], []
    for fuzzer in (ours, theirs):
        outcomes = [fuzzer(target, start, asked.seconds) for start in range(asked.seeds)]
        middle = median_high(outcome.seconds for outcome in outcomes)
        found = sum(outcome.seconds < NEVER for outcome in outcomes)
        rate = median_high(outcome.rate for outcome in outcomes)
        medians.append(middle)
        told.append(f"{found} of {len(outcomes)} | {_seconds(middle)} | {rate:.0f}/s")
    ratio = "-" if NEVER in medians else f"{medians[1] / medians[0]:.1f}"
    print(f"| {fault} | {' | '.join(told)} | {ratio} |", flush=True)


def _seconds(value: float) -> str:
    return "none" if value == NEVER else f"{value:.2f} s"


def main() -> None:
    """Compare both on each fault."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("faults", nargs="*", metavar="FAULT", default=[GEARMAND, *FAULTS])
    asked = parser.parse_args()
    print("| fault | ours | median | rate | boofuzz | median | rate | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for fault in asked.faults:
            if fault == GEARMAND:
                compare(fault, replace(resolve_target(fault), avoid={}), asked)
            else:
                compare(fault, planted(fault, Path(folder)), asked)


if __name__ == "__main__":
    main()
