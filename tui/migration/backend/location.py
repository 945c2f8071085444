"""Asks both hosts of a migration where its VM is."""

from dataclasses import dataclass, replace

from tui.core.failure import Failure
from tui.core.protocols import QemuEnded
from tui.core.vm import Vm
from tui.migration.backend.connections import MigrationConnections
from tui.migration.model.diagnosis import Diagnosis, diagnose
from tui.migration.model.evidence import Evidence, HostAnswer
from tui.migration.model.timeline import CANCELLED, COMPLETED, LOST


@dataclass(frozen=True)
class VmLocation:
    """Where the VM is: `ok` if on one host only, `advice` about what is left behind; `diagnosis` has it all."""

    diagnosis: Diagnosis

    @property
    def ok(self) -> bool:
        return self.diagnosis.ok

    @property
    def sentence(self) -> str:
        return self.diagnosis.sentence

    @property
    def advice(self) -> str:
        return self.diagnosis.advice

    def outcome(self, *, cancelled: bool) -> str:
        """The outcome of the migration, derived from the location alone."""
        outcome = self.diagnosis.outcome or LOST
        return CANCELLED if cancelled and outcome != COMPLETED else outcome

    def fits(self, outcome: str) -> bool:
        """Whether the VM runs where it should after that outcome."""
        return self.ok and (self.diagnosis.outcome == COMPLETED) == (outcome == COMPLETED)


def answers(connections: MigrationConnections, vm: Vm) -> tuple[HostAnswer, HostAnswer]:
    """What the origin and the target answer about the VM; blocks. The target is asked first, the origin after it."""
    there = _answer(connections, connections.target, vm)
    here = _answer(connections, connections.origin, vm)
    if here.in_post_copy and _qemu_ended(connections, vm):
        here = replace(here, qemu_ended=True)
    return here, there


def _qemu_ended(connections: MigrationConnections, vm: Vm) -> bool:
    """Whether QEMU on the origin has ended: only a call that asks QEMU shows it before libvirt notices."""
    try:
        connections.at(connections.origin).job(vm.name)
    except QemuEnded:
        return True
    except Failure:
        return False  # it is busy, or the daemon is gone
    return False


def locate(connections: MigrationConnections, vm: Vm) -> VmLocation:
    """Where the VM is, by the answers alone; blocks."""
    here, there = answers(connections, vm)
    return VmLocation(diagnose(Evidence(vm.name, connections.origin, connections.target, here, there)))


def _answer(connections: MigrationConnections, host: str, vm: Vm) -> HostAnswer:
    try:
        known = connections.at(host).vm(vm.name)
    except Failure as failure:
        return HostAnswer(failure=failure)
    return HostAnswer(known if known is not None and known.uuid == vm.uuid else None)  # else another VM of that name
