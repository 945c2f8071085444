"""The plan of a queue: read, edited by keys, and run."""

from dataclasses import replace

import pytest

from tests.ui.one_page import until
from tests.ui.queue_screen import BACK_WISH, FakeQueue, Screen, names, plan_of, planned
from tests.unit.queue.plans import cost
from tui.core.failure import Failure
from tui.core.quantity import MIB
from tui.queue.backend.requests import Wish
from tui.queue.model.limits import Limits
from tui.queue.model.plan import EVACUATE, MOVE, QueuePlan
from tui.ui.page import READ_ONLY


async def started(page: Screen) -> QueuePlan:
    """The plan that Enter starts."""
    await page.press("enter")
    await until(page.pilot, lambda: bool(page.queue.calls))
    (call, plan), *_ = page.queue.calls
    assert call == "start"
    assert isinstance(plan, QueuePlan)
    return plan


async def test_reading_is_shown_and_esc_leaves_it() -> None:
    queue = FakeQueue()
    queue.replying.clear()
    async with planned(queue) as page:
        await page.sees("Empty source", "Reading the hosts and planning ... 00:0")
        await page.press("enter")
        await page.sees("Reading the hosts and planning: please wait.")
        await page.press("escape")
        await until(page.pilot, lambda: page.app.screen is not page.app.page)
        assert queue.calls == []


async def test_the_plan_says_what_moves_where_for_how_long_and_what_cannot_move() -> None:
    async with planned(FakeQueue()) as page:
        await page.sees("Empty source: 4 VMs to move, 1 cannot move.", "It takes about", "host3 2 VMs, 256 MiB")
        await page.sees("guest5 cannot move: hostdev 0000:03:00.0 is passed through")
        await page.press("end")
        await page.sees("guest5 cannot move: hostdev 0000:03:00.0 is passed through: the device cannot move")
        assert page.queue.wishes == [Wish(EVACUATE, "source")]
        assert page.queue.calls == []


async def test_enter_runs_the_plan_as_it_is_and_says_so_to_the_app() -> None:
    async with planned(FakeQueue()) as page:
        await page.sees("4 VMs to move")
        plan = await started(page)
        assert plan == plan_of()
        await until(page.pilot, lambda: page.app.messages == [("started", "")])


async def test_keys_change_the_target_the_technique_and_the_order_and_take_out() -> None:
    async with planned(FakeQueue()) as page:
        await page.sees("4 VMs to move", "< host3 >")
        await page.press("right", "t", "J", "down", "o")
        await page.sees("3 VMs to move", "1 taken out", "stays: it was taken out")
        plan = await started(page)
        assert names(plan) == ["guest2", "guest1", "guest4", "guest5"]
        moved = plan.entries[1]
        assert (moved.target, moved.technique) == ("destination", "suspend-timeout")
        assert [each.number for each in plan.entries] == [1, 2, 3, 4]


async def test_what_was_taken_out_can_be_put_back() -> None:
    async with planned(FakeQueue()) as page:
        await page.sees("4 VMs to move")
        await page.press("o")
        await page.sees("3 VMs to move", "guest1 stays on source: it was taken out.")
        await page.press("right")
        await page.sees("guest1 was taken out; taking it out again puts it back.")
        await page.press("o")
        await page.sees("4 VMs to move")
        assert await started(page) == plan_of()


@pytest.mark.parametrize(("keys", "order"), [(("K",), "1234"), (("end", "up", "J"), "1234"), (("down", "K"), "2134")])
async def test_the_order_changes_within_those_that_can_move(keys: tuple[str, ...], order: str) -> None:
    async with planned(FakeQueue()) as page:
        await page.sees("4 VMs to move")
        await page.press(*keys)
        assert names(await started(page)) == [*(f"guest{number}" for number in order), "guest5"]


async def test_the_limits_are_changed_in_a_form() -> None:
    async with planned(FakeQueue()) as page:
        await page.sees("limits: 4 at once, 2 a host; no limit of bandwidth; stops at failure 3; retries elsewhere")
        await page.press("l")
        await page.sees("Limits of the queue")
        await page.press("8", "down", "3", "down", "1", "0", "0", "down", "1", "down", "right", "enter")
        await page.sees("limits: 8 at once, 3 a host; 100 MiB/s shared by all; stops at failure 1; no retry elsewhere")
        assert (await started(page)).limits == Limits(8, 3, 100 * MIB, 1, elsewhere=False)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (("0",), "Expected: a whole number from 1 to 100."),
        (("down", "x"), "Expected: a whole number from 1 to 100."),
        (("down", "down", "q"), '"q" is not a rate'),
    ],
)
async def test_a_limit_that_is_none_is_refused(keys: tuple[str, ...], sentence: str) -> None:
    async with planned(FakeQueue()) as page:
        await page.sees("4 VMs to move")
        await page.press("l")
        await page.sees("Limits of the queue")
        await page.press(*keys, "enter")
        await page.sees("Limits of the queue", sentence)


