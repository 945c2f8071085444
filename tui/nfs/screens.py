"""The NFS page: the steps that share the image folder, each on its host."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from textual import work

from tui.checklist.screens.page import ListPage
from tui.core.aged import last_answer
from tui.core.failure import Failure
from tui.nfs.backend.nfs import Nfs
from tui.ui.error_report import WATCH

NO_SERVER = (
    "The configuration names no storage server, so no share is checked: add [hosts.storage], or name a host as "
    "host in [storage]."
)
ASK_EVERY_S = 3.0


class NfsPage(ListPage):
    """The checklist of the NFS room."""

    page = "nfs"
    HELP = (
        "The steps to an image folder that the hosts share: each line is one requirement on one host. "
        "Reading changes nothing, except that the proof writes a small file and removes it. f fixes the line "
        "under the cursor, a fixes all that is missing; both show the commands first. What a makes possible follows in "
        "the same run, and its output shows it. u undoes what the app did. A host that does not answer is grey, with "
        "the age of its last answer."
    )

    def __init__(self, nfs: Nfs) -> None:
        *hypervisors, storage = nfs.config.machines if nfs.config.storage_host else (*nfs.config.machines, None)
        order = [*([storage] if storage else []), *hypervisors]  # the setup begins on the storage server
        super().__init__(nfs.checklist, {host.name: host.ssh for host in order if host})
        self._nfs = nfs
        self._no_server = storage is None
        self._shown_silent: Mapping[str, str] = {}

    def first(self) -> str:
        """Why the list is empty, if the configuration names no storage server."""
        return NO_SERVER if self._no_server else super().first()

    def silent(self) -> Mapping[str, str]:
        return {host: last_answer(age_s) for host, age_s in self._nfs.silent().items()}

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.workers.cancel_group(self, WATCH)
        for host in self._nfs.config.machines if not self._no_server else ():
            self._watch(host.name)

    def on_screen_suspend(self) -> None:
        self.workers.cancel_group(self, WATCH)

    @work(group=WATCH)
    async def _watch(self, host: str) -> None:
        """Ask one host again and again while the page is shown; `silent` has what is known."""
        while True:
            with suppress(Failure):  # `silent` tells it
                await self._nfs.ask(host)
            await asyncio.sleep(ASK_EVERY_S)

    def _tick(self) -> None:
        """Show which hosts do not answer, and the age of their last answer."""
        super()._tick()
        silent = self.silent()
        if self.is_current and silent != self._shown_silent:
            self._shown_silent = silent
            self._show()
