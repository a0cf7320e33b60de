"""A case as a program of its own, that needs nothing but Python's standard library."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gearspec.protocol.message import BY_NAME, MESSAGES
from gearspec.script import case as words
from gearspec.script.case import Either, Message, Together
from gearspec.script.check import DEFAULT_WITHIN, SILENT
from gearspec.script.encode import variants
from gearspec.script.fit import message_name
from gearspec.script.load import first_message
from gearspec.script.project import SERVER, project
from gearspec.script.trait import Traits
from gearspec.script.value import AnyOf, Clock, Join, Matches, Repeat, Template
from gearspec.sequence import label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearspec.script.case import Case, Step
    from gearspec.script.value import Value

_SKELETON: Final = Path(__file__).with_name("skeleton.py")
_LINE: Final = "# --- from here on it is copied ---\n"
_ECHO_FENCE: Final = "FENCE, FENCED = 16, 17"
_ENDS: Final = {words.CLOSE, words.RESET, words.HALF_CLOSE}


def reproduce(case: Case, traits: Traits | None = None) -> str:
    """The program; it takes HOST and PORT of a server, and ends with 0 if all is as the script says.

    Args:
        case: with a server under test.
        traits: how that server is talked with; as one that knows everything unless given.
    """
    traits = traits or Traits()
    body = [f"    {line}" for line in _steps(case.steps, traits)]
    ways = [(dict(variant.choices), variant.cut) for variant in variants(project(case.steps, SERVER), SERVER)]
    play = ["def play(choices: dict[int, int], cut: int) -> None:", f'    """{case.title}."""', *body]
    play += ["    finish()", "", ""]
    head = (
        f'"""{case.title}.\n\nThe case {case.id} of gearspec, as a program: python3 THIS HOST PORT\n"""\n\n'
    )
    start = [
        'if __name__ == "__main__":',
        "    if len(sys.argv) > 1:",
        "        ADDRESS = (sys.argv[1], int((*sys.argv[2:], 4730)[0]))",
        "    try:",
        f"        for choices, cut in {ways!r}:",
        "            play(choices, cut)",
        "    except OSError as problem:",
        '        sys.exit(f"NOT AS EXPECTED: {ADDRESS[0]}:{ADDRESS[1]}: {problem}")',
        '    print("as expected")',
    ]
    script = "\n".join(play)
    return head + _skeleton(script, traits) + "\n\n" + script + "\n" + "\n".join(start)


def _skeleton(script: str, traits: Traits) -> str:
    """The part of the skeleton that a script needs, with the table and the fence filled in."""
    source = _SKELETON.read_text("utf-8").partition(_LINE)[2]
    lines = source.splitlines()
    tree = ast.parse(source).body
    functions = {node.name: node for node in tree if isinstance(node, ast.FunctionDef)}
    needed: set[str] = set()
    todo = [node for node in tree if not isinstance(node, ast.FunctionDef)] + ast.parse(script).body
    while todo:
        names = {node.id for node in ast.walk(todo.pop()) if isinstance(node, ast.Name)}
        todo += [functions[name] for name in names & functions.keys() - needed]
        needed |= names & functions.keys()
    for node in reversed(tree):
        if isinstance(node, ast.FunctionDef) and node.name not in needed:
            del lines[node.lineno - 1 : (node.end_lineno or node.lineno) + 2]
    arities = {message.type: len(message.arguments) for message in MESSAGES}
    names_of = {message.type: message.name for message in MESSAGES}
    text = "from __future__ import annotations\n\n" + "\n".join(lines).rstrip() + "\n"
    if traits.fence == "status":
        text = text.replace(_ECHO_FENCE, "FENCE, FENCED = 15, 20")
    text = text.replace("ARITIES: dict[int, int] = {}", f"ARITIES: dict[int, int] = {arities}")
    return text.replace("NAMES: dict[int | str, str] = {}", f"NAMES: dict[int | str, str] = {names_of}")


def _steps(steps: tuple[Step, ...], traits: Traits) -> Iterator[str]:
    """The statements of some steps; what only a testee does is not among them."""
    for step in steps:
        if isinstance(step, Either):
            yield from _either(step, traits)
        elif isinstance(step, Together):
            messages = [line for line in step.steps if isinstance(line, Message)]
            wants = [_want(line, traits) for line in messages for _ in range(line.times)]
            within = max(line.within or DEFAULT_WITHIN for line in messages)
            yield f"expect_all({', '.join(wants)}, within={within:g})"
        elif isinstance(step, Message):
            yield from _send(step, traits) if step.sent else _expect(step, traits)


def _either(step: Either, traits: Traits) -> Iterator[str]:
    firsts = [first_message(branch) for branch in step.branches]
    if firsts[0].sent:
        yield f"branch = choices[{step.line}]"
    else:
        timed = [
            first.within or (first.not_before or 0) + DEFAULT_WITHIN for first in firsts if _timed(first)
        ]
        within = f", within={max(timed):g}" if timed else ""
        wants = [_want(first, traits) for first in firsts]
        yield f"branch = choose({', '.join(wants)}{within})"
    for index, branch in enumerate(step.branches):
        grade = branch.grade if branch.flag is None else f"{branch.grade}, {branch.flag}"
        yield f"{'elif' if index else 'if'} branch == {index}:  # {grade}"
        yield from (f"    {line}" for line in list(_steps(branch.steps, traits)) or ["pass"])


def _timed(step: Message) -> bool:
    return step.within is not None or step.not_before is not None


def _send(step: Message, traits: Traits) -> Iterator[str]:
    if step.what in _ENDS:
        yield f"end({step.party!r}, {step.what!r})"
    elif step.what == words.GRAB:
        yield f"grab({step.party!r}, {BY_NAME[traits.grab].type})"
    else:
        arguments = [repr(step.party), f"{_data(step)}{f' * {step.times}' if step.times > 1 else ''}"]
        arguments += [repr(label(step)), *_manner(step)]
        yield f"send({', '.join(arguments)})"
    if step.mark:
        yield f"marks[{step.mark!r}] = time.monotonic()"


def _manner(step: Message) -> Iterator[str]:
    """How it is sent."""
    if step.anywhere:
        yield "cuts=(cut,)"
    elif step.split:
        yield f"cuts={step.split!r}"
    elif step.split == ():
        yield "cuts=None"
    if step.join:
        yield "hold=True"
    if step.what == words.RAW or step.frame != type(step.frame)():
        yield "sound=False"


def _data(step: Message) -> str:
    """The expression for the bytes of a sent line."""
    if step.what == words.RAW:
        return _value(step.values["hex"])
    if step.what == words.TEXT:
        return _value(step.values["line"]) + " + b'\\n'"
    message, frame = BY_NAME[step.what], step.frame
    if step.args is not None:
        arguments = [_value(value) for value in step.args]
    else:
        arguments = [
            _value(step.values[name], handle=name == "handle") if name in step.values else repr(SILENT[name])
            for name in message.arguments
        ]
    lies = {"size": frame.size, "magic": frame.magic, "says": frame.type}
    arguments += [f"{name}={lie!r}" for name, lie in lies.items() if lie is not None]
    return f"packet({', '.join([str(message.type), *arguments])})"


def _value(value: Value, *, handle: bool = False) -> str:
    """The expression for a value that is sent."""
    if isinstance(value, Template):
        suffix = ", handle=True" if handle else ""
        parts = [
            repr(part) if isinstance(part, bytes) else f"value({part!r}{suffix})" for part in value.parts
        ]
        return " + ".join(parts) or "b''"
    if isinstance(value, Repeat):
        return f"({_value(value.value)}) * {value.times}"
    if isinstance(value, Join):
        return " + ".join(_value(inner) for inner in value.values)
    assert isinstance(value, Clock), "the checker lets no other value be sent"
    return f"str(int(time.time()) + {value.offset}).encode()"


def _expect(step: Message, traits: Traits) -> Iterator[str]:
    if step.what == words.NOTHING:
        yield f"expect_nothing({step.party!r}, {step.within or 0:g})"
        return
    if step.what == words.ANYTHING:
        yield f"overlook({step.party!r})"
        return
    if step.what == words.TABLE:
        rows = [
            f"({', '.join('None' if cell is None else _pattern(cell) for cell in row)},)" for row in step.rows
        ]
        yield f"expect_table({', '.join([repr(step.party), *rows])})"
        return
    details = {
        "within": step.within or (step.not_before or 0) + DEFAULT_WITHIN,
        "not_before": step.not_before,
    }
    arguments = [_want(step, traits)]
    arguments += [
        f"{name}={number:g}" for name, number in details.items() if number not in {None, DEFAULT_WITHIN}
    ]
    arguments += [
        f"{name}={text!r}" for name, text in {"since": step.since, "mark": step.mark}.items() if text
    ]
    call = f"expect({', '.join(arguments)})"
    if step.times == 1:
        yield call
    else:
        yield from (f"for _ in range({step.times}):", f"    {call}")


def _want(step: Message, traits: Traits) -> str:
    """The expression for what a line expects."""
    if step.what in {words.NOTHING, words.TABLE}:
        return f"Want({step.party!r}, {'nothing' if step.what == words.NOTHING else 'TEXT'!r})"
    if step.what in _ENDS:
        return f"Want({step.party!r}, 'CLOSE')"
    if step.what == words.TEXT:
        return f"Want({step.party!r}, 'TEXT', ({_pattern(step.values['line'])},))"
    message = BY_NAME[message_name(step, traits.grab)]
    if step.args is not None:
        patterns = [_pattern(value) for value in step.args]
    else:
        patterns = [
            _pattern(step.values[name]) if name in step.values else "None" for name in message.arguments
        ]
    exact = ", exact=True" if step.args is not None else ""
    given = f", ({', '.join(patterns)},)" if patterns else ""
    return f"Want({step.party!r}, {message.type}{given}{exact})"


def _pattern(value: Value) -> str:
    """The expression for a value that may come."""
    if isinstance(value, Template) and value.name:
        return f"Name({value.name!r})"
    if isinstance(value, AnyOf):
        return f"({', '.join(_pattern(inner) for inner in value.values)},)"
    if isinstance(value, Matches):
        return f"re.compile({value.pattern.pattern!r}, re.DOTALL)"
    return _value(value)
