"""The exported folder mounted at the same path on a host that runs VMs: now, and whenever the host starts."""

from tui.checklist.model.check import FAILED, OK, WARNING, Finding
from tui.core.settings import STORAGE
from tui.linux.addresses import Resolved, is_address, plain
from tui.linux.change import Change, Command, Move, reversible
from tui.linux.folder import HUNG, STALE
from tui.linux.fstab import FstabEntry, fstab_line
from tui.linux.mounts import NFS, Mount
from tui.nfs.model.checks.bind import FSTAB, at_start, described
from tui.nfs.model.facts import OPEN, REFUSED, UNTRIED, ClientRead, NfsFacts

MOUNT_LIMIT_S = 60
# Each is explained in NOTE.
OPTIONS = "_netdev,nofail,bg,hard,vers=4"
NOW = "hard,vers=4,retry=0"  # in the foreground, and tried once

NOTE = (
    "hard: I/O waits for a server that is gone, instead of failing in the guest."
    " bg, nofail: the host starts without the server, and mounts the folder when it is back."
    " _netdev: after the network. vers=4: locks come with it, and port 2049 is all it needs."
)

# $1 what was mounted, $2 where: only that, and only where it still is.
UNMOUNT = """timeout 10 findmnt -n -k -S "$1" -M "$2" > /dev/null
[ $? -ne 1 ] || exit 0
timeout -k 1 30 umount -- "$2" && exit 0
echo "$2 can't be unmounted: a VM or a program uses it, or its server does not answer"
exit 1"""


def remote(facts: NfsFacts) -> str:
    """What is mounted, as mount(8) wants it."""
    server = facts.shared.storage
    return f"[{server}]:{facts.shared.export}" if ":" in server else f"{server}:{facts.shared.export}"


def check_port(facts: NfsFacts, client: ClientRead) -> Finding:
    """Whether the NFS server can be reached at all; asked by a connection that is given up after seconds."""
    server, wanted = facts.shared.storage, "tcp 2049 of the storage server open from here"
    if client.port == OPEN:
        return Finding(OK, f"{server} answers on tcp 2049")
    if not client.names[STORAGE].addresses:
        hint = "Add it to /etc/hosts here, or give its address in the configuration."
        return Finding(FAILED, f"this host finds no address for {server}", wanted, hint)
    if client.port == REFUSED:
        return Finding(FAILED, f"{server} is there, but nothing serves NFS on it", wanted, detail=client.port_said)
    if client.port == UNTRIED:
        return Finding(WARNING, "it can't be tried here: no bash", wanted)
    hint = "Is it up? Does a firewall, there or between, let this host in?"
    return Finding(FAILED, f"{server} does not answer on tcp 2049", wanted, hint, client.port_said)


def check_mount(facts: NfsFacts, client: ClientRead) -> Finding:
    """Whether it is mounted as VMs need it, and will be after a restart."""
    path, mount, wanted = client.folder.path, client.mount, f"{remote(facts)} mounted at {client.folder.path}"
    if bad := _bad_mount(facts, client, wanted):
        return bad
    entry = _entry(facts, client)
    if mount is None:
        detail = (
            f"line {entry.line} of {FSTAB} would mount it" if entry and is_ours(entry.source, facts, client) else ""
        )
        return Finding(FAILED, _hides(client) or "it is not mounted", wanted, detail=detail)
    if entry is None:
        return Finding(FAILED, "it is mounted, but gone after a restart", f"a line for it in {FSTAB}")
    if not _is_our_entry(entry, facts, client):
        hint = f"Change or remove line {entry.line} of {FSTAB}."
        return Finding(FAILED, f"it is mounted, but {_foreign(entry)}", wanted, hint)
    if "noauto" in entry.options:
        return Finding(WARNING, f"it is mounted, but line {entry.line} of {FSTAB} says noauto", wanted)
    if "soft" in mount.super_options:
        return Finding(WARNING, f"{path} is mounted soft: I/O fails when the server is slow", "mounted hard")
    how = f"NFS {mount.option('vers')}" if mount.option("vers") else mount.type
    return Finding(OK, f"{mount.source} is mounted ({how}), also after a restart (line {entry.line} of {FSTAB})")


def change_mount(facts: NfsFacts, client: ClientRead) -> Change | str:
    """What is missing of both halves; what somebody else has mounted or written stays."""
    path, mount, entry = client.folder.path, client.mount, _entry(facts, client)
    if client.folder.state == HUNG:
        return "the server must answer first"
    if obstacle := _obstacle(facts, client):
        return obstacle
    if entry is not None and not _is_our_entry(entry, facts, client):
        return f"{_foreign(entry)}, which the app does not touch"
    moves = [] if entry else at_start(client, fstab_line(remote(facts), path, "nfs", OPTIONS))
    if client.folder.state == STALE:
        moves.append(Move(Command(client.role, ("umount", "-l", "--", path))))
        mount = None
    if mount is None:
        moves.append(_mount_now(facts, client))
    elif mount.read_only:
        writable, back = (("mount", "-o", f"remount,{each}", "--", path) for each in ("rw", "ro"))
        moves.append(reversible(client.role, writable, back))
    return Change(tuple(moves), NOTE)


