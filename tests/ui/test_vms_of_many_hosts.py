"""The VMs of three hosts on the Launch page, and of the only one."""

from dataclasses import replace
from typing import Any

import pytest

from tests.fake_hosts import TABLES, FakeHosts, guest1
from tests.ui.launch_screen import app_of, read, sees
from tests.ui.one_page import until
from tui.app import config
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.launch.screens import view

WEB = Vm("web", "uuid-2", "running", "", 4, 2 << 30)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "POLL_EVERY_S", 0.2)
    monkeypatch.setattr(view, "OFFERS_EVERY_S", 0.4)


def three() -> FakeHosts:
    world = FakeHosts(more=("host3",))
    world.source.known["guest1"] = guest1("running")
    world.further["host3"].known["web"] = WEB
    return world


async def test_the_vms_of_all_hosts_are_listed_with_their_host() -> None:
    app = app_of(three())
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, app, "VMs of all hosts", "guest1 running on source", "web running on host3")
        await sees(pilot, app, "2 CPUs 1.0 GiB", "4 CPUs 2.0 GiB")


async def test_a_vm_can_migrate_if_one_of_the_other_hosts_takes_it() -> None:
    world = three()
    world.destination.offered_networks = ()
    app = app_of(world)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: read(app).count("can go to") == 2)
        assert "nothing known blocks it" in read(app)
        world.further["host3"].offered_networks = ()
        app.page._watch_offer("host3")  # type: ignore[attr-defined]
        await until(pilot, lambda: "can't migrate" in read(app))


async def test_an_unreachable_third_host_makes_no_migration_doubtful() -> None:
    world = three()
    world.further["host3"].failure = Failure("libvirt can't be reached", "no route")
    app = app_of(world)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, app, "guest1 running on source", "can go to destination")
        assert "may not migrate" not in read(app)


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (guest1("running"), "running on host3, too"),
        (guest1("shut off"), "defined on host3, too"),
    ],
)
async def test_a_vm_on_two_hosts_is_shown_as_such(there: Vm, words: str) -> None:
    world = three()
    world.further["host3"].known["guest1"] = there
    app = app_of(world)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, app, "guest1 running on source", words)


@pytest.mark.parametrize("arriving", [guest1("paused", "migrating"), guest1("running", "post-copy")])
async def test_a_vm_that_migrates_is_not_on_two_hosts(arriving: Vm) -> None:
    world = three()
    world.further["host3"].known["guest1"] = arriving
    app = app_of(world)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, app, "guest1 arriving from source")
        assert ", too" not in read(app)


async def test_the_only_host_shows_its_vms_and_why_they_cannot_migrate() -> None:
    world = FakeHosts()
    read_config, problems = config.check({**TABLES, "hosts": {"source": {"ssh": "root@source"}}})
    assert read_config, problems
    world.config = world.connections.config = read_config
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "VMs of the host", "guest1 shut off on source", "There is no other host.")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_three_hosts_look_like_their_picture(snap_compare: Any, size: tuple[int, int]) -> None:
    world = three()
    world.further["host3"].known["guest1"] = replace(guest1("running"))
    app = app_of(world)

    async def look(pilot: Any) -> None:
        await sees(pilot, app, "running on host3, too", "web running on host3", "idle: nothing runs in the guest")
        await until(pilot, lambda: "can go to" in read(app))

    assert snap_compare(app, terminal_size=size, run_before=look)
