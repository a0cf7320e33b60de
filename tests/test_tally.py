import pytest

from gearspec.protocol.clause import load_clauses
from gearspec.tally import Tally

MUST = "echo-answered"
ALSO = "echo-returns-data"


def record(
    name, verdict, clauses=(MUST,), level="must", clause=None, message="", known="", avoided=(), searched=None
):
    return {
        "id": f"{name}[server]",
        "case": name,
        "role": "server",
        "clauses": list(clauses),
        "level": level,
        "verdict": verdict,
        "clause": clause,
        "message": message,
        "known": known,
        "avoided": dict(avoided),
        "searched": searched,
    }


def tally(*records):
    found = Tally()
    for one in records:
        found.add(one)
    return found


def counts(count):
    return count.passed, count.exercised, count.total


@pytest.mark.parametrize(
    ("verdict", "counted"),
    [
        ("PASS", (1, 1, 1)),
        ("TOLERATED", (1, 1, 1)),
        ("RECORDED", (1, 1, 1)),
        ("FAIL", (0, 1, 1)),
        ("CRASH", (0, 1, 1)),
        ("HANG", (0, 1, 1)),
        ("UNSUPPORTED", (0, 0, 1)),
        ("INCONCLUSIVE", (0, 0, 1)),
        ("ERROR", (0, 0, 1)),
        (None, (0, 0, 1)),
    ],
)
def test_a_skip_is_neither_passed_nor_exercised(verdict, counted):
    found = tally(record("a", verdict))
    assert counts(found.cases()["must"]) == counted
    assert found.untested is (counted[1] == 0)


def test_a_run_without_must_cases_is_not_blamed_for_it():
    assert not tally(record("a", "UNSUPPORTED", level="should")).untested
    assert not tally().untested


def test_a_clause_is_passed_when_no_case_decided_it_to_the_contrary():
    both = tally(record("a", "PASS", [MUST, ALSO]), record("b", "FAIL", [MUST], clause=MUST))
    total = both.clauses("2.0.0")["must"].total
    assert counts(both.clauses("2.0.0")["must"]) == (1, 2, total)


def test_a_failure_speaks_only_of_the_clause_that_was_being_decided():
    found = tally(record("a", "FAIL", [MUST, ALSO], clause=ALSO), record("b", "FAIL", [MUST], clause=None))
    assert counts(found.clauses("2.0.0")["must"])[:2] == (0, 1)


def test_only_clauses_of_the_edition_and_of_the_role_are_counted():
    found = tally(record("a", "PASS"))
    for edition in ("1.1.18", "2.0.0"):
        expected = [c for c in load_clauses().values() if c.in_edition(edition) and "server" in c.roles]
        assert sum(count.total for count in found.clauses(edition).values()) == len(expected)


def test_the_last_record_of_an_item_counts():
    assert tally(record("a", "FAIL"), record("a", "PASS")).run == 1


def test_the_summary_names_verdicts_known_deviations_and_what_was_not_run():
    found = tally(
        record("a", "FAIL", known="FAIL, defect: so it is"),
        record("b", "PASS"),
        record("c", None, message="dangerous"),
        record("d", None, message="dangerous"),
    )
    lines = found.lines({"server": "2.0.0"})
    assert "verdicts: 1 PASS, 1 FAIL; 1 known and listed" in lines
    assert "not run: 2, dangerous" in lines
    assert not any("nothing was tested" in line for line in lines)


def test_a_summary_says_that_nothing_was_tested():
    assert tally(record("a", "UNSUPPORTED")).lines({"server": "2.0.0"})[-1].startswith("nothing was tested")


def test_inputs_that_were_avoided_are_added_up_and_told_once():
    some, more = {"CAN_DO": 2}, {"CAN_DO": 1, "bad-magic": 4}
    lines = tally(record("a", "PASS", avoided=some), record("b", "PASS", avoided=more)).lines(
        {"server": "2.0.0"}
    )
    assert (
        lines[-1]
        == "inputs not tried, as it is known to die of them or to get them wrong: CAN_DO 3, bad-magic 4"
    )
    assert not any("not tried" in line for line in tally(record("a", "PASS")).lines({"server": "2.0.0"}))


def searched(examples, undecided=0, behaviours=3):
    return {"seed": 4, "examples": examples, "undecided": undecided, "behaviours": behaviours}


def test_a_search_says_how_much_it_tried():
    lines = tally(record("a", "PASS", searched=searched(50))).lines({"server": "2.0.0"})
    assert lines[-1] == "searched a[server]: 50 examples, 3 behaviours, seed 4"
    lines = tally(record("a", "PASS", searched=searched(50, undecided=2))).lines({"server": "2.0.0"})
    assert lines[-1] == "searched a[server]: 50 examples, 2 of them undecided, 3 behaviours, seed 4"


def test_parts_of_a_search_are_one_item_and_the_worst_counts():
    parts = [
        record("a", "PASS", searched=searched(50, 1, 8), avoided={"CAN_DO": 1}),
        record("a", "FAIL", clause=MUST, searched=searched(7), avoided={"CAN_DO": 2}),
        record("a", "PASS", searched=searched(3)),
    ]
    found = tally(*parts)
    assert counts(found.cases()["must"]) == (0, 1, 1)
    assert found.records["a[server]"]["avoided"] == {"CAN_DO": 3}
    assert found.records["a[server]"]["searched"] == searched(60, 1, 8)
