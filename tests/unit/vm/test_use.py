"""What VMs use of their host, from two readings."""

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tui.core.failure import Failure
from tui.core.vm import VmCounters
from tui.launch.backend.use import VmUses
from tui.vm.model.use import Reading, Use, uses


@pytest.mark.parametrize(
    ("before", "now", "use"),
    [
        (VmCounters(10**9, 1), VmCounters(4 * 10**9, 7), Use(150.0, 7)),
        (VmCounters(10**9), VmCounters(10**9), Use(0.0, None)),
        (VmCounters(5 * 10**9), VmCounters(10**9), Use(None, None)),  # restarted
        (VmCounters(), VmCounters(10**9, 7), Use(None, 7)),
        (VmCounters(10**9), VmCounters(None, 7), Use(None, 7)),
    ],
)
def test_the_cpu_is_that_between_two_readings(before: VmCounters, now: VmCounters, use: Use) -> None:
    assert uses(Reading(100.0, {"a": before}), Reading(102.0, {"a": now})) == {"a": use}


def test_a_vm_that_was_not_running_before_and_a_reading_at_the_same_moment_have_no_rate() -> None:
    now = Reading(100.0, {"a": VmCounters(10**9, 7)})
    assert uses(Reading(), now) == uses(now, now) == {"a": Use(None, 7)}


async def test_one_call_reads_all_vms_of_a_host_and_a_failure_begins_anew() -> None:
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    world.source.counters = {"guest1": VmCounters(0, 7)}
    reads = VmUses(world.connections)
    assert await reads.on("source") == {"guest1": Use(None, 7)}
    world.source.counters = {"guest1": VmCounters(10**9, 8)}
    second = (await reads.on("source"))["guest1"]
    assert second.cpu_percent is not None
    assert second.memory_bytes == 8
    assert world.source.calls.count("vm_counters") == 2
    world.source.failure = Failure("libvirt cannot be reached")
    assert await reads.on("source") == {}
    world.source.failure = None
    assert await reads.on("source") == {"guest1": Use(None, 8)}
