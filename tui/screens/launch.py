"""The Launch page: the VMs of both hosts; the chosen one booted, stopped, deleted, and a workload run in it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.backend.connections import HYPERVISORS
from tui.backend.launch import Launch
from tui.backend.migrations import other
from tui.backend.vms import Deletion
from tui.model.blockers import Blocker, blockers
from tui.model.domain import Domain
from tui.model.failure import Failure
from tui.model.listing import Listing
from tui.model.offer import Offer
from tui.model.whereabouts import Whereabouts
from tui.model.workload import CPU, MEMORY, WorkloadSpec, WorkloadStatus
from tui.screens.console import show_console
from tui.screens.dialogs.address import AddressDialog
from tui.screens.dialogs.new_vm import Made, NewVmForm
from tui.screens.dialogs.question import Answer, Question
from tui.screens.dialogs.workload import WorkloadForm
from tui.screens.page import Page
from tui.widgets.launch_lines import vm_lines, workload_lines
from tui.widgets.lines import Lines
from tui.widgets.report import Report
from tui.widgets.vm_list import Row, VmList

Say = Callable[[str], None]

LOOK_EVERY_S = 1.0
OFFERS_EVERY_S = 30.0
AFRESH_EVERY = 10  # looks: a definition may be changed by others while the VM's state stays as it is
WATCH = "watch"
BOOT, SHUT_DOWN, FORCE_OFF, START, STOP = "boot", "shut_down", "force_off", "start_workload", "stop_workload"
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
# What may cut short what is under way: a guest that does not come up, or does not go down, is forced off.
CUTS_SHORT = {FORCE_OFF: (BOOT, SHUT_DOWN), SHUT_DOWN: (BOOT, SHUT_DOWN)}
OTHER_LINES = 19  # of the page at 80x24 beside the list
LEAST_ROWS = 3


class LaunchPage(Page):
    """Made of the Launch room."""

    page = "launch"
    CSS_PATH = "launch.tcss"
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
        Binding("a", ADDRESS, "address", show=False, tooltip="How ssh reaches the guest", id="launch.address"),
        Binding("pageup", "scroll(-1)", "scroll", show=False),
        Binding("pagedown", "scroll(1)", "scroll", show=False),
    ]

    class Chosen(Message):
        """A person chose a VM: the Migrate page proposes it, too."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, launch: Launch) -> None:
        super().__init__()
        self._launch = launch
        self._listing = Listing(awaited=HYPERVISORS)
        self._offers: dict[str, Offer | Failure] = {}
        self._status: WorkloadStatus | Failure | None = None
        self._proposed = {name: launch.default_spec(name) for name in (MEMORY, CPU)}
        self._chosen = MEMORY
        self._under_way = ""
        self._answers: tuple[bool, ...] = ()
        self._list, self._vm_heading = VmList(id="vms"), Lines(id="vm-heading", classes="heading")
        self._vm_lines, self._workload_lines, self._report = Lines(id="vm"), Lines(id="workload"), Report(id="report")

    def body(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Static(Content(" VMs of both hosts; up/down choose"), classes="heading")
            yield self._list
            yield self._vm_heading
            yield self._vm_lines
            yield Static(Content(" Workload in its guest"), classes="heading")
            yield self._workload_lines
            yield self._report

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)

    def on_screen_resume(self) -> None:
        self._show()
        self.workers.cancel_group(self, WATCH)
        for host in HYPERVISORS:
            self._watch_host(host)
            self._watch_offer(host)
        self._watch_workload()

    def on_screen_suspend(self) -> None:
        """Nobody looks: the guest is left alone. What was asked for goes on."""
        self.workers.cancel_group(self, WATCH)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    # -- watching --

    @work(group=WATCH)
    async def _watch_host(self, host: str) -> None:
        """Each host has a watch of its own, so that one that does not answer hides nothing of the other."""
        looks = 0
        while True:
            answer = await self._launch.vms.on(host, afresh=looks % AFRESH_EVERY == 0)
            self._listing = self._listing.with_answer(host, answer)  # of now: the other may have answered meanwhile
            self._show()
            looks += 1
            await asyncio.sleep(LOOK_EVERY_S)

    @work(group=WATCH)
    async def _watch_offer(self, host: str) -> None:
        """What a host offers: whether a VM can move to it depends on that."""
        while True:
            self._offers[host] = await self._launch.vms.offer(host)
            self._show()
            await asyncio.sleep(OFFERS_EVERY_S)

    @work(group=WATCH)
    async def _watch_workload(self) -> None:
        while True:
            await self._look_at_workload()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look_at_workload(self) -> None:
        """Not while something is under way, which asks by itself: a guest that compiles has enough to do."""
        name, status = self._launch.name, self._status
        if not self._where.active:
            status = None
        elif not self._under_way:
            try:
                status = await self._launch.workload_status(name)
            except Failure as failure:
                status = failure
        if name == self._launch.name:  # else another one was chosen meanwhile
            self._status = status
        self._show()

    @property
    def _where(self) -> Whereabouts:
        return self._listing.where(self._launch.name)

    # -- showing --

    def _show(self) -> None:
        width = self._vm_lines.size.width
        if not width:
            return
        where, folder = self._where, self._launch.config.storage.export
        rows = self._rows()
        self._list.show_rows(rows, where.name, max(LEAST_ROWS, self.size.height - OTHER_LINES), width)
        self._vm_heading.show(Content(f" {where.name}"))
        domain, chosen = self._listing.domain(where.name), next(row for row in rows if row.where.name == where.name)
        self._vm_lines.show(*vm_lines(where, domain, chosen.blockers, folder, self._launch.address, width))
        lines = workload_lines(self._status, self._why_no_guest(), self._proposed, width)
        self._workload_lines.show(*lines)
        self._refresh_keys()

    def _names(self) -> list[str]:
        """Of all that is listed; the chosen one is, even where no host knows it."""
        return sorted({*self._listing.names, self._launch.name})

    def _rows(self) -> list[Row]:
        return [self._row(name) for name in self._names()]

    def _row(self, name: str) -> Row:
        domain, where = self._listing.domain(name), self._listing.where(name)
        if not isinstance(domain, Domain):
            return Row(where)
        return Row(where, domain, self._blockers(domain, where.host))

    def _blockers(self, domain: Domain, host: str) -> tuple[Blocker, ...] | None:
        """What is in the way to the other host; None before it is known what that one offers."""
        target = other(host)
        here, there = self._offers.get(host), self._offers.get(target)
        if there is None:
            return None
        if isinstance(there, Failure):
            away = Blocker(f"{target} can't be asked what it offers.", doubt=True)
            return (*blockers(domain, self._launch.config.storage.export, target, None, None), away)
        known_here = here if isinstance(here, Offer) else None
        return blockers(domain, self._launch.config.storage.export, target, there, known_here)

    def _why_no_guest(self) -> str:
        """Why the guest can't be asked what runs in it; empty where it can."""
        if self._under_way == BOOT:
            return "the guest is booting"
        if self._where.vm is None:
            return "not known before the VM is found"
        return "" if self._where.active else "the VM does not run"

    def _tick(self) -> None:
        if self.is_current:
            self._report.tick()

    # -- keys --

    def why_not(self, action: str) -> str:
        if self._under_way and action in DOING and self._under_way not in CUTS_SHORT.get(action, ()):
            return f"{DOING[self._under_way]}; wait for its end."
        if action == BOOT:
            return self._where.why_not_boot()
        if action in (SHUT_DOWN, FORCE_OFF, CONSOLE):
            return "" if self._where.active else f"{self._where.name} does not run."
        if action == DELETE:
            return self._why_not_delete()
        if action == ADDRESS and self._launch.name == self._launch.config.vm.name and self._launch.config.vm.ssh:
            return f"[vm] ssh in the configuration says how {self._launch.name} is reached."
        if action in (START, STOP):
            return self._why_no_workload(action)
        return ""

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

        self.app.push_screen(NewVmForm(self._launch.new_vms, self._launch.config.vm, self._launch.name), made)

    def action_address(self) -> None:
        def answered(address: str | None) -> None:
            if address is None:
                return
            try:
                self._launch.keep_address(address)
            except Failure as failure:
                self._report.fail(failure)
            self._status = None
            self._ask_workload()

        user = (self._launch.config.vm.ssh or "").rpartition("@")[0]
        proposed = self._launch.address or (f"{user}@" if user else "")
        self.app.push_screen(AddressDialog(self._launch.name, proposed), answered)

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

        self.app.push_screen(deletion_question(deletion), answered)

    def action_console(self) -> None:
        def answered(key: str | None) -> None:
            if key == "enter":
                self._open_console(self._where)

        text = "The app steps aside for virsh console. Ctrl+] comes back to it; what runs in it goes on meanwhile."
        answers = [Answer("enter", "open the console")]
        self.app.push_screen(Question(f"Console of {self._where.name}", text, answers), answered)

    @work(group="console", exclusive=True)
    async def _open_console(self, where: Whereabouts) -> None:
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
                self._do(START, f"starting {spec.text}", lambda say: self._start(spec, say))

        memory_bytes = self._where.vm.memory_bytes if self._where.vm else 0
        self.app.push_screen(WorkloadForm(self._proposed, self._chosen, memory_bytes), chosen)

    def action_stop_workload(self) -> None:
        self._do(STOP, "stopping the workload", self._stop)

    # -- what the keys do --

    def _do(self, action: str, text: str, call: Callable[[Say], Awaitable[str | None]]) -> None:
        """Run one action; what it says of itself, and how it ended, stands on the page until the next one."""
        reason = self.why_not(action)  # it may have changed while a question was open
        if reason:
            self.explain(reason)
            return
        self._under_way = action
        self._show()
        self._run(action, text, call)

    @work(group="action", exclusive=True)
    async def _run(self, action: str, text: str, call: Callable[[Say], Awaitable[str | None]]) -> None:
        self._report.begin(text)
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

    async def _shut_down(self, say: Say) -> str:
        await self._launch.shut_down(say)
        return f"{self._where.name} is shut off."

    async def _force_off(self, say: Say) -> str:
        await self._launch.force_off(say)
        return f"{self._where.name} was forced off."

    async def _delete(self, deletion: Deletion, disks: bool) -> str:
        sentence = await self._launch.vms.delete(deletion, disks=disks)
        self._launch.choose(self._launch.config.vm.name)
        self.post_message(self.Chosen(self._launch.name))
        return sentence

    async def _start(self, spec: WorkloadSpec, say: Say) -> str:
        self._status = await self._launch.start_workload(spec, say)
        return f"Started: {spec.text}."

    async def _stop(self, say: Say) -> str:
        self._status = await self._launch.stop_workload(say)
        return "" if self._status.error else f"{self._status.name.capitalize()} was stopped."


def deletion_question(deletion: Deletion) -> Question:
    """Asks whether, and names every file that would be gone."""
    text = f"{deletion.name} will be unknown on {' and '.join(deletion.hosts)}: its definition can't be brought back."
    kept = [f"{path} stays: {reason}." for path, reason in deletion.kept]
    files = "\n".join(f"   {path}" for path in deletion.disks)
    answers = [Answer("y", "delete the VM, and leave its disks where they are")]
    why_not = "" if deletion.disks else "there is none that only this VM uses"
    answers.append(
        Answer("d", f"delete the VM and these files, for ever:\n{files}" if files else "its disks, too", why_not)
    )
    answers.append(Answer("n", "delete nothing"))
    return Question(f"Delete {deletion.name}?", "\n".join([text, *kept]), answers)
