"""Fake hosts without a network: a Hypervisor and a Shell with configured replies."""

import asyncio
import base64
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.fake_fixes import FakeFixCalls
from tui.app import config
from tui.app.wiring import changes_through
from tui.core import settings
from tui.core.command import Completed
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.protocols import BY_MONITOR, AgentUnavailable, DirtyRate, HypervisorEvent, JobInfo, MemoryUse, Stat
from tui.core.vm import Daemon, Inventory, Vm, VmCounters, VmFacts
from tui.guest.model.heartbeat import SUBFOLDER
from tui.vm.model.cpu import IDENTICAL, INCOMPATIBLE, SUPERSET, features
from tui.vm.model.domain import parse
from tui.vm.model.domain_mark import DELETING, MAKING, element, marked
from tui.vm.model.domain_xml import DomainSpec, domain_xml

GIB = 1 << 30

TABLES = {
    "hosts": {name: {"ssh": f"root@{name}"} for name in ("source", "destination", "storage")},
    "vm": {"name": "guest1", "vcpus": 2, "memory": "1 GiB", "ssh": "root@guest1"},
    "workload": {"cpu": {"threads": 2}, "memory": {"threads": 2, "size": "150 MiB"}},
}

SYSTEM = """hostname {name}
kernel 6.1.0-13-cloud-amd64
cpus 2
cpu_model AMD EPYC
os "Debian GNU/Linux 12 (bookworm)"
memory_kib 24684096
memory_available_kib 23501760
"""

PROGRAMS = ("libvirtd", "virsh", "qemu-img", "qemu-system-x86_64")
UNITS = """\
Id=libvirtd.socket
Names=libvirtd.socket
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
"""


def answered(**parts: str | Completed) -> str:
    """The output of a script that runs several commands; `__` in a name stands for a dot."""
    lines = []
    for name, output in parts.items():
        done = Completed(0, output, "") if isinstance(output, str) else output
        text = base64.b64encode(done.stdout.encode()).decode()
        lines.append(f"{name.replace('__', '.')} {done.status} {text}\n")
    return "".join(lines)


NETWORKS = " default                       active   yes         yes\n"
SOFTWARE = answered(
    manager="apt-get\n", machine="x86_64\n", programs="\n".join(PROGRAMS), systemd="", units=UNITS,
    user_groups="libvirt:x:119:\n", groups__root="root\n", networks=NETWORKS,
)  # fmt: skip

QEMU_CONF = answered(qemu_conf="")  # a host without a qemu.conf


def login_read(system: str, *names: str, login: str = "root") -> str:
    """The output of the first script on a host; `names` are lines of a name and its addresses."""
    return answered(system=system, login=f"{login}\n", names="\n".join(names))


CPU = "<cpu mode='custom'><model>EPYC</model><feature policy='require' name='avx2'/></cpu>"


SHARED = "/var/lib/libvirt-img/images"


def guest_xml(vm: Vm, folder: str = SHARED) -> str:
    """The definition of a VM that nothing blocks from migrating, with its disk in `folder`."""
    return domain_xml(
        DomainSpec(
            vm.name,
            vm.vcpus,
            vm.memory_bytes,
            f"{folder}/{vm.name}.qcow2",
            machine="pc-q35-10.0",
            network=("network", "default"),
        )
    )


