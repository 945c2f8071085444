"""The folder of the images, seen at the exported folder: a bind mount, now and when the storage server starts."""

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, Finding
from tui.linux.change import AddLines, Change, Command, Move, RemoveLines, reversible
from tui.linux.folder import HUNG, STALE
from tui.linux.fstab import FstabEntry, fstab_line
from tui.linux.mounts import Mount, device_folder
from tui.nfs.model.facts import HostRead, NfsFacts, ServerRead

FSTAB = "/etc/fstab"
# A server whose images can't be shown must still start, or nobody could log in to mend it. systemd starts its NFS
# server only after what it exports is mounted (nfs-server-generator), so that no empty folder is served instead.
OPTIONS = "bind,nofail"

# Only what we have mounted: not what somebody has put there since.
UNBIND = 'if [ "$1" -ef "$2" ]; then umount -- "$2"; fi'


def check_bind(_facts: NfsFacts, server: ServerRead) -> Finding:
    """Whether both paths are one folder, and stay it."""
    images, folder = server.images, server.folder
    wanted = f"{images.path} seen at {folder.path}, now and after a restart"
    if images.path == folder.path:
        return Finding(NOT_NEEDED, "the folder of the images is itself the exported one")
    if images.state in (HUNG, STALE) or folder.state in (HUNG, STALE):
        return Finding(
            FAILED, "a file system below it does not answer", wanted, "Is it itself on a server that is gone?"
        )
    if images.is_folder and images.real == folder.real:
        return Finding(OK, f"{folder.path} leads to {images.path}")
    if not (images.is_folder and folder.is_folder):
        return Finding(FAILED, "one of both folders is missing", wanted)
    entry = _fstab_entry(server)
    if not bound(server):
        return Finding(FAILED, _in_the_way(server) or "it is not mounted", wanted, _way_out(server))
    if entry is None:
        return Finding(FAILED, "it is mounted, but gone after a restart", wanted)
    if not _is_ours(entry, server):
        return Finding(FAILED, f"it is mounted, but {_foreign(entry)}", wanted, _way_out(server))
    if "noauto" in entry.options:
        return Finding(FAILED, f"line {entry.line} of {FSTAB} says noauto", wanted, "Take noauto out of it.")
    return Finding(OK, f"{images.path} is seen at {folder.path}, also after a restart (line {entry.line} of {FSTAB})")


def change_bind(_facts: NfsFacts, server: ServerRead) -> Change | str:
    """What is missing of both halves."""
    images, folder, entry = server.images.path, server.folder.path, _fstab_entry(server)
    if not bound(server) and (obstacle := _in_the_way(server)):
        return obstacle
    if entry is not None and not _is_ours(entry, server):
        return f"{_foreign(entry)}, which the app does not touch"
    if entry is not None and "noauto" in entry.options:
        return f"line {entry.line} of {FSTAB} is not the app's"
    moves = [] if entry else at_start(server, fstab_line(images, folder, "none", OPTIONS))
    if not bound(server):
        mount, undo = ("mount", "--bind", "--", images, folder), ("sh", "-c", UNBIND, "sh", images, folder)
        moves.append(reversible(server.role, mount, undo))
    return Change(tuple(moves), "nofail: the server starts, and can be logged in to, also where it can't be mounted.")


def at_start(host: HostRead, line: str) -> list[Move]:
    """A line of /etc/fstab, made known to systemd, which keeps its own copy."""
    reload = (Command(host.role, ("systemctl", "daemon-reload")),) if host.systemd else ()
    add = Move(AddLines(host.role, FSTAB, (line,)), (RemoveLines(host.role, FSTAB, (line,)), *reload))
    return [add, *(Move(each) for each in reload)]


def bound(server: ServerRead) -> bool:
    """Whether the exported folder is the folder of the images."""
    folder = server.folder
    if not (server.images.is_folder and folder.is_folder):
        return False
    same = device_folder(server.mounts, folder.real)
    return same is not None and same == device_folder(server.mounts, server.images.real)


def described(mount: Mount) -> str:
    """A mount in a sentence."""
    seen = "" if mount.root == "/" or mount.nfs else f", its folder {mount.root}"
    return f"{mount.source} ({mount.type}{seen})"


def _in_the_way(server: ServerRead) -> str:
    mount, folder = server.mount, server.folder
    if mount is not None:
        return f"something else is mounted at {folder.path}: {described(mount)}"
    if folder.entries:
        names = ", ".join(name for _, name, _ in folder.entries[:3])
        return f"{folder.path} is not empty ({names}): the mount would hide what is in it"
    return ""


def _way_out(server: ServerRead) -> str:
    if server.mount is not None and not bound(server):
        return f"If nobody needs it: umount {server.folder.path}"
    if server.folder.entries and not bound(server):
        return f"Move it away, to {server.images.path} perhaps."
    entry = _fstab_entry(server)
    if entry is not None and not _is_ours(entry, server):
        return f"Change or remove line {entry.line} of {FSTAB}."
    return ""


def _fstab_entry(server: ServerRead) -> FstabEntry | None:
    entries = server.fstab_entries
    return next((each for each in entries if _is_ours(each, server)), entries[0] if entries else None)


def _is_ours(entry: FstabEntry, server: ServerRead) -> bool:
    return entry.source in (server.images.path, server.images.real) and bool({"bind", "rbind"} & set(entry.options))


def _foreign(entry: FstabEntry) -> str:
    return f"line {entry.line} of {FSTAB} mounts {entry.source} there"
