"""The export of the folder to the two hosts only: the line in /etc/exports, and the exports in effect."""

from collections.abc import Iterable

from tui.checklist.model.check import FAILED, OK, WARNING, Finding
from tui.core.host_words import all_of
from tui.linux.change import AddLines, Change, Command, Move, RemoveLines, added
from tui.linux.escapes import ESCAPE
from tui.linux.exports import Export, export_line, first_fault, parse_exports
from tui.linux.managed_block import blocks
from tui.linux.mounts import mount_at
from tui.nfs.model.checks.common import clients_unread
from tui.nfs.model.checks.grants import (
    SINGLE,
    Grant,
    client_kind,
    covering_grant,
    effective_grant,
    exported_paths,
    matches,
    only_for,
    unknown_netgroup,
    unreachable,
    written_exports,
)
from tui.nfs.model.facts import ClientRead, NfsFacts, ServerRead

EXPORTS = "/etc/exports"
OPTIONS = "rw,sync,no_subtree_check,no_root_squash"

# exportfs also fails because of faulty lines that are not the app's; the next reading shows whether ours is in effect.
REEXPORT = "exportfs -arv || echo 'exportfs reported an error in a line, see above'"
REEXPORT_IF_THERE = "if command -v exportfs > /dev/null; then exportfs -ra || :; fi"

# No escape helps, because exportfs decodes the path twice (nfs-utils 2.6 and 2.8).
BACKSLASH = "exportfs does not support a path with a backslash before three octal digits"

NOTE = (
    "rw: VMs write. sync: data that the guest flushes is on disk. no_subtree_check: a moved file stays open."
    " no_root_squash: libvirt, as root, changes the owner of an image to QEMU's user when the VM starts, and back when"
    " it stops; with root_squash that fails. It makes root of these two hosts, and of no other, root in this folder."
    " QEMU's own user is never squashed."
)


def check_exports(facts: NfsFacts, server: ServerRead) -> Finding | None:
    """Whether the files export the folder to both hosts with the options that VMs need."""
    wanted = f"{exported_paths(facts, server)[0]} exported to {' and '.join(_clients(facts))} with {OPTIONS}"
    if ESCAPE.search(facts.shared.export):
        return Finding(FAILED, BACKSLASH, wanted, "Configure another exported folder.")
    if unknown := _unknown(facts, server):
        hint = "Add it to /etc/hosts there, or configure its address."
        return Finding(FAILED, f"the storage server finds no address for {unknown}", wanted, hint)
    if foreign := _conflict(facts, server):
        where = f"{foreign.export.where} exports it to {foreign.client.name} {foreign.wrong}"
        hint = f"The app did not write that line: change its options to {OPTIONS}, or remove {foreign.client.name}."
        return Finding(FAILED, where, wanted, hint)
    missing = _missing(facts, server)
    if missing:
        found = f"it is not exported to {' and '.join(missing)} with the options VMs need"
        if group := unknown_netgroup(facts, server):
            found += f"; {group.export.where} exports it to {group.client.name}, and this host finds no such netgroup"
        return Finding(FAILED, found, wanted)
    if parent := _outside(facts, wanted) or _covered(facts, server, wanted):
        return parent
    grants = [grant for role in facts.shared.clients if (grant := _grant(facts, server, role))]
    hosts = [server.names[role] for role in facts.shared.clients]
    if wide := next((each for each in grants if not only_for(each.client.name, hosts, server.netgroups)), None):
        what = "it" if wide.export.path in exported_paths(facts, server) else wide.export.path
        found = f"{wide.export.where} exports {what} to more than {all_of(facts.shared.clients)}: {wide.client.name}"
        return Finding(WARNING, found, wanted)
    if mismatch := _address_mismatch(facts, server):
        return Finding(WARNING, mismatch, wanted, "Configure that address, or the server refuses the mount.")
    if clients_unread(facts):  # their own addresses are still unknown
        return None
    where = " and ".join(dict.fromkeys(grant.export.where for grant in grants))
    return Finding(OK, f"{where}: exported to {all_of(facts.shared.clients)} with {','.join(grants[0].client.options)}")


def change_exports(facts: NfsFacts, server: ServerRead) -> Change | str:
    """Adds a line for the hosts that need it, and removes outdated lines of the app."""
    if ESCAPE.search(facts.shared.export):
        return BACKSLASH
    if unknown := _unknown(facts, server):
        return f"the storage server finds no address for {unknown}"
    if foreign := _conflict(facts, server):
        return f"the app did not write {foreign.export.where} and does not change it"
    moves = [
        Move(RemoveLines(server.role, EXPORTS, lines), (AddLines(server.role, EXPORTS, lines),))
        for lines in _outdated(facts, server)
    ]
    missing = _missing(facts, server)
    if missing:
        lines = (export_line(exported_paths(facts, server)[0], missing, OPTIONS),)
        moves.append(added(server.role, EXPORTS, lines, Command(server.role, ("sh", "-c", REEXPORT_IF_THERE))))
    return Change(tuple(moves), NOTE)


