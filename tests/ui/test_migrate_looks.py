"""The guest's chart, sizes, colours and pictures of the Migrate page."""

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.migrate_screen import BY_HAND, OpenedPage, at, in_post_copy, over, page_of, running
from tests.ui.one_page import OnePage, until
from tests.ui.replay import ReplayedMigrations, Until
from tui.migration.model import record
from tui.migration.model.record import Event
from tui.migration.screens.page import MigratePage

SIZES = [(80, 24), (120, 40)]


async def test_a_known_rate_of_the_guest_has_its_own_chart() -> None:
    async with page_of(running("guest-post-copy", at(1))) as page:
        assert "guest, GiB/s" not in page.words
        await page.play(at(13))
        await page.sees("guest, GiB/s", "workload", "rate, MiB/s", "memory, MiB")


async def test_a_silent_guest_is_shown_even_while_libvirt_does_not_reply() -> None:
    async with page_of(running("guest-post-copy", at(13))) as page:
        page.migration.give(Event(17.0, "", record.GUEST, {"silent_s": 4.2, "why": "it has not replied yet"}))
        page.migration.late = 2.0
        await page.sees("no reply for 4.2 s")


async def test_the_result_has_three_downtimes() -> None:
    async with page_of(running("guest-post-copy", over)) as page:
        await page.sees("h shows them")
        await page.pilot.press("h")
        await page.sees(
            "downtime 23 ms by libvirt",
            "network no reply for 340 ms (±10 ms; before the switchover 428 ms)",
            "guest the guest paused 272 ms (219 ms by its own clock, plus 53 ms its clock stood still, ±",
        )


async def test_a_common_reason_is_shown_once() -> None:
    async with page_of(running("post-copy-by-hand", in_post_copy)) as page:
        why = "There is no heartbeat: [b]heartbeat_port[/] is 0 in the configuration"
        page.migration.give(Event(17.0, "", record.OBSERVED, {"network_why": why, "guest_why": why}))
        await page.play()
        await page.sees(f"no outside measurement: {why}")
        assert page.words.count("heartbeat_port") == 1


@pytest.mark.parametrize("moment", [None, at(3), at(13), in_post_copy, over])
@pytest.mark.parametrize("size", [(60, 20), (40, 12), (20, 5), (8, 2), (200, 60)])
async def test_the_page_works_at_every_size(size: tuple[int, int], moment: Until | None) -> None:
    migrations = ReplayedMigrations() if moment is None else running(until_=moment)
    async with page_of(migrations, size=size) as page:
        for key in ("l", "d", "escape", "l"):
            await page.pilot.press(key)
        await page.settle()
        assert len(page.text.splitlines()) <= size[1]


async def test_at_60x20_the_sentence_the_figures_and_the_keys_are_there() -> None:
    async with page_of(running(until_=at(13)), size=(60, 20)) as page:
        await page.sees("[pass 5]", "Not converging: each pass leaves 299 MiB", "p finishes it.", "memory, MiB")
        await page.sees("remaining 207 MiB", "sent 1.3 GiB", "pass 5")
        assert "p post-copy" in page.keys


@pytest.mark.parametrize("size", [(60, 16), (40, 12), (30, 8)])
async def test_however_small_the_log_shows_the_newest_event_beside_phase_sentence_and_keys(
    size: tuple[int, int],
) -> None:
    async with page_of(running(until_=at(13)), size=size) as page:
        await page.pilot.press("l")
        await page.sees("[pass 5]", "Not converging: each pass leaves", "host=destination iteration=5")
        if size[1] > 8:
            await page.sees("operation 5")
        assert {"m", "p", "c", "d", "b", "l"} <= set(page.keys.split())


async def test_the_log_shows_the_newest_event_after_a_resize_until_it_is_scrolled() -> None:
    async with page_of(running(until_=at(13))) as page:
        events = page.app.page.query_one("#log-events")
        await page.pilot.press("l")
        await page.sees("host=destination iteration=5")
        await page.pilot.resize_terminal(40, 12)
        await page.sees("host=destination iteration=5")
        events.scroll_up(animate=False)
        await until(page.pilot, lambda: not events.is_vertical_scroll_end)
        before = events.scroll_y
        page.migration.play()
        await page.sees("time_elapsed 17.7 s")
        assert events.scroll_y == before


