"""What the tests of ui share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from textual.pilot import Pilot

from tests.ui.one_page import OnePage, text_of, until
from tests.ui.replay import ReplayedMigration, ReplayedMigrations, Until, recording
from tui.core.plan import POST_COPY_MANUAL, Plan
from tui.forecast.backend.current import Forecasting
from tui.migration.backend.after.after_move import AfterMove
from tui.migration.backend.scripts import Scripts
from tui.migration.model.timeline import POST_COPY, Timeline
from tui.migration.screens.page import MigratePage
from tui.migration.widgets.charts import guest_picture, memory_picture, rate_picture
from tui.ui.chart.chart import Chart
from tui.vm.screens.mend import Mending

BY_HAND = Plan("guest1", POST_COPY_MANUAL)


@dataclass
class OpenedPage:
    """The page, its text and its keys."""

    app: OnePage
    pilot: Pilot[Any]
    migrations: ReplayedMigrations

    @property
    def text(self) -> str:
        return text_of(self.app)

    @property
    def words(self) -> str:
        """The text without its frames and line ends."""
        return " ".join(self.text.replace("│", " ").split())

    @property
    def keys(self) -> str:
        return self.text.splitlines()[-1]

    @property
    def migration(self) -> ReplayedMigration:
        assert self.migrations.current is not None
        return self.migrations.current

    async def sees(self, *sentences: str) -> None:
        await until(self.pilot, lambda: all(sentence in self.words for sentence in sentences))

    @property
    def note(self) -> str:
        """The text of the notifications on the screen."""
        lines = self.text.splitlines()
        parts = [
            line[toast.region.x : toast.region.right].strip(" │▌")
            for toast in self.app.screen.query("Toast")
            for line in lines[toast.region.y : toast.region.bottom]
        ]
        return " ".join(" ".join(parts).split())

    async def is_notified(self, sentence: str) -> None:
        await until(self.pilot, lambda: sentence in self.note)

    async def play(self, until_: Until = lambda timeline: timeline.over) -> None:
        self.migration.play(until_)
        await self.settle()

    async def settle(self) -> None:
        """Wait until the page shows all records."""
        current = self.migrations.current
        if current is not None:
            charts = {"#memory": memory_picture, "#rates": rate_picture, "#guest": guest_picture}
            for name, picture in charts.items():
                chart = self.app.page.query_one(name, Chart)
                await until(
                    self.pilot,
                    lambda chart=chart, picture=picture: (
                        not chart.display
                        or replace(chart.picture, times=True, subtitle="")
                        == replace(picture(current.timeline), subtitle="")  # which may name the other charts
                    ),
                )
        await self.pilot.pause()


@asynccontextmanager
async def page_of(
    migrations: ReplayedMigrations,
    plan: Plan = BY_HAND,
    size: tuple[int, int] = (80, 24),
    *,
    light: bool = False,
    forecaster: Forecasting | None = None,
    scripts: Scripts | None = None,
    after_move: AfterMove | None = None,
    mending: Mending | None = None,
) -> AsyncIterator[OpenedPage]:
    page = MigratePage(migrations, plan, forecaster, scripts, after_move, mending=mending)  # type: ignore[arg-type]
    app = OnePage(page, light=light)
    async with app.run_test(size=size, notifications=True) as pilot:
        opened = OpenedPage(app, pilot, migrations)
        await opened.settle()
        yield opened


def running(name: str = "post-copy-by-hand", until_: Until | None = None) -> ReplayedMigrations:
    """Two hosts with a recorded migration under way."""
    migrations = ReplayedMigrations(recording(name))
    migrations.current = ReplayedMigration(recording(name))
    if until_ is not None:
        migrations.current.play(until_)
    return migrations


def at(seconds: float) -> Until:
    return lambda timeline: timeline.now >= seconds


def in_post_copy(timeline: Timeline) -> bool:
    return timeline.phase == POST_COPY and timeline.now > 16


def over(timeline: Timeline) -> bool:
    return timeline.over


def disabled(page: OpenedPage) -> set[str]:
    """The disabled keys of the page."""
    active = page.app.page.active_bindings
    return {key for key in "mpcdbl" if not active[key].enabled}
