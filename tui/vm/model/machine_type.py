"""QEMU's machine types: what chipset a VM has, and of which version; both hosts must know it."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass

from tui.vm.model.domain import tree

CHIPSETS = ("pc-q35", "pc-i440fx")


@dataclass(frozen=True)
class VmDefinition:
    """What of a VM's definition must fit both hosts; "" is what it leaves open."""

    machine: str = ""
    virtualization: str = ""  # host_cpu.KVM or QEMU
    cpu_mode: str = ""  # such as "host-model"
    cpu: str = ""  # its <cpu>, as XML


def parse_definition(xml: str) -> VmDefinition:
    """Of a domain's XML; BadDefinition where it is none."""
    root = tree(xml)
    kind, cpu = root.find("os/type"), root.find("cpu")
    return VmDefinition(
        machine="" if kind is None else kind.get("machine", ""),
        virtualization=root.get("type", ""),
        cpu_mode="" if cpu is None else cpu.get("mode", "custom"),
        cpu="" if cpu is None else ET.tostring(cpu, encoding="unicode").strip(),
    )


def newest_common(source: Iterable[str], destination: Iterable[str]) -> tuple[str, ...]:
    """For each chipset of PCs the newest type that both know."""
    both = set(source) & set(destination)
    found = []
    for chipset in CHIPSETS:
        versions = [each for each in both if re.fullmatch(rf"{chipset}-[0-9.]+", each)]
        if versions:
            found.append(max(versions, key=_version))
    return tuple(found)


def _version(machine: str) -> tuple[int, ...]:
    return tuple(int(part) for part in machine.rpartition("-")[2].split(".") if part)
