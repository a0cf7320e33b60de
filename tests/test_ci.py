import json
import re
import shutil
import subprocess
import sys
import zipfile
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.staging import CHECKOUT

SCRIPT = CHECKOUT / "ci" / "conformance.sh"
SERVER = CHECKOUT / "tests" / "small_server.py"
TOOLS = ("sh", "mkdir", "mktemp", "chmod", "rm", "dirname", "cat")
PASSES, FAILS = "echo-returns-what-was-sent", "echo-to-everybody"
KNOWN = f"""\
known:
- case: {FAILS}
  outcome: FAIL
  message: "echo-any-connection: client expected JOB_CREATED handle='$job', nothing came"
  kind: defect
  reason: It has no jobs.
"""


@pytest.fixture
def ci(tmp_path):
    """The script, in a folder of a project, with no program on its path but what it needs."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in TOOLS:
        (tools / name).symlink_to(shutil.which(name))
    project = tmp_path / "project"
    project.mkdir()

    def run(**variables):
        environment = {"PATH": str(tools), "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"}
        environment |= {name: str(value) for name, value in variables.items()}
        return subprocess.run(
            [SCRIPT], cwd=project, env=environment, capture_output=True, text=True, check=False
        )

    run.project, run.tools = project, tools
    return run


@pytest.fixture
def installed(ci):
    """The same where gearspec is on the path."""
    program = ci.tools / "gearspec"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m gearspec "$@"\n')
    program.chmod(0o755)
    return ci


@pytest.fixture
def server(ci):
    """A target file of the project, of a server that knows echo and no jobs."""
    command = json.dumps([sys.executable, str(SERVER), "{port}"])
    version = "version: {line: version, match: 'OK (.*)'}"
    ci.project.joinpath("mine.yaml").write_text(f"title: mine\ncommand: {command}\n{version}\n")
    return {"GEARSPEC_TARGET": "./mine.yaml", "GEARSPEC_OPTIONS": f"-q -k {FAILS}"}


def test_a_run_that_is_as_expected_succeeds_and_keeps_all_results(installed):
    summary = installed.project / "summary"
    done = installed(
        GEARSPEC_TARGET="reference", GEARSPEC_OPTIONS=f"-q -k {PASSES}", GITHUB_STEP_SUMMARY=summary
    )
    assert done.returncode == 0, done.stderr
    results = installed.project / "gearspec-results"
    assert {path.name for path in results.iterdir()} == {
        "report.jsonl",
        "junit.xml",
        "report.html",
        "report.md",
    }
    assert [case.get("name") for case in ET.parse(results / "junit.xml").iter("testcase")] == [
        f"{PASSES}[server]"
    ]
    assert "<h1>reference " in (results / "report.html").read_text("utf-8")
    assert summary.read_text("utf-8") == (results / "report.md").read_text("utf-8")


def test_a_server_of_ones_own_fails_until_its_deviation_is_listed(installed, server):
    done = installed(**server)
    assert done.returncode == 1, done.stderr
    report = installed.project / "gearspec-results" / "report.md"
    assert report.read_text("utf-8").startswith("### ❌ gearspec: <code>mine ")
    installed.project.joinpath("mine.known.yaml").write_text(KNOWN)
    assert installed(**server).returncode == 0
    assert report.read_text("utf-8").startswith("### ✅ ")


def test_a_library_is_tested_too_and_the_folder_can_be_named(installed):
    done = installed(
        GEARSPEC_TESTEE="reference",
        GEARSPEC_OPTIONS="-q -k workload-of-nul-alone",
        GEARSPEC_RESULTS="out/of this",
    )
    assert done.returncode == 0, done.stderr
    assert (installed.project / "out" / "of this" / "report.jsonl").is_file()


def test_without_anything_to_test_it_says_what_to_set(installed):
    done = installed()
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == "set GEARSPEC_TARGET or GEARSPEC_TESTEE to what is to be tested\n"


def test_where_there_is_no_gearspec_it_is_installed(ci, tmp_path):
    """A wheel by hand stands for the checkout, which needs a network to be built."""
    wheel = tmp_path / "gearspec-0-py3-none-any.whl"
    info = "gearspec-0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            "told.py", "import json, sys\ndef main(): print(json.dumps(sys.argv[1:])); sys.exit(7)\n"
        )
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: gearspec\nVersion: 0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\ngearspec = told:main\n")
        archive.writestr(f"{info}/RECORD", "")
    (ci.tools / "python3").symlink_to(sys.executable)
    done = ci(
        GEARSPEC_INSTALL=wheel,
        GEARSPEC_TARGET="my host:1",
        GEARSPEC_TESTEE="./adapter --fast",
        GEARSPEC_OPTIONS="-q -x",
        PIP_NO_INDEX=1,
        TMPDIR=tmp_path,
    )
    assert done.returncode == 7, done.stderr
    assert json.loads(done.stdout) == [
        "run",
        "--gear-report=gearspec-results/report.jsonl",
        "--junit-xml=gearspec-results/junit.xml",
        "--gear-html=gearspec-results/report.html",
        "--gear-markdown=gearspec-results/report.md",
        "--gear-finds=gearspec-results/finds",
        "--target=my host:1",
        "--testee=./adapter --fast",
        "-q",
        "-x",
    ]
    assert not list(tmp_path.glob("tmp.*"))


def settings():
    """The variables that the script reads of those that are its own."""
    return set(re.findall(r"\$\{(GEARSPEC_\w+):-", SCRIPT.read_text("utf-8")))


def test_the_head_of_the_script_explains_each_of_its_variables():
    explained = re.findall(r"^#   (GEARSPEC_\w+)  ", SCRIPT.read_text("utf-8"), re.MULTILINE)
    assert set(explained) == settings()


def test_the_action_calls_the_script_with_what_it_was_given():
    action = yaml.safe_load((CHECKOUT / "action.yml").read_text("utf-8"))
    run, keep = action["runs"]["steps"]
    assert run["run"] == '"$GITHUB_ACTION_PATH/ci/conformance.sh"'
    assert run["env"].keys() == settings() - {"GEARSPEC_INSTALL"}
    used = re.findall(r"\$\{\{ inputs\.(\w+) \}\}", json.dumps([run, keep]))
    assert set(used) == action["inputs"].keys()
    assert keep["if"] == "always()"
    assert keep["with"]["path"] == run["env"]["GEARSPEC_RESULTS"]


def test_the_job_of_gitlab_calls_the_script_and_keeps_what_it_writes():
    job = yaml.safe_load((CHECKOUT / "ci" / "gitlab.yml").read_text("utf-8"))[".gearspec"]
    clone, call = job["script"]
    assert clone.split()[-1] + "/ci/conformance.sh" == call
    assert set(re.findall(r"\$(\w+)", clone)) <= job["variables"].keys()
    assert job["artifacts"]["paths"] == ["$GEARSPEC_RESULTS"]
    assert job["artifacts"]["reports"]["junit"] == "$GEARSPEC_RESULTS/junit.xml"
    assert job["artifacts"]["when"] == "always"
