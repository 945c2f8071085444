"""One fault put to a migration: what is done and when, what must be shown, and what the record must hold."""

import asyncio
import re
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab import fault_vm
from tests.lab.fault_expect import Expect
from tests.lab.fault_vm import VM
from tests.lab.fault_world import ORIGIN, RATE, SETTLE_LIMIT_S, SLOW, TARGET, World
from tests.lab.lab_backend import LIMIT_S, LabBackend
from tui.core import actions
from tui.core.failure import Failure
from tui.core.plan import POST_COPY_MANUAL, Plan
from tui.core.protocols import LIFECYCLE
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.recording.run_files import in_use, records_of
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.model import record
from tui.migration.model.domjobinfo import text
from tui.migration.model.keys import RESUME
from tui.migration.model.record import END, GAP, KEY, Event, Record, Sample
from tui.migration.model.timeline import COMPLETED, POST_COPY, SETUP, Timeline
from tui.migration.model.verdict import sentence

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

POLL_S = 0.05
REACH_LIMIT_S = 120.0  # for each condition; the machine may be slow
NEVER = (r"Traceback", r"unexpected error", r"None\b(?! of)")  # wherever it goes wrong

NEVER_0 = ("total_time_ms", "memory_total_bytes", "memory_sent_bytes")  # figures of a completed migration


@dataclass(frozen=True)
class Moment:
    """When the fault comes: `when` is true of the timeline, of a migration whose switch was requested or not."""

    name: str
    when: Callable[[Timeline], bool]
    switched: bool = False


def runs_there(timeline: Timeline) -> bool:
    """Whether libvirt on the target has taken over: a second later than QEMU."""
    life = [each.data for each in timeline.events if each.kind == LIFECYCLE]
    resumed = any((each.get("event"), each.get("detail")) == ("resumed", "post-copy") for each in life)
    return resumed and timeline.phase == POST_COPY


BEFORE = Moment("before the start", lambda _: True)
IN_SETUP = Moment("setup", lambda timeline: timeline.phase == SETUP or bool(timeline.points))
PASS_2 = Moment("pass 2", lambda timeline: timeline.iteration >= 2)
BEGUN = Moment("post-copy just begun", lambda timeline: timeline.post_copy_at is not None, switched=True)
IN_POST_COPY = Moment("post-copy", runs_there, switched=True)


MOMENTS = {each.name: each for each in (IN_SETUP, PASS_2, BEGUN, IN_POST_COPY)}


@dataclass(frozen=True)
class Fault:
    """`inject` and `undo` block, on a thread; the steps of `meanwhile` lie between them.

    `arm`: prepared before the start; its result is called at the record with which post-copy begins, without blocking.
    `chosen`: it belongs to the choice that `make test` runs.
    """

    id: str
    when: Moment
    inject: Callable[[World], object]
    expect: Expect
    meanwhile: Sequence["Step"] = ()
    undo: Callable[[World], object] = lambda _: None
    technique: str = POST_COPY_MANUAL
    arm: Callable[[World], Callable[[World], object]] | None = None
    chosen: bool = False
    plan: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """A sentence of the page at one moment of the timeline's clock."""

    t: float
    text: str


