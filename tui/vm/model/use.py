"""What running VMs use of their host: CPU from two readings of libvirt's counters, and memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.core.vm import VmCounters


@dataclass(frozen=True)
class Use:
    """CPU in percent of one CPU, bytes of the host's memory, and bytes dirtied per second; None if unknown."""

    cpu_percent: float | None = None
    memory_bytes: int | None = None
    dirty_bytes_s: int | None = None


@dataclass(frozen=True)
class Reading:
    """The counters of a host's VMs by name, and when they were read (time.monotonic)."""

    at_s: float = 0.0
    vms: Mapping[str, VmCounters] = field(default_factory=dict)


def uses(before: Reading, now: Reading) -> dict[str, Use]:
    """By name what each VM uses; its CPU is known from its second reading on."""
    passed_s = now.at_s - before.at_s
    return {
        name: Use(
            _percent(before.vms.get(name, VmCounters()).cpu_ns, each.cpu_ns, passed_s),
            each.resident_bytes,
            each.dirty_bytes_s,
        )
        for name, each in now.vms.items()
    }


def _percent(before_ns: int | None, now_ns: int | None, passed_s: float) -> float | None:
    """A counter that went back is that of another QEMU: the VM was restarted."""
    if before_ns is None or now_ns is None or now_ns < before_ns or passed_s <= 0:
        return None
    return (now_ns - before_ns) / 1e9 / passed_s * 100