def check_active(facts: NfsFacts, server: ServerRead) -> Finding:
    """Whether the exports in effect are those of the files."""
    wanted = "the lines of /etc/exports in effect"
    for role in facts.shared.clients:
        host = server.names[role]
        grant = _own_or_parent(facts, server, server.active, role)
        if grant is None:
            found = f"the server does not export it to {host.name} yet"
            if fault := _fault(server):
                hint = "Correct that line: exportfs does not read the rest of the file."
                return Finding(FAILED, f"{found}; {fault}", wanted, hint)
            return Finding(FAILED, found, wanted)
        if grant.wrong and grant.wrong != "with async":
            return Finding(FAILED, f"the server exports it to {host.name} {grant.wrong}", wanted)
    return Finding(OK, f"the server exports it to {all_of(facts.shared.clients)}")


def _fault(server: ServerRead) -> str:
    return next((fault for file, text in server.exports.items() if (fault := first_fault(text, file))), "")


def change_active(_facts: NfsFacts, server: ServerRead) -> Change | str:
    """Reads /etc/exports again."""
    if fault := _fault(server):
        return f"exportfs stops at {fault}"
    return Change(
        (Move(Command(server.role, ("sh", "-c", REEXPORT))),), "Existing mounts of the clients are not affected."
    )


def _outside(facts: NfsFacts, wanted: str) -> Finding | None:
    """The finding that NFS 4 clients can't see the folder at all."""
    why = next((why for role in facts.shared.clients if (why := unreachable(facts, role))), "")
    hint = "Export a folder below it (storage.export in config.toml), or remove fsid=0 if no client relies on it."
    return Finding(WARNING, why, wanted, hint) if why else None


def _covered(facts: NfsFacts, server: ServerRead, wanted: str) -> Finding | None:
    """The finding that the unsuitable options of a parent folder count in place of those of the exported one."""
    if mount_at(server.mounts, exported_paths(facts, server)[-1]) is not None:
        return None
    exports = (*written_exports(server), *server.active)
    grants = (covering_grant(facts, server, exports, role) for role in facts.shared.clients)
    parent = next((grant for grant in grants if grant and grant.wrong), None)
    if parent is None:
        return None
    path, above = exported_paths(facts, server)[0], parent.export.path
    found = f"{parent.export.where} exports {above} {parent.wrong}, and that counts for NFS 4: {path} is no mount point"
    hint = f"Give {above} the same options, or configure storage.images elsewhere: the app mounts it at {path}."
    return Finding(WARNING, found, wanted, hint)


def _clients(facts: NfsFacts) -> tuple[str, ...]:
    return tuple(dict.fromkeys(facts.address(role) for role in facts.shared.clients))


def _current(facts: NfsFacts, server: ServerRead) -> list[Export]:
    """The exports of all files, without the outdated lines of the app."""
    outdated = {line for lines in _outdated(facts, server) for line in lines}
    texts = {file: text.split("\n") for file, text in server.exports.items()}
    return [each for each in written_exports(server) if texts[each.file][each.line - 1] not in outdated]


def _outdated(facts: NfsFacts, server: ServerRead) -> list[tuple[str, ...]]:
    """Lines of the app that export this folder to other hosts or with other options."""
    paths, hosts, found = exported_paths(facts, server), [server.names[role] for role in facts.shared.clients], []
    for block in blocks(server.exports.get(EXPORTS, "")):
        exports = [each for line in block.lines for each in parse_exports(line)]
        here = [Grant(each, client) for each in exports if each.path in paths for client in each.clients]
        right = (
            client_kind(grant.client.name) == SINGLE
            and not grant.wrong
            and any(matches(grant.client.name, host, server.netgroups) for host in hosts)
            for grant in here
        )
        if here and not all(right):
            found.append(block.lines)
    return found


def _grant(facts: NfsFacts, server: ServerRead, role: str) -> Grant | None:
    """The grant of a host once the app's outdated lines are removed."""
    return _own_or_parent(facts, server, _current(facts, server), role)


def _own_or_parent(facts: NfsFacts, server: ServerRead, exports: Iterable[Export], role: str) -> Grant | None:
    """The grant of the folder for a host, else that of an exported parent with suitable options."""
    exports = tuple(exports)
    own = effective_grant(server, exports, exported_paths(facts, server), role)
    parent = covering_grant(facts, server, exports, role) if own is None else None
    return own or (parent if parent and not parent.wrong else None)


def _conflict(facts: NfsFacts, server: ServerRead) -> Grant | None:
    """A line that the app did not write, for one of the hosts alone and with unsuitable options."""
    grants = (_grant(facts, server, role) for role in facts.shared.clients)
    return next((grant for grant in grants if grant and client_kind(grant.client.name) == SINGLE and grant.wrong), None)


def _missing(facts: NfsFacts, server: ServerRead) -> tuple[str, ...]:
    """The hosts that need a line; a line for one host takes precedence over unsuitable lines for many."""
    lacking = [role for role in facts.shared.clients if (grant := _grant(facts, server, role)) is None or grant.wrong]
    return tuple(dict.fromkeys(facts.address(role) for role in lacking))


def _unknown(facts: NfsFacts, server: ServerRead) -> str:
    return next((facts.address(role) for role in facts.shared.clients if not server.names[role].addresses), "")


def _address_mismatch(facts: NfsFacts, server: ServerRead) -> str:
    """A client that connects from an address that the server does not know for it."""
    for role in facts.shared.clients:
        client, known = facts.client(role), server.names[role]
        if isinstance(client, ClientRead) and client.own_address and client.own_address not in known.addresses:
            return f"{role} connects from {client.own_address}, which the storage server does not know as {known.name}"
    return ""
