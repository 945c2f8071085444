"""The NFS mount of the exported folder on a client, now and after a restart."""

from tui.checklist.model.check import FAILED, OK, WARNING, Finding
from tui.linux.addresses import Resolved, is_address, normalized
from tui.linux.change import AddLines, Change, Command, Move, RemoveLines, reversible
from tui.linux.folder import HUNG, STALE
from tui.linux.fstab import FSTAB, LIBVIRT_UNITS, FstabEntry, fstab_line
from tui.linux.managed_block import blocks
from tui.linux.mounts import AUTOFS, Mount, automount_of
from tui.linux.paths import lexical
from tui.nfs.model.checks.bind import foreign_entry, fstab_moves, hidden_files, mount_summary
from tui.nfs.model.checks.grants import mount_paths, unreachable
from tui.nfs.model.checks.options import weak_entry, weak_mount
from tui.nfs.model.facts import OPEN, REFUSED, UNTRIED, ClientRead, NfsFacts

MOUNT_LIMIT_S = 60
# Each is explained in NOTE.
OPTIONS = "_netdev,nofail,bg,hard,vers=4,x-systemd.before=libvirtd.service,x-systemd.before=virtqemud.service"
FORMER_OPTIONS = "_netdev,nofail,bg,hard,vers=4"  # of version 0.1
NOW = "hard,vers=4,retry=0"  # in the foreground, without retries

NOTE = (
    "hard: while the server is down, I/O waits instead of failing in the guest."
    " bg, nofail: the host starts without the server, and mounts the folder when the server is back."
    " _netdev: mounts after the network is up. vers=4: includes locks, and needs port 2049 only."
    " x-systemd.before: libvirt, which starts VMs with the host, waits for the first attempt."
)

# $1 the source, $2 the mount point: unmounts only that source.
UNMOUNT = """timeout 10 findmnt -n -k -S "$1" -M "$2" > /dev/null
[ $? -ne 1 ] || exit 0
timeout -k 1 30 umount -- "$2" && exit 0
echo "$2 can't be unmounted: a VM or a program uses it, or its server does not respond"
exit 1"""


def nfs_source(facts: NfsFacts, role: str) -> str:
    """The exported folder as mount(8) names it on a host: SERVER:/PATH."""
    server, path = facts.shared.storage, mount_paths(facts, role)[0]
    return f"[{server}]:{path}" if ":" in server else f"{server}:{path}"


def check_port(facts: NfsFacts, client: ClientRead) -> Finding:
    """Whether the client can connect to the NFS server's port."""
    server, wanted = facts.shared.storage, "tcp 2049 of the storage server open to this host"
    if client.port == OPEN:
        return Finding(OK, f"{server} accepts connections on tcp 2049")
    if not client.names[facts.shared.server].addresses:
        hint = "Add it to /etc/hosts here, or configure its address."
        return Finding(FAILED, f"this host finds no address for {server}", wanted, hint)
    if client.port == REFUSED:
        return Finding(FAILED, f"{server} is up, but no NFS server listens there", wanted, detail=client.port_output)
    if client.port == UNTRIED:
        return Finding(WARNING, "not tried: this host has no bash", wanted)
    hint = "Is it up? Does a firewall, on it or in between, block this host?"
    return Finding(FAILED, f"{server} does not respond on tcp 2049", wanted, hint, client.port_output)


def check_mount(facts: NfsFacts, client: ClientRead) -> Finding:
    """Whether the folder is mounted as VMs need it, now and after a restart."""
    path, mount = client.folder.path, client.mount
    wanted = f"{nfs_source(facts, client.role)} mounted at {path}"
    if bad := _bad_mount(facts, client, wanted):
        return bad
    entry = _entry(facts, client)
    if mount is None:
        detail = f"{entry.where} would mount it" if entry and is_ours(entry.source, facts, client) else ""
        why = _obstacle(facts, client) or "it is not mounted"
        return Finding(FAILED, why, wanted, detail=detail)
    how = f"NFS {mount.option('vers')}" if mount.option("vers") else mount.type
    if entry is None and (when := _without_fstab(client, mount)):
        return weak_mount(mount, path) or Finding(OK, f"{mount.source} is mounted ({how}), {when}")
    if entry is None:
        return Finding(FAILED, "it is mounted, but not after a restart", f"a line for it in {FSTAB}")
    if not _is_our_entry(entry, facts, client):
        why = f"it is mounted, but {foreign_entry(entry)}"
        return Finding(FAILED, why, wanted, f"Change or remove {entry.where}.")
    if weak := weak_mount(mount, path) or weak_entry(entry) or _late(facts, client, entry):
        return weak
    when = "at its first use" if entry.automount else "also after a restart"
    return Finding(OK, f"{mount.source} is mounted ({how}), {when} ({entry.where})")


