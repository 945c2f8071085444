"""Adapts checks and changes of one host to the facts of all, and detects folders that are shared without NFS."""

from collections.abc import Callable
from typing import TypeVar

from tui.checklist.model.check import NOT_NEEDED, Finding, from_failure
from tui.core.failure import Failure
from tui.linux.change import Change
from tui.linux.mounts import NFS, SHARED_TYPES, mount_of
from tui.linux.qemu_conf import SHARED_SINCE
from tui.nfs.model.facts import CLIENTS, ClientRead, HostRead, NfsFacts, ServerRead

H = TypeVar("H", bound=HostRead)
Check = Callable[[NfsFacts], Finding | None]
Remedy = Callable[[NfsFacts], Change | str]


def server_check(check: Callable[[NfsFacts, ServerRead], Finding | None]) -> Check:
    """A check of the storage server."""
    return _check(lambda facts: facts.server, check)


def client_check(role: str, check: Callable[[NfsFacts, ClientRead], Finding | None]) -> Check:
    """A check of the source or the destination."""
    return _check(lambda facts: facts.client(role), check)


def host_check(role: str, check: Callable[[NfsFacts, HostRead], Finding | None]) -> Check:
    """A check of any host."""
    return _check(lambda facts: facts.hosts.get(role), check)


def server_change(plan: Callable[[NfsFacts, ServerRead], Change | str]) -> Remedy:
    """A change of the storage server; empty if it was not read."""
    return _change(lambda facts: facts.server, plan)


def client_change(role: str, plan: Callable[[NfsFacts, ClientRead], Change | str]) -> Remedy:
    """A change of the source or the destination; empty if it was not read."""
    return _change(lambda facts: facts.client(role), plan)


def host_change(role: str, plan: Callable[[NfsFacts, HostRead], Change | str]) -> Remedy:
    """A change of any host; empty if it was not read."""
    return _change(lambda facts: facts.hosts.get(role), plan)


def only_for_nfs(check: Check) -> Check:
    """A check that is not needed where the hosts share the folder without NFS from the storage server."""

    def checked(facts: NfsFacts) -> Finding | None:
        why = shared_without_nfs(facts)
        if why:
            return Finding(NOT_NEEDED, why)
        return None if _undecided(facts) else check(facts)

    return checked


def shared_without_nfs(facts: NfsFacts) -> str:
    """How both hosts share the folder without the storage server's NFS; empty if they don't, or it is undecided."""
    reasons = [_other_sharing(each) for each in facts.clients]
    if len(reasons) < len(CLIENTS) or not all(reasons):
        return ""
    return f"both hosts share the folder without it: {reasons[0]}"


def clients_unread(facts: NfsFacts) -> bool:
    """Whether a client has neither been read nor failed."""
    return any(facts.client(role) is None for role in CLIENTS)


def _check(host_of: Callable[[NfsFacts], H | Failure | None], check: Callable[[NfsFacts, H], Finding | None]) -> Check:
    """A check of one host; a Failure to read the host becomes the finding."""

    def checked(facts: NfsFacts) -> Finding | None:
        host = host_of(facts)
        if isinstance(host, Failure):
            return from_failure(host)
        return None if host is None else check(facts, host)

    return checked


def _change(host_of: Callable[[NfsFacts], H | Failure | None], plan: Callable[[NfsFacts, H], Change | str]) -> Remedy:
    def change(facts: NfsFacts) -> Change | str:
        host = host_of(facts)
        return "" if host is None or isinstance(host, Failure) else plan(facts, host)

    return change


def _undecided(facts: NfsFacts) -> bool:
    """True while some clients are unread, and all that were read share the folder without NFS."""
    known = [client for role in CLIENTS if (client := facts.client(role)) is not None]
    return clients_unread(facts) and all(isinstance(each, ClientRead) and _other_sharing(each) for each in known)


def _other_sharing(client: ClientRead) -> str:
    mount = mount_of(client.mounts, client.folder.real)
    if mount is None or not client.folder.is_folder or mount.type in NFS:
        return ""
    if mount.type in SHARED_TYPES:
        return f"a {mount.type} file system, {mount.source}"
    if mount.target != "/" and client.declared:
        since = ".".join(map(str, SHARED_SINCE[:2]))
        return f"shared_filesystems in qemu.conf declares {client.declared} (libvirt {since} or newer)"
    return ""
