"""The NFS room over the machines, as the app on the source would have it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.fake_hosts import TABLES, FakeHypervisor
from tests.nfs.machines import Machines
from tui import config
from tui.adapters.ssh import SshShell
from tui.backend.changes import Progress
from tui.backend.checklist import Checklist
from tui.backend.connections import Connections
from tui.backend.nfs import Nfs
from tui.model.nfs_facts import NfsFacts
from tui.wiring import changes_through

GRACE_LIMIT_S = 240.0


@asynccontextmanager
async def checklist(machines: Machines, journal: Path, user: str = "root") -> AsyncIterator[Checklist[NfsFacts]]:
    """The list, with all machines logged in to as `user`; they have no libvirt, so a fake one knows no VM."""
    tables = TABLES | {"hosts": {machine.name: {"ssh": f"{user}@{machine.name}"} for machine in machines}}
    read, problems = config.check(tables)
    assert read, problems
    shells = {address: machines.source.shell(user) for address in ("",)}  # the app runs on the source

    def shell(address: str) -> SshShell:
        if address not in shells:
            shells[address] = getattr(machines, address.rpartition("@")[2]).shell(user)
        return shells[address]

    connections = Connections(read, FakeHypervisor, shell)
    try:
        yield Nfs(connections, changes_through(connections, journal)).checklist
    finally:
        await connections.close()


async def settled(checklist: Checklist[NfsFacts]) -> dict[str, str]:
    """What is bad in the end: a server that has just been started lets nobody open anything for its first 90 s."""
    end = time.monotonic() + GRACE_LIMIT_S
    await checklist.look_once()
    while bad(checklist) and time.monotonic() < end:
        await checklist.look_once()
    return bad(checklist)


def say(progress: Progress) -> None:
    """Goes where a failed test shows it."""
    print(f"{progress.kind} {progress.action.host}: {progress.text or progress.action.text}")


def bad(checklist: Checklist[NfsFacts]) -> dict[str, str]:
    """What is not as it must be, by its id."""
    return {
        item.id: f"{item.state}: {item.finding.found if item.finding else ''}"
        for item in checklist.items
        if item.finding is None or not item.finding.good
    }
