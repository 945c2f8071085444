"""Steps of the Hosts list about the two hypervisors beside each other: whether a VM of the one can run on the other."""

from collections.abc import Callable

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, WARNING, Finding
from tui.checklist.model.step import Step
from tui.core.quantity import size
from tui.core.settings import DESTINATION, SOURCE
from tui.hosts.model.checks.basic import version
from tui.hosts.model.facts import HostsFacts, Libvirt, unread
from tui.hosts.model.host import System
from tui.vm.model.cpu import IDENTICAL, INCOMPATIBLE, CpuFit, summary
from tui.vm.model.machine_type import newest_common


def fit_steps() -> tuple[Step[HostsFacts], ...]:
    """All of them; what is found is said of the destination."""
    return (
        _step("two", "it is another host than the source", TWO, _between(_two)),
        _step("versions", "libvirt and QEMU are no older than the source's", VERSIONS, _between(_versions)),
        _step("machine_types", "both know the VM's machine type", MACHINES, _machine_types),
        _step("cpu", "its CPU has all that the source's has", CPU, _cpu),
        _step("qemu_user", "QEMU runs as the same user on both", USER, _between(_qemu_user)),
        _step("memory", "there is memory for the VM", MEMORY, _memory),
    )


TWO = "libvirt tells hosts apart by their UUID and sends no VM to the host it is on; copied machines may share one."
VERSIONS = "A newer QEMU takes a VM from an older one; the other way round is tried by nobody before you."
MACHINES = "The machine type is the VM's mainboard, of one version; the QEMU that takes the VM over must know the same."
CPU = "A running guest goes on using the CPU features it found when it booted; where one is gone, it crashes."
USER = "QEMU opens the VM's image as this user; on shared storage its number decides, so it must be the same on both."
MEMORY = "The VM's memory arrives while it still runs on the other side."


def _step(id: str, title: str, why: str, check: Callable[[HostsFacts], Finding | None]) -> Step[HostsFacts]:
    return Step(f"{DESTINATION}.{id}", DESTINATION, title, why, check)


def _between(check: Callable[[Libvirt, Libvirt], Finding]) -> Callable[[HostsFacts], Finding | None]:
    """A check of both daemons' words."""

    def both(facts: HostsFacts) -> Finding | None:
        source, destination = (facts.at(host).libvirt for host in (SOURCE, DESTINATION))
        if isinstance(source, Libvirt) and isinstance(destination, Libvirt):
            return check(source, destination)
        return unread(source) or unread(destination)

    return both


def _two(source: Libvirt, destination: Libvirt) -> Finding:
    if source.daemon.uuid and source.daemon.uuid == destination.daemon.uuid:
        hint = "Set host_uuid in /etc/libvirt/libvirtd.conf of one of them, unless they really are one host."
        return Finding(FAILED, f"both have the UUID {source.daemon.uuid}", "two UUIDs", hint)
    return Finding(OK, "they have different UUIDs")


def _versions(source: Libvirt, destination: Libvirt) -> Finding:
    older, words = [], []
    for name, one, other in (
        ("libvirt", source.daemon.libvirt_version, destination.daemon.libvirt_version),
        ("QEMU", source.daemon.hypervisor_version, destination.daemon.hypervisor_version),
    ):
        words.append(f"{name} {version(one)} on both" if one == other else f"{name} {version(one)} to {version(other)}")
        if other < one:
            older.append(name)
    if older:
        hint = "It may work; keep the VM on a machine type that both know, and try with one that you can do without."
        return Finding(WARNING, "; ".join(words), f"{' and '.join(older)} as new as on the source", hint)
    return Finding(OK, "; ".join(words))


def _machine_types(facts: HostsFacts) -> Finding | None:
    source, destination = (facts.at(host).libvirt for host in (SOURCE, DESTINATION))
    if not isinstance(source, Libvirt) or not isinstance(destination, Libvirt):
        return unread(source) or unread(destination)
    common = newest_common(source.machines, destination.machines)
    newest = f"the newest that both know: {', '.join(common) or 'none'}"
    vm, name = facts.vm, facts.configured.vm
    if vm is None or not vm.machine:
        found = f"{name} is not defined yet; {newest}"
        return Finding(OK if common else FAILED, found, "" if common else "a machine type in common")
    for host, known in ((DESTINATION, destination.machines), (SOURCE, source.machines)):
        if vm.machine not in known:
            hint = f"Set <type machine=…> of {name} to one that both know while it is shut off: {', '.join(common)}."
            return Finding(
                FAILED, f"{name} is a {vm.machine}, which {host} does not know; {newest}", "one of these", hint
            )
    return Finding(OK, f"{name} is a {vm.machine}; {newest}")


def _cpu(facts: HostsFacts) -> Finding | None:
    fit, vm = facts.cpu, facts.vm
    if not isinstance(fit, CpuFit):
        return unread(fit)
    passed_through = vm is not None and vm.cpu_mode in ("host-passthrough", "maximum")
    if fit.verdict == IDENTICAL:
        return Finding(OK, f"the same: {fit.source.model}")
    more = f"; on the way back these would be missing: {summary(fit.more)}" if fit.more else ""
    if fit.verdict != INCOMPATIBLE:
        found = f"it has all of the source's and more{more}"
        return Finding(
            WARNING if passed_through else OK,
            found,
            "the same CPU, for it is passed through as it is",
            detail=fit.common,
        )
    lacks = f"{fit.destination.model}: it lacks {summary(fit.lacking) or 'what libvirt does not name'}{more}"
    hint = f"Give the VM a CPU that both have; libvirt proposes {_proposed(fit)}."
    if vm is not None and not vm.cpu_mode:
        return Finding(OK, f"{lacks}; {facts.configured.vm} asks for none of it", detail=fit.common)
    if fit.vm and fit.vm != INCOMPATIBLE:
        return Finding(OK, f"{lacks}; the CPU that {facts.configured.vm} has can run there", detail=fit.common)
    return Finding(WARNING if vm is None else FAILED, lacks, f"{fit.source.model}, as on the source", hint, fit.common)


def _proposed(fit: CpuFit) -> str:
    return "the CPU shown below" if fit.common else "none"


def _qemu_user(source: Libvirt, destination: Libvirt) -> Finding:
    one, other = source.daemon.qemu_user, destination.daemon.qemu_user
    if one is None or other is None:
        return Finding(WARNING, "a libvirt does not say whom QEMU runs as", "the same user and group on both")
    if one == other:
        return Finding(OK, f"user {one[0]}, group {one[1]} on both")
    found = f"user {one[0]}, group {one[1]} on the source; user {other[0]}, group {other[1]} on the destination"
    hint = 'Set user and group in /etc/libvirt/qemu.conf to what has the same numbers on both, e.g. "+64055".'
    return Finding(FAILED if one[0] != other[0] else WARNING, found, "the same numbers on both", hint)


def _memory(facts: HostsFacts) -> Finding | None:
    system, libvirt = facts.at(DESTINATION).system, facts.at(DESTINATION).libvirt
    vm, memory_bytes = facts.configured.vm, facts.configured.vm_memory_bytes
    if not isinstance(system, System):
        return unread(system)
    if libvirt is None:  # it may run there already
        return None
    if isinstance(libvirt, Libvirt) and any(each.name == vm and each.active for each in libvirt.vms):
        return Finding(NOT_NEEDED, f"{vm} runs there already")
    free = f"{size(system.memory_available_bytes)} free, {vm} has {size(memory_bytes)}"
    enough = system.memory_available_bytes >= memory_bytes
    return Finding(OK if enough else WARNING, free, "" if enough else f"{size(memory_bytes)} free")