def is_ours(source: str, facts: NfsFacts, client: ClientRead) -> bool:
    """Whether what is mounted, or would be, is the folder of the storage server."""
    host, _, path = _split(source)
    server = client.names.get(STORAGE, Resolved(facts.shared.storage))
    same = (plain(host) if is_address(host) else host.lower()) in server.names
    return same and (path.rstrip("/") or "/") == facts.shared.export


def good_mount(facts: NfsFacts, client: ClientRead) -> bool:
    """Whether the storage server's folder is mounted there, answers, and can be written to."""
    mount = client.mount
    return client.folder.is_folder and mount is not None and not mount.read_only and _is_our_mount(mount, facts, client)


def _mount_now(facts: NfsFacts, client: ClientRead) -> Move:
    what, path = remote(facts), client.folder.path
    do = ("timeout", "-k", "1", str(MOUNT_LIMIT_S), "mount", "-t", "nfs", "-o", NOW, "--", what, path)
    undo = Command(client.role, ("sh", "-c", UNMOUNT, "sh", what, path))
    return Move(Command(client.role, do, timeout_s=MOUNT_LIMIT_S + 10), (undo,))


def _bad_mount(facts: NfsFacts, client: ClientRead, wanted: str) -> Finding | None:
    """What is mounted there and does not do."""
    path, mount, folder = client.folder.path, client.mount, client.folder
    if folder.state == HUNG:
        hint = "Is the storage server up, and reached from here? It goes on by itself when the server is back."
        return Finding(FAILED, f"{path} does not answer: its server is gone", wanted, hint)
    if folder.state == STALE:
        why = f"{path} is stale: the server has another folder there by now, or exports it no more"
        return Finding(FAILED, why, wanted, "Mounting it again helps; VMs that use it must be stopped first.")
    if mount is None:
        return None
    if not _is_our_mount(mount, facts, client):
        below = "; the folder of the storage server is hidden below it" if client.nfs_below else ""
        what = f"something else is mounted at {path}: {described(mount)}{below}"
        return Finding(FAILED, what, wanted, f"If nobody needs it: umount {path}")
    if mount.read_only:
        return Finding(FAILED, f"{path} is mounted read-only", "mounted to be read and written")
    return None


def _obstacle(facts: NfsFacts, client: ClientRead) -> str:
    """Why nothing can be mounted there, empty where it can."""
    mount = client.mount
    if mount is not None:
        ours = _is_our_mount(mount, facts, client)
        return "" if ours else f"something else is mounted there: {described(mount)}"
    return _hides(client)


def _hides(client: ClientRead) -> str:
    folder = client.folder
    if client.mount is None and folder.entries:
        names = ", ".join(name for _, name, _ in folder.entries[:3])
        return f"{folder.path} is not empty ({names}): the mount would hide what is in it. Move it away first"
    return ""


def _is_our_mount(mount: Mount, facts: NfsFacts, client: ClientRead) -> bool:
    """By the name it was mounted with, or by the address the kernel talks to."""
    if mount.type not in NFS:
        return False
    path = _split(mount.source)[2].rstrip("/") or "/"
    address = mount.option("addr")
    known = client.names.get(STORAGE, Resolved(""))
    by_address = is_address(address) and plain(address) in known.addresses and path == facts.shared.export
    return by_address or is_ours(mount.source, facts, client)


def _split(source: str) -> tuple[str, str, str]:
    """Host, colon and path of what NFS mounts: SERVER:/PATH, [2001:db8::3]:/PATH."""
    if source.startswith("["):
        host, _, path = source[1:].partition("]:")
        return host, ":", path
    return source.partition(":")


def _entry(facts: NfsFacts, client: ClientRead) -> FstabEntry | None:
    entries = client.fstab_entries
    mine = (each for each in entries if _is_our_entry(each, facts, client))
    return next(mine, entries[0] if entries else None)


def _is_our_entry(entry: FstabEntry, facts: NfsFacts, client: ClientRead) -> bool:
    """By its words, or because what it has mounted is ours: under another name of the server."""
    mount = client.mount
    mounted = mount is not None and mount.source == entry.source and _is_our_mount(mount, facts, client)
    return mounted or is_ours(entry.source, facts, client)


def _foreign(entry: FstabEntry) -> str:
    return f"line {entry.line} of {FSTAB} mounts {entry.source} there"
