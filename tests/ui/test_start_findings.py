"""What keeps a VM from migrating, in the form that starts it."""

from collections.abc import AsyncIterator

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tests.ui.migrate_screen import OpenedPage, page_of
from tests.ui.one_page import until
from tests.ui.replay import ReplayedMigrations
from tests.ui.test_mend import CD, MISSING
from tui.core.plan import PRE_COPY, Plan
from tui.core.vm import VmFacts
from tui.launch.backend.launch import Launch
from tui.migration.screens.start import StartForm
from tui.vm.screens.mend import FixQuestion, MendDialog

LINE = "blocked: It has the snapshot before; libvirt"


@pytest.fixture
def world() -> FakeHosts:
    """guest1 runs on the source and has a snapshot."""
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    world.source.facts["guest1"] = VmFacts(("before",))
    return world


def mending(world: FakeHosts) -> object:
    return Launch(world.connections, world.changes.sudo).fixes


@pytest.fixture
async def page(world: FakeHosts) -> AsyncIterator[OpenedPage]:
    async with page_of(ReplayedMigrations(), mending=mending(world)) as page:  # type: ignore[arg-type]
        yield page


async def test_one_line_shows_what_blocks_and_its_key(page: OpenedPage) -> None:
    await page.pilot.press("m")
    await page.sees(LINE, "b: details")
    assert next(each for each in page.text.splitlines() if "blocked" in each).rstrip(" │").endswith("b: details")


async def test_enter_says_why_and_a_second_one_starts_nevertheless(page: OpenedPage) -> None:
    await page.pilot.press("m")
    await page.sees(LINE)
    await page.pilot.press("enter")
    await page.sees("Nothing was started:", "- It has the snapshot before", "Enter again starts it nevertheless")
    assert page.migrations.checked == []
    await page.pilot.press("enter")
    await until(page.pilot, lambda: len(page.migrations.started) == 1)


async def test_a_vm_that_is_mended_by_key_starts(world: FakeHosts, page: OpenedPage) -> None:
    await page.pilot.press("m")
    await page.sees(LINE)
    await page.pilot.press("b")
    await until(page.pilot, lambda: isinstance(page.app.screen, MendDialog))
    await page.sees("> blocked It has the snapshot before")
    await page.pilot.press("enter")
    await until(page.pilot, lambda: isinstance(page.app.screen, FixQuestion))
    await page.pilot.press("f")
    await page.sees("Nothing known blocks the migration of guest1 now.")
    await page.pilot.press("escape")
    await until(page.pilot, lambda: isinstance(page.app.screen, StartForm) and "blocked" not in page.text)
    await page.pilot.press("enter")
    await until(page.pilot, lambda: len(page.migrations.started) == 1)
    assert "forget_snapshot guest1 before" in world.source.calls


async def test_a_vm_that_was_mended_elsewhere_starts_at_once(world: FakeHosts, page: OpenedPage) -> None:
    await page.pilot.press("m")
    await page.sees(LINE)
    world.source.facts.clear()
    await page.pilot.press("enter")
    await until(page.pilot, lambda: len(page.migrations.started) == 1)


async def test_a_doubt_is_shown_and_does_not_keep_it(world: FakeHosts) -> None:
    world.source.facts.clear()
    plain = world.source.definition("guest1").replace('<domain type="', '<domain id="1" type="')
    world.source.definitions["guest1"] = plain.replace("<controller", f"{CD}<controller")
    world.shells["root@destination"].answers["/sys/class/net"] = MISSING.replace("file missing 0", "file file 5")
    world.shells[""].answers["/sys/class/net"] = MISSING.replace("file missing 0", "file file 6")
    async with page_of(ReplayedMigrations(), mending=mending(world)) as page:  # type: ignore[arg-type]
        await page.pilot.press("m")
        await page.sees("doubtful: CD-ROM sda is /root/a.iso")
        await page.pilot.press("enter")
        await until(page.pilot, lambda: len(page.migrations.started) == 1)


async def test_disks_that_are_copied_are_no_doubt(world: FakeHosts) -> None:
    world.source.facts.clear()
    world.source.definitions["guest1"] = world.source.definition("guest1").replace("/var/lib/libvirt-img", "/local")
    async with page_of(ReplayedMigrations(), mending=mending(world)) as page:  # type: ignore[arg-type]
        await page.pilot.press("m")
        await page.sees("doubtful: Disk vda is /local/images/guest1.qcow2")
    copying = Plan("guest1", PRE_COPY, copy_storage_all=True)
    async with page_of(ReplayedMigrations(), copying, mending=mending(world)) as page:  # type: ignore[arg-type]
        await page.pilot.press("m")
        form = page.app.screen
        await until(page.pilot, lambda: isinstance(form, StartForm) and bool(form._findings))
        assert "doubtful" not in page.text


async def test_a_vm_whose_findings_can_not_be_read_starts(world: FakeHosts, page: OpenedPage) -> None:
    world.source.known.clear()
    await page.pilot.press("m", "enter")
    await until(page.pilot, lambda: len(page.migrations.started) == 1)
