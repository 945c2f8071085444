"""Where a VM is after a migration: which host runs it, what is left on the other, and what to do."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.migration.backend.connections import MigrationConnections
from tui.migration.model.timeline import CANCELLED, COMPLETED, FAILED, LOST

POST_COPY = {"post-copy", "post-copy failed"}  # libvirt's reasons if a VM's memory is on two hosts


@dataclass(frozen=True)
class VmLocation:
    """Where the VM is: `ok` if on one host only, `moved` None if unknown, `advice` about what is left behind."""

    ok: bool
    sentence: str
    moved: bool | None
    advice: str = ""
    undecided: bool = False  # a host that is needed to know it cannot be reached

    def outcome(self, *, cancelled: bool) -> str:
        """The outcome of the migration, derived from the location alone."""
        if self.moved:
            return COMPLETED
        if cancelled:
            return CANCELLED
        return LOST if self.moved is None else FAILED

    def fits(self, outcome: str) -> bool:
        """Whether the VM runs where it should after that outcome."""
        return self.ok and (self.moved is True) == (outcome == COMPLETED)


def locate(connections: MigrationConnections, vm: Vm) -> VmLocation:
    """Read the VM from both hosts; blocks. One host's reply is used even if the other cannot be reached."""
    found, unreachable = {}, {}
    for host in (connections.target, connections.origin):
        try:
            known = connections.at(host).vm(vm.name)
        except Failure as failure:
            unreachable[host] = failure
        else:
            found[host] = known if known is not None and known.uuid == vm.uuid else None  # another VM of that name
    if unreachable:
        return _half_known(connections, vm, found, unreachable)
    there, here = found[connections.target], found[connections.origin]
    arrived, stayed = there is not None and there.active, here is not None and here.active
    if arrived and not stayed and there is not None:
        if here is None:
            sentence = f"{vm.name} {_is(there)} on {connections.target} and is gone from {connections.origin}."
            return VmLocation(there.running, sentence, True)
        return _definition_left(connections, there)
    if stayed and not arrived and here is not None:
        return VmLocation(here.running, f"{vm.name} {_is(here)} on {connections.origin}.", False)
    if arrived and stayed and there is not None and here is not None:
        return _on_both(connections, here, there)
    return VmLocation(False, f"{vm.name} runs neither on {connections.origin} nor on {connections.target}.", None)


def _definition_left(connections: MigrationConnections, there: Vm) -> VmLocation:
    """libvirt undefines the VM at the origin when a migration succeeds, but not after an interrupted post-copy."""
    name, origin = there.name, connections.origin
    sentence = (
        f"{name} {_is(there)} on {connections.target}, and only there; {origin} still has its definition, shut off."
    )
    advice = (
        f"Do not start it on {origin}: two VMs would write to one disk. Remove the definition there, which keeps "
        f"the disk: virsh undefine --keep-nvram {shlex.quote(name)}"
    )
    return VmLocation(there.running, sentence, True, advice)


def _on_both(connections: MigrationConnections, here: Vm, there: Vm) -> VmLocation:
    """Both hosts have it; in post-copy the target ran it last."""
    name, origin, target = here.name, connections.origin, connections.target
    if here.running and there.running:
        sentence = f"{name} runs on {origin} and on {target} at once: both write to one disk."
        advice = (
            f"Force one of them off at once: virsh destroy {shlex.quote(name)} on the host whose state you can "
            "discard. Then check the file systems of its disk."
        )
        return VmLocation(False, sentence, None, advice)
    if not POST_COPY & {here.reason, there.reason}:
        sentence = f"{name} {_is(here)} on {origin} and {_is(there)} on {target}."
        advice = "Two hosts have the VM. Resume neither before you know which one is intact; then destroy the other."
        return VmLocation(False, sentence, None, advice)
    sentence = (
        f"Post-copy of {name} is interrupted: {target} has run it since the switchover, where it {_is(there)}; "
        f"{origin}, where it {_is(here)}, holds the memory that was not sent."
    )
    advice = (
        f"Resume or destroy it on neither host. Repair the network; then, on {origin}, start the same migration again "
        "with virsh migrate --postcopy --postcopy-resume. If one of the two is lost, so is the VM: destroy both and "
        "start it again from its disk."
    )
    return VmLocation(False, sentence, None, advice)


def _half_known(
    connections: MigrationConnections, vm: Vm, found: Mapping[str, Vm | None], unreachable: Mapping[str, Failure]
) -> VmLocation:
    """At least one host cannot be reached: a VM that runs on the other has stayed or moved; else it is unknown."""
    for host, known in found.items():
        other = next(iter(unreachable))
        if known is not None and known.active:
            sentence = f"{vm.name} {_is(known)} on {host}; {other} cannot be reached."
            return VmLocation(known.running, sentence, host == connections.target)
    why = next(iter(unreachable.values()))
    return VmLocation(False, f"The location of the VM is unknown: {why}", None, undecided=True)


def _is(vm: Vm) -> str:
    """ "runs", or its state: "is paused (post-copy)"."""
    if vm.running and not vm.reason:
        return "runs"
    return f"is {vm.state} ({vm.reason})" if vm.reason else f"is {vm.state}"
