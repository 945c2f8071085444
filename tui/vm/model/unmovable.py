"""What of a domain XML QEMU marks as not migratable; libvirt reads QEMU's list of it before a migration."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator

# Formats of images whose drivers block a migration, because they keep state of the image in memory.
FORMATS = frozenset({"qcow", "vmdk", "vdi", "vpc", "vhdx", "parallels", "ploop"})
# Mediated devices, of which QEMU migrates other ones: their model, and what an operator calls them.
MEDIATED = {
    "vfio-ap": "a crypto device of the host (vfio-ap)",
    "vfio-ccw": "a channel device of the host (vfio-ccw)",
}
# The devices that are not migratable in any QEMU from 7.2 to 10.0: an XPath, and what an operator calls them.
DEVICES = {
    "launchSecurity": "encrypted memory (<launchSecurity>)",
    "features/hyperv[@mode='passthrough']": "the Hyper-V features of the host (<hyperv mode='passthrough'>)",
    "devices/crypto[@model='virtio']": "a crypto device",
    "devices/sound[@model='virtio']": "a virtio sound card",
    "devices/sound[@model='usb']": "a USB sound card",
    "devices/input[@type='passthrough']": "an input device of the host (<input type='passthrough'>)",
    "devices/iommu[@model='amd']": "an AMD IOMMU",
    "devices/channel[@type='qemu-vdagent']": "a qemu-vdagent channel",
    "devices/video/model[@type='virtio']/acceleration[@accel3d='yes']": "a virtio video card with 3D acceleration",
    "devices/serial/target[@type='usb-serial']": "a USB serial port",
    "devices/interface/model[@type='usb-net']": "a USB network card",
    "devices/controller[@type='nvme']": "an emulated NVMe controller",
    "devices/filesystem/driver[@type='mtp']": "a host folder by MTP",
    "devices/hostdev[@type='scsi_host']": "a vhost-scsi device",
    **{f"devices/hostdev[@model='{model}']": what for model, what in MEDIATED.items()},
}


def unmovable(root: ET.Element) -> Iterator[str]:
    """The devices, features and image formats, each once."""
    yield from (what for path, what in DEVICES.items() if root.find(path) is not None)
    for disk in root.findall("devices/disk"):
        target = disk.find("target")
        formats = [each.get("type", "") for each in (*disk.findall("driver"), *disk.findall(".//format"))]
        for name in dict.fromkeys(formats):
            if name in FORMATS:
                yield f"an image in the format {name} (disk {'' if target is None else target.get('dev', '')})"
