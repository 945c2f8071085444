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
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.service import Service
from tui.runner.process import Running, detach, folder
from tui.runner.server import Server

LOG = "runner.log"  # in the state folder


def main() -> int:
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
        asyncio.run(_serve(running, report_ready))
        log.log.info("The runner ends")
    return 0


async def _serve(running: Running, report_ready: Callable[[], None]) -> None:
    service = Service(Owners().open)
    server = Server(service.open_session, __version__)
    try:
        await running.serve(server, lambda: service.busy, report_ready)
    finally:
        await service.close()


class Owners:
    """The owner of the migrations of each configuration; two files with the same contents share one."""

    def __init__(self) -> None:
        self._owners: list[tuple[Config, MigrationOwner]] = []

    def open(self, path: str) -> MigrationOwner:
        """The migrations of the configuration at `path`, which is read now; raises Failure."""
        config = load(Path(path))
        for known, owner in self._owners:
            if known == config:
                return owner
        self._owners.append((config, owner_of(config)))
        return self._owners[-1][1]
