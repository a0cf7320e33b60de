"""Real job servers for the tests of the client, the worker and the examples."""

from contextlib import ExitStack, contextmanager

import pytest

from gearspec.errors import UsageError
from gearspec.harness.instance import begin
from gearspec.harness.locate import locate
from gearspec.harness.target import resolve_target


class Live:
    """A server that runs, until it is stopped."""

    def __init__(self, instance, stack):
        self.address, self.stop = str(instance.address), stack.close


@contextmanager
def started(name):
    """A known target that runs; the test is skipped where its program is not installed."""
    target = resolve_target(name)
    try:
        located = None if target.embedded else locate(target)
    except UsageError as problem:
        pytest.skip(str(problem))
    with ExitStack() as stack:
        instance = begin(target, located, 1.0)
        stack.callback(instance.stop)
        yield Live(instance, stack)
