"""The keys of the Launch page: create, boot, stop and delete VMs, open their console, and run workloads in them."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message

from tui.core.failure import Failure
from tui.guest.backend.guest import OnProgress
from tui.guest.model.agent import AGENT
from tui.guest.model.workload import MEMORY, WorkloadSpec
from tui.launch.backend.launch import Launch
from tui.launch.screens.address import AddressDialog
from tui.launch.screens.deletion import DeletionQuestion
from tui.launch.screens.edit import EDIT_BINDING
from tui.launch.screens.many import MARK_BINDINGS, ActsOnMany
from tui.launch.screens.mend import MEND_BINDING
from tui.launch.screens.new_vm import Created, NewVmForm
from tui.launch.screens.reasons import ADDRESS, CONSOLE, DELETE, FORCE_OFF, NEW, SHUT_DOWN, START, STOP
from tui.launch.screens.view import BOOT
from tui.launch.screens.workload import WorkloadForm
from tui.launch.widgets.vm_list import VmList
from tui.ui.page import Page
from tui.ui.question import Answer, Question
from tui.ui.terminal_program import in_terminal
from tui.vm.backend.vms import Deletion
from tui.vm.model.location import VmPlacement
from tui.vm.screens.moving import empty_binding

CONSOLE_HEADING = "Ctrl+] returns to vmlm-tui. If the screen stays empty, press Enter."


class LaunchPage(ActsOnMany):
    """The Launch page."""

    HELP = (
        "The VMs of all hosts; the keys act on the one with the arrow, or on all that space has marked: then one "
        "question names them, and the report has a line for each. The page lists what blocks its migration. "
        "A workload is compiled in the guest. It keeps running when this app ends or the VM migrates, and is found "
        "again. It prints a line every second; a page that a migration lost or mixed up is shown as an error. From 160 "
        "columns on, the VM is beside the list, and the events are what this page has seen change."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash", "filter", "filter", key_display="/", show=False, tooltip="Show only some VMs", id="launch.filter"
        ),
        Binding("up", "choose(-1)", "choose", show=False, tooltip="The VM above", id="launch.up"),
        Binding("down", "choose(1)", "choose", show=False, tooltip="The VM below", id="launch.down"),
        Binding("s", BOOT, "start", tooltip="Boot the VM and wait for its guest", id="launch.boot"),
        Binding("x", SHUT_DOWN, "shut down", tooltip="Shut the guest down; asks first", id="launch.shut-down"),
        Binding("X", FORCE_OFF, "off at once", tooltip="Switch the VM off at once; asks first", id="launch.force-off"),
        Binding("t", CONSOLE, "console", tooltip="Its serial console; Ctrl+] returns", id="launch.console"),
        Binding("n", NEW, "new VM", tooltip="Create a VM; shows its definition first", id="launch.new"),
        Binding("D", DELETE, "delete", tooltip="Delete the VM, with or without disks", id="launch.delete"),
        Binding("w", START, "workload", tooltip="Choose a workload and start it in the guest", id="launch.workload"),
        Binding("W", STOP, "stop it", tooltip="Stop the workload in the guest; asks first", id="launch.stop"),
        Binding("a", ADDRESS, "address", show=False, tooltip="How the guest is reached", id="launch.address"),
        Binding(
            "m", "migrate", "migrate", show=False, tooltip="Open the form that migrates the VM", id="launch.migrate"
        ),
        Binding("enter", "migrate", "migrate", show=False),
        *MARK_BINDINGS,
        MEND_BINDING,
        EDIT_BINDING,
        empty_binding(
            "launch.empty",
            "Move the marked VMs, else all VMs of the chosen VM's host, to other hosts; shows the plan first",
        ),
        Binding("home", "choose(-1000000)", "first", show=False),
        Binding("end", "choose(1000000)", "last", show=False),
        Binding("pageup", "scroll(-1)", "scroll", show=False),
        Binding("pagedown", "scroll(1)", "scroll", show=False),
    ]

    class Chosen(Message):
        """The user chose a VM; the Migrate page then proposes it, too."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, launch: Launch) -> None:
        super().__init__(launch)
        self._workload = MEMORY  # the last one chosen in the form

    # -- keys --

    def action_choose(self, step: int) -> None:
        """Choose the VM `step` lines below."""
        names = self._names()
        index = names.index(self._launch.name) + step
        self.choose_vm(names[index % len(names) if abs(step) == 1 else max(0, min(len(names) - 1, index))])

    def filter_changed(self) -> None:
        """List the VMs that have the words; the chosen one stays listed."""
        self._show()

    def on_vm_list_chosen(self, message: VmList.Chosen) -> None:
        self.choose_vm(message.name)

    def choose_vm(self, name: str) -> None:
        if name == self._launch.name:
            return
        if self._action and not self._of_many:
            self.explain(self._please_wait())
            return
        self._launch.choose(name)
        self._status = None
        self._show()
        self.post_message(self.Chosen(name))
        self._refresh_workload()

    @work(group="read", exclusive=True)
    async def _refresh_workload(self) -> None:
        await self._read_workload()

    def to_copy(self) -> str:
        return self._launch.name

    async def action_migrate(self) -> None:
        """Open the form of the Migrate page for the chosen VM."""
        self.post_message(self.Chosen(self._launch.name))
        await self.app.switch_mode("migrate")
        self.app.call_later(self._open_form)

    async def _open_form(self) -> None:
        if isinstance(self.app.screen, Page):
            await self.app.screen.run_or_explain("start")

    def action_new_vm(self) -> None:
        """Open the form for a new VM."""

        def created(vm: Created | None) -> None:
            if vm is not None:
                self._report.end(vm.sentence, "$success")
                self.choose_vm(vm.name)

        vm = self._launch.config.vm
        name = vm.name if self._listing.where(vm.name).nowhere else ""
        self.app.push_screen(NewVmForm(self._launch.new_vms, vm, self._launch.name, name), created)

    def action_address(self) -> None:
        """Open the dialog for the guest's address."""

        def entered(address: str | None) -> None:
            if address is None:
                return
            try:
                self._launch.keep_address(address)
            except Failure as failure:
                self._report.fail(failure)
            self._status = None
            self._trust_host_key(self._launch.name, address)

        user, found = self._launch.user_of(self._launch.name), self._found.get(self._launch.name, ())
        prefix = f"{user}@" if user else ""
        full = f"{prefix}{found[0]}" if found else ""
        self.app.push_screen(AddressDialog(self._launch.name, self._launch.address or full or prefix, full), entered)

    @work(group="read", exclusive=True)
    async def _trust_host_key(self, name: str, address: str) -> None:
        """Without the agent's confirmation of the host key, the next ssh login reports the unknown key."""
        if address not in ("", AGENT):
            with contextlib.suppress(Failure):
                await self._launch.trust_host_key(name, address)
        await self._read_workload()

    @work(group="read", exclusive=True)
    async def action_delete(self) -> None:
        """Read what would be deleted, then ask."""
        if self.many(DELETE):
            return
        try:
            deletion = await self._launch.vms.deletion(self._launch.name)
        except Failure as failure:
            self._report.fail(failure)
            return

        def answered(key: str | None) -> None:
            if key in ("y", "d"):
                self._do(DELETE, f"deleting {deletion.name}", lambda _on_progress: self._delete(deletion, key == "d"))

        self.app.push_screen(DeletionQuestion(deletion), answered)

    def action_console(self) -> None:
        """Ask before the console replaces the app on the screen."""

        def answered(key: str | None) -> None:
            if key == "enter":
                self._open_console(self._where)

        text = "`virsh console` replaces the app on the screen. Ctrl+] returns; a migration continues meanwhile."
        answers = [Answer("enter", "open the console")]
        self.app.push_screen(Question(f"Console of {self._where.name}", text, answers), answered)

    @work(group="console", exclusive=True)
    async def _open_console(self, where: VmPlacement) -> None:
        try:
            argv = self._launch.vms.console(where.name, where.host)
            await in_terminal(self.app, argv, CONSOLE_HEADING, "Is libvirt-clients installed?")
        except Failure as failure:
            self._report.fail(failure)

    def action_boot(self) -> None:
        """Boot the VM; asks first if a host can't be reached, where it may already run."""
        if self.many(BOOT):
            return
        doubt = self._where.doubt
        if not doubt:
            self._boot()
            return

        def answered(key: str | None) -> None:
            if key == "y":
                self._boot()

        answers = [Answer("y", "boot it nevertheless"), Answer("n", "do not boot it")]
        self.app.push_screen(Question("Boot the VM?", doubt, answers), answered)

    def _boot(self) -> None:
        self._do(BOOT, f"starting {self._where.name}", self._launch.boot)

    def action_shut_down(self) -> None:
        """Shut the guest down; during its boot or shutdown, offer to force it off."""
        if self._action in (BOOT, SHUT_DOWN):
            self.action_force_off()
            return
        if self.many(SHUT_DOWN):
            return

        def answered(key: str | None) -> None:
            if key == "y":
                self._do(SHUT_DOWN, f"shutting down {self._where.name}", self._shut_down)

        running = self._workload_running
        ends = f" The workload {running} ends with it." if running else ""
        text = f"Its guest is requested to shut down, as by a power button.{ends}"
        answers = [Answer("y", "shut it down"), Answer("n", "leave it running")]
        self.app.push_screen(Question(f"Shut {self._where.name} down?", text, answers), answered)

    def action_force_off(self) -> None:
        """Ask, then switch the VM off at once."""
        if self.many(FORCE_OFF):
            return

        def answered(key: str | None) -> None:
            if key == "y":
                self._do(FORCE_OFF, f"forcing {self._where.name} off", self._force_off)

        text = f"{self._where.name} loses all data not yet written to its disk, as in a power cut."
        answers = [Answer("y", "force it off"), Answer("n", "leave it running")]
        self.app.push_screen(Question("Force the VM off?", text, answers), answered)

    def action_start_workload(self) -> None:
        """Open the form that starts a workload."""

        def chosen(spec: WorkloadSpec | None) -> None:
            if spec is not None:
                self._workload = spec.name
                self._proposed[spec.name] = spec
                self._edited.add(spec.name)
                if self.start_in_many(spec):
                    return
                self._do(START, f"starting {spec.text}", lambda on_progress: self._start(spec, on_progress))

        self.app.push_screen(WorkloadForm(self._fitted(), self._workload, self._capacity), chosen)

    def action_stop_workload(self) -> None:
        """Ask, then stop the workload."""
        if self.many(STOP):
            return

        def answered(key: str | None) -> None:
            if key == "y":
                self._do(STOP, "stopping the workload", self._stop)

        text = f"It runs in {self._where.name}, and does not start again by itself."
        answers = [Answer("y", "stop it"), Answer("n", "let it run")]
        self.app.push_screen(Question(f"Stop the workload {self._workload_running}?", text, answers), answered)

    # -- actions --

    def _do(self, action: str, text: str, call: Callable[[OnProgress], Awaitable[str | None]]) -> None:
        """Run an action; the report shows its progress and result until the next action."""
        reason = self.why_not(action)  # it may have changed while a question was open
        if reason:
            self.explain(reason)
            return
        self._action = action
        self._show()
        self._run(action, text, call)

    @work(group="action", exclusive=True)
    async def _run(self, action: str, text: str, call: Callable[[OnProgress], Awaitable[str | None]]) -> None:
        self._report.begin(text)
        self.call_after_refresh(self._report.scroll_visible, animate=False)  # it is below a long list
        result: str | Failure | None
        try:
            result = await call(self._report.step)
        except Failure as failure:
            result = failure
        finally:
            if self._action == action:
                self._action = ""
        await self.reread()  # before the result, so that the keys that it makes possible act when it is shown
        if isinstance(result, Failure):
            self._report.fail(result)
        else:
            self._report.end(result or "", "$success")
        await self._read_workload()
        self.call_after_refresh(self._report.scroll_visible, animate=False)

    async def _shut_down(self, on_progress: OnProgress) -> str:
        await self._launch.shut_down(on_progress)
        return f"{self._where.name} is shut off."

    async def _force_off(self, on_progress: OnProgress) -> str:
        await self._launch.force_off(on_progress)
        return f"{self._where.name} was forced off."

    async def _delete(self, deletion: Deletion, disks: bool) -> str:
        sentence = await self._launch.delete(deletion, disks=disks)
        self._launch.choose(self._launch.config.vm.name)
        self.post_message(self.Chosen(self._launch.name))
        return sentence

    async def _start(self, spec: WorkloadSpec, on_progress: OnProgress) -> str:
        self._status = await self._launch.start_workload(spec, on_progress)
        return f"Started: {spec.text}."

    async def _stop(self, on_progress: OnProgress) -> str:
        self._status = await self._launch.stop_workload(on_progress)
        return "" if self._status.error else f"The workload {self._status.name} was stopped."
