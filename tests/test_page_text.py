"""Pages of the text protocol have every command, every request and every captured reply."""

import re
from dataclasses import replace

from gearspec.page.template import slug
from gearspec.page.text import command_page, text_pages
from gearspec.page.words import load_words
from gearspec.protocol.admin import COMMANDS, TABLE
from gearspec.protocol.clause import load_clauses
from gearspec.vector import load_vectors

ADMIN = [one for one in load_vectors() if one.path.name == "admin.yaml"]
VERSION = COMMANDS[b"version"]
ASKED = next(one for one in ADMIN if one.id == "version-lf")
ANSWERS = [one for one in ADMIN if one.answers == ASKED.id]


def test_each_command_has_a_page_and_the_index_leads_to_it():
    pages = dict(text_pages(ADMIN))
    for command in COMMANDS:
        name = f"{slug(command.decode())}.html"
        assert f"text/{name}" in pages
        assert f'href="{name}"' in pages["text/index.html"]


def test_every_request_and_every_captured_reply_stands_on_one_of_the_pages():
    text = "".join(page for _, page in text_pages(ADMIN))
    for one in ADMIN:
        place = f"<code>{one.id}</code>" if one.answers else f'id="vector-{one.id}"'
        assert text.count(place) == 1, one.id


def test_a_reply_is_shown_as_it_came_with_who_sent_it():
    text = command_page(VERSION, [(ASKED, ANSWERS)])
    assert "<pre>OK 1.1.20+ds\\n\n</pre>" in text
    assert "gearmand 1.1.20" in text


def test_a_changed_reply_changes_the_page_and_cannot_script_it():
    element = replace(ANSWERS[0].elements[0], raw=b"<script>\x1b[31m\n")
    text = command_page(VERSION, [(ASKED, [replace(ANSWERS[0], elements=(element,))])])
    assert "&lt;script&gt;\\x1b[31m\\n" in text
    assert "<script>" not in text


def test_a_changed_clause_changes_the_page(monkeypatch):
    clause = replace(load_clauses()["admin-version"], text="Nobody is told the version.")
    monkeypatch.setattr("gearspec.page.text.load_clauses", lambda: {clause.id: clause})
    assert clause.text in command_page(VERSION, [(ASKED, ANSWERS)])


def test_how_a_command_is_written_agrees_with_the_number_of_its_arguments():
    for name, command in COMMANDS.items():
        forms = re.split(", or |, ", load_words().requests[name.decode()])
        assert {len(re.findall("[A-Z]+", form)) for form in forms} == command.arities
        assert all(form.startswith(name.decode()) for form in forms)


def test_the_commands_whose_rows_are_told_are_those_that_list_something():
    assert load_words().rows.keys() == {
        name.decode() for name, command in COMMANDS.items() if command.reply == TABLE
    }


def test_the_form_of_a_request_and_of_its_reply_is_told():
    text = command_page(COMMANDS[b"status"], [])
    assert "Request: <code>status</code>" in text
    assert r"a line a row, <code>FUNCTION\tTOTAL\tRUNNING\tWORKERS</code>" in text
    assert "Reply: one line" in command_page(VERSION, [])
