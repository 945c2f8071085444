"""A migration while it runs."""

import pytest
from textual.content import Content

from tests.ui.migrate_screen import at, in_post_copy, over, page_of, running
from tests.ui.one_page import until
from tests.ui.replay import ReplayedMigration, ReplayedMigrations, recording
from tui.migration.model import record
from tui.migration.model.record import Event
from tui.migration.widgets.sentence import Sentence
from tui.ui.chart.chart import Chart


async def test_the_first_pass_is_shown_as_a_share_of_memory() -> None:
    async with page_of(running(until_=at(3))) as page:
        await page.sees("guest1 destination -> source post-copy by hand workload memory")
        await page.sees("[pass 1]", "First pass: 20 % of 1.0 GiB sent", "dirty - (known after pass 1)")


async def test_a_migration_that_does_not_converge_is_shown_with_the_key_that_finishes_it() -> None:
    async with page_of(running(until_=at(13))) as page:
        await page.sees("[pass 5]", "Not converging: each pass leaves 299 MiB, must be below 34 MiB. p finishes it.")
        await page.sees("remaining 207 MiB", "sent 1.3 GiB", "rate 113 MiB/s", "dirty 109 MiB/s (0.8 s old)")
        await page.sees("downtime <= 300 ms, expects 2.6 s", "00:13 elapsed")


async def test_the_sentence_is_as_wide_as_the_page_from_its_first_frame_on(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    show = Sentence.show

    def shown(sentence: Sentence, *contents: Content) -> None:
        show(sentence, *contents)
        said.append(sentence.text)

    monkeypatch.setattr(Sentence, "show", shown)
    async with page_of(ReplayedMigrations()) as page:  # the hidden sentence has no width
        page.migrations.current = ReplayedMigration(recording("post-copy-by-hand"))
        page.migrations.current.play(at(13))
        await page.sees("[pass 5]")
    assert set(said) == {" Not converging: each pass leaves 299 MiB, must be below 34 MiB. p finishes it."}


async def test_the_charts_show_the_whole_run() -> None:
    async with page_of(running(until_=at(13))) as page:
        await page.sees("memory, MiB", "fits 300 ms", "rate, MiB/s", "each pass left")
        await page.sees("pass setup▏1 full copy", "▏2 ▏3 ▏4 ▏5", "send… ", "dirt… ")
        picture = page.app.page.query_one("#memory", Chart).picture
        assert picture.signs == ()
        assert picture.series[0].xs[0] < 2
        assert picture.last_x > 12


async def test_the_sent_memory_is_a_number_so_that_the_remaining_memory_has_the_whole_height() -> None:
    migrations = running(until_=at(13))
    async with page_of(migrations) as page:
        last = page.migration.timeline.last
        assert last is not None
        stats = dict(last.stats) | {"memory_processed": 7 * int(last.stats["memory_total"])}
        page.migration.give(record.Sample(14.0, last.at, stats, last.state))
        await page.sees("sent", "7.0 GiB")
        picture = page.app.page.query_one("#memory", Chart).picture
        assert [series.name for series in picture.series] == ["remaining"]
        assert picture.highest_y == int(last.stats["memory_total"])


async def test_new_records_reach_the_page() -> None:
    async with page_of(running(until_=at(3))) as page:
        await page.sees("[pass 1]")
        await page.play(at(9.8))
        await page.sees("[pass 4]")
        await page.play(in_post_copy)
        await page.sees("[post-copy]", "the VM runs on source")
        await page.sees("post-copy faults 625")
        last = page.migration.timeline.last
        assert last is not None
        faults = dict(last.stats) | {"memory_postcopy_requests": 1234567}
        page.migration.give(record.Sample(last.t + 1, last.at, faults, last.state))
        await page.sees("post-copy faults 1,234,567")


async def test_a_daemon_that_does_not_reply_is_shown_beside_the_figures() -> None:
    async with page_of(running(until_=at(13))) as page:
        page.migration.late = 3.2
        await page.sees("no reply from libvirt for 3.2 s; the figures are from before. Not converging")
        page.migration.late = 0.0
        await until(page.pilot, lambda: "no answer" not in page.words)


async def test_a_migration_found_running_is_followed_without_a_key() -> None:
    async with page_of(ReplayedMigrations()) as page:
        await page.sees("Nothing is migrating.")
        page.migrations.current = ReplayedMigration(recording("post-copy-by-hand"))
        page.migrations.current.play(at(13))
        await page.sees("[pass 5]")


async def test_the_curves_break_at_gaps_of_the_record() -> None:
    async with page_of(running("reattached", over)) as page:
        await page.sees("s gap")
        gap = next(each for each in recording("reattached") if isinstance(each, Event) and each.kind == record.GAP)
        for chart in page.app.page.query(Chart):
            for series in chart.picture.series:
                assert series.ys[series.xs.index(gap.t)] is None


async def test_a_lost_connection_in_post_copy_is_shown() -> None:
    async with page_of(running("link-cut", at(50))) as page:
        await page.sees("Post-copy has lost its connection", "stops where it needs a page that is still on source.")


async def test_a_paused_post_copy_is_resumed_by_its_key_as_soon_as_that_is_possible() -> None:
    async with page_of(running("link-cut", at(50))) as page:
        sentence, advice = "Post-copy of guest1 is paused.", "Upgrade libvirt there."
        found = {"break": "needs resume", "sentence": sentence, "advice": advice, "resumable": False}
        page.migration.give(Event(50.1, "", record.DIAGNOSIS, found))
        await page.sees(sentence, advice)
        await page.pilot.press("r")
        await page.is_notified(advice)
        page.migration.give(Event(50.2, "", record.DIAGNOSIS, found | {"resumable": True}))
        await page.sees(sentence, "r resumes it.")
        await page.pilot.press("r")
        assert page.migration.controls.calls == [("resume", None)]
        page.migration.give(Event(50.3, "", record.KEY, {"action": "resume"}))
        await page.sees("The resume is requested, and tried again until QEMU accepts it.")


async def test_pausing_post_copy_is_asked_first_and_not_possible_twice() -> None:
    async with page_of(running("post-copy-by-hand", in_post_copy)) as page:
        await page.pilot.press("P")
        await page.sees("Pause post-copy?", "until post-copy is resumed.")
        await page.pilot.press("n", "P", "y")
        assert page.migration.controls.calls == [("pause", None)]
    async with page_of(running("link-cut", at(50))) as page:
        await page.pilot.press("P")
        await page.is_notified("Post-copy is interrupted already.")
        assert page.migration.controls.calls == []
