"""Lines of a script: what each may say."""

import pytest

from gearspec.errors import ScriptError
from gearspec.script.case import Call, Frame, Listen, Message, Report
from gearspec.script.load import parse_cases
from gearspec.script.step import StepParser
from gearspec.script.value import Matches, Repeat, template

HEAD = """\
- id: one
  title: One thing
  clauses: [echo-answered]
  under-test: [server]
  script:
  - client -> server: ECHO_REQ
  - server -> client: ECHO_RES
    clause: echo-answered
"""


def step_of(line):
    return parse_cases(HEAD + line, "a.gear.yaml")[0].steps[2]


def refused(line):
    with pytest.raises(ScriptError) as caught:
        step_of(line)
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("  - what", "a.gear.yaml:6: a line of a script is a mapping"),
        ("  - client => server: ECHO_REQ", "a.gear.yaml:9: 'client => server' begins no line"),
        (
            "  - client -> worker: ECHO_REQ",
            "a.gear.yaml:9: 'client -> worker' does not join a party and a server",
        ),
        ("  - boss -> server: ECHO_REQ", "a.gear.yaml:9: 'boss -> server' does not join"),
        ("  - client -> server: ECHO", "a.gear.yaml:9: there is no message 'ECHO'"),
        ("  - client -> server: [ECHO_REQ]", "a.gear.yaml:9: 'client -> server' takes one word"),
        (
            "  - client -> server: ECHO_REQ\n    handle: x",
            "a.gear.yaml:10: ECHO_REQ has no argument 'handle'",
        ),
        ("  - client -> server: ECHO_REQ\n    data: $", "a.gear.yaml:10: a dollar"),
        ("  - client -> server: ECHO_REQ\n    data: [a]", "a.gear.yaml:10: a value is text or a form"),
        ("  - client -> server: ECHO_REQ\n    data: {base64: a}", "a.gear.yaml:10: a value is text, {hex}"),
        ("  - client -> server: ECHO_REQ\n    data: {hex: 0g}", "a.gear.yaml:10: '0g' is not hexadecimal"),
        (
            "  - client -> server: ECHO_REQ\n    data: {clock: soon}",
            "a.gear.yaml:10: 'soon' is not a whole number",
        ),
        (
            "  - client -> server: ECHO_REQ\n    data: {repeat: a, times: -1}",
            "a.gear.yaml:10: -1 is less than 0",
        ),
        (
            "  - client -> server: ECHO_REQ\n    data: {matches: '('}",
            "a.gear.yaml:10: this is not a regular expr",
        ),
        ("  - client -> server: ECHO_REQ\n    args: [a]\n    data: b", "either args or named arguments"),
        ("  - client -> server: ECHO_REQ\n    times: 0", "0 is less than 1"),
        (
            "  - client -> server: ECHO_REQ\n    split: half",
            "split is a list of offsets, each-byte or anywhere",
        ),
        ("  - client -> server: ECHO_REQ\n    split: [3, 2]", "split takes offsets that rise"),
        ("  - client -> server: ECHO_REQ\n    join: always", "'join' is one of next, not 'always'"),
        ("  - client -> server: ECHO_REQ\n    times: " + "9" * 5000, "or more than 1000000000000000000"),
        ("  - client -> server: ECHO_REQ\n    data: {matches: 'a{99999999999}'}", "not a regular expression"),
        ("  - client -> server: ECHO_REQ\n    frame: {type: 4294967296}", "more than 4294967295"),
        ("  - client -> server: ECHO_REQ\n    frame: 3", "frame takes size, type and magic"),
        ("  - client -> server: ECHO_REQ\n    frame: {size: big}", "size is a number, +N or -N, not 'big'"),
        ("  - client -> server: ECHO_REQ\n    frame: {magic: '00'}", "magic is four bytes in hex"),
        ("  - server -> client: ECHO_RES\n    within: soon", "a.gear.yaml:10: within takes seconds"),
        ("  - server -> client: TABLE\n    rows: a", "rows is a list of rows, each a list of cells"),
        ("  - first: SHRUG", "a server does REFUSE, ACCEPT or DIE"),
        ("  - client calls: dance", "a.gear.yaml:9: client has no operation 'dance'"),
        ("  - client calls: submit\n    colour: red", "a.gear.yaml:10: 'submit' takes no 'colour'"),
        ("  - client reports: joy", "a.gear.yaml:9: there is no event 'joy'"),
        ("  - client reports: complete\n    colour: red", "a.gear.yaml:10: 'complete' holds no 'colour'"),
        ("  - together: [a]", "a line of a script is a mapping"),
        ("  - together:\n    - first: REFUSE", "'together' holds only expected lines"),
        ("  - either: []", "'either' has two branches or more"),
        (
            "  - either: [{as: pass, script: []}, {as: pass}]",
            "a script is a list of lines and has at least one",
        ),
        ("  - either: [{as: pass, flag: x, script: []}, {}]", "a branch is 'as: pass' without a flag, or"),
        ("  - either: [{as: recorded, script: []}, {}]", "a branch is 'as: pass' without a flag, or"),
        ("  - either: [{as: fine, flag: x}, {}]", "'as' is one of pass, tolerated, recorded, not 'fine'"),
        ("  - either: [{when: x}, {}]", "a branch has no key 'when'"),
        ("  - either: [a, b]", "a branch is a mapping"),
    ],
)
def test_a_line_that_says_something_odd_is_refused_where_it_says_it(line, message):
    assert message in refused(line)


def test_a_sent_line_holds_all_that_it_may_say():
    step = step_of(
        "  - client2 -> server: SUBMIT_JOB_BG\n    function: $fn\n    workload: {repeat: a, times: 3}\n"
        "    frame: {size: -1, type: 7, magic: 00524553}\n    split: [1, 12]\n    join: next\n    mark: m\n"
    )
    assert step == Message(
        line=9,
        sender="client2",
        receiver="server",
        what="SUBMIT_JOB_BG",
        values={"function": template("$fn"), "workload": Repeat(template("a"), 3)},
        frame=Frame("-1", 7, b"\0RES"),
        split=(1, 12),
        join=True,
        mark="m",
    )


def test_an_expected_line_holds_all_that_it_may_say():
    step = step_of(
        "  - server -> client: ECHO_RES\n    data: {matches: 'a+'}\n"
        "    within: 3\n    not-before: 0.5\n    times: 2\n"
    )
    assert isinstance(step, Message)
    assert isinstance(step.values["data"], Matches)
    assert (step.within, step.not_before, step.times) == (3.0, 0.5, 2)


def test_calls_reports_and_listens_are_read():
    parser = StepParser("a")
    lines = HEAD + (
        "  - first: REFUSE\n"
        "  - client calls: submit\n    function: $fn\n    priority: high\n    task: $t\n"
        "  - client calls: connect\n    servers: [first, second]\n"
        "  - client reports: complete\n    data: x\n    within: 3\n"
    )
    listen, submit, connect, report = parse_cases(lines, "a.gear.yaml")[0].steps[2:]
    assert listen == Listen(9, "first", "REFUSE")
    assert submit == Call(10, "client", "submit", {"function": template("$fn")}, {"priority": "high"}, "$t")
    assert connect == Call(14, "client", "connect", {}, {"servers": "first second"})
    assert report == Report(16, "client", "complete", {"data": template("x")}, within=3.0)
    assert parser.arguments("TEXT") == ("line",)
