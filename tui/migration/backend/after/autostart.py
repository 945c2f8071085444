"""The autostart of a VM, which libvirt drops at the source of a move and does not set at its target. Blocks."""

from tui.core.failure import Failure
from tui.core.log import log
from tui.core.vm import Vm
from tui.migration.backend.recording.run_log import RunLog
from tui.migration.backend.running.connections import MigrationConnections
from tui.migration.model.record import AUTOSTART


def autostart_of(opened: MigrationConnections, vm: str) -> bool:
    """Whether the host it starts at starts the VM with itself; False if that is unknown."""
    try:
        return opened.at(opened.origin).autostart(vm)
    except Failure as failure:
        log.info("The autostart of %s is unknown: %s", vm, failure)
        return False


def restore_autostart(connections: MigrationConnections, vm: Vm, run_log: RunLog) -> None:
    """Set the autostart on the target if it was on at the origin, unless the origin still has the VM."""
    target, origin = connections.target, connections.origin
    if not run_log.timeline.options.get("autostart") or not target:
        return
    name = connections.name_on(target, vm.name)
    try:
        if connections.at(origin).vm(vm.name) is not None:
            return  # two hosts must not start one VM
        connections.at(target).set_autostart(name, True)
    except Failure as failure:
        run_log.event(AUTOSTART, host=target, why=failure.reason)
    else:
        run_log.event(AUTOSTART, host=target)
