"""The plan and the table of a queue as a person sees them, compared with their pictures."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.ui.one_page import text_of, until
from tests.ui.queue_screen import FakeQueue, Opened, after_the_end, half_way, plan_of, stopped, table_app
from tui.queue.backend.requests import Wish
from tui.queue.model.plan import EVACUATE
from tui.queue.screens.plan import PlanPage

SIZES = [(80, 24), (120, 40)]


def sees(app: Opened, *texts: str) -> Callable[[Any], Any]:
    async def look(pilot: Any) -> None:
        await until(pilot, lambda: all(text in " ".join(text_of(app).split()) for text in texts))

    return look


@pytest.mark.parametrize("size", SIZES)
def test_the_plan_that_empties_a_host(snap_compare: Any, size: tuple[int, int]) -> None:
    app = Opened(PlanPage(FakeQueue(plan_of(7)).queues, Wish(EVACUATE, "source")))

    async def look(pilot: Any) -> None:
        await sees(app, "7 VMs to move", "It takes")(pilot)
        await pilot.press("down", "down", "o", "down", "right")

    assert snap_compare(app, terminal_size=size, run_before=look)


@pytest.mark.parametrize("size", SIZES)
def test_the_limits(snap_compare: Any, size: tuple[int, int]) -> None:
    app = Opened(PlanPage(FakeQueue(plan_of(7)).queues, Wish(EVACUATE, "source")))

    async def look(pilot: Any) -> None:
        await sees(app, "7 VMs to move", "It takes")(pilot)
        await pilot.press("l")
        await sees(app, "Limits of the queue")(pilot)

    assert snap_compare(app, terminal_size=size, run_before=look)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", [half_way, after_the_end, stopped])
def test_the_table(snap_compare: Any, state: Callable[[], Any], size: tuple[int, int]) -> None:
    app = table_app(*state())

    async def look(pilot: Any) -> None:
        await sees(app, "guest5", "guest2", "The queue")(pilot)
        if state is half_way:
            await pilot.press("space")

    assert snap_compare(app, terminal_size=size, run_before=look)
