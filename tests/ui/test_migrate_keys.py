"""The keys of the Migrate page."""

from typing import Any

import pytest
from textual.widgets import Input, Static

from tests.ui.migrate_screen import at, disabled, in_post_copy, over, page_of, running
from tests.ui.one_page import at_once, until
from tests.ui.replay import ReplayedMigrations, Until
from tui.core.plan import POST_COPY_MANUAL, POST_COPY_TIMEOUT, TECHNIQUES, Plan
from tui.core.quantity import size
from tui.migration.model import record
from tui.migration.model.record import Event
from tui.migration.model.timeline import PASS
from tui.ui.chart.chart import Chart


async def test_p_switches_at_once_without_a_question() -> None:
    async with page_of(running(until_=at(13))) as page:
        await page.pilot.press("p")
        assert page.migration.controls.calls == [("post-copy", None)]


@pytest.mark.parametrize(("answer", "calls"), [("y", [("cancel", None)]), ("n", []), ("escape", [])])
async def test_c_asks_before_it_cancels(answer: str, calls: list[Any]) -> None:
    async with page_of(running(until_=at(13))) as page:
        await page.pilot.press("c")
        await page.sees("Cancel the migration?", "guest1 stays on destination")
        assert page.migration.controls.calls == []
        await page.pilot.press(answer)
        await until(page.pilot, lambda: page.app.screen is page.app.page)
        assert page.migration.controls.calls == calls


async def test_the_question_before_cancelling_shows_what_has_been_sent_by_now() -> None:
    async with page_of(running(until_=at(5))) as page:
        await page.pilot.press("c")
        await page.sees(f"The {size(page.migration.timeline.points[-1].transferred)} already sent are discarded.")
        page.migration.play(at(13))
        await page.sees(f"The {size(page.migration.timeline.points[-1].transferred)} already sent are discarded.")


async def test_cancelling_is_refused_if_post_copy_began_during_the_question() -> None:
    async with page_of(running(until_=at(13))) as page:
        await page.pilot.press("c")
        await page.sees("Cancel the migration?")
        page.migration.play(in_post_copy)
        await page.sees("cancelling would lose it.")
        await page.pilot.press("y")
        await page.is_notified("cancelling would lose it.")
        assert page.migration.controls.calls == []


async def test_d_proposes_a_sufficient_downtime_and_sets_the_entered_one() -> None:
    async with page_of(running(until_=at(13))) as page:
        await page.pilot.press("d")
        await page.sees("The last pass left 299 MiB: at 113 MiB/s about 2.6 s is enough.")
        await page.pilot.press("2", "7", "0", "0", "enter")
        await until(page.pilot, lambda: page.migration.controls.calls == [("downtime", 2700)])


async def test_b_sets_the_bandwidth_limit() -> None:
    async with page_of(running(until_=at(13))) as page:
        await page.pilot.press("b")
        await page.sees("Bandwidth limit", "rate of sending until post-copy; 0 means no limit")
        await page.pilot.press("8", "0", "enter")
        await until(page.pilot, lambda: page.migration.controls.calls == [("bandwidth", 80)])


async def test_b_in_post_copy_offers_the_limit_of_post_copy() -> None:
    async with page_of(running(until_=in_post_copy)) as page:
        for data in ({"value": 30}, {"value": 80, "post_copy": True}):
            page.migration.give(Event(13.1, "", record.ACTION, {"action": "bandwidth", **data}))
        await page.sees("workload memory <= 80 MiB/s")
        await page.pilot.press("b")
        await page.sees("in post-copy, which has a limit of its own; 0 means no limit")
        assert page.app.screen.query_one(Input).value == "80"


@pytest.mark.parametrize(("key", "expected"), [("d", "a time from 1 ms to 2000 s"), ("b", "a rate from 1 to 1000000")])
@pytest.mark.parametrize("typed", ["-5", "1.5", "soon", "99999999999"])
async def test_an_impossible_value_stays_in_its_field_and_is_refused_with_what_is_expected(
    key: str, expected: str, typed: str
) -> None:
    async with page_of(running(until_=at(13))) as page:
        await page.pilot.press(key, *("full_stop" if each == "." else each for each in typed), "enter")
        await page.sees(f'"{typed}" is not a')
        assert f"Expected: {expected}" in str(page.app.screen.query_one("#message", Static).content)
        assert page.app.screen.query_one(Input).value == typed
        await page.pilot.press("escape")
        assert page.migration.controls.calls == []


async def test_a_limit_may_be_entered_with_its_unit() -> None:
    async with page_of(running(until_=at(13))) as page:
        await page.pilot.press("d", "2", "space", "s", "enter")
        await until(page.pilot, lambda: page.migration.controls.calls == [("downtime", 2000)])


async def test_a_number_and_enter_at_once_set_the_number() -> None:
    async with page_of(running(until_=at(13))) as page:
        await page.pilot.press("b")
        await page.sees("Bandwidth limit")
        at_once(page.app, "8", "0", "enter")
        await until(page.pilot, lambda: page.migration.controls.calls == [("bandwidth", 80)])


