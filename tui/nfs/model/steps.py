"""The steps of the NFS list, in the order in which they are done, each on its host."""

from collections.abc import Callable
from dataclasses import replace

from tui.checklist.model.check import Finding, check_lists
from tui.checklist.model.step import Step, nothing
from tui.core.host_words import all_of, the
from tui.linux.change import Change
from tui.linux.folder import Folder
from tui.nfs.model.checks import bind, exports, firewall, folder, image, mount, package, service, sharing
from tui.nfs.model.checks.common import Check, H, Remedy, host_change, host_check, only_for_nfs
from tui.nfs.model.facts import ClientRead, HostRead, NfsFacts, ServerRead, Shared

Steps = tuple[Step[NfsFacts], ...]

SERVER_WHY = "It serves the image folder to the hosts that run VMs."
CLIENT_WHY = "It mounts the folder that the storage server exports."


def all_steps(shared: Shared) -> Steps:
    """The whole list; none without a storage server."""
    if not shared.server:
        return ()
    return (
        *_package_steps(shared.server, "the NFS server is installed", SERVER_WHY),
        *_image_folder_steps(shared.server),
        *_export_steps(shared),
        *(step for role in shared.clients for step in _client_steps(shared, role)),
        *_proof_steps(shared),
        *(_on(ClientRead, f"{role}.libvirt", "libvirt treats the folder as shared",
              "It refuses to migrate a VM whose disk it treats as local.",
              sharing.check_libvirt, None, "mount") for role in shared.clients),
        *(_on(ClientRead, f"{role}.image", "the VM's image is in the folder, and QEMU can open it",
              "A VM with a disk elsewhere can't be migrated, or does not start again.",
              image.check_image, None, "mount") for role in shared.clients),
        _step(f"{shared.writer}.single", "the VM's image is not in use twice",
              "Two QEMUs that write to one image destroy it.", image.check_single),
    )  # fmt: skip


def _step(id: str, title: str, why: str, check: Check, change: Remedy = nothing, *needs: str) -> Step[NfsFacts]:
    """A step whose host is the first part of its id; `needs` on the same host are named without it."""
    host = id.partition(".")[0]
    return Step(id, host, title, why, check, change, tuple(n if "." in n else f"{host}.{n}" for n in needs))


def _on(
    kind: type[H],
    id: str,
    title: str,
    why: str,
    check: Callable[[NfsFacts, H], Finding | None],
    change: Callable[[NfsFacts, H], Change | str] | None,
    *needs: str,
) -> Step[NfsFacts]:
    """A step about the facts of its host alone."""
    role = id.partition(".")[0]
    remedy = host_change(role, kind, change) if change else nothing
    return _step(id, title, why, host_check(role, kind, check), remedy, *needs)


def _folder_step(kind: type[H], id: str, title: str, why: str, of: Callable[[H], Folder]) -> Step[NfsFacts]:
    def change(_facts: NfsFacts, host: H) -> Change | str:
        return folder.change_folder(host.role, of(host))

    return _on(kind, id, title, why, lambda _facts, host: folder.check_folder(of(host)), change)


def _only_for_nfs(*steps: Step[NfsFacts]) -> Steps:
    return tuple(replace(step, check=only_for_nfs(step.check)) for step in steps)


def _package_steps(role: str, title: str, why: str) -> Steps:
    return _only_for_nfs(
        _on(HostRead, f"{role}.lists", "the package is available",
            "apt installs only what its lists contain; a new system's lists are often empty.",
            lambda _facts, host: check_lists(host.package), package.change_lists),
        _on(HostRead, f"{role}.package", title, why, package.check_package, package.change_package, "lists"),
    )  # fmt: skip


def _image_folder_steps(server: str) -> Steps:
    return (
        _folder_step(ServerRead, f"{server}.images", "the image folder exists",
                     "It holds the images of the VMs.", lambda server: server.images),
        _folder_step(ServerRead, f"{server}.folder", "the exported folder exists",
                     "The image folder is mounted there and exported.", lambda server: server.folder),
        *_only_for_nfs(
            _on(ServerRead, f"{server}.bind", "the image folder is mounted at the exported folder",
                "The clients mount the exported folder at the same path. A mount made by hand does not survive a "
                "restart; a line in /etc/fstab does.",
                bind.check_bind, bind.change_bind, "images", "folder"),
        ),
        _on(ServerRead, f"{server}.space", "the image folder has free space",
            "A VM that can't write is paused, and its migration fails.",
            lambda _facts, server: folder.check_space(server.images), None, "images"),
    )  # fmt: skip


