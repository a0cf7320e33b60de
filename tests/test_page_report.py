import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gearspec.page.report import BUDGET, report_page, transcript
from gearspec.page.summary import summarise
from tests.reporting import HEADER, MINE, Walk, hostile, log, record


def page(*records, **changes):
    return report_page(log(*records, **changes))


def test_the_headline_says_what_passed_and_what_was_exercised_by_level():
    text = page(record("one"), record("two", "FAIL"), record("three", "UNSUPPORTED", "skip"))
    assert "<h1>mine 1.2</h1>" in text
    assert "1 not as expected: 1 of 3 passed" in text
    row = re.search(r'(?s)<th class="level" scope="row">must</th>(.*?)</tr>', text)[1]
    assert re.findall(r">(\d+)<", row)[3:] == ["1", "2", "3"]


def test_what_is_not_as_expected_comes_first_and_what_passed_last():
    records = [
        record("good"),
        record("listed", "FAIL", "known"),
        record("bad", "FAIL"),
        record("other", "TOLERATED"),
    ]
    text = page(*records, record("not", action="gap"))
    order = [text.index(f'id="{name}[server]"') for name in ("bad", "listed", "other", "not", "good")]
    assert order == sorted(order)


def test_a_failure_says_the_clause_what_was_expected_what_came_and_how_to_see_it_again():
    text = Walk(page(record("one", "FAIL"))).text
    for words in (
        "echo-answered: ",
        "ECHO_RES",
        "nothing",
        "gearspec replay one",
        "client -> server: ECHO_REQ data='gear-1'",
        "00 52 45 51 00 00 00 10",
    ):
        assert words in text


def test_a_failure_has_a_chart_with_the_place_where_it_broke():
    assert 'class="break"' in page(record("one", "FAIL"))
    assert "<svg" not in page(record("one"))


def test_a_known_deviation_has_its_reason():
    assert "FAIL, defect: it is so" in Walk(page(record("one", "FAIL", "known"))).text


def test_a_run_that_was_cut_off_and_a_part_say_so():
    assert "The run was cut off" in page(record("one"), footer=None)
    part = {"planned": 9, "run": 1, "complete": False}
    assert "This is a part: 1 of 9 items." in page(record("one"), footer=part)


@pytest.mark.parametrize("records", [[], [record("one", "UNSUPPORTED", "skip")]])
def test_a_run_that_tested_nothing_is_no_success(records):
    summary = summarise(log(*records))
    assert (summary.outcome, summary.good) == ("nothing was tested", False)


def test_only_options_that_bear_on_what_was_found_are_told():
    text = page(record("one"), header=HEADER | {"options": {"level": "must", "report": "/home/me/out.jsonl"}})
    assert "level is must" in text
    assert "/home/me" not in text


def test_a_clause_of_another_version_is_named_by_its_id():
    known = record("one", "FAIL")
    text = page(known | {"clauses": ["no-such-clause"], "clause": "no-such-clause"})
    assert "<dd>no-such-clause</dd>" in text
    assert 'data-areas="other"' in text


def test_what_a_target_says_is_neither_markup_nor_script_nor_a_control_character():
    text = report_page(hostile())
    plain = page(record("one", "FAIL"))
    walk = Walk(text)
    assert (walk.count("script"), walk.count("img")) == (1, 0)
    assert not [name for _, attributes in walk.tags for name in attributes if name.startswith("on")]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", text)
    assert walk.text.count("alert(1)") > 5
    assert re.search("script-src '[^']+'", text)[0] == re.search("script-src '[^']+'", plain)[0]


@settings(max_examples=30)
@given(st.text(), st.text())
def test_no_text_breaks_a_page(one, other):
    entry = {"at": 0.0, "sender": one, "receiver": other, "what": one, "hex": ""}
    Walk(page(record("one", "FAIL") | {"message": one, "came": other, "transcript": [entry]}))


def test_megabytes_are_cut_with_a_note():
    long = "x" * 3_000_000
    entry = {"at": 0.0, "sender": "client", "receiver": "server", "what": long, "hex": "61" * 3_000_000}
    text = page(record("one", "FAIL") | {"message": long, "transcript": [entry] * 2})
    assert len(text) < 50_000
    assert "2998000 more characters" in text
    assert "2999872 more bytes" in text


def test_who_reads_what_is_not_as_expected_is_told_what_to_do_next():
    assert "--as=python" in page(record("one", "FAIL"))
    assert "gearspec explain" not in page(record("one"), record("two", "FAIL", "known"))


def test_of_a_long_transcript_both_ends_are_shown():
    entries = [
        {"at": float(n), "sender": "a", "receiver": "b", "what": f"n{n}", "hex": ""} for n in range(100)
    ]
    text = transcript(entries)
    assert [f"n{n}" in text.split() for n in (0, 39, 40, 59, 60, 99)] == [
        True,
        True,
        False,
        False,
        True,
        True,
    ]
    assert "... 20 more events ..." in text
    assert transcript(entries[:80]).count("\n") == 79


def test_when_a_page_is_full_the_transcripts_that_matter_least_are_left_out():
    entries = [{"at": 0.0, "sender": "a", "receiver": "b", "what": "w" * 900, "hex": ""} for _ in range(60)]
    records = [record(f"c{n}", "FAIL", "known" if n else "fail") | {"transcript": entries} for n in range(60)]
    text = page(*records)
    assert BUDGET / 2 < len(text) < BUDGET * 1.5
    assert "What was said is left out" in text
    assert text.index("What was said is left out") > text.index('id="c0[server]"') + 50_000


def test_three_hundred_cases_with_their_transcripts_are_less_than_three_megabytes():
    entries = [
        {
            "at": n / 9,
            "sender": "client",
            "receiver": "server",
            "what": f"SUBMIT_JOB unique='{n}'",
            "hex": "00" * 30,
        }
        for n in range(12)
    ]
    text = page(*[record(f"c{n}", "FAIL") | {"transcript": entries} for n in range(300)])
    assert len(text.encode()) < 3_000_000
    assert "What was said is left out" not in text


def test_the_page_loads_nothing():
    walk = Walk(page(record("one", "FAIL")))
    assert "default-src 'none'" in str(walk.tags)
    for tag, attributes in walk.tags:
        assert not attributes.keys() & {"src", "srcset", "action"}, tag
        assert attributes.get("href", "#").startswith("#")


def test_each_control_has_a_label_and_what_scrolls_can_be_reached_by_keyboard():
    walk = Walk(page(record("one", "FAIL")))
    assert walk.count("label") == walk.count("select") + walk.count("input")
    for tag, attributes in walk.tags:
        if tag == "pre" or attributes.get("class") in {"wide", "chart"}:
            assert attributes.get("tabindex") == "0", (tag, attributes)


def test_the_program_under_test_may_have_no_version():
    subject = MINE | {"version": None}
    assert "<h1>mine</h1>" in page(record("one"), header=HEADER | {"target": subject})
