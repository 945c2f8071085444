"""A runner in this process on a real socket, with the migrations of a Stage, and clients of it."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.fakes import PATIENCE_S, Stage, connections
from tests.unit.migration.stages import stage_of, workload
from tests.unit.until import until
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.migration.backend.messages import FIND, FOLLOW
from tui.migration.backend.migrations import KnownWorkload, Migration, Migrations
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.recording.recorder import RAW
from tui.migration.backend.recording.run_files import read_records
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.backend.service import Service
from tui.migration.model import record
from tui.migration.model.record import Event
from tui.runner.client import Client
from tui.runner.protocol import LONGEST_REPLY, Message
from tui.runner.server import Server

INTERVAL_S = 0.005
BY_HAND = Plan("guest1", technique="post-copy-manual")


class Runner:
    """One runner after the other on the same socket and the same runs."""

    def __init__(self, stage: Stage, folder: Path, interval_s: float = INTERVAL_S) -> None:
        self.stage = stage
        self.interval_s = interval_s
        self.runs = folder / "runs"
        self.path = folder / "s"
        self.workload = workload
        self.closing: list[Callable[[], Any]] = []

    async def start(self) -> None:
        self.owner = MigrationOwner(connections(self.stage), self.stage.open, self.runs, self.interval_s, self.workload)

        async def open_owner(path: str) -> MigrationOwner:
            if path != "/config.toml":
                raise Failure("No such configuration", path)
            return self.owner

        self.service = Service(open_owner)
        self._writers: list[asyncio.StreamWriter] = []
        server = Server(self.service.open_session, "1", lambda: self.service.busy)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.append(writer)
            await server.serve(reader, writer)

        bound = socket.socket(socket.AF_UNIX)
        bound.bind(str(self.path))
        bound.listen(8)
        self._listening = await asyncio.start_unix_server(serve, sock=bound)

    async def end(self) -> None:
        """As a runner ends: its clients lose it, its records have no end."""
        self._listening.close()
        self.path.unlink(missing_ok=True)
        for writer in self._writers:
            writer.transport.abort()
        await self.service.close()

    def client(self, config: str = "/config.toml", known: KnownWorkload = lambda _vm: None) -> Migrations:
        """An app, or the command line."""
        made = Migrations(connections(self.stage), self.connect, Path(config), known)
        self.closing.append(made.close)
        return made

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            return await asyncio.open_unix_connection(self.path, limit=LONGEST_REPLY)
        except OSError as error:
            raise Failure("There is no runner", str(error)) from error

    async def follower(self) -> "Follower":
        """A client that follows the only migration."""
        made = Follower(self)
        self.closing.append(made.client.close)
        (found,) = await made.client.call(FIND)
        await made.client.call(FOLLOW, run=found["run"])
        return made

    @property
    def actor(self) -> MigrationActor:
        assert self.owner.current is not None
        return self.owner.current

    async def close(self) -> None:
        for call in self.closing:
            await call()
        self.stage.let_go()
        await self.end()


class Follower:
    """The lines that one client is given."""

    def __init__(self, runner: Runner) -> None:
        self.lines: list[str] = []
        self.client = Client(runner.connect, {"config": "/config.toml"}, self._on_notice, lambda: None)

    def _on_notice(self, message: Message) -> None:
        self.lines += message.get("lines", ())

    @property
    def events(self) -> list[Event]:
        return [each for each in map(record.from_line, self.lines) if isinstance(each, Event)]

    @property
    def logged(self) -> list[str]:
        """Without what the log itself cannot contain."""
        return [each for each in self.lines if '"action": "log"' not in each or '"what"' not in each]

    def log_actions(self) -> list[Event]:
        return [each for each in self.events if each.data.get("action") == "log"]

    async def ended(self) -> None:
        await until(lambda: self.lines and '"kind": "end"' in self.lines[-1])


async def passes(migration: Migration | MigrationActor, count: int = 2) -> None:
    """Return when the migration is in that pass."""
    await until(lambda: migration.timeline.iteration >= count)


Make = Callable[[Stage], Runner]


async def begun(make: Make, plan: Plan = BY_HAND) -> tuple[Runner, Migrations]:
    """A runner with a migration in its second pass that waits for post-copy, and the client that started it."""
    runner = make(stage_of("post-copy-by-hand"))
    await runner.start()
    client = runner.client()
    await passes(await client.start(plan))
    return runner, client


async def switch(runner: Runner) -> None:
    """Let it end."""
    runner.actor.controls.switch_to_post_copy()
    await asyncio.wait_for(runner.actor.ended(), PATIENCE_S)


def requests(runner: Runner) -> list[object]:
    records = read_records(runner.actor.folder / RAW)
    return [each.data["action"] for each in records if isinstance(each, Event) and each.kind == record.KEY]
