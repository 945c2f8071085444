"""The steps of the shared folder in the order of the work, each on the host where it belongs."""

from collections.abc import Callable

from tui.checklist.model.check import Finding
from tui.checklist.model.step import Step, nothing
from tui.core.settings import DESTINATION, SOURCE, STORAGE
from tui.nfs.model.checks import bind, exports, firewall, folder, image, mount, service, sharing
from tui.nfs.model.checks import package as nfs_package
from tui.nfs.model.checks.common import (
    Check,
    Remedy,
    change_client,
    change_host,
    change_server,
    of_client,
    of_host,
    of_server,
)
from tui.nfs.model.checks.common import unless_shared as only_for_nfs
from tui.nfs.model.facts import NfsFacts

SERVER_WHY = "It serves the folder of the images to the source and the destination."
CLIENT_WHY = "It mounts the folder that the storage server exports."


def _step(
    id: str, title: str, why: str, check: Check, change: Remedy = nothing, needs: tuple[str, ...] = ()
) -> Step[NfsFacts]:
    """A step whose host is the first part of its id; `needs` on the same host are named without it."""
    host = id.partition(".")[0]
    return Step(id, host, title, why, check, change, tuple(n if "." in n else f"{host}.{n}" for n in needs))


def storage_steps() -> tuple[Step[NfsFacts], ...]:
    """What makes the storage server export the folder."""
    return (
        *_package_steps(STORAGE, "the NFS server is installed", SERVER_WHY),
        _step(
            "storage.images",
            "the folder of the images exists",
            "The images of the VMs lie in it.",
            of_server(lambda _facts, server: folder.check_folder(server.images)),
            change_server(lambda _facts, server: folder.change_folder(STORAGE, server.images)),
        ),
        _folder_step(STORAGE, "the exported folder exists", "The images are seen in it, and it is what is exported."),
        _step(
            "storage.bind",
            "the images are seen in the exported folder",
            "Both hosts mount that folder, at the same path. A mount made by hand is gone after a restart; "
            "/etc/fstab keeps it.",
            only_for_nfs(of_server(bind.check_bind)),
            change_server(bind.change_bind),
            ("images", "folder"),
        ),
        _step(
            "storage.space",
            "there is room for images",
            "A VM that can't write stops, and so does a migration.",
            of_server(lambda _facts, server: folder.check_space(server.images)),
            needs=("images",),
        ),
        _step(
            "storage.firewall",
            "both hosts pass the firewall",
            "NFS 4 needs one port of the storage server, tcp 2049.",
            only_for_nfs(of_server(firewall.check_firewall)),
            change_server(firewall.change_firewall),
            ("package",),
        ),
        _step(
            "storage.wrappers",
            "TCP wrappers let both hosts in",
            "Where a daemon still asks them, /etc/hosts.deny can refuse what the firewall lets through.",
            only_for_nfs(of_server(firewall.check_wrappers)),
            change_server(firewall.change_wrappers),
            ("package",),
        ),
        _step(
            "storage.exports",
            "the folder is exported to exactly both hosts",
            "Whoever may mount it can read and change every image: nobody else gets it.",
            only_for_nfs(of_server(exports.check_exports)),
            change_server(exports.change_exports),
            ("package", "folder"),
        ),
        _step(
            "storage.service",
            "the NFS server runs and starts with the host",
            "Without it both hosts stand still as soon as they touch an image.",
            only_for_nfs(of_server(service.check_service)),
            change_server(service.change_service),
            ("package", "bind"),
        ),
        _step(
            "storage.active",
            "the server acts on the exports",
            "A line in /etc/exports has no effect until exportfs has read it.",
            only_for_nfs(of_server(exports.check_active)),
            change_server(exports.change_active),
            ("exports", "service", "bind"),
        ),
    )


