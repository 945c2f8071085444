"""Rules about disks; libvirt's own are in qemuMigrationSrcIsSafe and qemuMigrationSrcIsAllowed."""

import shlex
from collections.abc import Callable, Iterator

from tui.core.quantity import size
from tui.vm.model.domain import Disk
from tui.vm.model.host_facts import HostFile
from tui.vm.model.rules import mend
from tui.vm.model.rules.rule import BLOCKED, DOUBTFUL, NOTE, Case, Rule, Words, on_shared

Finder = Callable[[Case], Iterator[Words]]
Test = Callable[[HostFile | None, HostFile | None], bool]

MEDIA = {"cdrom": "CD-ROM", "floppy": "Floppy"}
SAFE_CACHES = ("none", "directsync")
OPTIONAL = ("optional", "requisite")  # values of startupPolicy
# File systems that libvirt takes as shared, as `stat -f` names them; "smb2" is a CIFS mount that it does not know.
SHARED_SYSTEMS = frozenset({"nfs", "nfs4", "ceph", "gfs/gfs2", "gfs2", "ocfs2", "gpfs", "smb", "cifs", "afs", "acfs"})
KNOWN_SINCE = {"fhgfs": (9, 6, 0)}  # BeeGFS, and the first libvirt that takes it as shared
LOCAL_SYSTEMS = frozenset({"ext2/ext3", "xfs", "btrfs", "zfs", "tmpfs", "f2fs", "jfs", "reiserfs", "overlayfs", ""})
# QEMU drops the host's cache at the end of a migration, so any cache mode is safe (migration-file-drop-cache).
DROPS_CACHE = {"libvirt": (5, 6, 0), "qemu": (4, 0, 0)}


def _words(disk: Disk, path: str = "") -> dict[str, str | int]:
    medium = MEDIA.get(disk.device, "Disk")
    verb = "is based on" if path in disk.backing else "keeps its data in" if path in disk.data else "is"
    return {"medium": medium, "disk": disk.target, "verb": verb, "path": path or disk.source}


def _of_kind(*kinds: str) -> Finder:
    def finds(case: Case) -> Iterator[Words]:
        yield from (_words(disk) for disk in case.disks if disk.kind in kinds)

    return finds


def _transient(case: Case) -> Iterator[Words]:
    yield from (_words(disk) for disk in case.domain.disks if disk.transient)


def _job(case: Case) -> Iterator[Words]:
    jobs = dict(case.domain.jobs)
    for disk in case.domain.disks:
        job = disk.job or jobs.get(disk.target)
        if job:
            yield _words(disk) | {"job": job}


def _fat(case: Case) -> Iterator[Words]:
    yield from (_words(disk) for disk in case.disks if disk.kind == "dir" and disk.writable)


# -- files --


def _local(case: Case) -> Iterator[tuple[Disk, str]]:
    """Files outside the shared folder, unless they are on another file system that both hosts share.

    The device of the host in a CD-ROM drive is one of them, because libvirt never requires that it is shared.
    """
    for disk in case.disks:
        block = disk.kind == "block" and disk.device not in MEDIA
        for path in disk.files[1:] if block else disk.files:
            if not on_shared(path, case.folder) and not _on_other_share(case, path):
                yield disk, path
                break


def _on_other_share(case: Case, path: str) -> bool:
    system = _system(case, path)
    since = KNOWN_SINCE.get(system)
    return system in SHARED_SYSTEMS if since is None else not case.older(libvirt=since)


def _system(case: Case, path: str) -> str:
    """The file system, if a file of that size is on one of this kind on both hosts."""
    here, there = case.file_here(path), case.file_there(path)
    same = here and there and here.exists and (here.system, here.size) == (there.system, there.size)
    return here.system if here and same else ""


def _optional(disk: Disk) -> bool:
    return disk.device in MEDIA and disk.policy in OPTIONAL


def _local_disk(*, shareable: bool = False, foreign: bool = False) -> Finder:
    """Images outside the shared folder; `foreign` those that both hosts have on a file system unknown to libvirt."""

    def finds(case: Case) -> Iterator[Words]:
        for disk, path in _local(case):
            if _read_only(disk, path) or path in disk.data:
                continue
            system = _system(case, path)
            if (system not in LOCAL_SYSTEMS) == foreign and (foreign or disk.shareable == shareable):
                yield _words(disk, path) | {"folder": case.folder, "system": system}

    return finds


