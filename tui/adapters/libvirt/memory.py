"""The memory of a running VM: what it dirties within some seconds, and what of it is resident."""

from collections.abc import Mapping

import libvirt

from tui.adapters.libvirt.calls import Calls
from tui.core.failure import Failure
from tui.core.protocols import DirtyRate, MemoryUse
from tui.core.quantity import MIB

KIB = 1024
PAGE_SAMPLING = 0  # VIR_DOMAIN_DIRTYRATE_MODE_PAGE_SAMPLING, the mode that works with and without KVM
DIRTY_RATE = libvirt.VIR_DOMAIN_STATS_DIRTYRATE
PREFIX = "dirtyrate."


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
        status, rate = stats.get(f"{PREFIX}calc_status"), stats.get(f"{PREFIX}megabytes_per_second")
        if status is None:
            raise Failure(what, "this daemon does not support it", "Upgrade libvirt and QEMU on the host of the VM.")
        known = status == libvirt.VIR_DOMAIN_DIRTYRATE_MEASURED and isinstance(rate, int)
        return DirtyRate(
            measuring=status == libvirt.VIR_DOMAIN_DIRTYRATE_MEASURING,
            seconds=_number(stats.get(f"{PREFIX}calc_period")),
            bytes_s=_number(rate) * MIB if known else None,  # QEMU counts in MiB
        )

    def memory_use(self, name: str) -> MemoryUse:
        what = f"The memory in use of {name} could not be read"
        stats = self._do(what, lambda: self._connection.lookupByName(name).memoryStats())
        resident, memory, unused = (stats.get(each) for each in ("rss", "actual", "unused"))
        # A guest without a driver of the balloon reports no unused memory.
        by_guest = None if memory is None or not unused else max(0, memory - unused) * KIB
        return MemoryUse(None if resident is None else resident * KIB, by_guest)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
