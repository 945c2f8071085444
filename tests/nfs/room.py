"""The NFS room on the three machines, as the app has it: everything real but for libvirt, which knows one VM."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.fake_hosts import TABLES, FakeHypervisor, guest1
from tests.nfs.machines import Machines
from tui import config
from tui.adapters.ssh import SshShell
from tui.backend.changes import ENDS, Progress
from tui.backend.connections import Connections
from tui.backend.nfs import Nfs
from tui.model.check import Item
from tui.model.vm import Disk
from tui.wiring import changes_through

CONNECT_LIMIT_S = 20.0  # to a machine that is up; one that stands still is to be given up soon
IMAGE = "guest1.qcow2"


@dataclass
class Room:
    """Nfs, and what it did; `journal` outlives it, as it does in the app."""

    nfs: Nfs
    connections: Connections
    changed: list[str] = field(default_factory=list)  # hosts and commands that ended well

    @property
    def items(self) -> dict[str, Item]:
        return {item.id: item for item in self.nfs.checklist.items}

    async def look(self) -> dict[str, Item]:
        await self.nfs.checklist.look_once()
        return self.items

    async def apply_missing(self) -> tuple[str, ...]:
        """The ids of what was applied."""
        return tuple(item.id for item in await self.nfs.checklist.apply_missing(self._say))

    async def undo_all(self) -> None:
        await self.nfs.checklist.undo_all(self._say)

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


def room(machines: Machines, journal: Path, *, user: str = "root", storage: Mapping[str, str] | None = None) -> Room:
    """The room for a configuration of these machines, with `storage` as its folders."""
    hosts = {name: {"ssh": f"{user}@{name}"} for name in ("source", "destination", "storage")}
    read, problems = config.check({**TABLES, "hosts": hosts, "storage": dict(storage or {})})
    assert read, problems
    vm = FakeHypervisor("qemu:///system", guest1())
    vm.disks_of["guest1"] = (Disk("vda", "file", f"{read.storage.export}/{IMAGE}"),)
    others = FakeHypervisor("elsewhere")

    def shell(address: str) -> SshShell:
        return SshShell(address or f"{user}@source", folder=machines.folder / "ssh", connect_limit_s=CONNECT_LIMIT_S)

    connections = Connections(read, lambda uri: vm if uri == vm.uri else others, shell)
    return Room(Nfs(connections, changes_through(connections, journal)), connections)
