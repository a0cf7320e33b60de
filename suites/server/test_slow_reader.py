"""A client that does not read what it is sent: no line of a script can be that, since a script reads all."""

import socket
from contextlib import ExitStack

import pytest

from gearspec.harness.instance import Instance
from gearspec.property import Property
from gearspec.protocol.packet import Decoder, Packet, request
from gearspec.script.load import parse_cases
from gearspec.script.play import Stage, plays
from gearspec.script.verdict import Result, Verdict, worst

pytest_plugins = ["gearspec.property"]

CLAUSE = "slow-reader-blocks-nobody"
JOBS = 16
"""How many results nobody reads."""
SIZE = 1 << 20
"""How many bytes each of them has; all together they are more than a kernel takes in for a connection."""
PATIENCE = 2.0
"""Seconds in which the worker that sends them gets its jobs."""
(OTHERS,) = parse_cases(
    f"""
- id: others
  title: Others are served
  clauses: [{CLAUSE}]
  under-test: [server]
  script:
  - worker -> server: CAN_DO
    function: $fn
  - client -> server: SUBMIT_JOB
    function: $fn
    workload: w
  - server -> client: JOB_CREATED
    clause: {CLAUSE}
    handle: $job
  - worker -> server: GRAB
  - server -> worker: ASSIGN
    clause: {CLAUSE}
    handle: $job
  - worker -> server: WORK_COMPLETE
    handle: $job
    data: done
  - server -> client: WORK_COMPLETE
    clause: {CLAUSE}
    handle: $job
    data: done
""",
    __file__,
)


@pytest.mark.clause("slow-reader-blocks-nobody")
def test_a_client_that_does_not_read_its_results_keeps_nobody_waiting(gear_ordeal: Property) -> None:
    """A client that does not read its results keeps nobody waiting."""
    gear_ordeal.stand(ordeal)


def ordeal(instance: Instance, stage: Stage) -> Result:
    """Somebody has results sent to him and does not read them; are others served meanwhile?"""
    function = stage.token(16).encode()
    place = (instance.address.host, instance.address.port)
    with ExitStack() as open_sockets:
        deaf = open_sockets.enter_context(socket.socket())
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(place)
        for number in range(JOBS):
            unique = function + b"-%d" % number
            deaf.sendall(request("SUBMIT_JOB", function=function, unique=unique, workload=b"w").encode())
        worker = open_sockets.enter_context(socket.create_connection(place, PATIENCE))
        try:
            work(worker, function, stage.traits.grab)
        except TimeoutError:
            return Result(Verdict.FAIL, f"{CLAUSE}: the worker waits for its answers", clause=CLAUSE)
        return worst([instance.play([play])[0] for play in plays(OTHERS, stage)])


def work(worker: socket.socket, function: bytes, grab: str) -> None:
    """Do all the jobs, each with a large result."""
    worker.sendall(request("CAN_DO", function=function).encode())
    decoder, done = Decoder(), 0
    while done < JOBS:
        worker.sendall(request(grab).encode())
        packets = decoder.feed(worker.recv(65536))
        while not packets:
            packets = decoder.feed(worker.recv(65536))
        for packet in packets:
            if isinstance(packet, Packet) and "handle" in packet.fields:
                result = request("WORK_COMPLETE", handle=packet.fields["handle"], data=bytes(SIZE))
                worker.sendall(result.encode())
                done += 1
