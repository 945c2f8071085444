"""The form for a new study: a plan is chosen, then what it does is shown, and Enter starts it."""

import asyncio
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from tui.core.actions import without_keys
from tui.core.failure import Failure
from tui.core.threads import retrieve
from tui.study.backend.access import StudyAccess
from tui.study.backend.plan_file import WrongPlan
from tui.study.backend.plan_source import PlanSource, Preview, typed
from tui.study.model.status import UNCHECKED
from tui.ui.choice import Choice
from tui.ui.dialog import Dialog
from tui.ui.form import Form, enter, row, text_field

A_FILE = "a file"
ABOUT = "A plan names workloads, techniques and repeats. `vmlm-tui study --example lab` prints one to change."


Request = asyncio.Future[None]  # of a start; it raises the Failure of one that is refused


class NewStudy(Form[Request]):
    """Dismissed with the request once a start was requested, with None by Esc before that."""

    BINDINGS = [enter("show what it does")]
    DEFAULT_CSS = "NewStudy #message { margin-top: 1; }"

    def __init__(self, access: StudyAccess) -> None:
        super().__init__("New study")
        self._access = access
        self._sources: tuple[PlanSource, ...] = ()
        self._busy = False

    def fields(self) -> ComposeResult:
        yield Static(Content(ABOUT))
        yield Static("")
        yield row("plan", Choice((), id="plan", changed=self._chosen))
        yield row("file", text_field("file", ""))

    def on_mount(self) -> None:
        self.query_one("#row-file").display = False
        self._offer()

    @work(name="sources")
    async def _offer(self) -> None:
        self._sources = await self._access.sources()
        self.query_one(Choice).offer([*(each.label for each in self._sources), A_FILE], 0)

    def _chosen(self) -> None:
        """Show the field of the path if none of the offered plans is chosen."""
        self.query_one("#row-file").display = self._source is None
        self.show_message("")

    @property
    def _source(self) -> PlanSource | None:
        index = self.query_one(Choice).index
        return self._sources[index] if 0 <= index < len(self._sources) else None

    def entered(self) -> None:
        if not self._busy and self.query_one(Choice).index >= 0:
            source = self._source or typed(self.text("file"))
            self._busy = True
            self._preview(source)

    @work(name="preview")
    async def _preview(self, source: PlanSource) -> None:
        self.show_message(f"Reading {source.label}, and checking the hosts and the guests ...")
        try:
            found = await self._access.preview(source)
        except WrongPlan as wrong:
            self.show_message("\n".join(["The plan has mistakes:", *wrong.detail.splitlines()]), wrong=True)
        except Failure as failure:
            self.show_message(str(failure), wrong=True)
        else:
            self.show_message("")
            self.app.push_screen(StartStudy(self._access, found), self._started)
        finally:
            self._busy = False

    def _started(self, request: Request | None) -> None:
        if request is not None:
            self.dismiss(request)


class StartStudy(Dialog[Request]):
    """What a plan will do; dismissed with the request once it was started or by Esc while it starts, else with None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "start", "start it", key_display="enter", priority=True),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    StartStudy #message { margin: 1 0; }
    StartStudy #message.wrong { color: $error; text-style: bold; }
    """
    scrolls = True

    def __init__(self, access: StudyAccess, preview: Preview) -> None:
        super().__init__(f"Start the study {preview.name}?")
        self._access = access
        self._preview = preview
        self._request: Request | None = None  # without a reply
        self._is_painted = False

    def on_mount(self) -> None:
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        self._is_painted = True

    def body(self) -> ComposeResult:
        yield Static(Content.styled("\n".join(self._preview.lines), "bold"))
        obstacle = self._preview.obstacle
        text = f"{'' if self._preview.is_checked else f'{UNCHECKED} '}Nothing is started yet. The settings:"
        text = text if obstacle is None else f"It can't start now. {obstacle}"
        yield Static(without_keys(text), id="message", classes="" if obstacle is None else "wrong", markup=False)
        yield Static(Content("\n".join(self._preview.settings)))

    def action_start(self) -> None:
        """Start it, if the key was pressed after the plan was on the screen."""
        if self._is_painted and self._request is None:
            self._request = asyncio.ensure_future(self._access.start(self._preview))
            self._request.add_done_callback(retrieve)
            self._wait(self._request)

    def action_close(self) -> None:
        """Leave; a start that was requested cannot be taken back, so the page reports what becomes of it."""
        if self._request is not None:
            self.dismiss(self._request)
        else:
            super().action_close()

    @work(name="start")
    async def _wait(self, request: Request) -> None:
        self._show("Starting: both hosts and the guest are checked ... Esc leaves, but does not take it back.")
        try:
            await asyncio.shield(request)  # it outlives this dialog
        except Failure as failure:
            self._request = None
            self._show(f"Nothing was started. {failure}", wrong=True)
        else:
            self.dismiss(request)

    def _show(self, text: str, *, wrong: bool = False) -> None:
        message = self.query_one("#message", Static)
        message.set_class(wrong, "wrong")
        message.update(without_keys(text))
        message.scroll_visible()
