"""The domain XML of a VM that can migrate: virtio, no host cache, nothing that only one host has."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from tui.vm.model.cpu import QEMU
from tui.vm.model.xml_tree import tree_of


@dataclass(frozen=True)
class DomainSpec:
    """The input of a definition; empty `cpu_xml`: QEMU's default, empty `seed`: no disk; `network`: kind and name."""

    name: str
    vcpus: int
    memory_bytes: int
    disk: str
    format: str = "qcow2"
    cache: str = "none"
    seed: str = ""
    kind: str = QEMU
    machine: str = ""
    cpu_xml: str = ""
    network: tuple[str, str] | None = None


def domain_xml(spec: DomainSpec) -> str:
    """The definition that is shown, edited and passed to libvirt, which adds UUID and MAC address."""
    root = ET.Element("domain", type=spec.kind)
    _add(root, "name", spec.name)
    _add(root, "memory", str(spec.memory_bytes // 1024), unit="KiB")
    _add(root, "vcpu", str(spec.vcpus))
    os = _add(root, "os")
    _add(os, "type", "hvm", arch="x86_64", **({"machine": spec.machine} if spec.machine else {}))
    _add(os, "boot", dev="hd")
    features = _add(root, "features")
    _add(features, "acpi")
    _add(features, "apic")
    if spec.cpu_xml:
        root.append(tree_of(spec.cpu_xml, "The CPU of the hosts can't be read"))
    _add(root, "clock", offset="utc")
    _add(root, "on_poweroff", "destroy")
    _add(root, "on_reboot", "restart")
    _add(root, "on_crash", "destroy")
    _devices(_add(root, "devices"), spec)
    return text_of(root)


def text_of(root: ET.Element) -> str:
    """An XML tree as text, indented by two spaces."""
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _devices(devices: ET.Element, spec: DomainSpec) -> None:
    disk = _add(devices, "disk", type="file", device="disk")
    # Without discard a qcow2 image never shrinks.
    _add(disk, "driver", name="qemu", type=spec.format, cache=spec.cache, discard="unmap")
    _add(disk, "source", file=spec.disk)
    _add(disk, "target", dev="vda", bus="virtio")
    if spec.seed:
        # A disk instead of a CD-ROM: cloud-init finds it by its label, and no medium blocks a migration later.
        seed = _add(devices, "disk", type="file", device="disk")
        _add(seed, "driver", name="qemu", type="raw")
        _add(seed, "source", file=spec.seed)
        _add(seed, "target", dev="vdb", bus="virtio")
        _add(seed, "readonly")
    _add(devices, "controller", type="usb", model="none")
    if spec.network is not None:
        kind, name = spec.network
        nic = _add(devices, "interface", type=kind)
        _add(nic, "source", **{kind: name})
        _add(nic, "model", type="virtio")
    _add(devices, "serial", type="pty")
    _add(_add(devices, "console", type="pty"), "target", type="serial")
    channel = _add(devices, "channel", type="unix")
    _add(channel, "target", type="virtio", name="org.qemu.guest_agent.0")
    _add(devices, "memballoon", model="virtio")
    rng = _add(devices, "rng", model="virtio")
    _add(rng, "backend", "/dev/urandom", model="random")


def _add(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text or None
    return element
