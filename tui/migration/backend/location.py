"""Asks both hosts of a migration where its VM is."""

from dataclasses import dataclass, replace

from tui.core.failure import Failure
from tui.core.protocols import QemuEnded
from tui.core.vm import Vm
from tui.migration.backend.connections import MigrationConnections
from tui.migration.model.evidence import HostAnswer
from tui.migration.model.resume import Version


@dataclass(frozen=True)
class Answers:
    """What the origin and the target answer about the VM, and the versions of libvirt there, None if unknown."""

    here: HostAnswer
    there: HostAnswer
    here_libvirt: Version | None = None
    there_libvirt: Version | None = None


def answers(connections: MigrationConnections, vm: Vm, *, versions: bool = False) -> Answers:
    """Ask the target, then the origin; blocks. The versions may change: libvirt can be upgraded under a VM."""
    there = _answer(connections, connections.target, vm)
    here = _answer(connections, connections.origin, vm)
    if here.in_post_copy and _qemu_ended(connections, vm):
        here = replace(here, qemu_ended=True)
    if not versions:
        return Answers(here, there)
    return Answers(here, there, _version(connections, connections.origin), _version(connections, connections.target))


def _answer(connections: MigrationConnections, host: str, vm: Vm) -> HostAnswer:
    try:
        known = connections.at(host).vm(vm.name)
    except Failure as failure:
        return HostAnswer(failure=failure)
    return HostAnswer(known if known is not None and known.uuid == vm.uuid else None)  # else another VM of that name


def _qemu_ended(connections: MigrationConnections, vm: Vm) -> bool:
    """Whether QEMU on the origin has ended: only a call that asks QEMU shows it before libvirt notices."""
    try:
        connections.at(connections.origin).job(vm.name)
    except QemuEnded:
        return True
    except Failure:
        return False  # it is busy, or the daemon is gone
    return False


def _version(connections: MigrationConnections, host: str) -> Version | None:
    try:
        return connections.at(host).daemon().libvirt_version
    except Failure:
        return None  # its answer about the VM has the reason
