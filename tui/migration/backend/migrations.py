"""The migrations as the screens and the command line see them: followed and controlled through the runner."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from tui import __version__
from tui.core.clock import now
from tui.core.connections import Connections
from tui.core.failure import Failure, or_failure
from tui.core.log import log
from tui.core.plan import ELSEWHERE, Plan
from tui.core.threads import on_thread, retrieve
from tui.core.together import together
from tui.core.vm import Daemon, Vm
from tui.forecast.model.forecast import Inputs
from tui.forecast.model.forecast_json import inputs_to_json
from tui.guest.model.workload import Workload
from tui.migration.backend.before.preflight import Moved, Refused
from tui.migration.backend.inventory import HostVms, Show
from tui.migration.backend.messages import FIND, FOLLOW, RECORDS, REQUEST, START, STARTED, STOP_START, from_fields
from tui.migration.backend.offline import move_definition
from tui.migration.backend.recording.recorder import RAW
from tui.migration.backend.recording.run_files import has_end
from tui.migration.backend.requests import Requests
from tui.migration.model.record import NO_ANSWER, Event, Record, from_line
from tui.migration.model.timeline import Timeline
from tui.runner.client import Client, Connect, hello_of
from tui.runner.protocol import Message, Stopped, failure_of
from tui.vm.model.location import Inventory

AGAIN_S = 2.0  # between two attempts to find the migrations of a runner that has ended
IDLE_AGAIN_S = 15.0  # if none was under way, or a host must respond first

KnownWorkload = Callable[[str], Workload | None]  # by the name of the VM; Failure while one is starting
Send = Callable[[str, int | None], None]
Call = Callable[[str, int | None], Awaitable[None]]


class Controls(Requests):
    """The requests for one migration, sent to the runner."""

    def __init__(self, send: Send, call: Call) -> None:
        self._send = send
        self._call = call

    def send(self, action: str, value: int | None = None) -> None:
        """Send a request, to the next runner if this one ends before it replies."""
        self._send(action, value)

    async def request(self, action: str, value: int | None = None) -> None:
        """Request an action of model.keys; returns once the runner has it, raises Failure if the runner refuses it."""
        await self._call(action, value)


class Migration:
    """One migration that the runner owns; its `timeline` is built from the runner's records."""

    def __init__(self, fields: Message, send: Send, call: Call) -> None:
        self.run = str(fields["run"])
        self.folder = Path(str(fields["folder"]))
        self.plan = from_fields(Plan, fields["plan"])
        self.vm = from_fields(Vm, fields["vm"])
        self.origin, self._target = str(fields["origin"]), str(fields["target"])
        self.timeline = Timeline()
        self.controls = Controls(send, call)
        self.zero = float(fields["zero"])  # its start by time.monotonic()
        self._listeners: list[Callable[[Record], None]] = []
        self._ended = asyncio.Event()

    @property
    def target(self) -> str:
        """The host that it goes to, as a sentence names it."""
        return self.timeline.target or self._target or ELSEWHERE

    def listen(self, listener: Callable[[Record], None]) -> None:
        """Call `listener` on the loop with each new record, after it was added to the timeline."""
        self._listeners.append(listener)

    def elapsed(self) -> float:
        """Seconds since the start, up to the end of the migration, or to what is known if no process follows it."""
        ended = self.timeline.now if self.timeline.unfollowed else self.timeline.ended_at
        return ended if ended is not None else time.monotonic() - self.zero

    def waiting_s(self) -> float:
        """For how long libvirt has not replied, in seconds; 0.0 if no reply is overdue."""
        return self.timeline.waiting_s(self.elapsed())

    async def ended(self) -> None:
        """Return when the migration is over and recorded."""
        await self._ended.wait()

    def lose(self) -> None:
        """Show that the figures are old: the runner has ended, and no other one follows the migration yet."""
        data = {"since": self.elapsed(), "why": "the process in the background has ended"}
        self.timeline.add(Event(self.elapsed(), now(), NO_ANSWER, data))

    def unfollow(self) -> None:
        """Show that it is unknown whether it continues: a runner replies, but does not find it. Stops the clock."""
        if not self.timeline.unfollowed:
            last = self.timeline.now
            data = {"since": last, "why": "the process in the background does not find it", "unfollowed": True}
            self.timeline.add(Event(last, now(), NO_ANSWER, data))

    def restart(self, zero: float) -> None:
        """Begin the timeline anew: another runner follows the migration now, and sends all of its records."""
        self.timeline = Timeline()
        self.zero = zero

    def add(self, line: str) -> None:
        """Add the record of a line."""
        try:
            each = from_line(line)
        except ValueError:
            return  # an incomplete line, left by a crash
        self.timeline.add(each)
        for listener in self._listeners:
            listener(each)
        if self.timeline.over:
            self._ended.set()


