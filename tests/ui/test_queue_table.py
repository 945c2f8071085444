"""The table of many migrations: what it shows, and its keys for one, for all marked ones, and for the queue."""

from pathlib import Path

import pytest

from tests.ui.one_page import until
from tests.ui.queue_screen import FakeQueue, Screen, after_the_end, half_way, live, plan_of, stopped, table
from tests.ui.replay import ReplayedMigrations
from tui.core.failure import Failure
from tui.queue.backend.requests import Wish
from tui.queue.model.plan import BACK
from tui.queue.model.progress import FAILED
from tui.queue.model.status import PAUSED
from tui.queue.screens.plan import PlanPage
from tui.ui.page import READ_ONLY


def order(page: Screen) -> list[str]:
    """The VMs of the table from top to bottom."""
    found = [line.split() for line in page.lines]
    return [words[0].strip("*") for line in found if (words := [each for each in line if "guest" in each][:1])][:8]


async def test_it_shows_the_totals_and_each_vm_with_those_under_way_first() -> None:
    async with table(*half_way()) as page:
        await page.sees("The queue that empties source works: migrating.", "3 of 7, 2 under way, about", "in all")
        assert order(page) == [f"guest{number}" for number in (4, 5, 2, 6, 7, 8, 1, 3)]
        assert "source destination pass" in page.line("guest4")
        assert page.line("guest2").startswith("guest2 source destination failed destination has no route")
        assert page.line("guest1") == "guest1 source host3 moved in 4 s 12 ms"
        assert "cannot move hostdev" in page.line("guest8")
        assert page.line("guest6") == "guest6 source destination queued"


async def test_the_line_below_is_about_the_vm_under_the_cursor() -> None:
    async with table(*half_way()) as page:
        await page.sees("guest4: ")
        await page.press("down", "down")
        await page.sees("guest2 could not be moved: destination has no route to the share of its disks.")
        await page.press("end")
        await page.sees("guest3 was moved to host3 in 5.1 s, its pause was 20 ms.")


async def test_it_follows_the_queue_and_its_migrations() -> None:
    queue, migrations = half_way()
    async with table(queue, migrations) as page:
        await page.sees("2 under way")
        queue.ends(4, total_s=20.0, downtime_s=0.1)
        queue.begins(6, "destination")
        await page.sees("4 of 7, 2 under way")
        assert "starting" in page.line("guest6")
        migrations.all["run6"] = live("post-copy-by-hand", "run6", 3.0, vm="guest6")
        await until(page.pilot, lambda: "starting" not in page.line("guest6"))


async def test_enter_opens_one_and_a_record_if_it_is_not_followed() -> None:
    async with table(*half_way()) as page:
        await page.sees("guest4: ")
        await page.press("enter")
        await page.press("end", "enter")
        await page.press("home", "down", "down", "down", "enter")
        await page.sees("guest6 has no migration yet.")
        assert page.app.messages == [("migration", "run4"), ("run", Path("/runs/run3"))]


async def test_its_runs_are_requested_once_there_is_one() -> None:
    queue = FakeQueue(running=plan_of(2))
    async with table(queue, ReplayedMigrations()) as page:
        await page.sees("works")
        await page.press("R")
        await page.sees("No migration of the queue has begun.")
        queue.begins(1, "host3")
        queue.ends(1, FAILED, why="host3 has no route")
        await page.sees("host3 has no route")
        await page.press("R")
        assert page.app.messages == [("runs", "20261129T120000Z-source")]


async def test_without_a_queue_no_key_shows_its_runs() -> None:
    migrations = ReplayedMigrations()
    migrations.all = {run: live("pre-copy-idle", run, 1.0, vm=run) for run in ("one", "two")}
    async with table(FakeQueue(), migrations) as page:
        await page.sees("2 migrations are under way")
        await page.press("R")
        assert (page.app.messages, "R runs" in page.words) == ([], False)


async def test_keys_act_on_the_one_under_the_cursor() -> None:
    async with table(*half_way()) as page:
        await page.sees("guest4: ")
        await page.press("p")
        assert page.migrations.all["run4"].controls.calls == [("post-copy", None)]
        assert page.migrations.all["run5"].controls.calls == []


async def test_keys_act_on_all_marked_ones_and_ask_where_one_is_asked() -> None:
    async with table(*half_way()) as page:
        await page.sees("guest4: ")
        await page.press("a")
        await page.sees("2 marked.")
        await page.press("c")
        await page.sees("Cancel 2 migrations?", "guest4 and guest5 stay on source.")
        await page.press("n")
        calls = [each.controls.calls for each in page.migrations.all.values()]
        assert calls == [[], []]
        await page.press("c", "y")
        assert calls == [[("cancel", None)], [("cancel", None)]]
        await page.press("d")
        await page.sees("Maximum downtime", "guest4 and guest5")
        await page.press("5", "0", "0", "enter")
        await page.press("b")
        await page.sees("Bandwidth limit")
        await page.press("6", "4", "enter")
        for each in calls:
            assert each[1:] == [("downtime", 500), ("bandwidth", 64)]


