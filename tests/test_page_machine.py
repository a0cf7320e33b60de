"""The state machines that are drawn are those that the model has."""

import random
from xml.etree import ElementTree as ET

import pytest

from gearspec.model import Send, Server
from gearspec.page import machine as words
from gearspec.page.machine import MACHINES, Transition, draw_machine, machine_pages
from gearspec.protocol.message import BY_NAME, GRABS, TERMINAL
from gearspec.protocol.packet import Line, Packet, request

UPDATES = ("WORK_DATA", "WORK_STATUS", "WORK_WARNING")
WORKER, CLIENT, ADMIN = 1, 2, 3
BY_MACHINE = {machine.name: machine for machine in MACHINES}
WALKS, STEPS = 3000, 60


class World:
    """A server with a worker, a client and an administrator, all of whom keep to the protocol.

    What a walk may do next is in `choices`: what it is called, and how it is done.
    """

    def __init__(self, chance):
        self.chance, self.now, self.fresh = chance, 1000.0, 10
        self.server = Server()
        self.sent = []
        for peer in (WORKER, CLIENT, ADMIN):
            self.server.connected(peer)
        self.ask(ADMIN, Line(b"maxqueue f 4\n"))

    def ask(self, peer, item):
        self.note(self.server.received(peer, item))

    def note(self, effects):
        self.sent += [
            (effect.connection, effect.item.name)
            for effect in effects
            if isinstance(effect, Send) and isinstance(effect.item, Packet)
        ]

    def say(self, peer, name, **given):
        arguments = {
            "function": b"f",
            "workload": b"w",
            "timeout": b"%d" % self.chance.choice([0, 500, 2500]),
        }
        arguments |= {"option": b"exceptions", "epoch": b"0", **given}
        self.ask(peer, request(name, **{key: arguments.get(key, b"") for key in BY_NAME[name].arguments}))

    @property
    def jobs(self):
        return list(self.server.exchange.queue.jobs.values())

    @property
    def held(self):
        return [job for job in self.jobs if job.running]

    def peer(self, number):
        return self.server.exchange.connections.get(number)

    def replace(self, number):
        self.note(self.server.closed(number))
        self.server.connected(number)

    def wait(self, seconds):
        self.now += seconds
        self.note(self.server.tick(self.now))

    def work(self, names):
        """What a worker may say of a job that it has."""
        return [
            (name, job, lambda n=name, j=job: self.say(WORKER, n, handle=j.handle))
            for name in names
            for job in self.held
        ]


class WorkerWalk(World):
    name, who = "worker", WORKER

    def state(self):
        peer = self.peer(WORKER)
        if peer is None:
            return "gone"
        return "working" if self.held else "asleep" if peer.asleep else "awake"

    def choices(self):
        names = ("CAN_DO", "CAN_DO_TIMEOUT", "CANT_DO", "RESET_ABILITIES", "PRE_SLEEP", *GRABS)
        yield from ((name, lambda n=name: self.say(WORKER, n)) for name in names)
        yield from ((name, do) for name, _, do in self.work((*UPDATES, *TERMINAL)))
        yield words.CLOSES, lambda: self.note(self.server.closed(WORKER))
        if len(self.jobs) < 4:
            mine = b"f" in self.peer(WORKER).abilities
            yield words.JOB_COMES if mine else None, lambda: self.say(CLIENT, "SUBMIT_JOB")
        if self.server.deadline:
            yield words.TOO_LONG, lambda: self.wait(self.server.deadline - self.now)


class ClientWalk(World):
    name, who = "client", CLIENT

    def state(self):
        if self.peer(CLIENT) is None:
            return "gone"
        return "waiting" if any(CLIENT in job.clients for job in self.jobs) else "idle"

    def choices(self):
        kinds = BY_MACHINE["client"].kinds
        for kind in ("a question", "a submit", "a background submit"):
            yield from ((name, lambda n=name: self.say(CLIENT, n)) for name in kinds[kind])
        for name, job, do in self.work((*UPDATES, *TERMINAL)):
            yield (words.DETACHED if job.background else name), do
        yield words.CLOSES, lambda: self.note(self.server.closed(CLIENT))
        waited = [job for job in self.held if not job.background]
        if waited:
            yield words.WORKER_GONE, lambda: self.replace(WORKER)
        if any(job.expires == self.server.deadline for job in waited) and self.server.deadline:
            yield words.TOO_LONG, lambda: self.wait(self.server.deadline - self.now)
        yield None, self.labour

    def labour(self):
        self.say(WORKER, "CAN_DO_TIMEOUT")
        self.say(WORKER, "GRAB_JOB")


