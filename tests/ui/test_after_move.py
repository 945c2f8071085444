"""The keys of the Migrate page for a VM that has moved."""

from collections.abc import AsyncIterator

import pytest

from tests.fake_agent import FakeAgent
from tests.fake_hosts import FakeHosts, guest1, guest_xml
from tests.ui.migrate_screen import OpenedPage, at, over, page_of, running
from tests.ui.one_page import until
from tui.core.protocols import BY_LIBVIRT, BY_MONITOR
from tui.migration.backend.after.after_move import AfterMove

SIZE = (120, 40)


@pytest.fixture
def world() -> FakeHosts:
    """The VM of the recording has moved to the source."""
    world = FakeHosts()
    world.source.known = {"guest1": guest1("running")}
    world.source.definitions["guest1"] = guest_xml(guest1("running"))
    return world


@pytest.fixture
async def page(world: FakeHosts) -> AsyncIterator[OpenedPage]:
    async with page_of(running(until_=over), size=SIZE, after_move=AfterMove(world.connections)) as page:
        yield page


async def test_a_key_announces_the_vm_after_it_has_moved(world: FakeHosts, page: OpenedPage) -> None:
    world.source.announces = BY_LIBVIRT
    assert "A announce" in page.keys
    await page.pilot.press("A")
    await page.is_notified("guest1 announces its network addresses on source again, by libvirt")
    assert world.source.announced == [("guest1", BY_LIBVIRT)]


async def test_the_taint_is_said_before_the_monitor_is_used(world: FakeHosts, page: OpenedPage) -> None:
    await page.pilot.press("A")
    await page.sees("Announce guest1 on source again?", "marks guest1 as tainted (custom monitor commands)")
    await page.pilot.press("n")
    assert world.source.announced == []
    await page.pilot.press("A")
    await page.sees("Announce guest1 on source again?")
    await page.pilot.press("y")
    await page.is_notified("by QEMU's announce-self")
    assert world.source.announced == [("guest1", BY_MONITOR)]


async def test_the_key_is_grey_with_the_reason_where_the_host_can_do_neither(world: FakeHosts) -> None:
    world.source.announces = ""
    async with page_of(running(until_=over), size=SIZE, after_move=AfterMove(world.connections)) as page:
        await until(page.pilot, lambda: not page.app.page.active_bindings["A"].enabled)
        await page.pilot.press("A")
        await page.is_notified("libvirt 11.3.0 on source can't announce a VM, and neither can its hypervisor.")


async def test_there_is_no_such_key_while_the_vm_moves(world: FakeHosts) -> None:
    async with page_of(running(until_=at(3)), size=SIZE, after_move=AfterMove(world.connections)) as page:
        assert "announce" not in page.keys
        await page.pilot.press("t")
        await page.is_notified("The migration is under way")


async def test_the_clock_is_compared_and_set_on_request(world: FakeHosts, page: OpenedPage) -> None:
    agent = FakeAgent()
    agent.ahead_ns = -(10**9) * 90
    world.source.agents["guest1"] = agent
    world.shells[""].answers = {"date": "1700000000.000000000\n"}
    await page.pilot.press("t")
    await page.sees("Set the guest's clock?", "ahead of source's", "Setting it makes it jump")
    await page.pilot.press("n")
    assert "guest-set-time" not in agent.heard
    await page.pilot.press("t")
    await page.sees("Set the guest's clock?")
    await page.pilot.press("y")
    await page.is_notified("Set: The clock of guest1 now")
    assert "guest-set-time" in agent.heard


async def test_without_an_agent_the_reason_is_shown(page: OpenedPage) -> None:
    await page.pilot.press("t")
    await page.is_notified("no guest agent is connected to its channel")
