"""The rules of the ledger: each looks through the book for one thing that no job server may do."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from gearspec.ledger.book import ANSWERED_IN, ASKS, ASSIGNMENTS, WORK
from gearspec.protocol.message import BACKGROUND, BY_NAME, GRABS, REQ, RES, TERMINAL
from gearspec.protocol.packet import Packet, check
from gearspec.protocol.transcript import raw_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearspec.ledger.book import Book, Connection, Job
    from gearspec.protocol.transcript import What

SHAPES: Final = {
    "WRONG_MAGIC": "frame-response-magic",
    "UNKNOWN_TYPE": "frame-type-numbers",
    "UNEXPECTED_DATA": "frame-no-arguments",
    "MISSING_ARGUMENT": "frame-arguments-separated",
    "TRAILING_NUL": "frame-last-argument-unterminated",
    "EXTRA_ARGUMENT": "frame-last-argument-unterminated",
    "HANDLE_TOO_LONG": "handle-limit",
}
"""The violations of `gearspec.protocol.packet.VIOLATIONS` that concern bytes and not values."""
OWN: Final = frozenset({"WRONG_MAGIC", "UNKNOWN_TYPE", "UNEXPECTED_DATA", "MISSING_ARGUMENT"})
"""Those that a server makes itself, whatever it was sent; others may be sent back as they came."""
KINDS: Final = SHAPES | {
    "NO_PACKET": "frame-header",
    "SURPLUS_JOB_CREATED": "submit-job-created",
    "SURPLUS_ASSIGNMENT": "grab-answered-once",
    "SURPLUS_ECHO_RES": "echo-answered",
    "SURPLUS_OPTION_RES": "option-exceptions",
    "SURPLUS_STATUS_RES": "get-status-answered",
    "SURPLUS_STATUS_RES_UNIQUE": "get-status-unique-answered",
    "WRONG_ECHO_RES": "echo-returns-data",
    "WRONG_OPTION_RES": "option-res-names-option",
    "WRONG_STATUS_RES": "status-res-fields",
    "WRONG_JOB_ASSIGN": "grab-job-assign",
    "WRONG_JOB_ASSIGN_UNIQ": "grab-uniq-assign",
    "WRONG_JOB_ASSIGN_ALL": "grab-all-assign",
    "NOT_REGISTERED": "grab-only-registered",
    "CHANGED_JOB_ASSIGN": "job-assign-fields",
    "CHANGED_JOB_ASSIGN_UNIQ": "job-assign-uniq-fields",
    "CHANGED_JOB_ASSIGN_ALL": "job-assign-all-fields",
    "NOT_THE_FIRST": "coalesce-keeps-workload",
    "TWO_WORKERS": "grab-one-worker-only",
    "ASSIGNED_AFTER_END": "work-complete-ends",
    "BEFORE_JOB_CREATED": "job-created-before-results",
    "NOT_SUBMITTED": "results-only-to-submitter",
    "BACKGROUND_UPDATE": "background-no-updates",
    "BACKGROUND_END": "background-no-completion",
    "AFTER_END": "one-terminal-packet",
    "NOT_AS_SENT": "forwarded-unchanged",
    "OUT_OF_ORDER": "forwarded-in-order",
}
"""Every kind of finding, and the clause that is broken then."""

_ALSO: Final = {"GRAB_JOB_ALL": "JOB_ASSIGN_UNIQ"}
"""What some servers answer when a job has no reducer; whether they may is left to the cases."""
_Found: TypeAlias = "Iterator[tuple[str, int, str]]"
"""Kind, event, and what is wrong with it in words."""


def find(book: Book) -> _Found:
    """Apply every rule."""
    for connection in book.connections:
        yield from _shapes(book, connection)
        yield from _unregistered(book, connection)
        yield from _heard(book, connection)
        yield from _forged(book, connection)
        yield from _unclear(book, connection)
        yield from _stray(book, connection)
    for job in book.jobs.values():
        yield from _changed(book, job)
    for handle, job in book.jobs.items():
        yield from _doubled(book, handle, job)
    yield from _surplus(book)
    yield from _wrong(book)


def _shapes(book: Book, connection: Connection) -> _Found:
    """A packet of the server is malformed, and not because one was that it passes on."""
    for index in connection.received:
        if index > book.clear and book.name(index) in WORK | ASSIGNMENTS:
            continue
        for violation in check(book.packet(index), "server"):
            if violation.kind in SHAPES:
                yield violation.kind, index, violation.message


def _unclear(book: Book, connection: Connection) -> _Found:
    """An answer to what was malformed is malformed itself, or nobody can have asked for it.

    What a server takes for a request is its own business; but it has to find the type of one in the bytes.
    """
    said = book.said(connection) if connection.unclear else b""
    answers = Counter({exchange: len(found) for exchange, found in connection.answers.items()})
    created = {book.handle(index) for index in connection.received if book.name(index) == "JOB_CREATED"}
    for index in connection.unclear:
        name, exchange = book.name(index), ANSWERED_IN.get(book.name(index))
        if name == "JOB_CREATED":
            created.add(book.handle(index))
        elif name in WORK and book.handle(index) not in created:
            yield "NOT_SUBMITTED", index, "no JOB_CREATED gave it this handle"
        if name not in WORK | ASSIGNMENTS:
            wrong = check(book.packet(index), "server")
            yield from ((one.kind, index, one.message) for one in wrong if one.kind in OWN)
        if exchange:
            answers[exchange] += 1
            if answers[exchange] > sum(said.count(type_.to_bytes(4)) for type_ in ASKS[exchange]):
                yield f"SURPLUS_{exchange}", index, "nothing was sent that could be read as asking for it"


def _stray(book: Book, connection: Connection) -> _Found:
    """A line, or bytes that are nothing at all, came to somebody who has sent nothing but packets."""
    said = [what for index in connection.said if raw_bytes(what := book.events[index].what)]
    if connection.stray and all(map(_framed, said)):
        yield "NO_PACKET", connection.stray[0], "it had sent nothing but packets"


def _framed(what: What) -> bool:
    """Whether any reader sees it begin and end as a packet."""
    return isinstance(what, Packet) and what.magic in {REQ, RES} and what.size in {None, len(what.body)}


def _surplus(book: Book) -> _Found:
    """There are more answers than requests."""
    for index, exchange in book.surplus.items():
        yield f"SURPLUS_{exchange}", index, "nothing was asked that this could answer"


def _wrong(book: Book) -> _Found:
    """An answer fits none of the requests that it may answer."""
    for index, requests in book.origins.items():
        if not any(_answers(book.packet(index), book.packet(request)) for request in requests):
            yield f"WRONG_{book.name(index)}", index, "this does not answer what was asked"


def _answers(answer: Packet, request: Packet) -> bool:
    if answer.name in ASSIGNMENTS:
        return answer.name in {GRABS[request.name], _ALSO.get(request.name)}
    if answer.name in {"ECHO_RES", "OPTION_RES", "STATUS_RES"}:
        return answer.arguments[0] == request.arguments[0]
    return True


def _unregistered(book: Book, connection: Connection) -> _Found:
    """A worker is assigned a job of a function that it had not registered when it grabbed."""
    for index in connection.received:
        if book.name(index) in ASSIGNMENTS and index in book.origins:
            function = book.packet(index).fields.get("function", b"")
            grabs = book.origins[index]
            if not any(function in _abilities(book, connection, grab) for grab in grabs):
                yield "NOT_REGISTERED", index, "the worker had not registered this function"


def _abilities(book: Book, connection: Connection, until: int) -> set[bytes]:
    functions: set[bytes] = set()
    for packet in (book.packet(index) for index in connection.sent if index < until):
        if packet.name in {"CAN_DO", "CAN_DO_TIMEOUT"}:
            functions.add(packet.fields["function"])
        elif packet.name == "CANT_DO":
            functions.discard(packet.fields["function"])
        elif packet.name == "RESET_ABILITIES":
            functions.clear()
    return functions


def _changed(book: Book, job: Job) -> _Found:
    """An assignment has not what was submitted first."""
    if not job.announced or any(index not in book.origins for index in job.announced):
        return
    submits = {submit for index in job.announced for submit in book.origins[index]} | set(book.unanswered)
    for index in job.assigned:
        fitting = [submit for submit in submits if _carries(book, index, book.packet(submit))]
        over = [*job.ends, *book.said_over(book.handle(index))]
        reused = any(end < index for end in over)
        if index > book.clear:
            continue
        if not fitting:
            yield f"CHANGED_{book.name(index)}", index, "no submit of this job has these arguments"
        elif not reused and min(fitting) > min(job.announced):
            yield "NOT_THE_FIRST", index, "these are not the arguments of the first submit of this job"


def _carries(book: Book, assignment: int, submit: Packet) -> bool:
    asked, given = submit.fields, book.packet(assignment).fields
    if asked["unique"] in {b"", b"-"}:  # what stands for no unique, or for the workload, is not written
        given.pop("unique", None)
    given.pop("handle", None)
    asked.setdefault("reducer", b"")
    if submit.name.startswith("SUBMIT_REDUCE") and book.dialect.reduce_arguments > 3:
        asked["workload"] = asked["workload"].partition(b"\0")[2]
    return all(asked[name] == value for name, value in given.items())


def _doubled(book: Book, handle: bytes, job: Job) -> _Found:
    """A job is assigned while another worker has it, or when it is over."""
    if any(handle in command for command in book.commands):  # an administrator may have cancelled it
        return
    for before, index in pairwise(sorted(job.assigned)):
        # which of the two came first is known only if the second was not given up before it was read
        if index > book.clear or book.fate(job, index, index)[0] != "held":
            continue
        fate, _ = book.fate(job, before, index)
        if fate == "held":
            yield "TWO_WORKERS", index, "another grab was given this job and has not ended it"
        elif fate == "ended" and len(job.announced) == 1:
            yield "ASSIGNED_AFTER_END", index, "this job had been ended by the worker that had it"


def _heard(book: Book, connection: Connection) -> _Found:
    """A client is told of a job that it does not wait for, or not any more."""
    announced = Counter[bytes]()
    waiting = Counter[bytes]()
    ended = Counter[bytes]()
    for index in connection.received:
        name, handle = book.name(index), book.handle(index)
        if name == "JOB_CREATED":
            announced[handle] += 1
            waiting[handle] += _foreground(book, index)
        elif name in WORK:
            if not announced[handle]:
                yield _stranger(book, connection, index)
            elif not waiting[handle]:
                kind = "BACKGROUND_END" if name in TERMINAL else "BACKGROUND_UPDATE"
                yield kind, index, "it submitted this job in the background"
            elif ended[handle] >= waiting[handle]:
                yield "AFTER_END", index, "this job has ended for it"
            ended[handle] += name in book.terminal


def _foreground(book: Book, created: int) -> bool:
    """Whether a JOB_CREATED may be of a job that its client waits for."""
    submits = book.origins.get(created, [])
    return not submits or any(book.name(submit) not in BACKGROUND for submit in submits)


def _stranger(book: Book, connection: Connection, index: int) -> tuple[str, int, str]:
    created = (other for other in connection.received if book.name(other) == "JOB_CREATED")
    if any(book.handle(other) == book.handle(index) for other in created):
        return "BEFORE_JOB_CREATED", index, "JOB_CREATED with this handle comes later"
    return "NOT_SUBMITTED", index, "no JOB_CREATED gave it this handle"


def _forged(book: Book, connection: Connection) -> _Found:
    """A client gets what no worker that had the job sent, or not in the order in which it was sent."""
    created = Counter(
        book.handle(index) for index in connection.received if book.name(index) == "JOB_CREATED"
    )
    for handle, heard in connection.heard.items():
        holders = list(dict.fromkeys(book.jobs[handle].assigned.values())) if handle in book.jobs else []
        sent = [book.packet(index)[1:3] for holder in holders for index in holder.told.get(handle, [])]
        made = {"WORK_FAIL"} if _raised(sent) else {"WORK_FAIL", "WORK_EXCEPTION"}
        # one packet of the worker comes once for each submit of this connection that was attached to the job
        stream = [what for what in sent for _ in range(created[handle])]
        place = 0
        for index in heard:
            what = book.packet(index)[1:3]
            if index > book.clear or not holders or book.name(index) in made:
                continue
            if what not in sent:
                yield "NOT_AS_SENT", index, "no worker that had this job sent this"
            elif what in stream[place:]:
                place = stream.index(what, place) + 1
            elif len(holders) == 1 and created[handle]:
                yield "OUT_OF_ORDER", index, "the worker sent this before what came last"


def _raised(sent: list[tuple[int, bytes]]) -> bool:
    """Whether a worker sent an exception; if none did, a server may have made one, as of a lost worker."""
    return any(type_ == BY_NAME["WORK_EXCEPTION"].type for type_, _ in sent)
