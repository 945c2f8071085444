"""The backend of the Migrate page, replayed from recordings of real migrations."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from tui.core.failure import Failure
from tui.core.plan import PRE_COPY, Plan
from tui.core.vm import Daemon, Vm
from tui.forecast.model.forecast import Inputs
from tui.migration.backend.before.preflight import Moved, Refused
from tui.migration.backend.inventory import Show
from tui.migration.backend.recording.run_files import read_records
from tui.migration.backend.requests import Requests
from tui.migration.model import record
from tui.migration.model.record import Event, Record
from tui.migration.model.timeline import Timeline
from tui.vm.model.location import Inventory, LastSeen, VmOnHost

RECORDINGS = Path(__file__).parent.parent / "recordings"
GIB = 1 << 30

Until = Callable[[Timeline], bool]


def recording(name: str) -> list[Record]:
    """The records of one recording, by its name without the ending."""
    return read_records(RECORDINGS / f"{name}.jsonl")


def guest(state: str = "running", name: str = "guest1") -> Vm:
    """The lab's VM as libvirt lists it."""
    return Vm(name, "0054f024-25aa-4e37-867f-6da151e2b201", state, vcpus=2, memory_bytes=GIB)


class RecordedControls(Requests):
    """Controls that only record the requests of the keys in `calls`."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int | None]] = []

    def send(self, action: str, value: int | None = None) -> None:
        self.calls.append((action, value))

    async def request(self, action: str, value: int | None = None) -> None:
        self.calls.append((action, value))


class ReplayedMigration:
    """A migration whose records the test delivers."""

    def __init__(self, records: list[Record], plan: Plan | None = None) -> None:
        start = next(each for each in records if isinstance(each, Event) and each.kind == record.START)
        self.vm = guest(name=start.data["vm"])
        self.origin, self.target = start.data["origin"], start.data["target"]
        self.plan = plan or Plan(self.vm.name, start.data.get("technique", PRE_COPY), start.data["timeout_s"])
        self.folder = Path("/var/lib/runs/20261123T034938Z-guest1-memory-post-copy-manual")
        self.run = self.folder.name
        self.timeline = Timeline()
        self.controls = RecordedControls()
        self.late = 0.0  # seconds for which a reply of the daemon is overdue
        self._records = list(records)
        self.zero = time.monotonic()
        self._listeners: list[Callable[[Record], None]] = []
        self._ended = asyncio.Event()

    # -- as the backend's Migration --

    def listen(self, listener: Callable[[Record], None]) -> None:
        self._listeners.append(listener)

    def elapsed(self) -> float:
        ended = self.timeline.ended_at
        return ended if ended is not None else self.timeline.now + self.late

    def waiting_s(self) -> float:
        return self.late

    async def ended(self) -> None:
        await self._ended.wait()

    # -- for the test --

    def play(self, until: Until = lambda timeline: timeline.over) -> None:
        """Deliver the records one by one until the timeline meets the condition."""
        while not until(self.timeline):
            self.step()

    def step(self) -> Record:
        """Deliver the next record; IndexError at the end of the recording."""
        each = self._records.pop(0)
        self.give(each)
        return each

    def give(self, each: Record) -> None:
        """Deliver a record that is not in the recording."""
        self.timeline.add(each)
        for listener in self._listeners:
            listener(each)
        if self.timeline.over:
            self._ended.set()


class ReplayedMigrations:
    """The migrations of two hosts; `start` replays `records`, and `started` has its plans."""

    def __init__(self, records: list[Record] | None = None, found: tuple[VmOnHost, ...] | None = None) -> None:
        self.current: ReplayedMigration | None = None
        self.all: dict[str, ReplayedMigration] = {}
        self.unreachable: dict[str, Failure] = {}
        self.names = ("source", "destination")
        self.found = (VmOnHost(guest(), "source"),) if found is None else found
        self.failures: list[Failure] = []
        self.both: tuple[Daemon, Daemon] | None = None  # the daemons of the origin and of the other host
        self.moved: Moved | None = None  # raised by the next start
        self.checked: list[Plan] = []
        self.started: list[Plan] = []
        self.moved_off: list[tuple[str, str]] = []  # VMs whose definition was moved, and their hosts
        self.forecasts: list[Inputs | None] = []  # those of `checked`
        self.running: ReplayedMigration | None = None  # found by `attach`
        self.part: Inventory | None = None  # what is known while they do not reply
        self.answering = asyncio.Event()  # cleared: the hosts do not reply
        self.answering.set()
        self.checks = asyncio.Event()  # cleared: the checks of a start do not end
        self.checks.set()
        self.stopped = asyncio.Event()  # the wait for the checks was ended
        self.closed = False
        self._records = records or recording("post-copy-by-hand")
        self._listeners: list[Callable[[ReplayedMigration], None]] = []

    def listen(self, listener: Callable[[ReplayedMigration], None]) -> None:
        self._listeners.append(listener)

    @property
    def hosts(self) -> tuple[str, ...]:
        return self.names

    async def vms(self, show: Show = lambda _inventory: None) -> Inventory:
        if self.part is not None:
            show(self.part)
        await self.answering.wait()
        seen = {host: LastSeen((), 40.0) for host in self.unreachable}
        return Inventory(self.found, dict(self.unreachable), self.names, seen=seen)

    async def daemons(self, origin: str, target: str) -> tuple[Daemon, Daemon] | None:
        await self.answering.wait()
        return self.both

    async def start(self, plan: Plan, expected: str = "", forecast: Inputs | None = None) -> ReplayedMigration:
        self.checked.append(plan)
        self.forecasts.append(forecast)
        await self.answering.wait()
        waits = [asyncio.ensure_future(each.wait()) for each in (self.checks, self.stopped)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()
        if self.stopped.is_set():
            raise Failure("The wait was ended", "the checks were not complete")
        if self.failures:
            raise Refused(tuple(self.failures))
        if self.moved is not None:
            moved, self.moved = self.moved, None
            raise moved
        self.started.append(plan)
        self.current = ReplayedMigration(self._records, plan)
        self._follow(self.current)
        self.current.step()
        return self.current

    async def stop_start(self) -> bool:
        self.stopped.set()
        return True

    async def move_definition(self, plan: Plan, expected: str = "") -> str:
        if self.failures:
            raise Refused(tuple(self.failures))
        self.moved_off.append((plan.vm, expected))
        return f"{plan.vm} is defined on destination"

    async def attach(self) -> ReplayedMigration | None:
        if self.running is not None:
            self.current = self.running
            self._follow(self.running)
        return self.running

    def _follow(self, migration: ReplayedMigration) -> None:
        if migration.run not in self.all:
            self.all[migration.run] = migration
            for listener in self._listeners:
                listener(migration)

    async def close(self) -> None:
        self.closed = True
