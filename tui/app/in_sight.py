"""What runs, on every page and in the terminal's title; the end of a migration rings and notifies."""

import time
from collections.abc import Callable
from functools import partial

from tui.core.actions import without_keys
from tui.migration.backend.migrations import Migration, Migrations
from tui.migration.model.headline import end, progress
from tui.migration.model.record import END, Event, Record

RECENT_S = 10.0  # an end that is older was found, not seen


class InSight:
    """Follows all migrations: `changed` is called after a record, `ended` with each one whose end was seen.

    The runs of a study end in silence: there may be a hundred.
    """

    def __init__(
        self, migrations: Migrations, changed: Callable[[], object], ended: Callable[[Migration, str], None]
    ) -> None:
        self._migrations = migrations
        self._changed = changed
        self._ended = ended
        migrations.listen(self._follow)

    @property
    def headline(self) -> str:
        """The migration under way and how far it is, with the number of further ones; empty if there is none."""
        under_way = [each for each in self._migrations.all.values() if not each.timeline.over]
        if not under_way:
            return ""
        current = self._migrations.current
        shown = current if current in under_way else under_way[-1]
        more = f" +{len(under_way) - 1}" if len(under_way) > 1 else ""
        return f"{shown.vm.name} -> {shown.target} {progress(shown.timeline)}{more}"

    def _follow(self, migration: Migration) -> None:
        self._changed()
        migration.listen(partial(self._on_record, migration))

    def _on_record(self, migration: Migration, each: Record) -> None:
        self._changed()
        if not isinstance(each, Event) or each.kind != END:
            return
        of_study = "study" in (migration.timeline.options.get("tables") or {})
        if not of_study and time.monotonic() - migration.zero - each.t < RECENT_S:
            self._ended(migration, without_keys(end(migration.timeline)))
