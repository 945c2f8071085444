"""Two daemons and the VM between them, as a recording of a real migration tells it, move by move."""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tui.app import config
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.protocols import (
    ITERATION,
    JOB_COMPLETED,
    LIFECYCLE,
    Aborted,
    ConnectionBroken,
    DirtyRate,
    HypervisorEvent,
    JobInfo,
    MemoryUse,
    Shell,
    Stat,
)
from tui.core.vm import Daemon, Vm
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model import record
from tui.migration.model.record import Event, Record, Sample
from tui.migration.model.timeline import CANCELLED, COMPLETED, FAILED

RECORDINGS = Path(__file__).parent.parent / "recordings"
NAMES = tuple(sorted(each.stem for each in RECORDINGS.glob("*.jsonl")))
HEARD = (ITERATION, LIFECYCLE, JOB_COMPLETED)
PATIENCE_S = 60.0  # for what happens at once on a machine that has time
CUT = ConnectionBroken("libvirt did not answer", "the connection to libvirt broke", detail="client socket is closed")


def recording(name: str) -> list[Record]:
    """The records of one recorded migration."""
    return read_records(RECORDINGS / f"{name}.jsonl")


STAGES: list["Stage"] = []  # of the current test


class Stage:
    """Plays a recording to whoever connects: every look at the job goes on to the next sample, or to `clock()`.

    What came by itself comes by itself; where somebody pressed a key, the play waits until the call comes, and a call
    that comes sooner takes the play there at once. `refusals` holds what a call is answered with, once each.
    """

    def __init__(
        self, records: list[Record], *, clock: Callable[[], float] | None = None, waits_for_keys: bool = True
    ) -> None:
        STAGES.append(self)
        first = next(each for each in records if isinstance(each, Event) and each.kind == record.START)
        self.vm = Vm(str(first.data["vm"]), str(first.data["uuid"]), "running", "", 2, 1 << 30)
        self.origin, self.target = str(first.data["origin"]), str(first.data["target"])
        self.vms: dict[str, dict[str, Vm]] = {self.origin: {self.vm.name: self.vm}, self.target: {}}
        self.uuids = {self.origin: "host-of-origin", self.target: "host-of-target"}
        self.hostnames: dict[str, str] = {}  # of hosts that libvirt calls by another name
        self.memtune = ""  # an element of the definition
        self.accelerator = "kvm"
        self.job = JobInfo({}, "")
        self.completed: dict[str, Mapping[str, Stat]] = {self.origin: {}, self.target: {}}
        self.autostarts: set[str] = set()  # hosts that start the VM with themselves
        self.calls: list[str] = []
        self.dirtied_per_s: int | None = 2 << 20  # in each window of a dirty-rate calculation; None: it never ends
        self.opened: list[FakeHypervisor] = []
        self.refusals: dict[str, list[Failure]] = defaultdict(list)
        self.down: set[str] = set()  # hosts that cannot be reached
        self.frozen = threading.Event()  # cleared: whoever looks at the job gets no answer, as behind a busy monitor
        self.frozen.set()
        self.elsewhere = False  # the VM goes to a third host: the target of the recording never has it
        self.standing = False  # the play stands where it is, and each look sees the same
        self.under_way = False
        self.ended = threading.Event()
        self.end = ""
        self.forever = False  # migrate() never returns: nobody hears of the end but by looking
        self.caller_cut = threading.Event()  # set: migrate() breaks off, and the job goes on
        self.late_figures = False  # JOB_COMPLETED does not come before give_figures()
        self.others: dict[str, tuple[Vm, JobInfo | Failure]] = {}  # further VMs on the origin, each with its job
        self.silent = threading.Event()  # cleared: no call is answered
        self.silent.set()
        self.records = records
        self._waits_for_keys = waits_for_keys
        self._records = records[1:]
        self._figures: list[Event] = []
        self._at = 0
        self._clock = clock
        self._lock = threading.RLock()
        self._listeners: list[tuple[str, FakeHypervisor, Callable[[HypervisorEvent], None]]] = []

    # -- connections --

    def open(self, uri: str) -> "FakeHypervisor":
        """As adapters.libvirt.connect; the URI ends with the host's name."""
        host = uri.rpartition("/")[2]
        self.silent.wait(PATIENCE_S)
        if host in self.down:
            raise Failure(f"libvirt at {uri} cannot be reached", "the network does not reach it", "Check the cable.")
        hypervisor = FakeHypervisor(self, uri, host)
        self.opened.append(hypervisor)
        return hypervisor

    def cut(self, host: str) -> None:
        """Break every open connection to `host`; new ones can be opened."""
        for each in self.opened:
            if each.host == host:
                each.broken = True

    def cut_watch(self) -> None:
        """Break the connections to the origin that somebody listens on; the one that carries the migration stands."""
        for host, hypervisor, _listener in self._listeners:
            if host == self.origin:
                hypervisor.broken = True

    def enter(self, call: str, hypervisor: "FakeHypervisor") -> None:
        self.silent.wait(PATIENCE_S)
        with self._lock:
            self.calls.append(call)
            if hypervisor.broken or hypervisor.host in self.down:
                raise CUT
            if self.refusals[call]:
                raise self.refusals[call].pop(0)

    def listen(self, hypervisor: "FakeHypervisor", listener: Callable[[HypervisorEvent], None]) -> Callable[[], None]:
        entry = (hypervisor.host, hypervisor, listener)
        with self._lock:
            self._listeners.append(entry)
        return lambda: self._listeners.remove(entry)

    # -- the play --

    def begin(self) -> None:
        """The job starts, be it by us or by somebody else."""
        with self._lock:
            self.under_way = True
            self.job = JobInfo({"type": 2, "operation": 5}, "running")

    def look(self, host: str) -> JobInfo:
        self.frozen.wait(PATIENCE_S)
        with self._lock:
            if self.under_way and host == self.origin and not self.standing:
                self._go_on()
            return self.job if host == self.origin else JobInfo({}, "")

    def play(self, until: Callable[[Record], bool]) -> None:
        """Go on up to and with the record that `until` says; keys on the way are passed over."""
        with self._lock:
            while self._at < len(self._records):
                each = self._take()
                if until(each):
                    return
        raise AssertionError("the recording holds no such record")

    def emit(self, host: str, kind: str, **data: object) -> None:
        """An event that is not in the recording."""
        for where, hypervisor, listener in tuple(self._listeners):
            if where == host and not hypervisor.broken:
                listener(HypervisorEvent(kind, data))

    def steer(self, action: str) -> None:
        """Somebody calls for what the recording has a key for: on with the play from there."""
        with self._lock:
            rest = self._records[self._at :]
            keys = ((n, each) for n, each in enumerate(rest) if isinstance(each, Event) and each.kind == record.KEY)
            wanted = (n for n, each in keys if each.data.get("action") == action)
            found = next(wanted, None)
            if found is not None:
                self._at += found + 1

    def resume(self) -> None:
        """A paused post-copy goes on: the play goes on where it stands."""
        with self._lock:
            self.under_way = True
        self.ended.clear()

    def let_go(self) -> None:
        """The test is over: nobody waits for an answer any more."""
        self.forever = False
        for each in (self.ended, self.frozen, self.silent, self.caller_cut):
            each.set()

    def give_figures(self) -> None:
        """The JOB_COMPLETED that was late."""
        for each in self._figures:
            self._emit(each)

    def finish(self, outcome: str) -> None:
        """The job ends, and the VM is where that leaves it."""
        with self._lock:
            self.end, self.under_way, self.job = outcome, False, JobInfo({}, "")
            having = self.origin if outcome != COMPLETED else None if self.elsewhere else self.target
            self.vms = {host: {self.vm.name: self.vm} if host == having else {} for host in self.vms}
        self.ended.set()

    def _go_on(self) -> None:
        """To the next sample, to what the clock says, or to a key that nobody has pressed yet."""
        while self._at < len(self._records):
            each = self._records[self._at]
            if isinstance(each, Event) and each.kind == record.KEY and self._waits_for_keys:
                return
            if self._clock is not None and each.t > self._clock():
                return
            self._take()
            if isinstance(each, Sample) and self._clock is None:
                return

    def _take(self) -> Record:
        each = self._records[self._at]
        self._at += 1
        if isinstance(each, Sample):
            self.job = JobInfo(each.stats, each.state)
            self._place(each.state)
        elif each.kind == JOB_COMPLETED and self.late_figures:
            self._figures.append(each)
        elif each.kind in HEARD:
            self._emit(each)
        elif each.kind == record.END:
            self.finish(str(each.data["outcome"]))
        return each

    def _place(self, state: str) -> None:
        """The VM where a sample says that it is: in post-copy both hosts have it."""
        name, _, reason = state.partition(" (")
        here = replace(self.vm, state=name or "running", reason=reason.rstrip(")"))
        self.vms[self.origin] = {self.vm.name: here}
        if reason.startswith("post-copy") and not self.elsewhere:
            self.vms[self.target] = {self.vm.name: replace(self.vm, state="running", reason="post-copy")}

    def _emit(self, each: Event) -> None:
        data = dict(each.data)
        host = str(data.pop("host"))
        if host != self.target or not self.elsewhere:
            self.emit(host, each.kind, **data)


