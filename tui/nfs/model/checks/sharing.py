"""Whether the hosts share one folder: the same files, readable on all, with locks that work across hosts."""

from tui.checklist.model.check import FAILED, OK, UNKNOWN, WARNING, Finding, from_failure, last_line
from tui.core.failure import Failure
from tui.core.host_words import the
from tui.linux.folder import Folder
from tui.linux.mounts import KNOWN_SINCE, SHARED_TYPES, Mount, mount_of
from tui.linux.perl import INSTALL, MISSING
from tui.linux.qemu_conf import SHARED_SINCE
from tui.nfs.model.checks.common import shared_without_nfs
from tui.nfs.model.checks.mount import usable_mount
from tui.nfs.model.checks.owners import idmap_hint, lost_owner
from tui.nfs.model.facts import ClientRead, NfsFacts
from tui.nfs.model.proof import NAME, NO_OUTPUT, NO_REPLY, USER, Proof

SINCE = ".".join(map(str, SHARED_SINCE[:2]))
NO_QEMU_USER = "has no user for QEMU"


def check_listing(facts: NfsFacts, client: ClientRead) -> Finding:
    """Whether a client lists the same files as the storage server."""
    server = facts.server
    if server is None:
        return Finding(UNKNOWN, "the storage server has not been read yet")
    if isinstance(server, Failure):
        return from_failure(server)
    here, there = client.folder, server.images
    wanted = f"the files of {there.path} on the storage server"
    if not (here.is_folder and there.is_folder):
        return Finding(FAILED, f"{(there if here.is_folder else here).path} can't be listed", wanted)
    only_here, only_there = (_names(one) - _names(other) for one, other in ((here, there), (there, here)))
    if only_there or only_here:
        where, which = ("the storage server", only_there) if only_there else ("this host", only_here)
        hint = "NFS may show changes up to a minute late: read the hosts again then."
        return Finding(FAILED, f"only on {where}: {', '.join(sorted(which)[:3])}", wanted, hint)
    if here.entries != there.entries:
        return Finding(WARNING, f"the same {len(here.entries)} files, some with another size: a program writes to them")
    count = len(here.entries)
    if lost := lost_owner(here, there):
        return Finding(WARNING, f"the same {count} files, but {lost}", wanted, idmap_hint(facts, client))
    return Finding(OK, f"the same {count} files as on the storage server" if count else "empty on both")


def check_write(facts: NfsFacts) -> Finding | None:
    """Whether QEMU's user can write to the folder on the source."""
    proof = facts.proof
    if proof is None or proof.why_not:
        return _not_tried(proof)
    wanted = "a file written on {the(facts.shared.writer)} as QEMU's user"
    if proof.write_error:
        return Finding(FAILED, _reason(proof.write_error), wanted, _write_hint(proof.write_error), proof.write_error)
    if proof.left:
        what = f"written, but {', '.join(proof.left)} could not be removed"
        return Finding(WARNING, what, wanted, "Remove it by hand.")
    if proof.creator == USER and "Invalid argument" in proof.owner_error:
        wanted = "root can change the owner of an image to QEMU's user, as libvirt does when a VM starts"
        found = "QEMU's user can write, but the storage server does not know that user by name"
        client = facts.client(facts.shared.writer)
        hint = idmap_hint(facts, client) if isinstance(client, ClientRead) else ""
        return Finding(WARNING, found, wanted, hint, proof.owner_error)
    if proof.creator == USER:
        wanted = "root can change the owner of an image to QEMU's user, as libvirt does when a VM starts"
        hint = "Export it with no_root_squash, or chown the images and set dynamic_ownership = 0 in qemu.conf."
        return Finding(WARNING, "QEMU's user can write, but root is squashed", wanted, hint)
    return Finding(
        OK, f"root changed the owner of a file as libvirt does, and {_user(facts, facts.shared.writer)} wrote to it"
    )


