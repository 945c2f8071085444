"""What the runner does for its clients: starts migrations, passes their records on, and takes requests."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import asdict
from typing import Any

from tui.core.failure import Failure
from tui.core.log import log
from tui.core.plan import Plan
from tui.core.ssh_agent import AGENTS
from tui.core.threads import on_thread, retrieve
from tui.forecast.model.forecast import Inputs
from tui.forecast.model.forecast_json import inputs_from_json
from tui.forecast.model.policy import POLICIES
from tui.guest.model.workload import Workload
from tui.migration.backend.before.preflight import Moved, Refused
from tui.migration.backend.messages import (
    FIND,
    FOLLOW,
    RECORDS,
    REQUEST,
    START,
    STARTED,
    STOP_START,
    from_fields,
)
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.recording.run_files import MOST_LINES, ends
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.model import record
from tui.migration.model.keys import BANDWIDTH, CANCEL, DOWNTIME, PAUSE, POST_COPY_NOW, RESUME, why_not
from tui.migration.model.record import END, Event, Record
from tui.runner.protocol import failure_fields
from tui.runner.server import Peer

LOOK_EVERY_S = 5.0  # for migrations that other programs started
FIND_LIMIT_S = 2.0  # for other migrations while one is under way; a later one is announced
UNSEEN_S = 600.0  # how long an end that no client has seen keeps the runner

REQUESTS = frozenset({POST_COPY_NOW, CANCEL, DOWNTIME, BANDWIDTH, RESUME, PAUSE})
Open = Callable[[str], Awaitable[MigrationOwner]]  # the migrations of a configuration, by its path; raises Failure


class Service:
    """The migrations of each configuration, shared by the clients that use it."""

    def __init__(self, open_migrations: Open) -> None:
        self._open = open_migrations
        self._migrations: list[MigrationOwner] = []

    async def open_session(self, peer: Peer, hello: Mapping[str, Any]) -> "Session":
        """The session of a client; its hello names its configuration. Raises Failure."""
        found = await self._open(str(hello.get("config", "")))
        AGENTS.offer(str(hello.get("ssh_auth_sock", "")))
        if found not in self._migrations:
            self._migrations.append(found)
        return Session(peer, found)

    @property
    def busy(self) -> bool:
        """Whether a migration is under way, is still being written, or has an end that no client has seen."""
        return any(_is_busy(each) for migrations in self._migrations for each in migrations.all)

    async def close(self) -> None:
        """Leave all migrations; another process may continue their records."""
        for each in self._migrations:
            await each.close()


def _is_busy(migration: MigrationActor) -> bool:
    if not migration.run_log.done:
        return True
    return not migration.seen and migration.run_log.now() < (migration.timeline.ended_at or 0.0) + UNSEEN_S


class Session:
    """One client."""

    def __init__(self, peer: Peer, migrations: MigrationOwner) -> None:
        self._peer = peer
        self._migrations = migrations
        self._actions = {FIND: self._find, START: self._start, FOLLOW: self._follow, REQUEST: self._request}
        self._actions[STOP_START] = self._stop_start
        self._checking: asyncio.Task[MigrationActor] | None = None  # the start that changes nothing yet
        self._closed = False
        self._following: dict[MigrationActor, Callable[[Record], None]] = {}
        migrations.listen(self._on_started)
        self._looking = asyncio.ensure_future(self._look())
        self._looking.add_done_callback(retrieve)

    @property
    def owner(self) -> MigrationOwner:
        """The migrations of the client's configuration."""
        return self._migrations

    @property
    def actions(self) -> Collection[str]:
        """The requests that it takes."""
        return self._actions

    async def call(self, action: str, parameters: Mapping[str, Any]) -> Any:
        """The result of a request, as JSON; raises Failure."""
        if action not in self._actions:
            raise Failure(f"The runner knows no request {action!r}", f"it knows {', '.join(self._actions)}")
        return await self._actions[action](parameters)

    def close(self) -> None:
        """The client has gone; its migrations continue."""
        self._closed = True
        self._looking.cancel()
        self._migrations.stop_listening(self._on_started)
        for migration, on_record in self._following.items():
            migration.run_log.stop_listening(on_record)

    def _on_started(self, migration: MigrationActor) -> None:
        self._peer.notify(STARTED, **description(migration))

    async def _look(self) -> None:
        """Find migrations that other programs start."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self._migrations.look()
            except Failure as failure:
                log.info("Other migrations were not looked for: %s", failure)
            except Exception:  # noqa: BLE001  # it is tried again
                log.exception("Other migrations were not looked for")

    async def _find(self, _parameters: Mapping[str, Any]) -> Any:
        finding = asyncio.ensure_future(self._migrations.attach())
        finding.add_done_callback(retrieve)
        if self._migrations.busy:  # a host that does not respond must not keep a client from its migration
            await asyncio.wait({finding}, timeout=FIND_LIMIT_S)
        else:
            await finding
        return [description(each) for each in self._migrations.all]

    async def _start(self, parameters: Mapping[str, Any]) -> Any:
        plan, workload = from_fields(Plan, parameters.get("plan")), _known_workload(parameters.get("workload"))
        if plan.policy not in POLICIES:
            raise Failure(f"There is no policy {plan.policy!r}", f"the policies are {', '.join(POLICIES)}")
        forecast = _forecast(parameters.get("forecast"))
        try:
            expected = str(parameters.get("expected", ""))
            start = self._migrations.start(plan, expected, workload, forecast=forecast, on_checked=self._on_checked)
            self._checking = starting = asyncio.ensure_future(start)
            return {"run": description(await _unless_stopped(starting))}
        except Refused as refused:
            return {"refused": [failure_fields(each) for each in refused.failures]}
        except Moved as moved:
            return {"moved": failure_fields(moved)}

    def _on_checked(self) -> None:
        self._checking = None

    async def _stop_start(self, _parameters: Mapping[str, Any]) -> Any:
        """End the checks before a start; False if there are none, or if they have just ended."""
        checking, self._checking = self._checking, None
        return checking is not None and checking.cancel()

    async def _request(self, parameters: Mapping[str, Any]) -> Any:
        migration, action, value = self._run(parameters), parameters.get("action"), parameters.get("value")
        if (
            not isinstance(action, str)
            or action not in REQUESTS
            or not (value is None or (type(value) is int and value >= 0))
        ):
            raise Failure(f"The request {action!r} of a migration is unknown", f"with the value {value!r}")
        reason = why_not(action, migration.timeline)
        if reason:
            raise Failure(f"Nothing was changed for {migration.vm.name}", reason)
        pressed = parameters.get("pressed")
        moment = time.monotonic()
        migration.controls.send(action, value, min(pressed, moment) if isinstance(pressed, float) else moment)
        return None

    async def _follow(self, parameters: Mapping[str, Any]) -> Any:
        """Send all records so far, then each new one."""
        migration = self._run(parameters)
        if migration in self._following:
            return description(migration)
        held: list[Record] = []  # records that come while the history is sent
        live = False

        def on_record(each: Record) -> None:
            if live:
                self._send(migration, [each])
            else:
                held.append(each)

        self._following[migration] = on_record
        pieces, rest = await on_thread(migration.run_log.history, on_record)
        if self._closed:
            migration.run_log.stop_listening(on_record)
        last: list[str] = []  # the newest lines
        while not self._closed and (lines := await on_thread(lambda: next(pieces, None))) is not None:
            self._peer.notify(RECORDS, run=migration.folder.name, lines=lines)
            await self._peer.drained()
            last = [*last, *lines][-MOST_LINES:]
        self._send(migration, [*rest, *held])
        live = True
        migration.seen = migration.seen or (not self._closed and ends(last))
        return description(migration)

    def _send(self, migration: MigrationActor, records: list[Record]) -> None:
        if self._closed or not records:
            return
        self._peer.notify(RECORDS, run=migration.folder.name, lines=[record.to_line(each) for each in records])
        migration.seen = migration.seen or any(map(_is_end, records))

    def _run(self, parameters: Mapping[str, Any]) -> MigrationActor:
        name = parameters.get("run")
        for each in self._migrations.all:
            if each.folder.name == name:
                return each
        raise Failure(f"The runner follows no run {name!r}", "it has ended, or another runner started it")


def description(migration: MigrationActor) -> dict[str, Any]:
    """What a client must know of a migration besides its records.

    `zero` is its start by time.monotonic(); `seen` says that a client has its end.
    """
    return {
        "run": migration.folder.name,
        "folder": str(migration.folder),
        "plan": migration.plan.fields,
        "vm": asdict(migration.vm),
        "origin": migration.origin,
        "target": migration.target,
        "zero": migration.run_log.zero,
        "seen": migration.seen,
    }


def _known_workload(fields: object) -> Workload | None:
    """The workload that the client saw last; None if it saw none."""
    if fields is None:
        return None
    name, values = (fields.get("name"), fields.get("parameters")) if isinstance(fields, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(values, dict):
        raise Failure("A Workload of the runner's protocol is malformed", str(fields))
    if not all(isinstance(each, (str, int, float)) for each in values.values()):
        raise Failure("A Workload of the runner's protocol is malformed", str(values))
    return Workload(name, values)


def _forecast(values: object) -> Inputs | None:
    """The inputs of the forecast that a client made before the start; None if it made none."""
    try:
        return None if values is None else inputs_from_json(values)
    except (ValueError, OverflowError) as error:
        raise Failure("A forecast of the runner's protocol is malformed", str(error)) from error


def _is_end(each: Record) -> bool:
    return isinstance(each, Event) and each.kind == END


async def _unless_stopped(starting: "asyncio.Task[MigrationActor]") -> MigrationActor:
    """The started migration; Failure if its checks were ended by the client."""
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        if not starting.cancelled():  # the caller is
            starting.add_done_callback(retrieve)
            raise
        raise Failure("The wait was ended", "the checks were not complete") from None