class Trial:
    """One fault in one world: follows the migration as the page does."""

    def __init__(self, fault: Fault, world: World, runs: Path) -> None:
        self.fault, self.world, self.runs = fault, world, runs
        self.owner: MigrationOwner = LabBackend(world.lab, runs, interval=0.5).migrations
        self.migration: MigrationActor
        self.shown: list[Shown] = []
        self.injected_at = 0.0
        self.armed: Callable[[World], object] | None = None

    def words(self, pattern: str) -> str:
        """A pattern with the names of this world."""
        names = {"{vm}": VM, "{origin}": self.world.origin, "{target}": self.world.target}
        for word, name in names.items():
            pattern = pattern.replace(word, name)
        return pattern

    def look(self) -> str:
        """The sentence that the page shows now; a new one is kept."""
        migration = self.migration
        found = sentence(migration.timeline, migration.elapsed(), migration.origin, migration.target).text
        if migration.timeline.waiting_s(migration.elapsed()):
            found = f"no reply from libvirt. {found}"
        if migration.timeline.log_trouble:
            found = f"{migration.timeline.log_trouble}. {found}"
        found = actions.without_keys(found)
        if not self.shown or self.shown[-1].text != found:
            self.shown.append(Shown(round(migration.elapsed(), 2), found))
        return found

    def on_record(self, _each: Record) -> None:
        """Look at each new record, as the page does."""
        if self.armed and self.migration.timeline.post_copy_at is not None:
            self.armed(self.world)
            self.armed = None
        self.look()

    async def until(self, met: Callable[[], bool], what: str) -> None:
        """Wait for a condition, looking at the page meanwhile."""
        end = time.monotonic() + REACH_LIMIT_S
        while not met():
            assert time.monotonic() < end, f"{what}: never; {self.story()}"
            self.look()
            await asyncio.sleep(POLL_S)
        self.look()

    def story(self) -> str:
        """What was shown, and the events of the record."""
        events = [each for each in self.migration.timeline.events if each.kind != record.SLOW]
        lines = [f"{each.t:8.2f} {each.text}" for each in self.shown[-40:]]
        return "\n".join(
            [
                f"origin {self.world.origin}",
                *lines,
                *(f"{each.t:8.2f} {each.kind} {dict(each.data)}" for each in events),
            ]
        )

    async def run(self) -> None:
        """Put the fault to a migration, and check what the fault expects."""
        fault, world = self.fault, self.world
        world.runs = self.runs
        if fault.when is BEFORE:
            await asyncio.to_thread(fault.inject, world)
        plan = Plan(VM, fault.technique, **fault.plan)
        if fault.expect.refused:
            await self._refused(plan)
            return
        await asyncio.to_thread(world.rate, RATE)
        if fault.arm:
            self.armed = await asyncio.to_thread(fault.arm, world)
        self.migration = await self.owner.start(plan)
        self.migration.listen(self.on_record)
        if fault.when is not BEFORE:
            await self._reach(fault.when)
            self.injected_at = self.migration.elapsed()
            await asyncio.to_thread(fault.inject, world)
        for step in fault.meanwhile:
            await step(self)
        await asyncio.to_thread(fault.undo, world)
        await asyncio.to_thread(world.rate, "none")
        await self.until(lambda: self.migration.timeline.over, "the end")
        await asyncio.wait_for(self.migration.ended(), LIMIT_S)
        await self.until(lambda: self.migration.run_log.done, "the record is closed")
        await self.check()

    async def _reach(self, moment: Moment) -> None:
        timeline = self.migration.timeline
        if moment.switched:
            await self.until(lambda: timeline.iteration >= 1 or timeline.over, "the first pass")
            await asyncio.to_thread(self.world.rate, SLOW)
            self.migration.controls.switch_to_post_copy()
        await self.until(lambda: moment.when(timeline) or timeline.over, moment.name)
        assert not timeline.over, f"it ended before {moment.name}: {self.story()}"

    async def _refused(self, plan: Plan) -> None:
        try:
            migration = await self.owner.start(plan)
        except Failure as failure:
            found = f"{failure.what}: {failure.why}. {failure.hint}"
            assert re.search(self.words(self.fault.expect.refused), found), found
        else:
            raise AssertionError(f"it was started: {migration.folder}")

    # -- what must hold --

    async def check(self) -> None:
        """What the fault expects, and what must hold of every record."""
        expect, timeline = self.fault.expect, self.migration.timeline
        final, error = self.look(), timeline.error
        story = self.story()
        assert timeline.phase in expect.outcome.split("|"), story
        self._found(expect.sentence, final)
        self._found(expect.error, f"{error.get('what', '')}: {error.get('why', '')}. {error.get('hint', '')}")
        self._found(expect.advice, timeline.advice)
        self._found(expect.log_trouble, timeline.log_trouble)
        if not expect.advice:
            assert timeline.advice == "", story
        for pattern in (*NEVER, *expect.never):
            for each in self.shown:
                assert not re.search(self.words(pattern), each.text), f"{pattern!r} in {each}; {story}"
        for role, pattern in ((ORIGIN, expect.here), (TARGET, expect.there)):
            await asyncio.to_thread(self._settles, role, pattern)
        check_record(self.migration.folder, timeline, gap=expect.gap)

    def _settles(self, role: str, pattern: str) -> None:
        """The VM gets into that state; libvirt may still be removing it."""
        end = time.monotonic() + SETTLE_LIMIT_S
        while not re.fullmatch(pattern, state := self.world.state(role)):
            assert time.monotonic() < end, f"{role} is {state!r}; {self.story()}"
            time.sleep(POLL_S)

    def _found(self, pattern: str, where: str) -> None:
        assert re.search(self.words(pattern), where), f"{self.words(pattern)!r} not in {where!r}; {self.story()}"


Step = Callable[[Trial], Awaitable[None]]


def shows(pattern: str) -> Step:
    """Wait until the page shows this, after the fault."""

    async def step(trial: Trial) -> None:
        def met() -> bool:
            return any(
                re.search(trial.words(pattern), each.text) for each in trial.shown if each.t >= trial.injected_at
            )

        await trial.until(met, f"the page shows {trial.words(pattern)!r}")

    return step


