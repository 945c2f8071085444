"""The Launch page with a thousand VMs on four hosts, whose daemons are in memory: the time to sort and show them."""

import asyncio
import time
from collections.abc import Iterator

from tests.fake_hosts import GIB, FakeHosts
from tests.ui.one_page import OnePage, until
from tui.core.vm import Vm
from tui.launch.backend.launch import Launch
from tui.launch.screens.page import LaunchPage

VMS = 1000
TIMES = 5
SIZE = (200, 60)


def vm_page() -> Iterator[tuple[str, float, str]]:
    """The CPU time of one look at all VMs, sorted and filtered, as a key or an answer of a host causes it."""
    yield "vms_1000_show_cpu", 1000 * asyncio.run(_shown()), "ms"


async def _shown() -> float:
    world = FakeHosts(more=("host3", "host4"))
    hosts = (world.source, world.destination, *world.further.values())
    for number in range(VMS):
        name = f"vm{number * 7919 % VMS:04}"  # in no order
        state = ("running", "shut off", "paused")[number % 3]
        hosts[number % len(hosts)].known[name] = Vm(name, f"uuid-{number}", state, "", 1 + number % 8, GIB)
    page = LaunchPage(Launch(world.connections, world.changes.sudo))
    app = OnePage(page)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: not page._listing.awaited)
        await until(pilot, lambda: page._chosen_row().blockers is not None)
        assert len(page._listing.names) > VMS
        taken = []
        for _ in range(TIMES):
            before = time.process_time()
            page._show()
            taken.append(time.process_time() - before)
        return min(taken)
