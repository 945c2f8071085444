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
from tui.runner.process import Running, detach, folder
from tui.runner.server import Peer, Server
from tui.runner.sessions import Sessions
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
        studies = StudySession(owners.studies_of(session.owner), str(hello.get("config", "")))
        return Sessions((session, studies))

    server = Server(open_session, __version__, lambda: migrations.busy or owners.studies_busy)
    try:
        await running.serve(server, report_ready)
    finally:
        await owners.close_studies()  # before the migrations, whose ends they wait for
        await migrations.close()


class Owners:
    """What the runner owns of each configuration; two files with the same contents share it.

    A file that was changed while a study is under way keeps its owner, so that its clients find the study. They all
    share what is recorded: a migration under way has one record, whichever configurations have its host. No VM is in
    two studies at once.
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
            if known == config or (known.hosts == config.hosts and owned.studies.busy):
                return owned.migrations
        self._owned.append((config, self._create(config, self._recorded)))
        self._owned[-1][1].studies.share(self._studies)
        return self._owned[-1][1].migrations

    def studies_of(self, migrations: MigrationOwner) -> Studies:
        """The studies of the same configuration."""
        return next(owned.studies for _config, owned in self._owned if owned.migrations is migrations)

    @property
    def studies_busy(self) -> bool:
        """Whether a study is under way."""
        return any(owned.studies.busy for _config, owned in self._owned)

    async def close_studies(self) -> None:
        """Leave all studies; a resume continues them."""
        for _config, owned in self._owned:
            await owned.studies.close()
