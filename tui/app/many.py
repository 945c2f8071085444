"""When page 4 has the table of many migrations, and what is shown of a queue on the other pages."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.core.actions import without_keys
from tui.core.failure import Failure
from tui.core.limit import within
from tui.core.log import log
from tui.migration.backend.migrations import Migration, Migrations
from tui.queue.model.move import FEW
from tui.queue.model.words import progress_line, state_sentence

if TYPE_CHECKING:
    from textual.app import App

    from tui.queue.backend.access import QueueAccess

ONE, MANY = "migrate", "many"  # the modes of page 4
EVERY_S = 2.0  # between two readings of a queue under way
IDLE_EVERY_S = 60.0  # another client may start one, and its first migration wakes the reading sooner
AGAIN_S = 15.0  # after one that failed


class Many:
    """Reads the queue once, with each new migration, and again and again while one is under way."""

    def __init__(
        self, app: "App[str]", queues: "QueueAccess", migrations: Migrations, ring: Callable[[str, str], None]
    ) -> None:
        self._app = app
        self._ring = ring  # with a title and a sentence, also where nobody looks at the app
        self._queues = queues
        self._migrations = migrations
        self._look = asyncio.Event()
        self._unseen_end = False  # a queue has ended, and nobody has closed its summary
        self._was_needed = False
        self._was_under_way = False
        migrations.listen(self._on_migration)
        queues.listen(self._on_status)

    @property
    def needed(self) -> bool:
        """Whether page 4 has the table: a queue or several migrations are under way, or a queue has just ended."""
        under_way = sum(not each.timeline.over for each in self._migrations.all.values())
        return self._queues.under_way or under_way >= FEW or self._unseen_end

    @property
    def known(self) -> bool:
        """Whether there is anything for the table: an earlier queue is enough."""
        return self.needed or self._queues.status is not None

    @property
    def mode(self) -> str:
        """The mode of page 4."""
        return MANY if self.needed else ONE

    @property
    def words(self) -> str:
        """What is under way, and that it goes on without the app; empty if nothing is."""
        status = self._queues.status
        if self._queues.under_way and status is not None:
            return f"{state_sentence(status)} {progress_line(status)}. It goes on in the background."
        count = sum(not each.timeline.over for each in self._migrations.all.values())
        return f"{count} migrations are under way. They go on in the background." if count >= FEW else ""

    def close(self) -> None:
        """A person has seen how the queue ended."""
        self._unseen_end = False

    async def read(self) -> bool:
        """Read the queue; returns whether that worked."""
        try:
            await self._queues.read()
        except Failure as failure:
            log.info("The queue: %s", failure)
            return False
        return True

    async def watch(self) -> None:
        """Keep the status fresh; never returns."""
        while True:
            self._look.clear()
            age_s = time.monotonic() - (self._queues.read_at or 0.0)
            if (self._queues.under_way and age_s < EVERY_S) or await self.read():  # its table reads it, too
                wait_s = EVERY_S if self._queues.under_way else IDLE_EVERY_S
                self._show_if_needed()
            else:
                wait_s = AGAIN_S
            try:
                await within(wait_s, self._look.wait())
            except asyncio.TimeoutError:
                continue

    def _on_migration(self, _migration: Migration) -> None:
        self._look.set()

    def _on_status(self) -> None:
        """Ring at the end of a queue, and say how it ended wherever a person looks."""
        before, self._was_under_way = self._was_under_way, self._queues.under_way
        status = self._queues.status
        if before and not self._was_under_way and status is not None:
            self._unseen_end = True
            words = without_keys(state_sentence(status))
            self._ring("queue", words)
            if self._app.current_mode != MANY:
                self._app.notify(words, title="queue", markup=False, timeout=15)
        elif self._was_under_way and not before:
            self._look.set()
        self._show_if_needed()

    def _show_if_needed(self) -> None:
        """Show the table in place of a page 4 on which nobody follows a migration; else mention it."""
        before, self._was_needed = self._was_needed, self.needed
        if before or not self._was_needed or self._app.current_mode != ONE:
            return
        current = self._migrations.current
        if len(self._app.screen_stack) == 1 and (current is None or current.timeline.over):
            self._app.call_later(self._app.switch_mode, MANY)
        else:
            self._app.notify("Several migrations are under way; Esc shows all of them.", markup=False, timeout=8)
