"""The form that starts a migration, while its techniques are being compared."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from textual.widgets import Input

from tests.ui.migrate_screen import OpenedPage, page_of
from tests.ui.one_page import until
from tests.ui.replay import ReplayedMigrations
from tests.unit.forecast.fake_forecaster import FakeForecaster, measured
from tui.core.failure import Failure
from tui.core.plan import PRE_COPY, Plan
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import Inputs

PLAN = Plan("guest1", PRE_COPY)


class Held:
    """Inputs whose comparison waits until the test releases it."""

    def __init__(self) -> None:
        self.released = released = threading.Event()
        self.begun = begun = threading.Event()

        class HeldCurve(DirtyCurve):
            def at(self, seconds: float) -> float:
                begun.set()
                assert released.wait(30)
                return super().at(seconds)

        self._curve: Callable[..., DirtyCurve] = HeldCurve

    def inputs(self) -> Inputs:
        plain = measured()
        return replace(plain, curve=self._curve(plain.curve.points, plain.curve.memory))


@pytest.fixture
def held() -> Iterator[Held]:
    each = Held()
    yield each
    each.released.set()  # its thread ends also if the test failed


async def compares(page: OpenedPage, forecaster: FakeForecaster, held: Held) -> None:
    """Open the form, and wait until its comparison hangs."""
    await page.pilot.press("m")
    await page.sees("Start a migration", "source -> destination")
    forecaster.give(held.inputs())
    await until(page.pilot, held.begun.is_set)


async def test_typing_does_not_wait_and_the_forecast_is_that_of_the_newest_options(held: Held) -> None:
    async with page_of(ReplayedMigrations(), PLAN, forecaster=(forecaster := FakeForecaster())) as page:
        await compares(page, forecaster, held)
        await page.pilot.press("down", "down", "5", "0")
        assert page.app.screen.query_one("#bandwidth", Input).value == "50"
        assert "the link moves" not in page.words
        held.released.set()
        await page.sees("the link moves 50 MiB/s (the limit)", "> pre-copy")


async def test_a_migration_starts_before_the_comparison_is_done(held: Held) -> None:
    async with page_of(ReplayedMigrations(), PLAN, forecaster=(forecaster := FakeForecaster())) as page:
        await compares(page, forecaster, held)
        await page.pilot.press("enter")
        await until(page.pilot, lambda: page.migrations.started == [PLAN])
        assert page.migrations.forecasts == [held.inputs()]


async def test_a_comparison_that_ends_after_the_form_was_closed_does_no_harm(held: Held) -> None:
    async with page_of(ReplayedMigrations(), PLAN, forecaster=(forecaster := FakeForecaster())) as page:
        await compares(page, forecaster, held)
        await page.pilot.press("escape")
        await page.sees("Nothing is migrating.")
        held.released.set()
        await page.pilot.press("m")
        await page.sees("Start a migration")


async def test_a_chart_without_a_forecast_does_not_promise_one() -> None:
    async with page_of(ReplayedMigrations(), PLAN, (120, 40), forecaster=(forecaster := FakeForecaster())) as page:
        await page.pilot.press("m")
        await page.sees("Start a migration", "There is no forecast yet.")
        forecaster.give(Failure("The source cannot be reached", "it is off"))
        await page.sees("it is off.", "There is no forecast.")