class FakeHypervisor(FakeFixCalls):
    """A libvirt daemon in memory; while `failure` is set, every call raises it."""

    def __init__(self, uri: str, *vms: Vm) -> None:
        super().__init__()
        self.uri = uri
        self.known = {vm.name: vm for vm in vms}
        self.hostname = "host"
        self.versions = ((11, 3, 0), (10, 0, 2))  # libvirt's and QEMU's
        self.failure: Failure | None = None
        self.refusals: dict[str, Failure] = {}  # by call; raised each time
        self.broken = False
        self.deaf = False  # guests ignore a shutdown request
        self.released = threading.Event()  # cleared: calls block, as with a dead daemon
        self.released.set()
        self.when_released: Callable[[], None] = lambda: None
        self.calls: list[str] = []
        self.offered_networks: tuple[str, ...] = ("default",)
        self.found_addresses: tuple[str, ...] = ()
        self.stats: Mapping[str, Stat] = {}  # of the running migration
        self.agents: dict[str, Callable[[str], str]] = {}  # by VM: the reply of its guest agent to a command
        self.dirtied: dict[int, int] = {}  # bytes per second, by the seconds of a measurement
        self.dirty = DirtyRate(measuring=False)
        self.measuring = 0  # so many times, the newest measurement has not ended yet
        self.use = MemoryUse(None, None)
        self.counters: dict[str, VmCounters] = {}
        self.machines = ("pc-i440fx-10.0", "pc-q35-10.0", "pc", "q35")
        self.cpu = CPU
        self.listed = Inventory()
        self.lacking: dict[str, str] = {}  # by CPU
        self.announces = BY_MONITOR
        self.announced: list[tuple[str, str]] = []  # VMs, and how

    def _enter(self, call: str) -> None:
        self.calls.append(call)
        self.released.wait(10)
        self.when_released()
        if self.failure or call in self.refusals:
            raise self.failure or self.refusals[call]

    def daemon(self) -> Daemon:
        self._enter("daemon")
        return Daemon(self.uri, self.hostname, self.uri, *self.versions, 2, "EPYC", 24 * GIB, 20 * GIB, (64055, 994))

    def vms(self) -> tuple[Vm, ...]:
        self._enter("vms")
        return tuple(self.known.values())

    def vm_counters(self) -> Mapping[str, VmCounters]:
        self._enter("vm_counters")
        return dict(self.counters)

    def vm(self, name: str) -> Vm | None:
        self._enter("vm")
        return self.known.get(name)

    def definition(self, name: str, *, inactive: bool = False) -> str:
        self._enter(f"definition {name}")
        return self.definitions.get(name) or guest_xml(self.known[name]) if name in self.known else ""

    def inventory(self) -> Inventory:
        self._enter("inventory")
        return self.listed

    def vm_facts(self, name: str, disks: Sequence[str]) -> VmFacts:
        self._enter(f"vm_facts {name}")
        return self.facts.get(name, VmFacts())

    def cpu_lacks(self, xml: str, virtualization: str) -> str:
        self._enter(f"cpu_lacks {virtualization}")
        return self.lacking.get(xml, "")

    def machine_types(self) -> tuple[str, ...]:
        self._enter("machine_types")
        return self.machines

    def cpu_xml(self, virtualization: str) -> str:
        self._enter(f"cpu_xml {virtualization}")
        return self.cpu

    def compare_cpu(self, xml: str, virtualization: str) -> str:
        self._enter(f"compare_cpu {virtualization}")
        if xml == self.cpu:
            return IDENTICAL
        return SUPERSET if features(xml) < features(self.cpu) else INCOMPATIBLE

    def baseline_cpu(self, xmls: Sequence[str], virtualization: str, *, expand_features: bool = False) -> str:
        self._enter(f"baseline_cpu {virtualization}")
        return min(xmls, key=lambda xml: len(features(xml)))

    def define(self, xml: str) -> None:
        self._enter("define")
        domain = parse(xml)
        self.known[domain.name] = Vm(domain.name, "uuid-new", "shut off", "", domain.vcpus, domain.memory_bytes)
        self.definitions[domain.name] = xml

    def undefine(self, name: str) -> None:
        self._enter(f"undefine {name}")
        del self.known[name]

    def set_mark(self, name: str, mark: str) -> None:
        self._enter(f"set_mark {name} {mark}".rstrip())
        whole = self.definition(name).replace(element(MAKING), "").replace(element(DELETING), "")
        self.definitions[name] = marked(whole, mark) if mark else whole

    def announce_by(self) -> str:
        self._enter("announce_by")
        return self.announces

    def announce(self, name: str, by: str) -> None:
        self._enter("announce")
        self.announced.append((name, by))

    def networks(self) -> tuple[str, ...]:
        self._enter("networks")
        return self.offered_networks

    def _become(self, name: str, state: str) -> None:
        if name not in self.known:
            raise Failure(f"The VM {name} could not be found")
        self.known[name] = replace(self.known[name], state=state)

    def addresses(self, name: str) -> tuple[str, ...]:
        self._enter(f"addresses {name}")
        return self.found_addresses

    def start(self, name: str) -> None:
        self._enter(f"start {name}")
        self._become(name, "running")

    def shut_down(self, name: str) -> None:
        self._enter(f"shut_down {name}")
        if not self.deaf:
            self._become(name, "shut off")

    def force_off(self, name: str) -> None:
        self._enter(f"force_off {name}")
        self._become(name, "shut off")

    def agent_command(self, name: str, command: str, limit_s: float) -> str:
        self._enter(f"agent_command {name}")
        if name not in self.agents or name not in self.known or not self.known[name].running:
            raise AgentUnavailable(
                f"The command to the guest agent of {name} failed", "no guest agent is connected to its channel"
            )
        return self.agents[name](command)

    def start_dirty_rate(self, name: str, seconds: int) -> None:
        self._enter(f"start_dirty_rate {name} {seconds}")
        self.dirty = DirtyRate(measuring=False, seconds=seconds, bytes_s=self.dirtied.get(seconds))

    def dirty_rate(self, name: str) -> DirtyRate:
        self._enter(f"dirty_rate {name}")
        self.measuring -= 1
        return self.dirty if self.measuring < 0 else DirtyRate(measuring=True, seconds=self.dirty.seconds)

    def memory_use(self, name: str) -> MemoryUse:
        self._enter(f"memory_use {name}")
        return self.use

    def is_alive(self) -> bool:
        return not self.broken

    def close(self) -> None:
        self.broken = True

    # Only for migrations.
    def move_definition(self, plan: Plan, destination_uri: str) -> None:
        self._enter("move_definition")

    def migrate(self, plan: Plan, destination_uri: str) -> None:
        raise NotImplementedError

    def job(self, name: str) -> JobInfo:
        return JobInfo(self.stats, "")

    def completed_job(self, name: str) -> Mapping[str, Stat]:
        return {}

    def start_post_copy(self, name: str) -> None:
        raise NotImplementedError

    def abort_job(self, name: str) -> None:
        raise NotImplementedError

    def pause_post_copy(self, name: str) -> None:
        raise NotImplementedError

    def resume_post_copy(self, plan: Plan, destination_uri: str) -> None:
        raise NotImplementedError

    def max_downtime(self, name: str) -> int:
        raise NotImplementedError

    def set_max_downtime(self, name: str, milliseconds: int) -> None:
        raise NotImplementedError

    def set_bandwidth(self, name: str, mib_per_s: int) -> None:
        raise NotImplementedError

    def set_post_copy_bandwidth(self, name: str, mib_per_s: int) -> None:
        raise NotImplementedError

    def subscribe(self, name: str, listener: Callable[[HypervisorEvent], None]) -> Callable[[], None]:
        return lambda: None


