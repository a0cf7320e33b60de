"""Reports without a run, and a reader of the pages that are made of them."""

import json
from dataclasses import replace
from html.parser import HTMLParser

from gearspec.harness.expectation import Judgement
from gearspec.log import Log
from gearspec.protocol.packet import request, response
from gearspec.protocol.transcript import OPEN, Note, Transcript
from gearspec.report import make_gap, make_header, make_record
from gearspec.script.verdict import Result, Verdict
from gearspec.suite import own_cases

MINE = {"name": "mine", "version": "1.2", "edition": "2.0.0"}
HEADER = make_header({"target": MINE}, {"target": "mine"})
FOOTER = {"planned": 2, "run": 2, "complete": True}
NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\x00\u202e\"'&--></details>]]>"
VOID = {"meta", "br", "img", "input"}
CASE = replace(own_cases()[0], clauses=("echo-answered",), title="An echo comes back")


def transcript():
    found = Transcript()
    found.add(0.0, "client", "server", Note(OPEN))
    found.add(0.0, "client", "server", request("ECHO_REQ", data=b"gear-1"))
    found.add(0.1, "server", "client", response("ECHO_RES", data=b"<script>\x1b[2J"))
    return found


def record(name, verdict="PASS", action="", flags=("flag",), clauses=("echo-answered",), role="server"):
    """A record of an item; action is what pytest makes of it, and "gap" stands for not run."""
    case = replace(CASE, id=name, clauses=clauses)
    if action == "gap":
        return make_gap(case, role, "dangerous on a server that is not ours")
    verdict = Verdict(verdict)
    sound = verdict in {"PASS", "TOLERATED", "RECORDED"}
    result = Result(
        verdict, "" if verdict == "PASS" else "echo-answered: nothing came", transcript=transcript()
    )
    result.flags = flags if verdict in {"TOLERATED", "RECORDED"} else ()
    result.clause, result.expected = clauses[0], "" if sound else "ECHO_RES"
    judgement = Judgement(action or ("pass" if sound else "fail"), "FAIL, defect: it is so")
    return make_record(case, role, result, judgement, again=f"gearspec replay {name}", duration=0.1)


def log(*records, header=HEADER, footer=FOOTER):
    return Log(header, {one["id"]: one for one in records}, footer)


def write(folder, *lines, name="report.jsonl"):
    """A report, in a file; the kind of each line is told by what it has."""
    path = folder / name
    path.write_text("".join(json.dumps(_kind(line)) + "\n" for line in lines))
    return path


def _kind(line):
    if not isinstance(line, dict) or "kind" in line:
        return line
    kind = "header" if "format" in line else "footer" if "planned" in line else "case"
    return {"kind": kind, **line}


def hostile():
    """A log in which everything that a target can have a say in is hostile."""
    entry = {"at": 0.0, "sender": NASTY, "receiver": NASTY, "what": NASTY, "hex": "1b5b"}
    texts = dict.fromkeys(("message", "expected", "came", "known", "again", "title"), NASTY)
    nasty = record("one", "FAIL") | texts | {"flags": [NASTY], "transcript": [entry]}
    subject = {"name": f"../../{NASTY}", "version": NASTY, "edition": "2.0.0"}
    return log(nasty, header=HEADER | {"target": subject, "options": {"expectations": NASTY}})


class Walk(HTMLParser):
    """Every tag of a page, with its attributes; all are closed in their order, or it fails."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.open = [], []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def count(self, wanted):
        return sum(tag == wanted for tag, _ in self.tags)