def _export_steps(shared: Shared) -> Steps:
    """The steps that export the folder and let the clients connect."""
    server, clients = shared.server, all_of(shared.clients)
    only = "the two hosts only" if len(shared.clients) == 2 else "these hosts only"
    return _only_for_nfs(
        _on(ServerRead, f"{server}.firewall", f"the firewall lets {clients} in",
            "NFS 4 needs one port of the storage server, tcp 2049.",
            firewall.check_firewall, firewall.change_firewall, "package"),
        _on(ServerRead, f"{server}.wrappers", f"TCP wrappers let {clients} in",
            "If a daemon still uses them, /etc/hosts.deny can refuse hosts that the firewall lets in.",
            firewall.check_wrappers, firewall.change_wrappers, "package"),
        _on(ServerRead, f"{server}.exports", f"the folder is exported to {only}",
            "A host that may mount it can read and change every image.",
            exports.check_exports, exports.change_exports, "package", "folder"),
        _on(ServerRead, f"{server}.service", "the NFS server runs and starts with the host",
            "Without it, programs on the hosts block as soon as they access an image.",
            service.check_service, service.change_service, "package", "bind"),
        _on(ServerRead, f"{server}.active", "the exports are in effect",
            "A line in /etc/exports has no effect until exportfs has read it.",
            exports.check_active, exports.change_active, "exports", "service", "bind"),
    )  # fmt: skip


def _client_steps(shared: Shared, role: str) -> Steps:
    return (
        *_package_steps(role, "the NFS client is installed", CLIENT_WHY),
        _folder_step(ClientRead, f"{role}.folder", "the folder exists",
                     "The images have the same path on all hosts.", lambda client: client.folder),
        *_only_for_nfs(
            _on(ClientRead, f"{role}.port", "the NFS port of the storage server is reachable",
                "The app connects to it with a timeout of seconds, because a mount would wait for minutes.",
                mount.check_port, None, f"{shared.server}.active", f"{shared.server}.firewall"),
            _on(ClientRead, f"{role}.mount", "the exported folder is mounted, now and after a restart",
                "All hosts use the same file as the VM's disk, so the migration transfers memory only.",
                mount.check_mount, mount.change_mount, "package", "folder", "port"),
        ),
        _on(ClientRead, f"{role}.listing", "the folder has the same images as on the storage server",
            "A VM can't run on a host that does not have its image.", sharing.check_listing, None, "mount"),
    )  # fmt: skip


def _proof_steps(shared: Shared) -> Steps:
    """The steps that show the results of the proof."""
    writer, written = the(shared.writer), f"{shared.writer}.write"

    def reads(reader: str) -> Step[NfsFacts]:
        return _step(f"{reader}.read", f"{the(reader)} reads {writer}'s file",
                     "The VM continues there with the same disk, as QEMU's user of that host.",
                     lambda facts: sharing.check_read(facts, reader), nothing, "mount", written)  # fmt: skip

    def locks(reader: str) -> Step[NfsFacts]:
        return _step(f"{reader}.lock", f"{the(reader)} respects a lock of {writer}",
                     "QEMU locks an image so that no other QEMU writes to it.",
                     lambda facts: sharing.check_lock(facts, reader), nothing, "mount", written)  # fmt: skip

    return (
        _step(written, f"QEMU's user can write to the folder on {writer}",
              "When a VM starts, libvirt, as root, changes the image's owner to QEMU's user; QEMU writes as that user.",
              sharing.check_write, nothing, "mount"),
        *map(reads, shared.readers),
        _step(f"{shared.server}.seen", f"the storage server has {writer}'s file",
              "Otherwise the hosts share a folder other than the configured one.",
              sharing.check_seen, nothing, written),
        *map(locks, shared.readers),
    )  # fmt: skip