class FakeShell:
    """Replies to a command with the first of `answers` whose key it contains; a Failure is raised."""

    def __init__(self, answers: Mapping[str, str | Completed | Failure] | None = None) -> None:
        self.answers = dict(answers or {})
        self.then: dict[str, dict[str, str | Completed | Failure]] = {}  # by command: the `answers` after it
        self.commands: list[tuple[str, ...]] = []
        self.stdin: list[bytes] = []
        self.heartbeat = "name heartbeat\nrunning 9\nline port=48613\n"  # the output of a guest's status script
        self.released = asyncio.Event()
        self.released.set()
        self.closed = 0

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str | bytes = "",
        timeout: float = 30.0,
        on_output: Callable[[str], None] | None = None,
    ) -> Completed:
        self.commands.append(tuple(argv))
        self.stdin.append(stdin.encode() if isinstance(stdin, str) else stdin)
        await self.released.wait()
        if SUBFOLDER in argv:  # the heartbeat's replies are not those of the workload
            return Completed(0, self.heartbeat if "cat what" in argv[2] else "", "")
        line = "\n".join(argv)
        usual = "0\n" if line.endswith("id\n-u") else ""  # the login is root
        answer = next((answer for key, answer in self.answers.items() if key in line), usual)
        self.answers = next((after for key, after in self.then.items() if key in line), self.answers)
        if isinstance(answer, Failure):
            raise answer
        return Completed(0, answer, "") if isinstance(answer, str) else answer

    async def close(self) -> None:
        self.closed += 1


def guest1(state: str = "shut off", reason: str = "") -> Vm:
    return Vm("guest1", "uuid-1", state, reason, 2, GIB)


@dataclass
class FakeHosts:
    """Two hypervisors and `further` ones, the shells of all hosts, and the connections to them."""

    source: FakeHypervisor = field(default_factory=lambda: FakeHypervisor("qemu:///system", guest1()))
    destination: FakeHypervisor = field(
        default_factory=lambda: FakeHypervisor("qemu+ssh://root@destination/system?no_tty=1")
    )
    shells: dict[str, FakeShell] = field(default_factory=dict)
    unreachable: dict[str, Failure] = field(default_factory=dict)  # by libvirt URI
    opened: list[str] = field(default_factory=list)
    journal: Path = Path("/nowhere/changes.jsonl")  # a test that applies changes sets a file
    more: tuple[str, ...] = ()  # names of further hosts

    def __post_init__(self) -> None:
        self.further = {name: FakeHypervisor(settings.over_ssh(f"root@{name}")) for name in self.more}
        away = ("destination", "storage", *self.more)
        for address, name in (("", "source"), *((f"root@{name}", name) for name in away)):
            self.shells[address] = FakeShell(
                {
                    "uname -n": login_read(SYSTEM.format(name=name)),
                    "libvirt-clients": SOFTWARE + QEMU_CONF,
                    "-e /etc/libvirt/qemu.conf": QEMU_CONF,
                }
            )
        self.shells["root@guest1"] = FakeShell()
        hosts = {**TABLES["hosts"], **{name: {"ssh": f"root@{name}"} for name in self.more}}
        read, problems = config.check({**TABLES, "hosts": hosts})
        assert read, problems
        self.config = read
        self.connections = Connections(self.config, self.open_hypervisor, self.shells.__getitem__)
        self.changes = changes_through(self.connections, self.journal)

    @property
    def guest(self) -> FakeShell:
        return self.shells["root@guest1"]

    def open_hypervisor(self, uri: str) -> FakeHypervisor:
        self.opened.append(uri)
        if uri in self.unreachable:
            raise self.unreachable[uri]
        further = {each.uri: each for each in self.further.values()}
        known = self.source if uri == self.source.uri else further.get(uri, self.destination)
        known.broken = False
        return known

    def runs_in(self, folder: Path) -> None:
        """Store the runs in `folder` instead of the user's."""
        self.config = replace(self.config, runs=settings.Runs(folder))
