"""Cases that a small server keeps, breaks and dies of, and a session with one that is not ours."""

from gearspec.harness.session import Session
from gearspec.harness.target import resolve_target
from gearspec.script.load import parse_cases

CASES = """
- id: echo
  title: ECHO_REQ is answered
  clauses: [echo-answered]
  under-test: [server]
  script:
  - client -> server: ECHO_REQ
    data: $data
  - server -> client: ECHO_RES
    clause: echo-answered
    data: $data
- id: patient
  title: ECHO_REQ is answered, and there is time for it
  clauses: [echo-answered]
  under-test: [server]
  script:
  - client -> server: ECHO_REQ
    data: $data
  - server -> client: ECHO_RES
    clause: echo-answered
    data: $data
    within: 5
- id: wrong
  title: ECHO_REQ is answered by something else
  clauses: [echo-answered]
  under-test: [server]
  script:
  - client -> server: ECHO_REQ
  - server -> client: NOOP
    clause: echo-answered
- id: complain
  title: Something breaks inside, and is told on the standard output
  clauses: [admin-version]
  under-test: [server]
  script:
  - admin -> server: TEXT
    line: complain
  - server -> admin: TEXT
    clause: admin-version
    line: OK
- id: leave
  title: A client leaves, and the server knows of it
  clauses: [admin-version]
  under-test: [server]
  script:
  - client -> server: ECHO_REQ
  - client -> server: CLOSE
  - admin -> server: TEXT
    line: left
  - server -> admin: TEXT
    clause: admin-version
    line: OK
    within: 3
- id: no-epoch
  title: A case for a server that has SUBMIT_JOB_EPOCH
  clauses: [echo-answered]
  under-test: [server]
  needs: [epoch]
  script:
  - client -> server: ECHO_REQ
  - server -> client: ECHO_RES
    clause: echo-answered
- id: needs-echo
  title: A case for a server that has ECHO_REQ
  clauses: [echo-answered]
  under-test: [server]
  needs: [echo]
  script:
  - client -> server: ECHO_REQ
  - server -> client: ECHO_RES
    clause: echo-answered
"""
FATAL = """
- id: {id}
  title: The server does not survive this
  clauses: [admin-version]
  under-test: [server]
  {extra}
  script:
  - admin -> server: TEXT
    line: {line}
  - server -> admin: TEXT
    clause: admin-version
    line: OK
    within: {within}
"""


def fatal(line, extra="", within="2", case_id=None):
    text = FATAL.format(id=case_id or line, line=line, extra=extra, within=within)
    return parse_cases(text, "fatal.yaml")[0]


CASE = {case.id: case for case in parse_cases(CASES, "cases.yaml")}
DANGER = "dangerous: it ends the server"


def shared(port, **settings):
    session = Session(resolve_target(f"127.0.0.1:{port}"), scale=0.1, **settings)
    session.start()
    return session
