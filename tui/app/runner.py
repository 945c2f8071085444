"""`vmlm-tui runner`: the background process that owns the migrations; the app and the commands start it."""

import asyncio
import gc
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tui import __version__
from tui.app.config import load
from tui.app.process_priority import PRIORITY, set_priority
from tui.app.wiring import Owned, owned_by_runner
from tui.core import log
from tui.core.settings import Config, state_folder
from tui.core.ssh_agent import VARIABLE
from tui.core.threads import on_thread
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.recorded import Recorded
from tui.migration.backend.service import Service
from tui.queue.backend.service import Session as QueueSession
from tui.runner.process import Running, detach, folder
from tui.runner.server import Peer, Server
from tui.runner.sessions import RoomSession, Sessions
from tui.study.backend.service import Session as StudySession
from tui.study.backend.service import Studies

LOG = "runner.log"  # in the state folder

Create = Callable[[Config, Recorded], Owned]


def main(create: Create = owned_by_runner) -> int:
    """Serve until there is nothing to do; returns the exit status."""
    report_ready = detach()
    descriptor = log.start(state_folder() / LOG)
    with log.stderr_redirected(descriptor):
        try:
            running = Running(folder())
        except BlockingIOError:
            report_ready()  # another one was faster
            return 0
        os.environ.setdefault(VARIABLE, "")  # before any thread: to add one later could move what C code reads
        set_priority(PRIORITY)
        gc.set_threshold(10_000, 20, 50)  # a full collection would delay the p key
        log.log.info("The runner %s serves %s", __version__, running.path)
        asyncio.run(_serve(running, Owners(create), report_ready))
        log.log.info("The runner ends")
    return 0


async def _serve(running: Running, owners: "Owners", report_ready: Callable[[], None]) -> None:
    migrations = Service(owners.open)

    async def open_session(peer: Peer, hello: Mapping[str, Any]) -> Sessions:
        session = await migrations.open_session(peer, hello)
        owned, path = owners.owned_of(session.owner), str(hello.get("config", ""))
        rooms: list[RoomSession] = [session, StudySession(owned.studies, path)]
        rooms += [] if owned.queues is None else [QueueSession(owned.queues, path)]
        return Sessions(rooms)

    server = Server(open_session, __version__, lambda: migrations.busy or owners.busy)
    try:
        await running.serve(server, report_ready)
    finally:
        await owners.close()  # before the migrations, whose ends they wait for
        await migrations.close()


class Owners:
    """What the runner owns of each configuration; two files with the same contents share it.

    A file that was changed while a study or a queue is under way keeps its owner, so that its clients find it. They
    all share what is recorded: a migration under way has one record, whichever configurations have its host. No VM is
    in two studies, or in a study and a queue, at once.
    """

    def __init__(self, create: Create) -> None:
        self._create = create
        self._recorded = Recorded()
        self._owned: list[tuple[Config, Owned]] = []
        self._studies: list[Studies] = []

    async def open(self, path: str) -> MigrationOwner:
        """The migrations of the configuration at `path`, which is read now; raises Failure."""
        config = await on_thread(load, Path(path))  # the home folder may be on a server that does not respond
        for known, owned in reversed(self._owned):
            if known == config or (known.hosts == config.hosts and _works(owned)):
                return owned.migrations
        self._owned.append((config, self._create(config, self._recorded)))
        owned = self._owned[-1][1]
        owned.studies.share(self._studies)
        owned.studies.held = self._in_queues
        if owned.queues is not None:
            owned.queues.planner.reserved = self._in_studies
        return owned.migrations

    def _in_queues(self) -> dict[str, str]:
        """By the UUID of each VM of a queue under way, which queue has it."""
        queues = (owned.queues for _config, owned in self._owned if owned.queues is not None)
        return {uuid: which for each in queues for uuid, which in each.holds().items()}

    def _in_studies(self) -> dict[str, str]:
        """By the UUID of each VM of a study under way, which study has it."""
        return {uuid: which for each in self._studies for uuid, which in each.holds().items()}

    def owned_of(self, migrations: MigrationOwner) -> Owned:
        """What is owned of the same configuration."""
        return next(owned for _config, owned in self._owned if owned.migrations is migrations)

    @property
    def busy(self) -> bool:
        """Whether a study or a queue is under way."""
        return any(_works(owned) for _config, owned in self._owned)

    async def close(self) -> None:
        """Leave all studies, which a resume continues, and all queues, which the next runner continues."""
        for _config, owned in self._owned:
            await owned.studies.close()
            if owned.queues is not None:
                await owned.queues.close()


def _works(owned: Owned) -> bool:
    return owned.studies.busy or (owned.queues is not None and owned.queues.busy)
