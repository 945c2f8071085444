"""The Launch page: its keys boot, stop, delete and open the chosen VM, make another, and run a workload in it."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message

from tui.core.failure import Failure
from tui.core.settings import HYPERVISORS, SSH_REACH
from tui.guest.model.agent import AGENT
from tui.guest.model.workload import MEMORY, WorkloadSpec
from tui.launch.backend.launch import Launch
from tui.launch.screens.address import AddressDialog
from tui.launch.screens.console import show_console
from tui.launch.screens.deletion import DeletionQuestion
from tui.launch.screens.new_vm import Made, NewVmForm
from tui.launch.screens.view import BOOT, LaunchView
from tui.launch.screens.workload import WorkloadForm
from tui.launch.widgets.vm_list import VmList
from tui.ui.question import Answer, Question
from tui.vm.backend.vms import Deletion
from tui.vm.model.domain import Domain
from tui.vm.model.domain_mark import UNFINISHED
from tui.vm.model.location import VmPlacement

OnProgress = Callable[[str], None]

SHUT_DOWN, FORCE_OFF, START, STOP = "shut_down", "force_off", "start_workload", "stop_workload"
NEW, DELETE, CONSOLE, ADDRESS = "new_vm", "delete", "console", "address"
DOING = {
    BOOT: "The VM is being booted",
    SHUT_DOWN: "The VM is being shut down",
    FORCE_OFF: "The VM is being forced off",
    START: "A workload is being started",
    STOP: "The workload is being stopped",
    DELETE: "The VM is being deleted",
}
KEYS = (*DOING, NEW, CONSOLE, ADDRESS)
# What may cut short what is under way: a guest that does not come up or go down, or keeps its workload, is forced off.
CUTS_SHORT = {FORCE_OFF: (BOOT, SHUT_DOWN, START, STOP), SHUT_DOWN: (BOOT, SHUT_DOWN)}


class LaunchPage(LaunchView):
    """Made of the Launch room."""

    HELP = (
        "The VMs of both hosts; the keys act on the one with the arrow. It is said of each what would block its "
        "migration. A workload is compiled in the guest, goes on when this app ends or the VM moves, and is found "
        "again. One line of its output comes every second; a page that a migration lost or mixed up is an error here."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", "choose", show=False, tooltip="The VM above", id="launch.up"),
        Binding("down", "choose(1)", "choose", show=False, tooltip="The VM below", id="launch.down"),
        Binding("s", BOOT, "start", tooltip="Boot the VM and wait for its guest", id="launch.boot"),
        Binding("x", SHUT_DOWN, "shut down", tooltip="Ask the guest to shut down", id="launch.shut-down"),
        Binding("X", FORCE_OFF, "off by force", tooltip="Take the VM's power away; asks first", id="launch.force-off"),
        Binding("t", CONSOLE, "console", tooltip="Its serial console; Ctrl+] comes back", id="launch.console"),
        Binding("n", NEW, "new VM", tooltip="Make a VM; its definition is shown first", id="launch.new"),
        Binding("D", DELETE, "delete", tooltip="Delete the VM; asks, and asks for its disks", id="launch.delete"),
        Binding("w", START, "workload", tooltip="Choose a workload and start it in the guest", id="launch.workload"),
        Binding("k", STOP, "stop it", tooltip="Stop the workload in the guest", id="launch.stop"),
        Binding("a", ADDRESS, "address", show=False, tooltip="How the guest is reached", id="launch.address"),
        Binding("pageup", "scroll(-1)", "scroll", show=False),
        Binding("pagedown", "scroll(1)", "scroll", show=False),
    ]

    class Chosen(Message):
        """A person chose a VM: the Migrate page proposes it, too."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, launch: Launch) -> None:
        super().__init__(launch)
        self._chosen = MEMORY
        self._answers: tuple[bool, ...] = ()

    # -- keys --

    def why_not(self, action: str) -> str:
        if self._under_way and action in DOING and self._under_way not in CUTS_SHORT.get(action, ()):
            return f"{DOING[self._under_way]}; wait for its end."
        if action == BOOT:
            return self._where.why_not_boot() or self._why_unfinished()
        if action in (SHUT_DOWN, FORCE_OFF, CONSOLE):
            return "" if self._where.active else f"{self._where.name} does not run."
        if action == DELETE:
            return self._why_not_delete()
        if action == ADDRESS:
            return self._why_no_address()
        if action in (START, STOP):
            return self._why_no_workload(action)
        return ""

    def _why_unfinished(self) -> str:
        """Where it was not made, or deleted, to its end: its disks are not whole."""
        domain = self._listing.domain(self._launch.name)
        return UNFINISHED[domain.mark] if isinstance(domain, Domain) and domain.mark else ""

    def _why_no_address(self) -> str:
        """Of the configured VM the configuration says it, unless a person or a seed did; of others a person does."""
        vm = self._launch.config.vm
        said = not vm.ssh or bool(self._launch.kept_address(vm.name))
        if self._launch.name != vm.name or (vm.reach == SSH_REACH and said):
            return ""
        key = "ssh" if vm.reach == SSH_REACH else "reach"
        return f"[vm] {key} in the configuration says how {vm.name} is reached."

    def _why_not_delete(self) -> str:
        where = self._where
        if where.vm is None:
            return f"{where.name} can't be deleted: {where.sentence}."
        return f"{where.name} is {where.sentence}; x shuts it down." if where.active else ""

    def _why_no_workload(self, action: str) -> str:
        if not self._where.active:
            return f"{self._where.name} does not run; s starts it."
        if isinstance(self._status, Failure):
            return str(self._status)
        running = self._status.current if self._status and self._status.running else ""
        if action == START and running:
            return f"The workload {running} runs already; k stops it."
        if action == STOP and not running:
            return "No workload runs; w starts one."
        return ""

    def _refresh_keys(self) -> None:
        answers = tuple(bool(self.why_not(action)) for action in KEYS)
        if answers != self._answers:
            self._answers = answers
            self.refresh_bindings()

    def action_choose(self, step: int) -> None:
        names = self._names()
        self._choose(names[(names.index(self._launch.name) + step) % len(names)])

    def on_vm_list_chosen(self, message: VmList.Chosen) -> None:
        self._choose(message.name)

    def _choose(self, name: str) -> None:
        if name == self._launch.name:
            return
        if self._under_way:
            self.explain(f"{DOING[self._under_way]}; wait for its end.")
            return
        self._launch.choose(name)
        self._status = None
        self._show()
        self.post_message(self.Chosen(name))
        self._ask_workload()

    @work(group="ask", exclusive=True)
    async def _ask_workload(self) -> None:
        await self._look_at_workload()

    def action_scroll(self, step: int) -> None:
        box = self.query_one(VerticalScroll)
        box.scroll_relative(y=step * max(1, box.size.height - 2), animate=False)

    def action_new_vm(self) -> None:
        def made(made: Made | None) -> None:
            if made is not None:
                self._report.end(made.sentence, "$success")
                self._choose(made.name)

        vm = self._launch.config.vm
        name = vm.name if self._listing.where(vm.name).nowhere else ""
        self.app.push_screen(NewVmForm(self._launch.new_vms, vm, self._launch.name, name), made)

    def action_address(self) -> None:
        def answered(address: str | None) -> None:
            if address is None:
                return
            try:
                self._launch.keep_address(address)
            except Failure as failure:
                self._report.fail(failure)
            self._status = None
            self._introduce(self._launch.name, address)

        user, found = self._launch.user_of(self._launch.name), self._found.get(self._launch.name, ())
        before = f"{user}@" if user else ""
        at = f"{before}{found[0]}" if found else ""
        self.app.push_screen(AddressDialog(self._launch.name, self._launch.address or at or before, at), answered)

    @work(group="ask", exclusive=True)
    async def _introduce(self, name: str, address: str) -> None:
        """Where its agent knows the host key of a new guest, ssh need not ask; where not, ssh says what it lacks."""
        if address not in ("", AGENT):
            with contextlib.suppress(Failure):
                await self._launch.introduce(name, address)
        await self._look_at_workload()

    @work(group="ask", exclusive=True)
    async def action_delete(self) -> None:
        """Asks when it is known what would be deleted."""
        try:
            deletion = await self._launch.vms.deletion(self._launch.name)
        except Failure as failure:
            self._report.fail(failure)
            return

        def answered(key: str | None) -> None:
            if key in ("y", "d"):
                self._do(DELETE, f"deleting {deletion.name}", lambda _say: self._delete(deletion, key == "d"))

        self.app.push_screen(DeletionQuestion(deletion), answered)

    def action_console(self) -> None:
        def answered(key: str | None) -> None:
            if key == "enter":
                self._open_console(self._where)

        text = "The app steps aside for virsh console. Ctrl+] comes back to it; what runs in it goes on meanwhile."
        answers = [Answer("enter", "open the console")]
        self.app.push_screen(Question(f"Console of {self._where.name}", text, answers), answered)

    @work(group="console", exclusive=True)
    async def _open_console(self, where: VmPlacement) -> None:
        try:
            await show_console(self.app, self._launch.vms.console(where.name, where.host))
        except Failure as failure:
            self._report.fail(failure)

    def action_boot(self) -> None:
        doubt = self._where.doubt
        if not doubt:
            self._boot()
            return

        def answered(key: str | None) -> None:
            if key == "y":
                self._boot()

        answers = [Answer("y", "boot it all the same"), Answer("n", "leave it")]
        self.app.push_screen(Question("Boot the VM?", doubt, answers), answered)

    def _boot(self) -> None:
        self._do(BOOT, f"starting {self._where.name}", self._launch.boot)

    def action_shut_down(self) -> None:
        if self._under_way in (BOOT, SHUT_DOWN):
            self.action_force_off()
        else:
            self._do(SHUT_DOWN, f"asking {self._where.name} to shut down", self._shut_down)

    def action_force_off(self) -> None:
        def answered(key: str | None) -> None:
            if key == "y":
                self._do(FORCE_OFF, f"forcing {self._where.name} off", self._force_off)

        text = f"{self._where.name} loses what it has not written to its disk, as at a power cut."
        answers = [Answer("y", "force it off"), Answer("n", "leave it running")]
        self.app.push_screen(Question("Force the VM off?", text, answers), answered)

    def action_start_workload(self) -> None:
        def chosen(spec: WorkloadSpec | None) -> None:
            if spec is not None:
                self._chosen = spec.name
                self._proposed[spec.name] = spec
                self._meant.add(spec.name)
                self._do(START, f"starting {spec.text}", lambda on_progress: self._start(spec, on_progress))

        self.app.push_screen(WorkloadForm(self._fitting(), self._chosen, self._room), chosen)

    def action_stop_workload(self) -> None:
        self._do(STOP, "stopping the workload", self._stop)

    # -- what the keys do --

    def _do(self, action: str, text: str, call: Callable[[OnProgress], Awaitable[str | None]]) -> None:
        """Run one action; what it says of itself, and how it ended, stands on the page until the next one."""
        reason = self.why_not(action)  # it may have changed while a question was open
        if reason:
            self.explain(reason)
            return
        self._under_way = action
        self._show()
        self._run(action, text, call)

    @work(group="action", exclusive=True)
    async def _run(self, action: str, text: str, call: Callable[[OnProgress], Awaitable[str | None]]) -> None:
        self._report.begin(text)
        self.call_after_refresh(self._report.scroll_visible, animate=False)  # a long list of workloads is above it
        try:
            ended = await call(self._report.step)
            self._report.end(ended or "", "$success")
        except Failure as failure:
            self._report.fail(failure)
        finally:
            if self._under_way == action:
                self._under_way = ""
        for host in HYPERVISORS:
            self._listing = self._listing.with_answer(host, await self._launch.vms.on(host))
        await self._look_at_workload()
        self.call_after_refresh(self._report.scroll_visible, animate=False)  # how it ended is not to be overlooked

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