async def test_p_plans_with_each_preset_and_then_without_one_again() -> None:
    async with planned(FakeQueue(presets=("fast lan", "local"))) as page:
        await page.sees("Empty source: 4 VMs to move")
        await page.press("l", "8", "enter", "p")
        await page.sees("Empty source with the preset fast lan: 4 VMs to move", "limits: 8 at once")
        await page.press("p")
        await page.sees("Empty source with the preset local: 4 VMs to move")
        assert (await started(page)).preset == "local"
    async with planned(FakeQueue(presets=("fast lan",))) as page:
        await page.sees("Empty source: 4 VMs to move")
        await page.press("p", "p")
        await page.sees("Empty source: 4 VMs to move")
        assert [wish.preset for wish in page.queue.wishes] == ["", "fast lan", ""]
    async with planned(FakeQueue()) as page:
        await page.sees("Empty source: 4 VMs to move")
        await page.press("p")
        assert len(page.queue.wishes) == 1


async def test_a_limit_makes_the_time_known_where_no_migration_shows_the_links() -> None:
    offered = plan_of(2, stuck=False)
    unseen = replace(cost(100), rate=None)
    entries = tuple(replace(each, costs={each.target: unseen}) for each in offered.entries)
    async with planned(FakeQueue(replace(offered, entries=entries))) as page:
        await page.sees("How long it takes is unknown: no earlier migration shows how fast the links are.")
        await page.press("l", "down", "down", "1", "0", "0", "enter")
        await page.sees("It takes about 3 s", "for as fast as the limit of the bandwidth")


async def test_a_vm_without_another_host_keeps_its_target() -> None:
    queue = FakeQueue(plan_of(1))
    only = queue.offered.entries[0]
    queue.offered = QueuePlan(EVACUATE, "source", (type(only)(1, "guest1", "u", "source", "host3", ("host3",)),))
    async with planned(queue) as page:
        await page.sees("1 VM to move", "No other host can take it.")
        await page.press("right")
        await page.sees("No other host can take guest1.")


async def test_a_plan_that_moves_nothing_is_not_run() -> None:
    async with planned(FakeQueue(plan_of(0))) as page:
        await page.sees("0 VMs to move, 1 cannot move")
        await page.press("enter")
        await page.sees("There is nothing to move.")
        assert page.queue.calls == []


async def test_a_plan_for_a_host_without_vms_says_so() -> None:
    queue = FakeQueue(plan_of(0))
    queue.offered = QueuePlan(EVACUATE, "source", ())
    async with planned(queue) as page:
        await page.sees("0 VMs to move", "No VM runs on source.")


async def test_why_it_cannot_be_planned_or_started_is_shown() -> None:
    queue = FakeQueue(refusal=Failure("source can't be reached", "no route to host"))
    async with planned(queue) as page:
        await page.sees("source can't be reached: no route to host.")
        queue.refusal = None
        await page.press("r")
        await page.sees("4 VMs to move")
        queue.refusal = Failure("A queue is under way", "it empties host3")
        await page.press("enter")
        await page.sees("A queue is under way: it empties host3.", "4 VMs to move")
        assert page.app.messages == []


async def test_a_plan_for_marked_vms_and_one_that_brings_back_say_so() -> None:
    async with planned(FakeQueue(), Wish(MOVE, vms=("guest1", "guest2"))) as page:
        await page.sees("Move 2 VMs: 4 VMs to move")
    async with planned(FakeQueue(), BACK_WISH) as page:
        await page.sees("Bring the VMs of source back")


async def test_read_only_looks_at_the_plan_and_does_not_run_it() -> None:
    async with planned(FakeQueue(), read_only=True) as page:
        await page.sees("4 VMs to move")
        await page.press("enter")
        await page.sees(READ_ONLY)
        assert page.queue.calls == []
