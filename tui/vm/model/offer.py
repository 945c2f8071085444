"""What a host offers to VMs, and what two hosts have in common."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tui.core.failure import Failure, WrongField
from tui.core.quantity import size
from tui.core.vm import Daemon, Vm
from tui.vm.model.host_facts import TAKEN_BRIDGES, HostFacts
from tui.vm.model.host_inventory import HostInventory

CHIPSETS = ("pc-q35", "pc-i440fx")


@dataclass(frozen=True)
class Offer:
    """The offer of one host; `machines` are the machine types of its QEMU, with aliases.

    `facts` are None if its system was not read; `cpu_lacks` are the features that the host lacks, by CPU in XML.
    """

    daemon: Daemon
    machines: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()
    inventory: HostInventory = field(default_factory=HostInventory)
    facts: HostFacts | None = None
    cpu_lacks: Mapping[str, str] = field(default_factory=dict)
    vms: tuple[Vm, ...] = ()

    @property
    def usable_networks(self) -> tuple[tuple[str, str], ...]:
        """Bridges and networks for a VM, the best first; a libvirt network is a different one on each host."""
        bridges = [("bridge", name) for name in self.bridges if not TAKEN_BRIDGES.match(name)]
        networks = [("network", name) for name in sorted(self.networks, key=lambda name: name != "default")]
        return (*bridges, *networks)


def newest_common(source: Iterable[str], destination: Iterable[str]) -> tuple[str, ...]:
    """For each PC chipset the newest machine type that both support."""
    both = set(source) & set(destination)
    found = []
    for chipset in CHIPSETS:
        versions = [each for each in both if re.fullmatch(rf"{chipset}-[0-9.]{{1,30}}", each)]
        if versions:
            found.append(max(versions, key=_version))
    return tuple(found)


def _version(machine: str) -> tuple[int, ...]:
    return tuple(int(part) for part in machine.rpartition("-")[2].split(".") if part)


def machine_of_both(offers: Iterable[Offer]) -> str:
    """The newest machine type in common, by its full name, because "q35" differs by version; "" if there is none."""
    known = [offer.machines for offer in offers]
    found = newest_common(known[0], known[-1]) if known else ()
    return found[0] if found else ""


def shared_networks(offers: Iterable[Offer]) -> tuple[tuple[str, str], ...]:
    """The networks and bridges that all hosts have, in the order of the first."""
    first, *others = [offer.usable_networks for offer in offers]
    return tuple(network for network in first if all(network in other for other in others))


def too_much(offers: Mapping[str, Offer], vcpus: int, memory_bytes: int) -> Failure | None:
    """Why a host is too small for the VM; None if none is."""
    for host, offer in offers.items():
        daemon = offer.daemon
        if vcpus > daemon.cpus:
            return WrongField(
                "vcpus", f"{vcpus} vCPUs are too many for {host}", f"it has {daemon.cpus} CPUs", "Choose fewer vCPUs."
            )
        if memory_bytes >= daemon.memory_bytes:
            return WrongField(
                "memory",
                f"{size(memory_bytes)} of memory is too much for {host}",
                f"it has {size(daemon.memory_bytes)}, {size(daemon.memory_free_bytes)} of it free",
                "Choose less memory.",
            )
    return None