def check_read(facts: NfsFacts, reader: str) -> Finding | None:
    """Whether QEMU's user on another client can read the file."""
    proof, writer = facts.proof_with(reader), the(facts.shared.writer)
    wanted = f"{writer}'s file, read on {the(reader)} as QEMU's user"
    if proof is None or proof.why_not:
        return _not_tried(proof)
    if proof.read_error is None:
        return _not_reached(proof, writer, wanted)
    if proof.read_error:
        found = _not_read(the(reader), writer, proof.read_error)
        return Finding(FAILED, found, wanted, _read_hint(facts, reader), proof.read_error)
    return Finding(OK, f"{_user(facts, reader)} reads {writer}'s file")


def check_seen(facts: NfsFacts) -> Finding | None:
    """Whether the file is on the storage server."""
    proof, writer = facts.proof, the(facts.shared.writer)
    wanted = f"{writer}'s file in the image folder of the storage server"
    if proof is None or proof.why_not:
        return _not_tried(proof)
    if proof.seen_error is None:
        return _not_reached(proof, writer, wanted)
    if proof.seen_error:
        return Finding(
            FAILED, _not_read("the storage server", writer, proof.seen_error), wanted, detail=proof.seen_error
        )
    return Finding(OK, f"{writer}'s file is in {facts.shared.images}")


def check_lock(facts: NfsFacts, reader: str) -> Finding | None:
    """Whether another client is refused a lock that the first one holds."""
    proof, writer = facts.proof_with(reader), the(facts.shared.writer)
    wanted = f"a lock that {writer} holds, refused to {the(reader)}"
    if proof is None or proof.why_not:
        return _not_tried(proof)
    if proof.lock_error:
        hint = "NFS 3 supports locks only if rpc.statd runs and its ports are open; mount it with vers=4."
        return Finding(FAILED, f"{writer} can't lock: {_reason(proof.lock_error)}", wanted, hint, proof.lock_error)
    if proof.refused is None:
        return _not_reached(proof, writer, wanted, proof.refusal_error)
    if not proof.refused:
        hint = "Is it mounted with nolock or local_lock? Then two hosts can write to one image."
        return Finding(FAILED, f"{the(reader)} got a lock that {writer} holds", wanted, hint)
    return Finding(OK, f"{writer} holds a lock, and {the(reader)} is refused the same lock")


def check_libvirt(_facts: NfsFacts, client: ClientRead) -> Finding:
    """Whether libvirt treats the folder as shared; it refuses to migrate a VM with an image on a local file system."""
    mount, path, version = mount_of(client.mounts, client.folder.real), client.folder.path, client.libvirt_version
    wanted = "a file system that libvirt treats as shared"
    if mount is not None and mount.known_to(version):
        return Finding(OK, f"libvirt treats {mount.type} as shared")
    declared, here = client.qemu_conf.declares(client.folder.real), _dotted(version) or "of unknown version"
    if declared and version >= SHARED_SINCE:
        return Finding(OK, f"shared_filesystems in qemu.conf declares {declared}")
    if declared:
        found = f"qemu.conf declares {declared}, but libvirt {here} does not support shared_filesystems"
        return Finding(FAILED, found, wanted, f"libvirt {SINCE} or newer supports it.")
    if mount is not None and (mount.maybe_shared or mount.type in SHARED_TYPES):
        found = f"{path} is on {mount.type}, which libvirt {here} takes for local"
        return Finding(FAILED, found, wanted, _declare_hint(mount, path, version))
    kind = mount.type if mount is not None else "unknown"
    return Finding(FAILED, f"{path} is on {kind}, which libvirt treats as local", wanted, "Mount it from the server.")


