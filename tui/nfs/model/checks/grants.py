"""Which export of the storage server applies to a host, and under which paths a host can mount the folder."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch

from tui.linux.addresses import Resolved, in_network, is_address, normalized
from tui.linux.exports import Client, Export, parse_exports
from tui.linux.paths import inside, lexical
from tui.nfs.model.facts import NfsFacts, ServerRead

SINGLE, NETWORK, WILDCARD, NETGROUP, EVERYBODY = range(5)  # the order in which exportfs searches for a client
ROOT_OPTIONS = ("fsid=0", "fsid=root")  # exports(5): the folder is the root of what NFS 4 clients see


@dataclass(frozen=True)
class Grant:
    """The client of an export that applies to a host."""

    export: Export
    client: Client

    @property
    def wide(self) -> bool:
        """Whether other hosts may match it, too."""
        return client_kind(self.client.name) != SINGLE

    @property
    def wrong(self) -> str:
        """The first option that does not suit VMs, in words; empty if all do."""
        client = self.client
        if not client.has("rw"):
            return "read-only"
        if client.has("all_squash"):
            return "with all_squash"
        if not client.has("no_root_squash"):
            return "with root_squash"
        return "" if client.has("sync") else "with async"


def effective_grant(exports: Iterable[Export], paths: Iterable[str], host: Resolved) -> Grant | None:
    """The grant of these paths for a host: the most specific client that matches, the first of several."""
    grants = [Grant(each, client) for each in exports if each.path in paths for client in each.clients]
    matching = [grant for grant in grants if matches(grant.client.name, host)]
    return min(matching, key=lambda grant: client_kind(grant.client.name), default=None)


def client_kind(name: str) -> int:
    """The form of a client's name: SINGLE, NETWORK, WILDCARD, NETGROUP or EVERYBODY."""
    if name == "*":
        return EVERYBODY
    if name.startswith("@"):
        return NETGROUP
    if "/" in name:
        return NETWORK
    return WILDCARD if any(each in name for each in "*?[") else SINGLE


def matches(name: str, host: Resolved) -> bool:
    """Whether a client of an export matches this host; False for netgroups, because their members are unknown."""
    form = client_kind(name)
    if form == EVERYBODY:
        return True
    if form == NETWORK:
        return any(in_network(address, name) for address in host.addresses)
    if form == WILDCARD:
        return any(fnmatch(each, name.lower()) for each in host.names if not is_address(each))
    return form == SINGLE and (normalized(name) if is_address(name) else name.lower()) in host.names


def written_exports(server: ServerRead) -> list[Export]:
    """The exports of all files."""
    return [each for file, text in server.exports.items() for each in parse_exports(text, file)]


def exported_paths(facts: NfsFacts, server: ServerRead) -> tuple[str, ...]:
    """The exported folder as it may be written; exportfs follows symbolic links, so its table has the last one."""
    return tuple(dict.fromkeys((lexical(facts.shared.export), server.folder.real or facts.shared.export)))


def pseudo_root(server: ServerRead, host: Resolved) -> Grant | None:
    """The export with fsid=0 for a host: its folder is "/" for that host's NFS 4 mounts."""
    roots = [
        Export(each.path, clients, each.line, each.file)
        for each in (*written_exports(server), *server.active)
        if (clients := tuple(client for client in each.clients if set(ROOT_OPTIONS) & set(client.options)))
    ]
    return effective_grant(roots, {each.path for each in roots}, host)


def unreachable(facts: NfsFacts, role: str) -> str:
    """Why a host can't mount the folder with NFS 4 at all; empty if it can."""
    server = facts.server
    root = pseudo_root(server, server.names.get(role, Resolved(""))) if isinstance(server, ServerRead) else None
    if root is None or not isinstance(server, ServerRead):
        return ""
    if any(inside(path, root.export.path) is not None for path in exported_paths(facts, server)):
        return ""
    return (
        f"{root.export.where} has fsid=0, so NFS 4 clients see nothing outside {root.export.path},"
        f" and {facts.shared.export} is outside"
    )


def mount_paths(facts: NfsFacts, role: str) -> tuple[str, ...]:
    """The paths under which a host can mount the exported folder; the first is the one to use with NFS 4."""
    server = facts.server
    if not isinstance(server, ServerRead):
        return (lexical(facts.shared.export),)
    whole = tuple(reversed(exported_paths(facts, server)))  # NFS 4 does not lead through a symbolic link on the server
    root = pseudo_root(server, server.names.get(role, Resolved("")))
    below = (inside(path, root.export.path) for path in whole) if root else ()
    return tuple(dict.fromkeys((*(path for path in below if path is not None), *whole)))