class JobWalk(World):
    name, who = "job", None

    def __init__(self, chance):
        super().__init__(chance)
        self.job = None
        self.clients = [CLIENT]

    def state(self):
        if self.job not in self.jobs:
            return "unknown"
        return "running" if self.job.running else "delayed" if self.job.due > self.now else "queued"

    def submit(self, name):
        self.server.tick(self.now)
        epoch = b"%d" % (self.now + self.chance.choice([-5, 5]))
        self.fresh += 1
        self.server.connected(self.fresh)
        self.say(self.fresh, name, unique=b"u", epoch=epoch)
        self.job = self.jobs[0]

    def choices(self):
        kinds, state = BY_MACHINE["job"].kinds, self.state()
        for name in (*kinds["a submit"], *kinds["a background submit"], "SUBMIT_JOB_EPOCH"):
            yield name, lambda n=name: self.submit(n)
        if self.job is None:
            return
        yield words.CANCELLED, lambda: self.ask(ADMIN, Line(b"cancel job %s\n" % self.job.handle))
        yield from (
            (words.CLIENT_GONE, lambda c=c: self.note(self.server.closed(c))) for c in self.job.clients
        )
        if state == "delayed":
            yield words.DUE, lambda: self.wait(self.job.due - self.now)
        elif state == "queued":
            yield from ((name, lambda n=name: self.grab(n)) for name in GRABS)
        elif state == "running":
            yield from ((name, do) for name, _, do in self.work((*UPDATES, *TERMINAL)))
            yield words.WITHDRAWN, lambda: self.say(WORKER, "CANT_DO")
            yield words.WORKER_CLOSES, lambda: self.replace(WORKER)
            if self.job.expires:
                yield words.OVERDUE, lambda: self.wait(self.job.expires - self.now)

    def grab(self, name):
        self.say(WORKER, "CAN_DO_TIMEOUT")
        self.say(WORKER, name)


def pick(world):
    """One of the choices; each kind of messages as often as another."""
    kinds = {name: kind for kind, names in BY_MACHINE[world.name].kinds.items() for name in names}
    choices = {}
    for event, do in world.choices():
        choices.setdefault(kinds.get(event, event), []).append((event, do))
    return world.chance.choice(world.chance.choice(list(choices.values())))


def walk(kind, seed):
    """Every transition of one walk: a state, what happened, the answer, the state after it."""
    world = kind(random.Random(seed))
    for _ in range(STEPS):
        before = world.state()
        event, do = pick(world)
        world.sent.clear()
        do()
        answers = {name for peer, name in world.sent if peer == world.who}
        assert len(answers) < 2
        if event:
            yield Transition(before, event, "".join(answers), world.state())
        if world.state() in {"gone", "unknown"}:
            return


def spelt(machine):
    """The transitions with each message of a kind for itself."""
    for one in machine.transitions:
        for event in machine.kinds.get(one.event, (one.event,)):
            yield from (
                Transition(one.state, event, answer, one.after)
                for answer in machine.kinds.get(one.answer, (one.answer,))
                if belongs(event, answer)
            )


def belongs(event, answer):
    """Whether an answer can be that to a message of the same kind."""
    if event in GRABS and answer in GRABS.values():
        return GRABS[event] == answer
    if event in UPDATES:
        return answer in {event, ""}
    answers = {"ECHO_REQ": "ECHO_RES", "GET_STATUS": "STATUS_RES", "GET_STATUS_UNIQUE": "STATUS_RES_UNIQUE"}
    return answers.get(event, answer) == answer and (event == "OPTION_REQ") == (answer == "OPTION_RES")


@pytest.mark.parametrize("kind", [WorkerWalk, ClientWalk, JobWalk], ids=lambda kind: kind.name)
def test_what_is_drawn_happens_in_the_model_and_nothing_else_does(kind):
    seen = {one for seed in range(WALKS) for one in walk(kind, seed)}
    drawn = set(spelt(BY_MACHINE[kind.name]))
    assert seen - drawn == set()
    assert drawn - seen == set()


def test_each_machine_is_drawn_with_what_changes_its_state_and_told_with_all_that_happens():
    (page,) = machine_pages()
    assert page.path == "machines/index.html"
    for machine in MACHINES:
        drawn = draw_machine(machine)
        assert drawn in page.text
        own = page.text.partition(f'<h2 id="{machine.name}">')[2].partition("<h2")[0]
        said = " ".join(ET.fromstring(drawn).itertext())
        for one in machine.transitions:
            cells = (f"<code>{one.state}</code>", one.event, one.answer, f"<code>{one.after}</code>")
            assert "".join(f"<td>{cell}</td>" for cell in cells) in own
            assert one.state == one.after or one.text in said
