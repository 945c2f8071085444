"""A step keeps its finding while more facts are read, in any order."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from tests.unit.hosts import good_hosts as hosts
from tests.unit.nfs import nfs_world as bare
from tests.unit.nfs import test_sharing as sharing
from tests.unit.nfs.nfs_world import SHARED
from tui.checklist.model.check import UNKNOWN, Finding
from tui.core.failure import Failure
from tui.core.settings import DESTINATION, SOURCE, STORAGE
from tui.core.vm import Vm
from tui.hosts.backend.rounds import Rounds
from tui.hosts.model.facts import HostsFacts, Libvirt
from tui.hosts.model.script import LoginRead
from tui.hosts.model.ssh import KEY_NOT_KNOWN, Attempt
from tui.hosts.model.steps import all_steps as host_steps
from tui.linux.addresses import Resolved
from tui.linux.exports import parse_exports
from tui.linux.firewall import Firewall
from tui.linux.qemu_conf import QemuConf
from tui.linux.ufw import parse_ufw
from tui.nfs.model.facts import OPEN, REFUSED, SILENT, NfsFacts, VmsRead
from tui.nfs.model.proof import Proof
from tui.nfs.model.steps import all_steps
from tui.vm.model.cpu import INCOMPATIBLE, Cpu, CpuFit
from tui.vm.model.domain import Domain
from tui.vm.model.kvm import HANGS, Kvm

ORDERS = 40


def state(finding: Finding | None) -> str:
    return UNKNOWN if finding is None else finding.state


# -- NFS --

DOWN = Failure("it can't be reached", "there was no answer")
NFS_STEPS = {step.id: step for step in all_steps(SHARED)}
UFW = "Status: active\n\nTo                         Action      From\n"
TWO_ADDRESSES = {SOURCE: Resolved("source", ("192.0.2.10", "198.51.100.10"))}


NAMES = bare.world().hosts[STORAGE].names  # type: ignore[union-attr]


def shared(line: str = sharing.NFS_MOUNT, **client: Any) -> NfsFacts:
    """Hosts that share the folder and resolve each other's names."""
    return bare.but(sharing.world(line, names=NAMES, port=OPEN, **client), names=NAMES)


def nfs_worlds() -> Iterator[tuple[str, NfsFacts]]:
    declared = {"qemu_conf": sharing.DECLARED, "libvirt_version": (11, 3, 0)}
    yield "everything works", shared()
    yield "shared by another file system", shared(sharing.LAB_MOUNT, **declared)
    yield "nothing is shared", bare.world()
    one = bare.but(shared(sharing.LAB_MOUNT, **declared), DESTINATION, mounts=sharing.mounts(""))
    yield "declared on one host only", one
    yield "the destination is down", replace(shared(), hosts={**shared().hosts, DESTINATION: DOWN})
    otherwise = shared(sharing.LAB_MOUNT, **declared)
    yield "declared, and the source is down", replace(otherwise, hosts={**otherwise.hosts, SOURCE: DOWN})
    yield "the storage server is down", replace(shared(), hosts={**shared().hosts, STORAGE: DOWN})
    names = {**NAMES, **TWO_ADDRESSES}
    rules = Firewall(parse_ufw(f"{UFW}2049/tcp                   ALLOW       192.0.2.10\n"))
    elsewhere = bare.but(bare.world(), names=names, firewall=rules, wrapped=("rpcbind",), hosts_deny="ALL: ALL\n")
    elsewhere = bare.but(elsewhere, SOURCE, own_address="198.51.100.10", port=SILENT)
    yield "the source uses its other address", elsewhere
    exported = parse_exports("/srv/images source(rw,no_root_squash) destination(rw,no_root_squash)", "/etc/exports")
    text = {"/etc/exports": "/srv/images source(rw,no_root_squash) destination(rw,no_root_squash)\n"}
    strange = bare.but(bare.but(shared(), exports=text, active=exported), SOURCE, own_address="203.0.113.9")
    yield "the source has an unknown address", strange
    yield "nftables drops", bare.but(bare.but(bare.world(), drops=True), DESTINATION, port=REFUSED)
    running = Vm("vm1", "uuid", "running")
    twice = {role: VmsRead((running,), shared().vms[SOURCE].disks) for role in (SOURCE, DESTINATION)}  # type: ignore[union-attr]
    yield "the VM runs twice", replace(shared(), vms=twice)
    locked = replace(sharing.IMAGE, locked=True)
    yield "the image is locked", replace(shared(), images={SOURCE: (locked,), DESTINATION: (locked,)})
    yield "a libvirt is down", replace(shared(), vms={**shared().vms, SOURCE: DOWN})
    yield "the other libvirt is down", replace(shared(), vms={**shared().vms, DESTINATION: DOWN})


def only(whole: NfsFacts, sections: tuple[tuple[str, str], ...]) -> NfsFacts:
    """The facts if only these parts were read."""
    known = {part: {role: found for role, found in getattr(whole, part).items() if (part, role) in sections}
             for part in ("hosts", "vms")}  # fmt: skip
    return replace(whole, **known, images={}, proof=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "whole"), nfs_worlds())
def test_no_step_of_the_nfs_list_changes_its_finding(name: str, whole: NfsFacts) -> None:
    sections = [("hosts", role) for role in whole.hosts] + [("vms", role) for role in whole.vms]
    some = [chosen for count in range(len(sections) + 1) for chosen in combinations(sections, count)]
    looks = [(frozenset(chosen), only(whole, chosen)) for chosen in some]  # for any order in which they were read
    proof = whole.proof or Proof(why_not="the folder is not well mounted on source yet")
    for later in (replace(looks[-1][1], proof=proof), replace(looks[-1][1], proof=proof, images=whole.images)):
        looks.append((frozenset((*looks[-1][0], (len(looks),))), later))
    states = [(known, {id: state(step.check(facts)) for id, step in NFS_STEPS.items()}) for known, facts in looks]
    changed = {
        f"{id}: {first}, then {later[id]}"
        for known, before in states
        for more, later in states
        if known < more
        for id, first in before.items()
        if first not in (UNKNOWN, later[id])
    }
    assert changed == set(), name


