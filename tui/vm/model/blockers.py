"""What blocks the migration of a VM or may make it fail, each as a sentence."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from tui.vm.model.domain import Disk, Domain, Nic
from tui.vm.model.offer import Offer

SAFE_CACHES = ("none", "directsync")


@dataclass(frozen=True)
class Blocker:
    """One reason; with `doubt` the migration may still succeed."""

    text: str
    doubt: bool = False


def on_shared(path: str, folder: str) -> bool:
    """Whether a path is below `folder`; a path with ".." is not."""
    parts = PurePosixPath(path).parts
    return ".." not in parts and PurePosixPath(path).is_relative_to(folder)


def is_shared(disk: Disk, folder: str) -> bool:
    """Whether both hosts can open the drive's medium; True without a medium and for a network disk."""
    if not disk.source or disk.kind == "network":
        return True
    return disk.kind == "file" and all(on_shared(path, folder) for path in disk.files)


def blockers(domain: Domain, folder: str, target: str, there: Offer | None, here: Offer | None) -> tuple[Blocker, ...]:
    """What blocks the migration to `target`; `there` and `here` are the hosts' offers, None if unknown."""
    return (
        *_devices(domain),
        *(blocker for disk in domain.disks for blocker in _disk(disk, folder)),
        *_boot_files(domain, folder),
        *(blocker for nic in domain.nics for blocker in _nic(nic, target, there)),
        *_machine(domain, target, there),
        *_cpu(domain, target, there, here),
    )


def _devices(domain: Domain) -> Iterator[Blocker]:
    for device in domain.host_devices:
        yield Blocker(f"It uses the host device {device}, which can't migrate.")
    for path in domain.host_folders:
        yield Blocker(f"It uses the host folder {path or '(unnamed)'}, which can't migrate.")


def _disk(disk: Disk, folder: str) -> Iterator[Blocker]:
    if not disk.source:
        return
    if not is_shared(disk, folder):
        medium = "CD-ROM" if disk.device == "cdrom" else "Floppy" if disk.device == "floppy" else "Disk"
        path = next((each for each in disk.files if not on_shared(each, folder)), disk.source)
        base = " is based on" if path in disk.backing else " is"
        advice = "" if disk.device == "disk" else " Eject it."
        yield Blocker(f"{medium} {disk.target}{base} {path}, which is not on the shared folder {folder}.{advice}")
    elif disk.kind == "file" and not disk.readonly and disk.device == "disk" and disk.cache not in SAFE_CACHES:
        cache = f"cache={disk.cache}" if disk.cache else "QEMU's default cache (writeback)"
        yield Blocker(f"Disk {disk.target} has {cache}: libvirt may refuse it as unsafe. Use cache=none.", doubt=True)


def _boot_files(domain: Domain, folder: str) -> Iterator[Blocker]:
    for path in domain.boot_files:
        if not on_shared(path, folder):
            yield Blocker(f"It boots from {path}, which is not on the shared folder {folder}.", doubt=True)


def _nic(nic: Nic, target: str, there: Offer | None) -> Iterator[Blocker]:
    if nic.kind == "hostdev":
        yield Blocker("It uses a network card of the host, which can't migrate.")
    elif nic.kind in ("direct", "vdpa"):
        yield Blocker(f"It is connected to the host device {nic.source}; {target} needs one of that name.", doubt=True)
    elif there is not None and nic.kind in ("bridge", "network"):
        known = there.bridges if nic.kind == "bridge" else there.networks
        if nic.source not in known:
            yield Blocker(f"The {nic.kind} {nic.source} is missing on {target}.")


def _machine(domain: Domain, target: str, there: Offer | None) -> Iterator[Blocker]:
    if there is None or not there.machines:
        return
    if domain.machine and domain.machine not in there.machines:
        yield Blocker(f"QEMU on {target} does not support the machine type {domain.machine}.")


def _cpu(domain: Domain, target: str, there: Offer | None, here: Offer | None) -> Iterator[Blocker]:
    if domain.cpu not in ("host-passthrough", "maximum") or there is None or here is None:
        return
    if here.daemon.cpu_model != there.daemon.cpu_model:
        models = f"{here.daemon.cpu_model} here, {there.daemon.cpu_model} on {target}"
        yield Blocker(f"It uses the host CPU ({domain.cpu}), and the hosts have different ones: {models}.")