async def test_a_key_that_none_of_them_can_follow_says_why() -> None:
    async with table(*half_way()) as page:
        await page.sees("guest4: ")
        await page.press("down", "p")
        await page.sees("It was started as pre-copy")
        await page.press("down", "c")
        await page.sees("guest2 is not under way.")


async def test_the_queue_is_paused_resumed_and_stopped_by_keys() -> None:
    queue, migrations = half_way()
    async with table(queue, migrations) as page:
        await page.sees("works")
        await page.press("P")
        await page.sees("is paused", "r continues it.")
        await page.press("r")
        await page.sees("works")
        await page.press("x")
        await page.sees("Stop the queue?")
        await page.press("c")
        await page.sees("is stopping")
        assert queue.calls == [("pause", None), ("resume", "20261129T120000Z-source"), ("stop", True)]


async def test_l_changes_the_limits_of_the_queue_under_way() -> None:
    queue, migrations = half_way()
    async with table(queue, migrations) as page:
        await page.sees("works")
        await page.press("l")
        await page.sees("Limits of the queue")
        await page.press("7", "enter")
        await until(page.pilot, lambda: queue.calls)
        ((call, limits),) = queue.calls
        assert (call, limits["at_once"], limits["per_host"]) == ("limit", 7, 2)


async def test_vms_that_wait_are_taken_out_after_a_question() -> None:
    queue, migrations = half_way()
    async with table(queue, migrations) as page:
        await page.sees("works")
        await page.press("o")
        await page.sees("Only VMs that wait are taken out; those under way can be cancelled.")
        await page.press("down", "down", "down", "space", "space", "o")
        await page.sees("Take out of the queue?", "guest6 and guest7 stay where they are.")
        await page.press("y")
        await until(page.pilot, lambda: queue.calls == [("take out", "guest6"), ("take out", "guest7")])
        await until(page.pilot, lambda: "taken out" in page.line("guest7"))


async def test_after_the_end_it_says_what_failed_and_why_and_b_shows_the_way_back() -> None:
    async with table(*after_the_end()) as page:
        await page.sees("is done: 5 moved, 2 failed, 1 cannot move.", "B shows how they come back.")
        assert order(page)[:3] == ["guest2", "guest7", "guest8"]
        await page.press("B")
        await until(page.pilot, lambda: isinstance(page.app.screen, PlanPage))
        assert page.queue.wishes == [Wish(BACK, "source")]


async def test_a_queue_that_was_stopped_says_why_and_can_be_continued() -> None:
    async with table(*stopped()) as page:
        await page.sees("was stopped: 2 migrations have failed; the last one: host3 was switched off.")
        await page.sees("r continues it with the VMs that are left.")
        await page.press("r")
        await page.sees("works: migrating.")


async def test_esc_closes_the_table_when_nothing_is_under_way() -> None:
    async with table(*half_way()) as page:
        await page.sees("works")
        await page.press("escape")
        assert page.app.messages == []
    async with table(*after_the_end()) as page:
        await page.sees("is done")
        await page.press("escape")
        await until(page.pilot, lambda: page.app.messages == [("closed", "")])


async def test_several_migrations_without_a_queue_have_it_too_up_to_their_end() -> None:
    migrations = ReplayedMigrations()
    first = live("post-copy-by-hand", "one", 12.0, vm="guest1")
    second = live("pre-copy-idle", "two", 1.0, vm="guest2")
    migrations.all = {"one": first, "two": second}
    async with table(FakeQueue(), migrations) as page:
        await page.sees("2 migrations are under way")
        assert "P pause" not in page.words
        second.play()
        await until(page.pilot, lambda: "moved" in page.line("guest2"))
        await page.sees("1 migration is under way")


async def test_why_a_request_is_refused_is_shown() -> None:
    queue, migrations = half_way()
    queue.state, queue.refusal = PAUSED, Failure("The queue cannot continue", "another one is under way")
    async with table(queue, migrations) as page:
        await page.sees("is paused")
        await page.press("r")
        await page.sees("The queue cannot continue: another one is under way.")


@pytest.mark.parametrize("key", ["p", "c", "d", "b", "P", "o", "x"])
async def test_read_only_changes_nothing(key: str) -> None:
    async with table(*half_way(), read_only=True) as page:
        await page.sees("guest4: ")
        await page.press(key)
        await page.sees(READ_ONLY)
        assert page.queue.calls == []
        assert page.migrations.all["run4"].controls.calls == []


async def test_a_queue_of_many_scrolls_with_the_cursor() -> None:
    async with table(FakeQueue(running=plan_of(200)), ReplayedMigrations()) as page:
        await page.sees("0 of 200", "guest1 ")
        await page.press("end")
        await page.sees("guest201 cannot move")
        await page.press("pageup", "home")
        await page.sees("guest1 waits.")
