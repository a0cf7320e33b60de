import json

import pytest

from gearspec.cli import USAGE, call
from gearspec.errors import UsageError
from gearspec.page.paper import Papers
from tests.reporting import FOOTER, HEADER, log, record, write
from tests.staging import case

pytest_plugins = ["pytester"]


def test_only_what_was_asked_for_is_written(tmp_path):
    Papers({"html": tmp_path / "a.html", "markdown": None}).write(log(record("one")))
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
    assert "<h1>mine 1.2</h1>" in (tmp_path / "a.html").read_text("utf-8")


def test_a_file_that_cannot_be_written_is_told_before_the_run(tmp_path):
    with pytest.raises(UsageError, match=r"none/a\.html cannot be written: No such file"):
        Papers({"html": tmp_path / "none" / "a.html"})


def test_the_command_makes_of_a_report_what_the_options_of_a_run_make(tmp_path):
    records = [record("one"), record("two", "FAIL")]
    path = write(tmp_path, HEADER, *records, FOOTER)
    assert call(["report", str(path), f"--html={tmp_path}/a.html", f"--markdown={tmp_path}/a.md"]) == 0
    Papers({"html": tmp_path / "b.html", "markdown": tmp_path / "b.md"}).write(log(*records))
    for end in ("html", "md"):
        assert (tmp_path / f"a.{end}").read_text("utf-8") == (tmp_path / f"b.{end}").read_text("utf-8")


def test_the_command_wants_to_know_what_to_make(tmp_path, capsys):
    path = write(tmp_path, HEADER, FOOTER)
    assert call(["report", str(path)]) == USAGE
    assert "--html=FILE, --markdown=FILE, or both" in capsys.readouterr().err
    assert call(["report", str(tmp_path / "none"), f"--html={tmp_path}/a.html"]) == USAGE
    assert not (tmp_path / "a.html").exists()


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_run_writes_what_its_report_says(pytester, run, workers):
    cases = {"a": case("one"), "b": case("two", "FAIL wrong"), "c": case("d", more="dangerous: it kills")}
    files = ("--gear-report=a.jsonl", "--gear-html=a.html", "--gear-markdown=a.md")
    run("--target=host:1", *files, *workers, **cases)
    assert call(["report", "a.jsonl", "--html=b.html", "--markdown=b.md"]) == 0
    page = pytester.path.joinpath("a.html").read_text("utf-8")
    # Under xdist the order of the records is that in which they came in.
    assert page == pytester.path.joinpath("b.html").read_text("utf-8")
    assert "1 not as expected: 1 of 3 passed" in page
    assert "two[server]" in pytester.path.joinpath("a.md").read_text("utf-8")
    footer = json.loads(pytester.path.joinpath("a.jsonl").read_text().splitlines()[-1])
    assert footer["complete"]


def test_without_a_report_the_page_is_the_same_but_for_what_the_report_is(pytester, run):
    run("--target=host:1", "--gear-html=a.html", a=case("one"), b=case("two", "FAIL wrong"))
    assert "This is a part" not in pytester.path.joinpath("a.html").read_text("utf-8")


def test_a_run_whose_page_cannot_be_written_does_not_begin(run):
    result = run("--gear-html=none/a.html", a=case("one"))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: none/a.html cannot be written: No such file or directory"])
