"""Which export of the storage server applies to a host, and under which paths a host can mount the folder."""

import ipaddress
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath

from tui.linux.addresses import Resolved, in_network, is_address, normalized
from tui.linux.exports import Client, Export, parse_exports
from tui.linux.mounts import device_folder, mount_at
from tui.linux.paths import inside, lexical
from tui.nfs.model.facts import NfsFacts, ServerRead

SINGLE, NETWORK, WILDCARD, NETGROUP, EVERYBODY = range(5)  # the order in which exportfs searches for a client
Netgroups = Mapping[str, tuple[str, ...]]
ROOT_OPTIONS = ("fsid=0", "fsid=root")  # exports(5): the folder is the root of what NFS 4 clients see


@dataclass(frozen=True)
class Grant:
    """The client of an export that applies to a host."""

    export: Export
    client: Client

    @property
    def wrong(self) -> str:
        """The first option that does not suit VMs, in words; empty if all do."""
        client = self.client
        if other := client.excludes("sec=", "sys") or client.excludes("xprtsec=", "none"):
            return f"only with {other}"
        if not client.has("rw"):
            return "read-only"
        if client.has("all_squash"):
            return "with all_squash"
        if not client.has("no_root_squash"):
            return "with root_squash"
        return "" if client.has("sync") else "with async"


def effective_grant(server: ServerRead, exports: Iterable[Export], paths: Iterable[str], role: str) -> Grant | None:
    """The grant of these paths for a host: the most specific client that matches, the first of several."""
    host, known = server.names.get(role, Resolved("")), server.netgroups
    grants = [Grant(each, client) for each in exports if each.path in paths for client in each.clients]
    matching = [grant for grant in grants if matches(grant.client.name, host, known)]
    return min(matching, key=lambda grant: client_kind(grant.client.name), default=None)


def only_for(client: str, hosts: Collection[Resolved], netgroups: Netgroups) -> bool:
    """Whether no other host than these matches a client of an export."""
    form, names = client_kind(client), {name for host in hosts for name in host.names}
    if form == NETWORK:
        try:
            network = ipaddress.ip_network(client, strict=False)
        except ValueError:
            return False
        return network.num_addresses <= len(names) and all(str(each) in names for each in network)
    if form == NETGROUP:
        members = netgroups.get(client, ())
        return bool(members) and all(_plain(each) in names for each in members)
    return form == SINGLE


def client_kind(name: str) -> int:
    """The form of a client's name: SINGLE, NETWORK, WILDCARD, NETGROUP or EVERYBODY."""
    if name == "*":
        return EVERYBODY
    if name.startswith("@"):
        return NETGROUP
    if "/" in name:
        return NETWORK
    return WILDCARD if any(each in name for each in "*?[") else SINGLE


def matches(name: str, host: Resolved, netgroups: Netgroups) -> bool:
    """Whether a client of an export matches this host; False for a netgroup that the server does not find."""
    form = client_kind(name)
    if form == EVERYBODY:
        return True
    if form == NETWORK:
        return any(in_network(address, name) for address in host.addresses)
    if form == WILDCARD:
        return any(fnmatch(each, name.lower()) for each in host.names if not is_address(each))
    if form == NETGROUP:
        return any(each == "*" or _plain(each) in host.names for each in netgroups.get(name, ()))
    return _plain(name) in host.names


def _plain(name: str) -> str:
    """A name or an address as Resolved has it."""
    return normalized(name) if is_address(name) else name.lower().rstrip(".")


def written_exports(server: ServerRead) -> list[Export]:
    """The exports of all files."""
    return [each for file, text in server.exports.items() for each in parse_exports(text, file)]


def exported_paths(facts: NfsFacts, server: ServerRead) -> tuple[str, ...]:
    """The exported folder as it may be written; exportfs follows symbolic links, so its table has the last one."""
    folder = _written(facts.shared.export, server.folder.real)
    images = _written(facts.shared.images, server.images.real)
    return images if exports_images(facts, server) else folder


def exports_images(facts: NfsFacts, server: ServerRead) -> bool:
    """Whether the server exports the image folder itself, and not the folder at which the app would mount it."""
    paths = {each.path for each in (*written_exports(server), *server.active)}
    folder = _written(facts.shared.export, server.folder.real)
    return not paths.intersection(folder) and bool(
        paths.intersection(_written(facts.shared.images, server.images.real))
    )


def _written(path: str, real: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((lexical(path), real or lexical(path))))


def unknown_netgroup(facts: NfsFacts, server: ServerRead) -> Grant | None:
    """An export of the folder to a netgroup that the server does not find, so its hosts are unknown."""
    paths = exported_paths(facts, server)
    grants = (Grant(each, client) for each in written_exports(server) if each.path in paths for client in each.clients)
    unknown = (each for each in grants if client_kind(each.client.name) == NETGROUP)
    return next((each for each in unknown if each.client.name not in server.netgroups), None)


def pseudo_root(server: ServerRead, role: str) -> Grant | None:
    """The export with fsid=0 for a host: its folder is "/" for that host's NFS 4 mounts."""
    roots = [
        Export(each.path, clients, each.line, each.file)
        for each in (*written_exports(server), *server.active)
        if (clients := tuple(client for client in each.clients if set(ROOT_OPTIONS) & set(client.options)))
    ]
    return effective_grant(server, roots, {each.path for each in roots}, role)


def covering_grant(facts: NfsFacts, server: ServerRead, exports: Iterable[Export], role: str) -> Grant | None:
    """The grant of a parent folder that NFS 4 uses for this one, because it looks for exports at mount points only.

    At a mount point, as the app makes it, a parent counts only with crossmnt; so it does on another file system.
    """
    folder, exports = exported_paths(facts, server)[-1], tuple(exports)
    own = device_folder(server.mounts, folder)
    apart = mount_at(server.mounts, folder) is not None
    for parent in map(str, PurePosixPath(folder).parents):
        grant, above = effective_grant(server, exports, (parent,), role), device_folder(server.mounts, parent)
        if grant is not None and own is not None and above is not None:
            return grant if "crossmnt" in grant.client.options or not (apart or own[0] != above[0]) else None
    return None


def unreachable(facts: NfsFacts, role: str) -> str:
    """Why a host can't mount the folder with NFS 4 at all; empty if it can."""
    server = facts.server
    root = pseudo_root(server, role) if isinstance(server, ServerRead) else None
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
    root = pseudo_root(server, role)
    below = (inside(path, root.export.path) for path in whole) if root else ()
    return tuple(dict.fromkeys((*(path for path in below if path is not None), *whole)))
