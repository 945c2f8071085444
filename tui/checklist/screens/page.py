"""The base of the Hosts and the NFS page: reads the hosts, explains, fixes and undoes, with the same keys."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PurePath
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content

from tui.checklist.backend import actions
from tui.checklist.backend.checklist import Checklist
from tui.checklist.backend.jobs import Job
from tui.checklist.model import keys
from tui.checklist.model.check import Item
from tui.checklist.model.summary import sentence, text_of
from tui.checklist.screens.agree import Agree, Part
from tui.checklist.screens.details import Details
from tui.checklist.screens.progress import ProgressDialog
from tui.checklist.widgets.checklist import ChecklistRows
from tui.checklist.widgets.detail import CheckDetail
from tui.checklist.widgets.item_lines import action_lines
from tui.core.actions import PROGRESS as PROGRESS_KEY
from tui.core.aged import ago
from tui.core.failure import Failure, PasswordNeeded
from tui.linux.change import Change
from tui.ui.filtered import Filtered
from tui.ui.lines import Lines
from tui.ui.password import PasswordDialog, Question, sentence_of
from tui.ui.report import Report
from tui.ui.text_dialog import has_words
from tui.ui.waiting import waiting

THEN = "Fixes that these make possible follow in the same run; its output shows them."
LONG_EVERY_S = 0.5  # between two drawings of a long list while it is read
WIDE = 120  # columns from which the details of a line are beside the list, not below it


class ListPage(Filtered):
    """A page around a checklist; a subclass composes in `head` what is above the list."""

    # The whole path: Textual resolves a relative one beside the module of the subclass.
    CSS_PATH: ClassVar[list[str | PurePath]] = [Path(__file__).with_name("page.tcss")]
    HORIZONTAL_BREAKPOINTS = [(0, "-stacked"), (WIDE, "-columns")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", keys.DETAILS, "details", key_display="enter",
                tooltip="All about the line: what is required and why, the exact commands, the host's own output",
                id="list.details"),
        Binding("slash", "filter", "filter", key_display="/", show=False, tooltip="Show only some lines",
                id="list.filter"),
        Binding("r", keys.REFRESH, "read again", tooltip="Read all hosts again now", id="list.refresh"),
        Binding("f", keys.FIX, "fix", tooltip="Fix the line under the cursor; shows the commands first", id="list.fix"),
        Binding("a", keys.FIX_ALL, "all",
                tooltip="Fix all that is missing; shows the commands first, and runs what they make possible",
                id="list.fix-all"),
        Binding("u", keys.UNDO, "undo", tooltip="Undo what was changed for this line; shows the commands first",
                id="list.undo"),
        Binding("U", keys.UNDO_ALL, "undo all", show=False, tooltip="Undo all changes; shows the commands first",
                id="list.undo-all"),
        Binding("o", keys.PASSWORD, "password", show=False, tooltip="Enter the password that sudo on a host requires",
                id="list.password"),
        Binding("v", keys.PROGRESS, "progress", show=False, tooltip="View the change under way, or the last one",
                id="list.progress"),
    ]  # fmt: skip

    CAN_STOP = False  # whether the reading may be ended: that leaves nothing on a host
    CHANGES = frozenset({keys.FIX, keys.FIX_ALL, keys.UNDO, keys.UNDO_ALL})

    def __init__(self, checklist: Checklist[Any], addresses: Mapping[str, str]) -> None:
        super().__init__()
        self._list = checklist
        self._first_read = False
        self._job: Job | None = None  # the newest that this page has begun
        self._greyed: tuple[bool, ...] = ()
        self._will_show = False
        self._wait = ""  # what the reading waits for, if it takes long
        self._minutes = 0  # since the list was read
        self._summary, self._report = Lines(id="summary"), Report(self.with_keys, id="report")
        self._rows, self._detail = ChecklistRows(addresses, id="rows"), CheckDetail(self.with_keys, id="detail")

    def head(self) -> ComposeResult:
        """The widgets above the list."""
        yield from ()

    def first(self) -> str:
        """What the user must do before all else, as a sentence; usually empty."""
        return ""

    def silent(self) -> Mapping[str, str]:
        """The last answer, in words, of each host that does not answer now."""
        return {}

    def body(self) -> ComposeResult:
        yield from self.head()
        yield self._summary
        yield self._report
        with Container(id="check"):
            yield self._rows
            with Container(id="detail-box"):
                yield self._detail

    def on_mount(self) -> None:
        self._list.listen(self._show_soon)
        self.every_second(self._tick)

    def on_screen_resume(self) -> None:
        if not self._first_read:  # Textual may post this twice
            self._first_read = True
            self._refresh_list()
        self._show()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _tick(self) -> None:
        if not self.is_current:
            return
        self._report.tick()
        since, read_at, now = self._list.since, self._list.read_at, time.monotonic()
        wait = waiting(now - since, self._list.waits_for()) if since is not None and self.CAN_STOP else ""
        age_s = 0.0 if read_at is None else now - read_at
        older = self._list.reading and self._list.long  # than the facts
        if older or (wait, int(age_s // 60)) != (self._wait, self._minutes):
            self._wait, self._minutes = wait, int(age_s // 60)
            self._show()

    # -- what is shown --

    @work(name="read", group="read")
    async def _refresh_list(self) -> None:
        """Completes whichever page is shown: an interrupted reading might leave files on a host."""
        await self._before_reading()
        try:
            await self._list.refresh_fully()
        except Failure as failure:
            self._report.fail(failure)
        else:
            if self._list.problem:
                self._report.end(self._list.problem, "bold $warning")

    async def _before_reading(self) -> None:
        """What has to come first, for a subclass."""

    def _show_soon(self) -> None:
        """Update the page, a long list only now and then: to evaluate it takes long."""
        if not self._list.reading or not self._list.long:
            self._show()
        elif not self._will_show:
            self._will_show = True
            self.set_timer(LONG_EVERY_S, self.guarded(self._show_now))

    def _show_now(self) -> None:
        self._will_show = False
        self._show()

    def shown(self, items: Sequence[Item]) -> Sequence[Item]:
        """The items that the list shows."""
        return [item for item in items if has_words(text_of(item), self.filter_words)]

    def _show(self) -> None:
        """Update the page; repaints only what has changed."""
        parts = (self._summary, self._rows, self._detail)  # the app removes them one by one as it ends
        if not all(part.is_attached for part in parts) or not self.is_current or not self.size.width:
            return
        listed, items = self._list, self._list.recent
        wanted = tuple(listed.sudo.wanted)
        text = sentence(
            items, reading=listed.reading, was_read=listed.was_read, wanted=wanted, first=self.first(),
            silent=self.silent(),
        )  # fmt: skip
        text += f" {self._wait}" if listed.reading and self._wait else ""
        text += f" Checked {ago(60 * self._minutes)}." if self._minutes and not listed.reading else ""
        text += f' Only lines with "{self.filter_words}" are shown.' if self.filter_words else ""
        lines = [*Content.styled(self.with_keys(text), "bold").wrap(max(10, self.size.width - 2))]
        if listed.reading:  # a change of height repaints the page, so the height stays the same until the end
            lines += [Content("")] * (self._summary.size.height - len(lines))
        self._summary.show(*(Content.assemble(" ", line) for line in lines))
        self._rows.show_items(self.shown(items), reading=listed.reading, silent=self.silent())
        self._refresh_keys()

    def on_checklist_rows_chosen(self, message: ChecklistRows.Chosen) -> None:
        self._detail.show_item(message.item)
        self._refresh_keys()

    # -- keys --

    def why_not(self, action: str) -> str:
        listed = self._list
        under_way = listed.jobs.under_way.title if listed.jobs.under_way else ""
        done, wanted, chosen = listed.jobs.current is not None, listed.sudo.wanted, self._rows.chosen
        return keys.why_not(action, keys.Moment(listed.recent, chosen, listed.reading, under_way, done, wanted))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the end of the reading while nothing is read."""
        return False if action == "stop" and not self._list.reading else super().check_action(action, parameters)

    def _refresh_keys(self) -> None:
        greyed = tuple(bool(self.why_not(action)) for action in keys.ACTIONS)
        if greyed != self._greyed:
            self._greyed = greyed
            self.refresh_bindings()

    def action_refresh(self) -> None:
        """Read the hosts again."""
        self._report.end("")
        self._refresh_list()

    def action_stop(self) -> None:
        """End the reading, if there is one; what was not read yet stays so. That of a change goes on."""
        self.workers.cancel_group(self, "read")

    def filter_changed(self) -> None:
        """Show the lines; what is fixed and undone stays the same."""
        self._show()

    def to_copy(self) -> str:
        """The line, what was found, and the commands that would fix it."""
        item = self._rows.chosen
        if item is None:
            return ""
        fix = action_lines(item.change) if item.change is not None else ()
        return "\n".join([text_of(item), *fix])

    def action_details(self) -> None:
        """Show all about the line under the cursor."""
        if self._rows.chosen is not None:
            self.app.push_screen(Details(self._rows.chosen, self.with_keys))

    def action_progress(self) -> None:
        """Show the job under way, or the last one."""
        if self._list.jobs.current is not None:
            self.app.push_screen(ProgressDialog(self._list.jobs.current))

    def action_fix(self) -> None:
        """Fix the line under the cursor, once its commands are confirmed."""
        item = self._rows.chosen
        if item is None or item.change is None:
            return
        id, change = item.id, item.change
        self._confirm(f"Fix: {item.title}", {id: change}, partial(actions.fix, self._list, id, change))

    def action_fix_all(self) -> None:
        """Fix all that is missing, once the commands are confirmed."""
        shown = {item.id: item.change for item in self._list.items if item.missing and item.change}
        call = partial(actions.fix_all, self._list, shown)
        self._confirm("Fix all that is missing", shown, call, THEN)

    def action_undo(self) -> None:
        """Undo the change of the line under the cursor, once its commands are confirmed."""
        item = self._rows.chosen
        if item is None or item.undo is None:
            return
        id, undo = item.id, item.undo
        self._confirm(f"Undo: {item.title}", {id: undo}, partial(actions.undo, self._list, id))

    def action_undo_all(self) -> None:
        """Undo all changes, once the commands are confirmed."""
        shown = {item.id: item.undo for item in reversed(self._list.items) if item.undo}
        self._confirm("Undo all changes", shown, partial(actions.undo_all, self._list))

    def action_password(self) -> None:
        """Ask for each password that sudo requires, then read the hosts again."""

        def done(accepted: bool | None) -> None:
            if accepted:
                self._refresh_list()
            self._show()

        if questions := [self._question(host) for host in self._list.sudo.wanted]:
            self.app.push_screen(PasswordDialog(questions), done)

    # -- what the keys do --

    def _confirm(self, title: str, shown: Mapping[str, Change], call: actions.Call, then: str = "") -> None:
        """Show the commands; once they are confirmed, begin the job."""

        def done(agreed: bool | None) -> None:
            if agreed:
                self._begin(title, call)

        hosts = {action.host for change in shown.values() for action in change.actions}
        parts = tuple(Part(self._list[id].title, self._list[id].why_not, change) for id, change in shown.items())
        questions = [self._question(host) for host in self._list.sudo.wanted if host in hosts]
        agree = partial(Agree, title, parts, then)
        self.app.push_screen(PasswordDialog(questions, agree) if questions else agree(), done)

    def _question(self, host: str) -> Question:
        sudo, before = self._list.sudo, self._list.sudo.wanted.get(host)

        async def use(password: str) -> None:
            sudo.give_password(host, password)
            await sudo.run(host, ["true"])

        text = f"sudo on {host} requires the password of the login. The app keeps it in memory until it ends."
        message = sentence_of(before) if before is not None and before.why else ""
        return Question(f"The password of {host}", text, use, message)

    def _begin(self, title: str, call: actions.Call) -> None:
        try:
            self._job = begun = self._list.jobs.begin(title, call)
        except Failure as failure:
            self._report.fail(failure)
            return
        self._report.begin(title)
        begun.listen(lambda: self._follow(begun))
        self.app.push_screen(ProgressDialog(begun))

    def _follow(self, begun: Job) -> None:
        """Show the state of the job, then its outcome, until the next job."""
        if not self.is_attached or begun is not self._job:
            return
        if not begun.over:
            self._report.step(f"{begun.title}: {begun.doing}" if begun.doing else begun.title)
            return
        failure, elsewhere = begun.failure, self not in self.app.screen_stack
        if failure is None:
            self._report.end(begun.outcome, "bold $success")
        else:
            hint = f"{failure.hint} {PROGRESS_KEY} shows the whole output.".strip()
            self._report.fail(Failure(failure.what, failure.why, hint, detail=failure.detail))
        if elsewhere:
            text = self.with_keys(str(failure or begun.outcome))
            self.notify(text, markup=False, severity="error" if failure else "information")
        elif isinstance(failure, PasswordNeeded):
            self.action_password()
        self._show()