def _local_data(case: Case) -> Iterator[Words]:
    for disk, path in _local(case):
        if path in disk.data and not _both(case.file_here(path), case.file_there(path)):
            yield _words(disk, path) | {"folder": case.folder}


def _read_only(disk: Disk, path: str) -> bool:
    """Whether a copy at the target is as good as the file itself; libvirt accepts it wherever it lies."""
    return disk.readonly or disk.device == "cdrom" or path in disk.backing


def _copy(test: Test, *, optional: bool, base: bool | None = None) -> Finder:
    """Read-only files outside the shared folder whose copies (there, here) meet the test; with `base`, backing files.

    With `base` False it finds only media and disks that the VM itself can't write.
    """

    def finds(case: Case) -> Iterator[Words]:
        for disk, path in _local(case):
            there, here = case.file_there(path), case.file_here(path)
            wanted = base is None or base == (path in disk.backing)
            if wanted and _read_only(disk, path) and _optional(disk) == optional and test(there, here):
                yield _words(disk, path) | {"folder": case.folder, "fix": _eject(case, disk)}

    return finds


def _eject(case: Case, disk: Disk) -> str:
    command = f"virsh change-media {shlex.quote(case.domain.name)} {shlex.quote(disk.target)} --eject"
    return f"Eject it: {command}." if disk.device in MEDIA else ""


def _missing(there: HostFile | None, _here: HostFile | None) -> bool:
    return there is not None and not there.exists


def _unknown(there: HostFile | None, _here: HostFile | None) -> bool:
    return there is None


def _maybe_missing(there: HostFile | None, _here: HostFile | None) -> bool:
    return there is None or not there.exists


def _other(there: HostFile | None, here: HostFile | None) -> bool:
    return bool(there and here and there.exists and here.exists and there.size != here.size)


def _unsafe_cache(case: Case) -> Iterator[Words]:
    if not case.older(**DROPS_CACHE):
        return
    for disk in case.disks:
        safe = disk.shareable or disk.cache in SAFE_CACHES
        if disk.kind in ("file", "block") and disk.writable and not safe:
            cache = f"cache={disk.cache}" if disk.cache else "QEMU's default cache (writeback)"
            yield _words(disk) | {"cache": cache}


# -- block devices and volumes --


def _block(case: Case) -> Iterator[tuple[Disk, HostFile | None, HostFile | None]]:
    for disk in case.disks:
        if disk.kind == "block" and disk.device not in MEDIA:
            yield disk, case.file_here(disk.source), case.file_there(disk.source)


def _both(here: HostFile | None, there: HostFile | None) -> bool:
    return bool(here and there and here.kind == there.kind == "block")


def _identity(found: HostFile | None) -> str:
    return found.identity if found else ""


def _block_missing(case: Case) -> Iterator[Words]:
    yield from (_words(disk) for disk, _, there in _block(case) if there is not None and there.kind != "block")


def _block_size(case: Case) -> Iterator[Words]:
    for disk, here, there in _block(case):
        if here and there and _both(here, there) and here.size != there.size:
            yield _words(disk) | {"here": size(here.size), "there": size(there.size)}


def _block_identity(case: Case) -> Iterator[Words]:
    for disk, here, there in _block(case):
        known = here and there and _both(here, there) and here.size == there.size
        if known and _identity(here) and _identity(there) and _identity(here) != _identity(there):
            yield _words(disk) | {"here": _identity(here), "there": _identity(there)}


def _block_unknown(case: Case) -> Iterator[Words]:
    for disk, here, there in _block(case):
        missing = there is not None and there.kind != "block"
        if missing or (here and there and (not _both(here, there) or here.size != there.size)):
            continue
        if not (_identity(here) and _identity(there)):
            yield _words(disk)


def _pool_missing(case: Case) -> Iterator[Words]:
    for disk in case.domain.disks:
        pools = {} if case.there is None else case.there.inventory.pools
        if disk.kind == "volume" and disk.source and pools and disk.pool not in pools:
            yield _words(disk) | {"pool": disk.pool}


def _pool_unknown(case: Case) -> Iterator[Words]:
    for disk in case.disks:
        if disk.kind == "volume" and not (case.there is not None and case.there.inventory.pools):
            yield _words(disk)


def _pool_elsewhere(case: Case) -> Iterator[Words]:
    if case.here is None or case.there is None:
        return
    for disk in case.domain.disks:
        here, there = case.here.inventory.resolved(disk), case.there.inventory.resolved(disk)
        if disk.kind == "volume" and "volume" not in (here.kind, there.kind) and here.source != there.source:
            yield _words(disk) | {"pool": disk.pool, "here": here.source, "there": there.source}


