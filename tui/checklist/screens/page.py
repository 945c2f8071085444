"""What the pages around a checklist share: looking, explaining, fixing and undoing, by the same keys."""

from collections.abc import Mapping
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
from tui.checklist.model.keys import (
    ACTIONS,
    DETAILS,
    FIX,
    FIX_ALL,
    LOOK,
    PASSWORD,
    PROGRESS,
    UNDO,
    UNDO_ALL,
    Moment,
    why_not,
)
from tui.checklist.model.summary import sentence
from tui.checklist.screens.agree import Agree, Part
from tui.checklist.screens.details import Details
from tui.checklist.screens.progress import ProgressDialog
from tui.checklist.widgets.checklist import ChecklistRows
from tui.checklist.widgets.detail import CheckDetail
from tui.core.failure import Failure, PasswordNeeded
from tui.linux.change import Change
from tui.ui.lines import Lines
from tui.ui.page import Page
from tui.ui.password import PasswordDialog, sentence_of
from tui.ui.report import Report

WIDE = 120  # columns from which what is known of a line stands beside the list


class ListPage(Page):
    """A subclass composes in its `head` what stands above the list."""

    # The whole path: Textual resolves a relative one beside the module of the subclass.
    CSS_PATH: ClassVar[list[str | PurePath]] = [Path(__file__).with_name("page.tcss")]
    HORIZONTAL_BREAKPOINTS = [(0, "-stacked"), (WIDE, "-columns")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", DETAILS, "details", key_display="enter",
                tooltip="All about the line: what is wanted and why, the exact commands, the host's own words",
                id="list.details"),
        Binding("r", LOOK, "look again", tooltip="Look at all hosts again now", id="list.look"),
        Binding("f", FIX, "fix", tooltip="Fix the line under the cursor; shows the commands first", id="list.fix"),
        Binding("a", FIX_ALL, "all", tooltip="Fix all that is missing; shows the commands first", id="list.fix-all"),
        Binding("u", UNDO, "undo", tooltip="Take back what was done for this line; shows how first", id="list.undo"),
        Binding("U", UNDO_ALL, "undo all", show=False, tooltip="Take back all that was done; shows how first",
                id="list.undo-all"),
        Binding("o", PASSWORD, "password", show=False, tooltip="Give the password that sudo wants on a host",
                id="list.password"),
        Binding("v", PROGRESS, "progress", show=False, tooltip="View what is being done, or was done last",
                id="list.progress"),
    ]  # fmt: skip

    def __init__(self, checklist: Checklist[Any], addresses: Mapping[str, str]) -> None:
        super().__init__()
        self._list = checklist
        self._looked_once = False
        self._work: Job | None = None  # the newest that was begun here
        self._answers: tuple[bool, ...] = ()
        self._summary, self._report = Lines(id="summary"), Report(self.with_keys, id="report")
        self._rows, self._detail = ChecklistRows(addresses, id="rows"), CheckDetail(self.with_keys, id="detail")

    def head(self) -> ComposeResult:
        """What stands above the list."""
        yield from ()

    def first(self) -> str:
        """What is to be done before anything of the list, as a sentence; mostly nothing."""
        return ""

    def body(self) -> ComposeResult:
        yield from self.head()
        yield self._summary
        yield self._report
        with Container(id="check"):
            yield self._rows
            with Container(id="detail-box"):
                yield self._detail

    def on_mount(self) -> None:
        self._list.listen(self._show)
        self.set_interval(1.0, self.guarded(self._tick))

    def on_screen_resume(self) -> None:
        if not self._looked_once:  # a page may be told twice that it is shown
            self._looked_once = True
            self._look()
        self._show()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _tick(self) -> None:
        if self.is_current:
            self._report.tick()

    # -- what is shown --

    @work(name="look", group="look")
    async def _look(self) -> None:
        """It comes to its end whichever page is shown: a look cut off might leave a trace on a host."""
        try:
            await self._list.look_once()
        except Failure as failure:
            self._report.fail(failure)
        else:
            if self._list.problem:
                self._report.end(self._list.problem, "bold $warning")

    def _show(self) -> None:
        """Bring the page up to date; where nothing changed nothing is painted."""
        parts = (self._summary, self._rows, self._detail)  # which go one by one when the app ends, while a look goes on
        if not all(part.is_attached for part in parts) or not self.is_current or not self.size.width:
            return
        listed, items = self._list, self._list.items
        wanted = tuple(listed.sudo.wanted)
        text = sentence(items, looking=listed.looking, looked=listed.looked, wanted=wanted, first=self.first())
        lines = [*Content.styled(self.with_keys(text), "bold").wrap(max(10, self.size.width - 2))]
        if listed.looking:  # each change of height paints the page anew, so it is as high as it was till the end
            lines += [Content("")] * (self._summary.size.height - len(lines))
        self._summary.show(*(Content.assemble(" ", line) for line in lines))
        self._rows.show_items(items, looking=listed.looking)
        self._refresh_keys()

    def on_checklist_rows_chosen(self, message: ChecklistRows.Chosen) -> None:
        self._detail.show_item(message.item)
        self._refresh_keys()

    # -- keys --

    def why_not(self, action: str) -> str:
        listed = self._list
        under_way = listed.jobs.under_way.title if listed.jobs.under_way else ""
        done, wanted = listed.jobs.current is not None, listed.sudo.wanted
        return why_not(action, Moment(listed.items, self._rows.chosen, listed.looking, under_way, done, wanted))

    def _refresh_keys(self) -> None:
        answers = tuple(bool(self.why_not(action)) for action in ACTIONS)
        if answers != self._answers:
            self._answers = answers
            self.refresh_bindings()

    def action_look(self) -> None:
        self._report.end("")
        self._look()

    def action_details(self) -> None:
        if self._rows.chosen is not None:
            self.app.push_screen(Details(self._rows.chosen, self.with_keys))

    def action_progress(self) -> None:
        if self._list.jobs.current is not None:
            self.app.push_screen(ProgressDialog(self._list.jobs.current, self.with_keys))

    def action_fix(self) -> None:
        item = self._rows.chosen
        if item is None or item.change is None:
            return
        id, change = item.id, item.change
        self._ask(f"Fix: {item.title}", {id: change}, actions.fix(self._list, id, change))

    def action_fix_all(self) -> None:
        shown = {item.id: item.change for item in self._list.items if item.missing and item.change}
        self._ask("Fix all that is missing", shown, actions.fix_all(self._list, shown))

    def action_undo(self) -> None:
        item = self._rows.chosen
        if item is None or item.undo is None:
            return
        id, undo = item.id, item.undo
        self._ask(f"Undo: {item.title}", {id: undo}, actions.undo(self._list, id))

    def action_undo_all(self) -> None:
        shown = {item.id: item.undo for item in reversed(self._list.items) if item.undo}
        self._ask("Undo all that was done", shown, actions.undo_all(self._list))

    @work(name="password", group="ask", exclusive=True)
    async def action_password(self) -> None:
        if await self._passwords(tuple(self._list.sudo.wanted)):
            self._look()
        self._show()

    # -- what the keys do --

    @work(name="ask", group="ask", exclusive=True)
    async def _ask(self, title: str, shown: Mapping[str, Change], call: actions.Call) -> None:
        """Show what would be done; where it is agreed to, do it."""
        hosts = {action.host for change in shown.values() for action in change.actions}
        if not await self._passwords(tuple(host for host in self._list.sudo.wanted if host in hosts)):
            return
        parts = tuple(Part(self._list[id].title, self._list[id].why_not, change) for id, change in shown.items())
        if await self.app.push_screen_wait(Agree(title, parts)):
            self._begin(title, call)

    async def _passwords(self, hosts: tuple[str, ...]) -> bool:
        """Ask for the passwords of these hosts; False where the person would rather not."""
        for host in hosts:
            if not await self.app.push_screen_wait(self._password_of(host)):
                return False
        return True

    def _password_of(self, host: str) -> PasswordDialog:
        root, before = self._list.sudo, self._list.sudo.wanted.get(host)

        async def use(password: str) -> None:
            root.give_password(host, password)
            await root.run(host, ["true"])

        text = f"sudo on {host} wants the password of the login. It is kept in memory until the app ends."
        said = sentence_of(before) if before is not None and before.why else ""
        return PasswordDialog(f"The password of {host}", text, use, said)

    def _begin(self, title: str, call: actions.Call) -> None:
        try:
            self._work = begun = self._list.jobs.begin(title, call)
        except Failure as failure:
            self._report.fail(failure)
            return
        self._report.begin(title)
        begun.listen(lambda: self._follow(begun))
        self.app.push_screen(ProgressDialog(begun, self.with_keys))

    def _follow(self, begun: Job) -> None:
        """What is being done, and what came of it, stands on the page until the next."""
        if not self.is_attached or begun is not self._work:
            return
        if not begun.over:
            self._report.step(f"{begun.title}: {begun.doing}" if begun.doing else begun.title)
            return
        failure, elsewhere = begun.failure, self not in self.app.screen_stack
        if failure is None:
            self._report.end(begun.outcome, "bold $success")
        else:
            hint = f"{failure.hint} v shows all that was said.".strip()
            self._report.fail(Failure(failure.what, failure.why, hint, detail=failure.detail))
        if elsewhere:
            self.notify(
                self.with_keys(str(failure or begun.outcome)),
                markup=False,
                severity="error" if failure else "information",
            )
        elif isinstance(failure, PasswordNeeded):
            self.action_password()
        self._show()
