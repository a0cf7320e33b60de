"""Pages of messages say what the table, the clauses, the vectors and the cases say."""

import re
from dataclasses import replace

import pytest

from gearspec.page.account import Account, Support
from gearspec.page.answer import Consequence, answers, consequences
from gearspec.page.message import message_page, message_pages
from gearspec.page.template import slug
from gearspec.page.usage import Usage, usages
from gearspec.page.words import load_words
from gearspec.protocol.admin import COMMANDS
from gearspec.protocol.clause import GROUPS, load_clauses
from gearspec.protocol.message import BY_NAME, GRABS, MESSAGES
from gearspec.script.verdict import Verdict
from gearspec.suite import find_case
from gearspec.vector import load_vectors

SUBMIT = BY_NAME["SUBMIT_JOB"]
VECTORS = [one for one in load_vectors() if one.path.stem == "submit-job"]
CASE = find_case("echo-returns-what-was-sent")


def page(message=SUBMIT, usage=None, follows=None, vectors=VECTORS, known=None):
    return message_page(message, usage or Usage(), follows or {}, vectors, known or {})


def test_each_message_has_a_page():
    paths = {one.path for one in message_pages([], load_vectors(), [])}
    assert {f"messages/{slug(message.name)}.html" for message in MESSAGES} < paths


def test_there_are_words_for_each_message_argument_command_and_group_and_for_nothing_else():
    words = load_words()
    assert words.messages.keys() == BY_NAME.keys()
    assert words.arguments.keys() == {name for message in MESSAGES for name in message.arguments}
    assert words.commands.keys() == words.requests.keys() == {name.decode() for name in COMMANDS}
    assert tuple(words.groups) == GROUPS


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"type": 77}, "type 77"),
        ({"arguments": ("function", "unique", "reducer")}, "reducer"),
        ({"opaque": False}, "any bytes but NUL; it ends with the packet"),
        ({"senders": frozenset({"worker"})}, "worker → server"),
        ({"receivers": frozenset({"client"})}, "server → client"),
    ],
)
def test_a_changed_row_of_the_table_changes_its_page(change, shown, monkeypatch):
    changed = replace(SUBMIT, **change)
    monkeypatch.setattr("gearspec.page.message.MESSAGES", (changed,))
    assert shown in page(changed)
    monkeypatch.undo()
    assert shown not in page()


def test_a_changed_clause_changes_the_pages_of_the_messages_that_it_names(monkeypatch):
    clause = replace(load_clauses()["submit-fields"], text="A SUBMIT_JOB carries <nothing>.")
    monkeypatch.setattr("gearspec.page.usage.load_clauses", lambda: {clause.id: clause})
    assert "A SUBMIT_JOB carries &lt;nothing&gt;." in page(usage=usages([], {})["SUBMIT_JOB"])


def test_a_case_is_on_the_pages_of_its_messages_and_not_on_them_when_its_script_has_them_no_more():
    there = usages([CASE], {})["ECHO_REQ"]
    gone = usages([replace(CASE, steps=())], {})["ECHO_REQ"]
    link = f"../cases/{CASE.id}.html"
    assert link in page(BY_NAME["ECHO_REQ"], there, vectors=())
    assert link not in page(BY_NAME["ECHO_REQ"], gone, vectors=())


def test_a_case_that_tests_a_message_is_not_said_to_use_it_as_well():
    for usage in usages([CASE], {}).values():
        assert not usage.tested.keys() & usage.used.keys()


def test_a_line_that_stands_for_any_grab_does_not_test_each_of_them():
    usage = usages([find_case("cant-do-keeps-the-other-functions")], {})
    assert [(len(usage[name].tested), len(usage[name].kindred)) for name in GRABS.values()] == [(0, 1)] * 3


def test_a_request_is_tested_by_a_case_that_decides_a_clause_on_its_answer():
    found = answers(consequences([CASE]))
    assert found == {"ECHO_REQ": {"ECHO_RES"}}
    assert CASE.id in usages([CASE], found)["ECHO_REQ"].tested
    assert CASE.id in usages([CASE], {})["ECHO_REQ"].used
    assert not usages([CASE], {"GET_STATUS": {"ECHO_RES"}})["GET_STATUS"].tested


def test_what_programs_support_is_told_with_what_they_do_otherwise():
    failed = Account("mine 1", "a server", "x[server]", Verdict.FAIL, "<b>no</b>")
    text = page(known={"mine 1": Support("a server", 3, (failed,)), "old 0": Support("old", 0, ())})
    assert "<summary>2 of 3</summary>" in text
    assert "<code>&lt;b&gt;no&lt;/b&gt;</code>" in text
    assert "does not have it" in text
    assert "Who supports it" not in page()


def test_what_answers_a_message_is_what_the_model_answers():
    found = consequences([CASE])
    assert found[Consequence("ECHO_REQ", "ECHO_RES", back=True)] is CASE
    assert "the sender may be answered <a" in page(BY_NAME["ECHO_REQ"], follows=found, vectors=())
    assert 'it when <a href="../messages/echo-req.html"' in page(
        BY_NAME["ECHO_RES"], follows=found, vectors=()
    )


def test_each_byte_of_a_vector_stands_on_its_page_beside_what_it_is():
    text = page()
    vector = next(one for one in VECTORS if one.id == "submit-job-typical")
    own = text[text.index(f'id="vector-{vector.id}"') :]
    own = own[: own.index("</table>")]
    assert bytes.fromhex("".join(re.findall(r'"><td><code>([0-9a-f ]+)</code></td>', own))) == vector.data
    assert re.findall(r"</code></td><td>(\w+)</td>", own) == ["magic", "type", "size", *SUBMIT.arguments]


def test_markup_in_a_vector_is_shown_and_not_obeyed():
    element = replace(VECTORS[0].elements[0], fields={"function": b"<script>"})
    text = page(vectors=[replace(VECTORS[0], title="<b>", elements=(element,))])
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
