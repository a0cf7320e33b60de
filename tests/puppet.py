"""A client and a worker that do what they should, for tests that make them do something else."""

from gearspec.protocol.packet import Packet
from tests.theatre import Puppet

ENDS = {"WORK_COMPLETE": "complete", "WORK_FAIL": "fail", "WORK_EXCEPTION": "exception"}
KINDS = {None: "SUBMIT_JOB", "high": "SUBMIT_JOB_HIGH", "low": "SUBMIT_JOB_LOW"}


class Client(Puppet):
    """A client that does what it should; it submits a batch in order and blocks until all of it is over."""

    def __init__(self):
        super().__init__()
        self.connection = None
        self.open_submits = {}
        self.waiting = []
        self.jobs = {}

    def asked(self, asked):
        if asked["do"] == "submit":
            self.reach()
            self.open_submits[asked["id"]] = (asked, {task["task"] for task in asked["tasks"]})
            for task in asked["tasks"]:
                self.submit(task)
        elif asked["do"] == "option":
            self.reach()
            self.send(self.connection, "OPTION_REQ", option=asked["option"].encode())
            self.done(asked)
        elif asked["do"] == "status":
            self.send(self.connection, "GET_STATUS", handle=asked["handle"])
            self.done(asked)
        else:
            super().asked(asked)

    def reach(self):
        for server in self.servers:
            self.connection = self.connection or self.open(server)

    def submit(self, task):
        self.waiting.append(task)
        name = KINDS[task.get("priority")] + ("_BG" if task.get("background") else "")
        keys = {"function": task["function"], "unique": task.get("unique", b""), "workload": task["workload"]}
        self.send(self.connection, name, **keys)

    def came(self, connection, packet):
        if packet.name == "JOB_CREATED":
            task = self.waiting.pop(0)
            self.jobs[packet.fields["handle"]] = task["task"]
            if task.get("background"):
                self.over(task["task"])
        elif packet.name in ENDS:
            task = self.jobs[packet.fields["handle"]]
            data = {"data": packet.fields["data"]} if "data" in packet.fields else {}
            self.tell(ENDS[packet.name], task=task, **data)
            self.over(task)

    def over(self, task):
        for asked, left in list(self.open_submits.values()):
            left.discard(task)
            if not left:
                del self.open_submits[asked["id"]]
                self.done(asked)

    def ended(self, connection):
        self.connection = None
        for task in list(self.waiting):
            self.tell("fail", task=task["task"])
            self.over(task["task"])
        self.waiting.clear()


GRABS = {"JOB_ASSIGN": "GRAB_JOB", "JOB_ASSIGN_UNIQ": "GRAB_JOB_UNIQ", "JOB_ASSIGN_ALL": "GRAB_JOB_ALL"}


class Worker(Puppet):
    """A worker that does what it should: it grabs, sleeps when there is nothing, and works by its plan."""

    grab = "GRAB_JOB"
    first = "grab"

    def __init__(self):
        super().__init__()
        self.plans = {}
        self.connections = []

    def asked(self, asked):
        if asked["do"] == "register":
            self.plans[asked["function"]] = [asked.get("timeout"), list(asked["plan"])]
            self.done(asked)
        elif asked["do"] == "work":
            for server in self.servers:
                self.reach(server)
        else:
            super().asked(asked)

    def reach(self, server):
        connection = self.open(server)
        if connection is None:
            return
        self.connections.append(connection)
        for function, (timeout, _) in self.plans.items():
            if timeout is None:
                self.send(connection, "CAN_DO", function=function)
            else:
                keys = {"function": function, "timeout": str(timeout).encode()}
                self.send(connection, "CAN_DO_TIMEOUT", **keys)
        self.send(connection, self.grab if self.first == "grab" else "PRE_SLEEP")

    def came(self, connection, packet):
        if packet.name == "NO_JOB":
            self.send(connection, "PRE_SLEEP")
        elif packet.name == "NOOP":
            self.send(connection, self.grab)
        elif packet.name in GRABS:
            fields = packet.fields
            keys = {key: fields[key] for key in ("handle", "function", "workload")}
            self.tell("job", **keys)
            self.work(connection, fields["handle"], fields["function"])
            self.send(connection, self.grab)

    def work(self, connection, handle, function):
        plans = self.plans[function][1]
        for step in plans.pop(0) if len(plans) > 1 else plans[0]:
            self.send(connection, *self.result(step, handle))

    def result(self, step, handle):
        ((what, value),) = step.items()
        if what == "fail":
            return [Packet(b"\0REQ", 14, handle)]
        if what == "status":
            return [Packet(b"\0REQ", 12, b"%b\0%d\0%d" % (handle, *value))]
        kind = {"complete": 13, "data": 28, "warning": 29, "exception": 25, "raise": 14}[what]
        return [Packet(b"\0REQ", kind, handle if what == "raise" else handle + b"\0" + value)]

    def ended(self, connection):
        self.reach(connection.partition("#")[0])


class Uniq(Worker):
    grab = "GRAB_JOB_UNIQ"


class All(Worker):
    grab = "GRAB_JOB_ALL"


class Sleeper(Worker):
    first = "sleep"
