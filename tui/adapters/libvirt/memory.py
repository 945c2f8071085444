"""The memory of a running VM: what it dirties within some seconds, and what of it is resident; its CPU time."""

from collections.abc import Mapping

import libvirt

from tui.adapters.libvirt.calls import Calls
from tui.core.failure import Failure
from tui.core.protocols import DirtyRate, MemoryUse
from tui.core.quantity import MIB
from tui.core.vm import VmCounters

KIB = 1024
PAGE_SAMPLING = 0  # VIR_DOMAIN_DIRTYRATE_MODE_PAGE_SAMPLING, the mode that works with and without KVM
DIRTY_RATE = libvirt.VIR_DOMAIN_STATS_DIRTYRATE
PREFIX = "dirtyrate."
COUNTERS = libvirt.VIR_DOMAIN_STATS_CPU_TOTAL | libvirt.VIR_DOMAIN_STATS_BALLOON | DIRTY_RATE
# With NOWAIT, libvirt reports a VM with a busy monitor, too, but without the figures of its QEMU.
AT_ONCE = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT


class MemoryCalls(Calls):
    """The part of core.protocols.Hypervisor that measures memory."""

    def start_dirty_rate(self, name: str, seconds: int) -> None:
        what = f"The memory that {name} dirties could not be measured"
        self._do(what, lambda: self._connection.lookupByName(name).startDirtyRateCalc(seconds, PAGE_SAMPLING))

    def dirty_rate(self, name: str) -> DirtyRate:
        what = f"The memory that {name} dirties could not be read"

        def read() -> Mapping[str, object]:
            found = self._connection.domainListGetStats([self._connection.lookupByName(name)], DIRTY_RATE)
            stats: Mapping[str, object] = found[0][1] if found else {}
            return stats

        stats = self._do(what, read)
        status = stats.get(f"{PREFIX}calc_status")
        if status is None:
            raise Failure(what, "this daemon does not support it", "Upgrade libvirt and QEMU on the host of the VM.")
        return DirtyRate(
            measuring=status == libvirt.VIR_DOMAIN_DIRTYRATE_MEASURING,
            seconds=_number(stats.get(f"{PREFIX}calc_period")),
            bytes_s=_dirty_bytes_s(stats),
        )

    def memory_use(self, name: str) -> MemoryUse:
        what = f"The memory in use of {name} could not be read"
        stats = self._do(what, lambda: self._connection.lookupByName(name).memoryStats())
        resident, memory, unused = (stats.get(each) for each in ("rss", "actual", "unused"))
        # A guest without a driver of the balloon reports no unused memory.
        by_guest = None if memory is None or not unused else max(0, memory - unused) * KIB
        return MemoryUse(None if resident is None else resident * KIB, by_guest)

    def vm_counters(self) -> Mapping[str, VmCounters]:
        def read() -> Mapping[str, VmCounters]:
            found = self._connection.getAllDomainStats(COUNTERS, AT_ONCE)
            return {domain.name(): counters(stats) for domain, stats in found}

        what, none = f"The counters of the VMs of {self.uri} could not be read", dict[str, VmCounters]()
        return self._do(what, read, {libvirt.VIR_ERR_NO_SUPPORT: none, libvirt.VIR_ERR_INVALID_ARG: none})


def counters(stats: Mapping[str, object]) -> VmCounters:
    """Those of one VM in the statistics of libvirt, which lack what it does not know."""
    cpu_ns, resident = stats.get("cpu.time"), stats.get("balloon.rss")
    return VmCounters(
        cpu_ns if isinstance(cpu_ns, int) else None,
        resident * KIB if isinstance(resident, int) else None,
        _dirty_bytes_s(stats),
    )


def _dirty_bytes_s(stats: Mapping[str, object]) -> int | None:
    rate = stats.get(f"{PREFIX}megabytes_per_second")
    known = stats.get(f"{PREFIX}calc_status") == libvirt.VIR_DOMAIN_DIRTYRATE_MEASURED and isinstance(rate, int)
    return _number(rate) * MIB if known else None  # QEMU counts in MiB


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