def change_mount(facts: NfsFacts, client: ClientRead) -> Change | str:
    """Mounts the folder and adds the line to /etc/fstab, as far as either is missing; other mounts and lines stay."""
    path, mount, entry = client.folder.path, client.mount, _entry(facts, client)
    if client.folder.state == HUNG:
        return "the server must respond first"
    if obstacle := _obstacle(facts, client):
        return obstacle
    if entry is not None and not _is_our_entry(entry, facts, client):
        return f"{foreign_entry(entry)}, and the app does not change that line"
    moves = []
    if entry is None and not _without_fstab(client, mount):
        moves = fstab_moves(client, _line(facts, client))
    elif entry is not None and (former := _former_line(facts, client, entry)):
        replaced = RemoveLines(client.role, FSTAB, former), (AddLines(client.role, FSTAB, former),)
        moves = [Move(*replaced), *fstab_moves(client, _line(facts, client))]
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
    """Whether the source of a mount or an entry is the exported folder of the storage server."""
    host, _, path = _split(source)
    return _names_server(host, facts, client) and lexical(path) in mount_paths(facts, client.role)


def usable_mount(facts: NfsFacts, client: ClientRead) -> bool:
    """Whether the exported folder is mounted, responds and is not read-only."""
    mount = client.mount
    return client.folder.is_folder and mount is not None and not mount.read_only and _is_our_mount(mount, facts, client)


def _without_fstab(client: ClientRead, mount: Mount | None) -> str:
    """What mounts the folder after a restart in place of a line of fstab; empty if nothing does."""
    automount = automount_of(client.mounts, mount) if mount else None
    if automount:
        return f"at its first use by {automount.source}"
    return f"also after a restart ({client.enabled_unit})" if client.enabled_unit else ""


def _line(facts: NfsFacts, client: ClientRead) -> str:
    return fstab_line(nfs_source(facts, client.role), client.folder.path, "nfs", OPTIONS)


def _former_line(facts: NfsFacts, client: ClientRead, entry: FstabEntry) -> tuple[str, ...]:
    """The managed line of an entry that the app would write in another way now; empty for the lines of others."""
    line = (client.fstab or "").split("\n")[entry.line - 1]
    own = any(block.lines == (line,) for block in blocks(client.fstab or ""))
    unedited = ",".join(entry.options) in (OPTIONS, FORMER_OPTIONS)
    return (line,) if own and unedited and line != _line(facts, client) else ()


def _late(facts: NfsFacts, client: ClientRead, entry: FstabEntry) -> Finding | None:
    """The finding that libvirt starts VMs with the host before their images are there."""
    if not client.autostarted or not client.systemd or entry.before_libvirt:
        return None
    found = f"{', '.join(client.autostarted)} may start with the host before {entry.where} has mounted the folder"
    if _former_line(facts, client, entry):
        return Finding(FAILED, found, "libvirt waits for the mount")
    options = ",".join(f"x-systemd.before={unit}" for unit in LIBVIRT_UNITS)
    hint = f"Add {options} to its options, then run: systemctl daemon-reload"
    return Finding(WARNING, found, "libvirt waits for the mount", hint)


def _mount_now(facts: NfsFacts, client: ClientRead) -> Move:
    source, path = nfs_source(facts, client.role), client.folder.path
    do = ("timeout", "-k", "1", str(MOUNT_LIMIT_S), "mount", "-t", "nfs", "-o", NOW, "--", source, path)
    undo = Command(client.role, ("sh", "-c", UNMOUNT, "sh", source, path))
    return Move(Command(client.role, do, timeout_s=MOUNT_LIMIT_S + 10), (undo,))


