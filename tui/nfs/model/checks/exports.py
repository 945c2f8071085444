"""The export of the folder to exactly the two hosts: its line in /etc/exports, and that the server acts on it."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch

from tui.checklist.model.check import FAILED, OK, WARNING, Finding
from tui.core.settings import STORAGE
from tui.linux.addresses import Resolved, is_address, plain, within
from tui.linux.change import AddLines, Change, Command, Move, RemoveLines
from tui.linux.escapes import ESCAPE
from tui.linux.exports import Client, Export, export_line, parse_exports
from tui.linux.managed_block import blocks
from tui.nfs.model.checks.common import clients_awaited
from tui.nfs.model.facts import CLIENTS, ClientRead, NfsFacts, ServerRead

EXPORTS = "/etc/exports"
OPTIONS = "rw,sync,no_subtree_check,no_root_squash"
SINGLE, NETWORK, WILDCARD, NETGROUP, EVERYBODY = range(5)  # the order in which exportfs looks for a client

# Its status is also that of lines of others, which may have been wrong for years; what counts is looked at afterwards.
REEXPORT = "exportfs -arv || echo 'exportfs found fault with a line; what it says is above'"
REEXPORT_IF_THERE = "if command -v exportfs > /dev/null; then exportfs -ra || :; fi"

# However it is written: exportfs decodes what it has decoded once more (nfs-utils 2.6 and 2.8).
BACKSLASH = "exportfs can't be given a path with a backslash before three octal digits"

NOTE = (
    "rw: VMs write. sync: what the guest has flushed is on disk. no_subtree_check: a moved file stays open."
    " no_root_squash: libvirt, as root, gives an image to QEMU's user when the VM starts and takes it back afterwards;"
    " with root_squash that fails. It makes root of these two hosts root in this folder, and nobody else:"
    " QEMU's own user is not squashed either way."
)


@dataclass(frozen=True)
class Grant:
    """What one host is given by which line."""

    export: Export
    client: Client

    @property
    def wide(self) -> bool:
        """Whether others are given it, too."""
        return kind(self.client.name) != SINGLE

    @property
    def wrong(self) -> str:
        """The first option that is not as VMs need it, in words; empty where all are."""
        client = self.client
        if not client.has("rw"):
            return "read-only"
        if client.has("all_squash"):
            return "with all_squash"
        if not client.has("no_root_squash"):
            return "with root_squash"
        return "" if client.has("sync") else "with async"


def granted(exports: Iterable[Export], path: str, host: Resolved) -> Grant | None:
    """What counts for a host: the most exact client that means it, of several the first."""
    fits = [Grant(each, client) for each in exports if each.path == path for client in each.clients]
    fits = [grant for grant in fits if means(grant.client.name, host)]
    return min(fits, key=lambda grant: kind(grant.client.name), default=None)


def kind(name: str) -> int:
    """Which form of client it is."""
    if name == "*":
        return EVERYBODY
    if name.startswith("@"):
        return NETGROUP
    if "/" in name:
        return NETWORK
    return WILDCARD if any(each in name for each in "*?[") else SINGLE


def means(name: str, host: Resolved) -> bool:
    """Whether a client of an export is this host; who is in a netgroup is not known here."""
    form = kind(name)
    if form == EVERYBODY:
        return True
    if form == NETWORK:
        return any(within(address, name) for address in host.addresses)
    if form == WILDCARD:
        return any(fnmatch(each, name.lower()) for each in host.names if not is_address(each))
    return form == SINGLE and (plain(name) if is_address(name) else name.lower()) in host.names


def check_exports(facts: NfsFacts, server: ServerRead) -> Finding | None:
    """Whether the files export it to both, as VMs need it."""
    wanted = f"{facts.shared.export} exported to {' and '.join(_clients(facts))} with {OPTIONS}"
    if ESCAPE.search(facts.shared.export):
        return Finding(FAILED, BACKSLASH, wanted, "Give the folder another name in the configuration.")
    if unknown := _unknown(facts, server):
        hint = "Add it to /etc/hosts there, or give its address in the configuration."
        return Finding(FAILED, f"the storage server finds no address for {unknown}", wanted, hint)
    if foreign := _conflict(facts, server):
        where = f"{foreign.export.where} exports it to {foreign.client.name} {foreign.wrong}"
        hint = f"That line is not the app's: give it {OPTIONS}, or take {foreign.client.name} out of it."
        return Finding(FAILED, where, wanted, hint)
    missing = _missing(facts, server)
    if missing:
        return Finding(FAILED, f"it is not exported to {' and '.join(missing)} in a way that VMs need", wanted)
    grants = [grant for role in CLIENTS if (grant := _grant(facts, server, role))]
    if wide := next((grant for grant in grants if grant.wide), None):
        return Finding(WARNING, f"{wide.export.where} exports it to more than both hosts: {wide.client.name}", wanted)
    if stranger := _stranger(facts, server):
        return Finding(WARNING, stranger, wanted, "Give that address in the configuration, or the mount is refused.")
    if clients_awaited(facts):  # which of their addresses they come from is not known yet
        return None
    return Finding(OK, f"{grants[0].export.where} exports it to both hosts with {','.join(grants[0].client.options)}")


def change_exports(facts: NfsFacts, server: ServerRead) -> Change | str:
    """A line of our own for those who lack it; one of ours that is no longer right goes."""
    if ESCAPE.search(facts.shared.export):
        return BACKSLASH
    if unknown := _unknown(facts, server):
        return f"the storage server finds no address for {unknown}"
    if foreign := _conflict(facts, server):
        return f"{foreign.export.where} is not the app's, which does not touch it"
    moves = [
        Move(RemoveLines(STORAGE, EXPORTS, lines), (AddLines(STORAGE, EXPORTS, lines),))
        for lines in _own(facts, server)
    ]
    missing = _missing(facts, server)
    if missing:
        lines = (export_line(facts.shared.export, missing, OPTIONS),)
        undo = (RemoveLines(STORAGE, EXPORTS, lines), Command(STORAGE, ("sh", "-c", REEXPORT_IF_THERE)))
        moves.append(Move(AddLines(STORAGE, EXPORTS, lines), undo))
    return Change(tuple(moves), NOTE)


def check_active(facts: NfsFacts, server: ServerRead) -> Finding:
    """Whether exportfs has taken over what the files say."""
    path, wanted = facts.shared.export, "what /etc/exports says, in force"
    for role in CLIENTS:
        host = server.names[role]
        grant = granted(server.active, path, host)
        if grant is None:
            return Finding(FAILED, f"the server does not export it to {host.name} yet", wanted)
        if grant.wrong and grant.wrong != "with async":
            return Finding(FAILED, f"the server exports it to {host.name} {grant.wrong}", wanted)
    return Finding(OK, "the server exports it to both hosts")


def change_active(_facts: NfsFacts, _server: ServerRead) -> Change | str:
    return Change((Move(Command(STORAGE, ("sh", "-c", REEXPORT))),), "Clients that have it mounted notice nothing.")


def _clients(facts: NfsFacts) -> tuple[str, ...]:
    return tuple(dict.fromkeys(facts.address(role) for role in CLIENTS))


def _all(facts: NfsFacts, server: ServerRead, *, without_own: bool = False) -> list[Export]:
    found = [each for file, text in server.exports.items() for each in parse_exports(text, file)]
    if not without_own:
        return found
    own = {line for lines in _own(facts, server) for line in lines}
    texts = {file: text.split("\n") for file, text in server.exports.items()}
    return [each for each in found if texts[each.file][each.line - 1] not in own]


def _own(facts: NfsFacts, server: ServerRead) -> list[tuple[str, ...]]:
    """Lines of the app's that export this folder, but not to exactly these hosts in this way."""
    path, hosts, found = facts.shared.export, [server.names[role] for role in CLIENTS], []
    for block in blocks(server.exports.get(EXPORTS, "")):
        exports = [each for line in block.lines for each in parse_exports(line)]
        here = [Grant(each, client) for each in exports if each.path == path for client in each.clients]
        right = (
            not (grant.wide or grant.wrong) and any(means(grant.client.name, host) for host in hosts) for grant in here
        )
        if here and not all(right):
            found.append(block.lines)
    return found