class FakeHypervisor:
    """One connection to one of the two daemons of a Stage."""

    def __init__(self, stage: Stage, uri: str, host: str) -> None:
        self.uri = uri
        self.host = host
        self.broken = False
        self._stage = stage
        self._window_s = 0

    def _enter(self, call: str) -> None:
        self._stage.enter(call, self)

    def daemon(self) -> Daemon:
        self._enter("daemon")
        uuid = self._stage.uuids[self.host]
        hostname = self._stage.hostnames.get(self.host, self.host)
        return Daemon(self.uri, hostname, uuid, (11, 3, 0), (10, 0, 2), 2, "EPYC", 24 << 30, 20 << 30)

    def vms(self) -> tuple[Vm, ...]:
        self._enter("vms")
        others = self._stage.others if self.host == self._stage.origin else {}
        return (*self._stage.vms[self.host].values(), *(vm for vm, _job in others.values()))

    def vm(self, name: str) -> Vm | None:
        self._enter("vm")
        return self._stage.vms[self.host].get(name)

    def definition(self, name: str) -> str:
        self._enter("definition")
        xml = f"<domain type='{self._stage.accelerator}'>{self._stage.memtune}</domain>"
        return xml if name in self._stage.vms[self.host] else ""

    def autostart(self, name: str) -> bool:
        self._enter("autostart")
        return self.host in self._stage.autostarts

    def set_autostart(self, name: str, on: bool) -> None:
        self._enter("set_autostart")
        self._stage.autostarts.add(self.host)

    def networks(self) -> tuple[str, ...]:
        return ()

    def start(self, name: str) -> None:
        self._enter("start")

    def shut_down(self, name: str) -> None:
        self._enter("shut_down")

    def force_off(self, name: str) -> None:
        self._enter("force_off")

    def migrate(self, plan: Plan, destination_uri: str) -> None:
        self._enter("migrate")
        self._stage.begin()
        self._wait_for_end(plan)

    def move_definition(self, plan: Plan, destination_uri: str) -> None:
        self._enter("move_definition")
        vms, name = self._stage.vms, plan.dname or plan.vm
        vms[self._stage.target][name] = replace(vms[self.host][plan.vm], name=name)
        if plan.undefinesource:
            del vms[self.host][plan.vm]

    def _wait_for_end(self, plan: Plan) -> None:
        while not self._stage.ended.wait(0.005) or self._stage.forever:
            if self.broken or self._stage.caller_cut.is_set():
                raise CUT
        if self._stage.end == CANCELLED:
            raise Aborted(f"The migration of {plan.vm} failed", "it was cancelled")
        if self._stage.end == FAILED:
            raise Failure(f"The migration of {plan.vm} failed", "the migration stream to the destination broke")

    def job(self, name: str) -> JobInfo:
        self._enter("job")
        if name in self._stage.others:
            job = self._stage.others[name][1]
            if isinstance(job, Failure):
                raise job
            return job
        return self._stage.look(self.host)

    def completed_job(self, name: str) -> Mapping[str, Stat]:
        self._enter("completed_job")
        return self._stage.completed[self.host]

    def start_post_copy(self, name: str) -> None:
        self._enter("start_post_copy")
        self._stage.steer("post-copy")

    def abort_job(self, name: str) -> None:
        self._enter("abort_job")
        self._stage.finish(CANCELLED)

    def suspend(self, name: str) -> None:
        self._enter("suspend")

    def pause_post_copy(self, name: str) -> None:
        self._enter("pause_post_copy")

    def resume_post_copy(self, plan: Plan, destination_uri: str) -> None:
        self._enter("resume_post_copy")
        self._stage.resume()
        self._wait_for_end(plan)

    def max_downtime(self, name: str) -> int:
        self._enter("max_downtime")
        return 120

    def set_max_downtime(self, name: str, milliseconds: int) -> None:
        self._enter("set_max_downtime")

    def set_bandwidth(self, name: str, mib_per_s: int) -> None:
        self._enter("set_bandwidth")

    def set_post_copy_bandwidth(self, name: str, mib_per_s: int) -> None:
        self._enter("set_post_copy_bandwidth")

    def start_dirty_rate(self, name: str, seconds: int) -> None:
        self._enter("start_dirty_rate")
        self._window_s = seconds

    def dirty_rate(self, name: str) -> DirtyRate:
        self._enter("dirty_rate")
        return DirtyRate(measuring=(rate := self._stage.dirtied_per_s) is None, seconds=self._window_s, bytes_s=rate)

    def memory_use(self, name: str) -> MemoryUse:
        self._enter("memory_use")
        return MemoryUse(None, None)

    def subscribe(self, name: str, listener: Callable[[HypervisorEvent], None]) -> Callable[[], None]:
        self._enter("subscribe")
        return self._stage.listen(self, listener)

    def is_alive(self) -> bool:
        return not self.broken

    def close(self) -> None:
        self.broken = True


def no_shell(_address: str) -> Shell:
    raise AssertionError("a migration needs no shell")


def connections(
    stage: Stage, names: Sequence[str] = ("source", "destination"), open_shell: Callable[[str], Shell] = no_shell
) -> Connections:
    """The app's own connections, to the daemons of `stage` on these hosts."""
    hosts = {name: {"ssh": f"root@{name}", "libvirt": uri(name)} for name in names}
    hosts["storage"] = {"ssh": "root@storage"}
    read, problems = config.check({"hosts": hosts, "vm": {"name": stage.vm.name}})
    assert read, problems
    return Connections(read, stage.open, open_shell)


def uri(host: str) -> str:
    """How the stage's daemon on `host` is reached."""
    return f"test:///{host}"
