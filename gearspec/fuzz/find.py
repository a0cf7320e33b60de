"""What a search has found, as a script: a file to play alone, to report, or to put into a suite."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from gearspec.errors import ScriptError
from gearspec.harness.performance import DEAD
from gearspec.script.load import SUFFIX, parse_cases
from gearspec.script.write import write_cases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from gearspec.protocol.transcript import Transcript
    from gearspec.script.case import Case
    from gearspec.script.verdict import Result

_DEADLY: Final = "the program may die of it"
_ALONE: Final = "it is played on an instance of its own"


@dataclass(frozen=True, slots=True)
class Find:
    """A find that was written down.

    Attributes:
        case: what is in the file, whose path it has.
        result: what came of it when it was played from the file, or of the search if that was another.
        text: of the file.
        doubts: what a reader must know of it, in lines: that it did not fail again in the same way when it
            was played from the file alone, or that there is no capture of it.
    """

    case: Case
    result: Result
    text: str
    doubts: tuple[str, ...]


def write_find(
    case: Case, result: Result, folder: Path, remarks: Iterable[str], play: Callable[[Case], Result]
) -> Find:
    """Write what was found to ``NAME.gear.yaml``, and its conversation to ``NAME.pcap`` beside it.

    The name follows from the script, so that the same find has the same name wherever it is made.

    Args:
        case: that failed.
        result: what came of it.
        folder: is made if it is not there.
        remarks: what stands at the head of the file, in lines.
        play: plays what was read from the file again, alone.

    Raises:
        OSError: the files cannot be written.
    """
    digest = hashlib.sha256(write_cases([case]).encode()).hexdigest()[:8]
    path = folder / f"{case.id}-{digest}{SUFFIX}"
    deadly = _DEADLY if result.verdict in DEAD else case.dangerous
    found = replace(case, id=f"{case.id}-{digest}", dangerous=deadly, path=str(path), line=1)
    text = write_cases([found], remarks)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    lacks = _write_capture(result.transcript, folder / f"{found.id}.pcap")
    try:
        (found,) = parse_cases(text, path)
    except ScriptError as problem:
        return Find(found, result, text, (*lacks, f"not reproducible as a script: {problem}"))
    again = play(replace(found, dangerous=deadly or _ALONE))
    if _sign(again) == _sign(result):
        return Find(found, again, text, lacks)
    came = f"{again.verdict} {again.message}".rstrip()
    doubt = f"not reproducible as a script: played alone from the file, it came to {came}"
    return Find(found, result, text, (*lacks, doubt))


def _write_capture(transcript: Transcript, path: Path) -> tuple[str, ...]:
    """Write a capture; why there is none, if there is none."""
    try:
        from gearspec.protocol import layer  # noqa: PLC0415 - scapy is slow to import, and optional
    except ImportError:
        return ("there is no capture of it: that takes scapy, install gearspec[scapy]",)
    layer.write_pcap(transcript, path)
    return ()


def _sign(result: Result) -> tuple[str, str]:
    """What makes two results the same; at which line, and so under which clause, a death shows is chance."""
    message = result.message
    return result.verdict, message.partition(": ")[2] if result.verdict in DEAD else message
