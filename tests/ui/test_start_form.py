"""The form that starts a migration."""

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.ui.migrate_screen import BY_HAND, page_of
from tests.ui.one_page import OnePage, text_of, until
from tests.ui.replay import ReplayedMigrations, guest, recording
from tests.unit.fakes import Stage, connections
from tui.core.failure import Failure
from tui.core.plan import POST_COPY_MANUAL, POST_COPY_TIMEOUT, PRE_COPY, SUSPEND_TIMEOUT, Plan
from tui.guest.model.workload import Workload
from tui.migration.backend.owner import MigrationOwner
from tui.migration.screens.page import MigratePage
from tui.ui import waiting as ui_waiting
from tui.vm.model.location import VmOnHost


async def test_m_and_enter_start_with_the_configured_defaults() -> None:
    plan = Plan("guest1", POST_COPY_TIMEOUT, 12.5, 100, 450, True, 0)
    async with page_of(ReplayedMigrations(), plan) as page:
        await page.pilot.press("m", "enter")
        await until(page.pilot, lambda: page.migrations.started == [plan])
        await page.sees("[setup]", "Setting up: destination connects to source")


async def test_enter_before_the_hosts_have_replied_starts_once_they_have() -> None:
    migrations = ReplayedMigrations()
    migrations.answering.clear()
    async with page_of(migrations) as page:
        await page.pilot.press("m", "enter")
        assert migrations.started == []
        migrations.answering.set()
        await until(page.pilot, lambda: migrations.started == [BY_HAND])


async def test_enter_before_the_hosts_have_replied_is_refused_in_the_form_once_they_have() -> None:
    migrations = ReplayedMigrations(found=())
    migrations.answering.clear()
    async with page_of(migrations) as page:
        await page.pilot.press("m", "enter")
        migrations.answering.set()
        await page.sees("There is no VM to migrate")
        assert page.note == ""


async def test_enter_reads_each_host_once(tmp_path: Path) -> None:
    async def idle(_vm: str, _known: Workload | None) -> Workload:
        return Workload("idle")

    stage = Stage(recording("post-copy-by-hand"))
    migrations = MigrationOwner(connections(stage), stage.open, tmp_path, 0.005, idle)
    app = OnePage(MigratePage(migrations, BY_HAND))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "guest1  running on destination" in text_of(app))
        await pilot.press("m")
        await until(pilot, lambda: "destination -> source" in text_of(app))
        await app.workers.wait_for_complete([each for each in app.workers if each.name in ("attach", "vms")])
        stage.calls.clear()
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.page and migrations.current is not None)
        await migrations.close()
    stage.let_go()
    assert stage.calls.count("vms") == 2


async def test_a_check_that_takes_long_shows_that_it_waits(tmp_path: Path) -> None:
    async def idle(_vm: str, _known: Workload | None) -> Workload:
        return Workload("idle")

    stage = Stage(recording("post-copy-by-hand"))
    migrations = MigrationOwner(connections(stage), stage.open, tmp_path, 0.005, idle)
    app = OnePage(MigratePage(migrations, BY_HAND))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("m")
        await until(pilot, lambda: "destination -> source" in text_of(app))
        await app.workers.wait_for_complete([each for each in app.workers if each.name in ("attach", "vms")])
        stage.silent.clear()
        await pilot.press("enter")
        await until(pilot, lambda: "waiting for" in text_of(app) and "Esc ends" in text_of(app))
        stage.silent.set()
        await until(pilot, lambda: migrations.current is not None)
        await migrations.close()
    stage.let_go()


async def test_a_vm_that_has_moved_since_the_form_opened_is_not_migrated_back_unseen(tmp_path: Path) -> None:
    async def idle(_vm: str, _known: Workload | None) -> Workload:
        return Workload("idle")

    stage = Stage(recording("post-copy-by-hand"))
    migrations = MigrationOwner(connections(stage), stage.open, tmp_path, 0.005, idle)
    app = OnePage(MigratePage(migrations, BY_HAND))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "guest1  running on destination" in text_of(app))
        await pilot.press("m")
        await until(pilot, lambda: "destination -> source" in text_of(app))
        await app.workers.wait_for_complete([each for each in app.workers if each.name in ("attach", "vms")])
        stage.vms = {stage.target: stage.vms[stage.origin], stage.origin: {}}
        await pilot.press("enter")
        await until(pilot, lambda: "guest1 is on source: the form showed the other direction" in text_of(app))
        assert "source -> destination" in text_of(app)
        assert migrations.current is None
        await pilot.press("enter")
        await until(pilot, lambda: migrations.current is not None)
        await migrations.close()
    stage.let_go()


async def test_failed_checks_are_listed_and_nothing_starts() -> None:
    migrations = ReplayedMigrations()
    migrations.failures = [
        Failure("guest1 cannot be migrated live", "it is shut off on source", "Start it on the Launch page."),
        Failure("The destination cannot be reached", "no route to host", "Is it switched on?"),
    ]
    async with page_of(migrations) as page:
        await page.pilot.press("m", "enter")
        await page.sees(
            "Nothing was started:",
            "guest1 cannot be migrated live: it is shut off on source. Start it on the Launch page.",
            "The destination cannot be reached: no route to host. Is it switched on?",
        )
        assert migrations.started == []
        migrations.failures = []
        await page.pilot.press("enter")
        await until(page.pilot, lambda: migrations.started == [BY_HAND])