class Migrations:
    """The migrations of one configuration, by its path; `connect` reaches the runner, and starts it if need be.

    `workload` returns what this process saw last in a VM, for a start while the guest does not reply.
    """

    def __init__(
        self, connections: Connections, connect: Connect, config: Path, workload: KnownWorkload = lambda _vm: None
    ) -> None:
        self.current: Migration | None = None
        self.all: dict[str, Migration] = {}  # by the name of the run
        self._connections = connections
        self._host_vms = HostVms(connections)
        self._workload = workload
        self._client = Client(connect, hello_of(config, __version__), self._on_notice, self._on_lost)
        self._following: dict[str, asyncio.Task[Any]] = {}  # through the current connection
        self._unsent: list[Message] = []  # requests that a runner took with it when it ended
        self._again: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[Migration], None]] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def listen(self, listener: Callable[[Migration], None]) -> None:
        """Call `listener` on the loop with each migration, before its first record."""
        self._listeners.append(listener)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that run VMs."""
        return self._connections.config.hypervisors

    async def vms(self, show: Show = lambda _inventory: None) -> Inventory:
        """The VMs of all hosts, and why a host could not be read; `show` gets those known while a host is late."""
        return await self._host_vms.read(show)

    async def daemons(self, origin: str, target: str) -> tuple[Daemon, Daemon] | None:
        """The daemons of the origin and of the target; None if one does not answer."""
        queries = (self._connections.query(host, lambda each: each.daemon()) for host in (origin, target))
        try:
            here, there = await together(*queries)
        except Failure as failure:
            log.info("What these hosts refuse is unknown: %s", failure)
            return None
        return here, there

    async def start(self, plan: Plan, expected: str = "", forecast: Inputs | None = None) -> Migration:
        """Check `plan` and start it; raises Refused with all failed checks, or the Failure that interrupted them.

        Raises Moved if the VM is not on the host `expected`. `forecast` is recorded, and judged at the end.
        """
        known = self._workload(plan.vm)
        workload = {"name": known.name, "parameters": dict(known.parameters)} if known else None
        made = None if forecast is None else inputs_to_json(forecast)
        parameters = {"plan": plan.fields, "expected": expected, "workload": workload, "forecast": made}
        reply = await self._client.call(START, **parameters)
        if "refused" in reply:
            raise Refused(tuple(map(failure_of, reply["refused"])))
        if "moved" in reply:
            raise Moved(failure_of(reply["moved"]), await self.vms())
        self.current = migration = await self._follow(reply["run"])
        return migration

    async def stop_start(self) -> bool:
        """End the checks of a start, which then raises a Failure; False if it is too late for that."""
        return bool(await self._client.call(STOP_START))

    async def move_definition(self, plan: Plan, expected: str = "") -> str:
        """Move the definition of a VM that is off; returns what is so now, raises as `start` does. It is not a run."""
        return await move_definition(self._connections, plan, expected)

    async def attach(self) -> Migration | None:
        """Follow the migrations under way, and the one that ended while no client saw it; the newest, else None."""
        found = await self._client.call(FIND)
        for fields in found:
            if str(fields["run"]) in self.all or not fields["seen"]:
                self.current = await self._follow(fields)
        for run in self._under_way - {str(fields["run"]) for fields in found}:
            await self._read_end(self.all[run])
            if run in self._under_way and run not in self._following:
                self.all[run].unfollow()
        return self.current

    async def close(self) -> None:
        """Stop following; the runner continues."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await self._client.close()

    # -- following --

    async def _follow(self, fields: Message) -> Migration:
        """The migration with all of its records so far."""
        run = str(fields["run"])
        if run not in self.all:
            self.all[run] = Migration(fields, partial(self._request, run), partial(self._call, run))
            for listener in self._listeners:
                listener(self.all[run])
        migration = self.all[run]
        if migration.timeline.over:
            return migration  # it has all records
        if run not in self._following:
            migration.restart(float(fields["zero"]))
            self._following[run] = asyncio.ensure_future(self._client.call(FOLLOW, run=run))
            self._following[run].add_done_callback(retrieve)
        following = self._following[run]  # concurrent callers share it
        try:
            await asyncio.shield(following)
        except Failure:
            if self._following.get(run) is following:
                del self._following[run]  # the next caller tries again
            raise
        return migration

    async def _read_end(self, migration: Migration) -> None:
        """Take the records from disk if they have an end that no runner tells: it was killed just after it."""
        lines = await on_thread(_ended_lines, migration.folder / RAW)
        if lines:
            migration.restart(migration.zero)
            for line in lines:
                migration.add(line)

    def _request(self, run: str, action: str, value: int | None) -> None:
        request = {"run": run, "action": action, "value": value, "pressed": time.monotonic()}
        reply = self._client.send(REQUEST, **request)
        reply.add_done_callback(lambda reply: self._on_reply(reply, request))

    def _on_reply(self, reply: "asyncio.Future[Any]", request: Message) -> None:
        """Keep a request for the next runner if one has ended without a reply; to do it twice does no harm."""
        failure = None if reply.cancelled() else reply.exception()
        if isinstance(failure, Stopped) and not self._closed:
            self._unsent.append(request)
            self._attach_again()
        elif failure is not None:
            log.warning("The request %s: %s", request["action"], failure)

    async def _call(self, run: str, action: str, value: int | None) -> None:
        pressed = time.monotonic()
        if not self._client.connected:  # the runner has just ended: the next one must find the migration first
            await self.attach()
        await self._client.call(REQUEST, run=run, action=action, value=value, pressed=pressed)

    def _on_notice(self, message: Message) -> None:
        migration = self.all.get(str(message.get("run", "")))
        if message["notice"] == RECORDS and migration is not None:
            for line in message.get("lines", ()):
                migration.add(str(line))
        elif message["notice"] == STARTED:
            self._later(self._follow_started(message))

    async def _follow_started(self, fields: Message) -> None:
        migration = await self._follow(fields)
        if self.current is None or self.current.timeline.over:
            self.current = migration

    def _on_lost(self) -> None:
        """The runner has ended: a new one finds what is under way, and continues the records."""
        self._following.clear()
        for each in self.all.values():
            if not each.timeline.over:
                each.lose()
        self._attach_again()

    def _attach_again(self) -> None:
        """Find the migrations again, until there is nothing to find."""
        if self._again is None or self._again.done():
            self._again = asyncio.ensure_future(self._keep_attaching())
            self._tasks.add(self._again)
            self._again.add_done_callback(self._tasks.discard)

    async def _keep_attaching(self) -> None:
        while not self._closed and self._incomplete():
            try:
                await self.attach()
                while self._unsent:
                    await self._send_again(self._unsent[0])
                    self._unsent.pop(0)
            except Failure as failure:
                log.warning("The runner: %s", failure)
            if self._incomplete():
                await asyncio.sleep(AGAIN_S if self._urgent() else IDLE_AGAIN_S)

    def _incomplete(self) -> bool:
        """Whether there is no connection, a request was not sent, or a migration is under way but not followed."""
        lost = not self._client.connected or bool(self._under_way - self._following.keys())
        return lost or bool(self._unsent)

    def _urgent(self) -> bool:
        """Whether a request was not sent, or a migration may be found at any moment."""
        return bool(self._unsent) or not all(self.all[run].timeline.unfollowed for run in self._under_way)

    @property
    def _under_way(self) -> set[str]:
        return {each.run for each in self.all.values() if not each.timeline.over}

    async def _send_again(self, request: Message) -> None:
        try:
            await self._client.call(REQUEST, **request)
        except Stopped:
            raise
        except Failure as failure:  # the new runner refuses it: it may have been done, or is no longer possible
            log.warning("The request %s: %s", request["action"], failure)

    def _later(self, call: Any) -> None:
        task = asyncio.ensure_future(or_failure(call))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        retrieve(task)
        if not task.cancelled() and task.exception() is None and isinstance(task.result(), Failure):
            log.warning("The runner: %s", task.result())


def _ended_lines(raw: Path) -> list[str]:
    """The lines of a log that has an end; none of another one."""
    try:
        return raw.read_text("utf-8", errors="replace").split("\n")[:-1] if has_end(raw) else []
    except OSError as error:
        log.warning("%s cannot be read: %s", raw, error)
        return []
