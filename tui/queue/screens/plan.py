"""The plan of many migrations: what would go where and how long it takes, edited by keys before it runs."""

import time
from dataclasses import replace
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from tui.core.failure import Failure
from tui.core.quantity import clock
from tui.core.threads import on_thread
from tui.queue.backend.access import QueueAccess
from tui.queue.backend.requests import Wish
from tui.queue.model.draft import Draft
from tui.queue.model.estimate import Estimate, estimate
from tui.queue.model.limits import Limits
from tui.queue.model.plan import QueuePlan
from tui.queue.model.progress import Progress
from tui.queue.screens.limits import LimitsForm
from tui.queue.widgets.move_lines import sentence_lines
from tui.queue.widgets.plan_lines import entry_lines, head_lines, heading, limit_words, plan_lines
from tui.ui.lines import Lines
from tui.ui.page import Page
from tui.ui.pick_rows import PickRows

STARTING = "Starting"  # what is under way
EDITS = ("target", "shift", "technique")  # of the VM under the cursor


class PlanPage(Page):
    """Reads the plan of `wish` when it is shown; the app closes it when it has Started."""

    page = "migrate"
    AUTO_FOCUS = "#plan"
    CSS_PATH = "plan.tcss"
    HELP = (
        "Which VM would go to which host, in the order in which they start; nothing has been changed yet. The forecast "
        "of a VM is for its migration alone; the time in all counts that they share the links. A host is chosen by "
        "what it has, its free memory after what goes there before, and its load. Enter runs the plan in the "
        "background process, which goes on when the app ends."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "run", "run it", key_display="enter", priority=True, tooltip="Start the migrations",
                id="plan.run"),
        Binding("right,space", "target(1)", "other host", key_display="right", id="plan.target",
                tooltip="The next host for the VM, the best ones first; left: the one before"),
        Binding("left", "target(-1)", "other host", show=False),
        Binding("o", "take_out", "take out", tooltip="Leave the VM where it is, or put it back", id="plan.take-out"),
        Binding("shift+down", "shift(1)", "later", key_display="J K", id="plan.shift",
                tooltip="Start the VM later (J, Shift+down) or earlier (K, Shift+up)"),
        Binding("J", "shift(1)", "later", show=False),
        Binding("shift+up,K", "shift(-1)", "earlier", show=False),
        Binding("t", "technique", "technique", tooltip="The next technique for the VM", id="plan.technique"),
        Binding("p", "preset", "preset", id="plan.preset",
                tooltip="Plan anew with the options of the next preset of the configuration, for all VMs"),
        Binding("l", "limits", "limits", id="plan.limits",
                tooltip="How many at once, the shared bandwidth, when to stop, whether to retry elsewhere"),
        Binding("r", "read", "read again", show=False, tooltip="Read the hosts and plan anew", id="plan.read"),
        Binding("escape", "back", "back", key_display="esc", tooltip="Back; nothing is changed", id="plan.back"),
    ]  # fmt: skip
    CHANGES = frozenset({"run"})
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-normal")]

    class Started(Message):
        """The plan runs; or it may, if the background process has not replied yet."""

    def __init__(self, queues: QueueAccess, wish: Wish) -> None:
        super().__init__()
        self._queues = queues
        self._wish = wish
        self._draft: Draft | None = None
        self._left: Estimate | None = None
        self._began: float | None = None  # of the reading or the start under way, by time.monotonic()
        self._doing = ""  # what is under way, "" for nothing
        self._failure = ""
        self._started = False
        self._head, self._trouble = Lines(id="head"), Lines(id="trouble")
        self._columns, self._about, self._limits = Lines(id="columns"), Lines(id="about"), Lines(id="limits")
        self._rows = PickRows(id="plan")

    def body(self) -> ComposeResult:
        yield self._head
        yield self._trouble
        yield self._columns
        yield self._rows
        yield self._about
        yield self._limits

    def on_mount(self) -> None:
        self.every_second(self._show_doing)
        self.action_read()

    def on_screen_resume(self) -> None:
        if self._started:  # behind another page
            self.dismiss()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def to_copy(self) -> str:
        return self._rows.chosen

    # -- reading --

    def action_read(self) -> None:
        """Plan anew, which forgets the edits."""
        self._read()

    @work(name="plan", exclusive=True, group="plan")
    async def _read(self) -> None:
        self._draft, self._failure = None, ""
        self._begin("Reading the hosts and planning")
        try:
            plan = await self._queues.plan(self._wish)
        except Failure as failure:
            self._end(str(failure))
        else:
            self._end("")
            self._use(Draft(plan))

    def _begin(self, doing: str) -> None:
        self._doing, self._began = doing, time.monotonic()
        self._show()
        self._show_doing()
        self.refresh_bindings()

    def _end(self, failure: str) -> None:
        self._doing, self._began, self._failure = "", None, failure
        self._show()
        self._show_doing()
        self.refresh_bindings()

    def _show_doing(self) -> None:
        """What is under way and for how long, or why nothing could be done."""
        if not self._trouble.is_attached:
            return
        width = self.size.width
        if self._began is not None:
            passed = clock(time.monotonic() - self._began)
            self._trouble.show(*sentence_lines(f"{self._doing} ... {passed}", width, "bold"))
        else:
            self._trouble.show(*sentence_lines(self.with_keys(self._failure), width, "bold $error"))

    def _use(self, draft: Draft) -> None:
        """Show another draft, and compute how long it takes."""
        self._draft = draft
        self._show()
        self.refresh_bindings()
        self._estimate(draft.result)

    @work(name="estimate", exclusive=True, group="estimate")
    async def _estimate(self, plan: QueuePlan) -> None:
        """On a thread: the simulation of hundreds of VMs takes a while."""
        self._left = await on_thread(estimate, plan, Progress())
        self._show()

    # -- showing --

    def _show(self) -> None:
        draft, width = self._draft, self.size.width
        if not width or not self._head.is_attached:
            return
        self.set_class(draft is None, "reading")
        title = heading(self._wish.purpose, self._wish.host, self._wish.vms, self._wish.preset)
        if draft is None:
            self._head.show(*sentence_lines(title, width, "bold"))
            return
        self._head.show(*head_lines(draft, title, self._left, width))
        head, lines = plan_lines(draft, width - 1)  # the last column is kept for the scroll bar
        self._columns.show(head)
        self._rows.show_lines([each.vm for each in draft.plan.entries], lines)
        self._limits.show(*sentence_lines(limit_words(draft.plan.limits), width, "dim"))
        self._show_chosen()

    def _show_chosen(self) -> None:
        draft = self._draft
        if draft is not None:
            self._about.show(*entry_lines(draft.entry(self._rows.chosen), draft, self.size.width))

    def on_pick_rows_moved(self) -> None:
        self._show_chosen()
        self.refresh_bindings()

    # -- keys --

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the key of presets where there are none."""
        if action == "preset" and not self._queues.presets:
            return False
        return super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        """Edits need a plan; those of a VM one that can move."""
        action = action.partition("(")[0]
        if action in ("back", "read") or (action == "preset" and self._doing != STARTING):
            return ""
        draft, vm = self._draft, self._rows.chosen
        if draft is None:
            return f"{self._doing}: please wait." if self._doing else "There is no plan."
        if self._doing:
            return f"{self._doing}: please wait."
        if action == "run":
            return "" if draft.result.movable else "There is nothing to move."
        if action == "take_out":
            return "" if vm in draft.out else draft.why_fixed(vm)
        if action in EDITS and (reason := draft.why_fixed(vm)):
            return reason
        entry = draft.entry(vm)
        if action == "target" and entry is not None and len(entry.targets) < 2:
            return f"No other host can take {vm}."
        return ""

    def action_target(self, step: int) -> None:
        """Send the VM to the next host."""
        if self._draft is not None:
            self._use(self._draft.to_next_target(self._rows.chosen, step))

    def action_take_out(self) -> None:
        """Leave the VM where it is, or put it back."""
        if self._draft is not None:
            self._use(self._draft.toggled(self._rows.chosen))

    def action_shift(self, by: int) -> None:
        """Start the VM later, or earlier."""
        if self._draft is not None:
            self._use(self._draft.shifted(self._rows.chosen, by))

    def action_technique(self) -> None:
        """Move the VM by the next technique."""
        if self._draft is not None:
            self._use(self._draft.with_next_technique(self._rows.chosen))

    def action_preset(self) -> None:
        """Plan anew with the options of the next preset; after the last one come those of [migration]."""
        names = ["", *self._queues.presets]
        preset = names[(names.index(self._wish.preset) + 1) % len(names)]
        limits = self._wish.limits if self._draft is None else self._draft.plan.limits
        self._wish = replace(self._wish, preset=preset, limits=limits)
        self._read()

    def action_limits(self) -> None:
        """Change the limits."""

        def answered(limits: Limits | None) -> None:
            if limits is not None and self._draft is not None:
                self._use(self._draft.with_limits(limits))

        if self._draft is not None:
            self.app.push_screen(LimitsForm(self._draft.plan.limits), answered)

    def action_run(self) -> None:
        """Start the migrations."""
        if self._draft is not None and not self._doing:
            self._start(self._draft.result)

    @work(name="start", group="start")
    async def _start(self, plan: QueuePlan) -> None:
        self._begin(STARTING)
        try:
            await self._queues.start(plan)
        except Failure as failure:
            self._end(str(failure))
        else:
            self._started = True
            self._end("")
            self.post_message(self.Started())

    def action_back(self) -> None:
        """Back to the page before."""
        if self._doing != STARTING:
            self.dismiss()
