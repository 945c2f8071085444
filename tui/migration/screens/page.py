"""The Migrate page: start a migration, watch whether it will finish, control it, and read its result."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from tui.core import actions
from tui.core.failure import Failure
from tui.core.plan import TECHNIQUES, Plan
from tui.core.quantity import duration, rate, size
from tui.core.virsh_options import ONE_WAY, USUAL
from tui.forecast.backend.current import Forecasting
from tui.migration.backend.after.after_move import AfterMove
from tui.migration.backend.before.last_targets import LastTargets
from tui.migration.backend.before.presets import FormPresets
from tui.migration.backend.migrations import Migration, Migrations
from tui.migration.backend.scripts import Scripts
from tui.migration.model import entry
from tui.migration.model.keys import BANDWIDTH, CANCEL, DOWNTIME, PAUSE, POST_COPY_NOW, RESUME, START, why_not
from tui.migration.model.timeline import POST_COPY, Timeline
from tui.migration.screens.after_move import AFTER_BINDINGS, AFTER_KEYS, AfterMoveView
from tui.migration.screens.chart_page import CHART_BINDINGS
from tui.migration.screens.number import NumberDialog
from tui.migration.screens.start import StartForm
from tui.migration.screens.virsh import VirshDialog
from tui.migration.screens.way_form import RanksTargets
from tui.ui.question import Answer, Question
from tui.vm.model.maintenance import Marks
from tui.vm.screens.mend import Mending

# The name of an action here, and in model.keys.
KEYS = {"start": START, "post_copy": POST_COPY_NOW, "cancel": CANCEL, "downtime": DOWNTIME, "bandwidth": BANDWIDTH}
KEYS |= {"resume": RESUME, "pause": PAUSE}


class MigratePage(AfterMoveView):
    """The keys of the page, and their dialogs."""

    HELP = (
        "The lines: the VM, its phase, what the figures mean. The upper chart: the memory that remains; when it falls "
        "below the dashed line at the end of a pass, the VM is switched over. Dotted, after now: what a "
        "forecast expects to remain. The lower charts: "
        "the rate of sending against the rate at which the VM writes memory, and the rate of the workload in the "
        "guest. The line above them has the passes by their numbers, and post-copy. d b c mark your changes. "
        "Below them: what was sent, and what each pass left."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "start", "start", tooltip="Start a migration: opens the form, Enter starts", id="migrate.start"),
        Binding("p", "post_copy", "post-copy now", priority=True, id="migrate.post-copy",
                tooltip="Switch to post-copy at once: the VM continues on the other host, its memory follows"),
        Binding("c", "cancel", "cancel", tooltip="Cancel the migration, after a confirmation", id="migrate.cancel"),
        Binding("d", "downtime", "downtime", id="migrate.downtime",
                tooltip="Change the maximum downtime while it runs"),
        Binding("b", "bandwidth", "bandwidth", id="migrate.bandwidth",
                tooltip="Change the bandwidth limit while it runs"),
        Binding("r", "resume", "resume", id="migrate.resume",
                tooltip="Resume a post-copy that has lost its connection or was paused"),
        Binding("P", "pause", "pause", show=False, id="migrate.pause",
                tooltip="Pause post-copy, after a confirmation, to try the recovery: only a resume continues it"),
        Binding("y", "virsh", "virsh", show=False, id="migrate.virsh",
                tooltip="Copy as virsh: the commands that do what this migration does, or libvirt-python"),
        Binding("l", "log", "log", tooltip="Show or hide the raw statistics and events", id="migrate.log"),
        Binding("escape", "all", "all", key_display="esc", id="migrate.all",
                tooltip="The table of all migrations, and of the queue"),
        *AFTER_BINDINGS,
        *CHART_BINDINGS,
    ]  # fmt: skip

    CHANGES = frozenset({*KEYS, *AFTER_KEYS})

    class AllRequested(Message):
        """The table of all migrations was requested."""

    def __init__(
        self,
        migrations: Migrations,
        defaults: Plan,
        forecaster: Forecasting | None = None,
        scripts: Scripts | None = None,
        after_move: AfterMove | None = None,
        presets: FormPresets | None = None,
        mending: Mending | None = None,
    ) -> None:
        super().__init__(migrations, defaults, after_move)
        self._forecaster = forecaster
        self._scripts = scripts
        self._presets = presets or FormPresets({})
        self.last_targets = LastTargets()
        self.read_marks: Callable[[], Marks] = dict  # the hosts in maintenance; blocks, raises Failure
        self.has_all: Callable[[], bool] = lambda: False  # whether there is a table of all migrations
        self._mending = mending
        self.ranks: RanksTargets | None = None  # None: the form has the hosts in the order of the configuration
        self._proposed = ""  # a VM chosen since the last migration was started
        self._reasons: tuple[str, ...] = ()

    def on_mount(self) -> None:
        self._reasons = self._all_reasons()

    def why_not(self, action: str) -> str:
        if action == "virsh" and self._migration is None:
            return f"There is no migration to copy; {actions.START} opens the form, which copies what it would do."
        if action in AFTER_KEYS:
            return self.why_not_after_move(action)
        if action not in KEYS:
            return super().why_not(action)
        reason = why_not(KEYS[action], self._timeline if self._migration else None)
        return reason or (self._no_vm() if action == "start" else "")

    def _no_vm(self) -> str:
        """Why there is no VM to move; empty if there is one, or may be one on an unreachable host."""
        if self._inventory and self._inventory.found:
            return ""  # of a VM that is off the definition can be moved
        return self._stopped(self._migration.vm.name if self._migration else self._defaults.vm)

    def _all_reasons(self) -> tuple[str, ...]:
        return tuple(map(self.why_not, (*KEYS, *AFTER_KEYS)))

    def _refresh_keys(self) -> None:
        """Redraw the line of keys if one was enabled or disabled."""
        reasons = self._all_reasons()
        if tuple(map(bool, reasons)) != tuple(map(bool, self._reasons)):
            self.refresh_bindings()
        self._reasons = reasons

    def action_start(self) -> None:
        """Open the form."""
        form = StartForm(self._migrations, self._next_plan(), self._inventory, self._forecaster, self._scripts)
        form.presets, form.mending, form.with_keys = self._presets, self._mending, self.with_keys
        form.ranks, form.way.read_marks = self.ranks, self.read_marks
        form.way.last_targets = self.last_targets
        form.preset = "" if self._migration is not None else self._presets.last  # the way back has its own options
        self.app.push_screen(form, self._started)

    def propose(self, vm: str) -> None:
        """Preselect the VM that was chosen on another page."""
        self._proposed = vm
        self._defaults = replace(self._defaults, vm=vm)
        self._request_update()

    def _next_plan(self) -> Plan:
        """The configured defaults; after a migration its own options, for the way back."""
        if self._migration is None or self._migration.plan.technique not in TECHNIQUES:
            return self._defaults
        plan = self._migration.plan
        back: dict[str, Any] = {name: USUAL[name] for name in ONE_WAY}
        to = self._migration.origin if plan.to else ""
        return replace(plan, vm=self._proposed or plan.dname or plan.vm, to=to, **back)

    def _started(self, migration: Migration | None) -> None:
        if migration is not None:
            self._proposed = ""
            self._follow(migration)
        self._request_update()

    def action_post_copy(self) -> None:
        """Switch without a question: every second counts."""
        if self._migration is not None:
            self._migration.controls.switch_to_post_copy()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide keys that have nothing to resume, no VM that has moved, or no table to show."""
        if action == "all" and not self.has_all():
            return False
        if action == "resume" and not self._timeline.post_copy_failed:
            return False
        if action == "announce" and not self.can_follow_up:
            return False
        return super().check_action(action, parameters)

    def action_all(self) -> None:
        """Show the table of all migrations."""
        self.post_message(self.AllRequested())

    def action_resume(self) -> None:
        """Resume without a question: the VM may stand still."""
        if self._migration is not None:
            self._migration.controls.resume_post_copy()

    def action_virsh(self) -> None:
        """Copy what the mouse has selected, else what libvirt was called with as virsh."""
        if self.copies_selection():
            return
        if self._migration is None or self._scripts is None:
            return
        try:
            script = self._scripts.of_timeline(self._timeline, self._migration.origin)
        except Failure as failure:
            self.explain(str(failure))
        else:
            self.app.push_screen(VirshDialog(script))

    def action_pause(self) -> None:
        """Pause post-copy after a confirmation."""
        migration = self._migration
        if migration is None:
            return
        text = (
            f"{migration.vm.name} stops on {migration.target} where it needs memory that is still on "
            f"{migration.origin}, until post-copy is resumed."
        )

        def answered(key: str | None) -> None:
            if key == "y" and not self._too_late("pause"):
                migration.controls.pause_post_copy()

        answers = [Answer("y", "pause it"), Answer("n", "let it continue")]
        self.app.push_screen(Question("Pause post-copy?", text, answers), answered)

    def action_cancel(self) -> None:
        """Cancel after a confirmation."""
        migration = self._migration
        if migration is None:
            return

        def text() -> str:
            reason, point = self.why_not("cancel"), migration.timeline.point
            if reason:
                return self.with_keys(reason)
            sent = f" The {size(point.transferred)} already sent are discarded." if point is not None else ""
            return f"{migration.vm.name} stays on {migration.origin} and keeps running there.{sent}"

        answers = [Answer("y", "cancel it"), Answer("n", "let it continue")]

        def answered(key: str | None) -> None:
            if key != "y":
                return
            reason = self.why_not("cancel")
            if reason:
                self.explain(reason)
            else:
                migration.controls.cancel()

        self.app.push_screen(Question("Cancel the migration?", text, answers), answered)

    def action_downtime(self) -> None:
        """Change the maximum downtime."""
        migration, timeline = self._migration, self._timeline
        if migration is None:
            return

        def answered(milliseconds: int | None) -> None:
            if milliseconds is not None and not self._too_late("downtime"):
                migration.controls.set_max_downtime(milliseconds)

        advice = _downtime_advice(timeline)
        dialog = NumberDialog("Maximum downtime", advice, timeline.max_downtime_ms or 300, "ms", entry.DOWNTIME)
        self.app.push_screen(dialog, answered)

    def action_bandwidth(self) -> None:
        """Change the bandwidth limit."""
        migration, timeline = self._migration, self._timeline
        if migration is None:
            return

        def answered(mib_s: int | None) -> None:
            if mib_s is not None and not self._too_late("bandwidth"):
                migration.controls.set_bandwidth(mib_s)

        point = timeline.point
        now = f" The rate is now {rate(point.rate)}." if point and point.rate else ""
        in_post_copy = timeline.phase == POST_COPY
        which = " in post-copy, which has a limit of its own" if in_post_copy else " until post-copy"
        text = f"The highest rate of sending{which if timeline.post_copy_allowed else ''}; 0 means no limit.{now}"
        limit = timeline.post_copy_bandwidth_mib_s if in_post_copy else timeline.bandwidth_mib_s
        dialog = NumberDialog("Bandwidth limit", text, limit, "MiB/s", entry.BANDWIDTH)
        self.app.push_screen(dialog, answered)

    def _too_late(self, action: str) -> bool:
        """Whether the action became impossible while its dialog was open; shows why."""
        reason = self.why_not(action)
        if reason:
            self.explain(reason)
        return bool(reason)


def _downtime_advice(timeline: Timeline) -> str:
    """What the limit means, and which limit would suffice at the current rate."""
    text = "How long the VM may be paused while the rest is sent."
    threshold, point = timeline.threshold, timeline.point
    if not timeline.passes or not threshold or not point or not point.rate:
        return text
    left = timeline.passes[-1].left
    if left <= threshold:
        return text
    return (
        f"{text} The last pass left {size(left)}: at {rate(point.rate)} about {duration(left / point.rate)} is enough."
    )
