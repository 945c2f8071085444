"""The NFS page, as a person sees it."""

from typing import Any

import pytest

from tests.fake_hosts import FakeHosts
from tests.ui.one_page import OnePage, text_of, until
from tui.backend.hosts import Hosts
from tui.screens.nfs import NfsPage


def app_of(world: FakeHosts) -> OnePage:
    return OnePage(NfsPage(Hosts(world.connections, world.changes)))


async def test_the_page_says_that_it_runs_nothing_and_runs_nothing() -> None:
    world = FakeHosts()
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "only lists the steps and runs none of them" in " ".join(text_of(app).split())
        assert world.opened == []
        assert all(shell.commands == [] for shell in world.shells.values())


async def test_all_steps_can_be_reached_by_key() -> None:
    app = app_of(FakeHosts())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "mount --bind /var/lib/libvirt/images /var/lib/libvirt-img/images" in text_of(app)
        assert "virsh start guest1" not in text_of(app)
        await pilot.press("end")
        await until(pilot, lambda: "virsh start guest1" in text_of(app))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_nfs_looks_like_its_picture(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(app_of(FakeHosts()), terminal_size=size)
