"""What the tests of hosts share."""

from dataclasses import replace
from itertools import product
from typing import Any

from tests.fake_hosts import GIB, SOFTWARE, TABLES
from tui.app import config
from tui.checklist.model.check import Finding
from tui.core.failure import Failure
from tui.core.vm import Daemon
from tui.hosts.backend.reading import configured
from tui.hosts.model.clock import Clock
from tui.hosts.model.facts import Configured, HostsFacts, Libvirt, OneHost, Way
from tui.hosts.model.host import System
from tui.hosts.model.ports import OPEN, Tried
from tui.hosts.model.software import parse_software
from tui.hosts.model.ssh import WORKS, Attempt
from tui.hosts.model.steps import all_steps
from tui.hosts.model.userfaultfd import Userfaultfd
from tui.linux.change import Change
from tui.linux.qemu_conf import QemuConf
from tui.vm.model.cpu import IDENTICAL, Cpu, CpuFit
from tui.vm.model.domain import Domain
from tui.vm.model.kvm import RUNS, Kvm

ADDRESSES = {"source": "192.0.2.1", "destination": "192.0.2.2", "storage": "192.0.2.3"}


DOWN = Failure("destination can't be reached", "there was no answer", "Is it on?", detail="timed out")


def checked_config(**hosts: str) -> Configured:
    tables: Any = {**TABLES, "hosts": {name: {"ssh": hosts.get(name, f"root@{name}")} for name in ADDRESSES}}
    read, problems = config.check(tables)
    assert read, problems
    return configured(read)


BY_ID = {step.id: step for step in all_steps(checked_config())}


def daemon(host: str, **fields: Any) -> Daemon:
    values = {"qemu_user": (64055, 994), **fields}
    return Daemon(
        **{
            "uri": "qemu:///system", "hostname": host, "uuid": host, "libvirt_version": (10, 0, 0),
            "hypervisor_version": (8, 2, 2), "cpus": 16, "cpu_model": "EPYC", "memory_bytes": 64 * GIB,
            "memory_free_bytes": 60 * GIB,
        }
        | values
    )  # fmt: skip


MACHINES = ("pc-q35-8.2", "pc-q35-6.2", "pc", "q35")


CPU = Cpu("<cpu><model>EPYC</model></cpu>", frozenset({"aes", "avx2"}))


def one_host(host: str) -> OneHost:
    system = System(
        host, memory_available_bytes=60 * GIB, addresses=(ADDRESSES[host],), disk_bytes=100 * GIB,
        disk_free_bytes=50 * GIB, reached_from="" if host == "source" else ADDRESSES["source"],
        reached_at="" if host == "source" else ADDRESSES[host],
    )  # fmt: skip
    defined = Domain("guest1", kind="kvm", machine="pc-q35-8.2", cpu_mode="host-model", cpu_xml="<cpu/>")
    vm = defined if host == "source" else None
    return OneHost(
        system,
        Clock(0.001, 0.002),
        QemuConf(),
        None if host == "storage" else replace(parse_software(["op"], SOFTWARE), members=frozenset({"op"})),
        None if host == "storage" else Libvirt(daemon(host), (), MACHINES, vm),
        None if host == "storage" else Kvm(RUNS),
        None if host == "storage" else Userfaultfd("granted", sysctl="1"),
    )


def good() -> HostsFacts:
    """Three hosts on which every check succeeds."""
    names = {host: (address,) for host, address in ADDRESSES.items()}
    ways = {}
    for start, (end, address) in product(ADDRESSES, ADDRESSES.items()):
        way = Way({end: names[end]})
        if {start, end} == {"source", "destination"}:
            way = replace(way, ssh=Attempt(WORKS), peer=end, ports=Tried(address, ((49152, OPEN),)))
        ways[start, end] = way
    hosts = {host: one_host(host) for host in ADDRESSES}
    facts = HostsFacts(checked_config(), hosts, ways)
    return facts.with_way("source", "destination", cpu=CpuFit("kvm", IDENTICAL, CPU, CPU))


def with_host(facts: HostsFacts, host: str, **sections: Any) -> HostsFacts:
    return facts.with_host(host, **sections)


def with_way(facts: HostsFacts, start: str, end: str, **sections: Any) -> HostsFacts:
    return facts.with_way(start, end, **sections)


def found(facts: HostsFacts, id: str) -> Finding:
    finding = BY_ID[id].check(facts)
    assert finding is not None
    return finding


def change(facts: HostsFacts, id: str) -> Change:
    planned = BY_ID[id].change(facts)
    assert isinstance(planned, Change), planned
    return planned


def why_not(facts: HostsFacts, id: str) -> str:
    reason = BY_ID[id].change(facts)
    assert isinstance(reason, str), reason
    return reason


def qemu(libvirt: tuple[int, int, int], version: tuple[int, int, int]) -> Libvirt:
    return Libvirt(daemon("destination", libvirt_version=libvirt, hypervisor_version=version))


def all_down() -> HostsFacts:
    facts = HostsFacts(checked_config())
    for host in ADDRESSES:
        facts = with_host(
            facts, host, system=DOWN, clock=DOWN, conf=DOWN, software=DOWN, libvirt=DOWN, kvm=DOWN, userfaultfd=DOWN
        )
        for other in ADDRESSES:
            sections = dict.fromkeys(("names", "ssh", "account", "peer", "ports", "firewall"), DOWN)
            facts = with_way(facts, host, other, **sections)
    return facts.with_way("source", "destination", cpu=DOWN)