@pytest.mark.parametrize("size", [(40, 12), (30, 8)])
async def test_the_sentence_is_complete_at_every_size(size: tuple[int, int]) -> None:
    async with page_of(running(until_=at(13)), size=size) as page:
        await page.sees("[pass 5]", "Not converging: each pass leaves 299 MiB, must be below 34 MiB. p finishes it.")


async def test_a_resize_redraws_everything() -> None:
    async with page_of(running(until_=at(13))) as page:
        await page.pilot.resize_terminal(120, 40)
        await page.settle()
        await until(
            page.pilot,
            lambda: page.text.splitlines()[0].endswith("6 Study") and len(page.text.splitlines()) == 40,
        )
        await page.sees("[pass 5]", "▏1 full copy", "remaining 207 MiB")
        await page.pilot.resize_terminal(60, 20)
        await page.sees("[pass 5]", "remaining 207 MiB")


async def test_the_page_is_readable_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with page_of(running(until_=at(13))) as page:
        await page.sees("[4 Migrate]", "[pass 5]", "Not converging")
        segments = [segment for strip in page.app.screen._compositor.render_strips() for segment in strip]
        dim = "".join(segment.text for segment in segments if segment.style and segment.style.dim)
        assert "m start" in dim.replace("  ", " ")
        assert "post-copy now" not in dim


async def test_without_new_records_the_page_repaints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with page_of(running(until_=at(13))) as page:
        last = page.migration.timeline.last
        assert last is not None
        shown = page.app.page
        painted: list[str] = []
        for widget in shown.query("Lines, Chart"):
            monkeypatch.setattr(widget, "refresh", lambda *_, id=widget.id, **__: painted.append(str(id)))
        page.migration.give(Event(page.migration.timeline.now, "", "a kind of tomorrow"))
        await page.settle()
        assert painted == []


MOMENTS = {
    "idle": (None, None),
    "form": (None, None),
    "first-pass": ("post-copy-by-hand", at(3)),
    "not-converging": ("post-copy-by-hand", at(13)),
    "post-copy": ("post-copy-by-hand", in_post_copy),
    "completed": ("post-copy-by-hand", over),
    "failed": ("failed", over),
    "log": ("post-copy-by-hand", at(13)),
    "guest": ("guest-post-copy", at(13)),
    "guest-completed": ("guest-post-copy", over),
    "cursor": ("guest-post-copy", over),
    "full": ("guest-post-copy", at(13)),
}
PRESSED = {"form": ["m"], "log": ["l"], "cursor": ["left", "shift+left", "z"], "full": ["f", "Y"]}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("moment", MOMENTS)
def test_migrate_looks_like_its_picture(snap_compare: Any, moment: str, size: tuple[int, int]) -> None:
    name, until_ = MOMENTS[moment]
    migrations = ReplayedMigrations() if name is None else running(name, until_)
    page = MigratePage(migrations, BY_HAND)  # type: ignore[arg-type]
    app = OnePage(page)

    async def arrange(pilot: Pilot[Any]) -> None:
        opened = OpenedPage(app, pilot, migrations)
        await opened.settle()
        if name is None:
            await opened.sees("guest1 running on source")
        for key in PRESSED.get(moment, []):
            await pilot.press(key)
        if moment == "form":
            await opened.sees("source -> destination")
        if moment == "log":
            events = page.query_one("#log-events")
            await until(pilot, lambda: events.max_scroll_y > 0 and events.is_vertical_scroll_end)
            await opened.sees("memory_total")
        if moment in ("cursor", "full"):
            await opened.sees({"cursor": " s post-copy remaining ", "full": "logarithmic"}[moment])
        else:
            await opened.settle()

    assert snap_compare(app, terminal_size=size, run_before=arrange)
