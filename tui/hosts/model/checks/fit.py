"""Steps that compare two hypervisors: whether a VM of one can run on the other."""

from collections.abc import Callable
from typing import NamedTuple

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING, Finding
from tui.checklist.model.step import Step
from tui.core.host_words import the
from tui.core.quantity import size
from tui.hosts.model.checks.basic import version
from tui.hosts.model.facts import Configured, HostsFacts, Libvirt, unread
from tui.hosts.model.host import System
from tui.vm.model.cpu import IDENTICAL, INCOMPATIBLE, CpuFit, summary
from tui.vm.model.offer import newest_common


def fit_steps(known: Configured, start: str, end: str) -> tuple[Step[HostsFacts], ...]:
    """All of them, listed under `end`; what needs only that host is checked with its partner."""
    way, many = Way(start, end), len(known.hypervisors) > 2
    one, both = the(start), f"{the(start)} and it" if many else "both"
    steps = [
        _step(known, way, "two", f"it is not the same host as {one}", TWO, _between(_two)),
        _step(known, way, "versions", f"libvirt and QEMU are not older than on {one}", VERSIONS, _between(_versions)),
        _step(known, way, "machine_types", f"{both} support the VM's machine type", MACHINES, _machine_types),
        _step(known, way, "cpu", f"its CPU has all features of {one}'s", CPU, _cpu),
        _step(known, way, "qemu_user", f"QEMU runs as the same user on {both}", USER, _between(_qemu_user)),
    ]
    if start == known.partner(end):
        steps.append(_step(known, way, "memory", "there is enough memory for the VM", MEMORY, _memory))
    return tuple(steps)


TWO = "libvirt identifies hosts by UUID and refuses a migration to the same host; cloned machines may share one UUID."
VERSIONS = "A migration from older to newer QEMU is supported; newer to older is untested."
MACHINES = "The machine type is the VM's mainboard in a certain version; QEMU on both hosts must support it."
CPU = "A running guest uses the CPU features that it found at boot; if one is missing, it crashes."
USER = "QEMU opens the VM's image as this user; on shared storage the uid decides, so it must be the same on both."
MEMORY = "The VM's memory is copied while the VM still runs on the origin."


class Way(NamedTuple):
    """From which host to which one."""

    start: str
    end: str


Check = Callable[[HostsFacts, Way], Finding | None]


def _step(known: Configured, way: Way, id: str, title: str, why: str, check: Check) -> Step[HostsFacts]:
    return Step(known.id(way.end, id, way.start), way.end, title, why, lambda facts: check(facts, way))


def _between(check: Callable[[Libvirt, Libvirt, Way], Finding]) -> Check:
    """A check of both daemons."""

    def both(facts: HostsFacts, way: Way) -> Finding | None:
        source, destination = (facts.at(host).libvirt for host in way)
        if isinstance(source, Libvirt) and isinstance(destination, Libvirt):
            return check(source, destination, way)
        return unread(source) or unread(destination)

    return both


def _two(source: Libvirt, destination: Libvirt, _way: Way) -> Finding:
    if source.daemon.uuid and source.daemon.uuid == destination.daemon.uuid:
        hint = "Set host_uuid in /etc/libvirt/libvirtd.conf of one of them, unless they really are one host."
        return Finding(FAILED, f"both have the UUID {source.daemon.uuid}", "two UUIDs", hint)
    return Finding(OK, "they have different UUIDs")


def _versions(source: Libvirt, destination: Libvirt, way: Way) -> Finding:
    older, found = [], []
    for name, one, other in (
        ("libvirt", source.daemon.libvirt_version, destination.daemon.libvirt_version),
        ("QEMU", source.daemon.hypervisor_version, destination.daemon.hypervisor_version),
    ):
        found.append(f"{name} {version(one)} on both" if one == other else f"{name} {version(one)} to {version(other)}")
        if other < one:
            older.append(name)
    if older:
        hint = "It may work. Use a machine type that both support, and try it with a VM that you can afford to lose."
        return Finding(WARNING, "; ".join(found), f"{' and '.join(older)} at least as new as on {the(way.start)}", hint)
    return Finding(OK, "; ".join(found))


