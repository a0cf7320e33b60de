"""What an adapter is asked outside of any case; the tests are the driver."""

import pytest

from gearspec.errors import AdapterError
from gearspec.harness import contract, interview
from gearspec.harness.contract import Dialogue
from gearspec.harness.interview import GREETING, PATIENCE, PROBES, greet, part, probe
from gearspec.protocol.packet import request, response
from gearspec.script.action import Arrival, Send, Wait
from gearspec.script.scene import Ask, Ended, Listen, News, Said
from gearspec.script.verdict import Verdict

HELLO = {"contract": 1, "name": "x", "version": "1", "roles": ["client"], "features": {}}


def play(scene, reply, now=100.0):
    """Carry a scene out; `reply` says what comes of each cue. Returns the cues, and the result."""
    cues = []
    try:
        cue = next(scene)
        while True:
            cues.append(cue)
            if isinstance(cue, Wait):
                now = max(now, cue.until)
            cue = scene.send(News(now, tuple(reply(cue))))
    except StopIteration as end:
        return cues, end.value


def answering(**answers):
    """Answers a request by its word with what is given; all others are done, but for the made-up one."""

    def reply(cue):
        if isinstance(cue, Ask):
            do = cue.request["do"]
            said = answers.get(do, {"unsupported": True} if do == interview._MADE_UP else {"done": True})
            yield Said(100.0, {"id": cue.request["id"], **said})

    return reply


def refusal(scene, reply):
    with pytest.raises(AdapterError) as caught:
        play(scene, reply)
    return str(caught.value)


def test_who_says_hello_and_refuses_what_is_made_up_is_heard():
    heard = []
    _, result = play(greet(heard), answering(hello=HELLO))
    assert result.verdict is Verdict.PASS
    assert heard[0].name == "x"


def test_who_can_do_what_is_made_up_is_not_believed():
    assert "does not answer 'unsupported' to 'recite'" in refusal(
        greet([]), answering(hello=HELLO, recite={"done": True})
    )


@pytest.mark.parametrize(
    ("comes", "words"),
    [
        ([], f"does not answer within {GREETING:g} s when asked for 'hello'"),
        ([Ended(101.0, "exited with status 3")], "the adapter exited with status 3 when asked for 'hello'"),
    ],
)
def test_silence_and_death_are_told(comes, words):
    assert words in refusal(greet([]), lambda cue: comes if isinstance(cue, Ask) else [])


def test_events_and_answers_to_something_else_do_not_count():
    told = [Said(100.0, {"event": "error"}), Said(100.0, {"id": 99, "done": True})]
    assert "does not answer" in refusal(greet([]), lambda cue: told if isinstance(cue, Ask) else [])


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (request("OPTION_REQ", option=b"exceptions"), response("OPTION_RES", option=b"exceptions")),
        (request("ECHO_REQ", data=b"a\0b"), response("ECHO_RES", data=b"a\0b")),
        (request("GRAB_JOB_UNIQ"), response("NO_JOB")),
        (request("CAN_DO", function=b"f"), None),
    ],
)
def test_what_a_library_wants_to_know_first_is_answered(sent, answer):
    usual = answering(echo={"unsupported": True})

    def reply(cue):
        connects = isinstance(cue, Ask) and cue.request["do"] == "connect"
        return [*([Arrival("server#1", 100.0, sent)] if connects else []), *usual(cue)]

    cues, _ = play(probe("client", "echo"), reply)
    sends = [cue for cue in cues if isinstance(cue, Send)]
    assert sends == ([Send("server#1", answer.encode())] if answer else [])


@pytest.mark.parametrize(("role", "feature"), [(role, word) for role in PROBES for word in PROBES[role]])
def test_each_probe_asks_for_something_that_the_contract_knows_and_wants_a_refusal(role, feature):
    several = feature == interview.SEVERAL
    word = "connect" if several else PROBES[role][feature]["do"]
    cues, result = play(probe(role, feature), answering(**{word: {"unsupported": True}}))
    assert result.verdict is Verdict.PASS
    assert [cue for cue in cues if isinstance(cue, Listen)] == [Listen("server"), Listen("server2")][
        : 1 + several
    ]
    for cue in cues:
        if isinstance(cue, Ask):
            line = Dialogue().ask(cue.request)
            contract._check(contract._parse(line), f"request-{cue.request['do']}", line)
    assert f"does not list {feature} for the {role}" in refusal(probe(role, feature), answering())


def test_who_is_told_to_quit_ends_by_itself():
    def reply(how):
        return lambda cue: [
            *answering()(cue),
            *([Ended(100.0, how)] if isinstance(cue, Wait) and how else []),
        ]

    assert play(part("client"), reply("exited with status 0"))[1].verdict is Verdict.PASS
    assert "after 'quit' the adapter was killed by SIGSEGV" in refusal(
        part("client"), reply("was killed by SIGSEGV")
    )
    assert f"does not end within {PATIENCE:g} s" in refusal(part("client"), reply(""))
