"""Adapts checks and changes of one host to the facts of all, and detects folders that are shared without NFS."""

from collections.abc import Callable
from typing import TypeVar

from tui.checklist.model.check import NOT_NEEDED, Finding, from_failure
from tui.core.failure import Failure
from tui.core.host_words import all_of
from tui.linux.change import Change
from tui.linux.mounts import NFS, SHARED_TYPES, Mount, mount_of
from tui.linux.qemu_conf import SHARED_SINCE
from tui.nfs.model.facts import ClientRead, HostRead, NfsFacts

H = TypeVar("H", bound=HostRead)
Check = Callable[[NfsFacts], Finding | None]
Remedy = Callable[[NfsFacts], Change | str]


def host_check(role: str, kind: type[H], check: Callable[[NfsFacts, H], Finding | None]) -> Check:
    """A check of one host; a Failure to read the host becomes the finding."""

    def checked(facts: NfsFacts) -> Finding | None:
        host = facts.hosts.get(role)
        if isinstance(host, Failure):
            return from_failure(host)
        return check(facts, host) if isinstance(host, kind) else None

    return checked


def host_change(role: str, kind: type[H], plan: Callable[[NfsFacts, H], Change | str]) -> Remedy:
    """A change of one host; empty if it was not read."""

    def change(facts: NfsFacts) -> Change | str:
        host = facts.hosts.get(role)
        return plan(facts, host) if isinstance(host, kind) else ""

    return change


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
    if len(reasons) < len(facts.shared.clients) or not all(reasons):
        return _same_unknown(facts)
    return f"{all_of(facts.shared.clients)} share the folder without it: {reasons[0]}"


def clients_unread(facts: NfsFacts) -> bool:
    """Whether a client has neither been read nor failed."""
    return any(facts.client(role) is None for role in facts.shared.clients)


def _undecided(facts: NfsFacts) -> bool:
    """True while some clients are unread, and all that were read share the folder without NFS."""
    known = [client for role in facts.shared.clients if (client := facts.client(role)) is not None]
    return clients_unread(facts) and all(
        isinstance(each, ClientRead) and (_other_sharing(each) or _unknown_mount(each)) for each in known
    )


def _same_unknown(facts: NfsFacts) -> str:
    """How both hosts share the folder if they mount the same source of a type that libvirt does not know."""
    mounts = [mount for each in facts.clients if (mount := _unknown_mount(each))]
    if len(mounts) < len(facts.shared.clients) or len({(mount.type, mount.source) for mount in mounts}) > 1:
        return ""
    kind, source = mounts[0].type, mounts[0].source
    hosts = all_of(facts.shared.clients)
    return f"{hosts} mount {source} ({kind}) in its place; the proof below shows whether it is the same"


def _unknown_mount(client: ClientRead) -> Mount | None:
    """The mount that the folder is on, if other hosts may share it and libvirt does not know its type."""
    mount = mount_of(client.mounts, client.folder.real)
    return mount if mount is not None and mount.maybe_shared and client.folder.is_folder else None


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
