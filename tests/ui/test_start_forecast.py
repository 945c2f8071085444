"""The forecast in the form that starts a migration."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.fake_hosts import FakeHosts, guest1
from tests.ui.migrate_screen import BY_HAND, OpenedPage, page_of
from tests.ui.one_page import OnePage, until
from tests.ui.replay import ReplayedMigrations, guest
from tests.unit.forecast.fake_forecaster import FakeForecaster, measured, progress
from tui.core.failure import Failure
from tui.core.plan import AUTOMATIC, NOT_ALLOWED, POST_COPY_TIMEOUT, PRE_COPY, Plan, without_post_copy
from tui.core.quantity import MIB
from tui.core.vm import Vm
from tui.forecast.backend.forecaster import Forecaster
from tui.forecast.model.dirty_curve import WINDOWS_S
from tui.migration.backend.before.preflight import Moved
from tui.migration.screens.page import MigratePage
from tui.migration.screens.start import StartForm
from tui.ui.chart.chart import Chart
from tui.vm.model.location import Inventory, VmOnHost

OTHER = Vm("other", "2", "running", vcpus=1, memory_bytes=512 * MIB)
TWO = (VmOnHost(guest(), "source"), VmOnHost(OTHER, "destination"))
PLAIN = Plan("guest1", PRE_COPY)
AUTO = Plan("guest1", AUTOMATIC)
STUCK = "pre-copy does not end with a pause below 3.0 s."


@dataclass
class OpenedForm:
    """The page with its form, and the forecaster."""

    page: OpenedPage
    forecaster: FakeForecaster

    async def press(self, *keys: str) -> None:
        await self.page.pilot.press(*keys)

    async def sees(self, *sentences: str) -> None:
        await self.page.sees(*sentences)

    @property
    def started(self) -> list[Plan]:
        return self.page.migrations.started

    def lines_with(self, text: str) -> list[str]:
        return [line.strip(" │") for line in self.page.text.splitlines() if text in line]

    def can(self, key: str) -> bool:
        return self.page.app.screen.active_bindings[key].enabled


@asynccontextmanager
async def form_of(
    migrations: ReplayedMigrations | None = None,
    plan: Plan = BY_HAND,
    size: tuple[int, int] = (80, 24),
    *,
    unknown_link: bool = False,
) -> AsyncIterator[OpenedForm]:
    forecaster = FakeForecaster()
    if unknown_link:
        forecaster.link = None
    async with page_of(migrations or ReplayedMigrations(), plan, size, forecaster=forecaster) as page:
        await page.pilot.press("m")
        await page.sees("Start a migration", "source -> destination")
        yield OpenedForm(page, forecaster)


async def test_the_measurement_starts_with_the_form_and_shows_its_progress() -> None:
    async with form_of() as form:
        await form.sees("Measuring how fast guest1 dirties memory ...")
        form.forecaster.give(progress(0.5))
        await form.sees("dirties memory: 0 of 15 s")
        form.forecaster.give(progress(3, measured(windows=2)))
        await form.sees("dirties memory: 3 of 15 s", STUCK)
        form.forecaster.give(measured())
        await form.sees(STUCK, "Pre-copy would end with: downtime 3.0 s, or 330 MiB/s, or workload at 34 %.")
        assert "Measuring" not in form.page.words
        assert form.forecaster.asked == [("guest1", "source", "destination")]


async def test_the_table_marks_the_chosen_and_the_advised_technique() -> None:
    async with form_of(plan=Plan("guest1", POST_COPY_TIMEOUT)) as form:
        form.forecaster.give(measured())
        await form.sees(STUCK)
        assert form.lines_with("ends  total")[0].split("  ")[0] == "> chosen * advised"
        assert form.lines_with("post-copy after 25 s")[0].startswith(">  post-copy after 25 s")
        assert form.lines_with("* post-copy at once")
        assert [line.split()[0] for line in form.lines_with("no end")] == ["pre-copy"]
        await form.press("down", "left")
        await form.sees("> pre-copy")
        assert form.lines_with("post-copy after") == []


async def test_a_skipped_measurement_keeps_what_it_has() -> None:
    async with form_of() as form:
        form.forecaster.give(progress(3, measured(windows=2)))
        await form.sees("3 of 15 s")
        assert form.can("x")
        await form.press("x")
        await form.sees("guest1 was measured for 3 of 15 s.", STUCK)
        await until(form.page.pilot, lambda: form.forecaster.stopped == ["guest1"])
        assert not form.can("x")


async def test_enter_during_the_measurement_starts_once_it_has_stopped_with_what_is_known() -> None:
    async with form_of() as form:
        form.forecaster.interruptible.clear()
        form.forecaster.give(progress(3, measured(windows=2)))
        await form.sees("3 of 15 s")
        await form.press("enter")
        await form.sees("Stopping the measurement ...")
        assert form.page.migrations.checked == []
        form.forecaster.interruptible.set()
        await until(form.page.pilot, lambda: form.started == [BY_HAND])
        assert form.forecaster.stopped == ["guest1"]
        assert form.page.migrations.forecasts == [measured(windows=2)]


async def test_enter_before_the_first_window_starts_without_a_forecast() -> None:
    async with form_of() as form:
        await form.sees("Measuring how fast guest1")
        await form.press("enter")
        await until(form.page.pilot, lambda: form.started == [BY_HAND])
        assert form.page.migrations.forecasts == [None]


async def test_the_forecast_that_is_passed_on_has_the_options_of_the_form() -> None:
    async with form_of(plan=PLAIN) as form:
        form.forecaster.give(measured())
        await form.sees(STUCK)
        await form.press("down", "down", "down", "9", "0", "0", "enter")
        await until(form.page.pilot, lambda: form.started == [replace(PLAIN, downtime_ms=900)])
        assert form.page.migrations.forecasts == [replace(measured(), max_downtime_s=0.9)]


async def test_another_vm_is_measured_instead() -> None:
    async with form_of(ReplayedMigrations(found=TWO)) as form:
        form.forecaster.give(progress(3, measured(windows=2)))
        await form.sees(STUCK)
        await form.press("right")
        await form.sees("Measuring how fast other dirties memory ...")
        assert STUCK not in form.page.words
        form.forecaster.give(measured(30))
        await form.sees("Pre-copy converges")
        assert form.forecaster.asked[1:] == [("other", "destination", "source")]


async def test_other_options_change_the_forecast_without_a_measurement() -> None:
    async with form_of(plan=PLAIN) as form:
        form.forecaster.give(measured())
        await form.sees(STUCK)
        await form.press("down", "down", "5", "0")
        await form.sees("the link moves 50 MiB/s (the limit)")
        await form.press("backspace", "backspace", "0", "down", "4", "0", "0", "0")
        await form.sees("Pre-copy converges")
        await form.press("down", "right")
        await form.sees("> auto-converge")
        assert len(form.forecaster.asked) == 1


async def test_a_number_that_cannot_be_read_leaves_the_forecast_of_before() -> None:
    async with form_of(plan=PLAIN) as form:
        form.forecaster.give(measured())
        await form.sees(STUCK)
        form.page.app.screen.query_one("#downtime", Input).value = "many"
        await form.sees("This forecast is of the options before: a number can't be read.", STUCK)


async def test_the_keys_of_the_forecast_are_never_typed_into_a_number() -> None:
    async with form_of(plan=PLAIN, unknown_link=True) as form:
        await form.sees("is not known")
        await form.press("down", "down", "f", "x", "1", "G")
        assert form.page.app.screen.query_one("#bandwidth", Input).value == "1G"


async def test_an_unknown_bandwidth_is_probed_after_a_question() -> None:
    async with form_of(unknown_link=True) as form:
        await form.sees("The bandwidth from source to destination is not known: no run used this link.")
        assert form.can("p")
        await form.press("p")
        await form.sees("Probe the link?", "source sends to destination for one second")
        await form.press("n")
        await form.sees("Start a migration")
        assert form.forecaster.probes == 0
        await form.press("p", "y")
        await form.sees("Measuring how fast guest1 dirties memory")
        form.forecaster.give(measured())
        await form.sees("the link moves 112 MiB/s (a probe of the link)")
        assert not form.can("p")


async def test_a_bandwidth_limit_is_enough_for_a_forecast() -> None:
    async with form_of(plan=PLAIN, unknown_link=True) as form:
        await form.sees("is not known")
        await form.press("down", "down", "5", "0")
        await form.sees("Measuring how fast guest1 dirties memory")
        form.forecaster.give(measured())
        await form.sees("the link moves 50 MiB/s (the limit)")


@pytest.mark.parametrize("error", [Failure("The source cannot be reached", "it is off"), ZeroDivisionError("a fault")])
async def test_a_failed_measurement_is_one_sentence_and_the_form_works(error: Exception) -> None:
    async with form_of() as form:
        form.forecaster.give(error)
        await form.sees("it is off." if isinstance(error, Failure) else "There is no forecast: unexpected error")
        assert not form.can("f")
        await form.press("enter")
        await until(form.page.pilot, lambda: form.started == [BY_HAND])


async def test_a_dead_host_neither_stops_the_form_nor_the_start_of_a_migration() -> None:
    migrations = ReplayedMigrations()
    migrations.unreachable = {"destination": Failure("The destination cannot be reached", "no route to host")}
    async with form_of(migrations) as form:
        await form.sees("The destination cannot be reached: no route to host.")
        form.forecaster.give(Failure("The destination cannot be reached", "no reply within 50 s"))
        await form.sees("no reply within 50 s.")
        await form.press("enter")
        await until(form.page.pilot, lambda: form.started == [BY_HAND])


async def test_a_vm_that_does_not_run_is_not_measured() -> None:
    async with form_of(ReplayedMigrations(found=(VmOnHost(guest("shut off"), "source"), TWO[1]))) as form:
        await form.sees("No forecast: guest1 is shut off, so it dirties no memory.")
        assert form.forecaster.asked == []


async def test_a_refused_start_keeps_the_forecast() -> None:
    migrations = ReplayedMigrations()
    migrations.failures = [Failure("guest1 cannot be migrated live", "its disk is local")]
    async with form_of(migrations) as form:
        form.forecaster.give(measured())
        await form.sees(STUCK)
        await form.press("enter")
        await form.sees("Nothing was started:", "its disk is local", STUCK)
        assert len(form.forecaster.asked) == 1


async def test_a_refused_start_measures_again_what_enter_has_skipped() -> None:
    migrations = ReplayedMigrations()
    migrations.failures = [Failure("guest1 cannot be migrated live", "its disk is local")]
    async with form_of(migrations) as form:
        form.forecaster.give(progress(3, measured(windows=2)))
        await form.sees("3 of 15 s")
        await form.press("enter")
        await form.sees("Nothing was started:", "its disk is local")
        await until(form.page.pilot, lambda: len(form.forecaster.asked) == 2)


async def test_a_vm_that_has_moved_is_measured_on_its_new_host() -> None:
    migrations = ReplayedMigrations()
    there = Inventory((VmOnHost(guest(), "destination"),))
    migrations.moved = Moved(Failure("guest1 is on destination"), there)
    async with form_of(migrations) as form:
        form.forecaster.give(measured())
        await form.sees(STUCK)
        await form.press("enter")
        await form.sees("guest1 is on destination", "destination -> source", "Measuring how fast guest1")
        assert form.forecaster.asked[1:] == [("guest1", "destination", "source")]


async def test_esc_stops_the_measurement() -> None:
    async with form_of() as form:
        await form.sees("Measuring how fast guest1")
        await form.press("escape")
        await until(form.page.pilot, lambda: form.forecaster.stopped == ["guest1"])


async def test_the_picture_follows_the_measurement() -> None:
    async with form_of() as form:
        form.forecaster.give(progress(1, measured(windows=1)))
        await form.sees("with a pause below 9.2 s")
        await form.press("f")
        await form.sees("Forecast of guest1", "memory by time", "maximum downtime", "1 of 15 s")
        await form.sees("Pre-copy ends if, right of D, the VM dirties less than the link sends.")
        form.forecaster.give(measured())
        await form.sees("Pre-copy would end with")
        assert "of 15 s" not in form.page.words
        await form.press("f")
        await form.sees("Start a migration")


async def test_without_a_forecaster_the_form_has_no_keys_of_a_forecast() -> None:
    async with page_of(ReplayedMigrations()) as page:
        await page.pilot.press("m")
        await page.sees("Start a migration", "source -> destination")
        assert not {"f", "x", "p"} & page.app.screen.active_bindings.keys()


async def test_a_vm_of_fake_hosts_is_measured_from_the_form(tmp_path: Path) -> None:
    hosts, migrations = FakeHosts(), ReplayedMigrations(found=(VmOnHost(guest1("running"), "source"),))
    hosts.source.known, hosts.source.dirtied = {"guest1": guest1("running")}, {s: 336 * MIB // s for s in WINDOWS_S}
    forecaster = Forecaster(hosts.connections, tmp_path, sleep=lambda _seconds: asyncio.sleep(0))
    async with page_of(migrations, replace(PLAIN, bandwidth_mib_s=50), forecaster=forecaster) as page:
        await page.pilot.press("m")
        await page.sees("The VM dirties 336 MiB within 1.0 s; the link moves 50 MiB/s (the limit)", "would end with")
        await page.pilot.press("enter")
        await until(page.pilot, lambda: bool(migrations.started))
        (known,) = migrations.forecasts
        assert known is not None
        assert [seconds for seconds, _ in known.curve.points] == list(map(float, WINDOWS_S))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_form_keeps_its_place_while_the_forecast_arrives(size: tuple[int, int]) -> None:
    async with form_of(size=size, plan=Plan("guest1", POST_COPY_TIMEOUT)) as form:
        places = [form.page.app.screen.query_one("#row-vm").region]
        for step in (progress(1, measured(windows=1)), progress(3, measured(windows=2)), measured()):
            form.forecaster.give(step)
            await form.page.pilot.pause()
            places.append(form.page.app.screen.query_one("#row-vm").region)
        await form.sees("Pre-copy would end with")
        assert len({*places, form.page.app.screen.query_one("#row-vm").region}) == 1


@pytest.mark.parametrize("size", [(60, 20), (40, 12), (20, 5), (8, 2), (200, 60)])
async def test_the_form_works_at_every_size(size: tuple[int, int]) -> None:
    async with page_of(ReplayedMigrations(), size=size, forecaster=(forecaster := FakeForecaster())) as page:
        await page.pilot.press("m")
        await until(page.pilot, lambda: len(forecaster.asked) == 1)
        forecaster.give(measured())
        await until(page.pilot, lambda: bool(page.app.screen.query_one(Chart).picture.series))
        await page.pilot.press("f", "f", "enter")
        await until(page.pilot, lambda: page.migrations.started == [BY_HAND])


async def test_the_marks_and_the_picture_need_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with form_of(plan=PLAIN, size=(120, 40)) as form:
        form.forecaster.give(measured())
        await form.sees("> chosen * advised", "> pre-copy", "* post-copy at once", "pre-copy hangs here", "•••")


LOOKS = {
    "hangs": (Plan("guest1", POST_COPY_TIMEOUT), 1000, False),
    "converges": (PLAIN, 30, False),
    "border": (PLAIN, 100, False),
    "light": (Plan("guest1", POST_COPY_TIMEOUT), 1000, True),
    "picture": (PLAIN, 300, False),
    "measuring": (PLAIN, None, False),
    "automatic": (AUTO, 1000, False),
    "policy": (replace(AUTO, policy="nova"), 1000, False),
    "no-post-copy": (without_post_copy(AUTO, NOT_ALLOWED), 1000, False),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("look", LOOKS)
def test_the_forecast_looks_like_its_picture(snap_compare: Any, look: str, size: tuple[int, int]) -> None:
    plan, workload, light = LOOKS[look]
    forecaster, migrations = FakeForecaster(), ReplayedMigrations()
    app = OnePage(MigratePage(migrations, plan, forecaster), light=light)  # type: ignore[arg-type]

    async def arrange(pilot: Pilot[Any]) -> None:
        page = OpenedPage(app, pilot, migrations)
        await page.settle()
        await page.sees("guest1 running on source")
        await pilot.press("m")
        if workload is None:
            forecaster.give(progress(1, measured(windows=1)))
            await page.sees("1 of 15 s")
        else:
            forecaster.give(measured(workload))
            await page.sees("Lowest limits" if workload == 30 else "* advised")
            await until(pilot, lambda: "Measuring" not in page.words)
        if look == "picture":
            await pilot.press("f")
            await page.sees("pre-copy hangs here")
        await page.settle()
        assert isinstance(app.screen, StartForm) or look == "picture"

    assert snap_compare(app, terminal_size=size, run_before=arrange)
