"""The end of a migration on the page."""

import pytest

from tests.ui.migrate_screen import at, disabled, over, page_of, running
from tests.ui.one_page import until
from tests.ui.replay import ReplayedMigration, ReplayedMigrations, guest, recording
from tui.core.failure import Failure
from tui.core.protocols import JOB_COMPLETED
from tui.migration.model import record
from tui.migration.model.record import Event
from tui.migration.screens import view as migrate_view
from tui.migration.widgets.board import LEAST_BESIDE
from tui.ui.chart.chart import Chart
from tui.vm.model.location import VmOnHost


async def test_the_result_is_shown_in_one_panel() -> None:
    async with page_of(running(until_=over)) as page:
        await page.sees("Completed by post-copy", "guest1 runs on source and is gone from destination.")
        await page.sees("17.7 s in total, downtime 10 ms by libvirt")
        await page.sees("1.8 GiB sent in 6 passes, then post-copy with 2,213 pages fetched on demand")
        await page.sees("20261123T034938Z-guest1-memory-post-copy-manual", "m migrates it back to destination")
        await page.sees("[completed]", "00:17 total")


async def test_a_failure_is_shown_with_its_reason_and_the_location_of_the_vm() -> None:
    async with page_of(running("failed", over)) as page:
        await page.sees("The migration of guest1 failed", "Connection reset by peer", "guest1 runs on source.")
        await page.sees("[failed]", "m tries again")


async def test_a_cancelled_migration_is_shown_with_the_location_of_the_vm() -> None:
    async with page_of(running("cancelled", over)) as page:
        await page.sees("Cancelled", "guest1 runs on destination.", "[cancelled]")


async def test_an_unobserved_end_has_the_figures_of_libvirt() -> None:
    async with page_of(running("ended-unwatched", over)) as page:
        await page.sees(
            "Completed", "guest1 runs on source and is gone from destination.", "downtime 224 ms by libvirt"
        )
        await page.sees("00:04 total", "4.5 s in total", "398 MiB sent in 3 passes")


async def test_an_unobserved_end_without_libvirts_figures_is_shown_as_far_as_known() -> None:
    records = [each for each in recording("ended-unwatched") if getattr(each, "kind", "") != JOB_COMPLETED]
    migrations = ReplayedMigrations(records)
    migrations.current = ReplayedMigration(records)
    migrations.current.play()
    async with page_of(migrations) as page:
        await page.sees("unknown: it ended unobserved between 1.0 s and 6.9 s after the start", "total unknown")
        await page.sees("7.8 MiB sent in 1 pass until 1.0 s after the start, the last sample")


async def test_the_remains_of_an_interrupted_post_copy_are_shown_with_what_to_do() -> None:
    async with page_of(running("link-cut", at(62.5))) as page:
        advice = "Do not start it on source: two VMs would write to one disk."
        said = {"ok": True, "sentence": "guest1 runs on destination, and only there.", "advice": advice}
        page.migration.give(Event(62.7, "", record.VERIFIED, said))
        page.migration.give(Event(62.7, "", record.END, {"outcome": "completed"}))
        await page.sees("the VM guest1 runs on destination, and only there.", f"to do {advice}")


async def test_the_charts_go_on_with_the_guests_rate_after_the_end_and_the_result_stays() -> None:
    async with page_of(running("guest-post-copy", over), size=(120, 40)) as page:
        await page.sees("Completed by post-copy", "[completed]", "m migrates it back", "lowest 3 %")
        ended = page.migration.timeline.ended_at
        assert ended is not None
        assert "20 s" not in page.words
        rate = {"workload": "memory", "rate": 2400.0, "unit": "MiB/s"}
        page.migration.give(Event(ended + 9.0, "", record.GUEST, rate))
        await page.sees("Completed by post-copy", "[completed]", "20 s", "lowest 3 %")
        assert not page.migration.timeline.guest_silent


async def test_the_way_back_is_the_same_keys() -> None:
    async with page_of(running(until_=over)) as page:
        page.migrations.found = (VmOnHost(guest(), "destination"),)
        await page.pilot.press("m")
        await page.sees("destination -> source")
        await page.pilot.press("enter")
        await until(page.pilot, lambda: len(page.migrations.started) == 1)
        await page.sees("[setup]")
        assert "Completed" not in page.words


