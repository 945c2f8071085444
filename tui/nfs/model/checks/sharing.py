"""That all three really see one folder: the same images, what one writes read by the others, locks that count."""

from tui.checklist.model.check import FAILED, OK, UNKNOWN, WARNING, Finding, from_failure, last_line
from tui.core.failure import Failure
from tui.core.settings import DESTINATION, SOURCE
from tui.linux.folder import Folder
from tui.linux.mounts import SHARED_TYPES, holding
from tui.linux.perl import INSTALL, MISSING
from tui.linux.qemu_conf import SHARED_SINCE
from tui.nfs.model.checks.common import shared_otherwise
from tui.nfs.model.checks.mount import good_mount
from tui.nfs.model.facts import CLIENTS, ClientRead, NfsFacts
from tui.nfs.model.proof import NAME, USER, Proof


def check_listing(facts: NfsFacts, client: ClientRead) -> Finding:
    """Whether the same files are there as on the storage server."""
    server = facts.server
    if server is None:
        return Finding(UNKNOWN, "the storage server has not been read yet")
    if isinstance(server, Failure):
        return from_failure(server)
    here, there = client.folder, server.images
    wanted = f"what {there.path} holds on the storage server"
    if not (here.is_folder and there.is_folder):
        return Finding(FAILED, f"{(there if here.is_folder else here).path} can't be listed", wanted)
    only_here, only_there = (_names(one) - _names(other) for one, other in ((here, there), (there, here)))
    if only_there or only_here:
        where, which = ("the storage server", only_there) if only_there else ("this host", only_here)
        hint = "NFS may show up to a minute later what has changed: look again."
        return Finding(FAILED, f"only on {where}: {', '.join(sorted(which)[:3])}", wanted, hint)
    if here.entries != there.entries:
        return Finding(WARNING, f"the same {len(here.entries)} files, some of another size: they are being written")
    count = len(here.entries)
    return Finding(OK, f"the same {count} files as on the storage server" if count else "empty here as there")


def check_write(facts: NfsFacts) -> Finding | None:
    """Whether QEMU's user can write through the source's mount."""
    proof = facts.proof
    if proof is None or proof.why_not:
        return _not_tried(facts)
    wanted = "a file made and written through the source, as QEMU's user"
    if proof.write_error:
        return Finding(FAILED, _sentence(proof.write_error), wanted, _write_hint(proof.write_error), proof.write_error)
    if proof.left:
        what = f"written, but {', '.join(proof.left)} could not be removed"
        return Finding(WARNING, what, wanted, "Remove it by hand.")
    if proof.way == USER:
        return Finding(
            WARNING,
            "QEMU's user can write, but root can't: it is squashed",
            "root lets QEMU's user have the image, as libvirt does when a VM starts",
            "Export it with no_root_squash, or chown the images and set dynamic_ownership = 0 in qemu.conf.",
        )
    return Finding(OK, f"written as {_user(facts, SOURCE)}, in a file that root gave to it as libvirt does")


def check_read(facts: NfsFacts) -> Finding | None:
    """Whether the destination's QEMU reads what the source's has written."""
    proof, wanted = facts.proof, "what the source wrote, read on the destination as QEMU's user"
    if proof is None or proof.why_not:
        return _not_tried(facts)
    if proof.read_error is None:
        return _not_reached(proof, wanted)
    if proof.read_error:
        hint = _ids_differ(facts) or _declared_only(facts)
        return Finding(FAILED, _not_seen("the destination", proof.read_error), wanted, hint, proof.read_error)
    return Finding(OK, f"what the source wrote is read as {_user(facts, DESTINATION)}")


def check_seen(facts: NfsFacts) -> Finding | None:
    """Whether it is the storage server where it ends up."""
    proof, wanted = facts.proof, "what the source wrote, in the folder of the images on the storage server"
    if proof is None or proof.why_not:
        return _not_tried(facts)
    if proof.seen_error is None:
        return _not_reached(proof, wanted)
    if proof.seen_error:
        return Finding(FAILED, _not_seen("the storage server", proof.seen_error), wanted, detail=proof.seen_error)
    return Finding(OK, f"what the source wrote is in {facts.shared.images}")


def check_lock(facts: NfsFacts) -> Finding | None:
    """Whether a lock that one host holds is refused to the other."""
    proof, wanted = facts.proof, "a lock of the source's refused to the destination, as QEMU needs it"
    if proof is None or proof.why_not:
        return _not_tried(facts)
    if proof.lock_error:
        hint = "NFS 3 takes locks only where rpc.statd runs and its ports are open; mount it with vers=4."
        return Finding(FAILED, f"no lock can be taken: {_sentence(proof.lock_error)}", wanted, hint, proof.lock_error)
    if proof.refused is None:
        return _not_reached(proof, wanted, proof.refused_said)
    if not proof.refused:
        hint = "Is it mounted with nolock or local_lock? Then two hosts can write to one image."
        return Finding(FAILED, "the destination was given a lock that the source holds", wanted, hint)
    return Finding(OK, "the source takes a lock, and the destination is refused the same")


