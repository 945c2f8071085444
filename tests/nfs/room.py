"""The rooms with lists on the three machines, as the app has them: everything real but for libvirt, which is a fake."""

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
from tui.checklist.backend.changes import ENDS, Progress
from tui.checklist.backend.checklist import Checklist
from tui.checklist.model.check import Item
from tui.core.connections import Connections
from tui.core.protocols import Hypervisor
from tui.hosts.backend.hosts import Hosts
from tui.nfs.backend.nfs import Nfs

CONNECT_LIMIT_S = 20.0  # to a machine that is up; one that stands still is to be given up soon
IMAGE = "guest1.qcow2"


@dataclass
class Room:
    """A room's list, and what it did; its journal outlives it, as it does in the app."""

    checklist: Checklist[Any]
    connections: Connections
    changed: list[str] = field(default_factory=list)  # hosts and commands that ended well

    @property
    def items(self) -> dict[str, Item]:
        return {item.id: item for item in self.checklist.items}

    async def look(self) -> dict[str, Item]:
        await self.checklist.refresh_fully()
        return self.items

    async def look_until_good(self, *ids: str, limit_s: float = 300.0) -> None:
        """A daemon that has just been installed first finds out what its machine can do; emulated, that takes long."""
        end = time.monotonic() + limit_s
        while not all(items[id].finding and items[id].finding.good for items in [await self.look()] for id in ids):  # type: ignore[union-attr]
            assert time.monotonic() < end, self.bad()

    async def apply_missing(self) -> tuple[str, ...]:
        """The ids of what was applied."""
        return tuple(item.id for item in await self.checklist.apply_missing(self._say))

    async def apply(self, id: str) -> None:
        await self.checklist.apply(id, self._say)

    async def undo_all(self) -> None:
        await self.checklist.undo_all(self._say)

    async def __aenter__(self) -> "Room":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connections.close()

    def bad(self) -> dict[str, str]:
        """What is not good, by its id: its state and what was found."""
        found = {id: item.finding for id, item in self.items.items()}
        return {
            id: f"{finding.state}: {finding.found}" if finding else "not looked at"
            for id, finding in found.items()
            if finding is None or not finding.good
        }

    def _say(self, progress: Progress) -> None:
        if progress.kind == ENDS:
            self.changed.append(f"{progress.action.host}: {progress.action.text}")


def nfs_room(
    machines: Machines, journal: Path, *, user: str = "root", storage: Mapping[str, str] | None = None
) -> Room:
    """The NFS room for a configuration of these machines, with `storage` as its folders."""
    connections = connected(machines, user, storage or {})
    return Room(Nfs(connections, changes_through(connections, journal)).checklist, connections)


def hosts_room(machines: Machines, journal: Path, *, user: str = "root", real: str = "") -> Room:
    """The Hosts room for a configuration of these machines; the libvirt of `real` is the one that is there."""
    connections = connected(machines, user, {}, real)
    return Room(Hosts(connections, changes_through(connections, journal)).checklist, connections)


def connected(machines: Machines, user: str, storage: Mapping[str, str], real: str = "") -> Connections:
    """All machines, logged in to as `user`; the app runs on the source, where libvirt knows one VM."""
    hosts = {machine.name: {"ssh": f"{user}@{machine.name}"} for machine in machines}
    read, problems = config.check({**TABLES, "hosts": hosts, "storage": dict(storage)})
    assert read, problems

    def daemon(uri: str) -> Hypervisor:
        """A libvirt as this Debian has it, on the machine that the URI means."""
        if real and real in uri:
            return connect(f"qemu+ssh://{user}@{real}/system?no_tty=1&command={ssh_command(machines)}")
        there = FakeHypervisor(uri)
        there.hostname = "destination" if "destination" in uri else "source"
        there.versions = ((9, 0, 0), (7, 2, 0))
        if there.hostname == "source":
            vm = guest1()
            there.known[vm.name] = vm
            there.definitions[vm.name] = guest_xml(vm, read.storage.export)
        return there

    def shell(address: str) -> SshShell:
        return SshShell(address or f"{user}@source", folder=machines.folder / "ssh", connect_limit_s=CONNECT_LIMIT_S)

    return Connections(read, daemon, shell)


def ssh_command(machines: Machines) -> Path:
    """The program that libvirt takes for ssh: it knows these machines, and no others."""
    command = machines.folder / "ssh/command"
    command.write_text(f'#!/bin/sh\nexec ssh -F {machines.folder / "ssh/config"} "$@"\n')
    command.chmod(0o755)
    return command
