"""The Launch page: boot and stop the configured VM, and run a workload in it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.backend.connections import HYPERVISORS
from tui.backend.launch import Launch
from tui.model.failure import Failure
from tui.model.whereabouts import Whereabouts
from tui.model.workload import CPU, MEMORY, WorkloadSpec, WorkloadStatus
from tui.screens.dialogs.question import Answer, Question
from tui.screens.dialogs.workload import WorkloadForm
from tui.screens.page import Page
from tui.widgets.launch_lines import vm_lines, workload_lines
from tui.widgets.lines import Lines
from tui.widgets.report import Report

LOOK_EVERY_S = 1.0
WATCH = "watch"
BOOT, SHUT_DOWN, FORCE_OFF, START, STOP = "boot", "shut_down", "force_off", "start_workload", "stop_workload"
DOING = {
    BOOT: "The VM is being booted",
    SHUT_DOWN: "The VM is being shut down",
    FORCE_OFF: "The VM is being forced off",
    START: "A workload is being started",
    STOP: "The workload is being stopped",
}
# What may cut short what is under way: a guest that does not come up, or does not go down, is forced off.
CUTS_SHORT = {FORCE_OFF: (BOOT, SHUT_DOWN), SHUT_DOWN: (BOOT, SHUT_DOWN)}


class LaunchPage(Page):
    """Made of the Launch room."""

    page = "launch"
    CSS_PATH = "launch.tcss"
    HELP = (
        "The configured VM on whichever host has it, and the workload in its guest. The workload is compiled in the "
        "guest, goes on when this app ends or the VM moves, and is found again. One line of its own output comes every "
        "second; a page that a migration lost or mixed up is shown here as an error."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", BOOT, "start VM", tooltip="Boot the VM and wait for its guest", id="launch.boot"),
        Binding("x", SHUT_DOWN, "shut down", tooltip="Ask the guest to shut down", id="launch.shut-down"),
        Binding("X", FORCE_OFF, "force off", tooltip="Take the VM's power away; asks first", id="launch.force-off"),
        Binding("w", START, "workload", tooltip="Choose a workload and start it in the guest", id="launch.workload"),
        Binding("k", STOP, "stop it", tooltip="Stop the workload in the guest", id="launch.stop"),
    ]

    def __init__(self, launch: Launch) -> None:
        super().__init__()
        self._launch = launch
        self._where = Whereabouts(launch.config.vm.name, awaited=HYPERVISORS)
        self._status: WorkloadStatus | Failure | None = None
        self._proposed = {name: launch.default_spec(name) for name in (MEMORY, CPU)}
        self._chosen = MEMORY
        self._under_way = ""
        self._answers: tuple[bool, ...] = ()
        self._vm_lines, self._workload_lines, self._report = Lines(id="vm"), Lines(id="workload"), Report(id="report")

    def body(self) -> ComposeResult:
        name = self._launch.config.vm.name
        with VerticalScroll(can_focus=False):
            yield Static(Content(f" VM {name}"), classes="heading")
            yield self._vm_lines
            yield Static(Content(f" Workload in {name}"), classes="heading")
            yield self._workload_lines
            yield self._report

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)

    def on_screen_resume(self) -> None:
        self._show()
        self.workers.cancel_group(self, WATCH)
        for host in HYPERVISORS:
            self._watch_host(host)
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
        while True:
            answer = await self._launch.vm_on(host)
            self._where = self._where.with_answer(host, answer)  # of now: the other host may have answered meanwhile
            self._show()
            await asyncio.sleep(LOOK_EVERY_S)

    @work(group=WATCH)
    async def _watch_workload(self) -> None:
        while True:
            await self._look_at_workload()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look_at_workload(self) -> None:
        """Not while something is under way, which asks by itself: a guest that compiles has enough to do."""
        if not self._where.active:
            self._status = None
        elif not self._under_way:
            try:
                self._status = await self._launch.workload_status()
            except Failure as failure:
                self._status = failure
        self._show()

    def _show(self) -> None:
        width = self._vm_lines.size.width
        if not width:
            return
        address = self._launch.config.vm.ssh or ""
        self._vm_lines.show(*vm_lines(self._where, address, width))
        lines = workload_lines(self._status, self._why_no_guest(), self._proposed, width)
        self._workload_lines.show(*lines)
        self._refresh_keys()

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
        if action in (SHUT_DOWN, FORCE_OFF):
            return "" if self._where.active else f"{self._where.name} does not run."
        if action in (START, STOP):
            return self._why_no_workload(action)
        return ""

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
        answers = tuple(bool(self.why_not(action)) for action in DOING)
        if answers != self._answers:
            self._answers = answers
            self.refresh_bindings()

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

    def _do(self, action: str, text: str, call: Callable[[Callable[[str], None]], Awaitable[str | None]]) -> None:
        """Run one action; what it says of itself, and how it ended, stands on the page until the next one."""
        reason = self.why_not(action)  # it may have changed while a question was open
        if reason:
            self.explain(reason)
            return
        self._under_way = action
        self._show()
        self._run(action, text, call)

    @work(group="action", exclusive=True)
    async def _run(
        self, action: str, text: str, call: Callable[[Callable[[str], None]], Awaitable[str | None]]
    ) -> None:
        self._report.begin(text)
        try:
            ended = await call(self._report.step)
            self._report.end(ended or "", "$success")
        except Failure as failure:
            self._report.fail(failure)
        finally:
            if self._under_way == action:
                self._under_way = ""
        self._where = await self._launch.vm_state()
        await self._look_at_workload()

    async def _shut_down(self, say: Callable[[str], None]) -> str:
        await self._launch.shut_down(say)
        return f"{self._where.name} is shut off."

    async def _force_off(self, say: Callable[[str], None]) -> str:
        await self._launch.force_off(say)
        return f"{self._where.name} was forced off."

    async def _start(self, spec: WorkloadSpec, say: Callable[[str], None]) -> str:
        self._status = await self._launch.start_workload(spec, say)
        return f"Started: {spec.text}."

    async def _stop(self, say: Callable[[str], None]) -> str:
        self._status = await self._launch.stop_workload(say)
        return "" if self._status.error else f"{self._status.name.capitalize()} was stopped."
