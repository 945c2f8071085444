"""The steps of the NFS list, in the order in which they are done, each on its host."""

from tui.checklist.model.step import Step, nothing
from tui.core.settings import DESTINATION, SOURCE, STORAGE
from tui.nfs.model.checks import bind, exports, firewall, folder, image, mount, service, sharing
from tui.nfs.model.checks import package as nfs_package
from tui.nfs.model.checks.common import (
    Check,
    Remedy,
    client_change,
    client_check,
    host_change,
    host_check,
    only_for_nfs,
    server_change,
    server_check,
)
from tui.nfs.model.facts import NfsFacts

Steps = tuple[Step[NfsFacts], ...]

SERVER_WHY = "It serves the image folder to the source and the destination."
CLIENT_WHY = "It mounts the folder that the storage server exports."
SINGLE_WHY = "Two QEMUs that write to one image destroy it."


def _step(
    id: str, title: str, why: str, check: Check, change: Remedy = nothing, needs: tuple[str, ...] = ()
) -> Step[NfsFacts]:
    """A step whose host is the first part of its id; `needs` on the same host are named without it."""
    host = id.partition(".")[0]
    return Step(id, host, title, why, check, change, tuple(n if "." in n else f"{host}.{n}" for n in needs))


def all_steps() -> Steps:
    """The whole list."""
    return (
        *_package_steps(STORAGE, "the NFS server is installed", SERVER_WHY),
        *_image_folder_steps(),
        *_export_steps(),
        *_client_steps(SOURCE),
        *_client_steps(DESTINATION),
        *_proof_steps(),
        *(_libvirt_step(role) for role in (SOURCE, DESTINATION)),
        *(_image_step(role) for role in (SOURCE, DESTINATION)),
        _step("source.single", "the VM's image is not in use twice", SINGLE_WHY, image.check_single),
    )


def _package_steps(role: str, title: str, why: str) -> Steps:
    return (
        _step(
            f"{role}.lists",
            "the package is available",
            "The package lists of a new system are often empty.",
            only_for_nfs(host_check(role, nfs_package.check_lists)),
            host_change(role, nfs_package.change_lists),
        ),
        _step(
            f"{role}.package",
            title,
            why,
            only_for_nfs(host_check(role, nfs_package.check_package)),
            host_change(role, nfs_package.change_package),
            ("lists",),
        ),
    )


def _folder_step(role: str, title: str, why: str) -> Step[NfsFacts]:
    check = host_check(role, lambda _facts, host: folder.check_folder(host.folder))
    change = host_change(role, lambda _facts, host: folder.change_folder(role, host.folder))
    return _step(f"{role}.folder", title, why, check, change)


def _image_folder_steps() -> Steps:
    return (
        _step(
            "storage.images",
            "the image folder exists",
            "It holds the images of the VMs.",
            server_check(lambda _facts, server: folder.check_folder(server.images)),
            server_change(lambda _facts, server: folder.change_folder(STORAGE, server.images)),
        ),
        _folder_step(STORAGE, "the exported folder exists", "The image folder is mounted there and exported."),
        _step(
            "storage.bind",
            "the image folder is mounted at the exported folder",
            "The clients mount the exported folder at the same path. A mount made by hand does not survive a restart; "
            "a line in /etc/fstab does.",
            only_for_nfs(server_check(bind.check_bind)),
            server_change(bind.change_bind),
            ("images", "folder"),
        ),
        _step(
            "storage.space",
            "the image folder has free space",
            "A VM that can't write is paused, and its migration fails.",
            server_check(lambda _facts, server: folder.check_space(server.images)),
            needs=("images",),
        ),
    )


def _export_steps() -> Steps:
    """The steps that export the folder and let both hosts connect."""
    return (
        _step(
            "storage.firewall",
            "the firewall lets both hosts in",
            "NFS 4 needs one port of the storage server, tcp 2049.",
            only_for_nfs(server_check(firewall.check_firewall)),
            server_change(firewall.change_firewall),
            ("package",),
        ),
        _step(
            "storage.wrappers",
            "TCP wrappers let both hosts in",
            "If a daemon still uses them, /etc/hosts.deny can refuse hosts that the firewall lets in.",
            only_for_nfs(server_check(firewall.check_wrappers)),
            server_change(firewall.change_wrappers),
            ("package",),
        ),
        _step(
            "storage.exports",
            "the folder is exported to the two hosts only",
            "A host that may mount it can read and change every image.",
            only_for_nfs(server_check(exports.check_exports)),
            server_change(exports.change_exports),
            ("package", "folder"),
        ),
        _step(
            "storage.service",
            "the NFS server runs and starts with the host",
            "Without it, programs on both hosts block as soon as they access an image.",
            only_for_nfs(server_check(service.check_service)),
            server_change(service.change_service),
            ("package", "bind"),
        ),
        _step(
            "storage.active",
            "the exports are in effect",
            "A line in /etc/exports has no effect until exportfs has read it.",
            only_for_nfs(server_check(exports.check_active)),
            server_change(exports.change_active),
            ("exports", "service", "bind"),
        ),
    )


def _client_steps(role: str) -> Steps:
    return (
        *_package_steps(role, "the NFS client is installed", CLIENT_WHY),
        _folder_step(role, "the folder exists", "The images have the same path on all three hosts."),
        _step(
            f"{role}.port",
            "the NFS port of the storage server is reachable",
            "The app connects to it with a timeout of seconds, because a mount would wait for minutes.",
            only_for_nfs(client_check(role, mount.check_port)),
            needs=("storage.active", "storage.firewall"),
        ),
        _step(
            f"{role}.mount",
            "the exported folder is mounted, now and after a restart",
            "Both hosts use the same file as the VM's disk, so the migration transfers memory only.",
            only_for_nfs(client_check(role, mount.check_mount)),
            client_change(role, mount.change_mount),
            ("package", "folder", "port"),
        ),
        _step(
            f"{role}.listing",
            "the folder has the same images as on the storage server",
            "A VM can't run on a host that does not have its image.",
            client_check(role, sharing.check_listing),
            needs=("mount",),
        ),
    )


def _proof_steps() -> Steps:
    """The steps that show the results of the proof."""
    return (
        _step(
            "source.write",
            "QEMU's user can write to the folder on the source",
            "When a VM starts, libvirt, as root, changes the image's owner to QEMU's user; QEMU writes as that user.",
            sharing.check_write,
            needs=("mount",),
        ),
        _step(
            "destination.read",
            "the destination reads the source's file",
            "The VM continues there with the same disk, as QEMU's user of that host.",
            sharing.check_read,
            needs=("mount", "source.write"),
        ),
        _step(
            "storage.seen",
            "the storage server has the source's file",
            "Otherwise the hosts share a folder other than the configured one.",
            sharing.check_seen,
            needs=("source.write",),
        ),
        _step(
            "destination.lock",
            "the destination respects a lock of the source",
            "QEMU locks an image so that no other QEMU writes to it.",
            sharing.check_lock,
            needs=("mount", "source.write"),
        ),
    )


def _libvirt_step(role: str) -> Step[NfsFacts]:
    return _step(
        f"{role}.libvirt",
        "libvirt treats the folder as shared",
        "It refuses to migrate a VM whose disk it treats as local.",
        client_check(role, sharing.check_libvirt),
        needs=("mount",),
    )


def _image_step(role: str) -> Step[NfsFacts]:
    return _step(
        f"{role}.image",
        "the VM's image is in the folder, and QEMU can open it",
        "A VM with a disk elsewhere can't be migrated, or does not start again.",
        client_check(role, image.check_image),
        needs=("mount",),
    )
