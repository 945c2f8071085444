"""The Hosts and the NFS room on the three machines: everything is real, except for a fake libvirt."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fake_hosts import TABLES, FakeHypervisor, guest1, guest_xml
from tests.nfs.machines import Machines
from tui.adapters.libvirt.hypervisor import connect
from tui.adapters.ssh.shell import SshShell
from tui.app import config
from tui.app.wiring import changes_through
from tui.checklist.backend.checklist import Checklist
from tui.checklist.model.check import Item
from tui.checklist.model.transcript import DONE, Progress
from tui.core.connections import Connections
from tui.core.protocols import Hypervisor
from tui.hosts.backend.hosts import Hosts
from tui.nfs.backend.nfs import Nfs

CONNECT_LIMIT_S = 20.0  # short, because some tests freeze a machine
IMAGE = "guest1.qcow2"


@dataclass
class Room:
    """The list of a room, and the commands that it ran."""

    checklist: Checklist[Any]
    connections: Connections
    changed: list[str] = field(default_factory=list)  # hosts and commands that succeeded

    @property
    def items(self) -> dict[str, Item]:
        """The items by ID."""
        return {item.id: item for item in self.checklist.items}

    async def look(self) -> dict[str, Item]:
        await self.checklist.refresh_fully()
        return self.items

    async def look_until_good(self, *ids: str, limit_s: float = 300.0) -> None:
        """Reads until these items are good, because a new daemon first probes its machine, which takes long."""
        end = time.monotonic() + limit_s
        while not all(items[id].finding and items[id].finding.good for items in [await self.look()] for id in ids):  # type: ignore[union-attr]
            assert time.monotonic() < end, self.bad()

    async def apply_missing(self) -> tuple[str, ...]:
        """Applies all that is missing; returns the IDs of the applied items."""
        return tuple(item.id for item in await self.checklist.apply_missing(self._on_progress))

    async def apply(self, id: str) -> None:
        """Applies one item."""
        await self.checklist.apply(id, self._on_progress)

    async def undo_all(self) -> None:
        """Undoes all changes."""
        await self.checklist.undo_all(self._on_progress)

    async def __aenter__(self) -> "Room":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connections.close()

    def bad(self) -> dict[str, str]:
        """The state and the finding of all items that are not good, by ID."""
        found = {id: item.finding for id, item in self.items.items()}
        return {
            id: f"{finding.state}: {finding.found}" if finding else "not read"
            for id, finding in found.items()
            if finding is None or not finding.good
        }

    def _on_progress(self, progress: Progress) -> None:
        if progress.kind == DONE:
            self.changed.append(f"{progress.action.host}: {progress.action.text}")


def nfs_room(
    machines: Machines, journal: Path, *, user: str = "root", storage: Mapping[str, str] | None = None
) -> Room:
    """The NFS room, configured for these machines and the folders in `storage`."""
    connections = connected(machines, user, storage or {})
    return Room(Nfs(connections, changes_through(connections, journal)).checklist, connections)


def hosts_room(machines: Machines, journal: Path, *, user: str = "root", real: str = "") -> Room:
    """The Hosts room, configured for these machines; the libvirt of the host `real` is real."""
    connections = connected(machines, user, {}, real)
    return Room(Hosts(connections, changes_through(connections, journal)).checklist, connections)


def connected(machines: Machines, user: str, storage: Mapping[str, str], real: str = "") -> Connections:
    """Connections with logins as `user`; the app runs on the source, whose libvirt has one VM."""
    hosts = {machine.name: {"ssh": f"{user}@{machine.name}"} for machine in machines}
    read, problems = config.check({**TABLES, "hosts": hosts, "storage": dict(storage)})
    assert read, problems

    def daemon(uri: str) -> Hypervisor:
        """The libvirt of the URI, with the versions of this Debian."""
        if real and real in uri:
            return connect(f"qemu+ssh://{user}@{real}/system?no_tty=1&command={ssh_command(machines)}")
        fake = FakeHypervisor(uri)
        fake.hostname = "destination" if "destination" in uri else "source"
        fake.versions = ((9, 0, 0), (7, 2, 0))
        if fake.hostname == "source":
            vm = guest1()
            fake.known[vm.name] = vm
            fake.definitions[vm.name] = guest_xml(vm, read.storage.export)
        return fake

    def shell(address: str) -> SshShell:
        return SshShell(address or f"{user}@source", folder=machines.folder / "ssh", connect_limit_s=CONNECT_LIMIT_S)

    return Connections(read, daemon, shell)


def ssh_command(machines: Machines) -> Path:
    """The ssh program for libvirt, with the configuration of these machines."""
    command = machines.folder / "ssh/command"
    command.write_text(f'#!/bin/sh\nexec ssh -F {machines.folder / "ssh/config"} "$@"\n')
    command.chmod(0o755)
    return command
