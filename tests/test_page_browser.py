"""The pages in a real browser: their script runs, nothing else does, and nothing is loaded."""

import re
import shutil
import subprocess

import pytest

from gearspec.page.matrix import matrix_files, write_files
from gearspec.page.report import report_page
from tests.reporting import hostile, log, record

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no browser here: apt-get install chromium")


@pytest.fixture
def browse(tmp_path):
    """Open a file; what the page became, and what the browser complained of."""

    def browse(path, anchor=""):
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
        command += [f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", path.as_uri() + anchor]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]

    return browse


def test_the_script_of_a_page_shows_the_filter_and_opens_what_is_linked_to(tmp_path, browse):
    path = tmp_path / "run.html"
    path.write_text(report_page(log(record("one"), record("two", "FAIL"), record("three", "FAIL", "known"))))
    page, complaints = browse(path, "#three[server]")
    assert complaints == []
    assert ">3 of 3 shown</output>" in page
    assert 'hidden=""' not in page
    assert re.search(r'<details class="item" id="three\[server\]"[^>]* open=""', page)


def test_nothing_of_a_hostile_target_runs_or_is_loaded(tmp_path, browse):
    write_files(matrix_files([hostile()]), tmp_path)
    for name in ("runs/1.html", "index.html", "cases.html", "badges.html"):
        page, complaints = browse(tmp_path / name)
        assert complaints == []
        assert "alert(1)" in page
        assert "<img src=x" not in page
