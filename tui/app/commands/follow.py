"""Follows one migration until it is over: writes its lines, and asks what Ctrl-C means."""

import asyncio
import contextlib
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator

from tui.app.commands.lines import (
    EventLines,
    Heading,
    Lines,
    exit_status,
    figures,
    json_lines,
    result_json,
    result_lines,
    verdict,
)
from tui.app.commands.output import Output, with_commands
from tui.app.commands.session import Session
from tui.core.failure import Failure
from tui.core.limit import within
from tui.migration.backend.migrations import Migration
from tui.migration.model.keys import CANCEL, why_not
from tui.migration.model.record import Record
from tui.migration.model.timeline import IDLE, OVER, Timeline

QUESTION = "Ctrl-C: c cancels it, l leaves it running, any other key continues."
PROGRESS_EVERY_S = 1.0


class Follower:
    """Collects the lines of one migration from its first record on, and writes them once `show` was called."""

    def __init__(self, migration: Migration, output: Output, make: Callable[[], Lines]) -> None:
        self.migration = migration
        self.changed: Callable[[], None] = lambda: None
        self._output = output
        self._make = make
        self._lines = make()
        self._timeline: Timeline = migration.timeline
        self._records = 0  # of this timeline
        self._done = 0  # records whose lines were written or wait
        self._waiting: list[str] | None = []
        migration.listen(self._on_record)

    def show(self) -> None:
        """Write the lines so far, and all further ones as they come."""
        waiting, self._waiting = self._waiting or [], None
        self._output.lines(waiting)

    def _on_record(self, each: Record) -> None:
        if self._timeline is not self.migration.timeline:  # another runner sends all records again
            self._timeline, self._lines, self._records = self.migration.timeline, self._make(), 0
        lines = self._lines(self.migration, each)
        self._records += 1
        if self._records <= self._done:
            return
        self._done = self._records
        if self._waiting is None:
            self._output.lines(lines)
        else:
            self._waiting += lines
        self.changed()


class Following:
    """The migrations of a session, one of which is followed to its end; created before the first one is known."""

    def __init__(self, session: Session, *, json: bool, asks: bool) -> None:
        self._session = session
        self._output = session.output
        self._json = json
        self._asks = asks and session.output.terminal and sys.stdin is not None and sys.stdin.isatty()
        self._followers: dict[str, Follower] = {}
        self._unfollowed = False
        self._changed = asyncio.Event()
        session.migrations.listen(self._on_migration)

    def _on_migration(self, migration: Migration) -> None:
        def make() -> Lines:
            return json_lines if self._json else Heading() if self._output.terminal else EventLines()

        self._followers[migration.run] = Follower(migration, self._output, make)

    async def until_over(self, migration: Migration) -> int:
        """Write all lines of the migration, then its result; returns the exit status."""
        signals, changed = self._session.signals, self._changed
        signals.on_signal = changed.set
        follower = self._followers[migration.run]
        follower.changed = changed.set
        follower.show()
        while not migration.timeline.over:
            number = signals.take()
            if number == signal.SIGINT and self._asks:
                number = await self._ask(migration)
            if self._output.closed:
                number = number or signal.SIGPIPE
            if number:
                return self._leave(migration, number)
            self._report_unfollowed(migration)
            self._show_progress(migration)
            await self._change()
        width = self._output.width
        self._output.lines([result_json(migration)] if self._json else result_lines(migration, width))
        return exit_status(migration.timeline)

    def _show_progress(self, migration: Migration) -> None:
        if not self._json and migration.timeline.phase not in (IDLE, *OVER):
            elapsed = migration.elapsed()
            found = verdict(migration, elapsed)
            self._output.progress(figures(migration.timeline, elapsed), found.text, found.tone)

    def _report_unfollowed(self, migration: Migration) -> None:
        """Say once that no process follows it, also where no progress is shown."""
        unfollowed = migration.timeline.unfollowed
        if unfollowed and not self._unfollowed:
            self._output.report(verdict(migration, migration.elapsed()).text)
        self._unfollowed = unfollowed

    async def _change(self) -> None:
        """Wait for a record, a signal or a key, or until the progress line is old."""
        with contextlib.suppress(asyncio.TimeoutError):
            await within(PROGRESS_EVERY_S, self._changed.wait())
        self._changed.clear()

    def _leave(self, migration: Migration, number: int) -> int:
        vm = migration.vm.name
        watch = with_commands(f"`vmlm-tui watch {migration.run}` follows it")
        self._output.report(f"The migration of {vm} continues in the background; {watch}.")
        return 128 + number

    async def _ask(self, migration: Migration) -> int:
        """Ask what Ctrl-C means, and cancel if wanted; returns the signal that leaves it, or 0."""
        pressed: list[str] = []

        def on_key(key: str) -> None:
            pressed.append(key)
            self._changed.set()

        with keys(on_key):
            self._output.lines([QUESTION])
            while not pressed and not migration.timeline.over:
                if number := self._session.signals.take():
                    return number
                await self._change()
        if pressed[:1] == ["l"]:
            return signal.SIGINT
        if pressed[:1] == ["c"]:
            await self._cancel(migration)
        return 0

    async def _cancel(self, migration: Migration) -> None:
        reason = why_not(CANCEL, migration.timeline)
        try:
            if not reason:
                await migration.controls.request(CANCEL)
        except Failure as failure:
            reason = str(failure)
        if reason:
            self._output.lines([with_commands(reason, migration.vm.name)])


@contextlib.contextmanager
def keys(on_key: Callable[[str], object]) -> Iterator[None]:
    """Call `on_key` with each key of the terminal, without Enter; Ctrl-C stays a signal."""
    descriptor = sys.stdin.fileno()
    previous = termios.tcgetattr(descriptor)
    loop = asyncio.get_running_loop()
    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, lambda: on_key(os.read(descriptor, 64).decode(errors="replace")[:1]))
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, previous)
