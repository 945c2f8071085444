"""What a host is asked about because of the VMs that may come to it, or leave it."""

from collections.abc import Iterable

from tui.vm.model.domain import Domain
from tui.vm.model.host_inventory import HostInventory
from tui.vm.model.rules.rule import on_shared


def wanted_paths(domains: Iterable[Domain], inventory: HostInventory, folder: str) -> tuple[str, ...]:
    """Files and devices outside the shared folder whose presence on both hosts decides; volumes by the host's pools."""
    found: dict[str, None] = {}
    for domain in domains:
        hardware = domain.hardware
        disks = (file for disk in domain.disks for file in inventory.resolved(disk).files)
        firmware = (hardware.firmware.loader, hardware.firmware.template, hardware.firmware.nvram)
        folders = (each.path for each in hardware.folders)
        others = (path for _, path in hardware.needs.files)
        for path in (*disks, *domain.boot_files, *firmware, *folders, *others):
            if path.startswith("/") and "\n" not in path and not on_shared(path, folder):
                found[path] = None
    return tuple(found)


def wanted_cpus(domains: Iterable[Domain]) -> tuple[tuple[str, str], ...]:
    """The CPUs of running VMs and how they are virtualized; libvirt has spelled out their features."""
    live = (each for each in domains if each.hardware.live and each.cpu_mode == "custom" and each.cpu_xml)
    return tuple(dict.fromkeys((each.cpu_xml, each.kind) for each in live))
