"""The bind mount of the image folder at the exported folder, now and after a restart."""

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, Finding
from tui.linux.change import Change, Command, Move, added, reversible
from tui.linux.folder import HUNG, STALE, Folder
from tui.linux.fstab import FSTAB, FstabEntry, fstab_line
from tui.linux.mounts import Mount, device_folder
from tui.nfs.model.checks.grants import exports_images
from tui.nfs.model.facts import HostRead, NfsFacts, ServerRead

# nofail, because a server that can't mount the images must still start, so that a person can log in and repair it.
# systemd starts the NFS server only after its exports are mounted (nfs-server-generator), so it serves no empty folder.
OPTIONS = "bind,nofail"

# Unmounts only the app's own mount, not one made since.
UNBIND = 'if [ "$1" -ef "$2" ]; then umount -- "$2"; fi'


def check_bind(facts: NfsFacts, server: ServerRead) -> Finding:
    """Whether both paths are the same folder, now and after a restart."""
    images, folder = server.images, server.folder
    wanted = f"{images.path} mounted at {folder.path}, now and after a restart"
    if images.path == folder.path or exports_images(facts, server):
        return Finding(NOT_NEEDED, "the image folder is the exported folder")
    if images.state in (HUNG, STALE) or folder.state in (HUNG, STALE):
        return Finding(FAILED, "its file system does not respond", wanted, "Is it on a server that is down?")
    if images.is_folder and images.real == folder.real:
        return Finding(OK, f"{folder.path} leads to {images.path}")
    if not (images.is_folder and folder.is_folder):
        return Finding(FAILED, "one of the two folders is missing", wanted)
    entry = _fstab_entry(server)
    if not bound(server):
        return Finding(FAILED, _obstacle(server) or "it is not mounted", wanted, _hint(server))
    if entry is None and not server.enabled_unit:
        return Finding(FAILED, "it is mounted, but not after a restart", wanted)
    if entry is not None and not _is_ours(entry, server):
        return Finding(FAILED, f"it is mounted, but {foreign_entry(entry)}", wanted, _hint(server))
    if entry is not None and entry.by_hand:
        return Finding(FAILED, f"{entry.where} has noauto", wanted, "Remove noauto from it.")
    by = entry.where if entry else server.enabled_unit
    return Finding(OK, f"{images.path} is mounted at {folder.path}, also after a restart ({by})")


def change_bind(_facts: NfsFacts, server: ServerRead) -> Change | str:
    """Adds the line to /etc/fstab and mounts the folder, as far as either is missing."""
    images, folder, entry = server.images.path, server.folder.path, _fstab_entry(server)
    if not bound(server) and (obstacle := _obstacle(server)):
        return obstacle
    if entry is not None and not _is_ours(entry, server):
        return f"{foreign_entry(entry)}, and the app does not change that line"
    if entry is not None and entry.by_hand:
        return f"the app did not write {entry.where}"
    moves = [] if entry or server.enabled_unit else fstab_moves(server, fstab_line(images, folder, "none", OPTIONS))
    if not bound(server):
        mount, undo = ("mount", "--bind", "--", images, folder), ("sh", "-c", UNBIND, "sh", images, folder)
        moves.append(reversible(server.role, mount, undo))
    return Change(tuple(moves), "nofail: the server starts even if it can't mount the folder, so logging in works.")


def fstab_moves(host: HostRead, line: str) -> list[Move]:
    """Adds a line to /etc/fstab and reloads systemd, which keeps its own copy."""
    reload = (Command(host.role, ("systemctl", "daemon-reload")),) if host.systemd else ()
    return [added(host.role, FSTAB, (line,), *reload), *(Move(each) for each in reload)]


def bound(server: ServerRead) -> bool:
    """Whether the exported folder is the image folder."""
    folder = server.folder
    if not (server.images.is_folder and folder.is_folder):
        return False
    same = device_folder(server.mounts, folder.real)
    return same is not None and same == device_folder(server.mounts, server.images.real)


def mount_summary(mount: Mount) -> str:
    """The source and type of a mount, and the mounted folder if it is not the root of the file system."""
    root = "" if mount.root == "/" or mount.nfs else f", its folder {mount.root}"
    return f"{mount.source} ({mount.type}{root})"


def hidden_files(folder: Folder) -> str:
    """A sentence about the files that a mount at the folder would hide; empty if there are none."""
    names = ", ".join(name for _, name, _ in folder.entries[:3])
    return f"{folder.path} is not empty ({names}): the mount would hide its files" if names else ""


def foreign_entry(entry: FstabEntry) -> str:
    """A sentence about an entry that mounts something else at the folder."""
    return f"{entry.where} mounts {entry.source} there"


def _obstacle(server: ServerRead) -> str:
    """Why the folder can't be mounted; empty if it can."""
    if server.mount is not None:
        return f"something else is mounted at {server.folder.path}: {mount_summary(server.mount)}"
    return hidden_files(server.folder)


def _hint(server: ServerRead) -> str:
    if server.mount is not None and not bound(server):
        return f"If nothing uses it: umount {server.folder.path}"
    if server.folder.entries and not bound(server):
        return f"Move them away, for example to {server.images.path}."
    entry = _fstab_entry(server)
    return "" if entry is None or _is_ours(entry, server) else f"Change or remove {entry.where}."


def _fstab_entry(server: ServerRead) -> FstabEntry | None:
    entries = server.fstab_entries
    return next((each for each in entries if _is_ours(each, server)), entries[0] if entries else None)


def _is_ours(entry: FstabEntry, server: ServerRead) -> bool:
    return entry.source in (server.images.path, server.images.real) and bool({"bind", "rbind"} & set(entry.options))
