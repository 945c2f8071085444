"""The Hosts page with four and with many hosts."""

from typing import Any

import pytest

from tests.fake_hosts import FakeHosts
from tests.ui.one_page import OnePage, text_of, until
from tui.core.failure import Failure
from tui.hosts.backend.hosts import Hosts
from tui.hosts.screens.page import HostsPage

DOWN = Failure("root@host9 can't be reached over ssh", "there was no answer within 10 s")


def app_of(world: FakeHosts) -> OnePage:
    return OnePage(HostsPage(Hosts(world.connections, world.changes)))


def lines_of(app: OnePage) -> list[str]:
    return [line.strip() for line in text_of(app).splitlines()]


async def test_of_many_hosts_those_that_are_not_well_come_first() -> None:
    world = FakeHosts(more=tuple(f"host{number}" for number in range(3, 13)))
    world.shells["root@host9"].answers = {"uname": DOWN}
    world.further["host9"].failure = DOWN
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: any(line.startswith("6 more, all ok") for line in lines_of(app)))
        first = next(line for line in lines_of(app) if line.startswith(("source", "host")))
        assert first.startswith("host9")
        assert "unreachable" in first


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_four_hosts_look_like_their_picture(snap_compare: Any, size: tuple[int, int]) -> None:
    world = FakeHosts(more=("host3", "host4"))
    app = app_of(world)

    async def read(pilot: Any) -> None:
        await until(pilot, lambda: not app.page._list.reading and "reading" not in text_of(app).lower())  # type: ignore[attr-defined]

    assert snap_compare(app, terminal_size=size, run_before=read)