def _grant(facts: NfsFacts, server: ServerRead, role: str) -> Grant | None:
    """What a host is given, were lines of ours that are no longer right gone."""
    return granted(_all(facts, server, without_own=True), facts.shared.export, server.names[role])


def _conflict(facts: NfsFacts, server: ServerRead) -> Grant | None:
    """A line of somebody else's for exactly one of our hosts that does not do."""
    grants = (_grant(facts, server, role) for role in CLIENTS)
    return next((grant for grant in grants if grant and not grant.wide and grant.wrong), None)


def _missing(facts: NfsFacts, server: ServerRead) -> tuple[str, ...]:
    """The hosts that need a line; what is given to many and does not do is overruled by a line for one."""
    lacking = [role for role in CLIENTS if (grant := _grant(facts, server, role)) is None or grant.wrong]
    return tuple(dict.fromkeys(facts.address(role) for role in lacking))


def _unknown(facts: NfsFacts, server: ServerRead) -> str:
    return next((facts.address(role) for role in CLIENTS if not server.names[role].addresses), "")


def _stranger(facts: NfsFacts, server: ServerRead) -> str:
    """The host that comes from another address than the server knows it by."""
    for role in CLIENTS:
        client, known = facts.client(role), server.names[role]
        if isinstance(client, ClientRead) and client.own_address and client.own_address not in known.addresses:
            return f"{role} comes from {client.own_address}, which is not {known.name} to the storage server"
    return ""
