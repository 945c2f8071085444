"""`vmlm-tui runner`: the background process that owns the migrations; started by the app and the command line."""

import asyncio
import gc
from collections.abc import Callable
from pathlib import Path

from tui import __version__
from tui.app.config import load
from tui.app.process_priority import PRIORITY, set_priority
from tui.app.wiring import owner_of
from tui.core import log
from tui.core.settings import Config, state_folder
from tui.core.threads import on_thread
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.recorded import Recorded
from tui.migration.backend.service import Service
from tui.runner.process import Running, detach, folder
from tui.runner.server import Server

LOG = "runner.log"  # in the state folder

OwnerOf = Callable[[Config, Recorded], MigrationOwner]


def main(create: OwnerOf = owner_of) -> int:
    """Serve until there is nothing to do; returns the exit status."""
    report_ready = detach()
    descriptor = log.start(state_folder() / LOG)
    with log.stderr_redirected(descriptor):
        try:
            running = Running(folder())
        except BlockingIOError:
            report_ready()  # another one was faster
            return 0
        set_priority(PRIORITY)
        gc.set_threshold(10_000, 20, 50)  # a full collection would delay the p key
        log.log.info("The runner %s serves %s", __version__, running.path)
        asyncio.run(_serve(running, Owners(create), report_ready))
        log.log.info("The runner ends")
    return 0


async def _serve(running: Running, owners: "Owners", report_ready: Callable[[], None]) -> None:
    service = Service(owners.open)
    server = Server(service.open_session, __version__, lambda: service.busy)
    try:
        await running.serve(server, report_ready)
    finally:
        await service.close()


class Owners:
    """The owner of the migrations of each configuration; two files with the same contents share one.

    They also share what is recorded: a migration under way has one record, whichever configurations have its host.
    """

    def __init__(self, create: OwnerOf) -> None:
        self._create = create
        self._recorded = Recorded()
        self._owners: list[tuple[Config, MigrationOwner]] = []

    async def open(self, path: str) -> MigrationOwner:
        """The migrations of the configuration at `path`, which is read now; raises Failure."""
        config = await on_thread(load, Path(path))  # the home folder may be on a server that does not respond
        for known, owner in self._owners:
            if known == config:
                return owner
        self._owners.append((config, self._create(config, self._recorded)))
        return self._owners[-1][1]
