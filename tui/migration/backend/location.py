"""Where a VM is after a migration, asked of both hosts: who runs it, what is left on the other, and what to do."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.migration.backend.connections import MigrationConnections
from tui.migration.model.timeline import CANCELLED, COMPLETED, FAILED, LOST

POST_COPY = {"post-copy", "post-copy failed"}  # libvirt's reasons of a VM whose memory is on two hosts


@dataclass(frozen=True)
class VmLocation:
    """Where the VM is: whether all is well, the sentence, and whether it has moved (None: that cannot be known).

    `advice` says what to do about what is left on the other host, empty where nothing is.
    """

    ok: bool
    sentence: str
    moved: bool | None
    advice: str = ""

    def outcome(self, *, cancelled: bool) -> str:
        """How the migration ended, judged by nothing else."""
        if self.moved:
            return COMPLETED
        if cancelled:
            return CANCELLED
        return LOST if self.moved is None else FAILED

    def fits(self, outcome: str) -> bool:
        """Whether all is well and as it should be after that outcome."""
        return self.ok and (self.moved is True) == (outcome == COMPLETED)


def locate(connections: MigrationConnections, vm: Vm) -> VmLocation:
    """Ask both hosts for the VM; blocks. What one of them says counts, too, where the other cannot be asked."""
    found, silent = {}, {}
    for host in (connections.target, connections.origin):
        try:
            known = connections.at(host).vm(vm.name)
        except Failure as failure:
            silent[host] = failure
        else:
            found[host] = known if known is not None and known.uuid == vm.uuid else None  # another one of that name
    if silent:
        return _half_known(connections, vm, found, silent)
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
    """libvirt undefines the VM at the origin when the migration succeeds; after a broken post-copy it does not."""
    name, origin = there.name, connections.origin
    sentence = (
        f"{name} {_is(there)} on {connections.target}, and only there; {origin} still has its definition, shut off."
    )
    advice = (
        f"Do not start it on {origin}: two would write into one disk. Remove the definition there, which leaves the "
        f"disk alone: virsh undefine --keep-nvram {shlex.quote(name)}"
    )
    return VmLocation(there.running, sentence, True, advice)


def _on_both(connections: MigrationConnections, here: Vm, there: Vm) -> VmLocation:
    """Two hosts claim it; which one is right follows from who has been the last to run it."""
    name, origin, target = here.name, connections.origin, connections.target
    if here.running and there.running:
        sentence = f"{name} runs on {origin} and on {target} at once: both write into one disk."
        advice = (
            f"Force one of them off at once: virsh destroy {shlex.quote(name)} on the host whose state you can do "
            "without. Then check the file systems of its disk."
        )
        return VmLocation(False, sentence, None, advice)
    if not POST_COPY & {here.reason, there.reason}:
        sentence = f"{name} {_is(here)} on {origin} and {_is(there)} on {target}."
        advice = "Two hosts have it. Resume neither before you know which of the two is whole; then destroy the other."
        return VmLocation(False, sentence, None, advice)
    sentence = (
        f"The post-copy of {name} is broken: {target} has run it since the switchover, where it {_is(there)}; "
        f"{origin}, where it {_is(here)}, holds the memory that has not been sent."
    )
    advice = (
        f"Resume or destroy it on neither host. Mend the network; then, on {origin}, start the same migration again "
        "with virsh migrate --postcopy --postcopy-resume. If one of the two is lost, so is the VM: destroy both and "
        "start it anew from its disk."
    )
    return VmLocation(False, sentence, None, advice)


def _half_known(
    connections: MigrationConnections, vm: Vm, found: Mapping[str, Vm | None], silent: Mapping[str, Failure]
) -> VmLocation:
    """Where at least one host cannot be asked: a VM that runs on the other has not moved, or has; else nobody knows."""
    for host, known in found.items():
        other = next(iter(silent))
        if known is not None and known.active:
            sentence = f"{vm.name} {_is(known)} on {host}; {other} cannot be asked."
            return VmLocation(known.running, sentence, host == connections.target)
    why = next(iter(silent.values()))
    return VmLocation(False, f"Where the VM runs could not be looked up: {why}", None)


def _is(vm: Vm) -> str:
    """ "runs", or what it is instead."""
    if vm.running and not vm.reason:
        return "runs"
    return f"is {vm.state} ({vm.reason})" if vm.reason else f"is {vm.state}"