def _declare_hint(mount: Mount, path: str, version: tuple[int, ...]) -> str:
    """How libvirt learns that the file system is shared; not --unsafe, which also skips the checks of other disks."""
    line = f'shared_filesystems = [ "{path}" ]'
    if version >= SHARED_SINCE:
        return f"If both hosts see the same files, add to /etc/libvirt/qemu.conf on both: {line}. Then restart libvirt."
    since = KNOWN_SINCE.get(mount.type)
    own = f"libvirt {_dotted(since)} or newer knows {mount.type}; " if since else ""
    return f"{own}libvirt {SINCE} or newer takes it for shared with {line} in /etc/libvirt/qemu.conf on both hosts."


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def proof_why_not(facts: NfsFacts, reader: str = "") -> str:
    """Why the proof can't run yet with this reader, or with the first one; empty if it can."""
    for role in (facts.shared.writer, *([reader] if reader else facts.shared.readers[:1])):
        client = facts.client(role)
        if not isinstance(client, ClientRead):
            return f"{role} could not be read"
        if not (shared_without_nfs(facts) or usable_mount(facts, client)):
            return f"the folder is not correctly mounted on {role} yet"
        if not client.folder.is_folder:
            return f"the folder does not exist on {role}"
        if client.qemu is None:
            name = client.qemu_conf.user
            return f"{role} has no user {name}, which qemu.conf sets" if name else f"{role} {NO_QEMU_USER}"
    return ""


def _not_tried(proof: Proof | None) -> Finding | None:
    if proof is None:
        return None
    hint = INSTALL if MISSING in proof.why_not else ""
    if NO_QEMU_USER in proof.why_not:
        hint = "Install QEMU and libvirt on it."
    return Finding(UNKNOWN, f"not tried: {proof.why_not}", hint=hint)


def _not_reached(proof: Proof, writer: str, wanted: str, error: str = "") -> Finding:
    if proof.write_error:
        return Finding(UNKNOWN, f"not tried: {writer} could not write", wanted)
    why = proof.lock_error or error
    return Finding(UNKNOWN, f"not tried: {_reason(why)}" if why else "not tried", wanted, detail=why or "")


def _not_read(host: str, writer: str, error: str) -> str:
    return f"{host} does not have {writer}'s file" if "No such file" in error else f"{host}: {_reason(error)}"


def _names(folder: Folder) -> set[str]:
    return {name for _, name, _ in folder.entries}


def _user(facts: NfsFacts, role: str) -> str:
    client = facts.client(role)
    user = client.qemu if isinstance(client, ClientRead) else None
    return f"{user.name} ({user.uid})" if user else "QEMU's user"


def _read_hint(facts: NfsFacts, reader: str) -> str:
    clients = [each for each in facts.clients if each.role in (facts.shared.writer, reader)]
    users = [client.qemu for client in clients if client.qemu]
    if len({user.uid for user in users}) > 1:
        numbers = " and ".join(f"{user.name} is {user.uid}" for user in users)
        return f"QEMU's user must have the same user ID on both hosts: {numbers}."
    if any(client.declared for client in clients):
        return "qemu.conf declares the folder as shared, but it is not: remove it from shared_filesystems there."
    return ""


WRITE_HINTS = (
    ("No space left", "The storage server is full: free space on it."),
    ("Disk quota exceeded", "A quota on the storage server is used up."),
    ("Read-only file system", "It is exported or mounted read-only: the steps above show which."),
    ("Permission denied", "Neither root nor QEMU's user may write there: check squashing and the folder's mode."),
    ("Stale file handle", "Mount it again."),
    (NO_REPLY, "An NFS server allows no writes for up to 90 s after its start: read the hosts again then."),
    ("Input/output error", "See the log of the server and of the kernel."),
)


def _write_hint(error: str) -> str:
    return next((hint for words, hint in WRITE_HINTS if words in error), "")


def _reason(error: str) -> str:
    """The last line that a command printed, without the name of the proof's file; the details show all lines."""
    line = last_line(error) or NO_OUTPUT
    return line.rpartition(": ")[2] if NAME in line else line
