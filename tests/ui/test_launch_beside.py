"""The Launch page on a terminal that has the chosen VM beside the list, and the events below it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.ui.one_page import OnePage, text_of, until
from tests.ui.test_launch_wide import three, wide_app
from tests.ui.vms_screen import WEB, sees
from tests.unit.launch.new_vm_room import GIB
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.launch.model import vm_events
from tui.launch.screens import view
from tui.vm.model.use import Use

WIDE, USUAL = (200, 60), (80, 24)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "POLL_EVERY_S", 0.2)
    monkeypatch.setattr(view, "OFFER_RETRY_S", 0.2)


def block(app: OnePage, name: str) -> str:
    """The text of a pane, without line ends; empty if it is not shown."""
    at = app.page.query_one(f"#{name}").region
    lines = [line[at.x : at.right] for line in text_of(app).splitlines()[at.y : at.bottom]] if at.width else []
    return " ".join(" ".join(lines).replace("\u2502", " ").split())


async def test_the_vm_beside_the_list_is_the_one_with_the_arrow() -> None:
    app = wide_app(three())
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, app, "nothing known blocks it", "memory, dirtying for")
        assert block(app, "one").startswith("guest1 state running on source")
        assert "web running on destination" in block(app, "all")
        assert "disks" not in block(app, "all")
        await pilot.press("down")
        await until(pilot, lambda: block(app, "one").startswith("web state running on destination"))


async def test_the_events_say_what_has_changed_the_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vm_events, "GONE_AFTER", timedelta())
    room = three()
    app = wide_app(room)
    known = room.world.destination.known
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "No VM has changed its state or host since" in block(app, "events"))
        known["web"] = replace(WEB, state="paused", reason="user")
        changed = "web paused (user) on destination, was running on destination"
        await until(pilot, lambda: changed in block(app, "events"))
        known["new"] = Vm("new", "uuid-9", "shut off", "", 2, GIB)
        await until(pilot, lambda: "new new: shut off on destination" in block(app, "events"))
        del known["new"]
        await until(pilot, lambda: "new gone, was shut off on destination" in block(app, "events"))
        room.world.source.failure = Failure("libvirt can't be reached", "no route")
        await until(pilot, lambda: "source does not answer" in block(app, "events"))
        room.world.source.failure = None
        in_order = ("answers again", "does not answer", "gone, was", "new new:", "web paused")
        await until(pilot, lambda: all(each in block(app, "events") for each in in_order))
        events = block(app, "events")
        assert sorted(in_order, key=events.index) == list(in_order)
        assert "guest1" not in events


async def test_a_high_terminal_has_charts_of_the_vm_and_a_low_one_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "now", lambda: 1240.0)
    app = wide_app(three())
    page: Any = app.page
    for second in range(1000, 1240):
        page._cpu.add("source", {"guest1": Use(float(second % 150))}, float(second))
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "CPU, %" in block(app, "curves") and "all 2 CPUs" in block(app, "curves"))
        await pilot.press("down")
        await until(pilot, lambda: "web state" in block(app, "one") and "CPU, %" not in block(app, "curves"))
        await pilot.press("up")
        await until(pilot, lambda: "CPU, %" in block(app, "curves"))
        await pilot.resize_terminal(160, 24)
        await until(pilot, lambda: block(app, "curves") == "" and "state running" in block(app, "one"))


async def test_many_vms_leave_room_for_the_events_and_say_how_many_are_left_out() -> None:
    room = three()
    room.world.destination.known |= {f"vm{n:03}": Vm(f"vm{n:03}", f"u{n}", "shut off", "", 1, GIB) for n in range(90)}
    app = wide_app(room)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, app, " more ", "No VM has changed its state or host since")
        at, page = app.page.query_one("#events").region, app.page.query_one("#all").region
        assert page.y < at.y < at.bottom <= page.bottom


async def test_a_terminal_made_narrow_has_the_blocks_below_each_other_again() -> None:
    app = wide_app(three())
    async with app.run_test(size=USUAL) as pilot:
        await sees(pilot, app, "nothing known blocks it", "memory, dirtying for", "wrong_pages=0")
        await until(pilot, lambda: text_of(app).count("can migrate") == 3)
        before = text_of(app)
        await pilot.resize_terminal(*WIDE)
        await until(pilot, lambda: "Events, the newest first" in block(app, "all"))
        await pilot.resize_terminal(40, 12)
        await until(pilot, lambda: "Events" not in text_of(app) and "guest1" in text_of(app))
        await pilot.resize_terminal(*USUAL)
        await until(pilot, lambda: text_of(app) == before)


async def test_the_page_keys_scroll_what_is_about_the_vm() -> None:
    app = wide_app(three())
    async with app.run_test(size=(160, 20)) as pilot:
        await sees(pilot, app, "nothing known blocks it")
        one = app.page.query_one("#one")
        await until(pilot, lambda: one.max_scroll_y > 0)
        await pilot.press("pagedown")
        await until(pilot, lambda: one.scroll_y > 0)
        assert "VMs of both hosts" in text_of(app)