SILENT = shows("no reply from libvirt")


def lasts(seconds: float) -> Step:
    """Keep the fault for this long."""

    async def step(trial: Trial) -> None:
        clock = trial.migration.run_log.now
        since = clock()
        await trial.until(lambda: clock() >= since + seconds, f"{seconds} s")

    return step


def presses(action: str) -> Step:
    """Press the key of an action: it is in the record before the fault is undone."""

    async def step(trial: Trial) -> None:
        trial.migration.controls.send(action)
        await trial.until(lambda: action in trial_keys(trial), f"{action} is recorded")

    return step


def ends_or_is_ended(act: Callable[[World], object], stall_s: float) -> Step:
    """Wait for the end; do something if nothing arrives for so long that QEMU waits for itself."""

    async def step(trial: Trial) -> None:
        timeline, last = trial.migration.timeline, [(0.0, -1)]

        def stalled() -> bool:
            now, left = trial.migration.elapsed(), timeline.point.remaining if timeline.point else 0
            if left != last[0][1]:
                last[0] = (now, left)
            return now - last[0][0] >= stall_s

        await trial.until(lambda: timeline.over or stalled(), "the end, or a QEMU that hangs")
        if not timeline.over:
            await asyncio.to_thread(act, trial.world)

    return step


async def resumes_if_paused(trial: Trial) -> None:
    """Wait for the end; press the key of the resume if post-copy does not go on by itself."""
    timeline = trial.migration.timeline
    await trial.until(
        lambda: timeline.over or bool(timeline.diagnosis.get("resumable")), "the end, or a resumable pause"
    )
    if not timeline.over:
        await presses(RESUME)(trial)


async def second_owner_switches_too(trial: Trial) -> None:
    """Another process follows the migration in a folder of its own; both press the key at once."""
    found = await LabBackend(trial.world.lab, trial.runs, interval=0.5).migrations.attach()
    assert found is not None
    for each in (trial.migration, found):
        each.controls.switch_to_post_copy()
    await asyncio.wait_for(found.ended(), LIMIT_S)
    await trial.until(lambda: found.run_log.done, "the second record is closed")
    assert found.folder != trial.migration.folder
    assert found.timeline.phase == COMPLETED
    check_record(found.folder, found.timeline, gap=False)


async def leaves(trial: Trial) -> None:
    """The process that owns the record ends; the migration goes on."""
    await trial.owner.close()


async def attaches(trial: Trial) -> None:
    """Another process finds the migration, or its end."""
    trial.owner = LabBackend(trial.world.lab, trial.runs, interval=0.5).migrations
    found = await trial.owner.attach()
    assert found is not None, trial.story()
    trial.migration = found
    found.listen(trial.on_record)


def does(act: Callable[[World], object]) -> Step:
    """Do something else to the hosts."""

    async def step(trial: Trial) -> None:
        await asyncio.to_thread(act, trial.world)

    return step


def waits(what: str, met: Callable[[Timeline], object]) -> Step:
    """Wait until something is true of the timeline."""

    async def step(trial: Trial) -> None:
        await trial.until(lambda: bool(met(trial.migration.timeline)), what)

    return step


def trial_keys(trial: Trial) -> list[str]:
    """The actions of the keys in the record."""
    return [str(each.data.get("action")) for each in trial.migration.timeline.events if each.kind == KEY]


def alive(world: World) -> None:
    """The VM runs on, and no page of its memory is wrong."""
    fault_vm.wait_for_a_line(world.lab.place)


def check_record(folder: Path, timeline: Timeline, *, gap: bool) -> None:
    """What must hold of every record."""
    records = list(records_of(folder / "raw.jsonl"))
    assert None not in records, "a broken line"
    kinds = Counter(each.kind for each in records if isinstance(each, Event))
    assert kinds[END] == 1
    assert isinstance(records[-1], Event)
    assert records[-1].data["outcome"] == timeline.phase
    assert kinds[GAP] == int(gap)
    samples = [each for each in records if isinstance(each, Sample)]
    assert (folder / "domjobinfo.txt").read_text() == "".join(text(each.stats) for each in samples)
    with (folder / "run.toml").open("rb") as file:
        summary = tomllib.load(file)
    assert summary["outcome"] == timeline.phase
    if timeline.phase == COMPLETED:  # a figure that libvirt has lost with a restart is missing, not 0
        assert not [name for name in NEVER_0 if summary["figures"].get(name) == 0], summary
    assert [each.name for each in folder.iterdir() if each.name.startswith(".")] == []
    assert not in_use(folder / "raw.jsonl")