def _machine_types(facts: HostsFacts, way: Way) -> Finding | None:
    source, destination = (facts.at(host).libvirt for host in way)
    if not isinstance(source, Libvirt) or not isinstance(destination, Libvirt):
        return unread(source) or unread(destination)
    common = newest_common(source.machines, destination.machines)
    newest = f"newest in common: {', '.join(common) or 'none'}"
    vm, name = facts.vm, facts.configured.vm
    if vm is None or not vm.machine:
        found = f"{name} is not defined yet; {newest}"
        return Finding(OK if common else FAILED, found, "" if common else "a common machine type")
    for host, supported in ((way.end, destination.machines), (way.start, source.machines)):
        if vm.machine not in supported:
            hint = f"Shut {name} off and set its <type machine=…> to one of: {', '.join(common)}."
            found = f"{name} uses {vm.machine}, which {host} does not support; {newest}"
            return Finding(FAILED, found, "a common machine type", hint)
    return Finding(OK, f"{name} uses {vm.machine}; {newest}")


def _cpu(facts: HostsFacts, way: Way) -> Finding | None:
    fit, vm = facts.way(*way).cpu, facts.vm
    if not isinstance(fit, CpuFit):
        return unread(fit)
    passed_through = vm is not None and vm.cpu_mode in ("host-passthrough", "maximum")
    if fit.verdict == IDENTICAL:
        return Finding(OK, f"the same on both: {fit.source.model}")
    more = f"; missing on the way back: {summary(fit.more)}" if fit.more else ""
    if fit.verdict != INCOMPATIBLE:
        found = f"it has all features of {the(way.start)}'s and others{more}"
        wanted = "the same CPU: the VM uses the host CPU"
        return Finding(WARNING if passed_through else OK, found, wanted, detail=fit.common)
    lacks = f"{fit.destination.model}: it lacks {summary(fit.lacking) or 'features that libvirt does not name'}{more}"
    hint = f"Give the VM a CPU that both have; libvirt proposes {'the one shown below' if fit.common else 'none'}."
    if vm is not None and not vm.cpu_mode:
        return Finding(OK, f"{lacks}; {facts.configured.vm} requires none of them", detail=fit.common)
    if fit.vm and fit.vm != INCOMPATIBLE:
        return Finding(OK, f"{lacks}; the CPU of {facts.configured.vm} runs there", detail=fit.common)
    return Finding(
        WARNING if vm is None else FAILED, lacks, f"{fit.source.model}, as on {the(way.start)}", hint, fit.common
    )


def _qemu_user(source: Libvirt, destination: Libvirt, way: Way) -> Finding:
    one, other = source.daemon.qemu_user, destination.daemon.qemu_user
    if one is None or other is None:
        return Finding(WARNING, "a libvirt does not report the user of QEMU", "the same user and group on both")
    if one == other:
        return Finding(OK, f"user {one[0]}, group {one[1]} on both")
    found = "; ".join(
        f"user {user}, group {group} on {the(host)}" for (user, group), host in ((one, way.start), (other, way.end))
    )
    hint = 'Set user and group in /etc/libvirt/qemu.conf of both hosts to the same numbers, e.g. "+64055".'
    return Finding(FAILED if one[0] != other[0] else WARNING, found, "the same numbers on both", hint)


def _memory(facts: HostsFacts, way: Way) -> Finding | None:
    system, libvirt = facts.at(way.end).system, facts.at(way.end).libvirt
    vm, memory_bytes = facts.configured.vm, facts.configured.vm_memory_bytes
    if not isinstance(system, System):
        return unread(system)
    if libvirt is None:  # the VM may already run there
        return None
    if isinstance(libvirt, Libvirt) and any(each.name == vm and each.active for each in libvirt.vms):
        return Finding(NOT_NEEDED, f"{vm} already runs there")
    free = f"{size(system.memory_available_bytes)} free, {vm} needs {size(memory_bytes)}"
    enough = system.memory_available_bytes >= memory_bytes
    return Finding(OK if enough else WARNING, free, "" if enough else f"{size(memory_bytes)} free")