def client_steps(role: str) -> tuple[Step[NfsFacts], ...]:
    """What makes a host that runs VMs mount the folder."""
    return (
        *_package_steps(role, "the NFS client is installed", CLIENT_WHY),
        _folder_step(role, "the folder exists", "The images are seen at the same path on all three hosts."),
        _step(
            f"{role}.port",
            "the storage server's NFS can be reached",
            "Tried with a connection, which is given up after seconds: a mount would wait for minutes.",
            only_for_nfs(of_client(role, mount.check_port)),
            needs=("storage.active", "storage.firewall"),
        ),
        _step(
            f"{role}.mount",
            "the exported folder is mounted, now and after a restart",
            "The VM's disk is the same file on both hosts: only memory has to move.",
            only_for_nfs(of_client(role, mount.check_mount)),
            change_client(role, mount.change_mount),
            ("package", "folder", "port"),
        ),
        _step(
            f"{role}.listing",
            "the same images are seen as on the storage server",
            "What one host lacks, a VM that arrives there lacks, too.",
            of_client(role, sharing.check_listing),
            needs=("mount",),
        ),
    )


def proof_steps() -> tuple[Step[NfsFacts], ...]:
    """What proves that all three share the folder, as libvirt and QEMU need it."""
    return (
        _step(
            "source.write",
            "QEMU's user can write through the source",
            "libvirt, as root, gives an image to QEMU's user when the VM starts; QEMU then writes as that user.",
            sharing.check_write,
            needs=("mount",),
        ),
        _step(
            "destination.read",
            "the destination reads what the source wrote",
            "The VM goes on there with the same disk, as that host's QEMU user.",
            sharing.check_read,
            needs=("mount", "source.write"),
        ),
        _step(
            "storage.seen",
            "the storage server has what the source wrote",
            "Else the hosts share another folder than the one that is looked after.",
            sharing.check_seen,
            needs=("source.write",),
        ),
        _step(
            "destination.lock",
            "a lock on one host counts on the other",
            "QEMU locks an image, so that two of them never write to it.",
            sharing.check_lock,
            needs=("mount", "source.write"),
        ),
        *(
            _step(
                f"{role}.libvirt",
                "libvirt takes the folder for shared",
                "It refuses to migrate a VM whose disk it takes for local, as unsafe.",
                of_client(role, sharing.check_libvirt),
                needs=("mount",),
            )
            for role in (SOURCE, DESTINATION)
        ),
        *(
            _step(
                f"{role}.image",
                "the VM's image is in the folder, and QEMU can open it",
                "With a disk anywhere else the VM can't be migrated, or does not start again.",
                of_client(role, image.check_image),
                needs=("mount",),
            )
            for role in (SOURCE, DESTINATION)
        ),
        _step(
            "source.single",
            "the VM's image is not in use twice",
            "Two QEMUs that write to one image destroy it.",
            image.check_single,
        ),
    )


def all_steps() -> tuple[Step[NfsFacts], ...]:
    """The whole list."""
    return (*storage_steps(), *client_steps(SOURCE), *client_steps(DESTINATION), *proof_steps())


def _package_steps(role: str, title: str, why: str) -> tuple[Step[NfsFacts], ...]:
    lists, package = nfs_package.check_lists, nfs_package.check_package
    return (
        _step(
            f"{role}.lists",
            "the package can be had",
            "A new system's package lists are often empty.",
            only_for_nfs(of_host(role, lists)),
            change_host(role, nfs_package.change_lists),
        ),
        _step(
            f"{role}.package",
            title,
            why,
            only_for_nfs(of_host(role, package)),
            change_host(role, nfs_package.change_package),
            ("lists",),
        ),
    )


def _folder_step(role: str, title: str, why: str) -> Step[NfsFacts]:
    check: Callable[[NfsFacts], Finding | None] = of_host(role, lambda _f, host: folder.check_folder(host.folder))
    change = change_host(role, lambda _f, host: folder.change_folder(role, host.folder))
    return _step(f"{role}.folder", title, why, check, change)
