"""The Launch page with a thousand VMs on four hosts, whose daemons are in memory: the time to sort and show them."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.fake_hosts import GIB, FakeHosts
from tests.ui.one_page import OnePage, until
from tui.core.vm import Vm
from tui.launch.backend.launch import Launch
from tui.launch.model.row import COLUMNS
from tui.launch.screens.page import LaunchPage

VMS = 1000
TIMES = 5
SIZE = (200, 60)


def vm_page() -> Iterator[tuple[str, float, str]]:
    """The CPU time of the longest sorting, of a look after the state of a VM has changed, and of one without news."""
    for name, seconds in zip(("sort", "answer", "show"), asyncio.run(_shown()), strict=True):
        yield f"vms_1000_{name}_cpu", 1000 * seconds, "ms"


async def _shown() -> tuple[float, float, float]:
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
        await until(pilot, lambda: len(page._verdicts._judged) > VMS)
        assert len(page._listing.names) > VMS

        def answer() -> None:
            host, found = next((host, found) for host, found in page._answered.answers.items() if len(found) > 1)
            assert isinstance(found, tuple)
            vm = replace(found[1].vm, state="shut off" if found[1].vm.running else "running")
            page._answered = page._answered.with_answer(host, (found[0], replace(found[1], vm=vm), *found[2:]))
            page._show()

        orders = [_cpu(page.action_order) for _ in COLUMNS]
        return max(orders), min(_cpu(answer) for _ in range(TIMES)), min(_cpu(page._show) for _ in range(TIMES))


def _cpu(call: Callable[[], None]) -> float:
    before = time.process_time()
    call()
    return time.process_time() - before