def check_libvirt(_facts: NfsFacts, client: ClientRead) -> Finding:
    """Whether libvirt would migrate a VM with an image there; it refuses what it takes for a local disk."""
    mount, path = holding(client.mounts, client.folder.real), client.folder.path
    wanted = "a file system that libvirt takes for shared"
    since = ".".join(map(str, SHARED_SINCE[:2]))
    if mount is not None and mount.type in SHARED_TYPES:
        return Finding(OK, f"{mount.type} is shared to libvirt")
    declared = client.qemu_conf.declares(client.folder.real)
    if declared and client.libvirt_version >= SHARED_SINCE:
        return Finding(OK, f"shared_filesystems in qemu.conf declares {declared}")
    kind = mount.type if mount is not None else "unknown"
    if declared:
        version = ".".join(map(str, client.libvirt_version)) or "of unknown version"
        found = f"qemu.conf declares {declared}, but libvirt {version} does not know shared_filesystems"
        return Finding(FAILED, found, wanted, f"libvirt {since} does.")
    return Finding(FAILED, f"{path} is on {kind}, a local file system to libvirt", wanted, "Mount it from the server.")


def proof_why_not(facts: NfsFacts) -> str:
    """Why the proof can't be tried yet, empty where it can."""
    for role in CLIENTS:
        client = facts.client(role)
        if not isinstance(client, ClientRead):
            return f"{role} could not be read"
        if not (shared_otherwise(facts) or good_mount(facts, client)):
            return f"the folder is not well mounted on {role} yet"
        if not client.folder.is_folder:
            return f"the folder is not there on {role}"
        if client.qemu is None:
            wanted = client.qemu_conf.user
            return f"{role} has no user {wanted}, as qemu.conf wants" if wanted else f"{role} has no user of QEMU's"
    return ""


def _not_tried(facts: NfsFacts) -> Finding | None:
    proof = facts.proof
    if proof is None:
        return None
    hint = INSTALL if MISSING in proof.why_not else ""
    if "user of QEMU" in proof.why_not:
        hint = "Install QEMU and libvirt on it."
    return Finding(UNKNOWN, f"not tried: {proof.why_not}", hint=hint)


def _not_reached(proof: Proof, wanted: str, said: str = "") -> Finding:
    if proof.write_error:
        return Finding(UNKNOWN, "not tried: nothing could be written through the source", wanted)
    why = proof.lock_error or said
    return Finding(UNKNOWN, f"not tried: {_sentence(why)}" if why else "not tried", wanted, detail=why or "")


def _not_seen(who: str, error: str) -> str:
    return f"{who} does not see what the source wrote" if "No such file" in error else f"{who}: {_sentence(error)}"


def _names(folder: Folder) -> set[str]:
    return {name for _, name, _ in folder.entries}


def _user(facts: NfsFacts, role: str) -> str:
    client = facts.client(role)
    return (
        f"{client.qemu.name} ({client.qemu.uid})" if isinstance(client, ClientRead) and client.qemu else "QEMU's user"
    )


def _ids_differ(facts: NfsFacts) -> str:
    users = [client.qemu for client in facts.clients if client.qemu]
    if len({user.uid for user in users}) > 1:
        numbers = " and ".join(f"{user.name} is {user.uid}" for user in users)
        return f"QEMU's user must have the same number on both hosts: {numbers}."
    return ""


def _declared_only(facts: NfsFacts) -> str:
    if any(client.declared for client in facts.clients):
        return "qemu.conf declares the folder as shared, which it is not: take it out of shared_filesystems there."
    return ""


WRITE_HINTS = (
    ("No space left", "The storage server is full: make room on it."),
    ("Disk quota exceeded", "A quota on the storage server is used up."),
    ("Read-only file system", "It is exported or mounted read-only: the steps above say which."),
    ("Permission denied", "Neither root nor QEMU's user may write there: squashing, or the folder's own rights."),
    ("Stale file handle", "Mount it again."),
    ("no answer within seconds", "An NFS server that has just been started opens nothing for up to 90 s: look again."),
    ("Input/output error", "The server's log or the kernel's says more."),
)


def _write_hint(error: str) -> str:
    return next((hint for words, hint in WRITE_HINTS if words in error), "")


def _sentence(error: str) -> str:
    """The last line of what a command said; the whole is shown on demand."""
    line = last_line(error) or "it said nothing"
    return line.rpartition(": ")[2] if NAME in line else line  # the file's name tells nobody anything
