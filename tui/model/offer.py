"""What a host offers to VMs, and what two hosts offer both."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tui.model.failure import Failure
from tui.model.quantity import size
from tui.model.vm import Daemon

KVM, EMULATED = "kvm", "qemu"
# Bridges that belong to somebody: libvirt's own networks, containers.
TAKEN_BRIDGES = re.compile(r"(virbr|docker|br-[0-9a-f]{12}|lxcbr|lxdbr|podman|cni)")
FAMILIES = ("q35", "pc")


@dataclass(frozen=True)
class Offer:
    """One host; `machines` are by name, with the name that an alias such as "q35" stands for."""

    daemon: Daemon
    kinds: tuple[str, ...] = ()
    machines: Mapping[str, str] = field(default_factory=dict)
    emulator: str = ""
    networks: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()

    @property
    def plugs(self) -> tuple[tuple[str, str], ...]:
        """What a VM can be plugged into, the best first: a network of libvirt's is another one on each host."""
        bridges = [("bridge", name) for name in self.bridges if not TAKEN_BRIDGES.match(name)]
        networks = [("network", name) for name in sorted(self.networks, key=lambda name: name != "default")]
        return (*bridges, *networks)


def parse_capabilities(text: str) -> tuple[tuple[str, ...], dict[str, str], str]:
    """Kinds ("kvm", "qemu"), machine types and emulator for whole VMs of the host's own architecture."""
    root = ET.fromstring(text)  # noqa: S314 - our own daemon's word
    arch = root.findtext("host/cpu/arch", "")
    for guest in root.findall("guest"):
        found = guest.find("arch")
        if guest.findtext("os_type") != "hvm" or found is None or found.get("name") != arch:
            continue
        machines = {each.text or "": each.get("canonical", each.text or "") for each in found.findall("machine")}
        kinds = tuple(sorted({each.get("type", "") for each in found.findall("domain")}))
        return kinds, machines, found.findtext("emulator", "")
    return (), {}, ""


def machine_of_both(offers: Iterable[Offer]) -> str:
    """The newest machine type that all of them know, by its full name: what "q35" means differs; "" where none is."""
    known = [offer.machines for offer in offers]
    if not known:
        return ""
    names = set.intersection(*(set(machines.values()) for machines in known))
    for family in FAMILIES:
        # What one of them takes for the newest is a version of its distribution, too.
        for machines in known:
            if machines.get(family) in names:
                return machines[family]
        numbered = sorted((_version(name), name) for name in names if name.startswith(f"pc-{_long(family)}-"))
        if numbered:
            return numbered[-1][1]
    return ""


def plugs_of_both(offers: Iterable[Offer]) -> tuple[tuple[str, str], ...]:
    """The networks and bridges that all of them have, in the order of the first."""
    first, *others = [offer.plugs for offer in offers]
    return tuple(plug for plug in first if all(plug in other for other in others))


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


def _long(family: str) -> str:
    return "i440fx" if family == "pc" else family


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", name.rpartition("-")[2]))
