"""What the checks of the shared folder have in common: findings where a host could not be read, and who shares it."""

from collections.abc import Callable

from tui.checklist.model.check import NOT_NEEDED, Finding, from_failure
from tui.core.failure import Failure
from tui.core.settings import STORAGE
from tui.linux.change import Change
from tui.linux.mounts import NFS, SHARED_TYPES, holding
from tui.linux.qemu_conf import SHARED_SINCE
from tui.nfs.model.facts import CLIENTS, ClientRead, HostRead, NfsFacts, ServerRead

Check = Callable[[NfsFacts], Finding | None]
Remedy = Callable[[NfsFacts], Change | str]


def of_server(judge: Callable[[NfsFacts, ServerRead], Finding | None]) -> Check:
    """A check that looks at the storage server."""

    def check(facts: NfsFacts) -> Finding | None:
        server = facts.server
        if isinstance(server, Failure):
            return from_failure(server)
        return None if server is None else judge(facts, server)

    return check


def of_client(role: str, judge: Callable[[NfsFacts, ClientRead], Finding | None]) -> Check:
    """A check that looks at the source or the destination."""

    def check(facts: NfsFacts) -> Finding | None:
        client = facts.client(role)
        if isinstance(client, Failure):
            return from_failure(client)
        return None if client is None else judge(facts, client)

    return check


def of_host(role: str, judge: Callable[[NfsFacts, HostRead], Finding | None]) -> Check:
    """A check that is the same on every host."""
    return of_server(judge) if role == STORAGE else of_client(role, judge)


def change_server(plan: Callable[[NfsFacts, ServerRead], Change | str]) -> Remedy:
    """A change of the storage server, nothing where it was not read."""

    def change(facts: NfsFacts) -> Change | str:
        server = facts.server
        return plan(facts, server) if isinstance(server, ServerRead) else ""

    return change


def change_host(role: str, plan: Callable[[NfsFacts, HostRead], Change | str]) -> Remedy:
    """A change of any of the hosts, nothing where it was not read."""

    def change(facts: NfsFacts) -> Change | str:
        host = facts.hosts.get(role)
        return plan(facts, host) if isinstance(host, HostRead) else ""

    return change


def change_client(role: str, plan: Callable[[NfsFacts, ClientRead], Change | str]) -> Remedy:
    """A change of the source or the destination, nothing where it was not read."""

    def change(facts: NfsFacts) -> Change | str:
        client = facts.client(role)
        return plan(facts, client) if isinstance(client, ClientRead) else ""

    return change


def unless_shared(check: Check) -> Check:
    """The check of a step that only NFS from the storage server needs."""

    def judged(facts: NfsFacts) -> Finding | None:
        why = shared_otherwise(facts)
        if why:
            return Finding(NOT_NEEDED, why)
        return None if _may_be_shared_otherwise(facts) else check(facts)

    return judged


def shared_otherwise(facts: NfsFacts) -> str:
    """Why the folder needs no NFS from the storage server, empty where it does or that is not known yet."""
    reasons = [_otherwise(each) for each in facts.clients]
    if len(reasons) < len(CLIENTS) or not all(reasons):
        return ""
    return f"both hosts have the folder without it: {reasons[0]}"


def _may_be_shared_otherwise(facts: NfsFacts) -> bool:
    """Whether that can't be told yet: both have to have it, and none that was read lacks it."""
    known = [client for role in CLIENTS if (client := facts.client(role)) is not None]
    return len(known) < len(CLIENTS) and all(isinstance(each, ClientRead) and _otherwise(each) for each in known)


def clients_awaited(facts: NfsFacts) -> bool:
    """Whether a host that runs VMs has neither answered nor failed yet."""
    return any(facts.client(role) is None for role in CLIENTS)


def _otherwise(client: ClientRead) -> str:
    mount = holding(client.mounts, client.folder.real)
    if mount is None or not client.folder.is_folder or mount.type in NFS:
        return ""
    if mount.type in SHARED_TYPES:
        return f"a {mount.type} file system, {mount.source}"
    if mount.target != "/" and client.declared:
        since = ".".join(map(str, SHARED_SINCE[:2]))
        return f"shared_filesystems in qemu.conf declares {client.declared} (libvirt {since} or newer)"
    return ""
