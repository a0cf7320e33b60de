"""What tests of playing a worker have in common: scripts, and what a worker makes of them."""

from gearspec.script.verdict import Verdict
from tests.puppet import Worker
from tests.theatre import case_of, play

GRABS_FIRST = """\
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server: GRAB
  - server -> worker: NO_JOB
"""
SLEEPS = f"""\
{GRABS_FIRST}\
  - worker -> server: PRE_SLEEP
    clause: worker-runs-function
  - server -> worker: NOOP
  - worker -> server: GRAB
"""


def script_of(more="", *, end="  - worker -> server: GRAB\n"):
    return f"""\
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server: GRAB
  - server -> worker: ASSIGN
    handle: $job
    function: $fn
    workload: w
{more}  - worker -> server: WORK_COMPLETE
    clause: worker-runs-function
    handle: $job
    data: r
{end}"""


def came_of(script, make=Worker, *without, **more):
    return play(case_of(script, "worker", "worker-runs-function"), "worker", make, *without, **more)


def passes(script, make=Worker, *without, **more):
    result = came_of(script, make, *without, **more)
    assert result.verdict is Verdict.PASS, result.message
    return result


def fails(script, make):
    result = came_of(script, make)
    assert result.verdict is Verdict.FAIL, result.verdict
    return result.message
