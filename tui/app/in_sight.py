"""What runs, on every page and in the terminal's title; the end of a migration rings and notifies."""

import os
import time
from functools import partial
from typing import TYPE_CHECKING

from tui.app.many import MANY, ONE
from tui.core.actions import without_keys
from tui.migration.backend.migrations import Migration, Migrations
from tui.migration.model.headline import end, progress
from tui.migration.model.record import END, Event, Record
from tui.ui import control_sequences

if TYPE_CHECKING:
    from tui.app.app import VmlmApp

RECENT_S = 10.0  # an end that is older was found, not seen


class InSight:
    """Shows what runs as the subtitle of the app, which each page has in its first line.

    The runs of a study or a queue end in silence: there may be a hundred. While another program has the terminal,
    nothing is sent: nobody reads the queue of Textual's driver then, and once it is full, a write blocks the loop.
    """

    def __init__(self, app: "VmlmApp") -> None:
        self._app = app
        self._host = app.sub_title  # shown while nothing runs
        self._migrations: Migrations | None = None
        self._shown = ""
        self._suspended = False
        self._missed: list[tuple[str, str]] = []  # what rang while the app was suspended
        app.app_suspend_signal.subscribe(app, self._on_suspend, immediate=True)
        app.app_resume_signal.subscribe(app, self._on_resume, immediate=True)
        self._send(control_sequences.SAVE_TITLE + self._title())

    def follow(self, migrations: Migrations) -> None:
        """Follow all migrations from now on."""
        self._migrations = migrations
        migrations.listen(self._follow)

    def restore(self) -> None:
        """Give the terminal the title of before; one that has kept none gets its own again."""
        self._send(control_sequences.title("") + control_sequences.RESTORE_TITLE)

    def ring(self, title: str, words: str) -> None:
        """Ring, and notify the desktop: a person may look at another window."""
        if self._suspended:
            self._missed.append((title, words))
            return
        self._send(control_sequences.BEL)
        self._send(control_sequences.notification(title, words, os.environ))

    def headline(self, *, short: bool = False) -> str:
        """The migration under way and how far it is, with the number of further ones; empty if there is none.

        A short one is without the host that it goes to.
        """
        known = self._migrations.all.values() if self._migrations is not None else ()
        under_way = [each for each in known if not each.timeline.over]
        if self._migrations is None or not under_way:
            return ""
        current = self._migrations.current
        shown = current if current in under_way else under_way[-1]
        way = "" if short else f" -> {shown.target}"
        more = f" +{len(under_way) - 1}" if len(under_way) > 1 else ""
        return f"{shown.vm.name}{way} {progress(shown.timeline)}{more}"

    def _follow(self, migration: Migration) -> None:
        self._app.call_later(self._show)
        migration.listen(partial(self._on_record, migration))

    def _show(self) -> None:
        headline = self.headline()
        if headline != self._shown:
            self._shown = headline
            self._app.short_title = self.headline(short=True)
            self._app.sub_title = headline or self._host
            self._send(self._title())

    def _title(self) -> str:
        return control_sequences.title(f"{self._shown or self._app.title} - {self._host}")

    def _on_record(self, migration: Migration, each: Record) -> None:
        self._app.call_later(self._show)
        if not isinstance(each, Event) or each.kind != END:
            return
        tables = migration.timeline.options.get("tables") or {}
        if not {"study", "queue"} & tables.keys() and time.monotonic() - migration.zero - each.t < RECENT_S:
            self._on_end(migration)

    def _on_end(self, migration: Migration) -> None:
        """Ring, and show how it ended wherever the person looks: at another page, or at another window."""
        words = without_keys(end(migration.timeline))
        self.ring(migration.vm.name, words)
        if self._app.current_mode not in (ONE, MANY):
            self._app.notify(words, title=f"{migration.vm.name} -> {migration.target}", markup=False)

    def _on_suspend(self, _app: object) -> None:
        self._suspended = True

    def _on_resume(self, _app: object) -> None:
        """Send what was missed; the other program may have changed the title."""
        self._suspended = False
        self._send(self._title())
        missed, self._missed = self._missed, []
        for title, words in missed:
            self.ring(title, words)

    def _send(self, sequence: str) -> None:
        """Send a control sequence to the terminal, if the app has it."""
        if self._app._driver is not None and not self._suspended:
            self._app._driver.write(sequence)