async def test_m_is_disabled_and_the_panel_shows_why_after_the_vm_was_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(migrate_view, "AGAIN_AFTER_S", 0.2)
    async with page_of(running(until_=over)) as page:
        await page.sees("m migrates it back")
        assert "m" not in disabled(page)
        page.migrations.found = (VmOnHost(guest("shut off"), "source"),)
        await page.sees("next guest1 is shut off on source; the Launch page starts it.")
        assert "m" not in disabled(page)  # its definition can be moved
        page.migrations.found = ()
        await page.sees("Neither host has a VM named guest1; the Launch page lists the VMs.")
        assert "m" in disabled(page)
        await page.pilot.press("m")
        await page.is_notified("Neither host has a VM named guest1; the Launch page lists the VMs.")
        page.migrations.found = (VmOnHost(guest(), "source"),)
        await page.sees("m migrates it back")
        assert "m" not in disabled(page)


async def test_m_is_possible_if_an_unreachable_host_may_have_the_vm() -> None:
    migrations = running(until_=over)
    migrations.found = ()
    migrations.unreachable["source"] = Failure("source cannot be reached", "no route to host")
    async with page_of(migrations) as page:
        await page.sees("m migrates it back")
        assert "m" not in disabled(page)


async def test_another_vm_may_be_migrated_when_the_last_one_was_destroyed() -> None:
    migrations = running(until_=over)
    migrations.found = (VmOnHost(guest("shut off"), "source"), VmOnHost(guest(name="other"), "source"))
    async with page_of(migrations) as page:
        await page.sees("next guest1 is shut off on source")
        assert "m" not in disabled(page)


async def test_an_incomplete_log_is_reported_without_repeating_its_path() -> None:
    async with page_of(running(until_=at(13))) as page:
        what = f"The log in {page.migration.folder} cannot be written"
        page.migration.give(Event(13.1, "", record.ERROR, {"action": "log", "what": what, "why": "No space left"}))
        page.migration.play()
        await page.sees("INCOMPLETE The log cannot be written: No space left")
        assert page.words.count(str(page.migration.folder)) == 1


async def test_a_long_result_leaves_room_for_a_chart_and_a_key_shows_or_hides_it() -> None:
    async with page_of(running("guest-post-copy", over)) as page:
        await page.sees("Completed by post-copy", "more lines; h shows them")
        chart = page.app.page.query_one("#memory", Chart)
        assert chart.size.height >= 8  # its title, six rows and the axis
        assert "m migrates it back" not in page.words
        await page.pilot.press("h")
        await page.sees("the guest paused", "m migrates it back to source")
        await page.pilot.press("h")
        await until(page.pilot, lambda: "Completed by post-copy" not in page.words)
        await page.sees("workload", "at first")  # the guest's chart has room, too
        await page.pilot.press("h")
        await page.sees("Completed by post-copy", "more lines; h shows them")


async def test_no_chart_beside_a_result_is_squeezed_and_its_title_names_the_others() -> None:
    async with page_of(running("cancelled", over)) as page:
        await page.sees("Cancelled", "f F: rates")
        shown = [chart.id for chart in page.app.page.query(Chart) if chart.display]
        assert shown == ["memory"]
        await page.pilot.press("h")
        await page.sees("rate, MiB/s")
        assert "f F: rates" not in page.words


@pytest.mark.parametrize("height", [30, 36, 40])
async def test_charts_below_each_other_have_six_rows_of_curve_beside_a_result(height: int) -> None:
    async with page_of(running("guest-post-copy", over), size=(120, height)) as page:
        await page.sees("Completed by post-copy")
        heights = [chart.size.height for chart in page.app.page.query(Chart) if chart.display]
        assert min(heights) >= LEAST_BESIDE


async def test_the_key_of_the_result_says_that_there_is_none_yet() -> None:
    async with page_of(running(until_=at(3.0))) as page:
        await page.pilot.press("h")
        await page.is_notified("The migration is not over.")
