"""The calls that measure a VM's memory, with replies of libvirt 11.3 and QEMU 10.0."""

from typing import Any

import libvirt
import pytest

from tui.adapters.libvirt.hypervisor import LibvirtHypervisor
from tui.adapters.libvirt.memory import KIB
from tui.core.failure import Failure
from tui.core.protocols import DirtyRate, MemoryUse
from tui.core.quantity import MIB

START, MODE = "dirtyrate.calc_start_time", "dirtyrate.calc_mode"
NEVER = {"dirtyrate.calc_status": 0, START: 0, "dirtyrate.calc_period": 0, MODE: "page-sampling"}
UNDER_WAY = {"dirtyrate.calc_status": 1, START: 1795938343, "dirtyrate.calc_period": 2, MODE: "page-sampling"}
DONE = {**UNDER_WAY, "dirtyrate.calc_status": 2, "dirtyrate.megabytes_per_second": 158}
BUSY = "internal error: unable to execute QEMU command 'calc-dirty-rate': the dirty rate is already being measured."


class Connection:
    """libvirt's connection and its only domain."""

    def __init__(self) -> None:
        self.stats: dict[str, Any] = {}
        self.memory: dict[str, int] = {}
        self.asked: list[tuple[Any, ...]] = []
        self.error: libvirt.libvirtError | None = None

    def lookupByName(self, name: str) -> "Connection":
        assert name == "guest1"
        return self

    def startDirtyRateCalc(self, seconds: int, flags: int = 0) -> None:
        self.asked.append((seconds, flags))
        if self.error:
            raise self.error

    def domainListGetStats(self, domains: list[Any], stats: int, flags: int = 0) -> list[tuple[Any, dict[str, Any]]]:
        assert (domains, stats, flags) == ([self], libvirt.VIR_DOMAIN_STATS_DIRTYRATE, 0)
        return [(self, self.stats)]

    def memoryStats(self) -> dict[str, int]:
        return self.memory


@pytest.fixture
def connection() -> Connection:
    return Connection()


@pytest.fixture
def hypervisor(connection: Connection) -> LibvirtHypervisor:
    return LibvirtHypervisor("test:///default", connection)


@pytest.mark.parametrize(
    ("stats", "expected"),
    [
        (NEVER, DirtyRate(measuring=False)),
        (UNDER_WAY, DirtyRate(measuring=True, seconds=2)),
        (DONE, DirtyRate(measuring=False, seconds=2, bytes_s=158 * MIB)),
        ({**DONE, "dirtyrate.megabytes_per_second": 0}, DirtyRate(measuring=False, seconds=2, bytes_s=0)),
    ],
)
def test_the_state_of_the_newest_measurement(
    connection: Connection, hypervisor: LibvirtHypervisor, stats: dict[str, Any], expected: DirtyRate
) -> None:
    connection.stats = stats
    assert hypervisor.dirty_rate("guest1") == expected


def test_a_daemon_without_the_statistics_is_reported(hypervisor: LibvirtHypervisor) -> None:
    with pytest.raises(Failure, match="The memory that guest1 dirties could not be read"):
        hypervisor.dirty_rate("guest1")


def test_pages_are_sampled_which_works_without_kvm(connection: Connection, hypervisor: LibvirtHypervisor) -> None:
    hypervisor.start_dirty_rate("guest1", 4)
    assert connection.asked == [(4, libvirt.VIR_DOMAIN_DIRTYRATE_MODE_PAGE_SAMPLING)]


def test_a_measurement_of_another_program_is_named_as_the_reason(
    connection: Connection, hypervisor: LibvirtHypervisor
) -> None:
    connection.error = libvirt.libvirtError(BUSY)
    with pytest.raises(Failure, match="another program measures it"):
        hypervisor.start_dirty_rate("guest1", 1)


@pytest.mark.parametrize(
    ("stats", "expected"),
    [
        (
            {"actual": 1048576, "unused": 596676, "available": 996368, "rss": 772244},
            MemoryUse(772244 * KIB, 451900 * KIB),
        ),
        ({"actual": 1048576, "unused": 0, "rss": 284552}, MemoryUse(284552 * KIB, None)),  # no driver in the guest
        ({"actual": 1048576}, MemoryUse(None, None)),
    ],
)
def test_the_memory_in_use_is_that_of_qemu_and_that_of_the_guest(
    connection: Connection, hypervisor: LibvirtHypervisor, stats: dict[str, int], expected: MemoryUse
) -> None:
    connection.memory = stats
    assert hypervisor.memory_use("guest1") == expected