WHICH = "{medium} {disk} {verb} {path}, which is not on the shared folder {folder}"
RULES = (
    Rule(
        BLOCKED,
        _transient,
        "Disk {disk} is transient; libvirt does not migrate such a disk.",
        "Remove <transient/> from the definition while the VM is off.",
    ),
    Rule(
        BLOCKED,
        _job,
        "Disk {disk} has an active block job ({job}); libvirt refuses to migrate until it ends.",
        "virsh blockjob {vm} {disk} shows it.",
        mend.abort_job,
    ),
    Rule(BLOCKED, _of_kind("nvme"), "Disk {disk} is an NVMe device of the host; libvirt refuses it as not shared."),
    Rule(
        BLOCKED,
        _fat,
        "Disk {disk} is the host folder {path} as a writable FAT disk, which QEMU can't migrate.",
    ),
    Rule(
        DOUBTFUL,
        _of_kind("vhostuser", "vhostvdpa"),
        "Disk {disk} is provided by another program through {path}; {target} needs the same one at that path.",
    ),
    Rule(
        DOUBTFUL,
        _local_disk(),
        WHICH + "; only a migration that copies it succeeds.",
        "Set the option copy-storage-all when you start it.",
        unless_copied=True,
    ),
    Rule(
        DOUBTFUL,
        _local_disk(shareable=True),
        WHICH + "; libvirt copies a shareable disk only if it is chosen by name.",
        "Set the options copy-storage-all and migrate-disks when you start it.",
    ),
    Rule(
        DOUBTFUL,
        _local_disk(foreign=True),
        WHICH + " but on {system}; libvirt takes that as shared only if it is GlusterFS or Quobyte, or if "
        "shared_filesystems in its qemu.conf names the folder (libvirt 10.8 and later).",
    ),
    Rule(BLOCKED, _local_data, WHICH + "."),
    Rule(BLOCKED, _copy(_missing, optional=False), WHICH + ", and {target} does not have it.", "{fix}", mend.eject),
    Rule(
        BLOCKED,
        _copy(_other, optional=False, base=True),
        WHICH + ", and the file of that name on {target} has another size; the disk would be damaged.",
    ),
    Rule(
        DOUBTFUL,
        _copy(_other, optional=False, base=False),
        WHICH + ", and the file of that name on {target} has another size. libvirt takes it; the guest then reads that "
        "one.",
        "{fix}",
        mend.eject,
    ),
    Rule(
        DOUBTFUL,
        _copy(_unknown, optional=False),
        WHICH + "; whether {target} has it is unknown.",
        "{fix}",
        mend.eject,
    ),
    Rule(
        NOTE,
        _copy(_maybe_missing, optional=True),
        WHICH + "; libvirt ejects it if {target} does not have it.",
    ),
    Rule(
        DOUBTFUL,
        _unsafe_cache,
        "Disk {disk} has {cache}, and a host has a QEMU or libvirt that can't drop the cache: libvirt may refuse it.",
        "Use cache=none.",
    ),
    Rule(
        BLOCKED,
        _block_missing,
        "Disk {disk} is the block device {path}, which {target} does not have.",
        "Connect {target} to the same storage.",
    ),
    Rule(
        BLOCKED,
        _block_size,
        "Disk {disk} is the block device {path}, but that of {target} is another one: {here} here, {there} there.",
    ),
    Rule(
        DOUBTFUL,
        _block_identity,
        "Disk {disk} is the block device {path}, and {target} seems to have another one: {here} here, {there} there.",
        "libvirt does not compare them; two disks would lose data.",
    ),
    Rule(
        DOUBTFUL,
        _block_unknown,
        "Disk {disk} is the block device {path}; libvirt takes it as shared, but whether {target} has the same one is "
        "unknown.",
    ),
    Rule(
        BLOCKED,
        _pool_missing,
        "Disk {disk} is the volume {path} of pool {pool}, which is not active on {target}.",
        "Define and start it there: virsh pool-start {pool}.",
    ),
    Rule(
        DOUBTFUL,
        _pool_unknown,
        "Disk {disk} is the volume {path} of a pool; whether {target} has it is unknown.",
    ),
    Rule(
        DOUBTFUL,
        _pool_elsewhere,
        "Disk {disk} is a volume of pool {pool}, which is {here} here and {there} on {target}.",
        "It can migrate only if both are the same storage.",
    ),
)
