"""What a domain XML needs of its host besides disks, firmware and networks: programs, files, ports, secrets."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from tui.core.quantity import whole

CHARACTER = ("serial", "parallel", "console", "channel")  # libvirt's character devices
ALWAYS_THERE = ("/dev/urandom", "/dev/random")
# Files and devices that QEMU opens at its start: an XPath, the attribute with the path (none: the text), the noun.
FILES = (
    ("devices/emulator", "", "QEMU program"),
    ("os/shim", "", "shim"),
    ("os/acpi/table", "", "ACPI table"),
    ("os/varstore", "template", "template"),
    ("sysinfo[@type='fwcfg']/entry", "file", "fw_cfg file"),
    ("devices/*/rom", "file", "ROM"),
    ("devices/rng/backend[@model='random']", "", "random number generator"),
    ("devices/input[@type='evdev']/source", "dev", "input device"),
    ("devices/graphics/gl", "rendernode", "render node"),
    ("devices/memory/source/path", "", "memory module's file"),
    ("devices/disk/source/reservations/source", "path", "socket of a disk's reservations"),
    ("devices/disk/source/host[@transport='unix']", "socket", "socket of a disk"),
    ("devices/disk/source/config", "file", "Ceph configuration"),
    ("devices/disk/source/identity", "keyfile", "ssh key of a disk"),
    ("blkiotune/device/path", "", "block device of <blkiotune>"),
    *((f"devices/{each}[@type='dev']/source", "path", "character device") for each in CHARACTER),
    *((f"devices/{each}[@type='unix']/source[@mode='connect']", "path", "socket") for each in CHARACTER),
)


@dataclass(frozen=True)
class SerialPort:
    """A TCP (also Telnet) or UDP port of the host that leads to a serial port of the VM; 0 if QEMU chooses it."""

    address: str
    port: int
    udp: bool = False


@dataclass(frozen=True)
class HostNeeds:
    """`files` are paths with their nouns; `secrets` the UUIDs of libvirt's secrets for disks."""

    files: tuple[tuple[str, str], ...] = ()
    serial_ports: tuple[SerialPort, ...] = ()
    secrets: tuple[str, ...] = ()


def host_needs(root: ET.Element) -> HostNeeds:
    """Read it from the tree of a domain XML."""
    secrets = (each.get("uuid", "") for each in root.findall("devices/*//secret"))
    return HostNeeds(
        tuple(dict.fromkeys(_files(root))),
        tuple(dict.fromkeys(_serial_ports(root))),
        tuple(dict.fromkeys(filter(None, secrets))),
    )


def _files(root: ET.Element) -> Iterator[tuple[str, str]]:
    for xpath, attribute, noun in FILES:
        for each in root.findall(xpath):
            path = each.get(attribute, "") if attribute else (each.text or "").strip()
            if path.startswith("/") and path not in ALWAYS_THERE:
                yield noun, path


def _serial_ports(root: ET.Element) -> Iterator[SerialPort]:
    for device in CHARACTER:
        for kind in ("tcp", "udp"):
            for each in root.findall(f"devices/{device}[@type='{kind}']/source[@mode='bind']"):
                yield SerialPort(each.get("host", ""), whole(each.get("service", "")) or 0, kind == "udp")
