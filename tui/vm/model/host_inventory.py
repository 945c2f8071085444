"""What libvirt on a host has for VMs: storage pools, secrets, and the devices that its QEMU supports."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tui.core.vm import Inventory
from tui.vm.model.domain import Disk

FOLDER_POOLS = ("dir", "fs", "netfs", "vstorage")
# The volumes of iscsi, scsi and mpath pools are devices, too, but their names are not those of the devices.
DEVICE_POOLS = ("logical", "disk", "zfs")
# The enumerations of libvirt's domain capabilities, and the values that all of its versions report if QEMU has them.
ENUMS = {
    "graphics": ("type", frozenset({"vnc", "spice"})),
    "video": ("modelType", frozenset({"vga", "cirrus", "vmvga", "qxl", "virtio", "bochs"})),
    "redirdev": ("bus", frozenset({"usb"})),
}


@dataclass(frozen=True)
class Pool:
    """One active storage pool: libvirt's type and its folder."""

    kind: str
    path: str = ""


@dataclass(frozen=True)
class HostInventory:
    """`supported` are values by the names in ENUMS; a name is absent if libvirt does not report it.

    `secrets` are UUIDs, None if the daemon has no driver of secrets.
    """

    pools: Mapping[str, Pool] = field(default_factory=dict)
    secrets: frozenset[str] | None = None
    supported: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def lacks(self, what: str, value: str) -> bool:
        """Whether libvirt reports such devices, but not this one."""
        return value in ENUMS[what][1] and value not in self.supported.get(what, frozenset({value}))

    def resolved(self, disk: Disk) -> Disk:
        """The disk with the file or device of its volume; itself if it is none, or if the pool is unknown."""
        pool = self.pools.get(disk.pool) if disk.kind == "volume" else None
        if pool is None:
            return disk
        path = f"{pool.path.rstrip('/')}/{disk.source}"
        if pool.kind in FOLDER_POOLS:
            return replace(disk, kind="file", source=path)
        return replace(disk, kind="block", source=path) if pool.kind in DEVICE_POOLS else replace(disk, kind="network")


def parse_inventory(found: Inventory) -> HostInventory:
    """From libvirt's XML; what is not valid is left out."""
    pools = {}
    for text in found.pools:
        root = _tree(text)
        if root is not None:
            pools[root.findtext("name", "")] = Pool(root.get("type", ""), root.findtext("target/path", ""))
    secrets = None if found.secrets is None else frozenset(found.secrets)
    return HostInventory(pools, secrets, _supported(found.capabilities))


def _supported(text: str) -> dict[str, frozenset[str]]:
    root = _tree(text)
    found: dict[str, frozenset[str]] = {}
    for name, (enum, _) in ENUMS.items():
        device = None if root is None else root.find(f"devices/{name}")
        if device is not None:
            values = frozenset(each.text or "" for each in device.findall(f"enum[@name='{enum}']/value"))
            if values or device.get("supported") == "no":
                found[name] = values
    return found


def _tree(text: str) -> ET.Element | None:
    try:
        return ET.fromstring(text)  # noqa: S314 - XML of our own daemon
    except ET.ParseError:
        return None