async def test_values_and_enter_at_once_start_with_the_values() -> None:
    async with page_of(ReplayedMigrations()) as page:
        await page.pilot.press("m")
        await page.sees("source -> destination")
        await page.pilot.press("down", "down")
        at_once(page.app, "9", "backspace", "8", "0", "enter", "enter")
        await until(page.pilot, lambda: bool(page.migrations.started))
        assert page.migrations.started == [Plan("guest1", POST_COPY_MANUAL, bandwidth_mib_s=80)]


async def test_a_choice_and_the_field_it_enables_can_be_entered_at_once() -> None:
    async with page_of(ReplayedMigrations()) as page:
        await page.pilot.press("m")
        await page.sees("source -> destination")
        techniques = list(TECHNIQUES)
        steps = techniques.index(POST_COPY_TIMEOUT) - techniques.index(POST_COPY_MANUAL)
        at_once(page.app, "down", *["right" if steps > 0 else "left"] * abs(steps), "down", "5", "enter")
        await until(page.pilot, lambda: bool(page.migrations.started))
        assert page.migrations.started == [Plan("guest1", POST_COPY_TIMEOUT, timeout_s=5)]


async def test_the_effect_of_a_key_is_shown() -> None:
    async with page_of(running(until_=at(13))) as page:
        for kind in (record.KEY, record.ACTION):
            page.migration.give(Event(13.1, "", kind, {"action": "downtime", "value": 900}))
            page.migration.give(Event(13.1, "", kind, {"action": "bandwidth", "value": 80}))
        await page.sees("downtime <= 900 ms", "<= 80 MiB/s")
        await page.settle()
        assert {"d", "b"} <= {sign.mark for sign in page.app.page.query_one("#rates", Chart).picture.signs}


async def test_keys_are_disabled_as_the_migration_progresses() -> None:
    async with page_of(ReplayedMigrations()) as page:
        assert disabled(page) == {"p", "c", "d", "b"}
        await page.pilot.press("m", "enter")
        await until(page.pilot, lambda: page.migrations.current is not None)
        await page.play(at(13))
        assert disabled(page) == {"m"}
        await page.play(in_post_copy)
        assert disabled(page) == {"m", "p", "c", "d"}
        await page.play()
        assert disabled(page) == {"p", "c", "d", "b"}


REASONS = [
    (None, "p", "No migration is under way; m starts one."),
    (None, "c", "No migration is under way; m starts one."),
    (None, "d", "No migration is under way; m starts one."),
    (None, "b", "No migration is under way; m starts one."),
    (at(13), "m", "A migration is under way; c cancels it, quitting the app leaves it running."),
    (in_post_copy, "m", "A migration is under way"),
    (in_post_copy, "p", "Post-copy is already under way."),
    (in_post_copy, "c", "part of its memory is still here: cancelling would lose it."),
    (in_post_copy, "d", "The switchover is done; the maximum downtime no longer matters."),
    (over, "p", "The migration has completed; m starts another."),
    (over, "c", "The migration has completed; m starts another."),
]


@pytest.mark.parametrize(("moment", "key", "reason"), REASONS)
async def test_a_disabled_key_shows_why(moment: Until | None, key: str, reason: str) -> None:
    migrations = ReplayedMigrations() if moment is None else running(until_=moment)
    async with page_of(migrations) as page:
        await page.pilot.press(key)
        await page.is_notified(reason)
        assert migrations.current is None or migrations.current.controls.calls == []


async def test_p_on_a_pre_copy_migration_shows_why_it_is_impossible() -> None:
    async with page_of(running("failed", lambda timeline: timeline.phase == PASS)) as page:
        await page.pilot.press("p")
        await page.is_notified("It was started as pre-copy; post-copy must be allowed at the start")
        assert page.migration.controls.calls == []


async def test_p_pressed_early_is_shown_as_held() -> None:
    async with page_of(running(until_=lambda timeline: timeline.phase == PASS)) as page:
        await page.pilot.press("p")
        assert page.migration.controls.calls == [("post-copy", None)]
        page.migration.give(Event(1.4, "", record.KEY, {"action": "post-copy", "held": True}))
        await page.sees("Post-copy is requested")
        await page.pilot.press("p")
        await page.is_notified("Post-copy is already requested")
        assert len(page.migration.controls.calls) == 1


async def test_l_shows_every_field_of_libvirt_and_the_newest_events() -> None:
    async with page_of(running(until_=at(13)), size=(120, 50)) as page:
        await page.pilot.press("l")
        await page.sees("memory_processed 1.3 GiB", "iteration=5")
        await page.pilot.press("L")
        last = page.migration.timeline.last
        assert last is not None
        await page.sees(*(f"{name} {value}" for name, value in last.stats.items()), "iteration=5")
        await page.pilot.press("l")
        await until(page.pilot, lambda: "memory_iteration" not in page.words)


async def test_the_log_has_libvirts_message_of_an_error() -> None:
    async with page_of(running("failed", over)) as page:
        await page.pilot.press("l")
        await page.sees("operation failed: job 'migration out' failed: Unable to read from socket")


async def test_a_click_on_a_key_is_that_key() -> None:
    async with page_of(running(until_=at(13))) as page:
        await page.pilot.click(offset=(page.keys.index("p post-copy"), 23))
        await until(page.pilot, lambda: page.migration.controls.calls == [("post-copy", None)])
