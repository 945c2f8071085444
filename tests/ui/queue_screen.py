"""The screens of the queue, with a fake of its client that replays the log of a queue."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from tests.ui.one_page import OnePage, text_of, until
from tests.ui.replay import ReplayedMigration, ReplayedMigrations, recording
from tests.unit.queue.plans import cost
from tui.core.failure import Failure
from tui.core.quantity import MIB
from tui.queue.backend.access import QueueAccess
from tui.queue.backend.client import QueueClient
from tui.queue.backend.requests import Wish
from tui.queue.model.estimate import estimate
from tui.queue.model.limits import Limits
from tui.queue.model.plan import BACK, EVACUATE, Entry, QueuePlan
from tui.queue.model.progress import ENDED, FAILED, MOVED, STARTED, STARTING, TAKEN_OUT, Progress, progress_of
from tui.queue.model.status import FINISHED, PAUSED, STOPPED, STOPPING, WORKING, status_fields
from tui.queue.screens.page import QueuePage
from tui.queue.screens.plan import PlanPage
from tui.ui.page import Page
from tui.vm.model.maintenance import Mark, Marks

TARGETS = ("host3", "destination")
PASSED_THROUGH = "hostdev 0000:03:00.0 is passed through: the device cannot move"


def entry(number: int, target: str = "host3", **values: Any) -> Entry:
    """The VM `guest<number>` of the host source."""
    known: dict[str, Any] = {"memory_bytes": 128 * MIB, "targets": TARGETS, **values}
    known["costs"] = dict.fromkeys(known["targets"], cost(90.0 + 10 * number))
    return Entry(number, f"guest{number}", f"uuid{number}", "source", target, **known)


def plan_of(count: int = 4, *, stuck: bool = True, host: str = "source") -> QueuePlan:
    """An evacuation: the VMs go to two hosts in turn, and the last one may not move."""
    entries = [entry(number, TARGETS[(number - 1) % 2]) for number in range(1, count + 1)]
    if stuck:
        entries.append(entry(count + 1, "", cannot=PASSED_THROUGH, targets=()))
    return QueuePlan(EVACUATE, host, tuple(entries))


@dataclass
class FakeQueue:
    """A QueueClient without a runner: `log` is replayed, and `calls` has the requests."""

    offered: QueuePlan = field(default_factory=plan_of)
    running: QueuePlan | None = None  # of the queue, None if there is none
    log: list[dict[str, Any]] = field(default_factory=list)
    state: str = WORKING
    why: str = ""
    migrations: dict[int, Mapping[str, Any]] = field(default_factory=dict)  # in the status, by entry
    refusal: Failure | None = None
    wishes: list[Wish] = field(default_factory=list)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    marked: dict[str, Mark] = field(default_factory=dict)
    replying: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0
    presets: tuple[str, ...] = ()  # of the configuration

    def __post_init__(self) -> None:
        self.replying.set()

    @property
    def queues(self) -> QueueAccess:
        client: QueueClient = self  # type: ignore[assignment]  # of the same form
        return QueueAccess(client, self.presets)

    # -- as QueueClient --

    async def plan(self, wish: Wish) -> QueuePlan:
        self.wishes.append(wish)
        await self.replying.wait()
        if self.refusal is not None:
            raise self.refusal
        return replace(self.offered, purpose=wish.purpose, host=wish.host, preset=wish.preset, limits=wish.limits)

    async def start(self, plan: QueuePlan) -> dict[str, Any]:
        self.calls.append(("start", plan))
        if self.refusal is not None:
            raise self.refusal
        self.running, self.state = plan, WORKING
        return self.shown()

    async def status(self, queue: str = "") -> dict[str, Any] | None:
        self.asked += 1
        await self.replying.wait()
        return self.shown() if self.running is not None else None

    async def pause(self) -> dict[str, Any]:
        return self._done("pause", PAUSED)

    async def resume(self, queue: str = "") -> dict[str, Any]:
        return self._done("resume", WORKING, queue)

    async def limit(self, **changes: Any) -> dict[str, Any]:
        assert self.running is not None
        self.running = self.running.with_limits(Limits(**{**self.running.limits.fields, **changes}))
        return self._done("limit", self.state, changes)

    async def take_out(self, vm: str) -> dict[str, Any]:
        assert self.running is not None
        number = next(each.number for each in self.running.entries if each.vm == vm)
        self.log.append({"do": "dropped", "number": number, "state": TAKEN_OUT})
        return self._done("take out", self.state, vm)

    async def stop(self, *, cancel: bool = False) -> dict[str, Any]:
        return self._done("stop", STOPPING, cancel)

    async def marks(self) -> Marks:
        return self.marked

    async def mark(self, host: str, *, on: bool) -> Marks:
        self.calls.append(("mark", (host, on)))
        return self.marked

    async def close(self) -> None:
        self.calls.append(("close", None))

    # -- for the test --

    def shown(self) -> dict[str, Any]:
        """The status, as the runner would reply."""
        assert self.running is not None
        progress: Progress = progress_of(self.log)
        about = {"id": "20261129T120000Z-source", "folder": "/queues/1", "state": self.state, "why": self.why}
        fields = status_fields(self.running, progress, estimate(self.running, progress), self.migrations)
        doing = "migrating" if self.state == WORKING else ""
        return {**fields, **about, "doing": doing, "began": "2026-11-29T12:00:00Z", "ended": ""}

    def _done(self, call: str, state: str, value: Any = None) -> dict[str, Any]:
        self.calls.append((call, value))
        if self.refusal is not None:
            raise self.refusal
        self.state = state
        return self.shown()

    def begins(self, number: int, target: str, run: str = "") -> None:
        """An entry is started."""
        self.log.append({"do": STARTING, "number": number, "target": target})
        self.log.append({"do": STARTED, "number": number, "run": f"/runs/{run or f'run{number}'}"})

    def ends(self, number: int, state: str = MOVED, **fields: Any) -> None:
        """An entry is over."""
        self.log.append({"do": ENDED, "number": number, "state": state, **fields})


def live(name: str, run: str, seconds: float, way: tuple[str, str] = ("source", "host3"), vm: str = "") -> Any:
    """A recorded migration that is followed up to a moment."""
    migration = ReplayedMigration(recording(name))
    migration.run, (migration.origin, migration.target) = run, way
    migration.vm = replace(migration.vm, name=vm or migration.vm.name)
    migration.play(lambda timeline: timeline.now >= seconds or timeline.over)
    return migration


def half_way() -> tuple[FakeQueue, ReplayedMigrations]:
    """Of eight VMs two were moved, one has failed, two are under way, one cannot move, the others wait."""
    queue = FakeQueue(running=plan_of(7))
    queue.begins(1, "host3")
    queue.ends(1, total_s=4.4, downtime_s=0.012)
    queue.begins(2, "destination")
    queue.ends(2, FAILED, why="destination has no route to the share of its disks")
    queue.begins(3, "host3")
    queue.ends(3, total_s=5.1, downtime_s=0.02)
    queue.begins(4, "destination")
    queue.begins(5, "host3")
    migrations = ReplayedMigrations()
    first = live("post-copy-by-hand", "run4", 12.0, ("source", "destination"), "guest4")
    second = live("pre-copy-slow-link", "run5", 6.0, vm="guest5")
    migrations.all = {"run4": first, "run5": second}
    migrations.current = second
    return queue, migrations


def after_the_end() -> tuple[FakeQueue, ReplayedMigrations]:
    """The same queue at its end: two more were moved, one could not."""
    queue, migrations = half_way()
    queue.state = FINISHED
    for number in (4, 5, 6):
        queue.log += [{"do": STARTING, "number": number, "target": "host3"}] * (number == 6)
        queue.ends(number, total_s=6.0 + number, downtime_s=0.03)
    queue.begins(7, "destination")
    queue.ends(7, FAILED, why="host3 was switched off while the memory was sent")
    for each in migrations.all.values():
        each.play()
    return queue, migrations


def stopped() -> tuple[FakeQueue, ReplayedMigrations]:
    """The same queue, stopped by failures."""
    queue, migrations = after_the_end()
    queue.state, queue.why = STOPPED, "2 migrations have failed; the last one: host3 was switched off"
    queue.log = [each for each in queue.log if each["number"] not in (6,)]
    return queue, migrations


class Opened(OnePage):
    """The page alone; `messages` has what it asked the app for."""

    def __init__(self, page: Page, *, read_only: bool = False) -> None:
        super().__init__(page)
        self.messages: list[Any] = []
        self.read_only = read_only

    def on_queue_page_migration_requested(self, message: QueuePage.MigrationRequested) -> None:
        self.messages.append(("migration", message.run))

    def on_queue_page_run_opened(self, message: QueuePage.RunOpened) -> None:
        self.messages.append(("run", message.folder))

    def on_queue_page_runs_requested(self, message: QueuePage.RunsRequested) -> None:
        self.messages.append(("runs", message.queue))

    def on_queue_page_closed(self) -> None:
        self.messages.append(("closed", ""))

    def on_plan_page_started(self) -> None:
        self.messages.append(("started", ""))


def words_of(app: App[Any]) -> str:
    """The text on the screen without frames and line ends, then the notifications, which the page would interrupt."""
    text = "\n".join((text_of(app), *(each.message for each in app._notifications)))
    return " ".join(text.replace("│", " ").replace("▌", " ").split())


async def sees(app: App[Any], pilot: Pilot[Any], *sentences: str) -> None:
    await until(pilot, lambda: all(each in words_of(app) for each in sentences))


@dataclass
class Screen:
    """The page, its text, the queue and the migrations."""

    app: Opened
    pilot: Pilot[Any]
    queue: FakeQueue
    migrations: ReplayedMigrations

    @property
    def words(self) -> str:
        return words_of(self.app)

    @property
    def lines(self) -> list[str]:
        return text_of(self.app).splitlines()

    def line(self, word: str) -> str:
        """The only line with a word in the table."""
        found = [each for each in self.lines if each[:30].count(word)]
        assert found, self.lines
        return " ".join(found[0].split())

    async def sees(self, *sentences: str) -> None:
        await until(self.pilot, lambda: all(each in self.words for each in sentences))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)


@asynccontextmanager
async def table(
    queue: FakeQueue, migrations: ReplayedMigrations, size: tuple[int, int] = (80, 24), *, read_only: bool = False
) -> AsyncIterator[Screen]:
    """The table of many migrations."""
    app = table_app(queue, migrations, read_only=read_only)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Screen(app, pilot, queue, migrations)


def table_app(queue: FakeQueue, migrations: ReplayedMigrations, *, read_only: bool = False) -> Opened:
    return Opened(QueuePage(queue.queues, migrations), read_only=read_only)


@asynccontextmanager
async def planned(
    queue: FakeQueue, wish: Wish | None = None, size: tuple[int, int] = (80, 24), *, read_only: bool = False
) -> AsyncIterator[Screen]:
    """The page of a plan."""
    app = Opened(PlanPage(queue.queues, wish or Wish(EVACUATE, "source")), read_only=read_only)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Screen(app, pilot, queue, ReplayedMigrations())


def names(plan: QueuePlan) -> Sequence[str]:
    """The VMs of a plan, in their order."""
    return [each.vm for each in plan.entries]


BACK_WISH = Wish(BACK, "source")