def _bad_mount(facts: NfsFacts, client: ClientRead, wanted: str) -> Finding | None:
    """The finding on an existing mount that VMs can't use."""
    path, mount, folder = client.folder.path, client.mount, client.folder
    if folder.state == HUNG:
        hint = "Is the storage server up and reachable from here? I/O continues when the server is back."
        return Finding(FAILED, f"{path} does not respond: its server is down or unreachable", wanted, hint)
    if folder.state == STALE:
        why = f"{path} is stale: the server has replaced the folder, or no longer exports it"
        return Finding(FAILED, why, wanted, "Stop the VMs that use it, then mount it again.")
    if mount is None:
        return None
    if mount.type == AUTOFS:
        return Finding(FAILED, _pending(mount), wanted, f"Read why with: systemctl status autofs {path}")
    if not _is_our_mount(mount, facts, client):
        below = "; it hides the mount of the exported folder" if client.hidden_nfs else ""
        what = f"something else is mounted at {path}: {mount_summary(mount)}{below}"
        hint = f"If nothing uses it: umount {path}"
        if _same_server(mount, facts, client):
            hint = "Is it the folder you mean? Then configure its path on the server as storage.images, and export it."
        elif mount.maybe_shared:
            hint = "If both hosts share their images that way, mount the same source at this path on both."
        return Finding(FAILED, what, wanted, hint)
    if mount.read_only:
        return Finding(FAILED, f"{path} is mounted read-only", "mounted read-write")
    return None


def _obstacle(facts: NfsFacts, client: ClientRead) -> str:
    """Why the folder can't be mounted; empty if it can."""
    mount = client.mount
    if mount is not None and mount.type == AUTOFS:
        return _pending(mount)
    if mount is not None:
        ours = _is_our_mount(mount, facts, client)
        return "" if ours else f"something else is mounted there: {mount_summary(mount)}"
    return unreachable(facts, client.role) or _hidden_files(client)


def _pending(mount: Mount) -> str:
    """A sentence about an automount that has not mounted the folder although the app has just used it."""
    return f"{mount.source} mounts the folder at its first use, but that did not succeed"


def _hidden_files(client: ClientRead) -> str:
    files = hidden_files(client.folder) if client.mount is None else ""
    return f"{files}. Move them away first" if files else ""


def _is_our_mount(mount: Mount, facts: NfsFacts, client: ClientRead) -> bool:
    """True if the exported folder is mounted, by the name of its source or by the server's address."""
    right = lexical(_split(mount.source)[2]) in mount_paths(facts, client.role)
    return right and _same_server(mount, facts, client)


def _same_server(mount: Mount, facts: NfsFacts, client: ClientRead) -> bool:
    """Whether it is an NFS mount from the storage server, by its name or its address."""
    address, known = mount.option("addr"), client.names.get(facts.shared.server, Resolved(""))
    by_address = is_address(address) and normalized(address) in known.addresses
    return mount.nfs and (by_address or _names_server(_split(mount.source)[0], facts, client))


def _names_server(host: str, facts: NfsFacts, client: ClientRead) -> bool:
    server = client.names.get(facts.shared.server, Resolved(facts.shared.storage))
    return (normalized(host) if is_address(host) else host.lower()) in server.names


def _split(source: str) -> tuple[str, str, str]:
    """Host, colon and path of an NFS source: SERVER:/PATH, [2001:db8::3]:/PATH."""
    if source.startswith("["):
        host, _, path = source[1:].partition("]:")
        return host, ":", path
    return source.partition(":")


def _entry(facts: NfsFacts, client: ClientRead) -> FstabEntry | None:
    entries = client.fstab_entries
    mine = (each for each in entries if _is_our_entry(each, facts, client))
    return next(mine, entries[0] if entries else None)


def _is_our_entry(entry: FstabEntry, facts: NfsFacts, client: ClientRead) -> bool:
    """True if the entry names the exported folder, or made the mount of it under another name of the server."""
    mount = client.mount
    mounted = mount is not None and mount.source == entry.source and _is_our_mount(mount, facts, client)
    return mounted or is_ours(entry.source, facts, client)
