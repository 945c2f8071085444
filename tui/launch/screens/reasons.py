"""Why a key of the Launch page can't act now."""

from tui.core import actions
from tui.core.failure import Failure
from tui.core.settings import SSH_REACH
from tui.guest.model.workload import WorkloadStatus
from tui.launch.backend.launch import Launch
from tui.launch.screens.mend import MEND, MendView
from tui.launch.screens.view import BOOT
from tui.vm.model.domain import Domain
from tui.vm.model.domain_mark import UNFINISHED
from tui.vm.model.location import VmPlacement
from tui.vm.screens.moving import EMPTY

SHUT_DOWN, FORCE_OFF, START, STOP = "shut_down", "force_off", "start_workload", "stop_workload"
NEW, DELETE, CONSOLE, ADDRESS, EDIT = "new_vm", "delete", "console", "address", "edit"
RUNNING = {
    BOOT: "The VM is booting",
    SHUT_DOWN: "The VM is shutting down",
    FORCE_OFF: "The VM is being forced off",
    START: "A workload is starting",
    STOP: "The workload is stopping",
    DELETE: "The VM is being deleted",
}
KEYS = (*RUNNING, NEW, CONSOLE, ADDRESS, EDIT, MEND, EMPTY)
# By action: the running actions that it may interrupt, in case the guest hangs in one of them.
INTERRUPTS = {FORCE_OFF: (BOOT, SHUT_DOWN, START, STOP), SHUT_DOWN: (BOOT, SHUT_DOWN)}


class LaunchReasons(MendView):
    """The page with the reasons of its keys; a subclass has the keys."""

    CHANGES = frozenset(KEYS)

    def __init__(self, launch: Launch) -> None:
        super().__init__(launch)
        self._disabled: tuple[bool, ...] = ()  # by key

    def why_not(self, action: str) -> str:
        if self._action and action in RUNNING and self._action not in INTERRUPTS.get(action, ()):
            return self._please_wait()
        if action in (BOOT, SHUT_DOWN, FORCE_OFF, CONSOLE, DELETE):
            return self.why_not_of(action, self._launch.name)
        if action in (EDIT, EMPTY):
            return self._why_not_edit() if action == EDIT else self._why_no_host()
        if action == ADDRESS:
            return self._why_no_address()
        if action == MEND:
            return self.why_not_mend()
        if action in (START, STOP):
            return self._why_no_workload(action)
        return ""

    def why_not_of(self, action: str, name: str) -> str:
        """Why an action can't be done for a VM, as far as its host shows; "" if it can."""
        where = self._listing.where(name)
        if action == BOOT:
            return where.why_not_boot() or self._why_unfinished(name)
        if action == DELETE:
            return _why_not_delete(where)
        return "" if where.active else f"{name} does not run."

    def _please_wait(self) -> str:
        return f"{RUNNING[self._action]}; please wait."

    def _why_unfinished(self, name: str) -> str:
        """A VM whose creation or deletion was interrupted can only be deleted."""
        domain = self._listing.domain(name)
        return UNFINISHED[domain.mark] if isinstance(domain, Domain) and domain.mark else ""

    def _why_no_address(self) -> str:
        """The address of the configured VM can't be changed here if the configuration defines it."""
        vm = self._launch.config.vm
        changeable = not vm.ssh or bool(self._launch.kept_address(vm.name))
        if self._launch.name != vm.name or (vm.reach == SSH_REACH and changeable):
            return ""
        key = "ssh" if vm.reach == SSH_REACH else "reach"
        return f"The configuration defines how {vm.name} is reached: [vm] {key}. Change it there."

    def _why_no_host(self) -> str:
        return "" if self._where.host or self.marked() else f"No host is known that has {self._where.name}."

    def _why_not_edit(self) -> str:
        where = self._where
        if self._action:
            return self._please_wait()
        if where.vm is None:
            return f"{where.name} can't be edited: {where.sentence}."
        if where.active:
            return f"{where.name} is {where.sentence}; its definition can be edited when it is shut off."
        return self._why_unfinished(where.name)

    def _why_no_workload(self, action: str) -> str:
        if not self._where.active:
            return f"{self._where.name} does not run; {actions.BOOT} starts it."
        if isinstance(self._status, Failure):
            return str(self._status)
        running = self._workload_running
        if action == START and running:
            return f"The workload {running} is already running; {actions.STOP_WORKLOAD} stops it."
        if action == STOP and not running:
            return f"No workload runs; {actions.WORKLOAD} starts one."
        return ""

    @property
    def _workload_running(self) -> str:
        """The name of the workload in the guest; empty if none is known to run."""
        return self._status.current if isinstance(self._status, WorkloadStatus) and self._status.running else ""

    def _refresh_keys(self) -> None:
        disabled = tuple(bool(self.why_not(action)) for action in KEYS)
        if disabled != self._disabled:
            self._disabled = disabled
            self.refresh_bindings()


def _why_not_delete(where: VmPlacement) -> str:
    if where.vm is None:
        return f"{where.name} can't be deleted: {where.sentence}."
    return f"{where.name} is {where.sentence}; {actions.SHUT_DOWN} shuts it down." if where.active else ""
