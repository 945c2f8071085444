"""What the Launch page shows only on a wide screen, and its pictures."""

from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from itertools import count
from typing import Any

import pytest

from tests.ui.launch_screen import RUNNING
from tests.ui.one_page import OnePage, text_of, until
from tests.ui.vms_screen import WEB, read, room_of, sees
from tests.unit.launch.new_vm_room import GIB, Room, running
from tui.core.vm import Vm, VmCounters
from tui.guest.model.workload import parse_status
from tui.launch.backend.launch import Launch
from tui.launch.screens import view
from tui.launch.screens.page import LaunchPage
from tui.vm.model.use import Use

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=timezone.utc)
RATE = {120: "last 04:00", 200: "the last 4 min"}  # by columns, what the rate of the workload is recognized by


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "POLL_EVERY_S", 0.2)
    monkeypatch.setattr(view, "ADDRESSES_EVERY_S", 0.2)
    monkeypatch.setattr(view, "OFFER_RETRY_S", 0.2)


def wide_app(room: Room) -> OnePage:
    """guest1 runs a workload on the source; web and one that is off are on the destination."""
    running(room)
    room.world.guest.answers = {"cat what": RUNNING}
    room.world.source.counters = {"guest1": VmCounters(10**9, 870 << 20)}
    return OnePage(LaunchPage(Launch(room.world.connections, room.world.changes.sudo)))


def three() -> Room:
    return room_of(WEB, Vm("database-of-the-shop", "uuid-3", "shut off", "", 2, GIB))


async def test_a_wide_screen_has_cpu_and_memory_in_use_and_the_rate_of_the_workload(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(view, "now", partial(next, count(0.0, 20.0)))
    monkeypatch.setattr(view, "SLOWEST_POLL_S", 0.02)  # by that clock, each reply of the guest takes long
    room = three()
    room.world.destination.counters = {"web": VmCounters(None, GIB)}
    app = wide_app(room)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, app, "0 % CPU 870 MiB used", "1.0 GiB used", "highest 2.2 GiB/s")
        lines = [line for line in text_of(app).splitlines() if "can migrate" in line or "t migrate" in line]
        assert len({line.index("can migrate") for line in lines}) == 1
        assert "database-of-the-shop" in read(app)


async def test_a_narrow_screen_has_neither_and_does_not_read_them() -> None:
    room = three()
    app = wide_app(room)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "web", "memory, dirtying for")
        await until(pilot, lambda: len(app.page._rates.of("guest1")) > 2)  # type: ignore[attr-defined]
        assert "used" not in read(app)
        assert "highest" not in read(app)
        assert "vm_counters" not in room.world.source.calls


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_the_page_looks_like_its_pictures(
    snap_compare: Any, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setattr(view, "now", lambda: 1240.0)
    monkeypatch.setattr(view, "local_now", lambda: NOON)
    room = three()
    room.world.destination.counters = {"web": VmCounters(0, GIB)}
    app = wide_app(room)
    page = app.page
    assert isinstance(page, LaunchPage)
    for second in range(1000, 1240):
        status = parse_status(RUNNING)
        rate = {"mib_per_s": f"{800 + 700 * (second // 40 % 2) + second % 7 * 40}"}
        page._rates.add("guest1", replace(status, values={**status.values, **rate}), float(second))
        for host, name in (("source", "guest1"), ("destination", "web")):
            page._cpu.add(host, {name: Use(30.0 + second // 20 * 37 % 150)}, float(second))

    async def prepare(pilot: Any) -> None:
        texts = ("870 MiB used", "0 % CPU 1.0 GiB used", RATE[size[0]]) if size[0] > 80 else ()
        await sees(pilot, app, "memory, dirtying for", "nothing known blocks it", *texts)

    assert snap_compare(app, terminal_size=size, run_before=prepare)
