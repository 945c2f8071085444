"""Four hosts with several VMs, each of which is migrated as one recording shows, and the queues of a runner on them."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.fake_hosts import guest_xml
from tests.unit.fakes import PATIENCE_S, FakeHypervisor, Stage, recording, uri
from tests.unit.migration.stages import summary, workload
from tests.unit.until import until
from tui.app import config
from tui.core.command import Completed
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.settings import Config
from tui.core.vm import Daemon, Inventory, Vm, VmFacts
from tui.linux.sudo import Sudo
from tui.migration.backend.owner import MigrationOwner
from tui.queue.backend.carrier import Tools
from tui.queue.backend.planner import Planner
from tui.queue.backend.requests import Wish
from tui.queue.backend.service import Queues
from tui.queue.model.limits import Limits
from tui.queue.model.plan import QueuePlan
from tui.vm.backend.maintenance import Maintenance
from tui.vm.backend.vms import Vms

HOSTS = ("a", "b", "c", "d")
CONFIG = "/config.toml"
BLOCKED = "<hostdev mode='subsystem' type='scsi_host'><source protocol='vhost' wwpn='naa.5123456789abcde0'/></hostdev>"
RECORDING = "pre-copy-idle"
GIB = 1 << 30


class Traveller(Stage):
    """One VM: its recording is played anew for each migration, from where it is to where it is sent.

    While `held`, a migration stays where its recording stands.
    """

    def __init__(self, vm: Vm, host: str, name: str) -> None:
        super().__init__(recording(name), waits_for_keys=False)
        self._of_recording = (self.origin, self.target)
        self.vm, self.origin, self.target = vm, host, next(each for each in HOSTS if each != host)
        self.vms = {each: {} for each in HOSTS}
        self.vms[host] = {vm.name: vm}
        self.uuids = {each: f"host-{each}" for each in HOSTS}
        self.completed = {each: {} for each in HOSTS}
        self.devices = ""  # further devices of the definition
        self.migrations: list[tuple[str, str]] = []  # each that was begun

    @property
    def held(self) -> bool:
        return self.standing

    @held.setter
    def held(self, held: bool) -> None:
        self.standing = held

    @property
    def host(self) -> str:
        """Where it is active."""
        return next((host for host, vms in self.vms.items() if self.vm.name in vms), "")

    def depart(self, origin: str, target: str) -> None:
        """A migration is about to begin."""
        with self._lock:
            self.origin, self.target = origin, target
            self.migrations.append((origin, target))
            self._at, self.end = 0, ""
            self.ended.clear()

    def emit(self, host: str, kind: str, **data: object) -> None:
        origin, _target = self._of_recording
        super().emit(self.origin if host == origin else self.target, kind, **data)

    def arrive(self) -> None:
        """Play a held migration to its end while nobody looks."""
        self.held = False
        self.play(lambda each: getattr(each, "kind", "") == "end")


class Rack:
    """The daemons of all hosts; a host in `down` cannot be reached."""

    def __init__(self, sizes: dict[str, int], host: str = "a", name: str = RECORDING) -> None:
        self.down: set[str] = set()
        self.free = dict.fromkeys(HOSTS, 20 * GIB)
        self.vms = {
            vm: Traveller(Vm(vm, f"uuid-{vm}", "running", "", 2, size), host, name) for vm, size in sizes.items()
        }

    def __getitem__(self, vm: str) -> Traveller:
        return self.vms[vm]

    def open(self, uri: str) -> "RackHypervisor":
        host = uri.rpartition("/")[2]
        if host in self.down:
            raise Failure(f"libvirt at {uri} cannot be reached", "the network does not reach it")
        return RackHypervisor(self, uri, host)

    def where(self) -> dict[str, str]:
        return {name: each.host for name, each in self.vms.items()}

    def let_go(self) -> None:
        for each in self.vms.values():
            each.held = False
            each.let_go()


class RackHypervisor:
    """One connection to the daemon of a host: what is about one VM goes to its recording."""

    def __init__(self, rack: Rack, uri: str, host: str) -> None:
        self.uri, self.host = uri, host
        self._rack = rack
        self._of: dict[str, FakeHypervisor] = {}
        self._broken = False

    def __getattr__(self, call: str) -> Callable[..., Any]:
        def about(vm: str, *arguments: Any, **options: Any) -> Any:
            return getattr(self._vm(vm), call)(vm, *arguments, **options)

        return about

    def _vm(self, name: str) -> FakeHypervisor:
        self._require_up()
        if name not in self._of:
            self._of[name] = self._rack[name].open(self.uri)
        return self._of[name]

    def _require_up(self) -> None:
        if self.host in self._rack.down:
            raise Failure(f"libvirt of {self.host} did not answer", "the connection broke")

    def daemon(self) -> Daemon:
        self._require_up()
        free = self._rack.free[self.host]
        return Daemon(self.uri, self.host, f"host-{self.host}", (11, 3, 0), (10, 0, 2), 8, "EPYC", 32 * GIB, free)

    def vms(self) -> tuple[Vm, ...]:
        self._require_up()
        return tuple(vm for each in self._rack.vms.values() for vm in each.vms[self.host].values())

    def vm(self, name: str) -> Vm | None:
        self._require_up()
        return self._rack[name].vms[self.host].get(name)

    def definition(self, name: str, *, inactive: bool = False) -> str:
        self._require_up()
        traveller = self._rack[name]
        if name not in traveller.vms[self.host]:
            return ""
        uuid = f"<uuid>{traveller.vm.uuid}</uuid></domain>"
        return (
            guest_xml(traveller.vm).replace("</devices>", f"{traveller.devices}</devices>").replace("</domain>", uuid)
        )

    def migrate(self, plan: Plan, destination_uri: str) -> None:
        traveller, fake = self._rack[plan.vm], self._vm(plan.vm)
        target = destination_uri.rpartition("/")[2]
        if target in self._rack.down:
            raise Failure(f"{plan.vm} could not be migrated", f"{target} cannot be reached")
        traveller.depart(self.host, target)
        traveller.calls.append(f"limit {plan.bandwidth_mib_s}")
        fake.migrate(plan, destination_uri)

    def set_bandwidth(self, name: str, mib_per_s: int) -> None:
        self._rack[name].calls.append(f"limit {mib_per_s}")

    def vm_facts(self, name: str, disks: object) -> VmFacts:
        return VmFacts()

    def machine_types(self) -> tuple[str, ...]:
        return ("pc-q35-10.0",)

    def networks(self) -> tuple[str, ...]:
        return ("default",)

    def inventory(self) -> Inventory:
        return Inventory(())

    def cpu_lacks(self, xml: str, virtualization: str) -> str:
        return ""

    def is_alive(self) -> bool:
        return not self._broken and self.host not in self._rack.down

    def close(self) -> None:
        self._broken = True


class Silent:
    """A Shell on which every command prints nothing."""

    async def run(self, argv: Any, **_options: Any) -> Completed:
        return Completed(0, "", "")

    async def close(self) -> None:
        """Nothing is open."""


def config_of_rack(runs: Path, tables: Mapping[str, Any] | None = None) -> Config:
    hosts: dict[str, Any] = {name: {"ssh": f"root@{name}", "libvirt": uri(name), "peer": uri(name)} for name in HOSTS}
    usual = {"hosts": hosts, "vm": {"name": "vm1"}, "migration": {"technique": "pre-copy"}}
    read, problems = config.check({**usual, **(tables or {})})
    assert read, problems
    return replace(read, runs=replace(read.runs, folder=runs))


class Room:
    """One runner after another with the same rack and folders; `tables` are further ones of the configuration."""

    def __init__(self, folder: Path, rack: Rack) -> None:
        self.folder, self.rack = folder, rack
        self.tables: dict[str, Any] = {}
        self.runs = folder / "runs"
        self.start_runner()

    def start_runner(self) -> None:
        known = config_of_rack(self.runs, self.tables)
        connections = Connections(known, self.rack.open, lambda _address: Silent())
        self.owner = MigrationOwner(connections, self.rack.open, self.runs, 0.005, workload)
        self.maintenance = Maintenance(known, self.folder / "maintenance.json")
        vms, queues = Vms(connections, Sudo(connections.shell)), self.folder / "queues"
        self.planner = Planner(connections, vms, self.maintenance, queues)
        self.queues = Queues(Tools(connections, self.owner, self.maintenance, self.runs), self.planner, queues)

    async def end_runner(self) -> None:
        """As one that is killed: nothing more is written to the log of the queue."""
        await self.queues.close()
        await self.owner.close()

    async def plan(self, *to: str, **limits: Any) -> QueuePlan:
        return await self.queues.plan(Wish(host="a", to=to, limits=Limits(**limits)), CONFIG)

    async def evacuate(self, *to: str, **limits: Any) -> dict[str, Any]:
        return await self.queues.start(await self.plan(*to, **limits), CONFIG)

    async def status(self) -> dict[str, Any]:
        found = await self.queues.status("", CONFIG)
        assert found
        return found

    async def states(self) -> dict[str, str]:
        return {each["vm"]: each["state"] for each in (await self.status())["entries"]}

    async def reaches(self, met: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The status once it is so."""

        async def wait() -> dict[str, Any]:
            while not met(found := await self.status()):  # noqa: ASYNC110  # a status sends no event
                await asyncio.sleep(0)
            return found

        return await asyncio.wait_for(wait(), PATIENCE_S)

    async def over(self) -> dict[str, Any]:
        """The status once nothing of the queue is under way; it is asked for first, as a client does."""
        await self.status()
        await until(lambda: self.queues._engine is not None and not self.queues._engine.under_way)
        return await self.status()

    def log(self) -> list[dict[str, Any]]:
        newest = max((self.folder / "queues").glob("*/progress.jsonl"), key=lambda path: path.stat().st_mtime_ns)
        return list(map(json.loads, newest.read_text("utf-8").splitlines()))

    def all_runs(self) -> list[dict[str, Any]]:
        folders = [each.parent for each in self.runs.glob("*/run.toml")]
        return sorted(map(summary, folders), key=lambda run: str(run["began"]))
