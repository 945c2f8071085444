"""The form that starts a migration, where a VM can go to several hosts, and where it can go to none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.ui.migrate_screen import BY_HAND, OpenedPage
from tests.ui.one_page import OnePage, until
from tests.ui.replay import ReplayedMigrations, guest
from tui.core.failure import Failure
from tui.migration.backend.before.last_targets import LastTargets
from tui.migration.screens.page import MigratePage
from tui.vm.model.location import Inventory, VmOnHost

HOSTS = ("source", "destination", "host3", "host4")
ON_3 = VmOnHost(guest(), "host3")


@asynccontextmanager
async def form(
    *found: VmOnHost, hosts: tuple[str, ...] = HOSTS, targets: LastTargets | None = None, width: int = 80
) -> AsyncIterator[OpenedPage]:
    migrations = ReplayedMigrations(found=found)
    migrations.names = hosts
    shown = MigratePage(migrations, BY_HAND)  # type: ignore[arg-type]
    shown.last_targets = targets or shown.last_targets
    app = OnePage(shown)
    async with app.run_test(size=(width, 24), notifications=True) as pilot:
        page = OpenedPage(app, pilot, migrations)
        await page.settle()
        await pilot.press("m")
        await page.sees("Start a migration", "->")
        yield page


async def test_left_and_right_choose_the_host_that_the_vm_goes_to() -> None:
    async with form(ON_3) as page:
        await page.sees("to < source >", "host3 -> source")
        await page.pilot.press("down", "right")
        await page.sees("to < destination >", "host3 -> destination")
        await page.pilot.press("right", "right")
        await page.sees("to < source >")
        await page.pilot.press("left", "enter")
        await until(page.pilot, lambda: page.migrations.started == [replace(BY_HAND, to="host4")])


async def test_each_vm_keeps_its_own_target() -> None:
    other = VmOnHost(replace(guest(), name="other", uuid="2"), "source")
    async with form(ON_3, other) as page:
        await page.pilot.press("down", "right", "up", "right")
        await page.sees("other", "source -> destination")
        await page.pilot.press("down", "right", "up", "right")
        await page.sees("guest1", "host3 -> destination")
        await page.pilot.press("right")
        await page.sees("other", "source -> host3")


@pytest.mark.parametrize("on", ["host4", "host3"])
async def test_the_last_target_is_proposed_and_from_there_the_way_back(on: str, tmp_path: Path) -> None:
    path = tmp_path / "state" / "last-targets.json"
    LastTargets(path).use("guest1", "host4", "host3")
    there = {"host4": "host3", "host3": "host4"}
    async with form(VmOnHost(guest(), on), targets=LastTargets(path)) as page:
        await page.sees(f"{on} -> {there[on]}")


async def test_a_started_migration_is_the_last_one(tmp_path: Path) -> None:
    path = tmp_path / "last-targets.json"
    async with form(ON_3, targets=LastTargets(path)) as page:
        await page.pilot.press("enter")
        await until(page.pilot, lambda: len(page.migrations.started) == 1)
        await until(page.pilot, path.exists)
    assert LastTargets(path).of("guest1")[0] == page.migration.target


async def test_with_one_other_host_there_is_nothing_to_choose() -> None:
    async with form(ON_3, hosts=("host3", "host4")) as page:
        await page.sees("host3 -> host4")
        assert " to " not in page.words.partition("technique")[0]


async def test_the_only_host_is_named_as_such() -> None:
    async with form(ON_3, hosts=("host3",)) as page:
        await page.sees("host3 -> there is no other host")


@pytest.mark.parametrize("width", [80, 120])
def test_the_form_with_several_targets(snap_compare: Any, width: int) -> None:
    migrations = ReplayedMigrations(found=(ON_3,))
    migrations.names = HOSTS
    app = OnePage(MigratePage(migrations, BY_HAND))  # type: ignore[arg-type]

    async def open_form(pilot: Any) -> None:
        page = OpenedPage(app, pilot, migrations)
        await page.settle()
        await pilot.press("m")
        await page.sees("host3 -> source")
        await pilot.press("down")

    assert snap_compare(app, run_before=open_form, terminal_size=(width, 24 if width == 80 else 40))


@pytest.mark.parametrize("text", ["", "[]", '{"guest1": 3}', "no json", "\0"])
def test_a_file_that_cannot_be_used_is_no_obstacle(tmp_path: Path, text: str) -> None:
    path = tmp_path / "last"
    path.write_text(text)
    targets = LastTargets(path)
    assert targets.of("guest1") == []
    targets.use("guest1", "a", "b")
    assert LastTargets(path).of("guest1") == ["b", "a"]


def late(*found: VmOnHost) -> Inventory:
    failure = Failure("host4 has not replied yet", "its libvirt is busy, or can't be reached")
    return Inventory(found, {"host4": failure}, HOSTS, frozenset({"host4"}))


async def test_the_page_lists_the_vms_of_the_other_hosts_while_one_hangs() -> None:
    migrations = ReplayedMigrations(found=(ON_3,))
    migrations.names, migrations.part = HOSTS, late(ON_3)
    migrations.answering.clear()
    app = OnePage(MigratePage(migrations, BY_HAND))  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        page = OpenedPage(app, pilot, migrations)
        await page.sees("guest1 running on host3", "host4 has not replied yet")
        migrations.part = None
        await pilot.press("m")
        await page.sees("Start a migration", "host3 -> source", "host4 has not replied yet")
        await pilot.press("enter")  # what is on the screen starts, without the host that hangs
        await until(pilot, lambda: bool(migrations.checked))
        assert migrations.checked == [replace(BY_HAND, to="source")]


async def test_the_page_says_of_how_many_hosts_it_reads() -> None:
    migrations = ReplayedMigrations(found=(ON_3,))
    migrations.names = HOSTS
    migrations.answering.clear()
    app = OnePage(MigratePage(migrations, BY_HAND))  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        page = OpenedPage(app, pilot, migrations)
        await page.sees("Reading the VMs of all hosts")
        migrations.answering.set()
        await page.sees("guest1 running on host3")


async def test_no_other_vm_is_proposed_while_the_host_of_the_wanted_one_is_late() -> None:
    other = VmOnHost(replace(guest(), name="other", uuid="2"), "source")
    migrations = ReplayedMigrations(found=(ON_3, other))
    migrations.names, migrations.part = HOSTS, late(other)
    migrations.answering.clear()
    app = OnePage(MigratePage(migrations, BY_HAND))  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        page = OpenedPage(app, pilot, migrations)
        await page.sees("other running on source")
        await pilot.press("m")
        await page.sees("Reading the VMs of all hosts")
        await pilot.press("enter")
        assert "source ->" not in page.words
        migrations.answering.set()
        await until(pilot, lambda: migrations.started == [replace(BY_HAND, to="source")])