async def test_a_long_check_shows_what_it_waits_for_and_escape_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui_waiting, "SHOWN_AFTER_S", 0.0)
    migrations = ReplayedMigrations()
    migrations.unreachable = {"destination": Failure("libvirt cannot be reached", "it is down")}
    async with page_of(migrations) as page:
        await page.pilot.press("m")
        await page.sees("source -> destination")
        migrations.checks.clear()
        await page.pilot.press("enter")
        await page.sees("s, waiting for", "destination (last answer 40 s ago); Esc ends the wait.")
        await page.pilot.press("escape")
        await page.sees("Nothing was started:", "The wait was ended")
        assert migrations.started == []
        await page.pilot.press("escape")
        await until(page.pilot, lambda: "Start a migration" not in page.text)


async def test_the_direction_follows_from_where_the_vm_runs() -> None:
    found = (VmOnHost(guest("shut off", "other"), "source"), VmOnHost(guest(), "destination"))
    async with page_of(ReplayedMigrations(found=found)) as page:
        await page.pilot.press("m")
        await page.sees("< guest1 >", "destination -> source running")
        await page.pilot.press("right")
        await page.sees("< other >", "source -> destination shut off")


async def test_only_the_definition_of_a_vm_that_is_off_moves() -> None:
    migrations = ReplayedMigrations(found=(VmOnHost(guest("shut off"), "source"),))
    async with page_of(migrations) as page:
        await page.pilot.press("m")
        await page.sees("guest1 is off: only its definition moves to destination, which must have its disks.")
        migrations.failures = [Failure("The name guest1 is taken on destination")]
        await page.pilot.press("enter")
        await page.sees("Nothing was started:", "The name guest1 is taken on destination")
        migrations.failures = []
        await page.pilot.press("enter")
        await page.is_notified("guest1 is defined on destination")
        assert (migrations.moved_off, migrations.started) == ([("guest1", "source")], [])


async def test_a_vm_that_is_being_migrated_is_shown_at_its_origin() -> None:
    arriving, leaving = replace(guest("paused"), reason="migrating"), guest()
    found = (VmOnHost(arriving, "source"), VmOnHost(leaving, "destination"))
    async with page_of(ReplayedMigrations(found=found)) as page:
        await page.sees("guest1 running on destination")
        await page.pilot.press("m")
        await page.sees("< guest1 >", "destination -> source running")


async def test_every_field_of_the_form_reaches_the_plan() -> None:
    async with page_of(ReplayedMigrations(), Plan("guest1", PRE_COPY)) as page:
        await page.pilot.press("m", "down", "right")
        await page.sees("< post-copy after a timeout >")
        await page.pilot.press("down", "1", "0", "down", "5", "0", "down", "9", "0", "0", "down", "right", "down", "4")
        await page.pilot.press("enter")
        wanted = Plan("guest1", POST_COPY_TIMEOUT, 10.0, 50, 900, True, 4)
        await until(page.pilot, lambda: page.migrations.started == [wanted])


async def test_a_suspension_has_a_timeout_with_its_own_words() -> None:
    plan = Plan("guest1", SUSPEND_TIMEOUT, timeout_s=9.0)
    async with page_of(migrations := ReplayedMigrations(), plan) as page:
        await page.pilot.press("m")
        await page.sees("< pre-copy, suspended after a timeout >", "timeout 9", "s until the VM is suspended")
        await page.sees("Pre-copy; the timeout stops the VM until it is moved.")
        await page.pilot.press("enter")
        await until(page.pilot, lambda: migrations.started == [plan])


async def test_a_field_may_be_written_with_its_unit() -> None:
    async with page_of(ReplayedMigrations()) as page:
        await page.pilot.press("m")
        await page.sees("Start a migration")
        for name, text in (("bandwidth", "1 GiB/s"), ("downtime", "1.5 s")):
            page.app.screen.query_one(f"#{name}", Input).value = text
        await page.pilot.press("enter")
        wanted = Plan("guest1", POST_COPY_MANUAL, bandwidth_mib_s=1024, downtime_ms=1500)
        await until(page.pilot, lambda: page.migrations.started == [wanted])


@pytest.mark.parametrize("field", ["bandwidth", "downtime", "parallel"])
async def test_a_field_that_is_no_number_is_named_and_nothing_starts(field: str) -> None:
    async with page_of(ReplayedMigrations()) as page:
        await page.pilot.press("m")
        await page.sees("Start a migration")
        page.app.screen.query_one(f"#{field}", Input).value = "many"
        await page.pilot.press("enter")
        await page.sees('"many" is not', "Expected:")
        assert page.app.screen.focused is page.app.screen.query_one(f"#{field}")
        assert page.migrations.checked == []


async def test_the_form_fits_its_keys_and_fields_on_80x24() -> None:
    async with page_of(ReplayedMigrations()) as page:
        await page.pilot.press("m")
        await page.sees("VM", "technique", "bandwidth", "maximum downtime", "auto-converge", "parallel")
        assert "enter start" in page.keys
        assert "esc back" in page.keys


async def test_esc_closes_the_form_without_a_start() -> None:
    async with page_of(ReplayedMigrations()) as page:
        await page.pilot.press("m", "escape")
        await page.sees("Nothing is migrating.")
        assert page.migrations.checked == []
