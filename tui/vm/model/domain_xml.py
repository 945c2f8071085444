"""The domain XML of a VM that is made to be migrated: virtio, no cache on the host, nothing that only one host has."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from tui.vm.model.cpu import QEMU


@dataclass(frozen=True)
class DomainSpec:
    """What goes into a definition; `cpu_xml` empty is QEMU's default CPU, `seed` empty no seed, `plug` None no network.

    `plug` is a kind ("bridge", "network") and its name.
    """

    name: str
    vcpus: int
    memory_bytes: int
    disk: str
    format: str = "qcow2"
    cache: str = "none"
    seed: str = ""
    kind: str = QEMU
    arch: str = "x86_64"
    machine: str = ""
    cpu_xml: str = ""
    network: tuple[str, str] | None = None


def domain_xml(shape: DomainSpec) -> str:
    """The definition as it is shown, edited and given to libvirt, which adds UUID and MAC address by itself."""
    root = ET.Element("domain", type=shape.kind)
    _add(root, "name", shape.name)
    _add(root, "memory", str(shape.memory_bytes // 1024), unit="KiB")
    _add(root, "vcpu", str(shape.vcpus))
    os = _add(root, "os")
    _add(os, "type", "hvm", arch=shape.arch, **({"machine": shape.machine} if shape.machine else {}))
    _add(os, "boot", dev="hd")
    features = _add(root, "features")
    _add(features, "acpi")
    _add(features, "apic")
    if shape.cpu_xml:
        root.append(ET.fromstring(shape.cpu_xml))  # noqa: S314 - our own daemon's word
    _add(root, "clock", offset="utc")
    _add(root, "on_poweroff", "destroy")
    _add(root, "on_reboot", "restart")
    _add(root, "on_crash", "destroy")
    _devices(_add(root, "devices"), shape)
    return text_of(root)


def text_of(root: ET.Element) -> str:
    """An XML tree as a person reads it: two spaces a level."""
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _devices(devices: ET.Element, shape: DomainSpec) -> None:
    disk = _add(devices, "disk", type="file", device="disk")
    # Without discard a qcow2 image only grows.
    _add(disk, "driver", name="qemu", type=shape.format, cache=shape.cache, discard="unmap")
    _add(disk, "source", file=shape.disk)
    _add(disk, "target", dev="vda", bus="virtio")
    if shape.seed:
        # A disk and no CD-ROM: cloud-init looks for its label alone, and there is no medium to be left in.
        seed = _add(devices, "disk", type="file", device="disk")
        _add(seed, "driver", name="qemu", type="raw")
        _add(seed, "source", file=shape.seed)
        _add(seed, "target", dev="vdb", bus="virtio")
        _add(seed, "readonly")
    _add(devices, "controller", type="usb", model="none")
    if shape.network is not None:
        kind, name = shape.network
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