# -- hosts --

HOST_BY_ID = {step.id: step for step in host_steps(hosts.checked_config())}


class RandomOrder:
    """A reading of the hosts in `whole` that returns its parts in random order."""

    def __init__(self, whole: HostsFacts, seed: int) -> None:
        self._whole = whole
        self._random = random.Random(seed)  # noqa: S311 - orders, no secrets
        self._waiting: list[asyncio.Future[None]] = []

    async def draw(self) -> None:
        """Return one waiting part after the other."""
        while True:
            await asyncio.sleep(0)
            waiting = [each for each in self._waiting if not each.done()]
            if waiting:
                self._random.choice(waiting).set_result(None)

    async def _answer(self, part: object) -> Any:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn
        if isinstance(part, Failure):
            raise part
        return part

    async def as_login(self, host: str, names: tuple[str, ...]) -> LoginRead:
        known = {name: found for end in hosts.ADDRESSES for name, found in self._names(host, end).items()}
        system = await self._answer(self._whole.at(host).system)
        return LoginRead(system, "op", {name: known.get(name, ()) for name in names})

    async def as_root(self, host: str, _login: str) -> Any:
        return await self._answer(self._whole.at(host).conf), self._whole.at(host).software

    async def names(self, host: str, names: tuple[str, ...]) -> Any:
        known = {name: found for end in hosts.ADDRESSES for name, found in self._names(host, end).items()}
        return await self._answer({name: known.get(name, ()) for name in names})

    def _names(self, start: str, end: str) -> Any:
        names = self._whole.way(start, end).names
        return {} if isinstance(names, Failure) or names is None else names

    async def cpu(self, *_: Any) -> Any:
        return await self._answer(self._whole.way("source", "destination").cpu)

    def __getattr__(self, part: str) -> Any:
        """Any other part: of one host, or between it and the other hypervisor."""

        def read(host: str, *_: Any) -> Any:
            other = "source" if host == "destination" else "destination"
            if part in ("account", "firewall"):  # read on the other host
                return self._answer(getattr(self._whole.way(other, host), part))
            known = self._whole.way(host, other) if part in ("ports", "ssh", "peer") else self._whole.at(host)
            return self._answer(getattr(known, part))

        return read


def host_worlds() -> Iterator[tuple[str, HostsFacts]]:
    good = hosts.good()
    yield "everything works", good
    yield "everything is down", hosts.all_down()
    emulated = Domain("guest1", kind="qemu", machine="pc-q35-8.2", cpu_mode="host-model", cpu_xml="<cpu/>")
    there = Libvirt(hosts.daemon("source"), (), hosts.MACHINES, emulated)
    no_kvm = hosts.with_host(hosts.with_host(good, "source", libvirt=there), "destination", kvm=Kvm(HANGS))
    yield "emulated, no KVM at the destination", no_kvm
    yield "no KVM at the destination", hosts.with_host(good, "destination", kvm=Kvm(HANGS))
    running = Libvirt(hosts.daemon("destination"), (Vm("guest1", "u", "running"),), hosts.MACHINES)
    little = replace(good.at("destination").system, memory_available_bytes=1)  # type: ignore[type-var]
    yield "the VM is already there", hosts.with_host(good, "destination", libvirt=running, system=little)
    other = Cpu("<cpu><model>Other</model></cpu>", frozenset({"aes"}))
    yield (
        "another CPU",
        hosts.with_way(good, "source", "destination", cpu=CpuFit("kvm", INCOMPATIBLE, hosts.CPU, other)),
    )
    yield "ssh refused", hosts.with_way(good, "source", "destination", ssh=Attempt(KEY_NOT_KNOWN), peer=None)
    yield (
        "an address of another host",
        hosts.with_way(good, "source", "storage", names={"storage": ("198.51.100.7",)}),
    )
    elsewhere = hosts.with_host(good, "destination", conf=QemuConf(migration_host="kvm-b"))
    yield (
        "migration_host",
        hosts.with_way(
            elsewhere, "source", "destination", names={"destination": ("192.0.2.2",), "kvm-b": ("127.0.1.1",)}
        ),
    )
    yield (
        "no libvirt at the destination",
        hosts.with_host(
            hosts.with_way(good, "source", "destination", cpu=DOWN),
            "destination",
            libvirt=DOWN,
            kvm=DOWN,
            userfaultfd=DOWN,
        ),
    )
    yield "no root at the source", hosts.with_host(good, "source", conf=DOWN, kvm=DOWN, userfaultfd=DOWN, software=DOWN)


@pytest.mark.parametrize(("name", "whole"), host_worlds())
async def test_no_step_of_the_hosts_list_changes_its_finding(name: str, whole: HostsFacts) -> None:
    changed: set[str] = set()
    for seed in range(ORDERS):
        order, before = RandomOrder(whole, seed), dict.fromkeys(HOST_BY_ID, UNKNOWN)
        drawing = asyncio.ensure_future(order.draw())
        try:
            async for facts in Rounds(order, HostsFacts(whole.configured)).run():  # type: ignore[arg-type]
                now = {id: state(step.check(facts)) for id, step in HOST_BY_ID.items()}
                changed |= {
                    f"{id}: {first}, then {now[id]}" for id, first in before.items() if first not in (UNKNOWN, now[id])
                }
                before = now
        finally:
            drawing.cancel()
    assert changed == set(), name
