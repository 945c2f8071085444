"""What a host offers to VMs, and what two hosts offer both."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tui.core.failure import Failure
from tui.core.quantity import size
from tui.core.vm import Daemon
from tui.vm.model.machine_type import newest_common

# Bridges that belong to somebody: libvirt's own networks, containers.
TAKEN_BRIDGES = re.compile(r"(virbr|docker|br-[0-9a-f]{12}|lxcbr|lxdbr|podman|cni)")


@dataclass(frozen=True)
class Offer:
    """One host; `machines` are the types that its QEMU knows, aliases among them."""

    daemon: Daemon
    machines: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()

    @property
    def usable_networks(self) -> tuple[tuple[str, str], ...]:
        """What a VM can be plugged into, the best first: a network of libvirt's is another one on each host."""
        bridges = [("bridge", name) for name in self.bridges if not TAKEN_BRIDGES.match(name)]
        networks = [("network", name) for name in sorted(self.networks, key=lambda name: name != "default")]
        return (*bridges, *networks)


def machine_of_both(offers: Iterable[Offer]) -> str:
    """The newest machine type that all of them know, by its full name: what "q35" means differs; "" where none is."""
    known = [offer.machines for offer in offers]
    found = newest_common(known[0], known[-1]) if known else ()
    return found[0] if found else ""


def shared_networks(offers: Iterable[Offer]) -> tuple[tuple[str, str], ...]:
    """The networks and bridges that all of them have, in the order of the first."""
    first, *others = [offer.usable_networks for offer in offers]
    return tuple(network for network in first if all(network in other for other in others))


def too_much(offers: Mapping[str, Offer], vcpus: int, memory_bytes: int) -> Failure | None:
    """The sentence for a VM that a host can't hold, with the numbers."""
    for host, offer in offers.items():
        daemon = offer.daemon
        if vcpus > daemon.cpus:
            return Failure(
                f"{vcpus} vCPUs are more than {host} can hold", f"it has {daemon.cpus} CPUs", "Take fewer vCPUs."
            )
        if memory_bytes >= daemon.memory_bytes:
            return Failure(
                f"{size(memory_bytes)} of memory are more than {host} can hold",
                f"it has {size(daemon.memory_bytes)}, {size(daemon.memory_free_bytes)} of it free",
                "Take less memory.",
            )
    return None
