"""The backend in the test's process with a real lab; it reaches the daemons through their sockets."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui.adapters.libvirt.hypervisor import connect
from tui.adapters.local import LocalShell
from tui.core.connections import Connections
from tui.core.settings import Config, Host, Hosts, VmConfig
from tui.guest.model.workload import Workload
from tui.lab.inventory import GUEST
from tui.lab.lab import Lab
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.model.record import Record
from tui.migration.model.timeline import Timeline

LIMIT_S = 600.0  # for every wait; the machine may be slow


def socket_uri(lab: Lab, host: str) -> str:
    """The URI of a lab host's daemon, from outside its namespaces."""
    process = lab.machine(host).process()
    assert process is not None
    return f"qemu+unix:///system?socket=/proc/{process.pid}/root/run/libvirt/libvirt-sock"


class LabBackend:
    """Migrations between the lab's hosts, recorded in a folder of the test."""

    def __init__(self, lab: Lab, runs: Path, interval: float = 1.0, destination: str = "") -> None:
        uris = {"source": socket_uri(lab, "source"), "destination": destination or socket_uri(lab, "destination")}
        hosts = [*(Host(name, f"root@{name}", each) for name, each in uris.items()), Host("storage", "root@storage")]
        config = Config(Hosts({each.name: each for each in hosts}), VmConfig(GUEST.name, 2, 2**30, "root@guest1"))
        self.lab = lab
        self.runs = runs
        self.connections = Connections(config, connect, lambda _address: LocalShell())
        self.migrations = MigrationOwner(self.connections, connect, runs, interval, self._workload)
        self.workload = "idle"

    async def _workload(self, _vm: str, _known: Workload | None) -> Workload:
        return Workload(self.workload)

    def virsh(self, host: str, *words: str) -> str:
        return self.lab.machine(host).run(["virsh", *words])

    def guest(self, script: str) -> str:
        """The output of a shell script in the guest, run over ssh from the source host."""
        return self.lab.machine("source").run(["ssh", GUEST.name, script])

    def states(self) -> dict[str, str]:
        """The guest's state by host, "" if the host does not define it."""
        rows = {host: self.virsh(host, "list", "--all").splitlines() for host in ("source", "destination")}
        words = {host: [row.split(maxsplit=2) for row in each] for host, each in rows.items()}
        return {host: next((row[2].strip() for row in each if GUEST.name in row), "") for host, each in words.items()}


async def seen(migration: MigrationActor, what: Callable[[Timeline], Any]) -> None:
    """Waits until `what` is true of the timeline; fails if the migration ends first."""
    met = asyncio.Event()

    def check(_record: Record) -> None:
        if what(migration.timeline) or migration.timeline.over:
            met.set()

    migration.listen(check)
    if not what(migration.timeline):
        await asyncio.wait_for(met.wait(), LIMIT_S)
    assert what(migration.timeline), (
        f"the migration ended first: {migration.timeline.phase} {dict(migration.timeline.error)}"
    )


async def end_of(migration: MigrationActor) -> Timeline:
    await asyncio.wait_for(migration.ended(), LIMIT_S)
    return migration.timeline


def bring_home(lab_backend: LabBackend) -> None:
    """Ensures that the guest runs on the source and accepts ssh, in any state that an earlier test left."""
    states = lab_backend.states()
    if states["destination"] == "shut off" and not states["source"]:
        lab_backend.virsh("destination", "start", GUEST.name)
        states = lab_backend.states()
    if states["destination"] not in ("", "shut off"):
        words = ["--live", "--p2p", "--persistent", "--undefinesource", GUEST.name, "qemu+ssh://root@source/system"]
        lab_backend.virsh("destination", "migrate", *words)
    elif states["source"] == "shut off":
        lab_backend.virsh("source", "start", GUEST.name)
    elif states["source"] == "":
        raise AssertionError(f"the lab has lost its guest: {states}")
    machine = lab_backend.lab.machine("source")
    until = time.monotonic() + LIMIT_S
    while not machine.succeeds(["ssh", GUEST.name, "true"]):
        assert time.monotonic() < until, (
            f"the guest does not answer over ssh: {lab_backend.virsh('source', 'domstats')}"
        )
