import textwrap

import pytest

from gearspec.chart import chart
from gearspec.script.load import parse_cases
from gearspec.suite import own_cases

CASE = """\
- id: picture
  title: A picture
  clauses: [echo-answered]
  under-test: [server]
  script:
"""


def drawn(script):
    (case,) = parse_cases(CASE + textwrap.indent(textwrap.dedent(script), "  "), "picture.gear.yaml")
    return chart(case)


def test_each_party_has_a_lifeline_and_each_line_an_arrow():
    picture = drawn("""\
        - client -> server: ECHO_REQ
          data: hi
        - server -> client: ECHO_RES
          clause: echo-answered
          within: 3
          data: hi
    """)
    assert picture.splitlines() == [
        " client                 server",
        "    |                      |",
        "    | ECHO_REQ data='hi'   |",
        "    |--------------------->|",
        "    |                      |",
        "    | ECHO_RES data='hi'   |",
        "    |<---------------------|",
        "    | (within 3 s)         |",
        "    | (decides echo-answered)",
        " client                 server",
    ]


def test_forks_and_free_order_are_marked():
    picture = drawn("""\
        - client -> server: ECHO_REQ
          data: hi
        - either:
          - as: pass
            script:
            - server -> client: ECHO_RES
              clause: echo-answered
              data: hi
            - together:
              - server -> client: ECHO_RES
              - server -> client: ERROR
          - as: tolerated
            flag: mute
            script:
            - server -> client: nothing
              clause: echo-answered
    """)
    rules = [line.strip("- ") for line in picture.splitlines() if line.startswith("---")]
    assert rules == [
        "either: pass",
        "in any order",
        "from here on in order",
        "or: tolerated, mute",
        "in either case",
    ]
    assert "|<- - - -" in picture


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("frame: {size: +1}", "(size says +1)"),
        ("frame: {type: 99}", "(type says 99)"),
        ("frame: {magic: '00474554'}", "(magic 00474554)"),
        ("split: [4, 8]", "(cut at 4, 8)"),
        ("split: each-byte", "(byte by byte)"),
        ("split: anywhere", "(cut at every place in turn)"),
        ("times: 3", "x 3"),
    ],
)
def test_what_is_odd_about_a_packet_stands_beside_it(keys, words):
    script = f"""\
        - client -> server: ECHO_REQ
          data: hi
          {keys}
        - server -> client: ECHO_RES
          clause: echo-answered
    """
    assert words in drawn(script)


def test_every_case_can_be_drawn_in_plain_ascii():
    for case in own_cases():
        picture = chart(case)
        assert picture.isascii(), case.id
        assert all(f"(decides {name})" in picture for name in case.clauses), case.id
